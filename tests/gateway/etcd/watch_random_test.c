/* Random runs: messages of the store are lost, told twice, cut and late, it restarts, forgets and
 * compacts; clients come, go and do not read. Each response is judged as it comes
 * (watch_client.h), and in the end everybody has everything. A run is its seed. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/base/prng.h"
#include "tests/gateway/etcd/watch_rig.h"

enum { runs = 500, steps = 250, keys_count = 6 };

static const char *const keys[keys_count] = {"a", "b", "ba", "bb", "c", "d"};

struct run {
    struct watch_rig rig;
    struct prng prng;
    unsigned writes;   /* how often, of 100 */
    unsigned losses;   /* facts of 100 */
    unsigned restarts; /* of 1000 steps */
    unsigned changes;
};

static uint64_t below(struct run *self, uint64_t bound)
{
    return prng_below(&self->prng, bound);
}

static bool now_and_then(struct run *self, unsigned of_1000)
{
    return below(self, 1000) < of_1000;
}

static const char *any_key(struct run *self)
{
    return keys[below(self, keys_count)];
}

static void write_some(struct run *self)
{
    struct played_store *store = &self->rig.store;
    uint64_t count = now_and_then(self, 50) ? 30 : 1 + below(self, 4);

    played_store_begin(store);
    for (uint64_t i = 0; i < count; i++) {
        if (below(self, 4) != 0 || !played_store_delete(store, any_key(self))) {
            played_store_put(store, any_key(self), below(self, 20));
        }
    }
}

static void send_fact(struct run *self)
{
    struct played_queue *facts = &self->rig.store.facts;

    if (facts->count == 0) {
        return;
    }
    if (below(self, 100) < self->losses) {
        played_queue_drop(facts);
        return;
    }
    if (now_and_then(self, 30)) {
        struct buf copy = {0};

        buf_add_str(&copy, played_queue_first(facts));
        played_queue_add(facts, buf_str(&copy));
        buf_fini(&copy);
    }
    watch_rig_fact(&self->rig);
}

static void create_one(struct run *self, struct watch_client *client)
{
    static const char *const ends[] = {"", "", "", "c", "bb", "\1"};
    const struct played_store *store = &self->rig.store;
    struct client_wish wish = {.key = any_key(self),
                               .end = ends[below(self, 6)],
                               .prev = below(self, 3) == 0,
                               .progress = below(self, 4) == 0,
                               .fragment = below(self, 4) == 0,
                               .no_put = below(self, 8) == 0,
                               .no_delete = below(self, 8) == 0};

    if (below(self, 2) == 0) {
        wish.start = 1 + (int64_t)below(self, (uint64_t)store->revision + 5);
    }
    if (below(self, 5) == 0) {
        wish.id = (int64_t)below(self, 10);
    }
    if (client->count + client->creates_count < 200) {
        watch_rig_create(&self->rig, client, &wish);
    }
}

static void act(struct run *self, unsigned i)
{
    struct watch_client *client = &self->rig.clients[i];

    if (!client->open) {
        (void)watch_rig_begin(&self->rig, i);
        return;
    }
    switch (below(self, 12)) {
    case 0:
    case 1:
    case 2:
    case 3:
        create_one(self, client);
        break;
    case 4:
    case 5:
        if (client->count > 0 && client->cancels_count < 100) {
            watch_rig_cancel(&self->rig, client, client->watchers[below(self, client->count)].id);
        }
        break;
    case 6:
    case 7:
        watch_rig_progress(&self->rig, client);
        break;
    case 8:
    case 9:
    case 10:
        client->reads = !client->reads;
        break;
    default:
        if (below(self, 4) == 0) {
            watch_rig_gone(&self->rig, i);
        }
    }
}

static void compact(struct run *self)
{
    struct played_store *store = &self->rig.store;
    int64_t back = (int64_t)below(self, 20);

    if (store->revision - back > 1) {
        played_store_compact(store, store->revision - back);
    }
}

