#include "actors/store/call.h"
#include "actors/store/counts.h"
#include "actors/store/upkeep.h"
#include "actors/store/watch.h"

#include <stdlib.h>

#include "common/base/heap.h"

enum { call_room_bytes = 64 * 1024 }; /* around a request within an entry's call */

/* ── turns ── */

static void turn_begin(void *state, const struct now *now, struct outbox *out)
{
    struct store *self = state;
    struct raft_node_status node;

    (void)out;
    (void)awake_move(&self->awake, now->mono_ms);
    raft_node_status(self->node, &node);
    self->keyspace.awake_ms = self->awake.ms;
    self->keyspace.term = node.term;
}

static void take_answers(struct store *self, struct outbox *out)
{
    size_t count;
    const struct raft_answer *answers = raft_node_answers(self->node, &count);

    for (size_t i = 0; i < count; i++) {
        if (self->catching_up && answers[i].number == self->catch_up) {
            self->catching_up = false;
            self->caught_up = answers[i].err == ERR_OK;
        } else if (!upkeep_answered(self, &answers[i])) {
            store_answered(self, &answers[i], out);
        }
    }
}

/* The run before has told of more than the backend holds: nothing is told before all of it is
 * applied again, which a read of its own says. */
static void catch_up(struct store *self, const struct now *now)
{
    enum { patience_ms = 5000 };
    uint64_t number = self->waiting.next;

    if (!self->caught_up && !self->catching_up &&
        raft_node_read(self->node, number, now->mono_ms + patience_ms) == ERR_OK) {
        waiting_done(&self->waiting, waiting_add(&self->waiting));
        self->catch_up = number;
        self->catching_up = true;
    }
}

static void flush_if_due(struct store *self, const struct now *now)
{
    enum err err = keyspace_settle(&self->keyspace, false);

    if (err == ERR_OK && (now->mono_ms - self->flushed_ms >= self->options.flush_ms ||
                          mvcc_unflushed_bytes(self->keyspace.mvcc) >= self->options.flush_bytes)) {
        err = keyspace_flush(&self->keyspace);
        self->flushed_ms = now->mono_ms;
    }
    if (err == ERR_CORRUPT) {
        self->failed = err;
    }
}

/* What goes waits for the backend as what is written does, and is no reason to refuse that. Where
 * the backend is behind for good, as much goes as is written: else history would grow for ever. */
static bool compact(struct store *self)
{
    enum { step_work = 1000 };
    int64_t revision = mvcc_position(self->keyspace.mvcc).revision;
    bool is_behind = mvcc_unflushed_bytes(self->keyspace.mvcc) >= self->options.flush_bytes;

    if (is_behind && revision - self->paced < step_work) {
        return false;
    }
    self->paced = revision;
    return mvcc_compact_step(self->keyspace.mvcc, step_work) && !is_behind;
}

static void look_for_damage(struct store *self)
{
    enum err damage = mvcc_damage(self->keyspace.mvcc);

    if (self->failed == ERR_OK && damage != ERR_OK) {
        self->failed = damage;
        log_event(self->options.log, LOG_ERROR, "data_damaged",
                  "nothing that was read from it has been told; this member ends, and its next "
                  "start looks at every record and says what can be done",
                  log_text("reason", mvcc_damage_text(self->keyspace.mvcc)));
    }
}

/* What one large answer took is not kept for small ones. */
static void give_back(struct store *self)
{
    enum { kept_bytes = 1024 * 1024 };

    if (self->packed.cap > kept_bytes) {
        buf_fini(&self->packed);
    }
}

static void turn_end(void *state, const struct now *now, struct outbox *out)
{
    enum { rounds_max = 16 };
    static const struct raft_sink nobody = {0};
    struct store *self = state;
    bool more = true;
    bool untold = false;

    catch_up(self, now);
    upkeep_turn(self, now);
    for (unsigned i = 0; more && i < rounds_max && self->failed == ERR_OK; i++) {
        self->failed = raft_node_turn(self->node, now->mono_ms, &nobody, &more);
        take_answers(self, out);
        more = keep_alives_turn(self, now, out) || more;
    }
    if (self->failed == ERR_OK) {
        untold = self->caught_up && facts_turn(self, out);
        more = event_reads_turn(self, out) || more;
        more = hashes_turn(self, out) || more;
        more = parts_turn(self, out) || more;
        more = disk_log_step(self->disk_log, now->mono_ms) || more;
        flush_if_due(self, now);
        more = (!untold && compact(self)) || more || untold;
        look_for_damage(self);
    }
    give_back(self);
    if (self->failed != ERR_OK) {
        outbox_stop(out);
    } else if (more) {
        outbox_again(out);
    }
}

static void tick(void *state, const struct now *now, struct outbox *out)
{
    struct store *self = state;

    self->facts.ticked = true;
    upkeep_tick(self, now);
    if (disk_log_step(self->disk_log, now->mono_ms)) {
        outbox_again(out);
    }
}

static int64_t due_ms(void *state, const struct now *now)
{
    const struct store *self = state;
    int64_t due_ms = upkeep_due_ms(self);

    if (due_ms != INT64_MAX) { /* awake time moves on with mono's */
        due_ms = due_ms - self->awake.ms + now->mono_ms;
    }
    return due_ms;
}

