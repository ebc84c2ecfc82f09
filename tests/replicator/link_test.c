#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "actors/replicator/link.h"
#include "tests/replicator/cluster.h"

static int setup_two(void **state)
{
    *state = cluster_linked("aa", 1);
    return 0;
}

static int teardown(void **state)
{
    cluster_destroy((struct cluster **)state);
    return 0;
}

static struct replicator *replicator_of(struct cluster *self, unsigned member)
{
    return self->members[member].replicator;
}

/* The last STATES between nodes that was looked for. */
static struct msg last_states(struct cluster *self)
{
    struct str rest = buf_str(&self->last_sent);
    struct msg msg;

    assert_int_equal(msg_decode(&rest, &msg), ERR_OK);
    assert_int_equal(msg.type, MSG_TYPE_STATES);
    return msg;
}

static void two_nodes_find_each_other_over_http_and_greet(void **state)
{
    struct cluster *self = *state;
    struct peer *peer = cluster_peer(self, 0, 1);

    assert_true(cluster_up(self, 0, 1));
    assert_true(cluster_up(self, 1, 0));
    assert_int_equal(peer->kind, PEER_MUSTER);
    assert_int_equal(peer->status, NODE_UP);
    assert_true(str_eq(buf_str(&peer->name), STR("n1")));
    assert_true(peer->seed && peer->listed);
    assert_true(cluster_equal(self));
}

/* Messages of one node may overtake each other; those of its next run begin anew. */
static void a_heartbeat_that_was_overtaken_changes_nothing(void **state)
{
    struct cluster *self = *state;
    struct peer *peer = cluster_peer(self, 0, 1);
    uint64_t boot = peer->link.to_boot;
    int64_t stamp = peer->link.stamp;
    char roots[2][16] = {{1}, {2}};
    struct now now = {.mono_ms = 1};

    link_heard(peer, boot, stamp + 2, true, (struct str){roots[0], sizeof(roots[0])}, &now);
    link_heard(peer, boot, stamp + 1, false, (struct str){roots[1], sizeof(roots[1])}, &now);
    assert_int_equal(peer->link.stamp, stamp + 2);
    assert_true(peer->protect);
    assert_memory_equal(peer->link.root.bytes, roots[0], sizeof(roots[0]));
    link_heard(peer, boot + 1, stamp, false, (struct str){roots[1], sizeof(roots[1])}, &now);
    assert_int_equal(peer->link.stamp, stamp);
    assert_false(peer->protect);
    assert_memory_equal(peer->link.root.bytes, roots[1], sizeof(roots[1]));
}

static void a_change_is_there_within_milliseconds(void **state)
{
    struct cluster *self = *state;

    cluster_register(self, 0, "h1");
    cluster_run(self, 8);
    assert_true(cluster_live(self, 1, "h1"));
    cluster_cancel(self, 0, "h1");
    cluster_run(self, 8);
    assert_false(cluster_live(self, 1, "h1"));
    cluster_run(self, 3000);
    assert_true(cluster_equal(self));
    assert_int_equal(replicator_of(self, 0)->counters.records_dropped, 0);
}

/* Sooner than by the digests, which leave out for two seconds what has just changed. */
static void what_changes_while_a_node_is_greeted_is_there_with_the_link(void **state)
{
    struct cluster *self = *state;
    struct peer *peer = cluster_peer(self, 0, 1);

    cluster_register(self, 0, "goes");
    cluster_run(self, 3000);
    link_lose(replicator_of(self, 0), peer, "as if it had not answered",
              &self->members[0].clock.at);
    cluster_register(self, 0, "h1");
    cluster_cancel(self, 0, "goes");
    cluster_run(self, 1100); /* to the next tick, which greets */
    assert_true(cluster_up(self, 0, 1));
    assert_true(cluster_live(self, 1, "h1"));
    assert_false(cluster_live(self, 1, "goes"));
    assert_int_equal(replicator_of(self, 1)->counters.pulled, 0);
}

static void of_much_that_changes_while_a_node_is_greeted_the_last_is_looked_up(void **state)
{
    struct cluster *self = *state;
    struct peer *peer = cluster_peer(self, 0, 1);
    char name[16];

    self->cut[0][1] = true;
    link_lose(replicator_of(self, 0), peer, "as if it had not answered",
              &self->members[0].clock.at);
    for (unsigned i = 0; i < 1030; i++) {
        cluster_register(self, 0, node_host_name(i, name));
    }
    cluster_run(self, 10);
    assert_int_equal(peer->link.want.len, 6 * key_bytes);
    self->cut[0][1] = false;
    cluster_run(self, 1100);
    assert_true(cluster_live(self, 1, node_host_name(1029, name)));
    assert_false(cluster_live(self, 1, node_host_name(0, name)));
    cluster_run(self, 8000);
    assert_true(cluster_equal(self));
}

