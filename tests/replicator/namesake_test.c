/* Who is a node: its id, whatever it is called and wherever it stands. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/replicator/cluster.h"

static uint32_t shown(struct cluster *self, unsigned member)
{
    struct buf store = {0};
    struct msg msg;
    uint32_t count;

    peers_nodes_msg(self->members[member].replicator, &self->members[member].clock.at, &msg,
                    &store);
    count = msg.as_nodes.nodes.count;
    buf_fini(&store);
    return count;
}

/* Whether member shows a node at addr as lost, and says why. */
static bool in_trouble(struct cluster *self, unsigned member, const char *addr)
{
    struct buf store = {0};
    struct msg msg;
    struct msg node;
    struct str rest;
    bool found = false;

    peers_nodes_msg(self->members[member].replicator, &self->members[member].clock.at, &msg,
                    &store);
    rest = msg.as_nodes.nodes.bytes;
    while (msg_next(&rest, &node)) {
        found = found || (str_eq(node.as_node.addr, str_from(addr)) &&
                          node.as_node.status == NODE_LOST && node.as_node.trouble.len > 0);
    }
    buf_fini(&store);
    return found;
}

static bool registered(struct cluster *self, unsigned member, const char *name)
{
    const struct registry *registry = self->members[member].registry.actor->registry;
    struct identity id = {.env = STR("dev"),
                          .appid = STR("infra.discovery"),
                          .zone = str_from(self->members[member].zone),
                          .hostname = str_from(name)};
    uint32_t slot = registry_find(registry, identity_key(&id));

    return slot != REGISTRY_NONE && registry_is_live(registry, slot);
}

static void rename_to(struct member *member, const char *name)
{
    snprintf(member->name, sizeof(member->name), "%s", name);
}

static void tell_of(struct cluster *self, const char *url, const char *name, const char *id,
                    int64_t dirty, int64_t age_ms)
{
    struct member *member = &self->members[0];
    struct buf store = {0};
    struct msg put = {.type = MSG_TYPE_PUT};
    size_t addrs;

    strs_pack(&store, str_from(url));
    addrs = store.len;
    if (id != NULL) {
        strs_pack(&store, STR("muster.node"));
        strs_pack(&store, str_from(id));
    }
    put.as_put = (struct msg_put){
        .kind = CHANGE_REGISTER,
        .env = STR("dev"),
        .appid = STR("infra.discovery"),
        .zone = STR("zonea"),
        .hostname = str_from(name),
        .addrs = {1, {store.data, addrs}},
        .metadata = {id != NULL ? 1 : 0, {store.data + addrs, store.len - addrs}},
        .status = STATUS_UP,
        .dirty_timestamp = dirty,
        .age_ms = age_ms,
    };
    members_record(member->replicator, &put, &member->clock.at);
    buf_fini(&store);
}

static void tell_aged(struct cluster *self, const char *name, const char *id, int64_t dirty,
                      int64_t age_ms)
{
    tell_of(self, "http://10.0.0.9:7171", name, id, dirty, age_ms);
}

static void tell(struct cluster *self, const char *name, const char *id, int64_t dirty)
{
    tell_aged(self, name, id, dirty, 0);
}

/* ── one node, several addresses ── */

static void a_node_under_another_address_is_one_node(void **state)
{
    struct cluster *self = cluster_new("aa", 3);

    (void)state;
    snprintf(self->members[0].other_address, sizeof(self->members[0].other_address),
             "localhost:7170");
    snprintf(self->members[1].seeds[0], sizeof(self->members[1].seeds[0]), "localhost:7170");
    cluster_start(self, 0);
    cluster_start(self, 1);
    cluster_run(self, 100);
    assert_int_equal(shown(self, 1), 2);
    cluster_run(self, 8000);
    assert_int_equal(shown(self, 0), 2);
    assert_int_equal(shown(self, 1), 2);
    assert_true(cluster_up(self, 1, 0));
    cluster_run(self, 60000);
    assert_int_equal(shown(self, 1), 2);
    cluster_destroy(&self);
}

static void a_node_is_never_its_own_peer(void **state)
{
    struct cluster *self = cluster_new("aa", 3);

    (void)state;
    snprintf(self->members[0].other_address, sizeof(self->members[0].other_address),
             "localhost:7170");
    snprintf(self->members[0].seeds[1], sizeof(self->members[0].seeds[1]), "localhost:7170");
    cluster_start(self, 0); /* alone, and it is all it was told of */
    cluster_run(self, 3000);
    assert_int_equal(shown(self, 0), 1);
    assert_int_equal(self->members[0].replicator->sync.state, SYNC_DONE);
    cluster_run(self, 40000);
    assert_int_equal(shown(self, 0), 1);
    cluster_destroy(&self);
}

