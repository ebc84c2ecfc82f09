#include "actors/store/mvcc/restore.h"

#include <inttypes.h>
#include <stdio.h>

#include "actors/store/mvcc/compaction.h"
#include "actors/store/mvcc/lease.h"

static enum err restore_record(struct mvcc *self, const struct backend_record *record)
{
    struct key_state state;
    struct revision mod;
    Mvccpb__KeyValue kv;
    bool tombstone;
    uint32_t key;
    enum err err;

    if (!revision_parse(record->key, &mod, &tombstone) ||
        key_value_read(record->value, &kv) != ERR_OK ||
        (!tombstone && kv.mod_revision != mod.main)) {
        return ERR_CORRUPT;
    }
    state = (struct key_state){mod, kv.create_revision, kv.version};
    err =
        key_index_restore(&self->index, str_of_bytes(kv.key), mod, tombstone ? NULL : &state, &key);
    if (err == ERR_OK) {
        int64_t *of =
            kv.lease != 0 ? column_make(&self->leases.of, key) : column_find(&self->leases.of, key);

        self->revision = mod.main;
        if (of != NULL) {
            *of = kv.lease; /* as yet nothing is attached */
        }
    }
    return err;
}

static enum err restore_keys(struct mvcc *self, char *text)
{
    struct backend *backend = self->backend;
    struct backend_mark mark = backend->mark(backend);
    struct backend_mark seen = {0};
    struct backend_record record;
    enum err err = backend->seek(backend, BUCKET_REV, STR(""), &record);

    for (; err == ERR_OK; err = backend->step(backend, BUCKET_REV, &record)) {
        seen.count++;
        seen.sum += record.digest;
        if (restore_record(self, &record) != ERR_OK) {
            (void)snprintf(text, backend_text_max,
                           "record %" PRIu64 " does not follow from those before it: "
                           "restore a copy, or let the member join anew",
                           seen.count);
            return ERR_CORRUPT;
        }
    }
    if (err != ERR_NOT_FOUND) {
        (void)snprintf(text, backend_text_max, "%s", backend->text(backend));
        return err;
    }
    if (seen.count != mark.count || seen.sum != mark.sum) {
        (void)snprintf(text, backend_text_max,
                       "%" PRIu64 " records are there, %" PRIu64 " were written, or others: "
                       "restore a copy, or let the member join anew",
                       seen.count, mark.count);
        return ERR_CORRUPT;
    }
    return ERR_OK;
}

static enum err restore_leases(struct mvcc *self, char *text)
{
    struct backend *backend = self->backend;
    struct backend_record record;
    enum err err = backend->seek(backend, BUCKET_LEASE, STR(""), &record);

    for (; err == ERR_OK; err = backend->step(backend, BUCKET_LEASE, &record)) {
        if (lease_restore(self, record.key, record.value) != ERR_OK) {
            (void)snprintf(text, backend_text_max, "a lease's record is not one");
            return ERR_CORRUPT;
        }
    }
    if (err != ERR_NOT_FOUND) {
        (void)snprintf(text, backend_text_max, "%s", backend->text(backend));
        return err;
    }
    return ERR_OK;
}

static void attach_all(struct mvcc *self)
{
    struct key_cursor cursor = key_cursor(&self->index, STR(""), STR("\0"));
    uint32_t key;

    while ((key = key_cursor_next(&cursor)) != KEY_NONE) {
        int64_t *of = column_find(&self->leases.of, key);

        if (of != NULL && *of != 0) {
            int64_t id = *of;

            *of = 0;
            lease_attach(self, id, key);
        }
    }
}

enum err restore(struct mvcc *self, char *text)
{
    enum err err = compaction_restore(self);

    if (err != ERR_OK) {
        (void)snprintf(text, backend_text_max, "%s", self->backend->text(self->backend));
        return err;
    }
    err = restore_keys(self, text);
    if (err == ERR_OK) {
        err = restore_leases(self, text);
    }
    if (err != ERR_OK) {
        return err;
    }
    attach_all(self);
    if (self->revision < self->compacted) {
        self->revision = self->compacted; /* the last ones were deletions */
    }
    self->backend->settle(self->backend);
    return ERR_OK;
}
