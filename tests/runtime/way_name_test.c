/* When the name of a door is looked up, and which of its addresses is connected to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/runtime/way_name.h"

struct fixture {
    struct way_name name;
    struct buf found;
    const char *forbidden; /* beginning of numbers where no node may stand; NULL: none */
    int64_t now_ms;
};

static bool allow(void *state, struct str host, struct str number)
{
    const struct fixture *self = state;

    assert_true(str_eq(STR("b.example"), host));
    return self->forbidden == NULL || !str_starts(number, str_from(self->forbidden));
}

static int setup(void **state)
{
    static struct fixture self;
    const struct host_port door = {.host = STR("b.example"), .port = 8171};

    self = (struct fixture){.now_ms = 1000};
    way_name_init(&self.name, &door);
    *state = &self;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *self = *state;

    buf_fini(&self->found);
    return 0;
}

/* numbers: parted by spaces. */
static enum way_found find(struct fixture *self, const char *numbers)
{
    struct strs found = {0};

    self->found.len = 0;
    while (*numbers != '\0') {
        size_t len = strcspn(numbers, " ");

        strs_pack(&self->found, (struct str){numbers, len});
        found.count++;
        numbers += numbers[len] == ' ' ? len + 1 : len;
    }
    found.bytes = buf_str(&self->found);
    self->name.asked = true;
    return way_name_found(&self->name, found, allow, self, self->now_ms);
}

/* How long until it is to be looked up. */
static int64_t wait_of(struct fixture *self)
{
    int64_t from_ms = self->now_ms;

    while (!way_name_step(&self->name, self->now_ms)) {
        self->now_ms += 100;
        assert_true(self->now_ms - from_ms <= 100000);
    }
    return self->now_ms - from_ms;
}

static void each_address_is_tried_in_turn(void **state)
{
    struct fixture *self = *state;
    const char *numbers = "fd00::1 10.0.0.1 10.0.0.2";

    assert_int_equal(0, wait_of(self));
    assert_int_equal(WAY_MOVES, find(self, numbers));
    assert_string_equal("[fd00::1]:8171", self->name.at);
    assert_int_equal(WAY_MOVES, find(self, numbers));
    assert_string_equal("10.0.0.1:8171", self->name.at);
    assert_int_equal(WAY_MOVES, find(self, numbers));
    assert_string_equal("10.0.0.2:8171", self->name.at);
    assert_int_equal(WAY_MOVES, find(self, numbers));
    assert_string_equal("[fd00::1]:8171", self->name.at);
}

static void the_only_address_stays(void **state)
{
    struct fixture *self = *state;

    assert_int_equal(WAY_MOVES, find(self, "10.0.0.1"));
    assert_int_equal(WAY_STAYS, find(self, "10.0.0.1"));
    self->forbidden = "127.";
    assert_int_equal(WAY_STAYS, find(self, "127.0.0.1 10.0.0.1 127.0.0.2"));
    assert_string_equal("10.0.0.1:8171", self->name.at);
}

static void forbidden_addresses_are_passed_over(void **state)
{
    struct fixture *self = *state;

    self->forbidden = "127.";
    assert_int_equal(WAY_FORBIDDEN, find(self, "127.0.0.1 127.0.0.2"));
    assert_string_equal("", self->name.at);
    assert_int_equal(WAY_MOVES, find(self, "127.0.0.1 10.0.0.1 127.0.0.2 10.0.0.2"));
    assert_string_equal("10.0.0.1:8171", self->name.at);
    assert_int_equal(WAY_MOVES, find(self, "127.0.0.1 10.0.0.1 127.0.0.2 10.0.0.2"));
    assert_string_equal("10.0.0.2:8171", self->name.at);
    assert_int_equal(WAY_FORBIDDEN, find(self, "127.0.0.1"));
    assert_string_equal("10.0.0.2:8171", self->name.at);
}

static void a_node_that_is_reached_keeps_its_address_while_it_has_it(void **state)
{
    struct fixture *self = *state;

    assert_int_equal(WAY_MOVES, find(self, "10.0.0.1 10.0.0.2"));
    self->name.through = true;
    assert_int_equal(60000, wait_of(self));
    assert_int_equal(WAY_STAYS, find(self, "10.0.0.2 10.0.0.1"));
    assert_string_equal("10.0.0.1:8171", self->name.at);
    assert_int_equal(60000, wait_of(self));
    assert_int_equal(WAY_UNKNOWN, find(self, ""));
    assert_int_equal(60000, wait_of(self));
    assert_int_equal(WAY_MOVES, find(self, "10.0.0.3"));
    assert_string_equal("10.0.0.3:8171", self->name.at);
}

static void a_node_that_is_not_reached_is_looked_up_less_and_less(void **state)
{
    static const int64_t pauses_ms[] = {2000, 4000, 8000, 10000, 10000};
    struct fixture *self = *state;

    assert_int_equal(0, wait_of(self));
    for (size_t i = 0; i < sizeof(pauses_ms) / sizeof(pauses_ms[0]); i++) {
        assert_int_equal(i % 2 == 0 ? WAY_UNKNOWN : WAY_MOVES,
                         find(self, i % 2 == 0 ? "" : "10.0.0.1 10.0.0.2"));
        assert_int_equal(pauses_ms[i], wait_of(self));
    }
    self->name.through = true;
    assert_false(way_name_step(&self->name, self->now_ms));
    self->name.through = false; /* its node may just be starting again */
    assert_int_equal(2000, wait_of(self));
}

static void it_is_looked_up_once_at_a_time(void **state)
{
    struct fixture *self = *state;

    assert_true(way_name_step(&self->name, self->now_ms));
    self->name.asked = true;
    assert_false(way_name_step(&self->name, self->now_ms + 100000));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_address_is_tried_in_turn),
        TEST(the_only_address_stays),
        TEST(forbidden_addresses_are_passed_over),
        TEST(a_node_that_is_reached_keeps_its_address_while_it_has_it),
        TEST(a_node_that_is_not_reached_is_looked_up_less_and_less),
        TEST(it_is_looked_up_once_at_a_time),
    };

    return cmocka_run_group_tests_name("way_name", tests, NULL, NULL);
}
