#include "actors/registry/registry.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

#include "actors/registry/state.h"
#include "common/base/array.h"
#include "common/naming/sound.h"

static const int64_t tick_ms = 1000;

/* What an awake clock moves on at most between two readings: a process that was
 * stopped, or a machine that slept, has heard nobody and blames nobody. */
static const int64_t awake_step_max_ms = 2000;
/* What waited while we stood still has been taken so long after. */
static const int64_t lag_lasts_ms = 1000;

static const int64_t stamps_ahead_ns = INT64_C(86400) * 1000000000;

/* A tombstone outlives everything it must stop: an instance that some node still
 * holds goes there at the ceiling. */
static const int64_t tombstone_margin_ms = 600000;

enum { expired_per_turn = 2048 };

/* In a turn of so few changes is time to tidy up. */
enum { quiet_changes_max = 64 };

/* A turn takes no more commands after so much: it may go over by one command, and recent holds
 * the turn nevertheless. */
enum {
    turn_changes_max = 768,
    turn_bytes_max = 2 * 1024 * 1024,
    recent_bytes_max = 4 * 1024 * 1024,
};

static uint64_t random_id(struct registry_actor *self)
{
    uint64_t id;

    do {
        id = prng_next(&self->prng);
    } while (id == 0);
    return id;
}

/* The awake clock moves on, by what this process was able to notice. */
static void turn_begin(void *state, const struct now *now, struct outbox *out)
{
    struct registry_actor *self = state;
    int64_t step = now->mono_ms - self->awake_read_ms;

    (void)out;
    if (step > 0) {
        self->awake_ms += step < awake_step_max_ms ? step : awake_step_max_ms;
        self->awake_read_ms = now->mono_ms;
        if (self->awake_ms >= self->lag_ends_ms) {
            self->lag_ms = 0;
        }
        if (step > awake_step_max_ms) {
            self->lag_ms += step;
            self->lag_ends_ms = self->awake_ms + lag_lasts_ms;
            ages_stood_still(self->heartbeats, step - awake_step_max_ms);
            self->evicting.left = 0;
            self->evicting.stood_awake_ms = self->awake_ms;
        }
    }
}

/* What others are told with it: the age of the youngest sign of life there was. */
static void tell_age(const struct registry_actor *self, struct change *change)
{
    uint32_t slot;
    int64_t age_ms;

    if (change->age_ms == 0 || !change_is_live(change->kind)) {
        return;
    }
    slot = registry_find(self->registry, identity_key(&change->instance.id));
    age_ms = slot == REGISTRY_NONE ? -1 : ages_true(self->heartbeats, slot, self->awake_ms);
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
                  "hostname %.*s, appid %.*s, zone %.*s, env %.*s has a dirty_timestamp of %lld, "
                  "more than a day ahead of this host's clock: look at the clock of who wrote it "
                  "and at this one; said once, counted in stamps_ahead_total",
                  STR_ARG(id->hostname), STR_ARG(id->appid), STR_ARG(id->zone), STR_ARG(id->env),
                  (long long)change->instance.dirty_timestamp);
    }
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
        msg_from_change(change, &msg);
        msg_encode(&self->body, &msg);
        recent_add(&self->recent, change->seq,
                   (struct str){self->body.data + begin, self->body.len - begin});
        self->turn.watched = self->turn.watched || publish_watched(self, change, out);
        self->counters.changes++;
    }
    self->turn.changes += decision->count;
    self->turn.bytes += self->body.len;
    if (self->turn.changes >= turn_changes_max || self->turn.bytes >= turn_bytes_max) {
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
    writes_add(self->writes, gateway, number, self->at.seq, now->mono_ms);
    return self->at.seq;
}

void registry_result(struct registry_actor *self, const struct address *to,
                     const struct msg *result, struct outbox *out)
{
    struct msg msg = *result;

    msg.as_result.epoch = self->at.epoch;
    msg.as_result.boot = self->at.boot;
    (void)outbox_reply(out, OUTBOX_NOW, to, &msg); /* full: the asker asks again */
}

