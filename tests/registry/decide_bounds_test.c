/* Who may write what, how far it goes, and how much there may be. */
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include <stdio.h>
#include <string.h>

#include "tests/registry/deciding.h"

static void refuses_what_is_out_of_bounds_and_says_what(void **state)
{
    struct deciding *deciding = *state;
    struct msg_register command = deciding_registration(deciding, "h");

    command.status = 3;
    assert_int_equal(0, deciding_register(deciding, &command));
    assert_int_equal(ERR_INVALID, deciding->decision.err);
    assert_non_null(memmem(deciding->decision.text.data, deciding->decision.text.len, "status", 6));
    command.status = 1;
    command.dirty_timestamp = timestamp_max + 1;
    (void)deciding_register(deciding, &command);
    assert_int_equal(ERR_INVALID, deciding->decision.err);
    command.dirty_timestamp = timestamp_max;
    (void)deciding_register(deciding, &command);
    assert_int_equal(ERR_OK, deciding->decision.err);
    command.hostname.len = 0;
    (void)deciding_register(deciding, &command);
    assert_int_equal(ERR_INVALID, deciding->decision.err);
    command = deciding_registration(deciding, "h");
    command.addrs = (struct strs){0};
    (void)deciding_register(deciding, &command);
    assert_int_equal(ERR_INVALID, deciding->decision.err);
}

static void a_version_may_be_as_long_as_the_gateways_let_through(void **state)
{
    struct deciding *deciding = *state;
    struct msg_register command = deciding_registration(deciding, "h");
    static const char text[513];

    command.version = (struct str){text, 512};
    assert_int_equal(1, deciding_register(deciding, &command));
    command.version.len++;
    assert_int_equal(0, deciding_register(deciding, &command));
    assert_int_equal(ERR_INVALID, deciding->decision.err);
}

static void only_nodes_write_infra_discovery_unless_clients_are_trusted(void **state)
{
    struct deciding *deciding = *state;
    struct msg_register command = deciding_registration(deciding, "h");

    command.appid = STR("infra.discovery");
    assert_int_equal(0, deciding_register(deciding, &command));
    assert_int_equal(ERR_REFUSED, deciding->decision.err);
    command.origin = ORIGIN_SELF;
    assert_int_equal(1, deciding_register(deciding, &command));
    command.origin = ORIGIN_STRANGER;
    assert_int_equal(0, deciding_register(deciding, &command));
    assert_int_equal(ERR_REFUSED, deciding->decision.err);
    command.origin = 99; /* of a newer gateway */
    assert_int_equal(0, deciding_register(deciding, &command));
    command.origin = ORIGIN_CLIENT;
    deciding->rules.trust_client_nodes = true;
    assert_int_equal(1, deciding_register(deciding, &command));
}

static void renew_answers_by_dirty_only_when_replicated(void **state)
{
    struct deciding *deciding = *state;
    struct msg_register command = deciding_registration(deciding, "h");
    struct msg_renew renew = {
        .env = STR("dev"), .appid = STR("app"), .zone = STR("sh001"), .hostname = STR("h")};
    const struct {
        bool replication;
        int64_t delta;
        enum err err;
    } cases[] = {{false, 5, ERR_OK},       {false, -5, ERR_OK},      {true, 0, ERR_OK},
                 {true, 1, ERR_NOT_FOUND}, {true, -1, ERR_CONFLICT}, {true, -now0, ERR_CONFLICT}};

    (void)deciding_register(deciding, &command);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        renew.replication = cases[i].replication;
        renew.dirty_timestamp = now0 + cases[i].delta;
        decide_renew(deciding->registry, &deciding->rules, &renew, deciding->now,
                     &deciding->decision);
        assert_int_equal(cases[i].err, deciding->decision.err);
        assert_true(deciding->decision.heartbeat != REGISTRY_NONE); /* counts all the same */
        assert_int_equal(0, deciding->decision.count);
    }
    renew.hostname = STR("other");
    decide_renew(deciding->registry, &deciding->rules, &renew, deciding->now, &deciding->decision);
    assert_int_equal(ERR_NOT_FOUND, deciding->decision.err);
    assert_int_equal(REGISTRY_NONE, deciding->decision.heartbeat);
}

