/* The order of states: whatever other nodes tell how often in which order, the end is the same. */
#include "actors/registry/decide.h"

// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include <string.h>

#include "actors/registry/decision.h"
#include "common/base/prng.h"

static const int64_t now0 = 1700000000000000000;

enum { IDLE_MS = 90000, LIFE_MS = 4200000, STATES = 14 };

struct world {
    struct registry *registry;
    struct rules rules;
    struct merge_rules merge;
    struct decision decision;
    uint64_t seq;
    bool newer;
};

static int setup(void **state)
{
    static struct world world;

    world = (struct world){
        .registry = registry_new(),
        .merge = {.idle_ms = IDLE_MS, .tombstone_ms = LIFE_MS, .spread = SPREAD_ZONE}};
    *state = &world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;

    registry_destroy(&world->registry);
    decision_fini(&world->decision);
    return 0;
}

static void start_anew(struct world *world)
{
    registry_destroy(&world->registry);
    world->registry = registry_new();
}

/* Decides and applies. How many changes it made. */
static uint32_t merge(struct world *world, const struct msg *record, int64_t age_ms)
{
    decide_merge(world->registry, &world->merge, record, age_ms, now0, &world->decision,
                 &world->newer);
    for (uint32_t i = 0; i < world->decision.count; i++) {
        struct applied applied;

        world->decision.changes[i].seq = ++world->seq;
        registry_apply(world->registry, &world->decision.changes[i], &applied);
    }
    return world->decision.count;
}

static struct msg a_put(int64_t dirty)
{
    struct msg msg = {.type = MSG_TYPE_PUT};

    msg.as_put = (struct msg_put){.kind = CHANGE_REGISTER,
                                  .age_ms = 1,
                                  .env = STR("dev"),
                                  .appid = STR("app"),
                                  .zone = STR("sh001"),
                                  .hostname = STR("h"),
                                  .addrs = {1, STR("\xa3x:1")},
                                  .status = STATUS_UP,
                                  .reg_timestamp = 5,
                                  .up_timestamp = 6,
                                  .renew_timestamp = 7,
                                  .latest_timestamp = 8,
                                  .dirty_timestamp = dirty};
    return msg;
}

static struct msg a_gone(int64_t dirty)
{
    struct msg msg = {.type = MSG_TYPE_GONE};

    msg.as_gone = (struct msg_gone){.kind = CHANGE_CANCEL,
                                    .age_ms = 1,
                                    .env = STR("dev"),
                                    .appid = STR("app"),
                                    .zone = STR("sh001"),
                                    .hostname = STR("h"),
                                    .dirty_timestamp = dirty};
    return msg;
}

static uint32_t slot_of(const struct world *world)
{
    struct identity id = {STR("dev"), STR("app"), STR("sh001"), STR("h")};

    return registry_find(world->registry, identity_key(&id));
}

/* What decides between two states, in the order in which it does. */
struct rank {
    int64_t dirty;
    bool gone;
    uint64_t hash;
};

static struct rank rank_held(const struct world *world)
{
    uint32_t slot = slot_of(world);
    struct instance instance;

    assert_true(slot != REGISTRY_NONE);
    if (!registry_is_live(world->registry, slot)) {
        return (struct rank){registry_slot_dirty(world->registry, slot), true, 0};
    }
    registry_instance(world->registry, slot, &instance);
    return (struct rank){instance.dirty_timestamp, false, instance_hash(&instance)};
}

static int compare(const struct rank *a, const struct rank *b)
{
    if (a->dirty != b->dirty) {
        return a->dirty < b->dirty ? -1 : 1;
    }
    if (a->gone != b->gone) {
        return a->gone ? 1 : -1;
    }
    return a->hash < b->hash ? -1 : a->hash > b->hash;
}

/* Two versions, each live in several ways, of which all but the last differ in what is
 * replicated, and gone. */
