#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "common/runtime/outbox.h"
#include "gateway/bus/pending.h"

enum { gateway_id = 7, deadline_ms = 5000, boot = 3 };

struct fixture {
    struct pending *pending;
    struct outbox *out;
    struct now now;
    uint64_t reached_seq; /* what the replica holds */
};

static int set_up(void **state)
{
    static const struct pending_options options = {.to = ACTOR_REGISTRY,
                                                   .gateway = gateway_id,
                                                   .deadline_ms = deadline_ms,
                                                   .own_bytes = sizeof(uint64_t)};
    struct fixture *self = calloc(1, sizeof(*self));

    self->pending = pending_new(&options);
    self->out = outbox_new(1 << 20);
    self->now = (struct now){.mono_ms = 1000, .wall_ns = 1000000000};
    *state = self;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *self = *state;

    pending_destroy(&self->pending);
    outbox_destroy(&self->out);
    free(self);
    return 0;
}

static struct pending_command *send_renew(struct fixture *self)
{
    static char somebody;
    struct msg command = {.type = MSG_TYPE_RENEW};
    struct pending_command *write;

    command.as_renew.hostname = STR("h");
    write = pending_send(self->pending, &command, boot, &self->now, self->out);
    if (write != NULL) {
        write->request = (struct request *)(void *)&somebody;
    }
    return write;
}

/* Commands in the outbox, which is emptied; last: the last of them. */
static int commands(struct fixture *self, struct msg *last)
{
    struct outbox_item item;
    size_t cursor = 0;
    int count = 0;

    while (outbox_next(self->out, OUTBOX_SYNCED, &cursor, &item)) {
        struct str rest = item.frame;

        assert_int_equal(OUTBOX_COMMAND, item.kind);
        assert_int_equal(ACTOR_REGISTRY, item.actor);
        while (rest.len > 0) {
            assert_int_equal(ERR_OK, msg_decode(&rest, last));
            count++;
        }
    }
    return count;
}

static int sent(struct fixture *self)
{
    struct msg last;
    int count = commands(self, &last);

    outbox_clear(self->out, OUTBOX_SYNCED);
    return count;
}

static struct pending_command *answer(struct fixture *self, uint64_t number, uint64_t seq)
{
    struct msg result = {.type = MSG_TYPE_RESULT};

    result.as_result.id = number;
    result.as_result.seq = seq;
    result.as_result.text = STR("why");
    return pending_result(self->pending, &result, &self->now);
}

static bool reached(const void *context, uint64_t epoch, uint64_t seq)
{
    const struct fixture *self = context;

    (void)epoch;
    return self->reached_seq >= seq;
}

static struct pending_command *over(struct fixture *self, bool *expired)
{
    return pending_over(self->pending, reached, self, &self->now, expired);
}

static void a_write_is_sent_with_its_number_gateway_and_deadline(void **state)
{
    struct fixture *self = *state;
    struct pending_command *write = send_renew(self);
    struct msg command;

    assert_int_equal(1, commands(self, &command));
    assert_int_equal(MSG_TYPE_RENEW, command.type);
    assert_int_equal(write->number, command.as_renew.id);
    assert_int_equal(gateway_id, command.as_renew.gateway);
    assert_int_equal(self->now.wall_ns + deadline_ms * INT64_C(1000000), command.as_renew.expires);
}

static void numbers_differ_and_grow_also_when_slots_are_reused(void **state)
{
    struct fixture *self = *state;
    struct pending_command *first = send_renew(self);
    uint64_t number = first->number;
    struct pending_command *second = send_renew(self);

    assert_true(second->number > number);
    number = second->number;
    memset(first->own, 0xff, sizeof(uint64_t));
    pending_drop(self->pending, first);
    first = send_renew(self);
    assert_true(first->number > number);
    for (size_t i = 0; i < sizeof(uint64_t); i++) {
        assert_int_equal(0, first->own[i]);
    }
}

static void it_is_over_when_the_replica_has_caught_up_with_the_answer(void **state)
{
    struct fixture *self = *state;
    struct pending_command *write = send_renew(self);
    bool expired;

    assert_null(over(self, &expired));
    assert_ptr_equal(write, answer(self, write->number, 5));
    assert_string_equal("why", write->text.data);
    self->reached_seq = 4;
    assert_null(over(self, &expired));
    self->reached_seq = 5;
    assert_ptr_equal(write, over(self, &expired));
    assert_false(expired);
    pending_drop(self->pending, write);
    assert_null(over(self, &expired));
    assert_int_equal(INT64_MAX, pending_due_ms(self->pending));
}

static void an_answer_counts_once_and_only_for_its_own_write(void **state)
{
    struct fixture *self = *state;
    struct pending_command *write = send_renew(self);
    uint64_t number = write->number;

    assert_null(answer(self, number + 1, 1));
    assert_null(answer(self, number + (1 << 16), 1));
    assert_non_null(answer(self, number, 1));
    assert_null(answer(self, number, 1));
    pending_drop(self->pending, write);
    assert_null(answer(self, number, 1));
}

static void without_an_answer_it_expires(void **state)
{
    struct fixture *self = *state;
    struct pending_command *write = send_renew(self);
    bool expired;

    self->now.mono_ms += deadline_ms - 1;
    assert_null(over(self, &expired));
    self->now.mono_ms += 1;
    assert_ptr_equal(write, over(self, &expired));
    assert_true(expired);
}

