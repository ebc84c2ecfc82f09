#include "actors/registry/decide.h"

// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include <stdio.h>
#include <string.h>

#include "actors/registry/decision.h"
#include "common/base/prng.h"
#include "common/naming/metadata.h"

static const int64_t now0 = 1700000000000000000;

struct world {
    struct registry *registry;
    struct rules rules;
    struct decision decision;
    struct buf store;
    uint64_t seq;
    int64_t now;
};

static int setup(void **state)
{
    static struct world world;

    world = (struct world){.registry = registry_new(), .now = now0};
    *state = &world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;

    registry_destroy(&world->registry);
    decision_fini(&world->decision);
    buf_fini(&world->store);
    return 0;
}

static struct strs list_of(struct world *world, const char *const *items, uint32_t count)
{
    size_t begin = world->store.len;

    (void)buf_reserve(&world->store, 4096);
    for (uint32_t i = 0; i < count; i++) {
        strs_pack(&world->store, str_from(items[i]));
    }
    return (struct strs){count, {world->store.data + begin, world->store.len - begin}};
}

static struct msg_register a_register(struct world *world, const char *hostname)
{
    static const char *const addrs[] = {"http://10.0.0.1:80"};

    world->store.len = 0;
    return (struct msg_register){.env = STR("dev"),
                                 .appid = STR("app"),
                                 .zone = STR("sh001"),
                                 .hostname = str_from(hostname),
                                 .version = STR("1"),
                                 .addrs = list_of(world, addrs, 1),
                                 .status = STATUS_UP};
}

/* Applies what was decided; how many changes there were. */
static uint32_t apply(struct world *world)
{
    for (uint32_t i = 0; i < world->decision.count; i++) {
        struct applied applied;

        world->decision.changes[i].seq = ++world->seq;
        registry_apply(world->registry, &world->decision.changes[i], &applied);
    }
    return world->decision.count;
}

static uint32_t do_register(struct world *world, const struct msg_register *command)
{
    decide_register(world->registry, &world->rules, command, world->now, &world->decision);
    return apply(world);
}

static uint32_t do_cancel(struct world *world, const char *hostname, int64_t latest)
{
    struct msg_cancel command = {.env = STR("dev"),
                                 .appid = STR("app"),
                                 .zone = STR("sh001"),
                                 .hostname = str_from(hostname),
                                 .latest_timestamp = latest};

    decide_cancel(world->registry, &world->rules, &command, world->now, &world->decision);
    return apply(world);
}

static struct instance held(struct world *world, const char *hostname)
{
    struct identity id = {STR("dev"), STR("app"), STR("sh001"), str_from(hostname)};
    uint32_t slot = registry_find(world->registry, identity_key(&id));
    struct instance instance;

    assert_true(slot != REGISTRY_NONE);
    registry_instance(world->registry, slot, &instance);
    return instance;
}

static bool live(struct world *world, const char *hostname)
{
    struct identity id = {STR("dev"), STR("app"), STR("sh001"), str_from(hostname)};
    uint32_t slot = registry_find(world->registry, identity_key(&id));

    return slot != REGISTRY_NONE && registry_is_live(world->registry, slot);
}

static int64_t latest_of(struct world *world)
{
    uint32_t app = registry_app_find(world->registry, STR("dev"), STR("app"));
    struct app_info info;

    registry_app(world->registry, app, &info);
    return info.latest_timestamp;
}

static void register_takes_all_timestamps_from_the_clock(void **state)
{
    struct world *world = *state;
    struct msg_register command = a_register(world, "h");
    struct instance instance;

    assert_int_equal(1, do_register(world, &command));
    instance = held(world, "h");
    assert_int_equal(now0, instance.reg_timestamp);
    assert_int_equal(now0, instance.up_timestamp);
    assert_int_equal(now0, instance.renew_timestamp);
    assert_int_equal(now0, instance.dirty_timestamp);
    assert_int_equal(now0, instance.latest_timestamp);
    assert_int_equal(now0, latest_of(world));
    assert_int_equal(SPREAD_EVERYWHERE, world->decision.changes[0].spread);
}