/* ── one node, another name or address ── */

static void a_renamed_node_replaces_its_old_self_at_once(void **state)
{
    struct cluster *self = cluster_linked("aaa", 3);

    (void)state;
    cluster_kill_replicator(self, 1);
    rename_to(&self->members[1], "other");
    cluster_start_replicator(self, 1);
    cluster_run(self, 1000);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(shown(self, i), 3);
        assert_true(registered(self, i, "other"));
        assert_false(registered(self, i, "n1"));
    }
    assert_true(str_eq(buf_str(&cluster_peer(self, 0, 1)->name), STR("other")));
    cluster_run(self, 5000);
    assert_true(cluster_up(self, 0, 1) && cluster_up(self, 1, 0));
    assert_true(cluster_equal(self));
    cluster_destroy(&self);
}

static void a_node_that_has_moved_and_has_another_name_is_the_one_it_was(void **state)
{
    struct cluster *self = cluster_linked("aaa", 3);
    struct member *moved = &self->members[1];

    (void)state;
    cluster_peer(self, 0, 1)->seed = false; /* 0 has not been configured with the old address */
    cluster_kill_replicator(self, 1);
    rename_to(moved, "other");
    snprintf(moved->advertise, sizeof(moved->advertise), "127.0.0.1:7199");
    snprintf(moved->door, sizeof(moved->door), "127.0.0.1:8199");
    cluster_start_replicator(self, 1);
    cluster_run(self, 1000);
    assert_int_equal(shown(self, 0), 3);
    assert_true(str_eq(buf_str(&cluster_peer(self, 0, 1)->name), STR("other")));
    assert_false(registered(self, 0, "n1"));
    cluster_run(self, 5000);
    assert_true(cluster_up(self, 0, 1) && cluster_up(self, 1, 0));
    cluster_destroy(&self);
}

static void nor_does_it_need_a_clock_that_goes_on(void **state)
{
    static const int64_t hour_ns = INT64_C(3600) * 1000000000;
    static const char *const moved_to[] = {NULL, "127.0.0.1:7199"};

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct cluster *self = cluster_linked("aaa", 3);
        struct member *member = &self->members[1];

        cluster_peer(self, 0, 1)->seed = false;
        cluster_kill_replicator(self, 1);
        member->clock.at.wall_ns -= hour_ns; /* it was ahead */
        member->registry.clock.at.wall_ns -= hour_ns;
        rename_to(member, "other");
        if (moved_to[i] != NULL) {
            snprintf(member->advertise, sizeof(member->advertise), "%s", moved_to[i]);
            snprintf(member->door, sizeof(member->door), "127.0.0.1:8199");
        }
        cluster_start_replicator(self, 1);
        cluster_run(self, moved_to[i] != NULL ? 6000 : 1000);
        assert_false(member->replicator->members.name_taken);
        for (unsigned j = 0; j < 3; j++) {
            assert_false(registered(self, j, "n1"));
            assert_true(registered(self, j, "other"));
        }
        assert_int_equal(shown(self, 0), 3);
        assert_true(str_eq(buf_str(&cluster_peer(self, 0, 1)->name), STR("other")));
        cluster_run(self, 5000);
        assert_true(cluster_up(self, 0, 1) && cluster_up(self, 1, 0));
        cluster_destroy(&self);
    }
}

/* A copy that cannot be asked: it is not fought with for ever. */
static void a_name_that_is_made_again_and_again_is_anothers(void **state)
{
    struct cluster *self = cluster_new("a", 3);
    struct member *member = &self->members[0];

    (void)state;
    cluster_start(self, 0);
    cluster_run(self, 3000);
    for (unsigned i = 0; i < 8; i++) {
        struct replicator *replicator = member->replicator;

        tell(self, "copy", member->node_id, member->clock.at.wall_ns + i);
        assert_int_equal(replicator->former.state, i < 3 ? FORMER_ASK : FORMER_GONE);
        assert_int_equal(replicator->members.said_twice, i >= 3);
        cluster_run(self, 6000); /* nobody answers there */
        assert_int_equal(replicator->former.state, FORMER_GONE);
    }
    assert_false(member->replicator->members.name_taken);
    cluster_destroy(&self);
}