static void add_answer(struct registry_actor *self, const struct answer *answer)
{
    ARRAY_ROOM(self->turn.answers, self->turn.answer_count, self->turn.answer_cap, 64);
    self->turn.answers[self->turn.answer_count++] = *answer;
}

void registry_answer_later(struct registry_actor *self, const struct address *to, uint64_t id,
                           uint64_t seq)
{
    add_answer(self, &(struct answer){.to = *to, .id = id, .seq = seq});
}

void registry_merged_later(struct registry_actor *self, const struct address *to, uint64_t id,
                           struct merged **merged)
{
    add_answer(self, &(struct answer){.to = *to, .id = id, .seq = self->at.seq, .merged = *merged});
    *merged = NULL;
}

static void answer_merge(struct registry_actor *self, const struct answer *answer,
                         struct outbox *out)
{
    const struct merged *merged = answer->merged;
    struct msg msg = {.type = MSG_TYPE_MERGED};

    msg.as_merged = (struct msg_merged){
        .id = answer->id,
        .err = merged->err,
        .epoch = self->at.epoch,
        .boot = self->at.boot,
        .seq = answer->seq,
        .want = buf_str(&merged->want),
        .newer = merged->newer,
        .text = buf_str(&merged->text),
    };
    (void)outbox_reply(out, OUTBOX_SYNCED, &answer->to, &msg); /* full: the asker asks again */
}

static void answer_writes(struct registry_actor *self, struct outbox *out)
{
    struct msg msg = {.type = MSG_TYPE_RESULT};

    msg.as_result.epoch = self->at.epoch;
    msg.as_result.boot = self->at.boot;
    for (size_t i = 0; i < self->turn.answer_count; i++) {
        struct answer *answer = &self->turn.answers[i];

        if (answer->merged != NULL) {
            answer_merge(self, answer, out);
            merged_destroy(&answer->merged);
            continue;
        }
        msg.as_result.id = answer->id;
        msg.as_result.seq = answer->seq;
        (void)outbox_reply(out, OUTBOX_SYNCED, &answer->to, &msg); /* full: the asker asks again */
    }
    self->turn.answer_count = 0;
}

static void lift_protection(struct registry_actor *self, const char *reason, const struct now *now,
                            struct outbox *out)
{
    bool was_syncing = self->protect.syncing;
    bool was_on = self->protect.on;

    self->protect.syncing = false;
    self->protect.on = false;
    if (was_on) {
        self->protect.reason = reason;
        log_event(self->log, LOG_INFO, "protection_lifted", "%s", reason);
    }
    if (was_on || was_syncing) {
        publish_protect(self, now, out);
    }
}

static void on_synced(void *state, const struct address *from, const struct msg *msg,
                      const struct now *now, struct outbox *out)
{
    struct registry_actor *self = state;
    struct msg result = {.type = MSG_TYPE_RESULT};

    lift_protection(self, "in sync", now, out);
    if (msg->as_synced.filled && self->damaged) {
        log_event(self->log, LOG_INFO, "damage_filled", "%.*s: what damage had cost is filled in",
                  STR_ARG(msg->as_synced.reason));
        storage_forget_lost(self->storage);
        registry_follow_storage(self, out);
    }
    result.as_result.id = msg->as_synced.id;
    result.as_result.seq = self->published;
    registry_result(self, from, &result, out);
}

/* Whatever the disk's state has become: an epoch of its own, and said when it changed. */
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

static void commit(struct registry_actor *self, const struct now *now, struct outbox *out)
{
    /* a failure is the storage's state from now on: said as a fact, logged there */
    (void)storage_commit(self->storage, now->mono_ms);
    if (storage_step(self->storage, self->registry, now->mono_ms)) {
        outbox_again(out);
    }
    registry_follow_storage(self, out);
}

