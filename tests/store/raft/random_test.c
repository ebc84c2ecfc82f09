/* Members under loss, delay, reorder, cuts, crashes, power cuts and changes of members; each seed
 * is a world of its own, whose limits are drawn too. The judge of world.c looks at every step.
 * RAFT_SEED=N runs that one, RAFT_SEEDS=N the first N. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/store/raft/world.h"

enum { steps = 2500, wire_max = 100 };

static uint64_t below(struct world *world, uint64_t bound)
{
    return prng_below(&world->prng, bound);
}

static void draw_limits(struct world *world)
{
    struct raft_settings *settings = &world->settings;

    settings->election_ms = 100 + (int)below(world, 400);
    settings->heartbeat_ms = 30;
    settings->message_bytes_max = below(world, 2) == 0 ? 1 : 1 << 20;
    settings->inflight_max = below(world, 3) == 0 ? 1 + (unsigned)below(world, 3) : 64;
    settings->inflight_bytes_max = below(world, 3) == 0 ? 8 : 1 << 20;
    settings->uncommitted_bytes_max = below(world, 4) == 0 ? 32 : 1 << 20;
    settings->pre_vote = below(world, 4) != 0;
    settings->check_quorum = below(world, 4) != 0;
    settings->apply_unstable = below(world, 2) == 0;
}

static void change(struct world *world, struct node *node)
{
    uint64_t id = 1 + below(world, world->node_count);
    enum raft_change_type type = (enum raft_change_type)below(world, 3);

    if (node->config_count < world_configs_max - 8) {
        world_change(world, node, type, id);
    }
}

static void hurt(struct world *world, struct node *node)
{
    switch (below(world, 6)) {
    case 0:
        if (node->raft == NULL) {
            break;
        }
        world_crash(world, node, (unsigned)below(world, node->write_count + 1),
                    below(world, 2) == 0);
        if (below(world, 2) == 0) {
            world_start(world, node);
        }
        break;
    case 1:
        world_isolate(world, node->id, true);
        break;
    case 2:
        world->cut[node->id][1 + below(world, world->node_count)] = true;
        break;
    case 3:
        if (node->raft != NULL) {
            raft_unreachable(node->raft, 1 + below(world, world->node_count));
            world_turn(world, node);
        }
        break;
    default:
        for (unsigned id = 1; id <= world->node_count; id++) {
            world_isolate(world, id, false);
            if (world->nodes[id].raft == NULL) {
                world_start(world, &world->nodes[id]);
            }
        }
        break;
    }
}

/* What a leader has just sent reaches few or nobody. */
static void leave_it_alone(struct world *world, struct node *node)
{
    if (world->wire.count > 0) {
        world_deliver(world, world->wire.count - 1);
    }
    if (below(world, 2) == 0) {
        world_isolate(world, node->id, true);
    } else {
        world_crash(world, node, (unsigned)below(world, node->write_count + 1),
                    below(world, 2) == 0);
    }
}

static void ask(struct world *world, struct node *node)
{
    if (node->raft == NULL) {
        return;
    }
    switch (below(world, 8)) {
    case 0:
        if (below(world, 3) == 0) {
            change(world, node);
        }
        break;
    case 1:
        if (node->read_count < 900) {
            world_read(world, node);
        }
        break;
    case 2:
        world_flush(node);
        world_compact(world, node, node->flushed - below(world, 3));
        break;
    case 3:
        if (below(world, 5) == 0) {
            raft_transfer(node->raft, 1 + below(world, world->node_count));
            world_turn(world, node);
        }
        break;
    default:
        if (raft_log_last(&node->raft->log) < world_index_max / 2 &&
            world_propose(world, node) == ERR_OK && below(world, 24) == 0) {
            leave_it_alone(world, node);
        }
        break;
    }
}

static void pass_time(struct world *world)
{
    world->now_ms += (int64_t)below(world, 60);
    for (unsigned id = 1; id <= world->node_count; id++) {
        if (below(world, 4) != 0) {
            world_tick(world, &world->nodes[id]);
        }
    }
}

static void step(struct world *world)
{
    struct node *node = &world->nodes[1 + below(world, world->node_count)];

    while (world->wire.count > wire_max) {
        world_lose(world, below(world, wire_max));
    }
    switch (below(world, 16)) {
    case 0:
    case 1:
        pass_time(world);
        break;
    case 2:
    case 3:
        ask(world, node);
        break;
    case 4:
    case 5:
        ask(world, world_leader(world) != NULL ? world_leader(world) : node);
        break;
    case 6:
    case 7:
        world_persist(world, node, (unsigned)below(world, node->write_count + 1));
        break;
    case 8:
        world_apply(world, node, 1 + below(world, 4));
        break;
    case 9:
        if (below(world, 4) == 0) {
            hurt(world, node);
        } else if (world->wire.count > 0 && below(world, 2) == 0) {
            world_lose(world, below(world, world->wire.count));
        }
        break;
    default:
        for (uint64_t i = 0; i < 4 && world->wire.count > 0; i++) {
            world_deliver(world, below(world, 3) == 0 ? below(world, world->wire.count) : 0);
        }
        break;
    }
}

static void heal(struct world *world)
{
    bool asked = false;

    for (unsigned id = 1; id <= world->node_count; id++) {
        world_isolate(world, id, false);
        if (world->nodes[id].raft == NULL) {
            world_start(world, &world->nodes[id]);
        }
    }
    for (int i = 0; i < 600 && !(asked && world_is_even(world)); i++) {
        world_run(world, 50);
        if (world_is_even(world) && !asked) {
            asked = world_propose(world, world_leader(world)) == ERR_OK;
            world_settle(world);
        }
    }
    assert_true(world_is_even(world));
}

static void run(uint64_t seed, unsigned voters, unsigned all)
{
    static struct world world;

    world_init(&world, seed, voters, all);
    draw_limits(&world);
    for (unsigned id = 1; id <= all; id++) {
        world_start(&world, &world.nodes[id]);
    }
    world_elect(&world);
    for (int i = 0; i < steps; i++) {
        step(&world);
    }
    heal(&world);
    world_fini(&world);
}

static void run_all(unsigned voters, unsigned all, uint64_t count)
{
    const char *only = getenv("RAFT_SEED");
    const char *more = getenv("RAFT_SEEDS");

    if (only != NULL) {
        run(strtoull(only, NULL, 10), voters, all);
        return;
    }
    if (more != NULL) {
        count = strtoull(more, NULL, 10);
    }
    for (uint64_t seed = 1; seed <= count; seed++) {
        run(seed, voters, all);
    }
}

static void three_members_agree(void **state)
{
    (void)state;
    run_all(3, 3, 300);
}

static void five_members_agree(void **state)
{
    (void)state;
    run_all(5, 5, 150);
}

static void members_come_and_go(void **state)
{
    (void)state;
    run_all(3, 5, 300);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(three_members_agree),
        cmocka_unit_test(five_members_agree),
        cmocka_unit_test(members_come_and_go),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
