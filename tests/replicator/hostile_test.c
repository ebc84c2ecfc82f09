/* Nodes that are broken or mean ill: whatever they send or answer, this one goes on, and nothing of
 * theirs grows without end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "actors/replicator/last_heard.h"
#include "actors/replicator/link.h"
#include "actors/replicator/relay.h"
#include "tests/replicator/cluster.h"
#include "tests/replicator/garbage.h"

static int setup(void **state)
{
    *state = cluster_linked("aa", 1);
    return 0;
}

static int teardown(void **state)
{
    cluster_destroy((struct cluster **)state);
    return 0;
}

static struct replicator *replicator_of(struct cluster *self)
{
    return self->members[0].replicator;
}

/* From now on the other node is what the test makes of it. */
static struct peer *take_over(struct cluster *self)
{
    self->members[1].hung = true;
    return cluster_peer(self, 0, 1);
}

static struct msg states_of(struct cluster *self, uint64_t id)
{
    struct msg msg = {.type = MSG_TYPE_STATES};

    msg.as_states = (struct msg_states){.id = id,
                                        .node = STR("stranger"),
                                        .zone = STR("zonea"),
                                        .boot = 1234,
                                        .to_boot = replicator_of(self)->publisher.at.boot,
                                        .echo = self->members[0].clock.at.mono_ms};
    return msg;
}

static void answer(struct cluster *self, const struct msg *msg)
{
    struct replicator *replicator = replicator_of(self);

    replicator_spec.peer_answer(replicator, peers_number(replicator, cluster_peer(self, 0, 1)), msg,
                                &self->members[0].clock.at, self->members[0].out);
    self->members[0].due = true;
}

/* Answers what the peer was asked since id. */
static unsigned answer_since(struct cluster *self, uint64_t since, struct msg *msg)
{
    struct replicator *replicator = replicator_of(self);
    uint32_t number = peers_number(replicator, cluster_peer(self, 0, 1));
    uint64_t last = replicator->last_id;
    unsigned count = 0;

    for (uint64_t id = since + 1; id <= last; id++) {
        if (inflight_of(replicator->inflight, id, ASK_PEER, number)) {
            garbage_set_id(msg, id);
            answer(self, msg);
            count++;
        }
    }
    return count;
}

static struct msg ack_of(struct cluster *self, enum err err)
{
    struct msg msg = {.type = MSG_TYPE_ACK};

    msg.as_ack =
        (struct msg_ack){.err = err, .boot = 4711, .stamp = self->members[0].clock.at.mono_ms};
    return msg;
}

/* ── through the door ───────────────────────────────────────────────────────*/

static void one_node_takes_no_more_than_its_part_of_the_places(void **state)
{
    struct cluster *self = *state;
    struct buf heartbeats = {0};

    self->members[0].deaf = true;
    memset(buf_reserve(&heartbeats, heartbeat_bytes), 0, heartbeat_bytes);
    heartbeats.len = heartbeat_bytes;
    for (uint64_t i = 1; i <= 1000; i++) {
        struct msg states = states_of(self, i);

        states.as_states.heartbeats = buf_str(&heartbeats);
        cluster_knock(self, 0, 1, &states);
    }
    assert_int_equal(inbound_count(replicator_of(self)), inbound_max / 2);
    for (uint64_t i = 1; i <= 1000; i++) {
        struct msg states = states_of(self, i);

        states.as_states.heartbeats = buf_str(&heartbeats);
        cluster_knock(self, 0, 0, &states);
    }
    assert_int_equal(inbound_count(replicator_of(self)), inbound_max / 2 + inbound_each);
    buf_fini(&heartbeats);
}

static void what_waits_for_the_registry_is_bounded_in_bytes(void **state)
{
    struct cluster *self = *state;
    const size_t len = (size_t)states_heartbeats_bytes_max / heartbeat_bytes * heartbeat_bytes;
    char *heartbeats = calloc(1, len);

    self->members[0].deaf = true;
    for (uint64_t i = 1; i <= 20; i++) {
        struct msg states = states_of(self, i);

        states.as_states.heartbeats = (struct str){heartbeats, len};
        cluster_knock(self, 0, 1, &states);
        cluster_run(self, 1);
    }
    assert_int_equal(inbound_count(replicator_of(self)), 16);
    cluster_run(self, 4000);
    assert_int_equal(inbound_count(replicator_of(self)), 0);
    free(heartbeats);
}