static void what_changed_long_before_a_node_answers_is_left_to_the_digests(void **state)
{
    struct cluster *self = *state;
    struct peer *peer = cluster_peer(self, 0, 1);

    self->cut[0][1] = true;
    link_lose(replicator_of(self, 0), peer, "as if it had not answered",
              &self->members[0].clock.at);
    cluster_register(self, 0, "h1");
    cluster_run(self, 1000);
    cluster_register(self, 0, "h2");
    cluster_run(self, 1000);
    assert_int_equal(peer->link.want.len, 2 * key_bytes);
    cluster_run(self, 1000);
    assert_int_equal(peer->link.want.len, key_bytes);
    self->cut[0][1] = false;
    cluster_run(self, 1100);
    assert_true(cluster_live(self, 1, "h1"));
    assert_true(cluster_live(self, 1, "h2"));
    assert_int_equal(replicator_of(self, 1)->counters.pulled, 1);
}

static void heartbeats_go_in_one_message_a_tick(void **state)
{
    struct cluster *self = *state;
    uint64_t before;
    uint64_t heartbeats;

    for (unsigned i = 0; i < 20; i++) {
        char name[16];

        cluster_register(self, 0, node_host_name(i, name));
    }
    cluster_run(self, 3000);
    before = self->sent[0][MSG_TYPE_STATES];
    heartbeats = replicator_of(self, 0)->counters.heartbeats_sent;
    for (unsigned i = 0; i < 20; i++) {
        char name[16];

        cluster_renew(self, 0, node_host_name(i, name));
    }
    cluster_run(self, 2000);
    assert_int_equal(self->sent[0][MSG_TYPE_STATES] - before, 2);
    assert_int_equal(replicator_of(self, 0)->counters.heartbeats_sent - heartbeats, 20);
}

static void a_heartbeat_at_one_node_keeps_it_alive_at_the_other(void **state)
{
    struct cluster *self = *state;
    struct registry_actor *actor;
    struct identity id = {STR("dev"), STR("app"), STR("zonea"), STR("h1")};
    uint32_t slot;

    cluster_register(self, 0, "h1");
    for (int i = 0; i < 4; i++) {
        cluster_run(self, 30000);
        cluster_renew(self, 0, "h1");
    }
    cluster_run(self, 1500);
    actor = self->members[1].registry.actor;
    slot = registry_find(actor->registry, identity_key(&id));
    assert_int_not_equal(slot, REGISTRY_NONE);
    assert_in_range(ages_true(actor->heartbeats, slot, actor->awake.ms), 0, 3000);
}

static void ages_grow_by_the_time_on_the_way(void **state)
{
    struct cluster *self = *state;
    struct registry_actor *here = self->members[0].registry.actor;
    struct registry_actor *there = self->members[1].registry.actor;
    struct identity id = {STR("dev"), STR("app"), STR("zonea"), STR("h1")};
    int64_t age_here;
    int64_t age_there;

    self->delay_ms[0][1] = 700;
    self->delay_ms[1][0] = 700;
    cluster_run(self, 5000);
    cluster_register(self, 0, "h1");
    cluster_run(self, 4000);
    age_here = ages_true(here->heartbeats, registry_find(here->registry, identity_key(&id)),
                         here->awake.ms);
    age_there = ages_true(there->heartbeats, registry_find(there->registry, identity_key(&id)),
                          there->awake.ms);
    assert_true(age_there >= age_here - 1000); /* awake times move on with the ticks */
    assert_in_range(age_there, 3000, 7000);
}

/* What was decided while its fact got lost is not told as if it were just now. */
static void what_comes_out_of_the_history_is_as_old_as_it_is(void **state)
{
    struct cluster *self = *state;
    struct registry_actor *there = self->members[1].registry.actor;
    struct identity id = {STR("dev"), STR("app"), STR("zonea"), STR("h1")};
    uint32_t slot;

    cluster_run(self, 20);
    self->members[0].deaf = true;
    cluster_register(self, 0, "h1");
    cluster_run(self, 6000);
    assert_false(cluster_live(self, 1, "h1"));
    self->members[0].deaf = false;
    cluster_run(self, 1500);
    slot = registry_find(there->registry, identity_key(&id));
    assert_int_not_equal(slot, REGISTRY_NONE);
    assert_in_range(ages_true(there->heartbeats, slot, there->awake.ms), 5000, 12000);
}