static size_t make_states(struct msg states[STATES])
{
    size_t count = 0;

    for (int64_t dirty = now0; dirty < now0 + 2; dirty++) {
        struct msg put = a_put(dirty);

        states[count++] = put;
        states[count] = put;
        states[count++].as_put.status = STATUS_WAITING;
        states[count] = put;
        states[count++].as_put.addrs = (struct strs){2, STR("\xa3x:1\xa3y:1")};
        states[count] = put;
        states[count++].as_put.metadata = (struct strs){2, STR("\xa1"
                                                               "b\xa1"
                                                               "1\xa1"
                                                               "a\xa1"
                                                               "2")};
        states[count] = put;
        states[count++].as_put.reg_timestamp = 4;
        states[count] = put;
        states[count++].as_put.renew_timestamp = 9; /* the same state */
        states[count++] = a_gone(dirty);
    }
    states[3].as_put.kind = CHANGE_SET;
    assert_int_equal(STATES, count);
    return count;
}

/* Alone in a registry of its own, where its metadata come into order. */
static struct rank rank_alone(struct world *world, const struct msg *record)
{
    start_anew(world);
    assert_int_equal(1, merge(world, record, 1));
    return rank_held(world);
}

static void of_two_states_the_same_one_stays_whichever_came_first(void **state)
{
    struct world *world = *state;
    struct msg states[STATES];
    size_t count = make_states(states);

    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < count; j++) {
            struct rank offered = rank_alone(world, &states[j]);
            struct rank held = rank_alone(world, &states[i]);
            int order = compare(&offered, &held);
            struct rank after;

            assert_int_equal(order > 0, merge(world, &states[j], 1));
            assert_int_equal(order < 0, world->newer);
            if (order <= 0) { /* what stays is named: to be sent back, or to get a younger age */
                assert_int_equal(slot_of(world), world->decision.heartbeat);
            }
            after = rank_held(world);
            assert_int_equal(0, compare(order > 0 ? &offered : &held, &after));
        }
    }
}

static void tell_at_random(struct world *world, struct prng *prng, const struct msg *states,
                           const size_t *set, size_t set_count)
{
    bool told[STATES] = {false};
    size_t left = set_count;

    start_anew(world);
    while (left > 0) {
        size_t i = (size_t)prng_below(prng, set_count);

        (void)merge(world, &states[set[i]], (int64_t)prng_below(prng, 1000));
        left -= !told[i];
        told[i] = true;
    }
}

static void any_order_and_repetition_of_states_ends_the_same(void **state)
{
    struct world *world = *state;
    struct msg states[STATES];
    size_t count = make_states(states);
    struct prng prng;

    prng_init(&prng, 11);
    for (unsigned round = 0; round < 500; round++) {
        size_t set[STATES];
        size_t set_count = 1 + (size_t)prng_below(&prng, STATES);
        struct rank first;
        struct rank second;

        for (size_t i = 0; i < set_count; i++) {
            set[i] = (size_t)prng_below(&prng, count);
        }
        tell_at_random(world, &prng, states, set, set_count);
        first = rank_held(world);
        tell_at_random(world, &prng, states, set, set_count);
        second = rank_held(world);
        assert_int_equal(0, compare(&first, &second));
    }
}

static void gone_wins_a_tie_whichever_came_first(void **state)
{
    struct world *world = *state;
    struct msg put = a_put(now0);
    struct msg gone = a_gone(now0);

    (void)merge(world, &put, 1);
    assert_int_equal(1, merge(world, &gone, 1));
    assert_int_equal(0, merge(world, &put, 1));
    assert_true(world->newer);
    assert_int_equal(0, merge(world, &gone, 1));
    assert_false(world->newer);
}

static void a_late_state_does_not_bring_back_what_went(void **state)
{
    struct world *world = *state;
    struct msg put = a_put(now0);
    struct msg gone = a_gone(now0);

    (void)merge(world, &put, 1);
    assert_int_equal(1, merge(world, &gone, 1));
    assert_int_not_equal(REGISTRY_NONE, slot_of(world));
    assert_int_equal(0, merge(world, &put, 1));
    assert_false(registry_is_live(world->registry, slot_of(world)));
}

static void what_went_before_it_came_leaves_a_tombstone(void **state)
{
    struct world *world = *state;
    struct msg put = a_put(now0);
    struct msg gone = a_gone(now0);

    assert_int_equal(1, merge(world, &gone, LIFE_MS - 1));
    assert_int_equal(LIFE_MS - 1, world->decision.changes[0].age_ms);
    assert_int_equal(0, merge(world, &put, 0));
    assert_false(registry_is_live(world->registry, slot_of(world)));
}

