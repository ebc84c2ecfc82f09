#include "gateway/operate/standing.h"

#include <inttypes.h>

#include "common/metrics/reading.h"
#include "gateway/operate/fields.h"

enum { text_max = 512 }; /* bytes of what others tell */

/* Longer ago, what a round has found says nothing of now. */
static const int64_t round_fresh_ms = 5000;

/* ── sums ───────────────────────────────────────────────────────────────────*/

struct sum_row {
    enum actor_name actor;
    enum metric metric;
};

static const struct sum_row sum_rows[SUM_COUNT] = {
#define SUM_ROW(NAME, actor, row, member) {ACTOR_##actor, METRIC_##row},
    SUM_TABLE(SUM_ROW)
#undef SUM_ROW
};

static void add_series(struct operate *self, enum actor_name from,
                       const struct metric_series *series)
{
    for (unsigned i = 0; i < SUM_COUNT; i++) {
        if (sum_rows[i].actor == from && sum_rows[i].metric == series->metric) {
            self->sums[i].known = true;
            self->sums[i].value += series->value;
            self->sums[i].count += durations_count(&series->took);
        }
    }
}

/* Of all gateways the one that is nearest to its limit. */
static void take_fullest(struct fullest *fullest, int64_t used, int64_t max)
{
    bool fuller = max > 0 && (fullest->max == 0 ||
                              (uint64_t)used * fullest->max > fullest->used * (uint64_t)max);

    if (fuller) {
        *fullest = (struct fullest){(uint64_t)used, (uint64_t)max};
    }
}

/* How full one gateway is. */
struct filling {
    int64_t memory;
    int64_t memory_max;
    int64_t connections;
    int64_t connections_max;
};

static void take_filling(struct filling *filling, const struct metric_series *series)
{
    switch (series->metric) {
    case METRIC_HTTP_MEMORY:
        filling->memory = series->value;
        break;
    case METRIC_HTTP_MEMORY_MAX:
        filling->memory_max = series->value;
        break;
    case METRIC_HTTP_CONNECTIONS:
        filling->connections = series->value;
        break;
    case METRIC_HTTP_CONNECTIONS_MAX:
        filling->connections_max = series->value;
        break;
    default:
        break;
    }
}

static void take_answer(struct operate *self, const struct metric_index *index,
                        const struct round_answer *answer)
{
    struct reading reading;
    struct metric_series series;
    struct filling filling = {0};

    reading_init(&reading, index, answer->counters);
    while (reading_next(&reading, &series)) {
        add_series(self, answer->from, &series);
        take_filling(&filling, &series);
    }
    if (answer->from == ACTOR_GATEWAY) {
        self->gateways_answered++;
        take_fullest(&self->memory, filling.memory, filling.memory_max);
        take_fullest(&self->connections, filling.connections, filling.connections_max);
    }
}

/* Replicator and evictor have checks of their own. */
static void take_silent(struct operate *self, const struct round_answer *answer)
{
    if (answer->counters != NULL || answer->from == ACTOR_EVICTOR ||
        answer->from == ACTOR_REPLICATOR) {
        return;
    }
    buf_add_str(&self->silent, self->silent.len > 0 ? STR(", ") : STR(""));
    actor_name_print(&self->silent, answer->from, answer->index);
}

void sums_take(struct operate *self, const struct round *round, const struct now *now)
{
    struct metric_index index;

    metric_index_init(&index);
    for (unsigned i = 0; i < SUM_COUNT; i++) {
        self->sums[i] = (struct sum){0};
    }
    self->gateways = 0;
    self->gateways_answered = 0;
    self->memory = (struct fullest){0};
    self->connections = (struct fullest){0};
    self->silent.len = 0;
    for (size_t i = 0; i < round_count(round); i++) {
        struct round_answer answer;

        round_answer(round, i, &answer);
        take_silent(self, &answer);
        self->gateways += answer.from == ACTOR_GATEWAY ? 1 : 0;
        if (answer.counters != NULL) {
            take_answer(self, &index, &answer);
        }
    }
    self->round_ms = now->mono_ms;
}

/* ── judging ────────────────────────────────────────────────────────────────*/

static void add_name(struct buf *to, struct str name)
{
    enum { names_max = 200 };

    if (to->len < names_max) {
        buf_add_str(to, to->len > 0 ? STR(", ") : STR(""));
        buf_add_str(to, name);
    }
}

