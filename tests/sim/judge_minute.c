/* What is counted, and what is passed on, while clients only heartbeat. */
#include "tests/sim/judge.h"
#include "tests/sim/reference.h"

static const int64_t minute_ms = 60000;

static uint64_t posts_of_all(const struct judge *self)
{
    uint64_t posts = 0;

    for (uint32_t i = 0; i < self->plan->nodes; i++) {
        posts += self->sites[i].posts;
    }
    posts += self->sites[0].reference != NULL ? reference_posts(self->sites[0].reference) : 0;
    return posts;
}

static void begin(struct judge *self)
{
    struct judge_minute *minute = &self->minute;

    minute->since_ms = sim_ms(self->sim);
    minute->signs = self->signs;
    minute->posts = posts_of_all(self);
    for (uint32_t i = 0; i < self->plan->nodes; i++) {
        minute->heard[i] = self->nodes[i].heard;
        minute->boot[i] = self->nodes[i].heard_boot;
    }
}

static void check(struct judge *self)
{
    const struct judge_minute *minute = &self->minute;
    bool reference = self->sites[0].reference != NULL;
    /* a node for itself, at the most; the reference node's clients too */
    uint64_t own = 3 * (uint64_t)(self->plan->nodes + (reference ? 1 + reference_clients : 0));
    uint64_t signs = self->signs - minute->signs + own;
    uint64_t posts = posts_of_all(self) - minute->posts;
    /* a reference node passes on what comes from another zone */
    uint64_t posts_max =
        signs * (reference ? 2 * (uint64_t)self->plan->nodes : self->plan->nodes - 1);

    for (uint32_t i = 0; i < self->plan->nodes; i++) {
        uint64_t heard = self->nodes[i].heard - minute->heard[i];

        if (self->nodes[i].heard_boot == minute->boot[i] && heard > signs + signs / 10 + 5) {
            judge_fail(self, "node%u counted %u heartbeats in a minute, clients and nodes gave %u",
                       (unsigned)i + 1, (unsigned)heard, (unsigned)signs);
        }
    }
    if (posts > posts_max + posts_max / 5 + 10) {
        judge_fail(self,
                   "nodes posted %u forms to each other in a minute in which %u signs of life were "
                   "given, %u are enough",
                   (unsigned)posts, (unsigned)signs, (unsigned)posts_max);
    }
}

/* At any time: after a partition all that waited is posted, and a heartbeat of each. */
static void check_second(struct judge *self)
{
    uint64_t nodes = self->plan->nodes;
    uint64_t posts = posts_of_all(self) - self->minute.last_posts;

    self->minute.last_posts += posts;
    if (posts > 500 + 2 * nodes * nodes * self->plan->hosts) {
        judge_fail(self, "nodes posted %u forms to each other in a second, and there are %u hosts",
                   (unsigned)posts, (unsigned)self->plan->hosts);
    }
}

void judge_minute(struct judge *self)
{
    struct judge_minute *minute = &self->minute;

    check_second(self);
    if (self->calm_ms == INT64_MAX || !self->client->quiet) {
        minute->since_ms = INT64_MAX;
    } else if (minute->since_ms == INT64_MAX) {
        begin(self);
    } else if (sim_ms(self->sim) - minute->since_ms >= minute_ms) {
        check(self);
        begin(self);
    }
}
