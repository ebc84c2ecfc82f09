#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "actors/replicator/link.h"
#include "actors/replicator/reach.h"
#include "tests/replicator/cluster.h"

static unsigned linked_to_zone(struct cluster *self, unsigned member, unsigned from, unsigned to)
{
    unsigned count = 0;

    for (unsigned i = from; i < to; i++) {
        count += cluster_up(self, member, i);
    }
    return count;
}

/* ── zones ──────────────────────────────────────────────────────────────────*/

static void one_node_of_each_other_zone_is_a_peer(void **state)
{
    struct cluster *self = cluster_linked("aabbb", 3);

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        assert_true(cluster_up(self, i, 1 - i));
        assert_int_equal(linked_to_zone(self, i, 2, 5), 1);
    }
    for (unsigned i = 2; i < 5; i++) {
        assert_int_equal(linked_to_zone(self, i, 0, 2), 1);
        assert_int_equal(linked_to_zone(self, i, 2, 5), 2);
    }
    cluster_register(self, 0, "h1"); /* there, and from there on in its zone */
    cluster_run(self, 20);
    for (unsigned i = 0; i < 5; i++) {
        assert_true(cluster_live(self, i, "h1"));
    }
    cluster_run(self, 2000);
    assert_true(cluster_equal(self));
    cluster_destroy(&self);
}

static void which_one_is_drawn_at_random(void **state)
{
    unsigned hits[3] = {0};

    (void)state;
    for (uint64_t seed = 1; seed <= 12; seed++) {
        struct cluster *self = cluster_linked("abbb", seed);

        for (unsigned i = 0; i < 3; i++) {
            hits[i] += cluster_up(self, 0, i + 1);
        }
        cluster_destroy(&self);
    }
    assert_int_equal(hits[0] + hits[1] + hits[2], 12);
    assert_true(hits[0] < 12 && hits[1] < 12 && hits[2] < 12);
}

static void another_one_is_drawn_when_it_is_lost(void **state)
{
    struct cluster *self = cluster_linked("abb", 3);
    unsigned first = cluster_up(self, 0, 1) ? 1 : 2;
    unsigned other = 3 - first;

    (void)state;
    assert_true(cluster_up(self, 0, first));
    cluster_run(self, 10000);
    assert_true(cluster_up(self, 0, first)); /* kept while it is good */
    self->members[first].hung = true;
    cluster_run(self, 10000);
    assert_true(cluster_up(self, 0, other));
    assert_false(cluster_up(self, 0, first));
    cluster_register(self, 0, "h1");
    cluster_run(self, 20);
    assert_true(cluster_live(self, other, "h1"));
    self->members[first].hung = false;
    cluster_run(self, 8000);
    assert_true(cluster_live(self, first, "h1"));
    assert_true(cluster_up(self, 0, other));
    cluster_destroy(&self);
}

/* ── joining and leaving ────────────────────────────────────────────────────*/

static void a_node_that_joins_is_picked_up_by_those_who_were_not_told(void **state)
{
    struct cluster *self = cluster_new("aaa", 5);
    uint64_t gateway_seq;

    (void)state;
    self->members[0].config.peers_nodes.count = 1; /* 0 and 1 know each other, 2 knows 0 */
    self->members[1].config.peers_nodes.count = 1;
    self->members[2].config.peers_nodes.count = 1;
    cluster_start(self, 0);
    cluster_start(self, 1);
    cluster_run(self, 6000);
    assert_null(cluster_peer(self, 1, 2));
    gateway_seq = self->members[1].replicator->publisher.at.seq;
    cluster_start(self, 2);
    cluster_run(self, 6000);
    for (unsigned i = 0; i < 3; i++) {
        for (unsigned j = 0; j < 3; j++) {
            assert_true(i == j || cluster_up(self, i, j));
        }
    }
    assert_false(cluster_peer(self, 1, 2)->seed);
    assert_true(self->members[1].replicator->publisher.at.seq > gateway_seq); /* NODES was said */
    cluster_destroy(&self);
}

