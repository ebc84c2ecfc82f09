#include "actors/registry/take.h"

#include "actors/registry/publish.h"
#include "actors/registry/state.h"
#include "actors/registry/tracking.h"
#include "common/naming/limits.h"

/* A turn takes no more commands after so much: it may go over by one command, and recent holds the
 * turn nevertheless. */
enum {
    turn_changes_max = 768,
    turn_bytes_max = 2 * 1024 * 1024,
    judged_max = 4096,
};

static const int64_t stamps_ahead_ns = INT64_C(86400) * 1000000000;

/* What others are told with it: the age of the youngest sign of life there was. */
static void tell_age(const struct registry_actor *self, struct change *change)
{
    uint32_t slot;
    int64_t age_ms;

    if (change->age_ms == 0 || !change_is_live(change->kind)) {
        return;
    }
    slot = registry_find(self->registry, identity_key(&change->instance.id));
    age_ms = slot == REGISTRY_NONE ? -1 : ages_true(self->heartbeats, slot, self->awake.ms);
    if (age_ms >= 0 && (change->age_ms < 0 || age_ms < change->age_ms)) {
        change->age_ms = age_ms;
    }
}

/* An app counts on above its latest_timestamp when the wall clock was set back, and a new one
 * starts above the highest `at`: so that one that comes back never repeats any, `at` keeps up with
 * it. A client's jump into the future is not ours. */
static void keep_up(const struct registry_actor *self, struct change *change, uint32_t nth)
{
    int64_t highest = registry_highest_at(self->registry) + latest_step_ns;
    int64_t own = (change->at > highest ? change->at : highest) + (int64_t)nth * latest_step_ns;

    if (change->latest_timestamp > change->at && change->latest_timestamp <= own) {
        change->at = change->latest_timestamp;
    }
    change->at = change->at < timestamp_kept_max ? change->at : timestamp_kept_max;
    if (change->latest_timestamp > timestamp_kept_max) {
        change->latest_timestamp = timestamp_kept_max;
    }
}

/* A clock that is far ahead, or a hand that gave such a stamp: taken, but nobody whose clock is
 * right wins over it for so long unless the registry counts on from it. */
static void note_ahead(struct registry_actor *self, const struct change *change,
                       const struct now *now)
{
    const struct identity *id = &change->instance.id;

    if (change->kind == CHANGE_EVICT || change->kind == CHANGE_FORGET ||
        change->instance.dirty_timestamp - now->wall_ns <= stamps_ahead_ns) {
        return;
    }
    if (self->counters.ahead++ == 0) {
        log_event(self->log, LOG_WARN, "stamp_ahead",
                  "its dirty_timestamp is more than a day ahead of this host's clock: look "
                  "at the clock of who wrote it and at this one; said once, counted in "
                  "stamps_ahead_total",
                  log_str("hostname", id->hostname), log_str("appid", id->appid),
                  log_str("zone", id->zone), log_str("env", id->env),
                  log_int("dirty_timestamp", change->instance.dirty_timestamp));
    }
}

/* gateway and number: of the write that it comes from, as that gateway's log has them. */
static void trace_change(const struct registry_actor *self, const struct change *change)
{
    const struct instance *instance = &change->instance;

    log_event(self->log, LOG_DEBUG, "change", NULL,
              log_text("kind", change_kind_name(change->kind)), log_uint("seq", change->seq),
              log_str("env", instance->id.env), log_str("appid", instance->id.appid),
              log_str("zone", instance->id.zone), log_str("hostname", instance->id.hostname),
              log_uint("status", instance->status), LOG_HEX("gateway", change->gateway),
              log_uint("number", change->number));
}

uint64_t registry_take(struct registry_actor *self, uint64_t gateway, uint64_t number,
                       const struct now *now, struct outbox *out)
{
    struct decision *decision = &self->decision;
    uint64_t first = self->at.seq + 1;

    self->body.len = 0;
    for (uint32_t i = 0; i < decision->count; i++) {
        struct change *change = &decision->changes[i];
        size_t begin = self->body.len;
        struct msg msg;

        change->seq = ++self->at.seq;
        change->gateway = gateway;
        change->number = number;
        keep_up(self, change, i);
        tell_age(self, change);
        note_ahead(self, change, now);
        trace_change(self, change);
        msg_from_change(change, &msg);
        msg_encode(&self->body, &msg);
        backlog_add(&self->backlog, change->seq,
                    (struct str){self->body.data + begin, self->body.len - begin});
        self->taken.watched = self->taken.watched || publish_watched(self, change, out);
        self->taken.nodes = self->taken.nodes || str_eq(change->instance.id.appid, node_appid);
        self->counters.changes++;
    }
    self->taken.changes += decision->count;
    self->taken.bytes += self->body.len;
    if (self->taken.changes >= turn_changes_max || self->taken.bytes >= turn_bytes_max) {
        outbox_enough(out);
    }
    /* only now: the changes borrow from what apply replaces */
    for (uint32_t i = 0; i < decision->count; i++) {
        struct applied applied;

        registry_apply(self->registry, &decision->changes[i], &applied);
        registry_track(self, &decision->changes[i], &applied);
    }
    /* it refuses only a single record above frame_max: decide bounds them far below */
    (void)storage_append(self->storage, buf_str(&self->body), first, self->at.seq);
    write_ids_add(self->write_ids, gateway, number, self->at.seq, now->mono_ms);
    return self->at.seq;
}

void registry_judged(struct registry_actor *self, size_t judged, size_t bytes, struct outbox *out)
{
    self->taken.judged += (uint32_t)judged;
    self->taken.bytes += bytes; /* registry_take compares it with its bound */
    if (self->taken.judged >= judged_max) {
        outbox_enough(out);
    }
}
