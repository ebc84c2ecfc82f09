/* Which way a node is reached, which addresses and doors are believed, and how many. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "actors/replicator/link.h"
#include "actors/replicator/reach.h"
#include "tests/replicator/cluster.h"

static struct msg put_of(const char *name, const char *door, const char *key, struct buf *store)
{
    struct msg msg = {.type = MSG_TYPE_PUT};
    struct buf addr = {0};
    size_t addrs;

    buf_printf(&addr, "http://%s:7171", name);
    strs_pack(store, buf_str(&addr));
    buf_fini(&addr);
    addrs = store->len;
    if (key != NULL) {
        strs_pack(store, STR("muster.key"));
        strs_pack(store, str_from(key));
    }
    strs_pack(store, STR("muster.peer"));
    strs_pack(store, str_from(door));
    msg.as_put = (struct msg_put){
        .kind = CHANGE_REGISTER,
        .env = STR("dev"),
        .appid = STR("infra.discovery"),
        .zone = STR("zonea"),
        .hostname = str_from(name),
        .addrs = {1, {store->data, addrs}},
        .metadata = {key != NULL ? 2 : 1, {store->data + addrs, store->len - addrs}},
        .status = STATUS_UP,
        .dirty_timestamp = 1,
    };
    return msg;
}

static enum peer_kind kind_of(struct replicator *self, const char *door, const char *key)
{
    static char name[] = "x0";
    const struct now now = {1000, 1000};
    struct buf store = {0};
    struct msg put;
    struct peer *peer;

    name[1]++;
    put = put_of(name, door, key, &store);
    members_record(self, &put, &now);
    peer = peers_named(self, STR("zonea"), str_from(name));
    assert_non_null(peer);
    buf_fini(&store);
    return peer->kind;
}

static void a_link_by_tcp_needs_keys_or_permission(void **state)
{
    static const char key[] = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7";
    struct cluster *self = cluster_new("a", 1);
    struct member *member = &self->members[0];

    (void)state;
    cluster_start(self, 0);
    member->config.security_insecure = false;
    assert_int_equal(kind_of(member->replicator, "127.0.0.1:8171", NULL), PEER_HTTP);
    assert_int_equal(kind_of(member->replicator, "10.0.0.9:8171", NULL), PEER_HTTP);
    assert_int_equal(kind_of(member->replicator, "127.0.0.1.example.com:8171", NULL), PEER_HTTP);
    assert_int_equal(kind_of(member->replicator, "localhost:8171", NULL), PEER_HTTP);
    assert_int_equal(kind_of(member->replicator, "[::1]:8171", NULL), PEER_HTTP);
    assert_int_equal(kind_of(member->replicator, "10.0.0.9:8171", key), PEER_HTTP);
    member->config.security_insecure = true;
    assert_int_equal(kind_of(member->replicator, "10.0.0.9:8171", NULL), PEER_MUSTER);
    assert_int_equal(kind_of(member->replicator, "10.0.0.9:8171", key), PEER_HTTP);
    member->config.security_insecure = false;
    member->replicator->keys = true;
    assert_int_equal(kind_of(member->replicator, "10.0.0.9:8171", key), PEER_MUSTER);
    assert_int_equal(kind_of(member->replicator, "10.0.0.9:8171", NULL), PEER_HTTP);
    assert_int_equal(kind_of(member->replicator, "127.0.0.1:8171", NULL), PEER_HTTP);
    member->config.security_insecure = true;
    assert_int_equal(kind_of(member->replicator, "10.0.0.9:8171", NULL), PEER_HTTP);
    cluster_destroy(&self);
}

static const struct peer *told(struct replicator *self, const char *addr, const char *ipc)
{
    const struct now now = {1000, 1000};
    struct buf store = {0};
    struct msg put = {.type = MSG_TYPE_PUT};
    size_t addrs;

    strs_pack(&store, str_from(addr));
    addrs = store.len;
    strs_pack(&store, STR("muster.ipc"));
    strs_pack(&store, str_from(ipc));
    put.as_put = (struct msg_put){
        .kind = CHANGE_REGISTER,
        .env = STR("dev"),
        .appid = STR("infra.discovery"),
        .zone = STR("zonea"),
        .hostname = STR("near"),
        .addrs = {1, {store.data, addrs}},
        .metadata = {1, {store.data + addrs, store.len - addrs}},
        .status = STATUS_UP,
        .dirty_timestamp = 1,
    };
    members_record(self, &put, &now);
    buf_fini(&store);
    return peers_named(self, STR("zonea"), STR("near"));
}

static void nodes_of_one_user_on_one_host_need_no_port(void **state)
{
    struct cluster *self = cluster_new("a", 1);
    struct replicator *replicator;
    const struct peer *peer;

    (void)state;
    self->members[0].config.security_insecure = false;
    cluster_start(self, 0);
    replicator = self->members[0].replicator;
    replicator->place = "boot.1.1000";
    peer = told(replicator, "http://127.0.0.1:7199", "boot.1.1000:/d/run/replicator.door");
    assert_int_equal(peer->kind, PEER_MUSTER);
    assert_true(str_eq(buf_str(&peer->endpoint), STR("ipc:///d/run/replicator.door")));
    peer = told(replicator, "http://10.0.0.9:7199", "boot.1.1000:/d/run/replicator.door");
    assert_int_equal(peer->kind, PEER_HTTP);
    peer = told(replicator, "http://127.0.0.1:7199", "boot.1.1001:/d/run/replicator.door");
    assert_int_equal(peer->kind, PEER_HTTP);
    peer = told(replicator, "http://127.0.0.1:7199", "boot.1.10001:/d/run/replicator.door");
    assert_int_equal(peer->kind, PEER_HTTP);
    peer = told(replicator, "http://127.0.0.1:7199", "boot.1.1000:relative");
    assert_int_equal(peer->kind, PEER_HTTP);
    peer = told(replicator, "http://127.0.0.1:7199", "boot.1.1000");
    assert_int_equal(peer->kind, PEER_HTTP);
    cluster_destroy(&self);
}

static void addresses_that_no_node_may_have_are_not_asked(void **state)
{
    static const char *const bad[] = {
        "http://169.254.169.254:80",   "http://224.0.0.1:7171",
        "http://[fe80::1]:7171",       "http://10.0.0.9:7171/admin?x=",
        "http://user@10.0.0.9:7171",   "http://10.0.0.9",
        "http://10.0.0.9:7171#",       "http://0.0.0.0:7171",
        "http://10.0.0.9:0",           "http://[::ffff:169.254.1.1]:7171",
        "http://10.0.0.9:7171 x",      "http://a b:7171",
        "http://10.0.0.9%0d%0aX:7171",
    };
    struct cluster *self = cluster_new("a", 1);
    struct replicator *replicator;

    (void)state;
    cluster_start(self, 0);
    replicator = self->members[0].replicator;
    cluster_run(self, 100);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        const struct peer *peer = told(replicator, bad[i], "none");

        self->members[0].due = true;
        cluster_run(self, 10);
        assert_non_null(peer);
        assert_int_equal(peer->way, WAY_NONE);
        assert_true(peer->trouble.len > 0);
        peer = told(replicator, "http://10.0.0.9:7171", "none");
        self->members[0].due = true;
        cluster_run(self, 10);
        assert_int_equal(peer->way, WAY_HTTP);
        assert_int_equal(peer->trouble.len, 0);
    }
    replicator->networks.loopback = false; /* as for a node on another address */
    assert_true(told(replicator, "http://127.0.0.1:7171", "none")->banned);
    assert_true(told(replicator, "http://[::1]:7171", "none")->banned);
    cluster_destroy(&self);
}