static void registering_again_keeps_up_and_always_wins_even_with_a_clock_behind(void **state)
{
    struct world *world = *state;
    struct msg_register command = a_register(world, "h");

    (void)do_register(world, &command);
    world->now -= 5000000000;
    command.version = STR("2");
    assert_int_equal(1, do_register(world, &command));
    assert_int_equal(now0 + 1, held(world, "h").dirty_timestamp);
    assert_int_equal(now0, held(world, "h").up_timestamp);
    assert_int_equal(now0 + latest_step_ns, latest_of(world));
    assert_true(str_eq(STR("2"), held(world, "h").version));
}

static void an_older_explicit_dirty_changes_nothing_and_is_no_error(void **state)
{
    struct world *world = *state;
    struct msg_register command = a_register(world, "h");

    (void)do_register(world, &command);
    command.version = STR("2");
    command.dirty_timestamp = now0 - 1;
    assert_int_equal(0, do_register(world, &command));
    assert_int_equal(ERR_OK, world->decision.err);
    assert_true(str_eq(STR("1"), held(world, "h").version));
}

static void a_replicated_duplicate_changes_nothing(void **state)
{
    struct world *world = *state;
    struct msg_register command = a_register(world, "h");

    command.replication = true;
    command.dirty_timestamp = now0 + 7;
    assert_int_equal(1, do_register(world, &command));
    assert_int_equal(SPREAD_NOWHERE, world->decision.changes[0].spread);
    world->now += 1000;
    assert_int_equal(0, do_register(world, &command));
}

/* Whichever of the two has the greater hash. */
static void the_same_explicit_dirty_with_other_content_is_taken_one_above(void **state)
{
    struct world *world = *state;
    static const char *const hosts[] = {"h1", "h2", "h3", "h4", "h5", "h6", "h7", "h8"};

    for (unsigned i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
        struct msg_register command = a_register(world, hosts[i]);

        command.dirty_timestamp = now0;
        assert_int_equal(1, do_register(world, &command));
        world->now += 1000;
        assert_int_equal(0, do_register(world, &command)); /* the same content changes nothing */
        assert_int_equal(ERR_OK, world->decision.err);
        command.version = STR("2");
        assert_int_equal(1, do_register(world, &command));
        assert_true(str_eq(STR("2"), held(world, hosts[i]).version));
        assert_int_equal(now0 + 1, held(world, hosts[i]).dirty_timestamp);
        assert_int_equal(world->now, held(world, hosts[i]).reg_timestamp);
        command.version = STR("3"); /* what is older by now goes on being answered 0 */
        assert_int_equal(0, do_register(world, &command));
        assert_int_equal(ERR_OK, world->decision.err);
    }
}

static void a_replicated_one_with_the_same_dirty_is_compared_as_it_came(void **state)
{
    struct world *world = *state;
    struct msg_register command = a_register(world, "h");

    command.dirty_timestamp = now0;
    (void)do_register(world, &command);
    command.version = STR("2");
    command.replication = true;
    (void)do_register(world, &command);
    assert_int_equal(ERR_OK, world->decision.err);
    assert_int_equal(now0, held(world, "h").dirty_timestamp);
}

static void hold_at_the_ceiling(struct world *world, const char *hostname)
{
    struct msg_register command = a_register(world, hostname);

    command.replication = true;
    command.dirty_timestamp = timestamp_told_max;
    assert_int_equal(1, do_register(world, &command));
}

static void assert_conflict(const struct world *world, const char *says)
{
    assert_int_equal(ERR_CONFLICT, world->decision.err);
    assert_int_equal(0, world->decision.count);
    assert_non_null(
        memmem(world->decision.text.data, world->decision.text.len, says, strlen(says)));
}