/* differences row 33 */
static void a_renew_and_a_cancel_of_another_zone_go_everywhere_too(void **state)
{
    struct deciding *deciding = *state;
    struct msg_register command = deciding_registration(deciding, "h");
    struct msg_renew renew = {
        .env = STR("dev"), .appid = STR("app"), .zone = STR("sh002"), .hostname = STR("h")};
    struct msg_cancel cancel = {
        .env = STR("dev"), .appid = STR("app"), .zone = STR("sh002"), .hostname = STR("h")};

    command.zone = STR("sh002");
    (void)deciding_register(deciding, &command);
    assert_int_equal(SPREAD_EVERYWHERE, deciding->decision.changes[0].spread);
    decide_renew(deciding->registry, &deciding->rules, &renew, deciding->now, &deciding->decision);
    assert_int_equal(SPREAD_EVERYWHERE, deciding->decision.spread);
    decide_cancel(deciding->registry, &deciding->rules, &cancel, deciding->now,
                  &deciding->decision);
    assert_int_equal(1, deciding->decision.count);
    assert_int_equal(SPREAD_EVERYWHERE, deciding->decision.changes[0].spread);
    cancel.from_zone = true;
    decide_cancel(deciding->registry, &deciding->rules, &cancel, deciding->now,
                  &deciding->decision);
    assert_int_equal(SPREAD_ZONE, deciding->decision.changes[0].spread);
}

/* differences row 16: who calls itself a node and is not believed is judged as a client, and told
 * to nobody, for it has told the others, and one of them may have told it. */
static void what_a_stranger_says_goes_nowhere(void **state)
{
    struct deciding *deciding = *state;
    struct msg_register command = deciding_registration(deciding, "h");
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
    assert_int_equal(1, deciding_register(deciding, &command));
    assert_int_equal(SPREAD_NOWHERE, deciding->decision.changes[0].spread);
    decide_renew(deciding->registry, &deciding->rules, &renew, deciding->now, &deciding->decision);
    assert_int_equal(ERR_OK, deciding->decision.err); /* as a client's */
    assert_true(deciding->decision.heartbeat != REGISTRY_NONE);
    assert_int_equal(SPREAD_NOWHERE, deciding->decision.spread);
    host.as_host.hostname = STR("h");
    host.as_host.status = STATUS_WAITING;
    msg_list_add(&set.hosts, &hosts, &host);
    decide_set(deciding->registry, &deciding->rules, &set, deciding->now, &deciding->decision);
    assert_int_equal(1, deciding_apply(deciding));
    assert_int_equal(SPREAD_NOWHERE, deciding->decision.changes[0].spread);
    decide_cancel(deciding->registry, &deciding->rules, &cancel, deciding->now,
                  &deciding->decision);
    assert_int_equal(1, deciding_apply(deciding));
    assert_int_equal(SPREAD_NOWHERE, deciding->decision.changes[0].spread);
    buf_fini(&hosts);
}

