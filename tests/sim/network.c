#include "tests/sim/network.h"

#include <assert.h>
#include <stdlib.h>

/* So long after a loss two nodes may be busy with finding it out (3 s without ACK), with greeting
 * (a tick) and its answer. */
static const int64_t lost_settles_ms = 8000;
/* After a partition a node may have to be asked over HTTP where it is, at up to 10 s each. */
static const int64_t cut_settles_ms = 20000;

enum { book_max = 64 };

struct interval {
    int64_t from_ms;
    int64_t to_ms;
};

/* The latest disturbances of one thing, oldest overwritten. */
struct book {
    struct interval at[book_max];
    uint64_t count;
};

struct network {
    struct plan *plan;
    struct prng prng;
    bool chaos;
    bool cut[plan_places_max][plan_places_max];
    int64_t cut_since_ms[plan_places_max][plan_places_max];
    uint32_t connection[plan_places_max][plan_places_max]; /* of a < b */
    int64_t last_due[plan_places_max][plan_places_max];
    uint32_t released;
    uint32_t address[plan_nodes_max];
    struct book pairs[plan_places_max][plan_places_max]; /* of a < b */
    struct book nodes[plan_nodes_max];
    int64_t calm_since_ms; /* but for cuts */
    struct network_counts counts;
};

struct network *network_new(struct plan *plan)
{
    struct network *self = calloc(1, sizeof(*self));

    assert(self != NULL);
    self->plan = plan;
    prng_init(&self->prng, prng_next(&plan->prng));
    return self;
}

void network_destroy(struct network **self)
{
    free(*self);
    *self = NULL;
}

void network_chaos(struct network *self, bool on)
{
    self->chaos = on;
}

/* ── the book ───────────────────────────────────────────────────────────────*/

static void disturb(struct network *self, struct book *book, int64_t from_ms, int64_t to_ms)
{
    struct interval *last = &book->at[(book->count - 1) % book_max];

    if (book->count > 0 && from_ms <= last->to_ms && to_ms >= last->from_ms) {
        last->from_ms = from_ms < last->from_ms ? from_ms : last->from_ms;
        last->to_ms = to_ms > last->to_ms ? to_ms : last->to_ms;
    } else {
        book->at[book->count++ % book_max] = (struct interval){from_ms, to_ms};
    }
    self->calm_since_ms = to_ms > self->calm_since_ms ? to_ms : self->calm_since_ms;
}

static bool was_good(const struct book *book, int64_t from_ms, int64_t to_ms)
{
    uint64_t kept = book->count < book_max ? book->count : book_max;

    for (uint64_t i = 0; i < kept; i++) {
        const struct interval *at = &book->at[(book->count - 1 - i) % book_max];

        if (at->from_ms < to_ms && at->to_ms > from_ms) {
            return false;
        }
    }
    /* what was overwritten is not known */
    return kept < book_max || book->at[book->count % book_max].from_ms < from_ms;
}

static struct book *pair_of(struct network *self, uint32_t a, uint32_t b)
{
    return a < b ? &self->pairs[a][b] : &self->pairs[b][a];
}

void network_disturb_node(struct network *self, uint32_t node, int64_t from_ms, int64_t to_ms)
{
    disturb(self, &self->nodes[node], from_ms, to_ms);
}

bool network_was_good(const struct network *self, uint32_t a, uint32_t b, int64_t from_ms,
                      int64_t to_ms)
{
    return was_good(&self->nodes[a], from_ms, to_ms) && was_good(&self->nodes[b], from_ms, to_ms) &&
           network_way_was_good(self, a, b, from_ms, to_ms);
}

bool network_way_was_good(const struct network *self, uint32_t a, uint32_t b, int64_t from_ms,
                          int64_t to_ms)
{
    return a == b || (!self->cut[a][b] && !self->cut[b][a] &&
                      was_good(a < b ? &self->pairs[a][b] : &self->pairs[b][a], from_ms, to_ms));
}