static void who_is_idle_or_of_unknown_age_does_not_come_in(void **state)
{
    struct world *world = *state;
    struct msg put = a_put(now0);
    struct msg newer = a_put(now0 + 1);
    struct msg gone = a_gone(now0);

    assert_int_equal(0, merge(world, &put, IDLE_MS));
    assert_int_equal(0, merge(world, &put, -1));
    assert_false(world->newer);
    assert_int_equal(0, merge(world, &gone, LIFE_MS));
    assert_int_equal(REGISTRY_NONE, slot_of(world));
    /* a tombstone is no reason to let it in */
    assert_int_equal(1, merge(world, &gone, 1));
    assert_int_equal(0, merge(world, &newer, IDLE_MS));
    assert_int_equal(0, merge(world, &newer, -1));
    assert_int_equal(1, merge(world, &newer, IDLE_MS - 1));
    /* who lives here takes a newer state, whatever its age */
    newer = a_put(now0 + 2);
    assert_int_equal(1, merge(world, &newer, IDLE_MS));
    newer = a_put(now0 + 3);
    assert_int_equal(1, merge(world, &newer, -1));
    assert_int_equal(now0 + 3, rank_held(world).dirty);
}

static void a_restored_registry_takes_those_of_unknown_age(void **state)
{
    struct world *world = *state;
    struct msg put = a_put(now0);

    world->merge.restore = true;
    assert_int_equal(0, merge(world, &put, IDLE_MS));
    assert_int_equal(1, merge(world, &put, -1));
    assert_int_equal(-1, world->decision.changes[0].age_ms);
}

static void who_is_of_unknown_age_was_not_renewed_within_the_idle_limit(void **state)
{
    const struct {
        int64_t told;
        int64_t taken;
    } rows[] = {
        {now0 + 77, now0 - IDLE_MS * INT64_C(1000000)}, /* their clock is ahead */
        {now0 - 77, now0 - IDLE_MS * INT64_C(1000000)},
        {7, 7},
    };
    struct world *world = *state;
    struct msg put = a_put(now0);
    struct instance held;

    world->merge.restore = true;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        start_anew(world);
        put.as_put.renew_timestamp = rows[i].told;
        assert_int_equal(1, merge(world, &put, -1));
        registry_instance(world->registry, slot_of(world), &held);
        assert_int_equal(rows[i].taken, held.renew_timestamp);
    }
}

/* told: of the app, at the node that tells. */
static int64_t latest_after(struct world *world, int64_t told)
{
    struct msg put = a_put(slot_of(world) == REGISTRY_NONE ? now0 : rank_held(world).dirty + 1);
    struct app_info info;

    put.as_put.latest_of_app = told;
    assert_int_equal(1, merge(world, &put, 0));
    registry_app(world->registry,
                 registry_app_find(world->registry, put.as_put.env, put.as_put.appid), &info);
    return info.latest_timestamp;
}

/* A client may hold the told one: ours must not be below it. */
static void a_told_change_goes_above_our_latest_our_time_and_the_told_latest(void **state)
{
    struct world *world = *state;
    int64_t latest = latest_after(world, now0 - 5000);

    assert_int_equal(now0, latest);
    latest = latest_after(world, now0 - 5000); /* the clock stands still */
    assert_int_equal(now0 + latest_step_ns, latest);
    latest = latest_after(world, now0 + 7000000);
    assert_int_equal(now0 + 7000000 + latest_step_ns, latest);
    assert_int_equal(latest, world->decision.changes[0].at); /* an app that comes back is above */
    latest = latest_after(world, now0);
    assert_int_equal(now0 + 7000000 + INT64_C(2) * latest_step_ns, latest);
}

static void a_latest_that_no_node_makes_freezes_no_app(void **state)
{
    struct world *world = *state;

    assert_int_equal(now0, latest_after(world, INT64_MAX));
    assert_int_equal(now0 + latest_step_ns, latest_after(world, -1));
    /* a client's: it counts for the app, as in the reference, but is no time of ours */
    assert_int_equal(timestamp_max + latest_step_ns, latest_after(world, timestamp_max));
    assert_true(world->decision.changes[0].at <= now0 + INT64_C(2) * latest_step_ns);
}