static void turn_end(void *state, const struct now *now, struct outbox *out)
{
    struct registry_actor *self = state;

    if (self->aging) {
        self->aging = registry_age(self, out);
    }
    removal_step(self, now, out);
    commit(self, now, out);
    publish_turns(self, out);
    answer_writes(self, out);
    serve_step(self, now, out);
    writes_expire(self->writes, now->mono_ms, expired_per_turn);
    self->turn.changes = 0;
    self->turn.bytes = 0;
    self->turn.judged = 0;
    self->turn.watched = false;
}

static void on_tick(void *state, const struct now *now, struct outbox *out)
{
    struct registry_actor *self = state;

    self->aging = true;
    if ((self->protect.on || self->protect.syncing) && now->mono_ms >= self->protect.until_ms) {
        lift_protection(self, "no peer answered in time", now, out);
    }
    publish_tick(self, now, out);
    if (self->turn.changes < quiet_changes_max && registry_has_shrunk(self->registry)) {
        outbox_trim(out);
    }
}

static struct position position(void *state)
{
    return ((struct registry_actor *)state)->at;
}

static void count_storage(struct registry_actor *self, struct msg_counts *counters,
                          struct buf *counter_store, struct msg_counts *sizes,
                          struct buf *size_store)
{
    struct storage_stats stats;

    storage_stats(self->storage, &stats);
    counts_add(counters, counter_store, "syncs_total", (int64_t)stats.sync_count);
    counts_add(counters, counter_store, "sync_us_total", stats.sync_ns_total / 1000);
    counts_add(counters, counter_store, "storage_failures_total", (int64_t)stats.failure_count);
    counts_add(counters, counter_store, "storage_damage_total", (int64_t)stats.damage_count);
    counts_add(sizes, size_store, "storage_lost_changes", (int64_t)stats.lost.count);
    counts_add(sizes, size_store, "storage_damaged", stats.lost.any);
    counts_add(sizes, size_store, "memory_only_changes", (int64_t)stats.memory_changes);
    counts_add(sizes, size_store, "sync_us_max", stats.sync_ns_max / 1000);
    counts_add(sizes, size_store, "storage_ok", stats.ok);
    counts_add(sizes, size_store, "journal_bytes", (int64_t)stats.journal_bytes);
    counts_add(sizes, size_store, "journal_segments", (int64_t)stats.segment_count);
    counts_add(sizes, size_store, "snapshot_bytes", (int64_t)stats.snapshot_bytes);
    counts_add(sizes, size_store, "snapshot_running", stats.snapshot_running);
}

static void count(void *state, struct msg_counts *counters, struct buf *counter_store,
                  struct msg_counts *sizes, struct buf *size_store)
{
    struct registry_actor *self = state;
    struct registry_counts counts;

#define COUNTER_ADD(field, name)                                                                   \
    counts_add(counters, counter_store, name, (int64_t)self->counters.field);
    REGISTRY_COUNTERS(COUNTER_ADD)
#undef COUNTER_ADD
    registry_counts(self->registry, &counts);
    counts_add(sizes, size_store, "instances", (int64_t)counts.live);
    counts_add(sizes, size_store, "instances_max", self->config->registry_instances_max);
    counts_add(sizes, size_store, "schedules", (int64_t)counts.schedules);
    counts_add(sizes, size_store, "tombstones", (int64_t)counts.tombstones);
    counts_add(sizes, size_store, "apps", (int64_t)counts.apps);
    counts_add(sizes, size_store, "memory_bytes", (int64_t)counts.memory_bytes);
    counts_add(sizes, size_store, "idle", (int64_t)ages_old_count(self->heartbeats));
    counts_add(sizes, size_store, "digest_entries", (int64_t)digest_count(self->digest));
    counts_add(sizes, size_store, "remembered_writes", (int64_t)writes_count(self->writes));
    counts_add(sizes, size_store, "recent_changes", (int64_t)self->recent.count);
    counts_add(sizes, size_store, "protected", self->protect.on);
    count_storage(self, counters, counter_store, sizes, size_store);
}