static void so_many_instances_may_clients_register_and_nodes_more(void **state)
{
    struct deciding *deciding = *state;
    struct msg_register command;

    deciding->rules.instances_max = 3;
    for (size_t i = 0; i < 3; i++) {
        command = deciding_registration(deciding, &"h1\0h2\0h3"[3 * i]);
        assert_int_equal(deciding_register(deciding, &command), 1);
    }
    command = deciding_registration(deciding, "h4");
    assert_int_equal(deciding_register(deciding, &command), 0);
    assert_int_equal(deciding->decision.err, ERR_FULL);
    buf_add_char(&deciding->decision.text, '\0');
    assert_non_null(strstr(deciding->decision.text.data, "registry.instances_max"));
    command.origin = ORIGIN_STRANGER; /* who only says that it is a node */
    command.replication = true;
    assert_int_equal(deciding_register(deciding, &command), 0);
    assert_int_equal(deciding->decision.err, ERR_FULL);
    command.origin = ORIGIN_HTTP_PEER;
    command.replication = false;
    assert_int_equal(deciding_register(deciding, &command), 1);
    /* who is there may change; who went and comes back takes its own place; others' count on */
    deciding->now++;
    command = deciding_registration(deciding, "h2");
    assert_int_equal(deciding_register(deciding, &command), 1);
    assert_int_equal(deciding_cancel(deciding, "h2", 0), 1);
    command = deciding_registration(deciding, "h5");
    assert_int_equal(deciding_register(deciding, &command), 0);
    command = deciding_registration(deciding, "h2");
    assert_int_equal(deciding_register(deciding, &command), 1);
    deciding->rules.instances_max = 0;
}

/* Else clients could fill the memory with what they register and cancel. */
static void those_that_went_lately_take_room_too(void **state)
{
    struct deciding *deciding = *state;
    struct msg_register command = deciding_registration(deciding, "h1");

    deciding->rules.instances_max = 1;
    assert_int_equal(deciding_register(deciding, &command), 1);
    assert_int_equal(deciding_cancel(deciding, "h1", 0), 1);
    command = deciding_registration(deciding, "h2");
    assert_int_equal(deciding_register(deciding, &command), 0);
    assert_int_equal(deciding->decision.err, ERR_FULL);
    deciding->rules.instances_max = 0;
}

/* Whoever may register may choose zones, and each is a place to look at for all who ask. */
static void an_app_has_so_many_zones_for_clients_and_more_from_nodes(void **state)
{
    struct deciding *deciding = *state;
    struct msg_register command;
    char zone[24];

    for (int i = 0; i < zones_max; i++) {
        command = deciding_registration(deciding, "h");
        (void)snprintf(zone, sizeof(zone), "zone%d", i);
        command.zone = str_from(zone);
        assert_int_equal(deciding_register(deciding, &command), 1);
    }
    command.zone = STR("one more");
    assert_int_equal(deciding_register(deciding, &command), 0);
    assert_int_equal(deciding->decision.err, ERR_INVALID);
    buf_add_char(&deciding->decision.text, '\0');
    assert_non_null(strstr(deciding->decision.text.data, "zone: an app may have at most 256"));
    command.origin = ORIGIN_STRANGER;
    command.from_zone = true;
    assert_int_equal(deciding_register(deciding, &command), 0);
    assert_int_equal(deciding->decision.err, ERR_INVALID);
    command.origin = ORIGIN_HTTP_PEER;
    command.from_zone = false;
    assert_int_equal(deciding_register(deciding, &command), 1);
    /* in a zone that is there, or of another app */
    command = deciding_registration(deciding, "h2");
    command.zone = STR("zone7");
    assert_int_equal(deciding_register(deciding, &command), 1);
    command.zone = STR("one more again");
    command.appid = STR("app2");
    assert_int_equal(deciding_register(deciding, &command), 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, deciding_set_up, deciding_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(so_many_instances_may_clients_register_and_nodes_more),
        TEST(those_that_went_lately_take_room_too),
        TEST(an_app_has_so_many_zones_for_clients_and_more_from_nodes),
        TEST(refuses_what_is_out_of_bounds_and_says_what),
        TEST(a_version_may_be_as_long_as_the_gateways_let_through),
        TEST(only_nodes_write_infra_discovery_unless_clients_are_trusted),
        TEST(renew_answers_by_dirty_only_when_replicated),
        TEST(a_renew_and_a_cancel_of_another_zone_go_everywhere_too),
        TEST(what_a_stranger_says_goes_nowhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