static void a_state_comes_over_whole_with_a_renewal_by_our_clock(void **state)
{
    struct world *world = *state;
    struct msg put = a_put(now0);
    struct instance held;

    put.as_put.kind = CHANGE_SET;
    put.as_put.renew_timestamp = now0 + 77; /* their clock is ahead */
    (void)merge(world, &put, 2000);
    assert_int_equal(CHANGE_SET, world->decision.changes[0].kind);
    assert_int_equal(SPREAD_ZONE, world->decision.changes[0].spread);
    assert_int_equal(2000, world->decision.changes[0].age_ms);
    assert_true(world->decision.changes[0].latest_timestamp >= now0);
    registry_instance(world->registry, slot_of(world), &held);
    assert_int_equal(5, held.reg_timestamp);
    assert_int_equal(6, held.up_timestamp);
    assert_int_equal(8, held.latest_timestamp);
    assert_int_equal(now0 - 2000000000, held.renew_timestamp);
    /* an older renewal does not take back a younger one */
    put.as_put.dirty_timestamp++;
    (void)merge(world, &put, 60000);
    registry_instance(world->registry, slot_of(world), &held);
    assert_int_equal(now0 + 1, held.dirty_timestamp);
    assert_int_equal(now0 - 2000000000, held.renew_timestamp);
    put.as_put.dirty_timestamp++;
    (void)merge(world, &put, -1);
    registry_instance(world->registry, slot_of(world), &held);
    assert_int_equal(now0 - 2000000000, held.renew_timestamp);
}

static void a_schedule_is_a_state_that_never_gets_old(void **state)
{
    struct world *world = *state;
    struct msg put = a_put(now0);
    struct identity id = {.env = STR("dev"), .appid = STR("app")};

    put.as_put.zone = (struct str){0};
    put.as_put.hostname = (struct str){0};
    put.as_put.addrs = (struct strs){3, STR("\xa1z\xa1z\xa2"
                                            "10")};
    assert_int_equal(1, merge(world, &put, -1));
    assert_true(
        registry_is_schedule(world->registry, registry_find(world->registry, identity_key(&id))));
    put.as_put.dirty_timestamp++;
    put.as_put.addrs = (struct strs){2, STR("\xa1z\xa1z")};
    assert_int_equal(0, merge(world, &put, -1));
    assert_int_equal(ERR_INVALID, world->decision.err);
}

static void refused(struct world *world, struct msg record, int64_t age_ms)
{
    assert_int_equal(0, merge(world, &record, age_ms));
    assert_int_equal(ERR_INVALID, world->decision.err);
    assert_true(world->decision.text.len > 10);
    assert_false(world->newer);
}

static void what_no_node_may_send_is_refused_in_words(void **state)
{
    static char long_name[600];
    struct world *world = *state;
    struct msg record;

    memset(long_name, 'x', sizeof(long_name));
#define REFUSED_PUT(field, ...)                                                                    \
    record = a_put(now0);                                                                          \
    record.as_put.field = __VA_ARGS__;                                                             \
    refused(world, record, 1)
    REFUSED_PUT(env, (struct str){0});
    REFUSED_PUT(appid, (struct str){long_name, 256});
    REFUSED_PUT(zone, (struct str){0});
    REFUSED_PUT(hostname, (struct str){0});
    REFUSED_PUT(region, (struct str){long_name, 256});
    REFUSED_PUT(version, (struct str){long_name, 513});
    REFUSED_PUT(addrs, (struct strs){0});
    REFUSED_PUT(status, 3);
    REFUSED_PUT(kind, CHANGE_CANCEL);
    REFUSED_PUT(kind, 77);
    REFUSED_PUT(spread, SPREAD_COUNT);
    REFUSED_PUT(dirty_timestamp, -1);
    REFUSED_PUT(dirty_timestamp, INT64_MAX);
    REFUSED_PUT(reg_timestamp, INT64_MIN);
    REFUSED_PUT(up_timestamp, INT64_MAX);
    REFUSED_PUT(renew_timestamp, INT64_MAX);
    REFUSED_PUT(latest_timestamp, -1);
    buf_add_char(&world->decision.text, 0);
    assert_non_null(
        strstr(world->decision.text.data, "hostname h, appid app, zone sh001, env dev"));
#undef REFUSED_PUT
    record = a_gone(now0);
    record.as_gone.kind = CHANGE_EVICT;
    refused(world, record, 1);
    record.as_gone.kind = CHANGE_FORGET;
    refused(world, record, 1);
    refused(world, a_gone(now0), -1);
    refused(world, (struct msg){.type = MSG_TYPE_PING}, 1);
    assert_int_equal(REGISTRY_NONE, slot_of(world));
}

