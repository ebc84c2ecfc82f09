#include "common/runtime/turn.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* A core that writes down what it is called for. */
struct core {
    char log[256];
    int64_t due_ms;
};

static void note(void *state, const char *what)
{
    struct core *self = state;

    strncat(self->log, what, sizeof(self->log) - strlen(self->log) - 1);
}

static void on_begin(void *state, const struct now *now, struct outbox *out)
{
    (void)now;
    (void)out;
    note(state, "begin ");
}

static void on_end(void *state, const struct now *now, struct outbox *out)
{
    (void)now;
    (void)out;
    note(state, "end ");
}

static void on_tick(void *state, const struct now *now, struct outbox *out)
{
    (void)now;
    (void)out;
    note(state, "tick ");
}

static void on_ping(void *state, const struct address *from, const struct msg *msg,
                    const struct now *now, struct outbox *out)
{
    (void)msg;
    (void)now;
    (void)out;
    note(state, from->door ? "ping-of-a-node " : "ping ");
}

static void on_answer(void *state, enum actor_name from, uint32_t index, const struct msg *msg,
                      const struct now *now, struct outbox *out)
{
    (void)msg;
    (void)now;
    (void)out;
    note(state, from == ACTOR_REGISTRY && index == 0 ? "answer " : "answer-of-another ");
}

static int64_t on_due(void *state, const struct now *now)
{
    const struct core *self = state;

    (void)now;
    return self->due_ms;
}

static const struct actor_handler handlers[] = {{MSG_TYPE_PING, on_ping}};

static const struct actor_spec spec = {.name = ACTOR_EVICTOR,
                                       .handlers = handlers,
                                       .handler_count = 1,
                                       .answer = on_answer,
                                       .turn_begin = on_begin,
                                       .turn_end = on_end,
                                       .tick = on_tick,
                                       .tick_ms = 1000,
                                       .due_ms = on_due};

static const struct actor_link link_to_registry = {.to = ACTOR_REGISTRY};

static void send_lane(void *context, enum outbox_lane lane)
{
    note(context, lane == OUTBOX_NOW ? "now " : "synced ");
}

/* A turn at that time without messages; what the core was called for. */
static const char *run(struct turn *turn, struct core *core, int64_t mono_ms)
{
    struct now now = {.mono_ms = mono_ms};

    core->log[0] = '\0';
    turn_begin(turn, &now);
    turn_time(turn, &now);
    turn_end(turn, &now, send_lane, core);
    return core->log;
}

static void its_parts_come_in_order(void **state)
{
    struct core core = {.due_ms = INT64_MAX};
    struct outbox *out = outbox_new(1 << 20);
    struct address from = {.len = 1};
    struct msg ping = {.type = MSG_TYPE_PING};
    struct msg other = {.type = MSG_TYPE_CANCEL};
    struct now now = {.mono_ms = 5000};
    struct turn turn;

    (void)state;
    turn_init(&turn, &spec, &core, out, &link_to_registry, 1, 5000);
    turn_begin(&turn, &now);
    turn_begin(&turn, &now);
    assert_true(turn_command(&turn, &from, &ping, &now));
    assert_false(turn_command(&turn, &from, &other, &now));
    assert_true(turn_answer(&turn, 0, &other, &now));
    turn_time(&turn, &now);
    turn_end(&turn, &now, send_lane, &core);
    assert_string_equal(core.log, "begin ping answer tick now end now ");
    outbox_destroy(&out);
}

static void who_comes_by_the_door_for_nodes_is_served_what_stands_there_only(void **state)
{
    struct actor_spec both = spec;
    struct core core = {.due_ms = INT64_MAX};
    struct outbox *out = outbox_new(1 << 20);
    struct address from = {.len = 1, .door = true};
    struct msg ping = {.type = MSG_TYPE_PING};
    struct now now = {.mono_ms = 5000};
    struct turn turn;

    (void)state;
    turn_init(&turn, &spec, &core, out, NULL, 0, 9000);
    turn_begin(&turn, &now);
    assert_false(turn_command(&turn, &from, &ping, &now));
    both.door_handlers = handlers;
    both.door_handler_count = 1;
    turn_init(&turn, &both, &core, out, NULL, 0, 9000);
    turn_begin(&turn, &now);
    assert_true(turn_command(&turn, &from, &ping, &now));
    assert_string_equal(core.log, "begin begin ping-of-a-node ");
    outbox_destroy(&out);
}

static void ticks_that_were_missed_do_not_pile_up(void **state)
{
    struct core core = {.due_ms = INT64_MAX};
    struct outbox *out = outbox_new(1 << 20);
    struct turn turn;

    (void)state;
    turn_init(&turn, &spec, &core, out, NULL, 0, 1000);
    assert_string_equal(run(&turn, &core, 999), "begin now end now ");
    assert_string_equal(run(&turn, &core, 1010), "begin tick now end now ");
    assert_int_equal(turn.tick_due_ms, 2000); /* late by 10 ms, but its times stay */
    assert_string_equal(run(&turn, &core, 61000), "begin tick now end now ");
    assert_int_equal(turn.tick_due_ms, 62000);
    assert_string_equal(run(&turn, &core, 61999), "begin now end now ");
    outbox_destroy(&out);
}

static void the_next_is_due_with_what_comes_first(void **state)
{
    struct core core = {.due_ms = INT64_MAX};
    struct outbox *out = outbox_new(1 << 20);
    struct now now = {.mono_ms = 500};
    struct turn turn;

    (void)state;
    turn_init(&turn, &spec, &core, out, NULL, 0, 1000);
    assert_int_equal(turn_due_ms(&turn, &now), 1000);
    core.due_ms = 700;
    assert_int_equal(turn_due_ms(&turn, &now), 700);
    outbox_destroy(&out);
}

static void one_that_only_follows_needs_no_core(void **state)
{
    struct core core = {.due_ms = INT64_MAX};
    struct outbox *out = outbox_new(1 << 20);
    struct now now = {.mono_ms = 500};
    struct msg other = {.type = MSG_TYPE_CANCEL};
    struct turn turn;

    (void)state;
    turn_init(&turn, NULL, NULL, out, &link_to_registry, 1, 0);
    assert_int_equal(turn_due_ms(&turn, &now), INT64_MAX);
    turn_begin(&turn, &now);
    assert_false(turn_answer(&turn, 0, &other, &now));
    assert_string_equal(run(&turn, &core, 500), "now ");
    outbox_destroy(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(its_parts_come_in_order),
        cmocka_unit_test(who_comes_by_the_door_for_nodes_is_served_what_stands_there_only),
        cmocka_unit_test(ticks_that_were_missed_do_not_pile_up),
        cmocka_unit_test(the_next_is_due_with_what_comes_first),
        cmocka_unit_test(one_that_only_follows_needs_no_core),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