static struct position position(void *state)
{
    const struct store *self = state;

    return self->facts.publisher.at;
}

static void on_ask(void *state, const struct address *from, const struct msg *msg,
                   const struct now *now, struct outbox *out)
{
    struct store *self = state;

    (void)now;
    publisher_answer(&self->facts.publisher, from, msg, out);
}

static const struct actor_handler handlers[] = {
    {MSG_TYPE_CALL, store_call},
    {MSG_TYPE_WATCH, store_watch},
    {MSG_TYPE_WATCHING, store_watching},
    {MSG_TYPE_READ_EVENTS, store_read_events},
    {MSG_TYPE_PART_TAKEN, store_part_taken},
    {MSG_TYPE_SNAPSHOT, on_ask},
    {MSG_TYPE_FACTS, on_ask},
};

const struct actor_spec store_spec = {
    .name = ACTOR_STORE,
    .handlers = handlers,
    .handler_count = sizeof(handlers) / sizeof(handlers[0]),
    .turn_begin = turn_begin,
    .turn_end = turn_end,
    .tick = tick,
    .tick_ms = 100,
    .due_ms = due_ms,
    .position = position,
    .count = store_count,
};

/* ── its life ── */

/* Of a new cluster: this member alone. */
static struct raft_config first_members(const struct store_options *options)
{
    return (struct raft_config){.voters = {.count = 1, .ids = {options->member_id}}};
}

enum err store_new(struct store **self, const struct store_options *options,
                   struct backend **backend, const struct now *now)
{
    const struct mvcc_settings mvcc = {.lease_ttl_min_s = store_lease_ttl_min_s(options)};
    const struct raft_config first = first_members(options);
    struct store *made = heap_new(sizeof(*made));
    enum err err;

    made->options = *options;
    made->flushed_ms = now->mono_ms;
    waiting_init(&made->waiting);
    (void)awake_move(&made->awake, now->mono_ms);
    err = keyspace_init(&made->keyspace, &mvcc, backend, &first, made->awake.ms,
                        options->lease_checkpoint_ms, options->flush_clock, options->log);
    if (err != ERR_OK) {
        store_destroy(&made);
        return err;
    }
    made->keyspace.cluster_id = options->cluster_id;
    made->keyspace.member_id = options->member_id;
    made->keyspace.boot = options->boot;
    facts_begin(made, store_spec.name);
    made->version = version_parse(options->version);
    compactor_init(&made->compactor, options->compaction_mode, options->compaction_retention,
                   made->awake.ms);
    *self = made;
    return ERR_OK;
}

enum err store_start(struct store *self, struct disk_log *disk_log, struct disk_log_found *found,
                     const struct now *now)
{
    const struct store_options *options = &self->options;
    const struct raft_node_settings node = {
        .member = options->member_id,
        .boot = options->boot,
        .election_ms = options->election_ms,
        .heartbeat_ms = options->heartbeat_ms,
        .first = first_members(options),
        .call_bytes_max = options->limits.request_bytes_max + call_room_bytes,
        .prng = options->prng,
        .log = options->log,
    };

    self->disk_log = disk_log;
    return raft_node_new(&node, disk_log, found, &self->keyspace.machine, now->mono_ms,
                         &self->node);
}

/* The turn that this begins ends with taking back what is written. */
static void on_flushed(void *state, const struct now *now, struct outbox *out)
{
    (void)state;
    (void)now;
    (void)out;
}

struct actor_guest store_guest(struct store *self)
{
    return (struct actor_guest){.fd = flusher_fd(self->keyspace.flusher), .ready = on_flushed};
}

int64_t store_lease_ttl_min_s(const struct store_options *options)
{
    return (3 * options->election_ms + 1999) / 2000;
}

struct store_found store_found(const struct store *self)
{
    struct mvcc_position at = mvcc_position(self->keyspace.mvcc);
    struct backend_mark mark = self->keyspace.backend->mark(self->keyspace.backend);

    return (struct store_found){.index = at.index,
                                .term = at.term,
                                .revision = at.revision,
                                .compacted = at.compacted,
                                .record_count = mark.count};
}

void store_destroy(struct store **self)
{
    struct store *gone = *self;

    if (gone == NULL) {
        return;
    }
    if (gone->node != NULL && gone->failed == ERR_OK) {
        (void)keyspace_settle(&gone->keyspace, true);
        (void)keyspace_flush(&gone->keyspace);
        (void)keyspace_settle(&gone->keyspace, true);
    }
    raft_node_destroy(&gone->node);
    hashes_fini(&gone->hashes);
    parts_fini(&gone->parts);
    keyspace_fini(&gone->keyspace);
    waiting_fini(&gone->waiting);
    facts_fini(&gone->facts);
    event_reads_fini(&gone->event_reads);
    keep_alives_fini(&gone->keep_alives);
    compactor_fini(&gone->compactor);
    arena_fini(&gone->arena);
    buf_fini(&gone->packed);
    buf_fini(&gone->body);
    free(gone);
    *self = NULL;
}

enum err store_failed(const struct store *self)
{
    return self->failed;
}
