#include "common/runtime/wait.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cmocka.h>

enum { items_count = 3, soon_ms = 2, long_ms = 60000 };

/* A pair of sockets, of which the second is waited for, with an eventfd and a place without one. */
struct fixture {
    void *context;
    void *from;
    void *to;
    int fd;
    zmq_pollitem_t items[items_count];
    struct wait wait;
    struct used used;
};

static int set_up(void **state)
{
    static struct fixture fixture;
    struct fixture *self = &fixture;

    *self = (struct fixture){.context = zmq_ctx_new(), .fd = eventfd(0, EFD_NONBLOCK)};
    self->from = zmq_socket(self->context, ZMQ_DEALER);
    self->to = zmq_socket(self->context, ZMQ_DEALER);
    assert_int_equal(0, zmq_bind(self->to, "inproc://wait"));
    assert_int_equal(0, zmq_connect(self->from, "inproc://wait"));
    self->items[0] = (zmq_pollitem_t){.socket = self->to, .events = ZMQ_POLLIN};
    self->items[1] = (zmq_pollitem_t){.fd = self->fd, .events = ZMQ_POLLIN};
    self->items[2] = (zmq_pollitem_t){.fd = -1, .events = ZMQ_POLLIN};
    wait_init(&self->wait, items_count);
    *state = self;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *self = *state;

    wait_fini(&self->wait);
    (void)zmq_close(self->from);
    (void)zmq_close(self->to);
    (void)zmq_ctx_term(self->context);
    return close(self->fd);
}

static void wait_now(struct fixture *self, int64_t wait_ms)
{
    wait_for(&self->wait, self->items, items_count, wait_ms, &self->used, &clock_os);
}

static void send_one(struct fixture *self)
{
    assert_int_equal(1, zmq_send(self->from, "x", 1, ZMQ_DONTWAIT));
}

static bool receive_one(struct fixture *self)
{
    char byte;

    if (zmq_recv(self->to, &byte, 1, ZMQ_DONTWAIT) == 1) {
        used_add(&self->used, self->to);
        return true;
    }
    used_empty(&self->used, self->to);
    return false;
}

static void what_is_there_ends_the_wait(void **state)
{
    struct fixture *self = *state;

    for (int round = 0; round < 100; round++) {
        send_one(self);
        wait_now(self, long_ms);
        assert_int_equal(ZMQ_POLLIN, self->items[0].revents);
        assert_int_equal(0, self->items[1].revents);
        assert_true(receive_one(self));
        wait_now(self, 0);
        assert_int_equal(0, self->items[0].revents);
    }
}

static void what_was_not_taken_is_found_again(void **state)
{
    struct fixture *self = *state;

    for (int i = 0; i < 3; i++) {
        send_one(self);
    }
    wait_now(self, long_ms);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(ZMQ_POLLIN, self->items[0].revents);
        wait_now(self, long_ms); /* a turn that had no time for it */
        assert_int_equal(ZMQ_POLLIN, self->items[0].revents);
        assert_true(receive_one(self));
        wait_now(self, i < 2 ? long_ms : soon_ms);
    }
    assert_int_equal(0, self->items[0].revents);
}

/* A receive in vain, or a send, takes libzmq's signal for what came meanwhile. */
static void a_signal_that_was_taken_by_the_way_is_not_missed(void **state)
{
    struct fixture *self = *state;

    wait_now(self, 0);
    for (int round = 0; round < 100; round++) {
        assert_false(receive_one(self));
        send_one(self);
        used_add(&self->used, self->to);
        (void)zmq_send(self->to, "y", 1, ZMQ_DONTWAIT);
        wait_now(self, long_ms);
        assert_int_equal(ZMQ_POLLIN, self->items[0].revents);
        assert_true(receive_one(self));
    }
}

