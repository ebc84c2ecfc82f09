#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log_tail.h"
#include "common/runtime/launched.h"
#include "common/runtime/lines.h"

static const struct position at = {.epoch = 9, .boot = 3, .seq = 5};

struct fixture {
    struct clock_virtual clock;
    struct log_tail tail;
    struct log log; /* writes nowhere */
    struct outbox *out;
};

static int setup(void **state)
{
    static struct fixture self;

    self = (struct fixture){.out = outbox_new((size_t)1 << 20)};
    clock_virtual_init(&self.clock, 0, 0);
    log_tail_init(&self.tail);
    log_init(&self.log, "gateway", -1, &self.clock.clock);
    self.log.tail = &self.tail;
    outbox_subscribe(self.out, STR(""), false);
    *state = &self;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *self = *state;

    outbox_destroy(&self->out);
    log_tail_fini(&self->tail);
    return 0;
}

static void write_lines(struct fixture *self, int from, int to)
{
    for (int i = from; i <= to; i++) {
        log_event(&self->log, i % 2 == 0 ? LOG_WARN : LOG_INFO, "e", NULL, log_int("n", i));
    }
}

/* Whether line is that of number n. */
static void assert_line(struct str line, int n)
{
    char want[32];
    int len = snprintf(want, sizeof(want), "\"n\":%d}", n);

    assert_true(line.len > (size_t)len);
    assert_memory_equal(want, line.data + line.len - len, (size_t)len);
}

static struct msg_tail ask(struct fixture *self, uint64_t after)
{
    const struct address from = {.len = 1};
    const struct msg_lines asked = {.id = 7, .after = after};
    struct outbox_item item;
    struct msg msg;
    size_t cursor = 0;

    outbox_clear(self->out, OUTBOX_NOW);
    lines_answer(&self->log, STR("gateway.3"), &at, &from, &asked, self->out);
    assert_true(outbox_next(self->out, OUTBOX_NOW, &cursor, &item));
    assert_int_equal(ERR_OK, msg_decode(&item.frame, &msg));
    assert_int_equal(MSG_TYPE_TAIL, msg.type);
    assert_int_equal(7, msg.as_tail.id);
    assert_int_equal(3, msg.as_tail.boot);
    assert_true(str_eq(STR("gateway.3"), msg.as_tail.name));
    return msg.as_tail;
}

static void the_last_lines_are_told_from_a_number_on(void **state)
{
    struct fixture *self = *state;
    struct msg_tail tail = ask(self, 0);
    struct str item;

    assert_int_equal(0, tail.lines.count);
    assert_int_equal(1, tail.first);
    write_lines(self, 1, 300);
    tail = ask(self, 0);
    assert_int_equal(log_tail_lines_max, tail.lines.count);
    assert_int_equal(101, tail.first);
    for (int n = 101; n <= 300; n++) {
        assert_true(strs_next(&tail.lines.bytes, &item));
        assert_line(item, n);
    }
    tail = ask(self, 298);
    assert_int_equal(299, tail.first);
    assert_int_equal(2, tail.lines.count);
    tail = ask(self, 300);
    assert_int_equal(301, tail.first);
    assert_int_equal(0, tail.lines.count);
    tail = ask(self, UINT64_MAX); /* of another boot */
    assert_int_equal(301, tail.first);
    assert_int_equal(0, tail.lines.count);
}

/* Takes what was published; how many lines that is. */
static int published(struct fixture *self, const char *topics[], int first)
{
    struct outbox_item item;
    struct msg msg;
    size_t cursor = 0;
    int count = 0;

    while (outbox_next(self->out, OUTBOX_SYNCED, &cursor, &item)) {
        assert_true(str_eq(item.topic, str_from(topics[(first + count) % 2])));
        assert_int_equal(ERR_OK, msg_decode(&item.frame, &msg));
        assert_int_equal(MSG_TYPE_LINE, msg.type);
        assert_int_equal(9, msg.as_line.epoch);
        assert_int_equal(5, msg.as_line.seq);
        assert_int_equal(first + count, msg.as_line.number);
        assert_line(msg.as_line.line, first + count);
        count++;
    }
    outbox_clear(self->out, OUTBOX_SYNCED);
    return count;
}

static void lines_are_facts_while_somebody_listens(void **state)
{
    static const char *topics[] = {"log.gateway.3.warn", "log.gateway.3.info"};
    struct fixture *self = *state;
    uint64_t next = 1;

    write_lines(self, 1, 3);
    lines_publish(&self->log, STR("gateway.3"), &at, &next, self->out);
    assert_int_equal(0, published(self, topics, 1));
    assert_int_equal(4, next);
    outbox_subscribe(self->out, STR("log."), true);
    lines_publish(&self->log, STR("gateway.3"), &at, &next, self->out);
    assert_int_equal(0, published(self, topics, 4)); /* what was before is for who asks */
    write_lines(self, 4, 7);
    lines_publish(&self->log, STR("gateway.3"), &at, &next, self->out);
    assert_int_equal(4, published(self, topics, 4));
    write_lines(self, 8, 307); /* more than are kept */
    lines_publish(&self->log, STR("gateway.3"), &at, &next, self->out);
    assert_int_equal(200, published(self, topics, 108));
    outbox_subscribe(self->out, STR("log."), false);
    outbox_subscribe(self->out, STR("log.gateway.3.warn"), true);
    write_lines(self, 308, 308);
    lines_publish(&self->log, STR("gateway.3"), &at, &next, self->out);
    assert_int_equal(1, published(self, topics, 308));
    write_lines(self, 309, 309);
    lines_publish(&self->log, STR("gateway.3"), &at, &next, self->out);
    assert_int_equal(0, published(self, topics, 309));
}

static void a_log_that_keeps_nothing_tells_nothing(void **state)
{
    struct fixture *self = *state;
    uint64_t next = 1;

    self->log.tail = NULL;
    write_lines(self, 1, 3);
    assert_int_equal(0, ask(self, 0).lines.count);
    lines_publish(&self->log, STR("gateway.3"), &at, &next, self->out);
    lines_publish(NULL, STR("gateway.3"), &at, &next, self->out);
    assert_int_equal(0, published(self, NULL, 0));
}

static void the_launcher_tells_how_often_and_why(void **state)
{
    struct launched launched;

    (void)state;
    (void)unsetenv("LAUNCHER_RESTARTS");
    (void)unsetenv("LAUNCHER_RESTART_REASON");
    launched_read(&launched);
    assert_int_equal(0, launched.restarts);
    assert_string_equal("", launched.reason);
    (void)setenv("LAUNCHER_RESTARTS", "3", 1);
    (void)setenv("LAUNCHER_RESTART_REASON", "signal KILL", 1);
    launched_read(&launched);
    assert_int_equal(3, launched.restarts);
    assert_string_equal("signal KILL", launched.reason);
    (void)setenv("LAUNCHER_RESTARTS", "-1", 1);
    launched_read(&launched);
    assert_int_equal(0, launched.restarts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_last_lines_are_told_from_a_number_on, setup, teardown),
        cmocka_unit_test_setup_teardown(lines_are_facts_while_somebody_listens, setup, teardown),
        cmocka_unit_test_setup_teardown(a_log_that_keeps_nothing_tells_nothing, setup, teardown),
        cmocka_unit_test(the_launcher_tells_how_often_and_why),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
