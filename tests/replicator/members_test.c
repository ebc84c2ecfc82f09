/* Nodes that join, leave and are listed; those that speak HTTP only. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "actors/replicator/link.h"
#include "actors/replicator/reach.h"
#include "tests/replicator/cluster.h"

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
        cmocka_unit_test(a_node_that_joins_is_picked_up_by_those_who_were_not_told),
        cmocka_unit_test(alone_it_hears_of_nodes_at_once_and_of_all_else_in_time),
        cmocka_unit_test(who_leaves_first_sends_what_is_looked_up_for_others),
        cmocka_unit_test(who_leaves_asks_for_what_it_was_not_told_of_its_end),
        cmocka_unit_test(one_that_leaves_is_dropped_and_a_seed_stays_lost),
        cmocka_unit_test(all_nodes_are_listed_with_their_links),
        cmocka_unit_test(a_node_without_a_door_gets_posts),
        cmocka_unit_test(what_a_registry_hears_again_and_again_in_a_tick_is_posted_once),
        cmocka_unit_test(a_node_whose_registration_stays_lacking_where_it_was_taken_registers_anew),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
