#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "actors/replicator/relay.h"
#include "actors/replicator/repair.h"
#include "tests/replicator/cluster.h"

static struct replicator *replicator_of(struct cluster *self, unsigned member)
{
    return self->members[member].replicator;
}

static void register_many(struct cluster *self, unsigned member, uint32_t first, uint32_t count)
{
    node_register_many(&self->members[member].registry, first, count);
}

/* At member while nobody hears of it. */
static void register_apart(struct cluster *self, unsigned member, uint32_t first, uint32_t count)
{
    cluster_cut(self, 0, 1, true);
    register_many(self, member, first, count);
    cluster_run(self, 5000);
    cluster_cut(self, 0, 1, false);
}

/* ── walks ──────────────────────────────────────────────────────────────────*/

static void what_both_lack_is_fetched_and_then_the_walks_end(void **state)
{
    struct cluster *self = cluster_linked("aa", 1);
    uint64_t walks;

    (void)state;
    register_many(self, 0, 0, 400);
    cluster_run(self, 100);
    register_apart(self, 0, 400, 300);
    register_apart(self, 1, 700, 600);
    cluster_run(self, 6000);
    assert_true(cluster_equal(self));
    assert_int_equal(cluster_live_count(self, 0), 1302);
    assert_int_equal(cluster_live_count(self, 1), 1302);
    assert_in_range(replicator_of(self, 0)->counters.pulled, 600, 700); /* not what is there */
    walks = replicator_of(self, 0)->counters.walks;
    cluster_run(self, 10000);
    assert_int_equal(replicator_of(self, 0)->counters.walks, walks);
    cluster_destroy(&self);
}

/* Roots that are told at other moments than ours hardly ever agree then. */
static void under_steady_writes_they_hold_the_same(void **state)
{
    enum { seconds = 30 };
    struct cluster *self = cluster_linked("aa", 1);
    unsigned equal = 0;

    (void)state;
    self->delay_ms[0][1] = self->delay_ms[1][0] = 150;
    for (uint32_t i = 0; i < seconds * 20; i++) {
        struct peer *peer;

        register_many(self, i % 2, 1000 + i, 1);
        cluster_run(self, 50);
        peer = cluster_peer(self, 0, 1);
        equal += i % 20 == 0 && peer != NULL && repair_is_equal(replicator_of(self, 0), peer);
    }
    assert_in_range(equal, seconds - 6, seconds);
    assert_int_equal(replicator_of(self, 0)->counters.pulled, 0);
    cluster_destroy(&self);
}

static void a_cancel_that_was_missed_is_fetched_too(void **state)
{
    struct cluster *self = cluster_linked("aa", 1);

    (void)state;
    cluster_register(self, 0, "h1");
    cluster_run(self, 100);
    cluster_cut(self, 0, 1, true);
    cluster_cancel(self, 0, "h1");
    cluster_run(self, 6000);
    assert_true(cluster_live(self, 1, "h1"));
    cluster_cut(self, 0, 1, false);
    cluster_run(self, 5000);
    assert_false(cluster_live(self, 1, "h1"));
    assert_true(cluster_equal(self));
    cluster_destroy(&self);
}

static void a_walk_with_a_dying_peer_ends(void **state)
{
    struct cluster *self = cluster_linked("aa", 1);
    struct peer *peer = cluster_peer(self, 0, 1);

    (void)state;
    self->delay_ms[1][0] = 20; /* so that a walk takes its time */
    register_apart(self, 1, 0, 500);
    for (int ms = 0; ms < 5000 && peer->walk.state != WALK_LOOKUP; ms++) {
        cluster_run(self, 1);
    }
    assert_int_equal(peer->walk.state, WALK_LOOKUP);
    cluster_kill_replicator(self, 1);
    self->members[1].http_dead = true;
    cluster_run(self, 8000);
    assert_int_equal(peer->walk.state, WALK_IDLE);
    assert_int_equal(peer->link.state, LINK_GREETING);
    assert_true(replicator_of(self, 0)->counters.walks_cut > 0);
    assert_true(inflight_count(replicator_of(self, 0)->inflight) < 16);
    self->members[1].http_dead = false;
    cluster_start_replicator(self, 1);
    cluster_run(self, 8000);
    assert_true(cluster_equal(self));
    cluster_destroy(&self);
}

