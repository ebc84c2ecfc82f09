/* What is asked of the storage, and the end of the process: nothing that is in memory only goes
 * unsaid. */
#include "actors/registry/ending.h"

#include <inttypes.h>

#include "actors/registry/publish.h"
#include "actors/registry/state.h"

/* So long are peers told what is in memory only, before this process ends with it. */
static const int64_t linger_ms = 5000;

void registry_follow_storage(struct registry_actor *self, struct outbox *out)
{
    struct storage_stats stats;

    self->at.epoch = storage_position(self->storage).epoch;
    storage_stats(self->storage, &stats);
    if (stats.ok != self->storage_ok || stats.lost.any != self->damaged) {
        self->storage_ok = stats.ok;
        self->damaged = stats.lost.any;
        publish_storage(self, out);
    }
}

/* Nothing would end with this process. */
static bool is_kept(const struct storage_stats *stats)
{
    return stats->ok || stats->memory_changes == 0;
}

static void print_state(const struct storage_stats *stats, struct buf *to)
{
    if (stats->ok) {
        buf_add_str(to, STR("all changes are on disk"));
    } else {
        buf_printf(to, "%" PRIu64 " change%s in memory only: %s", stats->memory_changes,
                   stats->memory_changes == 1 ? " is" : "s are", stats->reason);
    }
    if (stats->lost.any) {
        buf_add_str(to, STR("; damage was found: "));
        lost_print(&stats->lost, to);
    }
}

static void answer(struct registry_actor *self, const struct address *to, uint64_t id, enum err err,
                   const struct buf *text, struct outbox *out)
{
    struct msg result = {.type = MSG_TYPE_RESULT};

    result.as_result.id = id;
    result.as_result.err = err;
    result.as_result.seq = self->published;
    result.as_result.text = buf_str(text);
    answer_now(&self->at, to, &result, out);
}

void on_kept(void *state, const struct address *from, const struct msg *msg, const struct now *now,
             struct outbox *out)
{
    struct registry_actor *self = state;
    struct storage_stats stats;
    struct buf text = {0};

    (void)now;
    storage_stats(self->storage, &stats);
    if (msg->as_kept.acknowledge && stats.lost.any) {
        lost_print(&stats.lost, &text);
        log_event(self->log, LOG_INFO, "damage_acknowledged", NULL, log_buf("reason", &text),
                  log_uint("lost_changes", stats.lost.count));
        text.len = 0;
        storage_forget_lost(self->storage);
        storage_stats(self->storage, &stats);
        registry_follow_storage(self, out);
    }
    print_state(&stats, &text);
    answer(self, from, msg->as_kept.id, is_kept(&stats) ? ERR_OK : ERR_REFUSED, &text, out);
    buf_fini(&text);
}

void on_shutdown(void *state, const struct address *from, const struct msg *msg,
                 const struct now *now, struct outbox *out)
{
    struct registry_actor *self = state;
    struct storage_stats stats;
    struct buf text = {0};

    (void)now;
    storage_stats(self->storage, &stats);
    if (!is_kept(&stats) && !msg->as_shutdown.force) {
        print_state(&stats, &text);
        buf_add_str(&text, STR("; --force ends it all the same"));
        answer(self, from, msg->as_shutdown.id, ERR_REFUSED, &text, out);
    } else {
        answer(self, from, msg->as_shutdown.id, ERR_OK, &text, out);
        outbox_stop(out);
    }
    buf_fini(&text);
}

/* A signal can't be refused: all is tried to be written once, and then peers are told. */
bool ending_may_stop(void *state, const struct now *now, struct outbox *out)
{
    struct registry_actor *self = state;
    struct storage_stats stats;

    storage_stats(self->storage, &stats);
    if (is_kept(&stats)) {
        return true;
    }
    if (self->linger_ms == 0) {
        bool has_peers = self->config->peers_nodes.count > 0 || self->config->peers_zones.count > 0;

        self->linger_ms = now->mono_ms + (has_peers ? linger_ms : 0);
        if (storage_last_try(self->storage, self->registry, now->mono_ms)) {
            registry_follow_storage(self, out);
            return true;
        }
        log_event(self->log, LOG_ERROR, "changes_unsaved",
                  "changes are in memory only: peers are told of them, then this process "
                  "ends",
                  log_uint("changes", stats.memory_changes), log_text("reason", stats.reason),
                  log_int("ends_in_ms", self->linger_ms - now->mono_ms));
    }
    return now->mono_ms >= self->linger_ms;
}

void ending_stop(void *state, const struct now *now, struct outbox *out)
{
    struct registry_actor *self = state;
    struct storage_stats stats;

    (void)out;
    storage_stats(self->storage, &stats);
    if (!is_kept(&stats) && self->linger_ms == 0) {
        (void)storage_last_try(self->storage, self->registry, now->mono_ms);
        storage_stats(self->storage, &stats);
    }
    if (!is_kept(&stats)) {
        log_event(self->log, LOG_ERROR, "changes_lost",
                  "changes that were in memory only are lost, but for what peers hold",
                  log_uint("changes", stats.memory_changes), log_text("reason", stats.reason));
    }
}