static void what_cannot_win_at_the_ceiling_is_refused_and_said(void **state)
{
    struct world *world = *state;
    struct msg_register command;

    hold_at_the_ceiling(world, "h");
    command = a_register(world, "h");
    command.version = STR("2");
    assert_int_equal(0, do_register(world, &command));
    assert_conflict(world, "4000000001000000000");
    command.dirty_timestamp = timestamp_max; /* older, and explicit: as ever */
    assert_int_equal(0, do_register(world, &command));
    assert_int_equal(ERR_OK, world->decision.err);
    assert_int_equal(1, do_cancel(world, "h", 0));
    assert_int_equal(0, do_register(world, &command)); /* a tombstone now: it must come back */
    assert_conflict(world, "hostname h");
    command.replication = true; /* a node's is compared */
    assert_int_equal(0, do_register(world, &command));
    assert_int_equal(ERR_OK, world->decision.err);
}

static void a_client_writes_up_to_its_limit_and_goes_on_from_there(void **state)
{
    struct world *world = *state;
    struct msg_register command = a_register(world, "h");

    command.dirty_timestamp = timestamp_max;
    assert_int_equal(1, do_register(world, &command));
    command.dirty_timestamp = 0;
    assert_int_equal(1, do_register(world, &command));
    assert_int_equal(1, do_cancel(world, "h", 0));
    assert_int_equal(1, do_register(world, &command));
    assert_int_equal(timestamp_max + 2, held(world, "h").dirty_timestamp);
    command.dirty_timestamp = timestamp_max + 2; /* a node tells it */
    command.replication = true;
    (void)do_register(world, &command);
    assert_int_equal(ERR_OK, world->decision.err);
}

static void a_replicated_register_loses_to_a_tombstone_with_equal_dirty(void **state)
{
    struct world *world = *state;
    struct msg_register command = a_register(world, "h");

    (void)do_register(world, &command);
    assert_int_equal(1, do_cancel(world, "h", 0));
    assert_false(live(world, "h"));
    assert_int_equal(now0, held(world, "h").dirty_timestamp);
    command.replication = true;
    command.dirty_timestamp = now0;
    assert_int_equal(0, do_register(world, &command));
    command.dirty_timestamp = now0 + 1;
    assert_int_equal(1, do_register(world, &command));
    assert_true(live(world, "h"));
}

static void a_clients_own_registration_always_comes_back(void **state)
{
    struct world *world = *state;
    struct msg_register command = a_register(world, "h");

    (void)do_register(world, &command);
    (void)do_cancel(world, "h", 0);
    world->now -= 1000000;
    command.dirty_timestamp = 5;
    assert_int_equal(1, do_register(world, &command));
    assert_int_equal(now0 + 1, held(world, "h").dirty_timestamp);
}

static void an_app_that_came_back_repeats_no_latest_timestamp(void **state)
{
    struct world *world = *state;
    struct msg_register command = a_register(world, "h");
    int64_t before;

    (void)do_register(world, &command);
    world->now -= 1000000;
    (void)do_cancel(world, "h", 0);
    before = latest_of(world);
    (void)do_register(world, &command);
    assert_true(latest_of(world) > now0);
    assert_true(before <= latest_of(world));
}

static void a_cancels_latest_timestamp_sticks_as_in_the_reference(void **state)
{
    struct world *world = *state;
    struct msg_register one = a_register(world, "h1");

    (void)do_register(world, &one);
    one.hostname = STR("h2");
    (void)do_register(world, &one);
    (void)do_cancel(world, "h1", 3000000000000000000);
    assert_int_equal(3000000000000000000, latest_of(world));
    one.hostname = STR("h3");
    (void)do_register(world, &one);
    assert_int_equal(3000000000000000000 + latest_step_ns, latest_of(world));
}

