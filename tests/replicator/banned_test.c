/* Nodes that stand where no node may stand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/replicator/cluster.h"

static struct peer *told_far(struct replicator *self, const char *name, const char *addr)
{
    const struct now now = {1000, 1000};
    struct buf store = {0};
    struct msg put = {.type = MSG_TYPE_PUT};

    strs_pack(&store, str_from(addr));
    put.as_put = (struct msg_put){
        .kind = CHANGE_REGISTER,
        .env = STR("dev"),
        .appid = STR("infra.discovery"),
        .zone = STR("far"),
        .hostname = str_from(name),
        .addrs = {1, buf_str(&store)},
        .status = STATUS_UP,
        .dirty_timestamp = 1,
    };
    members_record(self, &put, &now);
    buf_fini(&store);
    return peers_named(self, STR("far"), str_from(name));
}

static void of_another_zone_none_is_drawn_that_may_not_be_asked(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 8; seed++) {
        struct cluster *self = cluster_new("a", seed);
        struct replicator *replicator;
        const struct peer *bad;
        const struct peer *good;

        cluster_start(self, 0);
        cluster_run(self, 100);
        replicator = self->members[0].replicator;
        (void)told_far(replicator, "bad", "http://169.254.7.7:7171");
        (void)told_far(replicator, "good", "http://10.0.0.9:7171");
        self->members[0].due = true;
        cluster_run(self, 10);
        bad = peers_named(replicator, STR("far"), STR("bad"));
        good = peers_named(replicator, STR("far"), STR("good"));
        assert_true(bad->banned);
        assert_int_equal(bad->way, WAY_NONE);
        assert_false(bad->chosen);
        assert_int_equal(good->way, WAY_HTTP);
        cluster_destroy(&self);
    }
}

/* What a name stands for is known when it is connected to, and may be another place later. */
static void a_name_that_stood_in_a_bad_place_is_looked_up_again(void **state)
{
    struct cluster *self = cluster_new("a", 1);
    struct member *member = &self->members[0];
    struct buf nothing = {0};
    struct now later;
    struct peer *peer;
    struct post post;

    (void)state;
    cluster_start(self, 0);
    cluster_run(self, 100);
    peer = told_far(member->replicator, "named", "http://node.example:7171");
    member->due = true;
    cluster_run(self, 10);
    assert_int_equal(peer->way, WAY_HTTP);
    posts_ask_nodes(member->replicator->posts, peers_number(member->replicator, peer));
    later = member->clock.at;
    assert_true(posts_next(member->replicator->posts, &later, &post));
    posts_answer(member->replicator->posts, post.id, posts_forbidden, 0, &nothing, &later);
    assert_true(peer->banned);
    later.mono_ms += 59000;
    members_tick(member->replicator, &later, member->out);
    assert_true(peer->banned);
    later.mono_ms += 2000;
    members_tick(member->replicator, &later, member->out);
    assert_false(peer->banned);
    cluster_destroy(&self);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_another_zone_none_is_drawn_that_may_not_be_asked),
        cmocka_unit_test(a_name_that_stood_in_a_bad_place_is_looked_up_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