/* A record read back at start. A write that is older than its deadline is refused for that, if it
 * should come again: its id need not be known. */
static void on_restored(void *state, const struct change *change, const struct applied *applied)
{
    struct registry_actor *self = state;

    if (change->at >= self->writes_from) {
        writes_add(self->writes, change->gateway, change->number, change->seq, self->awake_read_ms);
    }
    registry_track_restored(self, change, applied);
}

static int64_t slot_age(void *state, uint32_t slot)
{
    struct registry_actor *self = state;
    int64_t age_ms =
        ages_of(registry_is_live(self->registry, slot) ? self->heartbeats : self->tombstones, slot,
                self->awake_ms);

    return age_ms < 0 ? 0 : age_ms;
}

/* A directory that held nobody counts as none: the run before may have ended before a peer was
 * heard. */
static void start_protection(struct registry_actor *self, const struct now *now)
{
    struct registry_counts counts;

    registry_counts(self->registry, &counts);
    self->protect.reason = "not needed";
    if (counts.live + counts.tombstones > 0) {
        return;
    }
    self->protect.syncing = self->config->peers_nodes.count + self->config->peers_zones.count > 0;
    self->protect.until_ms = now->mono_ms + self->config->registry_protect_wait;
    if (self->config->registry_protect && self->config->peers_nodes.count > 0) {
        self->protect.on = true;
        self->protect.reason = "this node started empty and is not in sync with a peer yet";
        log_event(self->log, LOG_WARN, "protected", "reads answer 503 for at most %lld ms: %s",
                  (long long)self->config->registry_protect_wait, self->protect.reason);
    }
}

static enum err open_storage(struct registry_actor *self, const struct registry_options *options,
                             const struct now *now)
{
    struct storage_options storage = {
        .disk = options->disk,
        .clock = options->clock,
        .log = options->log,
        .dir = options->dir,
        .machine_boot = str_from(options->machine_boot),
        .seed = random_id(self),
        .faults = options->config->faults,
        .snapshot_bytes = options->snapshot_bytes,
        .allocate_bytes = options->allocate_bytes,
        .writes_from = self->writes_from,
        .loaded = on_restored,
        .age = slot_age,
        .context = self,
    };
    struct storage_restored restored;
    enum err err =
        storage_sync_from(str_from(options->config->registry_journal_sync), &storage.sync);

    if (err == ERR_OK) {
        err = storage_open(&storage, self->registry, now->mono_ms, &self->storage, &restored);
    }
    if (err == ERR_OK) {
        struct storage_position position = storage_position(self->storage);

        registry_raise_highest_at(self->registry, restored.highest_at);
        self->at.epoch = position.epoch;
        self->at.seq = position.seq;
        self->published = position.seq;
        self->storage_ok = true; /* else said by the first turn */
        start_protection(self, now);
    }
    return err;
}

enum err registry_actor_new(struct registry_actor **self, const struct registry_options *options,
                            const struct now *now)
{
    const struct config *config = options->config;
    struct identity own = {str_from(config->node_env), STR("infra.discovery"),
                           str_from(config->node_zone), str_from(config->node_name)};
    struct registry_actor *made = calloc(1, sizeof(*made));
    enum err err;

    assert(options->seed != 0);
    if (made == NULL) {
        return ERR_NO_MEMORY;
    }
    made->config = config;
    made->log = options->log;
    prng_init(&made->prng, options->seed);
    made->rules = (struct rules){.trust_client_nodes = config->security_trust_client_nodes,
                                 .faults = config->faults,
                                 .instances_max = (uint64_t)config->registry_instances_max,
                                 .seed = options->seed};
    made->own_key = identity_key(&own);
    made->registry = registry_new_seeded(options->seed);
    recent_init(&made->recent, recent_bytes_max);
    made->writes = writes_new(2 * config->gateway_write_deadline);
    made->writes_from = now->wall_ns - 2 * config->gateway_write_deadline * 1000000;
    made->heartbeats = ages_new(config->evictor_idle, config->evictor_idle / 3 * 2, ages_times_max);
    made->tombstone_ms = config->evictor_ceiling + tombstone_margin_ms;
    made->tombstones = ages_new(made->tombstone_ms, made->tombstone_ms / 2, 1);
    made->digest = digest_new();
    made->started_ns = now->wall_ns;
    made->at.boot = random_id(made);
    made->awake_read_ms = now->mono_ms;
    made->evicting.round_awake_ms = -1;
    made->evicting.stood_awake_ms = -1;
    err = open_storage(made, options, now);
    if (err != ERR_OK) {
        registry_actor_destroy(&made);
        return err;
    }
    *self = made;
    return ERR_OK;
}