static void the_same_name_and_address_with_another_id_is_the_same_place(void **state)
{
    struct cluster *self = cluster_linked("aa", 3);

    (void)state;
    cluster_kill_replicator(self, 1);
    snprintf(self->members[1].node_id, sizeof(self->members[1].node_id), "%032x", 77);
    cluster_restart_registry(self, 1, true);
    cluster_start_replicator(self, 1);
    cluster_run(self, 4000);
    assert_true(self->members[1].up && !self->members[1].replicator->members.name_taken);
    assert_int_equal(shown(self, 0), 2);
    assert_true(str_eq(buf_str(&cluster_peer(self, 0, 1)->id), str_from(self->members[1].node_id)));
    assert_true(cluster_up(self, 0, 1) && cluster_up(self, 1, 0));
    cluster_destroy(&self);
}

static void a_node_in_the_place_of_another_is_listed_once(void **state)
{
    struct cluster *self = cluster_new("a", 3);
    struct peer *peer;

    (void)state;
    cluster_start(self, 0);
    for (unsigned i = 0; i < 2; i++) { /* whatever is heard of first */
        tell(self, i == 0 ? "reference" : "muster", i == 0 ? NULL : "5f", i == 0 ? 1000 : 2000);
        tell(self, i == 0 ? "muster" : "reference", i == 0 ? "5f" : NULL, i == 0 ? 2000 : 1000);
        assert_int_equal(shown(self, 0), 2);
        peer = peers_next(self->members[0].replicator, NULL);
        assert_true(str_eq(buf_str(&peer->name), STR("muster")));
        assert_true(str_eq(buf_str(&peer->id), STR("5f")));
    }
    cluster_destroy(&self);
}

/* It was called otherwise once, and its clock was set back since. Nobody tells it of an idle one.
 */
static void who_lives_counts_before_who_is_silent(void **state)
{
    static const int64_t silent_ms[] = {-1, 80000, 1000000};

    (void)state;
    for (unsigned i = 0; i < 2 * sizeof(silent_ms) / sizeof(silent_ms[0]); i++) {
        struct cluster *self = cluster_new("a", 3);
        struct peer *peer;

        cluster_start(self, 0);
        cluster_run(self, 200000); /* mono is far enough from 0 */
        if (i % 2 == 0) {
            tell_aged(self, "now", "5f", 1000, 20000);
        }
        tell_aged(self, "before", "5f", 2000, silent_ms[i / 2]);
        tell_aged(self, "now", "5f", 1000, 20000);
        peer = peers_next(self->members[0].replicator, NULL);
        assert_int_equal(shown(self, 0), 2);
        if (i / 2 != 1 || i % 2 == 0) { /* one that was listed is given the time of a list */
            assert_true(str_eq(buf_str(&peer->name), STR("now")));
        }
        tell_aged(self, "other", "5f", 3000, 0); /* both live: the newest */
        assert_true(
            str_eq(buf_str(&peers_next(self->members[0].replicator, NULL)->name), STR("other")));
        cluster_destroy(&self);
    }
}

/* Its clock was set back when it moved, and only the node itself knows that its old registration is
 * over: nobody is told of that who goes on trying the old address. */
static void who_cannot_be_reached_does_not_count_before_who_lives(void **state)
{
    struct cluster *self = cluster_new("a", 3);
    struct replicator *replicator;
    struct peer *peer;

    (void)state;
    cluster_start(self, 0);
    cluster_run(self, 200000);
    replicator = self->members[0].replicator;
    tell_aged(self, "now", "5f", 1000, 0);
    tell_aged(self, "before", "5f", 2000, 0);
    peer = peers_next(replicator, NULL);
    assert_true(str_eq(buf_str(&peer->name), STR("before")));
    peers_exchanged(replicator, peer, true, "test", &self->members[0].clock.at);
    replicator->members.due = false;
    tell_aged(self, "now", "5f", 1000, 0);
    assert_true(str_eq(buf_str(&peers_next(replicator, NULL)->name), STR("before")));
    peers_exchanged(replicator, peer, false, "test", &self->members[0].clock.at);
    assert_true(replicator->members.due); /* who else there is */
    tell_aged(self, "now", "5f", 1000, 20000);
    assert_true(str_eq(buf_str(&peers_next(replicator, NULL)->name), STR("now")));
    cluster_destroy(&self);
}

/* It went back to a configured address with its clock set back, and cannot find this node: its
 * registration there is as silent as the one it left. */