/* Lets member 0 begin a walk with member 1, and answers its first question with nonsense. */
static void answer_nonsense(struct cluster *self)
{
    struct replicator *replicator = replicator_of(self, 0);
    struct peer *peer = cluster_peer(self, 0, 1);
    struct msg sums = {.type = MSG_TYPE_SUMS};

    self->members[1].hung = true;
    peer->link.root.bytes[0] ^= 1;
    for (int ms = 0; ms < 3000 && peer->walk.state != WALK_BRANCHES; ms++) {
        cluster_run(self, 1);
    }
    assert_int_equal(peer->walk.state, WALK_BRANCHES);
    sums.as_sums.sums = STR("short");
    for (uint64_t id = replicator->last_id; id > replicator->last_id - 8; id--) {
        sums.as_sums.id = id;
        if (inflight_of(replicator->inflight, id, ASK_PEER, peers_number(replicator, peer))) {
            replicator_spec.peer_answer(replicator, peers_number(replicator, peer), &sums,
                                        &self->members[0].clock.at, self->members[0].out);
        }
    }
    assert_int_equal(peer->walk.state, WALK_IDLE);
}

static void a_peer_that_answers_nonsense_ends_a_walk(void **state)
{
    struct cluster *self = cluster_linked("aa", 1);

    (void)state;
    answer_nonsense(self);
    assert_int_equal(replicator_of(self, 0)->counters.walks_cut, 1);
    cluster_destroy(&self);
}

static unsigned lines_with(int fd, const char *what)
{
    static char text[65536];
    ssize_t len = pread(fd, text, sizeof(text) - 1, 0);
    unsigned count = 0;

    assert_true(len >= 0);
    text[len] = 0;
    for (const char *at = text; (at = strstr(at, what)) != NULL; at++) {
        count++;
    }
    return count;
}

static void a_walk_that_is_cut_twice_at_one_place_is_said_once(void **state)
{
    struct cluster *self = cluster_linked("aa", 1);
    FILE *file = tmpfile();
    struct log log;

    (void)state;
    assert_non_null(file);
    log_init(&log, "replicator", fileno(file), &self->members[0].clock.clock);
    replicator_of(self, 0)->log = &log;
    for (unsigned times = 1; times <= 3; times++) {
        answer_nonsense(self);
        assert_int_equal(lines_with(fileno(file), "walk_cut"), times > 1);
        self->members[1].hung = false;
        cluster_run(self, 1500);
    }
    register_apart(self, 1, 0, 10); /* one that goes through */
    cluster_run(self, 8000);
    assert_true(cluster_equal(self));
    answer_nonsense(self);
    assert_int_equal(lines_with(fileno(file), "walk_cut"), 1);
    replicator_of(self, 0)->log = NULL;
    (void)fclose(file);
    cluster_destroy(&self);
}

/* ── the same stamp, other content ──────────────────────────────────────────*/

static void say(struct cluster *self, unsigned member, const char *hostname, const char *version)
{
    struct node *node = &self->members[member].registry;
    struct msg command = node_register(node, hostname);

    command.as_register.dirty_timestamp = 1600000000000000000;
    command.as_register.version = str_from(version);
    node_give(node, &command);
    cluster_run(self, 100);
}

static struct instance held_at(const struct cluster *self, unsigned member, const char *hostname)
{
    const struct registry *registry = self->members[member].registry.actor->registry;
    struct identity id = {STR("dev"), STR("app"), STR("sh001"), str_from(hostname)};
    uint32_t slot = registry_find(registry, identity_key(&id));
    struct instance instance;

    assert_int_not_equal(slot, REGISTRY_NONE);
    registry_instance(registry, slot, &instance);
    return instance;
}

static void what_was_said_last_with_the_same_dirty_is_held_by_all(void **state)
{
    struct cluster *self = cluster_linked("aa", 1);

    (void)state;
    for (uint32_t host = 0; host < 8; host++) {
        char name[16];

        say(self, 0, node_host_name(host, name), "1");
        say(self, 1, name, "2");
        assert_true(str_eq(STR("2"), held_at(self, 0, name).version));
        assert_true(str_eq(STR("2"), held_at(self, 1, name).version));
    }
    cluster_run(self, 2000);
    assert_true(cluster_equal(self));
    cluster_destroy(&self);
}

/* ── names that were chosen ─────────────────────────────────────────────────*/

enum { chosen_count = 8200, chosen_leaf = 7 };