/* Sent with a key of which this is the beginning; whether it was refused. */
static bool is_refused(struct cluster *self, const struct msg *states, const char *key)
{
    struct replicator *replicator = replicator_of(self);
    struct address from = {.len = 4, .door = true};
    uint64_t before = replicator->counters.inbound_refused;

    memcpy(from.key, key, sizeof(from.key));
    inbound_states(replicator, &from, states, &self->members[0].clock.at, self->members[0].out);
    return replicator->counters.inbound_refused > before;
}

static void who_has_another_key_than_the_node_it_says_to_be_is_refused(void **state)
{
    static const char ours[] = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7";
    static const char anothers[] = "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID";
    static const char none[address_key_chars];
    struct cluster *self = *state;
    struct replicator *replicator = replicator_of(self);
    struct peer *peer = take_over(self);
    struct msg states = states_of(self, 1);
    struct curve_allowed allowed[2] = {{.name = "b"}, {.name = "c"}};
    struct curve_keys known = {.allowed = allowed, .allowed_count = 2};

    memcpy(allowed[0].public_key, ours, sizeof(ours));
    memcpy(allowed[1].public_key, anothers, sizeof(anothers));
    replicator->own_instance.options.known = &known;
    peer->key.len = 0;
    buf_add_str(&peer->key, str_from(ours));
    states.as_states.node = buf_str(&peer->name);
    states.as_states.zone = buf_str(&peer->zone);
    assert_false(is_refused(self, &states, ours));
    assert_true(is_refused(self, &states, anothers));
    assert_false(is_refused(self, &states, none)); /* by the ipc door, of the same user */
    known.allowed_count = 0; /* its key has been replaced since: it binds nobody */
    assert_false(is_refused(self, &states, anothers));
    replicator->own_instance.options.known = NULL;
}

static void too_much_at_once_is_refused_and_costs_nothing(void **state)
{
    struct cluster *self = *state;
    struct replicator *replicator = replicator_of(self);
    struct msg record = {.type = (enum msg_type)120};
    struct msg states = states_of(self, 1);
    struct msg lookup = {.type = MSG_TYPE_LOOKUP};
    struct buf store = {0};
    uint64_t refused = replicator->counters.inbound_refused;
    uint32_t asks = inflight_count(replicator->inflight);
    static const char keys[question_bytes_max + key_bytes];

    for (uint32_t i = 0; i <= states_records_max; i++) {
        msg_list_add(&states.as_states.records, &store, &record);
    }
    cluster_knock(self, 0, 1, &states);
    assert_int_equal(replicator->counters.inbound_refused, refused + 1);
    lookup.as_lookup.id = 5;
    lookup.as_lookup.keys = (struct str){keys, sizeof(keys)};
    cluster_knock(self, 0, 1, &lookup);
    assert_int_equal(replicator->counters.relays_refused, 1);
    assert_int_equal(replicator->relays, 0);
    assert_int_equal(inflight_count(replicator->inflight), asks);
    buf_fini(&store);
}

static void a_flood_of_greetings_is_not_greeted_back_one_by_one(void **state)
{
    struct cluster *self = *state;
    struct replicator *replicator = replicator_of(self);
    struct peer *peer = take_over(self);

    link_lose(replicator, peer, "by the test", &self->members[0].clock.at);
    for (uint64_t i = 1; i <= 5000; i++) {
        struct msg greeting = states_of(self, i);

        greeting.as_states.to_boot = 0;
        greeting.as_states.node = STR("n1");
        cluster_knock(self, 0, 1, &greeting);
    }
    assert_int_equal(peer->link.state, LINK_GREETING);
    assert_int_equal(peer->link.greetings, link_greetings);
    cluster_run(self, 4000);
    assert_in_range(peer->link.greetings, 1, link_greetings);
}

static void two_who_say_to_be_one_node_do_not_make_its_link_flap(void **state)
{
    struct cluster *self = *state;
    struct replicator *replicator = replicator_of(self);
    uint64_t greetings = replicator->counters.greetings_sent;

    for (uint64_t i = 1; i <= 3000; i++) {
        struct msg states = states_of(self, i);

        states.as_states.node = STR("n1");
        states.as_states.boot = 1000 + i;
        cluster_knock(self, 0, 1, &states);
        cluster_run(self, 1);
    }
    assert_in_range(replicator->counters.greetings_sent - greetings, 1, 20);
}

/* ── answers ────────────────────────────────────────────────────────────────*/