void registry_actor_destroy(struct registry_actor **self)
{
    if (*self == NULL) {
        return;
    }
    storage_close(&(*self)->storage);
    ages_destroy(&(*self)->tombstones);
    ages_destroy(&(*self)->heartbeats);
    digest_destroy(&(*self)->digest);
    writes_destroy(&(*self)->writes);
    recent_fini(&(*self)->recent);
    registry_destroy(&(*self)->registry);
    for (unsigned i = 0; i < SPREAD_COUNT; i++) {
        buf_fini(&(*self)->renewed.heartbeats[i]);
    }
    buf_fini(&(*self)->body);
    buf_fini(&(*self)->topic);
    while ((*self)->turn.answer_count > 0) {
        merged_destroy(&(*self)->turn.answers[--(*self)->turn.answer_count].merged);
    }
    free((*self)->turn.answers);
    decision_fini(&(*self)->decision);
    free(*self);
    *self = NULL;
}

const struct registry *registry_actor_registry(const struct registry_actor *self)
{
    return self->registry;
}

/* In words, for a service manager: what the directory held has been read before the first turn. */
static bool ready(void *state, const struct now *now, struct buf *words)
{
    const struct registry_actor *self = state;
    struct registry_counts counts;

    (void)now;
    registry_counts(self->registry, &counts);
    buf_printf(words, "%" PRIu64 " instances of %" PRIu64 " apps", counts.live, counts.apps);
    if (!self->storage_ok) {
        buf_printf(words, "; changes are in memory only");
    }
    if (self->protect.on) {
        buf_printf(words, "; %s", self->protect.reason);
    }
    return true;
}

static const struct actor_handler handlers[] = {
    {MSG_TYPE_REGISTER, on_register}, {MSG_TYPE_RENEW, on_renew},
    {MSG_TYPE_CANCEL, on_cancel},     {MSG_TYPE_SET, on_set},
    {MSG_TYPE_EVICT, on_evict},       {MSG_TYPE_SYNCED, on_synced},
    {MSG_TYPE_SNAPSHOT, on_snapshot}, {MSG_TYPE_FACTS, on_facts},
    {MSG_TYPE_SCHEDULE, on_schedule}, {MSG_TYPE_MERGE, on_merge},
    {MSG_TYPE_LOOKUP, on_lookup},     {MSG_TYPE_APP, on_app},
    {MSG_TYPE_DIGEST, on_digest},     {MSG_TYPE_LEAVES, on_leaves},
    {MSG_TYPE_COMPARE, on_compare},   {MSG_TYPE_KEPT, on_kept},
    {MSG_TYPE_SHUTDOWN, on_shutdown},
};

const struct actor_spec registry_spec = {
    .name = ACTOR_REGISTRY,
    .handlers = handlers,
    .handler_count = sizeof(handlers) / sizeof(handlers[0]),
    .turn_begin = turn_begin,
    .turn_end = turn_end,
    .tick = on_tick,
    .tick_ms = tick_ms,
    .position = position,
    .count = count,
    .may_stop = ending_may_stop,
    .stop = ending_stop,
    .ready = ready,
};