static void add_name(struct buf *to, struct str name)
{
    for (int shift = 24; shift >= 0; shift -= 8) {
        buf_add_char(to, (char)(name.len >> shift & 0xff));
    }
    buf_add_str(to, name);
}

/* The leaf is the first bits of a hash that every node has to make the same: whoever tries long
 * enough finds names that all are in one. */
static void register_chosen(struct node *node)
{
    struct identity id = {STR("dev"), STR("app"), STR("sh001"), {0}};
    struct buf bytes = {0};
    unsigned count = 0;
    char name[16];

    add_name(&bytes, id.env);
    add_name(&bytes, id.appid);
    add_name(&bytes, id.zone);
    id.hostname = STR("host-000000000");
    add_name(&bytes, id.hostname);
    while (count < chosen_count) {
        struct msg command;

        for (size_t at = bytes.len - 1; ++bytes.data[at] > '9'; at--) {
            bytes.data[at] = '0'; /* the next number */
        }
        if (hash128(bytes.data, bytes.len).hi >> 52 != chosen_leaf) {
            continue;
        }
        (void)snprintf(name, sizeof(name), "%.*s", (int)id.hostname.len,
                       bytes.data + bytes.len - id.hostname.len);
        id.hostname = str_from(name);
        command = node_register(node, name);
        assert_int_equal(identity_key(&id).hi >> 52, chosen_leaf);
        node_give(node, &command);
        if (++count % 500 == 0) {
            node_turn(node);
        }
    }
    node_turn(node);
    buf_fini(&bytes);
}

static void a_leaf_of_chosen_names_keeps_nobody_apart(void **state)
{
    struct cluster *self = cluster_linked("aa", 1);
    const struct peer *peer = cluster_peer(self, 0, 1);

    (void)state;
    cluster_cut(self, 0, 1, true);
    cluster_cut(self, 1, 0, true);
    register_chosen(&self->members[1].registry);
    cluster_run(self, 5000);
    register_many(self, 0, 0, 500);
    register_many(self, 1, 500, 500);
    cluster_run(self, 1000);
    cluster_cut(self, 0, 1, false);
    cluster_cut(self, 1, 0, false);
    cluster_run(self, 15000);
    assert_int_equal(cluster_live_count(self, 0), chosen_count + 1000 + 2);
    assert_true(cluster_equal(self));
    assert_int_equal(replicator_of(self, 0)->counters.walks_cut, 0);
    assert_int_equal(peer->walk.entries.len, 0);
    cluster_destroy(&self);
}

/* ── second-hand ages ───────────────────────────────────────────────────────*/

static void a_broken_link_between_two_that_both_reach_a_third_lets_nobody_grow_old(void **state)
{
    struct cluster *self = cluster_linked("aaa", 1);
    struct identity id = {STR("dev"), STR("app"), STR("zonea"), STR("h1")};
    struct registry_actor *there = self->members[2].registry.actor;
    int64_t oldest = 0;

    (void)state;
    cluster_register(self, 0, "h1");
    cluster_run(self, 100);
    cluster_cut(self, 0, 2, true);
    for (int i = 0; i < 8; i++) {
        uint32_t slot;
        int64_t age;

        cluster_run(self, 30000);
        cluster_renew(self, 0, "h1");
        slot = registry_find(there->registry, identity_key(&id));
        assert_int_not_equal(slot, REGISTRY_NONE);
        age = ages_of(there->heartbeats, slot, there->awake.ms);
        oldest = age > oldest ? age : oldest;
    }
    assert_true(oldest < 90000);
    assert_true(replicator_of(self, 2)->counters.ages_asked > 0);
    cluster_destroy(&self);
}

/* ── the start ──────────────────────────────────────────────────────────────*/

static void an_empty_node_takes_a_snapshot(void **state)
{
    struct cluster *self = cluster_new("aa", 1);

    (void)state;
    cluster_start(self, 0);
    cluster_run(self, 3000);
    register_many(self, 0, 0, 3000);
    cluster_start(self, 1);
    cluster_run(self, 4000);
    assert_int_equal(replicator_of(self, 1)->sync.state, SYNC_DONE);
    assert_true(str_eq(buf_str(&replicator_of(self, 1)->sync.reason), STR("in sync with n0")));
    assert_true(replicator_of(self, 1)->counters.synced_records >= 3000);
    assert_int_equal(cluster_live_count(self, 1), cluster_live_count(self, 0));
    assert_true(replicator_of(self, 1)->counters.pulled < 100);
    cluster_run(self, 3000);
    assert_true(cluster_equal(self));
    cluster_destroy(&self);
}

