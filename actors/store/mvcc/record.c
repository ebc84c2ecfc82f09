#include "actors/store/mvcc/record.h"

void state_damaged(struct mvcc *self, enum err err)
{
    assert(err != ERR_OK);
    if (self->damage == ERR_OK) {
        self->damage = err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
    }
}

/* Newest first: what was written last is read most. */
static bool find_in_tails(const struct mvcc *self, struct revision revision, struct str *bytes)
{
    for (size_t i = self->tail_count; i-- > 0;) {
        const struct tail *tail = self->tails[i];

        if (tail->record_count > 0 && !revision_before(revision, tail->records[0].revision)) {
            size_t at = tail_seek(tail, revision);

            if (at == tail->record_count || !revision_eq(tail->records[at].revision, revision)) {
                return false;
            }
            *bytes = tail->records[at].bytes;
            return true;
        }
    }
    return false;
}

struct str record_bytes(struct mvcc *self, struct revision revision)
{
    struct str bytes = {0};

    if (!find_in_tails(self, revision, &bytes)) {
        struct revision_key key = revision_key(revision, false);
        enum err err =
            self->backend->get(self->backend, BUCKET_REV, revision_key_str(&key), &bytes);

        if (err != ERR_OK) {
            state_damaged(self, err);
        }
    }
    return bytes;
}

void record_read(struct mvcc *self, struct revision revision, Mvccpb__KeyValue *kv)
{
    if (key_value_read(record_bytes(self, revision), kv) != ERR_OK) {
        mvccpb__key_value__init(kv);
        state_damaged(self, ERR_CORRUPT);
    }
}

struct record_scan record_scan(struct mvcc *state, struct revision from)
{
    return (struct record_scan){.state = state, .from = from, .phase = SCAN_BEGINS};
}

/* The tails' first record is behind the backend's last one. */
static bool scan_tails(struct record_scan *self, struct record *record)
{
    const struct mvcc *state = self->state;

    while (self->tail < state->tail_count) {
        const struct tail *tail = state->tails[self->tail];

        if (self->place < tail->record_count) {
            const struct tail_record *at = &tail->records[self->place++];

            *record = (struct record){at->revision, at->tombstone, at->bytes};
            return true;
        }
        self->tail++;
        self->place =
            self->tail < state->tail_count ? tail_seek(state->tails[self->tail], self->from) : 0;
    }
    return false;
}

bool record_scan_next(struct record_scan *self, struct record *record)
{
    struct backend *backend = self->state->backend;
    struct backend_record found;
    enum err err;

    if (self->phase == SCAN_TAILS) {
        return scan_tails(self, record);
    }
    if (self->phase == SCAN_BEGINS) {
        struct revision_key key = revision_key(self->from, false);

        self->phase = SCAN_BACKEND;
        err = backend->seek(backend, BUCKET_REV, revision_key_str(&key), &found);
    } else {
        err = backend->step(backend, BUCKET_REV, &found);
    }
    if (err == ERR_NOT_FOUND) {
        self->phase = SCAN_TAILS;
        self->place = tail_seek(self->state->tails[0], self->from);
        return scan_tails(self, record);
    }
    if (err == ERR_OK && !revision_parse(found.key, &record->revision, &record->tombstone)) {
        err = ERR_CORRUPT;
    }
    if (err != ERR_OK) {
        state_damaged(self->state, err);
        return false;
    }
    record->bytes = found.value;
    return true;
}