static void who_answers_at_a_configured_address_is_there(void **state)
{
    static const char configured[] = "http://127.0.0.1:7171";
    const struct answer_who who = {STR("zonea"), STR("now"), STR("5f")};
    struct cluster *self = cluster_new("aa", 3);
    struct replicator *replicator;
    struct peer *seed;
    struct peer *peer;

    (void)state;
    cluster_start(self, 0);
    cluster_run(self, 200000);
    replicator = self->members[0].replicator;
    seed = peers_unlisted(replicator, STR("127.0.0.1:7171"));
    tell_aged(self, "before", "5f", 2000, -1);
    peer = peers_identified(replicator, STR("5f"));
    peers_exchanged(replicator, peer, false, "test", &self->members[0].clock.at);
    tell_of(self, configured, "now", "5f", 1000, -1);
    assert_true(str_eq(buf_str(&peer->name), STR("before")));
    replicator->members.due = false;
    peers_exchanged(replicator, seed, true, "test", &self->members[0].clock.at);
    members_who(replicator, seed, ERR_OK, &who, &self->members[0].clock.at);
    assert_true(replicator->members.due);
    for (unsigned i = 0; i < 2; i++) {
        tell_of(self, configured, "now", "5f", 1000, -1);
        assert_true(str_eq(buf_str(&peer->name), STR("now")));
        assert_true(str_eq(buf_str(&peer->addr), STR("127.0.0.1:7171")));
        tell_aged(self, "before", "5f", 2000, -1);
    }
    assert_true(str_eq(buf_str(&peer->name), STR("now")));
    tell_aged(self, "other", "5f", 500, 20000); /* of whom there is a sign */
    assert_true(str_eq(buf_str(&peer->name), STR("other")));
    cluster_destroy(&self);
}

/* It is called otherwise since, its clock was set back, and a link to it says nothing of that. */
static void a_link_says_where_a_node_is_not_what_it_is_called(void **state)
{
    struct cluster *self = cluster_new("a", 3);
    struct replicator *replicator;
    struct peer *peer;

    (void)state;
    cluster_start(self, 0);
    cluster_run(self, 200000);
    replicator = self->members[0].replicator;
    tell_aged(self, "before", "5f", 2000, -1);
    peer = peers_identified(replicator, STR("5f"));
    peer->link.state = LINK_UP;
    tell_aged(self, "now", "5f", 1000, 20000);
    assert_true(str_eq(buf_str(&peer->name), STR("now")));
    peer->link.state = LINK_UP;
    peer->sign_ms = INT64_MIN / 2;
    tell_of(self, "http://10.0.0.8:7171", "elsewhere", "5f", 3000, -1);
    assert_true(str_eq(buf_str(&peer->name), STR("now")));
    tell_aged(self, "later", "5f", 3000, -1); /* at its place */
    assert_true(str_eq(buf_str(&peer->name), STR("later")));
    cluster_destroy(&self);
}

/* ── two nodes, one name ── */

static void a_second_node_of_a_name_does_not_start(void **state)
{
    struct cluster *self = cluster_new("aa", 3);

    (void)state;
    rename_to(&self->members[1], "n0");
    cluster_start(self, 0);
    cluster_run(self, 3000);
    cluster_start(self, 1);
    cluster_run(self, 2000);
    assert_true(self->members[1].replicator->members.name_taken);
    assert_true(outbox_stopping(self->members[1].out));
    assert_false(self->members[0].replicator->members.name_taken);
    assert_true(str_eq(self->members[0].replicator->own_instance.id.hostname, STR("n0")));
    cluster_destroy(&self);
}

static void nor_does_one_beside_a_reference_node_of_its_name(void **state)
{
    struct cluster *self = cluster_new("aa", 3);

    (void)state;
    rename_to(&self->members[1], "n0");
    self->members[0].reference = true;
    cluster_start(self, 0);
    cluster_run(self, 3000);
    cluster_start(self, 1);
    cluster_run(self, 2000);
    assert_true(self->members[1].replicator->members.name_taken);
    cluster_destroy(&self);
}

static void a_name_whose_node_is_silent_is_taken_over_with_a_warning(void **state)
{
    struct cluster *self = cluster_linked("aaa", 3);

    (void)state;
    cluster_kill_replicator(self, 0);
    self->members[0].http_dead = true;
    cluster_kill_replicator(self, 1);
    rename_to(&self->members[1], "n0");
    cluster_start_replicator(self, 1);
    cluster_run(self, 3000);
    assert_false(self->members[1].replicator->members.name_taken);
    assert_true(in_trouble(self, 1, self->members[0].advertise));
    assert_true(str_eq(buf_str(&cluster_peer(self, 2, 1)->name), STR("n0")));
    cluster_run(self, 100000); /* gone for good */
    assert_false(in_trouble(self, 1, self->members[0].advertise));
    cluster_destroy(&self);
}