static void a_snapshot_that_is_cut_is_begun_again(void **state)
{
    struct cluster *self = cluster_new("aaa", 1);

    (void)state;
    cluster_start(self, 0);
    cluster_run(self, 3000);
    register_many(self, 0, 0, 3000);
    self->delay_ms[0][1] = 20;
    cluster_start(self, 1);
    for (int ms = 0; ms < 4000 && replicator_of(self, 1)->sync.cursor == 0; ms++) {
        cluster_run(self, 1);
    }
    assert_int_equal(replicator_of(self, 1)->sync.state, SYNC_SNAPSHOT);
    self->members[0].hung = true;
    cluster_run(self, 5000);
    assert_int_equal(replicator_of(self, 1)->sync.state, SYNC_CHOOSE);
    self->members[0].hung = false;
    cluster_run(self, 5000);
    assert_int_equal(replicator_of(self, 1)->sync.state, SYNC_DONE);
    assert_true(cluster_live_count(self, 1) >= 3000);
    cluster_destroy(&self);
}

static void a_node_with_data_is_in_sync_once_the_roots_agree(void **state)
{
    struct cluster *self = cluster_linked("aa", 1);

    (void)state;
    register_many(self, 0, 0, 300);
    cluster_run(self, 6000);
    cluster_kill_replicator(self, 1);
    cluster_restart_registry(self, 1, false);
    cluster_start_replicator(self, 1);
    cluster_run(self, 4000);
    assert_int_equal(replicator_of(self, 1)->sync.state, SYNC_DONE);
    assert_true(str_eq(buf_str(&replicator_of(self, 1)->sync.reason), STR("in sync with n0")));
    assert_int_equal(replicator_of(self, 1)->counters.synced_records, 0);
    cluster_destroy(&self);
}

/* So few clients' instances as there are nodes it is told of in between two ticks. */
static void a_node_with_little_data_compares_and_takes_no_snapshot(void **state)
{
    struct cluster *self = cluster_new("aaa", 1);

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        cluster_cut(self, i, 2, true);
        cluster_start(self, i);
    }
    cluster_start(self, 2);
    cluster_run(self, 3000);
    cluster_register(self, 0, "h1");
    cluster_register(self, 2, "h2");
    cluster_kill_replicator(self, 2);
    cluster_restart_registry(self, 2, false);
    cluster_start_replicator(self, 2);
    cluster_run(self, 5000);
    assert_int_not_equal(replicator_of(self, 2)->sync.state, SYNC_DONE);
    cluster_cut(self, 0, 2, false);
    cluster_cut(self, 1, 2, false);
    cluster_run(self, 15000);
    assert_int_equal(replicator_of(self, 2)->sync.state, SYNC_DONE);
    assert_int_equal(replicator_of(self, 2)->counters.synced_records, 0);
    assert_true(cluster_live(self, 2, "h1"));
    assert_true(cluster_equal(self));
    cluster_destroy(&self);
}

/* It has not been heard yet of what the registry holds: that is not nothing. */
static void a_standstill_before_the_first_tick_makes_no_node_empty(void **state)
{
    struct cluster *self = cluster_linked("aa", 1);
    struct member *member = &self->members[1];

    (void)state;
    register_many(self, 0, 0, 300);
    cluster_run(self, 6000);
    cluster_kill_replicator(self, 1);
    cluster_restart_registry(self, 1, false);
    cluster_start_replicator(self, 1);
    cluster_run(self, 5);
    member->hung = true;
    cluster_run(self, 3300);
    member->hung = false;
    member->untold = true; /* of ticks none has waited for it */
    cluster_run(self, 1);
    member->untold = false;
    cluster_run(self, 5000);
    assert_int_equal(replicator_of(self, 1)->sync.state, SYNC_DONE);
    assert_int_equal(replicator_of(self, 1)->counters.synced_records, 0);
    cluster_destroy(&self);
}

static struct cluster *protected_cluster(const char *zones)
{
    struct cluster *self = cluster_new(zones, 1);