static void a_door_stands_where_a_node_may_or_its_host_is_configured(void **state)
{
    struct cluster *self = cluster_new("aa", 1);
    struct replicator *replicator;

    (void)state;
    cluster_start(self, 0);
    replicator = self->members[0].replicator; /* it has 127.0.0.1 in peers.nodes */
    assert_true(reach_may_stand(replicator, STR("b.example"), STR("10.0.0.9")));
    assert_true(reach_may_stand(replicator, STR("b.example"), STR("fd00::9")));
    assert_false(reach_may_stand(replicator, STR("b.example"), STR("169.254.169.254")));
    assert_false(reach_may_stand(replicator, STR("b.example"), STR("no number")));
    assert_true(reach_may_stand(replicator, STR("127.0.0.1"), STR("169.254.169.254")));
    assert_int_equal(0, networks_parse(STR("10.1.0.0/16"), &replicator->networks.of[0]));
    replicator->networks.count = 1;
    assert_false(reach_may_stand(replicator, STR("b.example"), STR("10.0.0.9")));
    assert_true(reach_may_stand(replicator, STR("b.example"), STR("10.1.0.9")));
    cluster_destroy(&self);
}

static bool says_door(const struct replicator *self)
{
    struct str rest = buf_str(&self->own_instance.metadata);
    struct str item;
    bool found = false;

    while (strs_next(&rest, &item)) {
        found = found || str_eq(item, STR("muster.peer"));
    }
    return found;
}