static void refuses_what_is_out_of_bounds_and_says_what(void **state)
{
    struct world *world = *state;
    struct msg_register command = a_register(world, "h");

    command.status = 3;
    assert_int_equal(0, do_register(world, &command));
    assert_int_equal(ERR_INVALID, world->decision.err);
    assert_non_null(memmem(world->decision.text.data, world->decision.text.len, "status", 6));
    command.status = 1;
    command.dirty_timestamp = timestamp_max + 1;
    (void)do_register(world, &command);
    assert_int_equal(ERR_INVALID, world->decision.err);
    command.dirty_timestamp = timestamp_max;
    (void)do_register(world, &command);
    assert_int_equal(ERR_OK, world->decision.err);
    command.hostname.len = 0;
    (void)do_register(world, &command);
    assert_int_equal(ERR_INVALID, world->decision.err);
    command = a_register(world, "h");
    command.addrs = (struct strs){0};
    (void)do_register(world, &command);
    assert_int_equal(ERR_INVALID, world->decision.err);
}

static void a_version_may_be_as_long_as_the_gateways_let_through(void **state)
{
    struct world *world = *state;
    struct msg_register command = a_register(world, "h");
    static const char text[513];

    command.version = (struct str){text, 512};
    assert_int_equal(1, do_register(world, &command));
    command.version.len++;
    assert_int_equal(0, do_register(world, &command));
    assert_int_equal(ERR_INVALID, world->decision.err);
}

static void only_nodes_write_infra_discovery_unless_clients_are_trusted(void **state)
{
    struct world *world = *state;
    struct msg_register command = a_register(world, "h");

    command.appid = STR("infra.discovery");
    assert_int_equal(0, do_register(world, &command));
    assert_int_equal(ERR_REFUSED, world->decision.err);
    command.origin = ORIGIN_SELF;
    assert_int_equal(1, do_register(world, &command));
    command.origin = ORIGIN_STRANGER;
    assert_int_equal(0, do_register(world, &command));
    assert_int_equal(ERR_REFUSED, world->decision.err);
    command.origin = 99; /* of a newer gateway */
    assert_int_equal(0, do_register(world, &command));
    command.origin = ORIGIN_CLIENT;
    world->rules.trust_client_nodes = true;
    assert_int_equal(1, do_register(world, &command));
}

static void renew_answers_by_dirty_only_when_replicated(void **state)
{
    struct world *world = *state;
    struct msg_register command = a_register(world, "h");
    struct msg_renew renew = {
        .env = STR("dev"), .appid = STR("app"), .zone = STR("sh001"), .hostname = STR("h")};
    const struct {
        bool replication;
        int64_t delta;
        enum err err;
    } cases[] = {{false, 5, ERR_OK},       {false, -5, ERR_OK},      {true, 0, ERR_OK},
                 {true, 1, ERR_NOT_FOUND}, {true, -1, ERR_CONFLICT}, {true, -now0, ERR_CONFLICT}};

    (void)do_register(world, &command);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        renew.replication = cases[i].replication;
        renew.dirty_timestamp = now0 + cases[i].delta;
        decide_renew(world->registry, &world->rules, &renew, world->now, &world->decision);
        assert_int_equal(cases[i].err, world->decision.err);
        assert_true(world->decision.heartbeat != REGISTRY_NONE); /* counts all the same */
        assert_int_equal(0, world->decision.count);
    }
    renew.hostname = STR("other");
    decide_renew(world->registry, &world->rules, &renew, world->now, &world->decision);
    assert_int_equal(ERR_NOT_FOUND, world->decision.err);
    assert_int_equal(REGISTRY_NONE, world->decision.heartbeat);
}

/* differences row 33 */
static void a_renew_and_a_cancel_of_another_zone_go_everywhere_too(void **state)
{
    struct world *world = *state;
    struct msg_register command = a_register(world, "h");
    struct msg_renew renew = {
        .env = STR("dev"), .appid = STR("app"), .zone = STR("sh002"), .hostname = STR("h")};
    struct msg_cancel cancel = {
        .env = STR("dev"), .appid = STR("app"), .zone = STR("sh002"), .hostname = STR("h")};

    command.zone = STR("sh002");
    (void)do_register(world, &command);
    assert_int_equal(SPREAD_EVERYWHERE, world->decision.changes[0].spread);
    decide_renew(world->registry, &world->rules, &renew, world->now, &world->decision);
    assert_int_equal(SPREAD_EVERYWHERE, world->decision.spread);
    decide_cancel(world->registry, &world->rules, &cancel, world->now, &world->decision);
    assert_int_equal(1, world->decision.count);
    assert_int_equal(SPREAD_EVERYWHERE, world->decision.changes[0].spread);
    cancel.from_zone = true;
    decide_cancel(world->registry, &world->rules, &cancel, world->now, &world->decision);
    assert_int_equal(SPREAD_ZONE, world->decision.changes[0].spread);
}