    for (unsigned i = 0; i < self->count; i++) {
        self->members[i].registry.config.registry_protect = true;
        self->members[i].registry.config.peers_nodes = self->members[i].config.peers_nodes;
    }
    return self;
}

static void where_all_are_protected_nobody_waits(void **state)
{
    struct cluster *self = protected_cluster("aa");

    (void)state;
    cluster_start(self, 0);
    cluster_run(self, 3000);
    assert_true(self->members[0].registry.actor->protection.on); /* the other one cannot be asked */
    cluster_start(self, 1);
    cluster_run(self, 15000);
    assert_false(self->members[0].registry.actor->protection.on);
    assert_false(self->members[1].registry.actor->protection.on);
    cluster_run(self, 12000);
    assert_true(cluster_up(self, 0, 1) && cluster_up(self, 1, 0));
    cluster_destroy(&self);
}

static void a_protected_node_waits_for_one_that_is_not(void **state)
{
    struct cluster *self = protected_cluster("aa");

    (void)state;
    self->members[0].registry.config.registry_protect = false;
    cluster_start(self, 0);
    cluster_run(self, 3000);
    register_many(self, 0, 0, 100);
    cluster_start(self, 1);
    cluster_run(self, 5);
    assert_true(self->members[1].registry.actor->protection.on);
    cluster_run(self, 1000);
    assert_false(self->members[1].registry.actor->protection.on);
    assert_int_equal(replicator_of(self, 1)->sync.state, SYNC_DONE);
    assert_int_equal(cluster_live_count(self, 1), 102);
    cluster_destroy(&self);
}

static void another_run_of_the_registry_is_brought_up_to_date(void **state)
{
    struct cluster *self = cluster_linked("aa", 1);

    (void)state;
    register_many(self, 0, 0, 300);
    cluster_run(self, 6000);
    cluster_restart_registry(self, 1, true); /* its disk is new */
    cluster_run(self, 8000);
    assert_int_equal(replicator_of(self, 1)->sync.state, SYNC_DONE);
    assert_true(replicator_of(self, 1)->counters.synced_records >= 300);
    assert_true(cluster_equal(self));
    assert_true(cluster_up(self, 1, 0));
    cluster_destroy(&self);
}

/* Before it has said of what is renewed, too: all that was heard of it is its history. */
static void another_run_is_noticed_before_the_first_tick(void **state)
{
    struct cluster *self = cluster_new("aa", 1);
    uint64_t records;

    (void)state;
    cluster_start(self, 0);
    cluster_run(self, 3000);
    register_many(self, 0, 0, 10);
    cluster_start(self, 1);
    for (int ms = 0; ms < 900 && replicator_of(self, 1)->sync.state != SYNC_DONE; ms++) {
        cluster_run(self, 1);
    }
    assert_int_equal(replicator_of(self, 1)->sync.state, SYNC_DONE);
    assert_true(replicator_of(self, 1)->last_tick.heard_ms < 0);
    records = replicator_of(self, 1)->counters.synced_records;
    cluster_restart_registry(self, 1, true);
    cluster_run(self, 8000);
    assert_int_equal(replicator_of(self, 1)->sync.state, SYNC_DONE);
    assert_true(replicator_of(self, 1)->counters.synced_records >= records + 10);
    assert_true(cluster_equal(self));
    cluster_destroy(&self);
}

/* A part of a tick says that it is another run, not what that holds. */
static void another_run_is_waited_for_until_a_tick_of_it_is_whole(void **state)
{
    struct cluster *self = cluster_linked("aa", 1);
    struct member *member = &self->members[1];
    struct replicator *replicator = member->replicator;
    struct msg part = {.type = MSG_TYPE_RENEWED};
    struct buf frame = {0};

    (void)state;
    while (replicator->last_tick.heard_ms != member->clock.at.mono_ms) {
        cluster_run(self, 1);
    }
    assert_int_equal(replicator->sync.state, SYNC_DONE);
    part.as_renewed.boot = replicator->registry_boot + 1;
    part.as_renewed.more = true;
    msg_encode(&frame, &part);
    turn_begin(&member->turn, &member->clock.at);
    turn_fact(&member->turn, 0, buf_str(&frame), &member->clock.at);
    buf_fini(&frame);
    cluster_run(self, 500);
    assert_int_equal(replicator->sync.state, SYNC_WAIT);
    cluster_run(self, 5000);
    assert_int_equal(replicator->sync.state, SYNC_DONE);
    cluster_destroy(&self);
}