/* It was asked by that, and is not asked again: what comes later shows at its descriptor. */
static void what_comes_after_a_receive_in_vain_ends_the_wait(void **state)
{
    struct fixture *self = *state;

    for (int round = 0; round < 100; round++) {
        send_one(self);
        wait_now(self, long_ms);
        assert_true(receive_one(self));
        assert_false(receive_one(self));
        if (round % 2 == 0) {
            wait_now(self, 0);
            assert_int_equal(0, self->items[0].revents);
        }
        send_one(self);
        wait_now(self, long_ms);
        assert_int_equal(ZMQ_POLLIN, self->items[0].revents);
        assert_true(receive_one(self));
    }
}

static void another_descriptor_of_the_same_number_is_waited_for(void **state)
{
    struct fixture *self = *state;

    wait_now(self, 0);
    for (int round = 0; round < 3; round++) {
        int number = self->fd;

        assert_int_equal(0, close(self->fd));
        self->fd = eventfd(1, EFD_NONBLOCK);
        assert_int_equal(number, self->fd);
        wait_anew(&self->wait, 1, items_count);
        wait_now(self, long_ms);
        assert_int_equal(ZMQ_POLLIN, self->items[1].revents);
    }
    self->items[2].fd = self->items[1].fd; /* moved to another place */
    self->items[1].fd = -1;
    wait_anew(&self->wait, 1, items_count);
    wait_now(self, long_ms);
    assert_int_equal(0, self->items[1].revents);
    assert_int_equal(ZMQ_POLLIN, self->items[2].revents);
}

/* The kernel has no room for it, or no such thing as a plain file in an epoll. */
static void a_descriptor_that_can_not_be_watched_harms_no_other(void **state)
{
    struct fixture *self = *state;
    FILE *file = tmpfile();

    assert_non_null(file);
    self->items[2].fd = fileno(file);
    for (int round = 0; round < 3; round++) {
        send_one(self);
        wait_now(self, long_ms);
        assert_int_equal(ZMQ_POLLIN, self->items[0].revents);
        assert_int_equal(0, self->items[2].revents);
        assert_true(receive_one(self));
    }
    self->items[2].fd = self->fd; /* one that can be */
    self->items[1].fd = -1;
    assert_int_equal(0, eventfd_write(self->fd, 1));
    wait_now(self, long_ms);
    assert_int_equal(ZMQ_POLLIN, self->items[2].revents);
    (void)fclose(file);
}

static void a_descriptor_ends_the_wait_beside_a_socket(void **state)
{
    struct fixture *self = *state;

    wait_now(self, 0);
    assert_int_equal(0, eventfd_write(self->fd, 1));
    wait_now(self, long_ms);
    assert_int_equal(ZMQ_POLLIN, self->items[1].revents);
    assert_int_equal(0, self->items[0].revents);
    send_one(self);
    wait_now(self, long_ms);
    assert_int_equal(ZMQ_POLLIN, self->items[0].revents);
    assert_int_equal(ZMQ_POLLIN, self->items[1].revents);
}

static void the_wait_ends_in_time(void **state)
{
    struct fixture *self = *state;
    int64_t began_ms = clock_os.now(&clock_os).mono_ms;

    wait_now(self, 20);
    assert_in_range(clock_os.now(&clock_os).mono_ms - began_ms, 19, 5000);
    for (int i = 0; i < items_count; i++) {
        assert_int_equal(0, self->items[i].revents);
    }
}

static void more_sockets_than_are_counted_may_have_been_used(void **state)
{
    static const char names[2 * used_max];
    struct fixture *self = *state;

    for (int i = 0; i < 2 * used_max; i++) {
        used_add(&self->used, &names[i]);
    }
    assert_true(self->used.all);
    wait_now(self, 0);
    assert_false(self->used.all);
    assert_int_equal(0, self->used.count);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(what_is_there_ends_the_wait),
        T(what_was_not_taken_is_found_again),
        T(a_signal_that_was_taken_by_the_way_is_not_missed),
        T(what_comes_after_a_receive_in_vain_ends_the_wait),
        T(another_descriptor_of_the_same_number_is_waited_for),
        T(a_descriptor_that_can_not_be_watched_harms_no_other),
        T(a_descriptor_ends_the_wait_beside_a_socket),
        T(the_wait_ends_in_time),
        T(more_sockets_than_are_counted_may_have_been_used),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
