/* Told to a socket that stands in for the service manager's. */
#include "common/runtime/notify.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct manager {
    char dir[32];
    char path[64];
    int fd;
};

static void listen_on(struct manager *self, const char *name)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    size_t len = strlen(name);

    memcpy(at.sun_path, name, len);
    if (name[0] == '@') {
        at.sun_path[0] = '\0';
    }
    self->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_true(self->fd >= 0);
    assert_int_equal(0, bind(self->fd, (struct sockaddr *)&at,
                             (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)));
    assert_int_equal(0, setenv("NOTIFY_SOCKET", name, 1));
}

static int setup(void **state)
{
    static struct manager self;

    self = (struct manager){.dir = "/tmp/muster-notify-XXXXXX"};
    if (mkdtemp(self.dir) == NULL) {
        return -1;
    }
    (void)snprintf(self.path, sizeof(self.path), "%s/socket", self.dir);
    listen_on(&self, self.path);
    *state = &self;
    return 0;
}

static int teardown(void **state)
{
    struct manager *self = *state;

    close(self->fd);
    unlink(self->path);
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
    return rmdir(self->dir);
}

static void assert_hears(const struct manager *self, const char *text)
{
    char heard[4096];
    ssize_t got = recv(self->fd, heard, sizeof(heard) - 1, 0);

    assert_true(got >= 0);
    heard[got] = '\0';
    assert_string_equal(text, heard);
}

static void assert_hears_nothing(const struct manager *self)
{
    char byte;

    assert_int_equal(-1, recv(self->fd, &byte, 1, 0));
}

static void set_watchdog(const char *usec, const char *pid)
{
    assert_int_equal(0, setenv("WATCHDOG_USEC", usec, 1));
    assert_int_equal(0, pid != NULL ? setenv("WATCHDOG_PID", pid, 1) : unsetenv("WATCHDOG_PID"));
}

static void without_a_socket_nobody_is_told(void **state)
{
    struct manager *manager = *state;
    struct notify self;

    unsetenv("NOTIFY_SOCKET");
    set_watchdog("2000", NULL);
    assert_int_equal(ERR_OK, notify_init(&self));
    assert_false(notify_asks(&self, 0));
    assert_true(notify_due_ms(&self) == INT64_MAX);
    notify_ping(&self, 0);
    notify_stopping(&self);
    assert_hears_nothing(manager);
    notify_fini(&self);
}

static void an_odd_name_is_refused(void **state)
{
    static const char *const names[] = {"relative/socket", "vsock:2:1", "/", "@"};
    char longest[sizeof(((struct sockaddr_un *)NULL)->sun_path) + 1];
    struct notify self;

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        setenv("NOTIFY_SOCKET", names[i], 1);
        assert_int_equal(ERR_INVALID, notify_init(&self));
        assert_false(notify_asks(&self, 0));
        notify_fini(&self);
    }
    memset(longest, 'x', sizeof(longest));
    longest[0] = '/';
    longest[sizeof(longest) - 1] = '\0';
    setenv("NOTIFY_SOCKET", longest, 1);
    assert_int_equal(ERR_INVALID, notify_init(&self));
    notify_fini(&self);
}

static void ready_is_told_once_with_the_words_of_that_moment(void **state)
{
    struct manager *manager = *state;
    struct notify self;

    assert_int_equal(ERR_OK, notify_init(&self));
    assert_true(notify_asks(&self, 0));
    notify_tell(&self, false, STR("waits for registry"), 0);
    assert_hears(manager, "STATUS=waits for registry");
    assert_true(notify_asks(&self, 1));
    notify_tell(&self, false, STR("waits for registry"), 1);
    assert_hears_nothing(manager);
    notify_tell(&self, true, STR("follows registry"), 2);
    assert_hears(manager, "READY=1\nSTATUS=follows registry");
    notify_tell(&self, true, STR("follows registry"), 9000);
    assert_hears_nothing(manager);
    notify_tell(&self, false, STR("waits for registry"), 20000);
    assert_hears(manager, "STATUS=waits for registry");
    notify_tell(&self, true, STR("follows registry"), 30000);
    assert_hears(manager, "STATUS=follows registry");
    notify_stopping(&self);
    assert_hears(manager, "STOPPING=1\nSTATUS=stopping");
    notify_fini(&self);
}