static void a_door_that_waits_is_opened_for_the_first_node(void **state)
{
    struct cluster *self = cluster_new("aa", 1);
    struct member *member = &self->members[0];
    struct outbox_item item;
    size_t cursor = 0;
    bool opened = false;

    (void)state;
    member->config.peers_nodes.count = 0;
    member->door_waits = true;
    cluster_start(self, 0);
    cluster_run(self, 2000);
    assert_false(says_door(member->replicator));
    told(member->replicator, "http://127.0.0.1:7171", "none");
    replicator_spec.turn_end(member->replicator, &member->clock.at, member->out);
    while (outbox_next(member->out, OUTBOX_SYNCED, &cursor, &item)) {
        opened = opened || item.kind == OUTBOX_DOOR_OPEN;
    }
    assert_true(opened);
    assert_true(says_door(member->replicator));
    cluster_destroy(&self);
}

static void the_own_instance_says_where_the_door_is(void **state)
{
    struct cluster *self = cluster_linked("aa", 1);
    struct peer *peer = cluster_peer(self, 1, 0);

    (void)state;
    assert_true(str_eq(buf_str(&peer->endpoint), str_from(self->members[0].door)));
    assert_int_equal(self->members[0].replicator->own_instance.metadata_count, 3);
    cluster_destroy(&self);
}

/* One node's registry tells 1 MiB of them at once. */
static void who_stands_behind_what_one_answer_holds_stays_a_peer(void **state)
{
    struct cluster *self = cluster_linked("aa", 1);
    struct node *node = &self->members[0].registry;
    struct buf addrs = {0};
    char addr[500];

    (void)state;
    memset(addr, 'x', sizeof(addr));
    for (unsigned i = 0; i < 64; i++) {
        strs_pack(&addrs, (struct str){addr, sizeof(addr)});
    }
    for (unsigned i = 0; i < 40; i++) {
        char name[16];
        struct msg command;

        (void)snprintf(name, sizeof(name), "a%u", i); /* before n1 */
        command = node_register(node, name);
        command.as_register.origin = ORIGIN_SELF;
        command.as_register.appid = STR("infra.discovery");
        command.as_register.zone = str_from(self->members[0].zone);
        command.as_register.addrs = (struct strs){64, buf_str(&addrs)};
        node_give(node, &command);
        cluster_run(self, 5);
    }
    buf_fini(&addrs);
    cluster_run(self, 70000); /* it has asked for all again */
    assert_true(cluster_peer(self, 0, 1)->listed);
    assert_true(cluster_up(self, 0, 1));
    cluster_destroy(&self);
}

static void a_full_table_takes_no_more(void **state)
{
    struct cluster *self = cluster_new("a", 1);
    struct replicator *replicator;
    const struct now now = {1000, 1000};

    (void)state;
    cluster_start(self, 0);
    replicator = self->members[0].replicator;
    for (unsigned i = 0; i < 300; i++) {
        struct buf store = {0};
        char name[16];
        struct msg put = put_of(node_host_name(i, name), "10.0.0.9:8171", NULL, &store);

        members_record(replicator, &put, &now);
        buf_fini(&store);
    }
    assert_int_equal(replicator->peer_count, outbox_peers_max);
    assert_true(replicator->members.said_full);
    cluster_destroy(&self);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_link_by_tcp_needs_keys_or_permission),
        cmocka_unit_test(nodes_of_one_user_on_one_host_need_no_port),
        cmocka_unit_test(addresses_that_no_node_may_have_are_not_asked),
        cmocka_unit_test(a_door_stands_where_a_node_may_or_its_host_is_configured),
        cmocka_unit_test(a_door_that_waits_is_opened_for_the_first_node),
        cmocka_unit_test(the_own_instance_says_where_the_door_is),
        cmocka_unit_test(who_stands_behind_what_one_answer_holds_stays_a_peer),
        cmocka_unit_test(a_full_table_takes_no_more),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