/* differences row 16: who calls itself a node and is not believed is judged as a client, and told
 * to nobody, for it has told the others, and one of them may have told it. */
static void what_a_stranger_says_goes_nowhere(void **state)
{
    struct world *world = *state;
    struct msg_register command = a_register(world, "h");
    struct msg_renew renew = {.origin = ORIGIN_STRANGER,
                              .env = STR("dev"),
                              .appid = STR("app"),
                              .zone = STR("sh001"),
                              .hostname = STR("h"),
                              .dirty_timestamp = now0 + 5};
    struct msg_cancel cancel = {.origin = ORIGIN_STRANGER,
                                .env = STR("dev"),
                                .appid = STR("app"),
                                .zone = STR("sh001"),
                                .hostname = STR("h")};
    struct msg_set set = {.origin = ORIGIN_STRANGER,
                          .env = STR("dev"),
                          .appid = STR("app"),
                          .zone = STR("sh001"),
                          .statuses_given = true};
    struct msg host = {.type = MSG_TYPE_HOST};
    struct buf hosts = {0};

    command.origin = ORIGIN_STRANGER;
    assert_int_equal(1, do_register(world, &command));
    assert_int_equal(SPREAD_NOWHERE, world->decision.changes[0].spread);
    decide_renew(world->registry, &world->rules, &renew, world->now, &world->decision);
    assert_int_equal(ERR_OK, world->decision.err); /* as a client's */
    assert_true(world->decision.heartbeat != REGISTRY_NONE);
    assert_int_equal(SPREAD_NOWHERE, world->decision.spread);
    host.as_host.hostname = STR("h");
    host.as_host.status = STATUS_WAITING;
    msg_list_add(&set.hosts, &hosts, &host);
    decide_set(world->registry, &world->rules, &set, world->now, &world->decision);
    assert_int_equal(1, apply(world));
    assert_int_equal(SPREAD_NOWHERE, world->decision.changes[0].spread);
    decide_cancel(world->registry, &world->rules, &cancel, world->now, &world->decision);
    assert_int_equal(1, apply(world));
    assert_int_equal(SPREAD_NOWHERE, world->decision.changes[0].spread);
    buf_fini(&hosts);
}

struct set_host_args {
    const char *hostname;
    uint32_t status;
    const char *key;
    const char *value;
};

static uint32_t do_set(struct world *world, const struct set_host_args *hosts, uint32_t count,
                       int64_t set_timestamp)
{
    struct buf bytes = {0};
    struct msg_set set = {.env = STR("dev"),
                          .appid = STR("app"),
                          .zone = STR("sh001"),
                          .statuses_given = hosts[0].status != 0,
                          .metadatas_given = hosts[0].key != NULL,
                          .set_timestamp = set_timestamp};
    uint32_t changed;

    for (uint32_t i = 0; i < count; i++) {
        struct msg host = {.type = MSG_TYPE_HOST};

        host.as_host.hostname = str_from(hosts[i].hostname);
        host.as_host.status = hosts[i].status;
        if (hosts[i].key != NULL) {
            const char *const pair[] = {hosts[i].key, hosts[i].value};

            world->store.len = 0;
            host.as_host.metadata = list_of(world, pair, 2);
            host.as_host.metadata.count = 1;
        }
        msg_list_add(&set.hosts, &bytes, &host);
    }
    decide_set(world->registry, &world->rules, &set, world->now, &world->decision);
    changed = apply(world);
    buf_fini(&bytes);
    return changed;
}

/* keys of four bytes; bytes: of all keys and values */
static struct strs metadata_of(struct buf *store, uint32_t keys, size_t bytes)
{
    struct buf value = {0};
    size_t rest = bytes - (size_t)4 * keys;