int64_t network_calm_since(const struct network *self)
{
    for (uint32_t a = 0; a < self->plan->nodes; a++) {
        for (uint32_t b = 0; b < self->plan->nodes; b++) {
            if (self->cut[a][b]) {
                return INT64_MAX;
            }
        }
    }
    return self->calm_since_ms;
}

/* ── partitions ─────────────────────────────────────────────────────────────*/

void network_cut(struct network *self, uint32_t a, uint32_t b, bool on, int64_t at_ms)
{
    if (self->cut[a][b] == on) {
        return;
    }
    self->cut[a][b] = on;
    if (on) {
        self->counts.partitions++;
        self->cut_since_ms[a][b] = at_ms;
        return;
    }
    /* was_good looks at `cut` until it is over; then the whole of it is in the book */
    disturb(self, pair_of(self, a, b), self->cut_since_ms[a][b], at_ms + cut_settles_ms);
    self->released++;
}

bool network_is_cut(const struct network *self, uint32_t a, uint32_t b)
{
    assert(a <= self->plan->nodes && b <= self->plan->nodes);
    return self->cut[a][b];
}

uint32_t network_address(const struct network *self, uint32_t node)
{
    return self->address[node];
}

void network_move(struct network *self, uint32_t node)
{
    self->address[node] = 1 - self->address[node];
}

uint32_t network_released(const struct network *self)
{
    return self->released;
}

/* ── messages ───────────────────────────────────────────────────────────────*/

static uint32_t *connection_of(struct network *self, uint32_t a, uint32_t b)
{
    return a < b ? &self->connection[a][b] : &self->connection[b][a];
}

uint32_t network_connection(const struct network *self, uint32_t a, uint32_t b)
{
    return a < b ? self->connection[a][b] : self->connection[b][a];
}

static bool strikes(struct network *self, uint32_t per_million)
{
    return per_million != 0 && self->chaos && prng_below(&self->prng, 1000000) < per_million;
}

static int64_t delay_ms(struct network *self, uint32_t a, uint32_t b)
{
    int64_t spread_ms = self->plan->jitter_ms;

    if (self->chaos && prng_below(&self->prng, 500) == 0) {
        spread_ms = 1500;
    }
    return self->plan->delay_ms[a][b] + (int64_t)prng_below(&self->prng, (uint64_t)spread_ms + 1);
}

static int64_t due_ms(struct network *self, uint32_t a, uint32_t b, int64_t at_ms)
{
    int64_t due = at_ms + delay_ms(self, a, b);
    int64_t *last = &self->last_due[a][b];

    if (due < *last && self->plan->loss == PLAN_LOSS_STREAM) {
        due = *last;
    } else if (due < *last) {
        self->counts.late++;
    }
    *last = due > *last ? due : *last;
    return due;
}

struct fate network_send(struct network *self, uint32_t a, uint32_t b, int64_t at_ms)
{
    struct fate fate = {.copies = 1};

    assert(a <= self->plan->nodes && b <= self->plan->nodes);
    if (self->cut[a][b]) {
        self->counts.lost += self->plan->holds ? 0 : 1;
        self->counts.held += self->plan->holds ? 1 : 0;
        return (struct fate){.held = self->plan->holds};
    }
    if (strikes(self, self->plan->lost_per_million)) {
        self->counts.lost++;
        disturb(self, pair_of(self, a, b), at_ms, at_ms + lost_settles_ms);
        if (self->plan->loss == PLAN_LOSS_STREAM) {
            self->counts.broken++;
            (*connection_of(self, a, b))++;
        }
        return (struct fate){0};
    }
    fate.connection = *connection_of(self, a, b);
    fate.due_ms[0] = due_ms(self, a, b, at_ms);
    if (self->plan->loss == PLAN_LOSS_SCATTER && strikes(self, self->plan->doubled_per_million)) {
        self->counts.doubled++;
        fate.copies = 2;
        fate.due_ms[1] = due_ms(self, a, b, at_ms + 20);
    }
    return fate;
}

struct network_counts network_counts(const struct network *self)
{
    return self->counts;
}
