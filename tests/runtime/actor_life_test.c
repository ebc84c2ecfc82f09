/* How real actors start and end, and follow each other. */
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <zmq.h>

#include "tests/runtime/processes.h"

static void assert_ends_well(struct child *child)
{
    struct pollfd ended = {.fd = child->pidfd, .events = POLLIN};
    int status = -1;

    assert_int_equal(1, poll(&ended, 1, patience_ms));
    assert_int_equal(child->pid, waitpid(child->pid, &status, 0));
    close(child->pidfd);
    child->pid = 0;
    assert_true(WIFEXITED(status));
    assert_int_equal(0, WEXITSTATUS(status));
}

static bool exists(const struct fixture *self, const char *name)
{
    char path[128];
    struct stat info;

    processes_path_in(self, name, path, sizeof(path));
    return stat(path, &info) == 0;
}

static void assert_nothing_left(struct fixture *self)
{
    assert_false(exists(self, "evictor.commands"));
    assert_false(exists(self, "evictor.facts"));
    assert_false(exists(self, "evictor.pid"));
    assert_true(exists(self, "evictor.lock"));
}

static void shutdown_is_answered_and_leaves_nothing_behind(void **state)
{
    struct fixture *self = *state;
    void *socket = processes_connect_to(self, ZMQ_DEALER, "evictor.commands");
    struct msg shutdown = processes_of_id(MSG_TYPE_SHUTDOWN, 4);
    char store[4096];
    struct msg answer;

    processes_send_msg(socket, &shutdown);
    answer = processes_receive_msg(socket, store, sizeof(store));
    assert_int_equal(MSG_TYPE_RESULT, answer.type);
    assert_int_equal(4, answer.as_result.id);
    assert_int_equal(ERR_OK, answer.as_result.err);
    assert_ends_well(&self->evictor);
    assert_nothing_left(self);
    zmq_close(socket);
}

static void sigterm_ends_it_in_good_order(void **state)
{
    struct fixture *self = *state;
    void *socket = processes_connect_to(self, ZMQ_DEALER, "evictor.commands");

    processes_assert_pong(socket, 1); /* it runs: the signal does not meet a half-started process */
    kill(self->evictor.pid, SIGTERM);
    assert_ends_well(&self->evictor);
    assert_nothing_left(self);
    zmq_close(socket);
}

static void read_all(int fd, char *text, size_t size)
{
    ssize_t len = read(fd, text, size - 1);

    assert_true(len >= 0);
    text[len] = '\0';
}

static void a_second_one_is_told_who_is_there(void **state)
{
    struct fixture *self = *state;
    void *socket = processes_connect_to(self, ZMQ_DEALER, "evictor.commands");
    struct log log;
    int fds[2];
    char text[1024];
    char holder[32];

    processes_assert_pong(socket, 1);
    assert_int_equal(0, pipe(fds));
    log_init(&log, "evictor", fds[1], &clock_os);
    assert_int_equal(ERR_BUSY, processes_run_evictor(self->dir, &log));
    read_all(fds[0], text, sizeof(text));
    snprintf(holder, sizeof(holder), "\"pid\":%d}", (int)self->evictor.pid);
    assert_non_null(strstr(text, holder));
    close(fds[0]);
    close(fds[1]);
    processes_assert_pong(socket, 2);
    zmq_close(socket);
}

static void one_that_was_killed_can_be_started_again(void **state)
{
    struct fixture *self = *state;
    void *socket = processes_connect_to(self, ZMQ_DEALER, "evictor.commands");

    processes_assert_pong(socket, 1);
    zmq_close(socket);
    processes_end(&self->evictor);
    assert_true(exists(self, "evictor.commands")); /* a stale socket file */
    zmq_ctx_term(self->context);
    self->evictor = processes_start(processes_run_evictor, self->dir);
    self->context = zmq_ctx_new();
    socket = processes_connect_to(self, ZMQ_DEALER, "evictor.commands");
    processes_assert_pong(socket, 2);
    zmq_close(socket);
}

static void a_path_too_long_for_ipc_is_refused_with_the_remedy(void **state)
{
    struct fixture *self = *state;
    char dir[128];
    char path[160];
    struct log log;
    int fds[2];
    char text[1024];

    memset(dir, 'd', sizeof(dir) - 1);
    dir[127] = '\0';
    memcpy(dir, self->dir, strlen(self->dir));
    dir[strlen(self->dir)] = '/';
    assert_int_equal(0, mkdir(dir, 0700));
    assert_int_equal(0, pipe(fds));
    log_init(&log, "evictor", fds[1], &clock_os);
    assert_int_equal(ERR_INVALID, processes_run_evictor(dir, &log));
    read_all(fds[0], text, sizeof(text));
    assert_non_null(strstr(text, "path_too_long"));
    assert_non_null(strstr(text, "shorter --dir"));
    close(fds[0]);
    close(fds[1]);
    snprintf(path, sizeof(path), "%s/evictor.lock", dir);
    assert_int_equal(0, unlink(path));
    assert_int_equal(0, rmdir(dir));
}

