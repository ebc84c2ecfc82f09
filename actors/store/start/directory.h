/* What stands in the directory that a store is to be started in: told from names alone, before
 * anything of it is touched.
 *
 *   identity      who this member is (identity.h); it makes the directory ours
 *   raft/         the log (actors/store/log)
 *   db/           the state, LMDB's; without the others: of a start that was cut short
 *   lock          held by the one process that uses the directory
 *   lost+found    a file system's own, and no reason to refuse
 */
#ifndef ACTORS_STORE_START_DIRECTORY_H
#define ACTORS_STORE_START_DIRECTORY_H

#include "common/journal/volume.h"

enum directory_kind {
    DIRECTORY_EMPTY, /* or not there yet */
    DIRECTORY_OURS,
    DIRECTORY_ETCD,   /* member/wal or member/snap */
    DIRECTORY_OTHERS, /* or ours without its identity */
};

struct directory_seen {
    enum directory_kind kind;
    char name[64]; /* DIRECTORY_OTHERS: of something in it, shortened; else "" */
};

/* Errors: ERR_UNUSABLE, logged: it can't be looked into. */
enum err directory_look(struct volume *dir, struct directory_seen *seen);

#endif