/* lost: keeps the names. */
static void take_nodes(const struct operate *self, const struct operate_standing *standing,
                       struct verdict_facts *facts, struct buf *lost)
{
    for (size_t i = 0; i < standing->node_count; i++) {
        struct operate_node node;

        self->view.node(self->view.state, i, &node);
        if (node.trouble.len > 0) {
            facts->trouble = field_cut(node.trouble, text_max);
        }
        if (node.self) {
            continue;
        }
        facts->peers++;
        if (node.lost) {
            facts->peers_lost++;
            add_name(lost, field_cut(node.address, text_max));
        }
    }
    facts->lost = buf_str(lost);
}

static void note_step(struct operate *self, const struct operate_standing *standing,
                      const struct now *now)
{
    if (standing->in_step || standing->node_count < 2) {
        self->out_of_step_ms = 0;
    } else if (self->out_of_step_ms == 0) {
        self->out_of_step_ms = now->mono_ms;
    }
}

/* Told for as long as somebody may wonder what came of it. */
static void note_clock(struct operate *self, const struct now *now)
{
    static const int64_t told_ms = 600000;
    int64_t by_ms = clock_watch_look(&self->clock, now);

    if (by_ms != 0) {
        self->clock_set_by_ms = by_ms;
        self->clock_set_ms = now->mono_ms;
    } else if (now->mono_ms - self->clock_set_ms > told_ms) {
        self->clock_set_by_ms = 0;
    }
}

static bool is_heard(const struct operate_standing *standing, enum actor_name actor)
{
    for (unsigned i = 0; i < operate_heard_count; i++) {
        if (standing->heard_of[i].actor == actor) {
            return standing->heard_of[i].heard;
        }
    }
    return false;
}

static void fill(const struct operate *self, const struct operate_standing *standing,
                 struct verdict_facts *facts, const struct now *now)
{
    struct registry_counts counts;

    registry_counts(self->view.registry, &counts);
    *facts = (struct verdict_facts){
        .caught_up = standing->caught_up,
        .stale_ms = standing->stale_ms,
        .stale_limit_ms = self->view.config->gateway_stale_limit,
        .protect_on = standing->protect_on,
        .protect_left_ms = standing->protect_left_ms,
        .protect_reason = standing->protect_reason,
        .syncing = standing->syncing,
        .storage_ok = standing->storage_ok,
        .storage_reason = standing->storage_reason,
        .damaged = standing->damaged,
        .damage = standing->damage,
        .evictor_heard = is_heard(standing, ACTOR_EVICTOR),
        .replicator_heard = is_heard(standing, ACTOR_REPLICATOR),
        .in_step = standing->in_step,
        .out_of_step_ms = self->out_of_step_ms > 0 ? now->mono_ms - self->out_of_step_ms : 0,
        .protection_on = standing->protection_on,
        .protection_reason = standing->protection_reason,
        .heard = standing->heard,
        .expected = standing->expected,
        .threshold = standing->threshold,
        .next_round_ms = standing->next_round_ms,
        .clock_set_by_ms = self->clock_set_by_ms,
        .clock_set_ago_ms = now->mono_ms - self->clock_set_ms,
        .open = buf_str(&self->open),
        .instances = counts.live,
        .apps = counts.apps,
    };
    if (self->round_ms > 0 && now->mono_ms - self->round_ms <= round_fresh_ms) {
        facts->memory_held = self->memory.used;
        facts->memory_max = self->memory.max;
        facts->connections = self->connections.used;
        facts->connections_max = self->connections.max;
        facts->silent = buf_str(&self->silent);
    }
}

static void cut_texts(struct operate_standing *standing)
{
    struct str *const texts[] = {&standing->protect_reason, &standing->storage_reason,
                                 &standing->damage, &standing->protection_reason};

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        *texts[i] = field_cut(*texts[i], text_max);
    }
}

void standing_judge(struct operate *self, struct operate_standing *standing, const struct now *now)
{
    enum check_level before[CHECK_COUNT];
    struct verdict_facts facts;
    struct buf lost = {0};

    for (unsigned i = 0; i < CHECK_COUNT; i++) {
        before[i] = self->verdict.checks[i].level;
    }
    *standing = (struct operate_standing){0};
    self->view.standing(self->view.state, now, standing);
    cut_texts(standing);
    note_step(self, standing, now);
    note_clock(self, now);
    fill(self, standing, &facts, now);
    take_nodes(self, standing, &facts, &lost);
    verdict_judge(&self->verdict, &facts);
    for (unsigned i = 0; i < CHECK_COUNT; i++) {
        if (self->since[i] == 0 || self->verdict.checks[i].level != before[i]) {
            self->since[i] = now->wall_ns;
        }
    }
    buf_fini(&lost);
}