/* A client may give the greatest timestamp there is; whatever is written after it counts on, and
 * travels. */
static void what_was_written_past_the_last_timestamp_travels(void **state)
{
    struct world *world = *state;
    struct msg put = a_put(timestamp_max + 1);
    struct msg_register command = {.env = STR("dev"),
                                   .appid = STR("app"),
                                   .zone = STR("sh001"),
                                   .hostname = STR("h"),
                                   .addrs = {1, STR("\xa3x:1")},
                                   .status = STATUS_UP};
    int64_t last;

    put.as_put.up_timestamp = timestamp_max + 1;
    put.as_put.latest_timestamp = timestamp_max + 1;
    assert_int_equal(merge(world, &put, 1), 1);
    put = a_put(INT64_MAX);
    assert_int_equal(merge(world, &put, 1), 0);
    assert_int_equal(world->decision.err, ERR_INVALID);
    for (int64_t step = 1LL << 60; step > 0; step /= 2) { /* the last one nodes tell each other */
        last = rank_held(world).dirty;
        if (last <= INT64_MAX - step) {
            put = a_put(last + step);
            merge(world, &put, 1);
        }
    }
    last = rank_held(world).dirty;
    assert_int_equal(last, timestamp_told_max);
    decide_register(world->registry, &world->rules, &command, now0, &world->decision);
    assert_int_equal(world->decision.err, ERR_CONFLICT); /* not as if it had been done */
    assert_int_equal(world->decision.count, 0);
}

/* What a client may write, nodes take from each other: a tombstone that no client's write can have
 * ended does not keep its owner out. */
static void a_tombstone_past_what_writes_can_reach_is_not_taken(void **state)
{
    struct world *world = *state;
    struct msg gone = a_gone(4100000000000000000);
    struct msg_register command = {.env = STR("dev"),
                                   .appid = STR("app"),
                                   .zone = STR("sh001"),
                                   .hostname = STR("h"),
                                   .addrs = {1, STR("\xa3x:1")},
                                   .status = STATUS_UP};

    assert_int_equal(merge(world, &gone, 1), 0);
    assert_int_equal(world->decision.err, ERR_INVALID);
    decide_register(world->registry, &world->rules, &command, now0, &world->decision);
    assert_int_equal(world->decision.err, ERR_OK);
    assert_int_equal(world->decision.count, 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(of_two_states_the_same_one_stays_whichever_came_first),
        TEST(any_order_and_repetition_of_states_ends_the_same),
        TEST(gone_wins_a_tie_whichever_came_first),
        TEST(a_late_state_does_not_bring_back_what_went),
        TEST(what_went_before_it_came_leaves_a_tombstone),
        TEST(who_is_idle_or_of_unknown_age_does_not_come_in),
        TEST(a_restored_registry_takes_those_of_unknown_age),
        TEST(who_is_of_unknown_age_was_not_renewed_within_the_idle_limit),
        TEST(a_told_change_goes_above_our_latest_our_time_and_the_told_latest),
        TEST(a_latest_that_no_node_makes_freezes_no_app),
        TEST(a_state_comes_over_whole_with_a_renewal_by_our_clock),
        TEST(a_schedule_is_a_state_that_never_gets_old),
        TEST(what_no_node_may_send_is_refused_in_words),
        TEST(what_was_written_past_the_last_timestamp_travels),
        TEST(a_tombstone_past_what_writes_can_reach_is_not_taken),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
