/* What real actors are sent, and answer. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <zmq.h>

#include "tests/runtime/processes.h"

static void ping_is_answered_by_the_process_in_the_pid_file(void **state)
{
    struct fixture *self = *state;
    void *socket = processes_connect_to(self, ZMQ_DEALER, "evictor.commands");
    struct msg ping = processes_of_id(MSG_TYPE_PING, 7);
    struct msg pong;
    char store[4096];
    char path[128];
    char text[16];
    int fd;
    ssize_t len;
    uint32_t pid;

    processes_send_msg(socket, &ping);
    pong = processes_receive_msg(socket, store, sizeof(store));
    assert_int_equal(MSG_TYPE_PONG, pong.type);
    assert_int_equal(7, pong.as_pong.id);
    assert_true(str_eq(STR("evictor"), pong.as_pong.name));
    assert_true(str_eq(STR(MUSTER_VERSION), pong.as_pong.version));
    assert_int_equal(protocol_version, pong.as_pong.protocol);
    assert_int_equal(self->evictor.pid, pong.as_pong.epoch);
    assert_int_equal(self->evictor.pid, pong.as_pong.pid);

    processes_path_in(self, "evictor.pid", path, sizeof(path));
    fd = open(path, O_RDONLY);
    len = read(fd, text, sizeof(text));
    close(fd);
    assert_true(len > 1 && text[len - 1] == '\n');
    assert_int_equal(ERR_OK, str_to_u32((struct str){text, (size_t)len - 1}, &pid));
    assert_int_equal(self->evictor.pid, pid);
    zmq_close(socket);
}

static void what_is_no_command_here_is_answered_unsupported(void **state)
{
    struct fixture *self = *state;
    void *socket = processes_connect_to(self, ZMQ_DEALER, "evictor.commands");
    struct msg cancel = processes_of_id(MSG_TYPE_CANCEL, 8);
    char store[4096];
    struct msg answer;

    processes_send_msg(socket, &cancel);
    answer = processes_receive_msg(socket, store, sizeof(store));
    assert_int_equal(MSG_TYPE_RESULT, answer.type);
    assert_int_equal(8, answer.as_result.id);
    assert_int_equal(ERR_UNSUPPORTED, answer.as_result.err);
    assert_true(str_eq(STR("CANCEL is not a command of evictor"), answer.as_result.text));

    assert_int_equal(3, zmq_send(socket, "\x92\x7f\x09", 3, 0)); /* type 127, id 9 */
    answer = processes_receive_msg(socket, store, sizeof(store));
    assert_int_equal(9, answer.as_result.id);
    assert_int_equal(ERR_UNSUPPORTED, answer.as_result.err);
    zmq_close(socket);
}

static void garbage_is_survived_and_counted(void **state)
{
    struct fixture *self = *state;
    void *socket = processes_connect_to(self, ZMQ_DEALER, "evictor.commands");

    zmq_send(socket, "\xc1", 1, 0);
    zmq_send(socket, "\xdf\xdf\xdf\xdf\xdf\xdf\xe2", 7, 0);
    zmq_send(socket, "", 0, 0);
    zmq_send(socket, "one", 3, ZMQ_SNDMORE);
    zmq_send(socket, "two", 3, ZMQ_SNDMORE);
    zmq_send(socket, "three", 5, 0);
    processes_assert_pong(socket, 1);
    assert_int_equal(3, processes_counted(socket, "actor_malformed_frames_total"));
    zmq_close(socket);
}

