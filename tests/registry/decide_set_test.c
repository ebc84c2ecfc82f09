/* Sets: of many hosts, all or none, and the bounds of metadata. */
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include <stdio.h>

#include "tests/registry/deciding.h"

struct set_host_args {
    const char *hostname;
    uint32_t status;
    const char *key;
    const char *value;
};

static uint32_t do_set(struct deciding *deciding, const struct set_host_args *hosts, uint32_t count,
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

            deciding->store.len = 0;
            host.as_host.metadata = deciding_list(deciding, pair, 2);
            host.as_host.metadata.count = 1;
        }
        msg_list_add(&set.hosts, &bytes, &host);
    }
    decide_set(deciding->registry, &deciding->rules, &set, deciding->now, &deciding->decision);
    changed = deciding_apply(deciding);
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
    struct deciding *deciding = *state;
    struct msg_register command = deciding_registration(deciding, "h");
    struct buf store = {0};

    command.metadata = metadata_of(&store, limit_metadata_keys, limit_metadata_bytes);
    assert_int_equal(1, deciding_register(deciding, &command));
    assert_int_equal(limit_metadata_keys, deciding_held(deciding, "h").metadata.count);
    command.metadata = metadata_of(&store, 1, limit_metadata_bytes);
    assert_int_equal(1, deciding_register(deciding, &command));
    command.metadata = metadata_of(&store, 1, limit_metadata_bytes + 1);
    assert_int_equal(0, deciding_register(deciding, &command));
    assert_int_equal(ERR_INVALID, deciding->decision.err);
    command.metadata = metadata_of(&store, limit_metadata_keys, limit_metadata_bytes + 1);
    assert_int_equal(0, deciding_register(deciding, &command));
    command.metadata = metadata_of(&store, limit_metadata_keys + 1, 1000);
    assert_int_equal(0, deciding_register(deciding, &command));
    assert_int_equal(ERR_INVALID, deciding->decision.err);
    buf_fini(&store);
}

static void set_merges_metadata_and_advances_the_app(void **state)
{
    struct deciding *deciding = *state;
    struct msg_register command = deciding_registration(deciding, "h");
    const struct set_host_args b = {"h", 0, "b", "2"};
    const struct set_host_args a = {"h", 0, "a", "1"};
    const struct set_host_args again = {"h", 0, "b", "3"};
    struct str rest;
    struct str item;
    static const char *const wanted[] = {"a", "1", "b", "3"};

    (void)deciding_register(deciding, &command);
    assert_int_equal(1, do_set(deciding, &b, 1, 0));
    assert_int_equal(now0 + latest_step_ns, deciding_latest_of(deciding));
    assert_int_equal(1, do_set(deciding, &a, 1, 0));
    assert_int_equal(1, do_set(deciding, &again, 1, 0));
    assert_int_equal(2, deciding_held(deciding, "h").metadata.count);
    rest = deciding_held(deciding, "h").metadata.bytes;
    for (unsigned i = 0; i < 4; i++) {
        assert_true(strs_next(&rest, &item));
        assert_true(str_eq(str_from(wanted[i]), item));
    }
    assert_int_equal(now0 + 3, deciding_held(deciding, "h").dirty_timestamp);
}

static void set_changes_all_hosts_or_none(void **state)
{
    struct deciding *deciding = *state;
    struct msg_register command = deciding_registration(deciding, "h1");
    const struct set_host_args hosts[] = {{"h1", 2, NULL, NULL}, {"nobody", 2, NULL, NULL}};

    (void)deciding_register(deciding, &command);
    assert_int_equal(0, do_set(deciding, hosts, 2, 0));
    assert_int_equal(ERR_INVALID, deciding->decision.err);
    assert_true(str_eq(STR("no live instance of hostname nobody, appid app, zone sh001, env dev"),
                       (struct str){deciding->decision.text.data, deciding->decision.text.len}));
    assert_int_equal(STATUS_UP, deciding_held(deciding, "h1").status);
}

static void a_set_gives_up_or_waiting_and_nothing_else(void **state)
{
    struct deciding *deciding = *state;
    struct msg_register command = deciding_registration(deciding, "h");
    static const uint32_t others[] = {3, 4, UINT32_MAX};

    (void)deciding_register(deciding, &command);
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        const struct set_host_args hosts[] = {{"h", others[i], NULL, NULL}};

        assert_int_equal(0, do_set(deciding, hosts, 1, 0));
        assert_int_equal(ERR_INVALID, deciding->decision.err);
    }
    assert_int_equal(STATUS_UP, deciding_held(deciding, "h").status);
}

static void set_never_moves_dirty_backwards(void **state)
{
    struct deciding *deciding = *state;
    struct msg_register command = deciding_registration(deciding, "h");
    const struct set_host_args down = {"h", 2, NULL, NULL};
    const struct set_host_args up = {"h", 1, NULL, NULL};

    (void)deciding_register(deciding, &command);
    assert_int_equal(1, do_set(deciding, &down, 1, 77));
    assert_int_equal(now0 + 1, deciding_held(deciding, "h").dirty_timestamp);
    assert_int_equal(now0, deciding_held(deciding, "h").up_timestamp);
    assert_int_equal(1, do_set(deciding, &up, 1, now0 + 500));
    assert_int_equal(now0 + 500, deciding_held(deciding, "h").dirty_timestamp);
    assert_int_equal(now0 + 500, deciding_held(deciding, "h").up_timestamp);
    assert_int_equal(now0 + 500, deciding_held(deciding, "h").latest_timestamp);
}

static void the_same_host_twice_in_one_set_is_one_change(void **state)
{
    struct deciding *deciding = *state;
    struct msg_register command = deciding_registration(deciding, "h");
    const struct set_host_args hosts[] = {{"h", 0, "a", "1"}, {"h", 0, "b", "2"}};

    (void)deciding_register(deciding, &command);
    assert_int_equal(1, do_set(deciding, hosts, 2, 0));
    assert_int_equal(2, deciding_held(deciding, "h").metadata.count);
    assert_int_equal(now0 + 2, deciding_held(deciding, "h").dirty_timestamp);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, deciding_set_up, deciding_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(metadata_is_bounded_by_keys_and_by_bytes_of_text),
        TEST(set_merges_metadata_and_advances_the_app),
        TEST(set_changes_all_hosts_or_none),
        TEST(a_set_gives_up_or_waiting_and_nothing_else),
        TEST(set_never_moves_dirty_backwards),
        TEST(the_same_host_twice_in_one_set_is_one_change),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