static void a_new_boot_of_the_registry_sends_it_again_at_once(void **state)
{
    struct fixture *self = *state;
    struct pending_command *write = send_renew(self);
    struct msg command;

    (void)sent(self);
    assert_false(pending_resend(self->pending, boot, &self->now, self->out));
    assert_int_equal(0, sent(self));
    assert_false(pending_resend(self->pending, boot + 1, &self->now, self->out));
    assert_int_equal(1, commands(self, &command));
    assert_int_equal(write->number, command.as_renew.id);
    outbox_clear(self->out, OUTBOX_SYNCED);
    assert_false(pending_resend(self->pending, boot + 1, &self->now, self->out));
    assert_int_equal(0, sent(self));
}

static void silence_sends_it_again_every_100_ms(void **state)
{
    struct fixture *self = *state;

    (void)send_renew(self);
    (void)sent(self);
    assert_int_equal(self->now.mono_ms + 100, pending_due_ms(self->pending));
    self->now.mono_ms += 100;
    assert_false(pending_resend(self->pending, boot, &self->now, self->out));
    assert_int_equal(1, sent(self));
}

static void a_registry_that_answers_others_is_asked_again_after_a_second(void **state)
{
    struct fixture *self = *state;
    struct pending_command *slow = send_renew(self);

    (void)slow;
    (void)sent(self);
    for (int i = 0; i < 9; i++) {
        struct pending_command *other;

        self->now.mono_ms += 99;
        other = send_renew(self);
        (void)answer(self, other->number, 0);
        pending_drop(self->pending, other);
        (void)sent(self);
        assert_false(pending_resend(self->pending, boot, &self->now, self->out));
        assert_int_equal(0, sent(self));
    }
    self->now.mono_ms = 2000;
    assert_false(pending_resend(self->pending, boot, &self->now, self->out));
    assert_int_equal(1, sent(self));
}

static void an_answered_one_or_one_whose_client_went_is_not_sent_again(void **state)
{
    struct fixture *self = *state;
    struct pending_command *answered = send_renew(self);
    struct pending_command *gone = send_renew(self);

    (void)sent(self);
    (void)answer(self, answered->number, 9);
    pending_drop(self->pending, gone);
    self->now.mono_ms += 2000;
    assert_false(pending_resend(self->pending, boot + 1, &self->now, self->out));
    assert_int_equal(0, sent(self));
}

static void an_answer_the_replica_lacks_makes_it_ask(void **state)
{
    struct fixture *self = *state;
    struct pending_command *write = send_renew(self);
    struct msg result = {.type = MSG_TYPE_RESULT};

    assert_false(pending_stalled(self->pending, boot, &self->now));
    result.as_result.id = write->number;
    result.as_result.boot = boot + 1;
    (void)pending_result(self->pending, &result, &self->now);
    assert_true(pending_stalled(self->pending, boot, &self->now)); /* a boot not heard of */
    assert_false(pending_stalled(self->pending, boot, &self->now));
    assert_int_equal(self->now.mono_ms + 100, pending_due_ms(self->pending));
    self->now.mono_ms += 100;
    assert_true(pending_stalled(self->pending, boot + 1, &self->now));
    pending_drop(self->pending, write);
    assert_false(pending_stalled(self->pending, boot, &self->now));
}

static void resending_many_is_cut_into_turns(void **state)
{
    struct fixture *self = *state;
    int total = 0;
    int turns = 0;
    bool more;

    for (int i = 0; i < 3000; i++) {
        (void)send_renew(self);
    }
    (void)sent(self);
    do {
        int now_sent;

        more = pending_resend(self->pending, boot + 1, &self->now, self->out);
        now_sent = sent(self);
        assert_true(now_sent <= 1024);
        total += now_sent;
        turns++;
    } while (more);
    assert_int_equal(3000, total);
    assert_int_equal(3, turns);
}

static void too_many_are_refused(void **state)
{
    struct fixture *self = *state;
    struct pending_counts counts;
    int taken = 0;

    while (send_renew(self) != NULL) {
        taken++;
        if (taken % 1000 == 0) {
            (void)sent(self);
        }
    }
    assert_int_equal(65536, taken);
    pending_counts(self->pending, &counts);
    assert_int_equal(65536, counts.commands);
    assert_int_equal(1, counts.refused_total);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        T(a_write_is_sent_with_its_number_gateway_and_deadline),
        T(numbers_differ_and_grow_also_when_slots_are_reused),
        T(it_is_over_when_the_replica_has_caught_up_with_the_answer),
        T(an_answer_counts_once_and_only_for_its_own_write),
        T(without_an_answer_it_expires),
        T(a_new_boot_of_the_registry_sends_it_again_at_once),
        T(silence_sends_it_again_every_100_ms),
        T(a_registry_that_answers_others_is_asked_again_after_a_second),
        T(an_answered_one_or_one_whose_client_went_is_not_sent_again),
        T(an_answer_the_replica_lacks_makes_it_ask),
        T(resending_many_is_cut_into_turns),
        T(too_many_are_refused),
#undef T
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