/* The STATES that leave for the other node: of the outbox as it is. */
static struct msg_states states_sent(struct outbox *out)
{
    struct outbox_item item;
    size_t cursor = 0;
    struct msg msg = {0};

    while (outbox_next(out, OUTBOX_SYNCED, &cursor, &item)) {
        struct str rest = item.frame;

        if (item.kind == OUTBOX_PEER) {
            assert_int_equal(msg_decode(&rest, &msg), ERR_OK);
        }
    }
    assert_int_equal(msg.type, MSG_TYPE_STATES);
    return msg.as_states;
}

/* The other takes for time on the way what held_ms lacks. */
static void what_waited_here_is_told_as_so_much_older(void **state)
{
    struct cluster *self = *state;
    struct replicator *here = replicator_of(self, 0);
    struct peer *peer = cluster_peer(self, 0, 1);
    struct outbox *out = self->members[0].out;
    struct now now;
    struct msg gone = {.type = MSG_TYPE_GONE};
    struct buf record = {0};
    int64_t held_ms;

    cluster_run(self, 20);
    now = self->members[0].clock.at;
    held_ms = now.mono_ms - peer->link.heard_ms;
    msg_encode(&record, &gone);
    outbox_clear(out, OUTBOX_SYNCED);
    link_queue(here, peer, buf_str(&record), now.mono_ms - 700);
    link_queue(here, peer, buf_str(&record), now.mono_ms - 200); /* the oldest counts */
    link_step(here, peer, &now, out);
    assert_int_equal(states_sent(out).records.count, 2);
    assert_int_equal(states_sent(out).held_ms, held_ms - 700);
    outbox_clear(out, OUTBOX_SYNCED);
    here->lag_ms = 300; /* it stood still */
    link_queue(here, peer, buf_str(&record), now.mono_ms - 700);
    link_step(here, peer, &now, out);
    assert_int_equal(states_sent(out).held_ms, held_ms - 1000);
    outbox_clear(out, OUTBOX_SYNCED);
    buf_fini(&record);
}

static struct msg states_from(uint64_t to_boot, int64_t stamp)
{
    struct msg msg = {.type = MSG_TYPE_STATES};

    msg.as_states = (struct msg_states){.id = 77,
                                        .node = STR("stranger"),
                                        .zone = STR("zonea"),
                                        .boot = 1234,
                                        .to_boot = to_boot,
                                        .stamp = stamp};
    return msg;
}

/* What the member's outbox holds for a stranger's message; it is cleared. */
static struct msg answer_to(struct cluster *self, unsigned member, const struct msg *msg,
                            struct buf *store)
{
    struct outbox *out = self->members[member].out;
    struct msg found = {0};

    outbox_clear(out, OUTBOX_NOW);
    outbox_clear(out, OUTBOX_SYNCED);
    cluster_knock(self, member, 1 - member, msg);
    for (unsigned lane = 0; lane < OUTBOX_LANE_COUNT; lane++) {
        struct outbox_item item;
        size_t cursor = 0;

        while (outbox_next(out, (enum outbox_lane)lane, &cursor, &item)) {
            if (item.kind == OUTBOX_REPLY) {
                struct str rest;

                store->len = 0;
                buf_add_str(store, item.frame);
                rest = buf_str(store);
                assert_int_equal(msg_decode(&rest, &found), ERR_OK);
            }
        }
    }
    outbox_clear(out, OUTBOX_NOW);
    return found;
}

static void a_greeting_is_answered_at_once(void **state)
{
    struct cluster *self = *state;
    struct buf store = {0};
    struct msg greeting = states_from(0, 5);
    struct msg ack = answer_to(self, 0, &greeting, &store);

    assert_int_equal(ack.type, MSG_TYPE_ACK);
    assert_int_equal(ack.as_ack.id, 77);
    assert_int_equal(ack.as_ack.err, ERR_OK);
    assert_int_equal(ack.as_ack.boot, replicator_of(self, 0)->publisher.at.boot);
    assert_int_equal(ack.as_ack.stamp, self->members[0].clock.at.mono_ms);
    assert_int_equal(ack.as_ack.digest.len, 16);
    buf_fini(&store);
}

static void states_for_an_earlier_run_are_stale_and_not_taken(void **state)
{
    struct cluster *self = *state;
    struct buf store = {0};
    struct msg states = states_from(4711, 5);
    struct msg ack = answer_to(self, 0, &states, &store);

    assert_int_equal(ack.as_ack.err, ERR_STALE);
    assert_int_equal(ack.as_ack.boot, replicator_of(self, 0)->publisher.at.boot);
    assert_int_equal(inbound_count(replicator_of(self, 0)), 0);
    buf_fini(&store);
}

