#include "actors/evictor/evictor.h"

#include <assert.h>

static const int64_t tick_ms = 1000;
static const int64_t silence_ms = 5000; /* of the registry, until we say so */

static const char *const topics[] = {"registry.turn.renewed", NULL};

/* ── the registry's facts ───────────────────────────────────────────────────*/

static void on_fact(void *state, const struct msg *msg, const struct now *now)
{
    struct evictor *self = state;

    if (msg->type == MSG_TYPE_RENEWED) {
        self->heard_ms = now->mono_ms;
        self->new_run = guard_hear(&self->guard, &msg->as_renewed) || self->new_run;
    }
}

static void on_broken(void *state, unsigned type)
{
    struct evictor *self = state;

    log_event(self->log, LOG_ERROR, "facts_unreadable",
              "this version can't read what the registry publishes: run the same version "
              "of all actors",
              log_uint("type", type), log_text("version", MUSTER_VERSION));
    self->broken = true;
}

static const struct follower_owner follower_owner = {.fact = on_fact, .broken = on_broken};

/* ── what is said ───────────────────────────────────────────────────────────*/

static void publish_protection(struct evictor *self, struct outbox *out)
{
    const struct guard_verdict *verdict = &self->verdict;
    struct msg msg = {.type = MSG_TYPE_PROTECTION};

    msg.as_protection = (struct msg_protection){
        .on = verdict->protected,
        .reason = str_from(verdict->reason),
        .heard = verdict->heard,
        .expected = verdict->expected,
        .threshold = verdict->threshold,
        .live = verdict->live,
        .next_round_ms = guard_left_ms(&self->guard),
    };
    publisher_publish(&self->publisher, "evictor.protection", &msg, true, out);
}

static void publish_round(struct evictor *self, enum err err, struct str text, struct outbox *out)
{
    struct msg msg = {.type = MSG_TYPE_ROUND};

    msg.as_round = (struct msg_round){
        .idle_ms = self->asked.idle_ms,
        .limit = self->asked.limit,
        .err = err,
        .text = text,
    };
    if (err != ERR_OK) {
        self->counters.refused_rounds++;
        log_event(self->log, LOG_WARN, "round_failed",
                  "the registry has refused to evict; the next round asks again",
                  log_text("error", err_name(err)), log_str("reason", text));
    }
    self->asked.id = 0;
    publisher_publish(&self->publisher, "evictor.round", &msg, false, out);
}

/* One line a round: of one that is protected, or ends a protection; of any other below info. */
static void log_round(const struct evictor *self, const struct guard_verdict *before)
{
    const struct guard_verdict *verdict = &self->verdict;
    bool changed = verdict->protected != before->protected;

    log_event(self->log, changed || verdict->protected ? LOG_INFO : LOG_DEBUG,
              !changed             ? "round"
              : verdict->protected ? "protected"
                                   : "not_protected",
              NULL, log_text("reason", verdict->reason), log_uint("heard", verdict->heard),
              log_uint("expected", verdict->expected), log_uint("threshold", verdict->threshold),
              log_uint("live", verdict->live), log_flag("protection", verdict->protected));
}

/* Protected without numbers to show for it. */
static void protect_unheard(struct evictor *self, const char *reason, struct outbox *out)
{
    self->verdict =
        (struct guard_verdict){.protected = true, .reason = reason, .live = self->guard.last.live};
    publish_protection(self, out);
}

/* ── a round ────────────────────────────────────────────────────────────────*/

static void ask(struct evictor *self, struct outbox *out)
{
    struct msg evict = {.type = MSG_TYPE_EVICT};

    assert(self->asked.id == 0); /* one at a time: its RESULT, or the next window, ends it */
    self->asked.id = ++self->last_id;
    self->asked.idle_ms =
        self->verdict.protected ? self->config->evictor_ceiling : self->config->evictor_idle;
    self->asked.limit = guard_limit(&self->guard);
    evict.as_evict = (struct msg_evict){
        .id = self->asked.id,
        .epoch = self->guard.epoch,
        .boot = self->guard.boot,
        .tick = self->guard.last.tick,
        .idle_ms = self->asked.idle_ms,
        .limit = self->asked.limit,
    };
    outbox_command(out, ACTOR_REGISTRY, 0, &evict); /* full: no answer, the next round says so */
}

