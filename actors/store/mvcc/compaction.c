#include "actors/store/mvcc/compaction.h"

#include "actors/store/mvcc/pin.h"
#include "actors/store/mvcc/range.h"

enum { batch_max = 128 };

/* etcd's own names. */
static const char scheduled[] = "scheduledCompactRev";
static const char finished[] = "finishedCompactRev";

static void write_down(struct mvcc *self, const char *name, int64_t revision)
{
    struct revision_key key = revision_key((struct revision){revision, 0}, false);

    tail_put(open_tail(self), BUCKET_META, str_from(name), revision_key_str(&key));
}

static enum err read_up(const struct mvcc *self, const char *name, int64_t *revision)
{
    struct revision read;
    struct str value;
    bool tombstone;
    enum err err = self->backend->get(self->backend, BUCKET_META, str_from(name), &value);

    if (err == ERR_NOT_FOUND) {
        *revision = -1;
        return ERR_OK;
    }
    if (err == ERR_OK && !revision_parse(value, &read, &tombstone)) {
        err = ERR_CORRUPT;
    }
    if (err == ERR_OK) {
        *revision = read.main;
    }
    return err;
}

enum err compaction_restore(struct mvcc *self)
{
    enum err err = read_up(self, scheduled, &self->compacted);

    return err == ERR_OK ? read_up(self, finished, &self->finished) : err;
}

enum etcd_error compact_answer(struct mvcc *self, const Etcdserverpb__CompactionRequest *request,
                               struct arena *arena, Etcdserverpb__CompactionResponse **answer)
{
    if (request->revision <= self->compacted) {
        return ETCD_ERROR_COMPACTED;
    }
    if (request->revision > self->revision) {
        return ETCD_ERROR_FUTURE_REVISION;
    }
    self->compacted = request->revision;
    self->begun = false;
    write_down(self, scheduled, self->compacted);
    *answer = arena_get(arena, sizeof(**answer));
    etcdserverpb__compaction_response__init(*answer);
    (*answer)->header = header_new(self->revision, arena);
    return ETCD_OK;
}

bool mvcc_is_compacting(const struct mvcc *self)
{
    return self->finished != self->compacted;
}

static void drop(void *context, struct revision revision, bool tombstone)
{
    struct mvcc *self = context;
    struct revision_key key = revision_key(revision, tombstone);

    tail_remove(open_tail(self), BUCKET_REV, revision_key_str(&key));
}

/* The next keys, before one of them goes. */
static unsigned gather(const struct mvcc *self, unsigned max, uint32_t keys[batch_max])
{
    struct key_cursor cursor =
        self->begun ? key_cursor_behind(&self->index, buf_str(&self->behind), STR("\0"))
                    : key_cursor(&self->index, STR(""), STR("\0"));
    unsigned count = 0;

    while (count < max && (keys[count] = key_cursor_next(&cursor)) != KEY_NONE) {
        count++;
    }
    return count;
}

/* How much work it was. */
static unsigned compact_key(struct mvcc *self, uint32_t key, unsigned max)
{
    uint32_t dead = key_index_dead(&self->index, key, self->compacted);

    if (dead <= max) { /* all of it is done, and its name may go */
        self->begun = true;
        self->behind.len = 0;
        buf_add_str(&self->behind, key_index_name(&self->index, key));
    } else {
        dead = max;
    }
    key_index_drop(&self->index, key, dead, drop, self);
    return dead > 0 ? dead : 1;
}

bool mvcc_compact_step(struct mvcc *self, unsigned work_max)
{
    unsigned done = 0;

    if (!mvcc_is_compacting(self) || pin_any_holds(self)) {
        return false;
    }
    while (done < work_max) {
        uint32_t keys[batch_max];
        unsigned count = work_max - done < batch_max ? work_max - done : batch_max;

        count = gather(self, count, keys);
        if (count == 0) {
            self->finished = self->compacted;
            write_down(self, finished, self->finished);
            return false;
        }
        for (unsigned i = 0; i < count && done < work_max; i++) {
            done += compact_key(self, keys[i], work_max - done);
        }
    }
    return true;
}