    store->len = 0;
    for (uint32_t i = 0; i < keys; i++) {
        char key[16];

        (void)snprintf(key, sizeof(key), "k%03u", i);
        strs_pack(store, str_from(key));
        value.len = 0;
        while (value.len < rest / (keys - i)) {
            buf_add_char(&value, 'v');
        }
        rest -= value.len;
        strs_pack(store, buf_str(&value));
    }
    buf_fini(&value);
    return (struct strs){keys, buf_str(store)};
}

static void metadata_is_bounded_by_keys_and_by_bytes_of_text(void **state)
{
    struct world *world = *state;
    struct msg_register command = a_register(world, "h");
    struct buf store = {0};

    command.metadata = metadata_of(&store, limit_metadata_keys, limit_metadata_bytes);
    assert_int_equal(1, do_register(world, &command));
    assert_int_equal(limit_metadata_keys, held(world, "h").metadata.count);
    command.metadata = metadata_of(&store, 1, limit_metadata_bytes);
    assert_int_equal(1, do_register(world, &command));
    command.metadata = metadata_of(&store, 1, limit_metadata_bytes + 1);
    assert_int_equal(0, do_register(world, &command));
    assert_int_equal(ERR_INVALID, world->decision.err);
    command.metadata = metadata_of(&store, limit_metadata_keys, limit_metadata_bytes + 1);
    assert_int_equal(0, do_register(world, &command));
    command.metadata = metadata_of(&store, limit_metadata_keys + 1, 1000);
    assert_int_equal(0, do_register(world, &command));
    assert_int_equal(ERR_INVALID, world->decision.err);
    buf_fini(&store);
}

static void set_merges_metadata_and_advances_the_app(void **state)
{
    struct world *world = *state;
    struct msg_register command = a_register(world, "h");
    const struct set_host_args b = {"h", 0, "b", "2"};
    const struct set_host_args a = {"h", 0, "a", "1"};
    const struct set_host_args again = {"h", 0, "b", "3"};
    struct str rest;
    struct str item;
    static const char *const wanted[] = {"a", "1", "b", "3"};

    (void)do_register(world, &command);
    assert_int_equal(1, do_set(world, &b, 1, 0));
    assert_int_equal(now0 + latest_step_ns, latest_of(world));
    assert_int_equal(1, do_set(world, &a, 1, 0));
    assert_int_equal(1, do_set(world, &again, 1, 0));
    assert_int_equal(2, held(world, "h").metadata.count);
    rest = held(world, "h").metadata.bytes;
    for (unsigned i = 0; i < 4; i++) {
        assert_true(strs_next(&rest, &item));
        assert_true(str_eq(str_from(wanted[i]), item));
    }
    assert_int_equal(now0 + 3, held(world, "h").dirty_timestamp);
}

static void set_changes_all_hosts_or_none(void **state)
{
    struct world *world = *state;
    struct msg_register command = a_register(world, "h1");
    const struct set_host_args hosts[] = {{"h1", 2, NULL, NULL}, {"nobody", 2, NULL, NULL}};

    (void)do_register(world, &command);
    assert_int_equal(0, do_set(world, hosts, 2, 0));
    assert_int_equal(ERR_INVALID, world->decision.err);
    assert_true(str_eq(STR("no live instance of hostname nobody, appid app, zone sh001, env dev"),
                       (struct str){world->decision.text.data, world->decision.text.len}));
    assert_int_equal(STATUS_UP, held(world, "h1").status);
}

static void a_set_gives_up_or_waiting_and_nothing_else(void **state)
{
    struct world *world = *state;
    struct msg_register command = a_register(world, "h");
    static const uint32_t others[] = {3, 4, UINT32_MAX};

    (void)do_register(world, &command);
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        const struct set_host_args hosts[] = {{"h", others[i], NULL, NULL}};

        assert_int_equal(0, do_set(world, hosts, 1, 0));
        assert_int_equal(ERR_INVALID, world->decision.err);
    }
    assert_int_equal(STATUS_UP, held(world, "h").status);
}