static void step(struct run *self)
{
    struct watch_rig *rig = &self->rig;
    struct played_store *store = &rig->store;

    if (below(self, 100) < self->writes) {
        write_some(self);
    }
    if (below(self, 3) == 0) {
        played_store_publish(store, 1 + (int64_t)below(self, 4), rig->now.mono_ms);
    }
    for (uint64_t i = below(self, 3); i > 0; i--) {
        send_fact(self);
    }
    if (store->questions.count > 0 && below(self, 2) == 0) {
        played_store_answer(store, rig->now.mono_ms);
    }
    if (store->answers.count > 0 && below(self, 2) == 0) {
        if (now_and_then(self, 20)) {
            played_queue_drop(&store->answers);
        } else {
            watch_rig_answer(rig);
        }
    }
    if (below(self, 3) == 0) {
        act(self, (unsigned)below(self, rig_clients_max));
    }
    if (now_and_then(self, 20)) {
        compact(self);
    }
    if (now_and_then(self, self->restarts)) {
        played_store_restart(store);
    } else if (now_and_then(self, self->changes)) {
        played_store_begin_anew(store);
        while (rig->clients[0].open || rig->clients[1].open || rig->clients[2].open ||
               rig->clients[3].open) {
            watch_rig_pass(rig, 1);
            watch_rig_run(rig);
        }
    }
    if (below(self, 4) == 0) {
        watch_rig_pass(rig, (int64_t)below(self, 120));
    }
    if (below(self, 2) == 0) {
        watch_rig_turn(rig);
    }
}

/* What all runs together have met: that they meet it is what they are for. */
struct met {
    uint64_t events, gaps, reads, blocked, compacted, progress;
};

static void sum_up(const struct run *self, struct met *met)
{
    struct watches_counts counts;

    watches_counts(self->rig.watches, &counts);
    met->events += counts.events_total;
    met->gaps += counts.gaps_total;
    met->reads += counts.reads_total;
    met->blocked += counts.blocked_total;
    for (unsigned i = 0; i < rig_clients_max; i++) {
        const struct watch_client *client = &self->rig.clients[i];

        met->progress += client->progress_told;
        for (unsigned j = 0; j < client->count; j++) {
            met->compacted += client->watchers[j].compacted > 0;
        }
    }
}

static void run(uint64_t seed, struct met *met)
{
    struct run *self = calloc(1, sizeof(*self));
    struct watches_counts counts;

    prng_init(&self->prng, seed);
    watch_rig_init(&self->rig);
    self->writes = 10 + (unsigned)below(self, 60);
    self->losses = below(self, 3) == 0 ? 0 : (unsigned)below(self, 40);
    self->restarts = (unsigned)below(self, 10);
    self->changes = below(self, 4) == 0 ? 3 : 0;
    self->rig.store.fact_events_max = 2 + below(self, 40);
    self->rig.store.answer_events_max = 1 + below(self, 40);
    self->rig.store.answer_revisions_max = 1 + (int64_t)below(self, 40);
    for (unsigned i = 0; i < steps; i++) {
        step(self);
    }
    for (unsigned i = 0; i < rig_clients_max; i++) {
        self->rig.clients[i].reads = true;
    }
    watch_rig_settle(&self->rig);
    for (unsigned i = 0; i < rig_clients_max; i++) {
        if (self->rig.clients[i].open) {
            watch_client_is_complete(&self->rig.clients[i]);
        }
    }
    watches_counts(self->rig.watches, &counts);
    assert_int_equal(counts.unsynced, 0);
    assert_int_equal(counts.waiting, 0);
    sum_up(self, met);
    watch_rig_fini(&self->rig);
    free(self);
}

static void whatever_the_store_and_clients_do_everybody_has_everything_once(void **state)
{
    const char *one = getenv("WATCH_SEED");
    const char *more = getenv("WATCH_SEEDS");
    uint64_t first = one != NULL ? strtoull(one, NULL, 10) : 1;
    uint64_t last = one != NULL ? first : more != NULL ? strtoull(more, NULL, 10) : runs;

    struct met met = {0};

    (void)state;
    for (uint64_t seed = first; seed <= last; seed++) {
        print_message("seed %" PRIu64 "\r", seed);
        run(seed, &met);
    }
    print_message("%" PRIu64 " events, %" PRIu64 " gaps, %" PRIu64 " reads, %" PRIu64
                  " blocked, %" PRIu64 " compacted, %" PRIu64 " progress\n",
                  met.events, met.gaps, met.reads, met.blocked, met.compacted, met.progress);
    if (one == NULL) {
        assert_true(met.events > 10000 && met.gaps > 500 && met.reads > 1000);
        assert_true(met.blocked > 500 && met.compacted > 500 && met.progress > 500);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whatever_the_store_and_clients_do_everybody_has_everything_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