/* ── relays ─────────────────────────────────────────────────────────────────*/

static void relayed_questions_are_bounded_and_do_not_pile_up(void **state)
{
    struct cluster *self = cluster_linked("aa", 1);
    struct replicator *replicator = replicator_of(self, 0);
    struct msg digest = {.type = MSG_TYPE_DIGEST};

    (void)state;
    self->members[0].deaf = true;
    cluster_run(self, 10);
    for (uint64_t i = 1; i <= 3000; i++) {
        digest.as_digest.id = i;
        cluster_knock(self, 0, 1, &digest);
    }
    assert_int_equal(replicator->relays, relays_max / 2);
    assert_int_equal(replicator->counters.relays_refused, 3000 - relays_max / 2);
    for (uint64_t i = 1; i <= 3000; i++) { /* another one has places left, and not all of them */
        digest.as_digest.id = i;
        cluster_knock(self, 0, 0, &digest);
    }
    assert_int_equal(replicator->relays, relays_max / 2 + relays_each);
    cluster_run(self, 7000);
    assert_int_equal(replicator->relays, 0);
    self->members[0].deaf = false;
    cluster_run(self, 5000);
    assert_int_equal(replicator->relays, 0);
    assert_true(cluster_up(self, 1, 0));
    cluster_destroy(&self);
}

static void an_answer_of_one_peer_is_not_taken_from_another(void **state)
{
    struct cluster *self = cluster_linked("aaa", 1);
    struct replicator *replicator = replicator_of(self, 0);
    struct msg ack = {.type = MSG_TYPE_ACK};
    struct peer *peer = cluster_peer(self, 0, 1);
    uint32_t other = peers_number(replicator, cluster_peer(self, 0, 2));

    (void)state;
    self->members[1].hung = true;
    cluster_register(self, 0, "h1");
    cluster_run(self, 5);
    assert_true(peer->link.under_way > 0);
    for (uint64_t id = 1; id <= replicator->last_id; id++) {
        ack.as_ack = (struct msg_ack){.id = id, .err = ERR_STALE, .boot = 1};
        if (inflight_of(replicator->inflight, id, ASK_PEER, peers_number(replicator, peer))) {
            replicator_spec.peer_answer(replicator, other, &ack, &self->members[0].clock.at,
                                        self->members[0].out);
        }
    }
    assert_true(cluster_up(self, 0, 1));
    assert_true(cluster_up(self, 0, 2));
    assert_true(peer->link.under_way > 0);
    cluster_destroy(&self);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(under_steady_writes_they_hold_the_same),
        cmocka_unit_test(what_both_lack_is_fetched_and_then_the_walks_end),
        cmocka_unit_test(a_cancel_that_was_missed_is_fetched_too),
        cmocka_unit_test(a_walk_with_a_dying_peer_ends),
        cmocka_unit_test(a_peer_that_answers_nonsense_ends_a_walk),
        cmocka_unit_test(a_walk_that_is_cut_twice_at_one_place_is_said_once),
        cmocka_unit_test(a_leaf_of_chosen_names_keeps_nobody_apart),
        cmocka_unit_test(what_was_said_last_with_the_same_dirty_is_held_by_all),
        cmocka_unit_test(a_broken_link_between_two_that_both_reach_a_third_lets_nobody_grow_old),
        cmocka_unit_test(an_empty_node_takes_a_snapshot),
        cmocka_unit_test(a_snapshot_that_is_cut_is_begun_again),
        cmocka_unit_test(a_node_with_data_is_in_sync_once_the_roots_agree),
        cmocka_unit_test(a_node_with_little_data_compares_and_takes_no_snapshot),
        cmocka_unit_test(a_standstill_before_the_first_tick_makes_no_node_empty),
        cmocka_unit_test(where_all_are_protected_nobody_waits),
        cmocka_unit_test(a_protected_node_waits_for_one_that_is_not),
        cmocka_unit_test(another_run_of_the_registry_is_brought_up_to_date),
        cmocka_unit_test(another_run_is_noticed_before_the_first_tick),
        cmocka_unit_test(another_run_is_waited_for_until_a_tick_of_it_is_whole),
        cmocka_unit_test(relayed_questions_are_bounded_and_do_not_pile_up),
        cmocka_unit_test(an_answer_of_one_peer_is_not_taken_from_another),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