static void clocks_that_cannot_be_are_refused(void **state)
{
    struct cluster *self = *state;
    uint64_t boot = replicator_of(self, 0)->publisher.at.boot;
    struct buf store = {0};
    const int64_t bad[][2] = {{INT64_MAX, 0}, {-1, 0}, {5, INT64_MAX}, {5, INT64_MIN}};

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct msg states = states_from(boot, 5);
        struct msg ack;

        states.as_states.echo = bad[i][0];
        states.as_states.held_ms = bad[i][1];
        ack = answer_to(self, 0, &states, &store);
        assert_int_equal(ack.as_ack.err, ERR_INVALID);
    }
    buf_fini(&store);
}

static void two_nodes_of_one_name_are_told(void **state)
{
    struct cluster *self = *state;
    struct buf store = {0};
    struct msg states = states_from(0, 5);
    struct msg ack;

    states.as_states.node = STR("n0");
    ack = answer_to(self, 0, &states, &store);
    assert_int_equal(ack.as_ack.err, ERR_CONFLICT);
    assert_true(ack.as_ack.text.len > 0);
    buf_fini(&store);
}

static void nothing_is_acknowledged_before_the_registry_has_it(void **state)
{
    struct cluster *self = *state;
    uint64_t acks;

    cluster_run(self, 20); /* behind the tick, which is acknowledged at once if it brings nothing */
    acks = self->sent[1][MSG_TYPE_ACK];
    self->members[1].deaf = true;
    cluster_register(self, 0, "h1");
    cluster_run(self, 500);
    assert_int_equal(inbound_count(replicator_of(self, 1)), 1);
    assert_int_equal(self->sent[1][MSG_TYPE_ACK], acks);
    self->members[1].deaf = false;
    cluster_run(self, 10);
    assert_true(self->sent[1][MSG_TYPE_ACK] > acks);
    assert_int_equal(inbound_count(replicator_of(self, 1)), 0);
    assert_true(cluster_live(self, 1, "h1"));
}

static void what_the_registry_never_answers_is_not_acknowledged(void **state)
{
    struct cluster *self = *state;
    const struct replicator *other = replicator_of(self, 1);
    uint64_t failed = other->counters.inbound_failed;

    cluster_run(self, 20);
    self->members[1].deaf = true;
    cluster_register(self, 0, "h1");
    cluster_run(self, 4000);
    assert_true(other->counters.inbound_failed > failed);
    self->members[1].deaf = false;
    cluster_run(self, 20000);
    assert_true(cluster_live(self, 1, "h1"));
    assert_true(cluster_equal(self));
}

static void a_hung_peer_costs_a_bounded_queue_and_is_repaired(void **state)
{
    struct cluster *self = *state;
    struct peer *peer = cluster_peer(self, 0, 1);
    uint64_t most = 0;

    self->members[1].hung = true;
    for (unsigned i = 0; i < 2000; i++) {
        char name[16];

        cluster_register(self, 0, node_host_name(i, name));
        cluster_run(self, 4);
        assert_true(peer->link.under_way <= link_window);
        most = link_queued(&peer->link) > most ? link_queued(&peer->link) : most;
        if (i == 1500) {
            assert_int_equal(peer->link.state, LINK_GREETING);
            assert_int_equal(link_queued(&peer->link), 0); /* thrown away */
        }
    }
    assert_true(most > 0 && most <= link_queue_bytes);
    assert_int_equal(peer->status, NODE_LOST);
    assert_true(replicator_of(self, 0)->counters.records_dropped > 0);
    assert_true(inflight_count(replicator_of(self, 0)->inflight) < 64);
    self->members[1].hung = false;
    cluster_run(self, 8000);
    assert_true(cluster_up(self, 0, 1));
    assert_true(cluster_equal(self));
    assert_true(cluster_live(self, 1, "h1999") || cluster_live_count(self, 1) == 2002);
}

static void an_overfull_queue_is_thrown_away(void **state)
{
    struct cluster *self = *state;
    struct replicator *replicator = replicator_of(self, 0);
    struct peer *peer = cluster_peer(self, 0, 1);
    char *block = calloc(1, 1 << 20);

    assert_non_null(block);
    for (unsigned i = 0; i < 4; i++) {
        link_queue(replicator, peer, (struct str){block, 1 << 20}, 0);
    }
    assert_int_equal(link_queued(&peer->link), link_queue_bytes);
    link_queue(replicator, peer, (struct str){block, 1}, 0);
    assert_int_equal(link_queued(&peer->link), 0);
    assert_int_equal(replicator->counters.records_dropped, 5);
    assert_int_equal(replicator->queue_bytes_max, link_queue_bytes);
    free(block);
}

