#include "actors/registry/registry.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

#include "actors/registry/anti_entropy.h"
#include "actors/registry/catch_up.h"
#include "actors/registry/client_commands.h"
#include "actors/registry/ending.h"
#include "actors/registry/peer_commands.h"
#include "actors/registry/publish.h"
#include "actors/registry/removal.h"
#include "actors/registry/state.h"
#include "actors/registry/tracking.h"
#include "common/base/heap.h"

/* A tombstone outlives everything it must stop: an instance that some node still
 * holds goes there at the ceiling. */
static const int64_t tombstone_margin_ms = 600000;

enum { expired_per_turn = 2048 };

/* In a turn of so few changes is time to tidy up. */
enum { quiet_changes_max = 64 };

enum { recent_bytes_max = 4 * 1024 * 1024 }; /* more than a turn takes */

static uint64_t random_id(struct registry_actor *self)
{
    uint64_t id;

    do {
        id = prng_next(&self->prng);
    } while (id == 0);
    return id;
}

static void turn_begin(void *state, const struct now *now, struct outbox *out)
{
    struct registry_actor *self = state;
    int64_t stood_ms = awake_move(&self->awake, now->mono_ms);

    (void)out;
    if (stood_ms > 0) {
        ages_stood_still(self->heartbeats, stood_ms);
        eviction_stood_still(&self->eviction, self->awake.ms);
    }
}

static void lift_protection(struct registry_actor *self, const char *reason, const struct now *now,
                            struct outbox *out)
{
    bool was_on = self->protection.on;

    if (protection_end(&self->protection, reason)) {
        publish_protect(self, now, out);
    }
    if (was_on) {
        log_event(self->log, LOG_INFO, "protection_lifted", NULL, log_text("reason", reason));
    }
}

static void on_synced(void *state, const struct address *from, const struct msg *msg,
                      const struct now *now, struct outbox *out)
{
    struct registry_actor *self = state;
    struct msg result = {.type = MSG_TYPE_RESULT};

    lift_protection(self, "in sync", now, out);
    if (msg->as_synced.filled && self->damaged) {
        log_event(self->log, LOG_INFO, "damage_filled", "what damage had cost is filled in",
                  log_str("reason", msg->as_synced.reason));
        storage_forget_lost(self->storage);
        registry_follow_storage(self, out);
    }
    result.as_result.id = msg->as_synced.id;
    result.as_result.seq = self->published;
    answer_now(&self->at, from, &result, out);
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
    answers_send(&self->answers, &self->at, out);
    catch_up_step(self, now, out);
    write_ids_expire(self->write_ids, now->mono_ms, expired_per_turn);
    self->taken = (struct taken){0};
}

static void on_tick(void *state, const struct now *now, struct outbox *out)
{
    struct registry_actor *self = state;

    self->aging = true;
    if (protection_is_over(&self->protection, now->mono_ms)) {
        lift_protection(self, "no peer answered in time", now, out);
    }
    publish_tick(self, now, out);
    if (self->taken.changes < quiet_changes_max && registry_has_shrunk(self->registry)) {
        outbox_trim(out);
    }
}

static struct position position(void *state)
{
    return ((struct registry_actor *)state)->at;
}

static void count_storage(const struct registry_actor *self, const struct counting *to)
{
    struct storage_stats stats;

    storage_stats(self->storage, &stats);
    counting_durations(to, METRIC_REGISTRY_SYNC, NULL, &stats.syncs);
    counting_put(to, METRIC_REGISTRY_SYNC_MAX, (uint64_t)stats.sync_ns_max / 1000);
    counting_put(to, METRIC_REGISTRY_STORAGE_OK, stats.ok);
    counting_put(to, METRIC_REGISTRY_STORAGE_FAILURES, stats.failure_count);
    counting_put(to, METRIC_REGISTRY_MEMORY_CHANGES, stats.memory_changes);
    counting_put(to, METRIC_REGISTRY_DAMAGED_FILES, stats.damage_count);
    counting_put(to, METRIC_REGISTRY_DAMAGED, stats.lost.any);
    counting_put(to, METRIC_REGISTRY_LOST_CHANGES, stats.lost.count);
    counting_put(to, METRIC_REGISTRY_JOURNAL, stats.journal_bytes);
    counting_put(to, METRIC_REGISTRY_SEGMENTS, stats.segment_count);
    counting_put(to, METRIC_REGISTRY_SNAPSHOT, stats.snapshot_bytes);
    counting_put(to, METRIC_REGISTRY_SNAPSHOT_SEQ, stats.snapshot_seq);
    counting_put(to, METRIC_REGISTRY_SNAPSHOT_RUNNING, stats.snapshot_running);
}

static void count_counters(const struct registry_actor *self, const struct counting *to)
{
#define COUNTER_PUT(field, ROW) counting_put(to, METRIC_REGISTRY_##ROW, self->counters.field);
    REGISTRY_COUNTERS(COUNTER_PUT)
#undef COUNTER_PUT
#define COMMAND_PUT(field, name)                                                                   \
    counting_put_of(to, METRIC_REGISTRY_COMMANDS, &STR(name), self->counters.field);
    REGISTRY_COMMANDS(COMMAND_PUT)
#undef COMMAND_PUT
#define EVICTION_PUT(field, name)                                                                  \
    counting_put_of(to, METRIC_REGISTRY_EVICTIONS, &STR(name), self->counters.field);
    REGISTRY_EVICTIONS(EVICTION_PUT)
#undef EVICTION_PUT
}

