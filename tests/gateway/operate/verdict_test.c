#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "gateway/operate/verdict.h"

static struct verdict_facts well(void)
{
    return (struct verdict_facts){.caught_up = true,
                                  .stale_limit_ms = 60000,
                                  .storage_ok = true,
                                  .evictor_heard = true,
                                  .replicator_heard = true,
                                  .in_step = true,
                                  .instances = 12,
                                  .apps = 3};
}

static void assert_says(const struct verdict_facts *facts, enum check_level level, const char *text)
{
    struct verdict verdict = {0};

    verdict_judge(&verdict, facts);
    buf_add_char(&verdict.text, '\0');
    assert_string_equal(text, verdict.text.data);
    assert_int_equal(level, verdict.level);
    verdict_fini(&verdict);
}

/* One row a way to be unwell: which members of struct verdict_facts, and what is said of them. */
#define ROW(level, text, ...)                                                                      \
    {                                                                                              \
        struct verdict_facts facts = well();                                                       \
                                                                                                   \
        __VA_ARGS__;                                                                               \
        assert_says(&facts, CHECK_##level, text);                                                  \
    }

static void what_is_well_is_said_with_what_there_is(void **state)
{
    (void)state;
    ROW(OK, "all is well: 12 instances of 3 apps", (void)facts)
    ROW(OK, "all is well: 1 instance of 1 app", facts.instances = 1, facts.apps = 1)
    ROW(OK, "all is well: 12 instances of 3 apps, and 1 peer holds the same", facts.peers = 1)
    ROW(OK, "all is well: 12 instances of 3 apps, and 3 peers hold the same", facts.peers = 3)
    ROW(OK, "all is well: 12 instances of 3 apps", facts.peers = 1, facts.in_step = false,
        facts.out_of_step_ms = 9999)
    ROW(OK, "all is well: 12 instances of 3 apps", facts.open = STR("trust_client_nodes on"))
    ROW(OK, "all is well: 12 instances of 3 apps", facts.protection_on = true,
        facts.protection_reason = STR("window incomplete"))
    ROW(OK, "all is well: 12 instances of 3 apps", facts.connections = 89,
        facts.connections_max = 100)
}

static void what_is_bad_is_said_in_a_sentence(void **state)
{
    (void)state;
    ROW(BAD, "starting: what the registry holds is not here yet", facts.caught_up = false)
    ROW(NOTICE,
        "the registry has been silent for 4 s: reads are answered from what was known then, writes "
        "wait",
        facts.stale_ms = 3100)
    ROW(BAD,
        "the registry has been silent for 59 s: reads are answered from what was known then, "
        "writes wait",
        facts.stale_ms = 59000)
    ROW(BAD,
        "the registry has been silent for 2 min: polls are refused, so that clients turn to "
        "another node",
        facts.stale_ms = 120000)
    ROW(BAD,
        "protected at start: reads are refused, no peer has answered; ends when in sync with a "
        "peer, in 42 s at most",
        facts.protect_on = true, facts.protect_left_ms = 41500,
        facts.protect_reason = STR("no peer has answered"))
    ROW(BAD,
        "a gateway holds 64 of 64 MiB for its clients, all that gateway.memory_max lets it: large "
        "reads are refused",
        facts.memory_held = 64 << 20, facts.memory_max = 64 << 20)
    ROW(NOTICE, "a gateway holds 60 of 64 MiB for its clients", facts.memory_held = 60 << 20,
        facts.memory_max = 64 << 20)
    ROW(BAD,
        "100 of 100 places for connections of a gateway are taken: who waits is ended early to "
        "make room",
        facts.connections = 100, facts.connections_max = 100)
    ROW(NOTICE, "90 of 100 places for connections of a gateway are taken", facts.connections = 90,
        facts.connections_max = 100)
    ROW(BAD, "changes are in memory only: write: No space left on device", facts.storage_ok = false,
        facts.storage_reason = STR("write: No space left on device"))
    ROW(BAD, "damage on the disk: 3 changes are lost; musterctl storage --acknowledge: it is known",
        facts.damaged = true, facts.damage = STR("3 changes are lost"))
}

static void what_is_worth_a_look_is_a_notice(void **state)
{
    (void)state;
    ROW(NOTICE,
        "this host's clock was set 2 h forward, 3 min ago: who registers now is dated by it, who "
        "is "
        "here is not",
        facts.clock_set_by_ms = 7200007, facts.clock_set_ago_ms = 180000)
    ROW(NOTICE,
        "this host's clock was set 5 s back, 0 s ago: who registers now is dated by it, who is "
        "here "
        "is not",
        facts.clock_set_by_ms = -5000)
    ROW(NOTICE, "the evictor is silent: nobody is evicted until it is back",
        facts.evictor_heard = false)
    ROW(NOTICE,
        "the replicator is silent: this node and its peers hear nothing of each other until it is "
        "back",
        facts.replicator_heard = false)
    ROW(NOTICE, "no answer from gateway.1", facts.silent = STR("gateway.1"))
    ROW(NOTICE, "this node started with nothing and is taking over what its peers hold",
        facts.syncing = true)
    ROW(NOTICE, "1 of 2 peers lost: b:7171", facts.peers = 2, facts.peers_lost = 1,
        facts.in_step = false, facts.out_of_step_ms = 600000, facts.lost = STR("b:7171"))
    ROW(NOTICE, "same name as this node", facts.trouble = STR("same name as this node"))
    ROW(NOTICE,
        "self-protection: nobody is evicted, below share: 20 of 24 expected heartbeats heard, 21 "
        "needed; judged again in 30 s",
        facts.protection_on = true, facts.protection_reason = STR("below share"), facts.heard = 20,
        facts.expected = 24, facts.threshold = 21, facts.next_round_ms = 30000)
    ROW(NOTICE, "this node and its peers have not held the same for 10 s", facts.peers = 1,
        facts.in_step = false, facts.out_of_step_ms = 10000)
}

static void the_worst_is_said_first_and_the_rest_is_counted(void **state)
{
    (void)state;
    ROW(BAD, "changes are in memory only: full (and 2 more)", facts.storage_ok = false,
        facts.storage_reason = STR("full"), facts.evictor_heard = false, facts.syncing = true)
    ROW(BAD, "changes are in memory only: full (and 1 more)", facts.storage_ok = false,
        facts.storage_reason = STR("full"), facts.stale_ms = 4000)
    ROW(BAD, "starting: what the registry holds is not here yet (and 1 more)",
        facts.caught_up = false, facts.storage_ok = false, facts.storage_reason = STR("full"))
}

static void every_check_has_a_text_however_it_is(void **state)
{
    struct verdict verdict = {0};
    struct verdict_facts facts = well();

    (void)state;
    verdict_judge(&verdict, &facts);
    for (unsigned i = 0; i < CHECK_COUNT; i++) {
        assert_int_equal(CHECK_OK, verdict.checks[i].level);
        assert_true(verdict.checks[i].text.len > 0);
    }
    verdict_fini(&verdict);
}

static void durations_are_for_people(void **state)
{
    static const struct {
        int64_t ms;
        const char *text;
    } rows[] = {{0, "0 s"},        {1, "1 s"},           {119000, "119 s"}, {120000, "2 min"},
                {150000, "3 min"}, {7199000, "120 min"}, {7200000, "2 h"},  {172800000, "2 d"}};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buf text = {0};

        duration_print(&text, rows[i].ms);
        buf_add_char(&text, '\0');
        assert_string_equal(rows[i].text, text.data);
        buf_fini(&text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_well_is_said_with_what_there_is),
        cmocka_unit_test(what_is_bad_is_said_in_a_sentence),
        cmocka_unit_test(what_is_worth_a_look_is_a_notice),
        cmocka_unit_test(the_worst_is_said_first_and_the_rest_is_counted),
        cmocka_unit_test(every_check_has_a_text_however_it_is),
        cmocka_unit_test(durations_are_for_people),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
