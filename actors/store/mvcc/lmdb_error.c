#include "actors/store/mvcc/lmdb_error.h"

#include <errno.h>
#include <lmdb.h>
#include <stdio.h>

#include "actors/store/mvcc/backend.h"

static enum err err_of(int rc)
{
    switch (rc) {
    case MDB_SUCCESS:
        return ERR_OK;
    case MDB_NOTFOUND:
        return ERR_NOT_FOUND;
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_INVALID:
    case MDB_VERSION_MISMATCH:
    case MDB_INCOMPATIBLE:
    case MDB_BAD_TXN:
    case MDB_PANIC:
        return ERR_CORRUPT;
    case MDB_MAP_FULL:
    case ENOSPC:
    case EDQUOT:
        return ERR_FULL;
    case ENOENT:
    case ENOTDIR:
        return ERR_UNUSABLE;
    default:
        return rc > 0 ? err_of_file(rc) : ERR_IO;
    }
}

static const char *remedy_of(int rc)
{
    switch (rc) {
    case ENOENT:
    case ENOTDIR:
        return "; it must be a directory that is there";
    case EACCES:
    case EPERM:
        return "; this user must be able to write there";
    case EROFS:
        return "; its file system must be mounted for writing, and a unit of systemd's be let "
               "write there (ReadWritePaths=)";
    case ENOMEM:
        return "; the map does not fit into the address space: a smaller store.map";
    case MDB_MAP_FULL:
        return "; the map is full: a larger store.map";
    case ENOSPC:
    case EDQUOT:
        return "; the disk must get room";
    case MDB_INVALID:
    case MDB_VERSION_MISMATCH:
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
        return "; the file is damaged or not a store's: restore a copy, or let the member join "
               "anew";
    default:
        return "";
    }
}

enum err lmdb_failed(const char *path, char *text, const char *what, int rc)
{
    (void)snprintf(text, backend_text_max, "%s: %s: %s%s", path, what, mdb_strerror(rc),
                   remedy_of(rc));
    return err_of(rc);
}
