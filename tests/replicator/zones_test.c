/* Of each other zone one node is a peer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_node_of_each_other_zone_is_a_peer),
        cmocka_unit_test(which_one_is_drawn_at_random),
        cmocka_unit_test(another_one_is_drawn_when_it_is_lost),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