static void a_peer_that_always_says_stale_is_greeted_once_a_tick(void **state)
{
    struct cluster *self = *state;
    struct replicator *replicator = replicator_of(self);
    uint64_t since = replicator->last_id;
    uint64_t greetings = replicator->counters.greetings_sent;
    struct peer *peer = take_over(self);

    for (unsigned ms = 0; ms < 5000; ms++) {
        struct msg ack = ack_of(self, peer->link.state == LINK_GREETING ? ERR_OK : ERR_STALE);
        uint64_t last = replicator->last_id;

        answer_since(self, since, &ack);
        since = last;
        cluster_run(self, 1);
    }
    assert_true(replicator->counters.stale_links > 1);
    assert_in_range(replicator->counters.greetings_sent - greetings, 2, 20);
}

static void a_peer_that_wants_what_it_has_just_got_does_not_get_it_again(void **state)
{
    struct cluster *self = *state;
    struct replicator *replicator = replicator_of(self);
    uint64_t since = replicator->last_id;
    struct peer *peer = take_over(self);
    struct buf key = {0};
    uint64_t sent;

    key_pack(&key, identity_key(&replicator->own_instance.id));
    cluster_register(self, 0, "h1");
    sent = replicator->counters.records_sent;
    for (unsigned ms = 0; ms < 3000; ms++) {
        struct msg ack = ack_of(self, ERR_OK);
        uint64_t last = replicator->last_id;

        ack.as_ack.boot = peer->link.to_boot;
        ack.as_ack.want = buf_str(&key);
        answer_since(self, since, &ack);
        since = last;
        cluster_run(self, 1);
    }
    /* the tick's heartbeats it may not know */
    assert_in_range(replicator->counters.records_sent - sent, 1, 8);
    buf_fini(&key);
}

static void a_stamp_that_no_clock_had_is_forgotten_when_it_is_refused(void **state)
{
    struct cluster *self = *state;
    struct msg states = states_of(self, 1);
    struct peer *peer = cluster_peer(self, 0, 1);

    states.as_states.node = STR("n1");
    states.as_states.boot = peer->link.to_boot;
    states.as_states.stamp = INT64_MAX;
    cluster_knock(self, 0, 1, &states);
    assert_true(peer->link.stamp == INT64_MAX);
    cluster_run(self, 2100);
    assert_true(peer->link.stamp < INT64_MAX);
    assert_false(peer->link.refused);
}

static void ages_nobody_asked_for_are_not_taken(void **state)
{
    struct cluster *self = *state;
    struct replicator *replicator = replicator_of(self);
    struct peer *peer = take_over(self);
    struct ask ask = replicator_ask_for(replicator, ASK_AGES, peer);
    struct msg found = {.type = MSG_TYPE_FOUND};
    uint32_t asks = inflight_count(replicator->inflight);
    char heartbeats[2 * heartbeat_bytes] = {0};

    found.as_found.done = UINT32_MAX;
    found.as_found.heartbeats = (struct str){heartbeats, sizeof(heartbeats)};
    buf_add(&ask.keys, heartbeats, key_bytes);
    last_heard_on_found(replicator, &ask, &found, &self->members[0].clock.at, self->members[0].out);
    assert_int_equal(inflight_count(replicator->inflight), asks);
    found.as_found.heartbeats.len = heartbeat_bytes;
    last_heard_on_found(replicator, &ask, &found, &self->members[0].clock.at, self->members[0].out);
    assert_int_equal(inflight_count(replicator->inflight), asks + 1);
    buf_fini(&ask.keys);
}

/* Node 0 takes node 1's snapshot, which the test gives it. */
static struct cluster *taking_a_snapshot(void)
{
    struct cluster *self = cluster_new("aa", 1);
    struct replicator *replicator;

    cluster_start(self, 1);
    cluster_run(self, 3000);
    cluster_start(self, 0);
    replicator = replicator_of(self);
    self->members[0].registry.actor->protection.on = true;
    for (unsigned ms = 0; ms < 8000 && replicator->sync.state != SYNC_SNAPSHOT; ms++) {
        cluster_run(self, 1);
    }
    assert_int_equal(replicator->sync.state, SYNC_SNAPSHOT);
    (void)take_over(self);
    return self;
}

static void a_snapshot_that_goes_round_is_given_up(void **state)
{
    struct cluster *self = taking_a_snapshot();
    struct replicator *replicator = replicator_of(self);
    struct msg chunk = {.type = MSG_TYPE_CHUNK};

    (void)state;
    chunk.as_chunk.next = 7;
    answer_since(self, 0, &chunk);
    assert_int_equal(replicator->sync.state, SYNC_SNAPSHOT);
    assert_int_equal(replicator->sync.cursor, 7);
    cluster_run(self, 1);
    answer_since(self, 0, &chunk); /* the same again */
    assert_int_equal(replicator->sync.state, SYNC_CHOOSE);
    cluster_destroy(&self);
}