static void count(void *state, const struct counting *to)
{
    const struct registry_actor *self = state;
    struct registry_counts counts;

    count_counters(self, to);
    registry_counts(self->registry, &counts);
    counting_put(to, METRIC_REGISTRY_INSTANCES, counts.live);
    counting_put(to, METRIC_REGISTRY_INSTANCES_MAX, (uint64_t)self->config->registry_instances_max);
    counting_put(to, METRIC_REGISTRY_IDLE, ages_old_count(self->heartbeats));
    counting_put(to, METRIC_REGISTRY_APPS, counts.apps);
    counting_put(to, METRIC_REGISTRY_SCHEDULES, counts.schedules);
    counting_put(to, METRIC_REGISTRY_TOMBSTONES, counts.tombstones);
    counting_put(to, METRIC_REGISTRY_MEMORY, counts.memory_bytes);
    counting_put(to, METRIC_REGISTRY_DIGEST_ENTRIES, digest_count(self->digest));
    counting_put(to, METRIC_REGISTRY_REMEMBERED, write_ids_count(self->write_ids));
    counting_put(to, METRIC_REGISTRY_BACKLOG, self->backlog.count);
    counting_put(to, METRIC_REGISTRY_INIT_PROTECT, self->protection.on);
    count_storage(self, to);
}

/* A record read back at start. A write that is older than its deadline is refused for that, if it
 * should come again: its id need not be known. */
static void on_restored(void *state, const struct change *change, const struct applied *applied)
{
    struct registry_actor *self = state;

    if (change->at >= self->writes_from) {
        write_ids_add(self->write_ids, change->gateway, change->number, change->seq,
                      self->awake.read_ms);
    }
    registry_track_restored(self, change, applied);
}

static int64_t slot_age(void *state, uint32_t slot)
{
    struct registry_actor *self = state;
    int64_t age_ms =
        ages_of(registry_is_live(self->registry, slot) ? self->heartbeats : self->tombstones, slot,
                self->awake.ms);

    return age_ms < 0 ? 0 : age_ms;
}

/* A directory that held nobody counts as none: the run before may have ended before a peer was
 * heard. */
static void start_protection(struct registry_actor *self, const struct now *now)
{
    const struct config *config = self->config;
    const struct protection_rules rules = {
        .wanted = config->registry_protect && config->peers_nodes.count > 0,
        .peers = config->peers_nodes.count + config->peers_zones.count > 0,
        .wait_ms = config->registry_protect_wait,
    };
    struct registry_counts counts;

    registry_counts(self->registry, &counts);
    protection_init(&self->protection, &rules, counts.live + counts.tombstones == 0, now->mono_ms);
    if (self->protection.on) {
        log_event(self->log, LOG_WARN, "protected", "reads answer 503 until in sync with a peer",
                  log_int("longest_ms", rules.wait_ms),
                  log_text("reason", self->protection.reason));
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
    struct identity own = {str_from(config->node_env), node_appid, str_from(config->node_zone),
                           str_from(config->node_name)};
    struct registry_actor *made = heap_new(sizeof(*made));
    enum err err;

    assert(options->seed != 0);
    made->config = config;
    made->log = options->log;
    prng_init(&made->prng, options->seed);
    made->rules = (struct rules){.trust_client_nodes = config->security_trust_client_nodes,
                                 .instances_max = (uint64_t)config->registry_instances_max,
                                 .seed = options->seed};
    made->own_key = identity_key(&own);
    made->registry = registry_new_seeded(options->seed);
    backlog_init(&made->backlog, recent_bytes_max);
    made->write_ids = write_ids_new(2 * config->gateway_write_deadline);
    sender_clocks_init(&made->sender_clocks, config->gateway_write_deadline);
    made->writes_from = now->wall_ns - 2 * config->gateway_write_deadline * 1000000;
    made->heartbeats = ages_new(config->evictor_idle, config->evictor_idle / 3 * 2, ages_times_max);
    made->tombstone_ms = config->evictor_ceiling + tombstone_margin_ms;
    made->tombstones = ages_new(made->tombstone_ms, made->tombstone_ms / 2, 1);
    made->digest = digest_new();
    made->started_ns = now->wall_ns;
    made->at.boot = random_id(made);
    made->awake.read_ms = now->mono_ms;
    eviction_init(&made->eviction);
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
    write_ids_destroy(&(*self)->write_ids);
    backlog_fini(&(*self)->backlog);
    registry_destroy(&(*self)->registry);
    renewed_fini(&(*self)->renewed);
    buf_fini(&(*self)->body);
    buf_fini(&(*self)->topic);
    evicted_fini(&(*self)->evicted);
    answers_fini(&(*self)->answers);
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
    if (self->protection.on) {
        buf_printf(words, "; %s", self->protection.reason);
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
    .tick_ms = registry_tick_ms,
    .position = position,
    .count = count,
    .may_stop = ending_may_stop,
    .stop = ending_stop,
    .ready = ready,
};