static void tell_to_leave(struct cluster *self, unsigned member)
{
    struct msg leave = {.type = MSG_TYPE_SHUTDOWN};
    const struct address from = {.len = 1, .bytes = {1}};
    struct member *at = &self->members[member];

    leave.as_shutdown = (struct msg_shutdown){.id = 1, .leave = true};
    for (size_t i = 0; i < replicator_spec.handler_count; i++) {
        if (replicator_spec.handlers[i].type == MSG_TYPE_SHUTDOWN) {
            replicator_spec.handlers[i].handle(at->replicator, &from, &leave, &at->clock.at,
                                               at->out);
        }
    }
    at->due = true;
}

static uint64_t followed_seq(struct cluster *self, unsigned member)
{
    struct follower_state at;

    follower_state(self->members[member].replicator->registry, &at);
    return at.seq;
}

/* What it is not told of at once it asks for, at the tick, or when it hears of a node. */
static void alone_it_hears_of_nodes_at_once_and_of_all_else_in_time(void **state)
{
    struct cluster *self = cluster_new("aa", 5);
    uint64_t seq;

    (void)state;
    self->members[0].config.peers_nodes.count = 0;
    self->members[1].config.peers_nodes.count = 1;
    cluster_start(self, 0);
    cluster_run(self, 6000);
    seq = followed_seq(self, 0);
    for (unsigned i = 0; i < 20; i++) { /* most of a tick */
        cluster_register(self, 0, "h1");
        cluster_run(self, 20);
    }
    assert_true(followed_seq(self, 0) < seq + 20);
    cluster_run(self, 1000);
    assert_int_equal(node_position(&self->members[0].registry).seq, followed_seq(self, 0));
    cluster_start(self, 1);
    for (int ms = 0; cluster_peer(self, 0, 1) == NULL; ms++) {
        assert_true(ms < 6000);
        cluster_run(self, 1);
    }
    assert_int_equal(node_position(&self->members[0].registry).seq, followed_seq(self, 0));
    cluster_run(self, 6000);
    assert_true(cluster_up(self, 0, 1));
    cluster_register(self, 0, "h2");
    cluster_run(self, 5);
    assert_int_equal(node_position(&self->members[0].registry).seq, followed_seq(self, 0));
    assert_true(cluster_live(self, 1, "h2"));
    cluster_destroy(&self);
}

/* As what a lost fact held is, once the history has brought it. */
static void who_leaves_first_sends_what_is_looked_up_for_others(void **state)
{
    static char keys[16 * 5000]; /* takes a few questions to the registry */
    struct cluster *self = cluster_linked("aa", 5);
    struct peer *peer = cluster_peer(self, 1, 0);

    (void)state;
    link_want(self->members[1].replicator, peer, (struct str){keys, sizeof(keys)});
    tell_to_leave(self, 1);
    for (int ms = 0; ms < 1500 && !outbox_stopping(self->members[1].out); ms++) {
        cluster_run(self, 1);
    }
    assert_true(outbox_stopping(self->members[1].out));
    assert_int_equal(0, peer->link.want.len);
    assert_false(peer->link.wanting);
    cluster_destroy(&self);
}

static void leave(struct cluster *self, unsigned member, int64_t within_ms)
{
    tell_to_leave(self, member);
    cluster_run(self, within_ms);
    assert_true(outbox_stopping(self->members[member].out));
    cluster_kill_replicator(self, member);
    self->members[member].http_dead = true;
    cluster_run(self, 5000);
    assert_null(cluster_peer(self, 0, member));
}

static void who_leaves_asks_for_what_it_was_not_told_of_its_end(void **state)
{
    struct cluster *self = cluster_linked("aa", 5);

    (void)state;
    cluster_peer(self, 0, 1)->seed = false;
    self->members[1].untold = true;
    leave(self, 1, 200);
    cluster_destroy(&self);
}