static void set_never_moves_dirty_backwards(void **state)
{
    struct world *world = *state;
    struct msg_register command = a_register(world, "h");
    const struct set_host_args down = {"h", 2, NULL, NULL};
    const struct set_host_args up = {"h", 1, NULL, NULL};

    (void)do_register(world, &command);
    assert_int_equal(1, do_set(world, &down, 1, 77));
    assert_int_equal(now0 + 1, held(world, "h").dirty_timestamp);
    assert_int_equal(now0, held(world, "h").up_timestamp);
    assert_int_equal(1, do_set(world, &up, 1, now0 + 500));
    assert_int_equal(now0 + 500, held(world, "h").dirty_timestamp);
    assert_int_equal(now0 + 500, held(world, "h").up_timestamp);
    assert_int_equal(now0 + 500, held(world, "h").latest_timestamp);
}

static void the_same_host_twice_in_one_set_is_one_change(void **state)
{
    struct world *world = *state;
    struct msg_register command = a_register(world, "h");
    const struct set_host_args hosts[] = {{"h", 0, "a", "1"}, {"h", 0, "b", "2"}};

    (void)do_register(world, &command);
    assert_int_equal(1, do_set(world, hosts, 2, 0));
    assert_int_equal(2, held(world, "h").metadata.count);
    assert_int_equal(now0 + 2, held(world, "h").dirty_timestamp);
}

/* Replicated registers and cancels of one identity, told to two registries in
 * different orders, each told everything at least once: both end equal. */
static void any_order_of_replicated_registers_ends_the_same(void **state)
{
    struct world *world = *state;
    struct prng prng;

    prng_init(&prng, 3);
    for (unsigned round = 0; round < 300; round++) {
        enum { count = 6 };
        struct msg_register commands[count];
        char versions[count][2];
        uint64_t hashes[2];

        for (unsigned i = 0; i < count; i++) {
            versions[i][0] = (char)('0' + prng_below(&prng, 4));
            commands[i] = a_register(world, "h");
            commands[i].version = (struct str){versions[i], 1};
            commands[i].dirty_timestamp = now0 + (int64_t)prng_below(&prng, 3);
            commands[i].status = 1 + (uint32_t)prng_below(&prng, 2);
            commands[i].replication = true;
        }
        for (unsigned side = 0; side < 2; side++) {
            struct instance instance;

            registry_destroy(&world->registry);
            world->registry = registry_new();
            world->now = now0;
            for (unsigned i = 0; i < count; i++) {
                unsigned j = i + (unsigned)prng_below(&prng, count - i);
                struct msg_register swap = commands[i];

                commands[i] = commands[j];
                commands[j] = swap;
            }
            for (unsigned i = 0; i < 2 * count; i++) {
                (void)do_register(world, &commands[i % count]);
            }
            instance = held(world, "h");
            hashes[side] = instance_hash(&instance);
        }
        assert_true(hashes[0] == hashes[1]);
    }
}

static void so_many_instances_may_clients_register_and_nodes_more(void **state)
{
    struct world *world = *state;
    struct msg_register command;

    world->rules.instances_max = 3;
    for (size_t i = 0; i < 3; i++) {
        command = a_register(world, &"h1\0h2\0h3"[3 * i]);
        assert_int_equal(do_register(world, &command), 1);
    }
    command = a_register(world, "h4");
    assert_int_equal(do_register(world, &command), 0);
    assert_int_equal(world->decision.err, ERR_FULL);
    buf_add_char(&world->decision.text, '\0');
    assert_non_null(strstr(world->decision.text.data, "registry.instances_max"));
    command.origin = ORIGIN_HTTP_PEER;
    assert_int_equal(do_register(world, &command), 1);
    /* who is there may change; who went and comes back takes its own place; others' count on */
    world->now++;
    command = a_register(world, "h2");
    assert_int_equal(do_register(world, &command), 1);
    assert_int_equal(do_cancel(world, "h2", 0), 1);
    command = a_register(world, "h5");
    assert_int_equal(do_register(world, &command), 0);
    command = a_register(world, "h2");
    assert_int_equal(do_register(world, &command), 1);
    world->rules.instances_max = 0;
}