static void finish_window(struct evictor *self, struct outbox *out)
{
    struct guard_verdict before = self->verdict;

    if (self->asked.id != 0) {
        publish_round(self, ERR_TIMEOUT, STR("the registry has not answered"), out);
    }
    guard_close(&self->guard, &self->verdict);
    log_round(self, &before);
    self->counters.rounds++;
    self->counters.protected_rounds += self->verdict.protected;
    ask(self, out);
    publish_protection(self, out);
}

static void turn_end(void *state, const struct now *now, struct outbox *out)
{
    struct evictor *self = state;

    (void)now;
    if (self->broken) {
        outbox_stop(out);
        return;
    }
    if (self->new_run) {
        self->new_run = false;
        self->asked.id = 0; /* the run that was asked is over */
        protect_unheard(self, "window incomplete", out);
    }
    if (guard_is_over(&self->guard)) {
        finish_window(self, out);
        self->silent = false;
    }
}

static void on_answer(void *state, enum actor_name from, uint32_t index, const struct msg *msg,
                      const struct now *now, struct outbox *out)
{
    struct evictor *self = state;

    (void)from;
    (void)index;
    (void)now;
    if (msg->type == MSG_TYPE_RESULT && self->asked.id != 0 &&
        msg->as_result.id == self->asked.id) {
        publish_round(self, (enum err)msg->as_result.err, msg->as_result.text, out);
    }
}

static void on_tick(void *state, const struct now *now, struct outbox *out)
{
    struct evictor *self = state;

    if (!self->silent && now->mono_ms - self->heard_ms > silence_ms) {
        self->silent = true; /* until a window is over */
        protect_unheard(self, "registry not heard", out);
    }
    publisher_tick(&self->publisher, out);
}

/* ── the actor ──────────────────────────────────────────────────────────────*/

static void on_ask(void *state, const struct address *from, const struct msg *msg,
                   const struct now *now, struct outbox *out)
{
    struct evictor *self = state;

    (void)now;
    publisher_answer(&self->publisher, from, msg, out);
}

static struct position position(void *state)
{
    const struct evictor *self = state;

    return self->publisher.at;
}

static void count(void *state, const struct counting *to)
{
    const struct evictor *self = state;

    counting_put(to, METRIC_PROTECTION_ON, self->verdict.protected);
    counting_put(to, METRIC_PROTECTION_HEARD, self->verdict.heard);
    counting_put(to, METRIC_PROTECTION_EXPECTED, self->verdict.expected);
    counting_put(to, METRIC_PROTECTION_THRESHOLD, self->verdict.threshold);
    counting_put(to, METRIC_EVICTOR_ROUNDS, self->counters.rounds);
    counting_put(to, METRIC_EVICTOR_PROTECTED_ROUNDS, self->counters.protected_rounds);
    counting_put(to, METRIC_EVICTOR_REFUSED_ROUNDS, self->counters.refused_rounds);
}

void evictor_init(struct evictor *self, const struct config *config, struct log *log,
                  uint64_t epoch, const struct now *now)
{
    *self =
        (struct evictor){.config = config, .log = log, .heard_ms = now->mono_ms, .new_run = true};
    self->registry = follower_new(ACTOR_REGISTRY, 0, tick_ms, &follower_owner, self);
    publisher_init(&self->publisher, ACTOR_EVICTOR, 0, epoch);
    guard_init(&self->guard, config->evictor_share, config->evictor_interval, config->evictor_idle);
}

void evictor_fini(struct evictor *self)
{
    follower_destroy(&self->registry);
    publisher_fini(&self->publisher);
}

struct actor_link evictor_link(const struct evictor *self)
{
    return (struct actor_link){.to = ACTOR_REGISTRY, .follower = self->registry, .topics = topics};
}

static const struct actor_handler handlers[] = {
    {MSG_TYPE_SNAPSHOT, on_ask},
    {MSG_TYPE_FACTS, on_ask},
};

const struct actor_spec evictor_spec = {
    .name = ACTOR_EVICTOR,
    .handlers = handlers,
    .handler_count = sizeof(handlers) / sizeof(handlers[0]),
    .answer = on_answer,
    .turn_end = turn_end,
    .tick = on_tick,
    .tick_ms = tick_ms,
    .position = position,
    .count = count,
};