static void one_that_leaves_is_dropped_and_a_seed_stays_lost(void **state)
{
    struct cluster *self = cluster_linked("aaa", 5);

    (void)state;
    cluster_peer(self, 0, 2)->seed = false; /* 0 was not configured with it */
    leave(self, 2, 100);
    assert_non_null(cluster_peer(self, 1, 2));
    assert_int_equal(cluster_peer(self, 1, 2)->status, NODE_LOST);
    assert_int_equal(cluster_peer(self, 1, 2)->kind, PEER_UNKNOWN);
    cluster_destroy(&self);
}

static void all_nodes_are_listed_with_their_links(void **state)
{
    struct cluster *self = cluster_linked("abb", 3);
    struct buf store = {0};
    struct msg list;
    struct msg node;
    struct str rest;
    unsigned muster = 0;
    unsigned none = 0;

    (void)state;
    peers_list_msg(self->members[0].replicator, &self->members[0].clock.at, 5, &list, &store);
    assert_int_equal(list.as_node_list.nodes.count, 3);
    rest = list.as_node_list.nodes.bytes;
    assert_true(msg_next(&rest, &node));
    assert_true(node.as_node.self && str_eq(node.as_node.link, STR("self")));
    assert_true(str_eq(node.as_node.name, STR("n0")));
    assert_int_equal(node.as_node.digest.len, 16);
    while (msg_next(&rest, &node)) {
        assert_int_equal(node.as_node.status, NODE_UP);
        assert_true(str_eq(node.as_node.zone, STR("zoneb")));
        muster += str_eq(node.as_node.link, STR("muster")) && node.as_node.digest.len == 16;
        none += str_eq(node.as_node.link, STR("none"));
    }
    assert_int_equal(muster, 1);
    assert_int_equal(none, 1);
    buf_fini(&store);
    cluster_destroy(&self);
}

/* ── which way ──────────────────────────────────────────────────────────────*/

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

/* ── a node that speaks HTTP only ───────────────────────────────────────────*/

static void a_node_without_a_door_gets_posts(void **state)
{
    struct cluster *self = cluster_new("aa", 2);
    struct buf *posted = &self->members[1].posted;

    (void)state;
    self->members[1].no_door = true;
    cluster_start(self, 0);
    cluster_start(self, 1);
    cluster_run(self, 8000);
    assert_int_equal(cluster_peer(self, 0, 1)->way, WAY_HTTP);
    assert_int_equal(cluster_peer(self, 0, 1)->status, NODE_UP);
    posted->len = 0;
    cluster_register(self, 0, "h1");
    cluster_run(self, 20);
    buf_add_char(posted, 0);
    assert_non_null(strstr(posted->data, "/discovery/register"));
    assert_non_null(strstr(posted->data, "hostname=h1"));
    posted->len = 0;
    cluster_renew(self, 0, "h1");
    cluster_run(self, 1100);
    buf_add_char(posted, 0);
    assert_non_null(strstr(posted->data, "/discovery/renew"));
    posted->len = 0;
    cluster_cancel(self, 0, "h1");
    cluster_run(self, 20);
    buf_add_char(posted, 0);
    assert_non_null(strstr(posted->data, "/discovery/cancel"));
    cluster_destroy(&self);
}

static unsigned times(struct buf *in, const char *text)
{
    unsigned count = 0;

    buf_add_char(in, 0);
    for (const char *at = in->data; (at = strstr(at, text)) != NULL; at++) {
        count++;
    }
    return count;
}