static void a_sender_with_too_long_a_name_is_not_answered(void **state)
{
    struct fixture *self = *state;
    char name[100];
    struct msg ping = processes_of_id(MSG_TYPE_PING, 1);
    void *socket = zmq_socket(self->context, ZMQ_DEALER);
    void *other;
    const int none = 0;
    char endpoint[128];

    memset(name, 'n', sizeof(name));
    zmq_setsockopt(socket, ZMQ_ROUTING_ID, name, sizeof(name));
    zmq_setsockopt(socket, ZMQ_LINGER, &none, sizeof(none));
    snprintf(endpoint, sizeof(endpoint), "ipc://%s/evictor.commands", self->dir);
    zmq_connect(socket, endpoint);
    processes_send_msg(socket, &ping);
    other = processes_connect_to(self, ZMQ_DEALER, "evictor.commands");
    processes_await_count(other, "actor_malformed_frames_total", 1);
    zmq_close(socket);
    zmq_close(other);
}

static void a_batch_in_one_frame_is_answered_in_two(void **state)
{
    struct fixture *self = *state;
    void *socket = processes_connect_to(self, ZMQ_DEALER, "evictor.commands");
    struct buf batch = {0};
    unsigned answers = 0;
    unsigned frames = 0;
    char store[65536];

    for (uint64_t id = 1; id <= 100; id++) {
        struct msg evict = processes_of_id(MSG_TYPE_EVICT, id);

        evict.as_evict.limit = (uint32_t)id;
        msg_encode(&batch, &evict);
    }
    zmq_send(socket, batch.data, batch.len, 0);
    buf_fini(&batch);
    while (answers < 100) {
        struct str frame = processes_receive(socket, store, sizeof(store));
        uint64_t lane = frames == 0 ? 2 : 1; /* what need not wait for a sync comes first */

        frames++;
        while (frame.len != 0) {
            struct msg msg;

            assert_int_equal(ERR_OK, msg_decode(&frame, &msg));
            assert_int_equal(lane, msg.as_result.id);
            assert_int_equal(lane, msg.as_result.timestamp);
            lane += 2;
            answers++;
        }
    }
    assert_int_equal(2, frames);
    zmq_close(socket);
}

static void a_frame_of_more_than_a_turn_is_answered_over_several(void **state)
{
    struct fixture *self = *state;
    void *socket = processes_connect_to(self, ZMQ_DEALER, "evictor.commands");
    struct buf batch = {0};
    uint64_t expected = 2;
    static char store[1 << 20];

    for (uint64_t id = 1; id <= 5000; id++) {
        struct msg evict = processes_of_id(MSG_TYPE_EVICT, 2 * id);

        evict.as_evict.limit = (uint32_t)(2 * id);
        msg_encode(&batch, &evict);
    }
    zmq_send(socket, batch.data, batch.len, 0);
    buf_fini(&batch);
    while (expected <= 10000) {
        struct str frame = processes_receive(socket, store, sizeof(store));

        while (frame.len != 0) {
            struct msg msg;

            assert_int_equal(ERR_OK, msg_decode(&frame, &msg));
            assert_int_equal(expected, msg.as_result.id);
            expected += 2;
        }
    }
    assert_true(processes_counted(socket, "actor_full_turns_total") >= 4);
    assert_int_equal(5000, processes_counted(socket, "limits"));
    zmq_close(socket);
}

static void a_core_that_has_enough_ends_the_turn(void **state)
{
    struct fixture *self = *state;
    void *socket = processes_connect_to(self, ZMQ_DEALER, "evictor.commands");
    struct buf batch = {0};
    uint64_t expected = 2;
    unsigned frames = 0;
    static char store[65536];

    for (uint64_t id = 1; id <= 100; id++) {
        struct msg evict = processes_of_id(MSG_TYPE_EVICT, 2 * id);

        evict.as_evict.limit = (uint32_t)(2 * id);
        evict.as_evict.idle_ms = id % 10 == 0;
        msg_encode(&batch, &evict);
    }
    zmq_send(socket, batch.data, batch.len, 0);
    buf_fini(&batch);
    for (; expected <= 200; frames++) {
        struct str frame = processes_receive(socket, store, sizeof(store));

        while (frame.len != 0) {
            struct msg msg;

            assert_int_equal(ERR_OK, msg_decode(&frame, &msg));
            assert_int_equal(expected, msg.as_result.id);
            expected += 2;
        }
    }
    assert_int_equal(10, frames); /* one a turn */
    zmq_close(socket);
}

