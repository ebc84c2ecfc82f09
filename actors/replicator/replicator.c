#include "actors/replicator/replicator.h"

static const int64_t tick_ms = 1000;
static const int64_t resend_ms = 1000;
static const int64_t leave_wait_ms = 2000;

static const char *const topics[] = {"registry.turn.renewed", NULL};

/* ── the registry's facts ───────────────────────────────────────────────────*/

static void on_fact(void *state, const struct msg *msg, const struct now *now)
{
    struct replicator *self = state;

    if (msg->type != MSG_TYPE_RENEWED || msg->as_renewed.boot == self->registry_boot) {
        return;
    }
    if (self->registry_boot != 0) { /* it may have lost what we told the last run */
        own_hurry(&self->own, now);
        self->synced.done = false;
    }
    self->registry_boot = msg->as_renewed.boot;
}

/* What was sent before the registry was there is lost: no need to wait for the resend. */
static void on_current(void *state, uint64_t epoch, uint64_t seq, const struct now *now)
{
    struct replicator *self = state;

    (void)epoch;
    (void)seq;
    if (!self->met) {
        self->met = true;
        own_hurry(&self->own, now);
        self->synced.due_ms = now->mono_ms;
    }
}

static void on_broken(void *state, unsigned type)
{
    struct replicator *self = state;

    log_event(self->log, LOG_ERROR, "facts_unreadable",
              "the registry published a fact of type %u, which version " MUSTER_VERSION
              " can't read: run the same version of all actors",
              type);
    self->broken = true;
}

static const struct follower_owner follower_owner = {
    .fact = on_fact, .current = on_current, .broken = on_broken};

/* ── what the registry is asked ─────────────────────────────────────────────*/

/* A node without peers has all there is. */
static void step_synced(struct replicator *self, const struct now *now, struct outbox *out)
{
    struct msg msg = {.type = MSG_TYPE_SYNCED};

    if (self->synced.done || self->nodes.count > 1 || now->mono_ms < self->synced.due_ms) {
        return;
    }
    self->synced.id = ++self->last_id;
    self->synced.due_ms = now->mono_ms + resend_ms;
    msg.as_synced =
        (struct msg_synced){.id = self->synced.id, .reason = STR("no peers configured")};
    outbox_command(out, ACTOR_REGISTRY, 0, &msg);
}

static void on_answer(void *state, enum actor_name from, uint32_t index, const struct msg *msg,
                      const struct now *now, struct outbox *out)
{
    struct replicator *self = state;

    (void)from;
    (void)index;
    (void)out;
    if (msg->type != MSG_TYPE_RESULT || own_answer(&self->own, &msg->as_result, now)) {
        return;
    }
    if (self->synced.id != 0 && msg->as_result.id == self->synced.id) {
        self->synced.id = 0;
        self->synced.done = msg->as_result.err == ERR_OK;
    }
}

/* ── leaving ────────────────────────────────────────────────────────────────*/

static void end(struct replicator *self, const struct address *from, uint64_t id, struct str text,
                struct outbox *out)
{
    struct msg msg = {.type = MSG_TYPE_RESULT};

    msg.as_result = (struct msg_result){.id = id,
                                        .err = ERR_OK,
                                        .epoch = self->publisher.at.epoch,
                                        .boot = self->publisher.at.boot,
                                        .seq = self->publisher.at.seq,
                                        .text = text};
    outbox_reply(out, OUTBOX_NOW, from, &msg);
    outbox_stop(out);
}

static void on_shutdown(void *state, const struct address *from, const struct msg *msg,
                        const struct now *now, struct outbox *out)
{
    struct replicator *self = state;

    if (!msg->as_shutdown.leave) {
        end(self, from, msg->as_shutdown.id, STR(""), out);
        return;
    }
    if (!self->leaving.on) {
        self->leaving.on = true;
        self->leaving.until_ms = now->mono_ms + leave_wait_ms;
        own_leave(&self->own, now);
    }
    self->leaving.from = *from;
    self->leaving.id = msg->as_shutdown.id;
}