static void what_a_registry_hears_again_and_again_in_a_tick_is_posted_once(void **state)
{
    struct cluster *self = cluster_new("ab", 2);
    struct buf *posted = &self->members[1].posted;

    (void)state;
    self->members[1].no_door = true;
    cluster_start(self, 0);
    cluster_start(self, 1);
    cluster_run(self, 8000);
    assert_int_equal(cluster_peer(self, 0, 1)->way, WAY_HTTP);
    cluster_register(self, 0, "h1");
    cluster_register(self, 0, "h2");
    cluster_run(self, 2000);
    posted->len = 0;
    for (unsigned i = 0; i < 40; i++) { /* as after it stood still */
        cluster_renew(self, 0, i % 4 == 0 ? "h2" : "h1");
    }
    cluster_run(self, 3000);
    assert_int_equal(times(posted, "hostname=h1"), 1);
    assert_int_equal(times(posted, "hostname=h2"), 1);
    assert_true(strstr(posted->data, "hostname=h2") < strstr(posted->data, "hostname=h1"));
    cluster_destroy(&self);
}

static int64_t own_dirty(struct cluster *self, unsigned member)
{
    struct replicator *replicator = self->members[member].replicator;
    struct registry *registry = self->members[member].registry.actor->registry;
    struct instance instance;

    registry_instance(registry, registry_find(registry, identity_key(&replicator->own_instance.id)),
                      &instance);
    return instance.dirty_timestamp;
}

static void a_node_whose_registration_stays_lacking_where_it_was_taken_registers_anew(void **state)
{
    struct cluster *self = cluster_new("aa", 2);
    int64_t period_ms;
    int64_t dirty;

    (void)state;
    self->members[1].no_door = true;
    cluster_start(self, 0);
    cluster_start(self, 1);
    cluster_run(self, 8000);
    assert_int_equal(cluster_peer(self, 0, 1)->way, WAY_HTTP);
    period_ms = self->members[0].replicator->own_instance.period_ms;
    cluster_run(self, period_ms + 2000);
    dirty = own_dirty(self, 0);
    self->members[1].lacks = true;
    cluster_run(self, period_ms); /* it may have lost it: it gets it whole */
    assert_true(own_dirty(self, 0) == dirty);
    cluster_run(self, period_ms);
    assert_true(own_dirty(self, 0) > dirty);
    dirty = own_dirty(self, 0);
    self->members[1].lacks = false;
    cluster_run(self, 3 * period_ms);
    assert_true(own_dirty(self, 0) == dirty);
    cluster_destroy(&self);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_node_of_each_other_zone_is_a_peer),
        cmocka_unit_test(which_one_is_drawn_at_random),
        cmocka_unit_test(another_one_is_drawn_when_it_is_lost),
        cmocka_unit_test(a_node_that_joins_is_picked_up_by_those_who_were_not_told),
        cmocka_unit_test(alone_it_hears_of_nodes_at_once_and_of_all_else_in_time),
        cmocka_unit_test(who_leaves_first_sends_what_is_looked_up_for_others),
        cmocka_unit_test(who_leaves_asks_for_what_it_was_not_told_of_its_end),
        cmocka_unit_test(one_that_leaves_is_dropped_and_a_seed_stays_lost),
        cmocka_unit_test(all_nodes_are_listed_with_their_links),
        cmocka_unit_test(a_link_by_tcp_needs_keys_or_permission),
        cmocka_unit_test(nodes_of_one_user_on_one_host_need_no_port),
        cmocka_unit_test(addresses_that_no_node_may_have_are_not_asked),
        cmocka_unit_test(a_door_stands_where_a_node_may_or_its_host_is_configured),
        cmocka_unit_test(a_door_that_waits_is_opened_for_the_first_node),
        cmocka_unit_test(the_own_instance_says_where_the_door_is),
        cmocka_unit_test(who_stands_behind_what_one_answer_holds_stays_a_peer),
        cmocka_unit_test(a_full_table_takes_no_more),
        cmocka_unit_test(a_node_without_a_door_gets_posts),
        cmocka_unit_test(what_a_registry_hears_again_and_again_in_a_tick_is_posted_once),
        cmocka_unit_test(a_node_whose_registration_stays_lacking_where_it_was_taken_registers_anew),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