/* Else clients could fill the memory with what they register and cancel. */
static void those_that_went_lately_take_room_too(void **state)
{
    struct world *world = *state;
    struct msg_register command = a_register(world, "h1");

    world->rules.instances_max = 1;
    assert_int_equal(do_register(world, &command), 1);
    assert_int_equal(do_cancel(world, "h1", 0), 1);
    command = a_register(world, "h2");
    assert_int_equal(do_register(world, &command), 0);
    assert_int_equal(world->decision.err, ERR_FULL);
    world->rules.instances_max = 0;
}

/* Whoever may register may choose zones, and each is a place to look at for all who ask. */
static void an_app_has_so_many_zones_for_clients_and_more_from_nodes(void **state)
{
    struct world *world = *state;
    struct msg_register command;
    char zone[24];

    for (int i = 0; i < zones_max; i++) {
        command = a_register(world, "h");
        (void)snprintf(zone, sizeof(zone), "zone%d", i);
        command.zone = str_from(zone);
        assert_int_equal(do_register(world, &command), 1);
    }
    command.zone = STR("one more");
    assert_int_equal(do_register(world, &command), 0);
    assert_int_equal(world->decision.err, ERR_INVALID);
    buf_add_char(&world->decision.text, '\0');
    assert_non_null(strstr(world->decision.text.data, "zone: an app may have at most 256"));
    command.origin = ORIGIN_HTTP_PEER;
    assert_int_equal(do_register(world, &command), 1);
    /* in a zone that is there, or of another app */
    command = a_register(world, "h2");
    command.zone = STR("zone7");
    assert_int_equal(do_register(world, &command), 1);
    command.zone = STR("one more again");
    command.appid = STR("app2");
    assert_int_equal(do_register(world, &command), 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(register_takes_all_timestamps_from_the_clock),
        TEST(so_many_instances_may_clients_register_and_nodes_more),
        TEST(those_that_went_lately_take_room_too),
        TEST(an_app_has_so_many_zones_for_clients_and_more_from_nodes),
        TEST(registering_again_keeps_up_and_always_wins_even_with_a_clock_behind),
        TEST(an_older_explicit_dirty_changes_nothing_and_is_no_error),
        TEST(a_replicated_duplicate_changes_nothing),
        TEST(the_same_explicit_dirty_with_other_content_is_taken_one_above),
        TEST(a_replicated_one_with_the_same_dirty_is_compared_as_it_came),
        TEST(what_cannot_win_at_the_ceiling_is_refused_and_said),
        TEST(a_client_writes_up_to_its_limit_and_goes_on_from_there),
        TEST(a_replicated_register_loses_to_a_tombstone_with_equal_dirty),
        TEST(a_clients_own_registration_always_comes_back),
        TEST(an_app_that_came_back_repeats_no_latest_timestamp),
        TEST(a_cancels_latest_timestamp_sticks_as_in_the_reference),
        TEST(refuses_what_is_out_of_bounds_and_says_what),
        TEST(a_version_may_be_as_long_as_the_gateways_let_through),
        TEST(only_nodes_write_infra_discovery_unless_clients_are_trusted),
        TEST(renew_answers_by_dirty_only_when_replicated),
        TEST(a_renew_and_a_cancel_of_another_zone_go_everywhere_too),
        TEST(what_a_stranger_says_goes_nowhere),
        TEST(metadata_is_bounded_by_keys_and_by_bytes_of_text),
        TEST(set_merges_metadata_and_advances_the_app),
        TEST(set_changes_all_hosts_or_none),
        TEST(a_set_gives_up_or_waiting_and_nothing_else),
        TEST(set_never_moves_dirty_backwards),
        TEST(the_same_host_twice_in_one_set_is_one_change),
        TEST(any_order_of_replicated_registers_ends_the_same),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