static void a_fact_has_a_topic_and_a_body(void **state)
{
    struct fixture *self = *state;
    void *commands = processes_connect_to(self, ZMQ_DEALER, "evictor.commands");
    void *facts = processes_connect_to(self, ZMQ_SUB, "evictor.facts");
    struct msg synced = processes_of_id(MSG_TYPE_SYNCED, 5);
    char store[4096];
    struct msg fact;

    zmq_setsockopt(facts, ZMQ_SUBSCRIBE, "evictor.", 8);
    assert_true(str_eq(STR("evictor.tick"), processes_receive(facts, store, sizeof(store))));
    assert_int_equal(MSG_TYPE_TICK, processes_receive_msg(facts, store, sizeof(store)).type);
    synced.as_synced.reason = STR("because");
    processes_send_msg(commands, &synced);
    for (;;) {
        bool other = str_eq(STR("evictor.tick"), processes_receive(facts, store, sizeof(store)));

        fact = processes_receive_msg(facts, store, sizeof(store));
        if (!other) {
            break;
        }
    }
    assert_int_equal(MSG_TYPE_PROTECTION, fact.type);
    assert_true(str_eq(STR("because"), fact.as_protection.reason));
    assert_int_equal(1, fact.as_protection.seq);
    zmq_close(commands);
    zmq_close(facts);
}

/* The follower starts late or finds its source gone: it gets there all the same. */
static void one_actor_follows_another_over_its_restart(void **state)
{
    struct fixture *self = *state;
    struct msg synced = processes_of_id(MSG_TYPE_SYNCED, 5);
    void *evictor;
    void *gateway;

    zmq_ctx_term(self->context);
    self->gateway = processes_start(processes_run_gateway, self->dir);
    self->context = zmq_ctx_new();
    evictor = processes_connect_to(self, ZMQ_DEALER, "evictor.commands");
    gateway = processes_connect_to(self, ZMQ_DEALER, "gateway.3.commands");
    processes_send_msg(evictor, &synced);
    processes_await_count(gateway, "followed_on", 1);
    processes_await_count(gateway, "followed_seq", 1);
    processes_send_msg(evictor, &synced);
    processes_await_count(gateway, "followed_seq", 2);
    zmq_close(evictor);
    zmq_close(gateway);

    processes_end(&self->evictor);
    zmq_ctx_term(self->context);
    self->evictor = processes_start(processes_run_evictor, self->dir);
    self->context = zmq_ctx_new();
    gateway = processes_connect_to(self, ZMQ_DEALER, "gateway.3.commands");
    evictor = processes_connect_to(self, ZMQ_DEALER, "evictor.commands");
    processes_send_msg(evictor, &synced);
    processes_await_count(gateway, "followed_seq", 1);
    assert_true(processes_counted(gateway, "actor_catch_ups_total{evictor}") >= 2);
    zmq_close(evictor);
    zmq_close(gateway);
}

static void what_is_followed_changes_with_what_the_core_wants(void **state)
{
    struct fixture *self = *state;
    struct msg synced = processes_of_id(MSG_TYPE_SYNCED, 5);
    void *evictor;
    void *gateway;

    zmq_ctx_term(self->context);
    self->gateway = processes_start(processes_run_gateway, self->dir);
    self->context = zmq_ctx_new();
    evictor = processes_connect_to(self, ZMQ_DEALER, "evictor.commands");
    gateway = processes_connect_to(self, ZMQ_DEALER, "gateway.3.commands");
    processes_await_count(evictor, "actor_subscriptions", 1);
    processes_send_msg(evictor, &synced);
    processes_await_count(gateway, "followed_on", 1);
    processes_await_count(evictor, "actor_subscriptions", 2);
    processes_send_msg(evictor, &synced);
    processes_await_count(gateway, "followed_seq", 2);
    zmq_close(evictor);
    zmq_close(gateway);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, processes_set_up, processes_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(shutdown_is_answered_and_leaves_nothing_behind),
        TEST(sigterm_ends_it_in_good_order),
        TEST(a_second_one_is_told_who_is_there),
        TEST(one_that_was_killed_can_be_started_again),
        TEST(a_path_too_long_for_ipc_is_refused_with_the_remedy),
        TEST(a_fact_has_a_topic_and_a_body),
        TEST(one_actor_follows_another_over_its_restart),
        TEST(what_is_followed_changes_with_what_the_core_wants),
    };

    return cmocka_run_group_tests_name("actor", tests, NULL, NULL);
}