static void nodes_of_one_name_that_meet_late_say_so(void **state)
{
    struct cluster *self = cluster_new("aa", 3);

    (void)state;
    rename_to(&self->members[1], "n0");
    cluster_cut(self, 0, 1, true);
    cluster_start(self, 0);
    cluster_start(self, 1);
    cluster_run(self, 5000);
    cluster_cut(self, 0, 1, false);
    cluster_run(self, 15000);
    for (unsigned i = 0; i < 2; i++) {
        assert_false(self->members[i].replicator->members.name_taken);
        assert_true(in_trouble(self, i, self->members[1 - i].advertise));
        assert_int_equal(shown(self, i), 2);
    }
    cluster_destroy(&self);
}

static void a_node_with_a_copy_of_an_id_does_not_start(void **state)
{
    struct cluster *self = cluster_linked("aa", 3);
    struct member *copy = &self->members[1];

    (void)state;
    cluster_kill_replicator(self, 1);
    memcpy(copy->node_id, self->members[0].node_id, sizeof(copy->node_id));
    cluster_start_replicator(self, 1);
    cluster_run(self, 3000);
    assert_true(copy->replicator->members.name_taken);
    assert_true(registered(self, 0, "n0"));
    cluster_destroy(&self);
}

/* ── one node, one key ── */

static uint64_t refused_with(struct cluster *self, const char *key, const char *name,
                             const char *id)
{
    struct replicator *replicator = self->members[0].replicator;
    uint64_t before = replicator->counters.inbound_refused;
    struct address from = {.len = 1, .door = true, .bytes = {1}};
    struct msg msg = {.type = MSG_TYPE_STATES};

    memcpy(from.key, key, sizeof(from.key));
    msg.as_states = (struct msg_states){
        .id = 7, .node = str_from(name), .zone = STR("zonea"), .boot = 9, .node_id = str_from(id)};
    inbound_states(replicator, &from, &msg, &self->members[0].clock.at, self->members[0].out);
    outbox_clear(self->members[0].out, OUTBOX_SYNCED);
    return replicator->counters.inbound_refused - before;
}

static void a_name_and_an_id_are_bound_to_their_key(void **state)
{
    static const char theirs[] = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7";
    static const char another[] = "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID";
    struct cluster *self = cluster_linked("aa", 3);
    struct curve_allowed allowed = {.name = "n1"};
    struct curve_keys known = {.allowed = &allowed, .allowed_count = 1};
    struct peer *peer = cluster_peer(self, 0, 1);
    const char *id = self->members[1].node_id;

    (void)state;
    memcpy(allowed.public_key, theirs, sizeof(theirs));
    self->members[0].replicator->own_instance.options.known = &known;
    buf_add_str(&peer->key, str_from(theirs));
    assert_int_equal(refused_with(self, theirs, "n1", id), 0);
    assert_int_equal(refused_with(self, another, "n1", id), 1);
    assert_int_equal(refused_with(self, another, "other", id), 1);
    assert_int_equal(refused_with(self, another, "n1", ""), 1);
    assert_int_equal(refused_with(self, another, "new", "77"), 0); /* not known yet */
    known.allowed_count = 0; /* it has a new key, and the old one was taken away */
    assert_int_equal(refused_with(self, another, "n1", id), 0);
    cluster_destroy(&self);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_node_under_another_address_is_one_node),
        cmocka_unit_test(a_node_is_never_its_own_peer),
        cmocka_unit_test(a_renamed_node_replaces_its_old_self_at_once),
        cmocka_unit_test(a_node_that_has_moved_and_has_another_name_is_the_one_it_was),
        cmocka_unit_test(nor_does_it_need_a_clock_that_goes_on),
        cmocka_unit_test(a_name_that_is_made_again_and_again_is_anothers),
        cmocka_unit_test(the_same_name_and_address_with_another_id_is_the_same_place),
        cmocka_unit_test(a_node_in_the_place_of_another_is_listed_once),
        cmocka_unit_test(who_lives_counts_before_who_is_silent),
        cmocka_unit_test(who_cannot_be_reached_does_not_count_before_who_lives),
        cmocka_unit_test(who_answers_at_a_configured_address_is_there),
        cmocka_unit_test(a_link_says_where_a_node_is_not_what_it_is_called),
        cmocka_unit_test(a_second_node_of_a_name_does_not_start),
        cmocka_unit_test(nor_does_one_beside_a_reference_node_of_its_name),
        cmocka_unit_test(a_name_whose_node_is_silent_is_taken_over_with_a_warning),
        cmocka_unit_test(nodes_of_one_name_that_meet_late_say_so),
        cmocka_unit_test(a_node_with_a_copy_of_an_id_does_not_start),
        cmocka_unit_test(a_name_and_an_id_are_bound_to_their_key),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