static void step_leaving(struct replicator *self, const struct now *now, struct outbox *out)
{
    if (!self->leaving.on) {
        return;
    }
    if (self->own.state == OWN_GONE) {
        end(self, &self->leaving.from, self->leaving.id, STR(""), out);
    } else if (now->mono_ms >= self->leaving.until_ms) {
        log_event(self->log, LOG_WARN, "left_unheard",
                  "the registry has not answered: this node's infra.discovery stays in it until "
                  "it falls silent");
        end(self, &self->leaving.from, self->leaving.id,
            STR("the registry has not answered: infra.discovery was not cancelled"), out);
    }
}

/* ── turns ──────────────────────────────────────────────────────────────────*/

static void publish_nodes(struct replicator *self, struct outbox *out)
{
    struct buf store = {0};
    struct msg msg;

    nodes_msg(&self->nodes, &msg, &store);
    publisher_publish(&self->publisher, "replicator.nodes", &msg, true, out);
    buf_fini(&store);
}

static void turn_end(void *state, const struct now *now, struct outbox *out)
{
    struct replicator *self = state;

    if (self->broken) {
        outbox_stop(out);
        return;
    }
    if (!self->said_nodes) {
        self->said_nodes = true;
        publish_nodes(self, out);
    }
    own_step(&self->own, &self->last_id, now, out);
    step_synced(self, now, out);
    step_leaving(self, now, out);
}

static void on_tick(void *state, const struct now *now, struct outbox *out)
{
    struct replicator *self = state;

    (void)now;
    publisher_tick(&self->publisher, out);
}

/* When turn_end has something to do; what is due for SYNCED waits for the tick. */
static int64_t due_ms(void *state, const struct now *now)
{
    const struct replicator *self = state;

    (void)now;
    if (self->leaving.on && self->leaving.until_ms < self->own.due_ms) {
        return self->leaving.until_ms;
    }
    return self->own.due_ms;
}

static void on_ask(void *state, const struct address *from, const struct msg *msg,
                   const struct now *now, struct outbox *out)
{
    struct replicator *self = state;

    (void)now;
    publisher_answer(&self->publisher, from, msg, out);
}

static struct position position(void *state)
{
    const struct replicator *self = state;

    return self->publisher.at;
}

static void count(void *state, struct msg_counts *counters, struct buf *counter_store,
                  struct msg_counts *sizes, struct buf *size_store)
{
    const struct replicator *self = state;

    counts_add(counters, counter_store, "asked", (int64_t)self->last_id);
    counts_add(sizes, size_store, "nodes", self->nodes.count);
}

/* ── the actor ──────────────────────────────────────────────────────────────*/

void replicator_init(struct replicator *self, const struct config *config, struct log *log,
                     uint64_t epoch, const struct now *now)
{
    *self = (struct replicator){.log = log};
    self->registry = follower_new(ACTOR_REGISTRY, 0, tick_ms, &follower_owner, self);
    publisher_init(&self->publisher, ACTOR_REPLICATOR, 0, epoch);
    own_init(&self->own, config, log, epoch, now);
    nodes_init(&self->nodes, config);
    self->synced.due_ms = now->mono_ms;
}

void replicator_fini(struct replicator *self)
{
    nodes_fini(&self->nodes);
    own_fini(&self->own);
    follower_destroy(&self->registry);
    publisher_fini(&self->publisher);
}

struct actor_link replicator_link(const struct replicator *self)
{
    return (struct actor_link){.to = ACTOR_REGISTRY, .follower = self->registry, .topics = topics};
}

static const struct actor_handler handlers[] = {
    {MSG_TYPE_SHUTDOWN, on_shutdown},
    {MSG_TYPE_SNAPSHOT, on_ask},
    {MSG_TYPE_FACTS, on_ask},
};

const struct actor_spec replicator_spec = {
    .name = ACTOR_REPLICATOR,
    .handlers = handlers,
    .handler_count = sizeof(handlers) / sizeof(handlers[0]),
    .answer = on_answer,
    .turn_end = turn_end,
    .tick = on_tick,
    .tick_ms = tick_ms,
    .due_ms = due_ms,
    .position = position,
    .count = count,
};