static void a_restarted_peer_is_linked_again_at_once(void **state)
{
    struct cluster *self = *state;

    cluster_kill_replicator(self, 1);
    cluster_run(self, 300);
    cluster_start_replicator(self, 1);
    cluster_run(self, 4000);
    assert_true(cluster_up(self, 0, 1));
    assert_true(cluster_up(self, 1, 0));
    cluster_register(self, 1, "h1");
    cluster_run(self, 10);
    assert_true(cluster_live(self, 0, "h1"));
}

static void what_a_peer_wants_is_sent(void **state)
{
    struct cluster *self = *state;
    uint64_t sent;

    cluster_cut(self, 0, 1, true);
    cluster_register(self, 0, "h1");
    cluster_run(self, 200); /* the record is lost on its way */
    cluster_cut(self, 0, 1, false);
    sent = replicator_of(self, 0)->counters.records_sent;
    cluster_renew(self, 0, "h1");
    cluster_run(self, 1100); /* one tick: no walk yet */
    assert_true(cluster_live(self, 1, "h1"));
    assert_true(replicator_of(self, 0)->counters.records_sent > sent);
}

static void what_is_newer_there_comes_back(void **state)
{
    struct cluster *self = *state;

    cluster_register(self, 0, "h1");
    cluster_run(self, 20);
    self->cut[1][0] = true; /* 1 has a newer state that 0 does not hear of */
    cluster_cancel(self, 1, "h1");
    cluster_run(self, 100);
    self->cut[1][0] = false;
    assert_true(cluster_live(self, 0, "h1"));
    cluster_renew(self, 0, "h1");
    cluster_run(self, 1100);
    assert_false(cluster_live(self, 0, "h1"));
}

static void after_a_standstill_what_was_heard_is_as_old_as_it(void **state)
{
    struct cluster *self = *state;
    struct msg msg;

    cluster_register(self, 0, "h1");
    cluster_run(self, 1500);
    cluster_renew(self, 0, "h1");
    self->members[0].hung = true;
    cluster_run(self, 20000);
    self->members[0].hung = false;
    self->watched_type = MSG_TYPE_STATES;
    cluster_run(self, 5);
    assert_int_equal(replicator_of(self, 0)->lag_ms > 15000, 1);
    msg = last_states(self);
    assert_true(msg.as_states.to_boot == 0 || msg.as_states.held_ms < 5000);
    cluster_run(self, 4000);
    assert_int_equal(replicator_of(self, 0)->lag_ms, 0);
    assert_true(cluster_up(self, 0, 1) && cluster_up(self, 1, 0));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_two, teardown)
    const struct CMUnitTest tests[] = {
        TEST(two_nodes_find_each_other_over_http_and_greet),
        TEST(a_heartbeat_that_was_overtaken_changes_nothing),
        TEST(a_change_is_there_within_milliseconds),
        TEST(what_changes_while_a_node_is_greeted_is_there_with_the_link),
        TEST(of_much_that_changes_while_a_node_is_greeted_the_last_is_looked_up),
        TEST(what_changed_long_before_a_node_answers_is_left_to_the_digests),
        TEST(heartbeats_go_in_one_message_a_tick),
        TEST(a_heartbeat_at_one_node_keeps_it_alive_at_the_other),
        TEST(ages_grow_by_the_time_on_the_way),
        TEST(what_comes_out_of_the_history_is_as_old_as_it_is),
        TEST(what_waited_here_is_told_as_so_much_older),
        TEST(a_greeting_is_answered_at_once),
        TEST(states_for_an_earlier_run_are_stale_and_not_taken),
        TEST(clocks_that_cannot_be_are_refused),
        TEST(two_nodes_of_one_name_are_told),
        TEST(nothing_is_acknowledged_before_the_registry_has_it),
        TEST(a_hung_peer_costs_a_bounded_queue_and_is_repaired),
        TEST(what_the_registry_never_answers_is_not_acknowledged),
        TEST(an_overfull_queue_is_thrown_away),
        TEST(a_restarted_peer_is_linked_again_at_once),
        TEST(what_a_peer_wants_is_sent),
        TEST(what_is_newer_there_comes_back),
        TEST(after_a_standstill_what_was_heard_is_as_old_as_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