static void a_snapshot_without_an_end_is_given_up(void **state)
{
    struct cluster *self = taking_a_snapshot();
    struct replicator *replicator = replicator_of(self);

    (void)state;
    replicator->sync.partner_ms -= 600000;
    cluster_run(self, 2);
    assert_int_equal(replicator->sync.state, SYNC_CHOOSE);
    cluster_destroy(&self);
}

/* ── a turn that is full ────────────────────────────────────────────────────*/

static void a_way_that_a_full_turn_had_no_room_for_is_opened_later(void **state)
{
    struct cluster *self = *state;
    struct member *member = &self->members[0];
    struct peer *peer = cluster_peer(self, 0, 1);
    static const char ballast[frame_max / 2];
    const struct address nobody = {.len = 1};
    struct msg found = {.type = MSG_TYPE_FOUND};

    found.as_found.heartbeats = (struct str){ballast, sizeof(ballast)};
    while (outbox_reply(member->out, OUTBOX_NOW, &nobody, &found) == ERR_OK) {
    }
    found.as_found.heartbeats.len = 1;
    while (outbox_reply(member->out, OUTBOX_NOW, &nobody, &found) == ERR_OK) {
    }
    peer->moved = true;
    member->replicator->members.changed = true;
    members_step(member->replicator, &member->clock.at, member->out);
    assert_false(peer->link.opened);
    cluster_run(self, 1100);
    assert_true(peer->link.opened);
    assert_true(cluster_up(self, 0, 1));
}

/* ── everything at once ─────────────────────────────────────────────────────*/

static void assert_bounded(struct cluster *self)
{
    struct replicator *replicator = replicator_of(self);

    assert_true(inflight_count(replicator->inflight) <= inflight_max / 2);
    assert_true(inbound_count(replicator) <= inbound_max);
    assert_true(replicator->relays <= relays_max);
    for (struct peer *peer = NULL; (peer = peers_next(replicator, peer)) != NULL;) {
        assert_true(link_queued(&peer->link) <= link_queue_bytes);
        assert_true(peer->link.want.len <= want_bytes_max);
        assert_true(peer->link.under_way <= link_window);
        assert_true(peer->walk.keys.len <= (size_t)1 << 20);
    }
}

static void garbage_of_every_type_neither_crashes_nor_piles_up(void **state)
{
    struct cluster *self = *state;
    struct replicator *replicator = replicator_of(self);
    struct garbage garbage;
    uint64_t since = 0;

    garbage_init(&garbage, 7);
    (void)take_over(self);
    cluster_register(self, 0, "h1");
    for (unsigned round = 0; round < 3000; round++) {
        struct msg msg = garbage_msg(&garbage, garbage_type(&garbage));
        struct msg good = ack_of(self, ERR_OK);

        cluster_knock(self, 0, garbage_below(&garbage, 2), &msg);
        if (round % 8 == 0) { /* else no link comes up */
            answer_since(self, since, &good);
        }
        msg = garbage_msg(&garbage, garbage_type(&garbage));
        answer_since(self, since, &msg);
        since = replicator->last_id > 200 ? replicator->last_id - 200 : 0;
        cluster_run(self, garbage_below(&garbage, 8));
        assert_bounded(self);
    }
    cluster_run(self, 8000);
    assert_int_equal(replicator->relays, 0);
    assert_int_equal(inbound_count(replicator), 0);
    assert_true(cluster_live(self, 0, "h1"));
    garbage_fini(&garbage);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(one_node_takes_no_more_than_its_part_of_the_places),
        TEST(what_waits_for_the_registry_is_bounded_in_bytes),
        TEST(who_has_another_key_than_the_node_it_says_to_be_is_refused),
        TEST(too_much_at_once_is_refused_and_costs_nothing),
        TEST(a_flood_of_greetings_is_not_greeted_back_one_by_one),
        TEST(two_who_say_to_be_one_node_do_not_make_its_link_flap),
        TEST(a_peer_that_always_says_stale_is_greeted_once_a_tick),
        TEST(a_peer_that_wants_what_it_has_just_got_does_not_get_it_again),
        TEST(a_stamp_that_no_clock_had_is_forgotten_when_it_is_refused),
        TEST(ages_nobody_asked_for_are_not_taken),
        cmocka_unit_test(a_snapshot_that_goes_round_is_given_up),
        cmocka_unit_test(a_snapshot_without_an_end_is_given_up),
        TEST(a_way_that_a_full_turn_had_no_room_for_is_opened_later),
        TEST(garbage_of_every_type_neither_crashes_nor_piles_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