static void the_log_level_is_one_of_four(void **state)
{
    struct fixture *self = *state;
    void *socket = processes_connect_to(self, ZMQ_DEALER, "evictor.commands");
    struct msg level = processes_of_id(MSG_TYPE_LOG_LEVEL, 3);
    char store[4096];
    struct msg answer;

    level.as_log_level.level = STR("debug");
    processes_send_msg(socket, &level);
    assert_int_equal(ERR_OK, processes_receive_msg(socket, store, sizeof(store)).as_result.err);
    level.as_log_level.level = STR("loud");
    processes_send_msg(socket, &level);
    answer = processes_receive_msg(socket, store, sizeof(store));
    assert_int_equal(ERR_INVALID, answer.as_result.err);
    assert_true(
        str_eq(STR("no such level, there are: error warn info debug"), answer.as_result.text));
    zmq_close(socket);
}

/* Takes what the gateway asks, and gives it so many answers in one frame. */
static void answer_it(void *evictor, unsigned count)
{
    struct buf answers = {0};
    zmq_msg_t sender;
    zmq_msg_t asked;

    zmq_msg_init(&sender);
    zmq_msg_init(&asked);
    assert_true(zmq_msg_recv(&sender, evictor, 0) >= 0);
    assert_true(zmq_msg_recv(&asked, evictor, 0) >= 0);
    for (unsigned i = 0; i < count; i++) {
        struct msg result = {.type = MSG_TYPE_RESULT};

        msg_encode(&answers, &result);
    }
    assert_true(zmq_msg_send(&sender, evictor, ZMQ_SNDMORE) >= 0);
    assert_true(zmq_send(evictor, answers.data, answers.len, 0) >= 0);
    zmq_msg_close(&asked);
    buf_fini(&answers);
}

static void answers_to_many_make_it_wait_for_more_and_those_to_few_do_not(void **state)
{
    struct fixture *self = *state;
    const int wait_ms = patience_ms;
    char endpoint[128];
    void *evictor;
    void *gateway;

    processes_end(&self->evictor);
    zmq_ctx_term(self->context);
    self->gateway = processes_start(processes_run_gateway, self->dir);
    self->context = zmq_ctx_new();
    evictor = zmq_socket(self->context, ZMQ_ROUTER);
    zmq_setsockopt(evictor, ZMQ_RCVTIMEO, &wait_ms, sizeof(wait_ms));
    snprintf(endpoint, sizeof(endpoint), "ipc://%s/evictor.commands", self->dir);
    assert_int_equal(0, zmq_bind(evictor, endpoint));
    gateway = processes_connect_to(self, ZMQ_DEALER, "gateway.3.commands");
    answer_it(evictor, 3);
    processes_await_count(gateway, "actor_answers_total", 3);
    assert_int_equal(0, processes_counted(gateway, "actor_pauses_total"));
    answer_it(evictor, 4); /* it was told nothing it could follow: it asks again */
    processes_await_count(gateway, "actor_answers_total", 7);
    assert_int_equal(1, processes_counted(gateway, "actor_pauses_total"));
    zmq_close(gateway);
    zmq_close(evictor);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, processes_set_up, processes_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(ping_is_answered_by_the_process_in_the_pid_file),
        TEST(what_is_no_command_here_is_answered_unsupported),
        TEST(garbage_is_survived_and_counted),
        TEST(a_sender_with_too_long_a_name_is_not_answered),
        TEST(a_batch_in_one_frame_is_answered_in_two),
        TEST(a_frame_of_more_than_a_turn_is_answered_over_several),
        TEST(a_core_that_has_enough_ends_the_turn),
        TEST(the_log_level_is_one_of_four),
        TEST(answers_to_many_make_it_wait_for_more_and_those_to_few_do_not),
    };

    return cmocka_run_group_tests_name("actor", tests, NULL, NULL);
}