static void a_ready_process_is_asked_for_words_every_five_seconds(void **state)
{
    struct notify self;

    (void)state;
    assert_int_equal(ERR_OK, notify_init(&self));
    notify_tell(&self, true, STR("well"), 1000);
    assert_false(notify_asks(&self, 1000));
    assert_false(notify_asks(&self, 5999));
    assert_true(notify_asks(&self, 6000));
    notify_tell(&self, true, STR("well"), 6000);
    assert_false(notify_asks(&self, 6001));
    notify_fini(&self);
}

static void words_cannot_forge_a_line(void **state)
{
    struct manager *manager = *state;
    struct notify self;

    assert_int_equal(ERR_OK, notify_init(&self));
    notify_tell(&self, false, STR("one\nREADY=1"), 0);
    assert_hears(manager, "STATUS=one READY=1");
    notify_fini(&self);
}

static void pings_come_twice_in_the_time_that_was_asked_for(void **state)
{
    struct manager *manager = *state;
    struct notify self;

    set_watchdog("30000000", NULL);
    assert_int_equal(ERR_OK, notify_init(&self));
    notify_ping(&self, 100);
    assert_hears(manager, "WATCHDOG=1");
    assert_true(notify_due_ms(&self) == 15100);
    notify_ping(&self, 15099);
    assert_hears_nothing(manager);
    notify_ping(&self, 15100);
    assert_hears(manager, "WATCHDOG=1");
    notify_fini(&self);
}

static void pings_asked_of_another_process_are_not_sent(void **state)
{
    struct manager *manager = *state;
    struct notify self;
    char own[16];

    set_watchdog("30000000", "1");
    assert_int_equal(ERR_OK, notify_init(&self));
    notify_ping(&self, 100);
    assert_hears_nothing(manager);
    notify_fini(&self);
    (void)snprintf(own, sizeof(own), "%ld", (long)getpid());
    set_watchdog("30000000", own);
    assert_int_equal(ERR_OK, notify_init(&self));
    notify_ping(&self, 100);
    assert_hears(manager, "WATCHDOG=1");
    notify_fini(&self);
}

static void what_a_full_socket_does_not_take_is_told_later(void **state)
{
    struct manager *manager = *state;
    struct notify self;
    unsigned filled = 0;
    char drop[64];

    set_watchdog("30000000", NULL);
    assert_int_equal(ERR_OK, notify_init(&self));
    while (sendto(self.fd, "X=1", 3, MSG_DONTWAIT, (struct sockaddr *)&self.to, self.to_len) == 3) {
        assert_true(++filled < 100000);
    }
    notify_tell(&self, true, STR("well"), 1);
    notify_ping(&self, 1);
    assert_true(notify_asks(&self, 2));
    assert_true(notify_due_ms(&self) <= 2);
    while (recv(manager->fd, drop, sizeof(drop), 0) > 0) {
    }
    notify_tell(&self, true, STR("well"), 2);
    assert_hears(manager, "READY=1\nSTATUS=well");
    notify_ping(&self, 2);
    assert_hears(manager, "WATCHDOG=1");
    notify_fini(&self);
}

static void an_abstract_socket_is_told(void **state)
{
    struct manager *manager = *state;
    struct notify self;
    char name[64];

    close(manager->fd);
    (void)snprintf(name, sizeof(name), "@muster-notify-%ld", (long)getpid());
    listen_on(manager, name);
    assert_int_equal(ERR_OK, notify_init(&self));
    notify_tell(&self, true, STR("well"), 0);
    assert_hears(manager, "READY=1\nSTATUS=well");
    notify_fini(&self);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(without_a_socket_nobody_is_told),
        CASE(an_odd_name_is_refused),
        CASE(ready_is_told_once_with_the_words_of_that_moment),
        CASE(a_ready_process_is_asked_for_words_every_five_seconds),
        CASE(words_cannot_forge_a_line),
        CASE(pings_come_twice_in_the_time_that_was_asked_for),
        CASE(pings_asked_of_another_process_are_not_sent),
        CASE(what_a_full_socket_does_not_take_is_told_later),
        CASE(an_abstract_socket_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
