/* Real actors: each runs in a child of its own, over ipc in a directory of its own. */
#include "common/runtime/actor.h"

#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <zmq.h>

#include "common/runtime/publisher.h"

enum { patience_ms = 5000 };

/* ── the core under test: an evictor in name only, answers EVICT with its limit; idle_ms other
 *    than 0: that one is a turn's work ── */

struct core {
    struct publisher publisher;
    struct follower *follower;
    uint32_t limits; /* EVICTs heard */
    bool followed_on;
    uint64_t followed_seq;
};

static void on_evict(void *state, const struct address *from, const struct msg *msg,
                     const struct now *now, struct outbox *out)
{
    struct core *self = state;
    struct msg result = {.type = MSG_TYPE_RESULT};

    (void)now;
    self->limits++;
    result.as_result.id = msg->as_evict.id;
    result.as_result.timestamp = msg->as_evict.limit;
    outbox_reply(out, msg->as_evict.limit % 2 == 0 ? OUTBOX_NOW : OUTBOX_SYNCED, from, &result);
    if (msg->as_evict.idle_ms != 0) {
        outbox_enough(out);
    }
}

/* SYNCED makes it publish PROTECTION. */
static void on_synced(void *state, const struct address *from, const struct msg *msg,
                      const struct now *now, struct outbox *out)
{
    struct core *self = state;
    struct msg fact = {.type = MSG_TYPE_PROTECTION};

    (void)from;
    (void)now;
    fact.as_protection.on = true;
    fact.as_protection.reason = msg->as_synced.reason;
    publisher_publish(&self->publisher, "evictor.protection", &fact, true, out);
}

static void on_catch_up(void *state, const struct address *from, const struct msg *msg,
                        const struct now *now, struct outbox *out)
{
    struct core *self = state;

    (void)now;
    publisher_answer(&self->publisher, from, msg, out);
}

static void on_tick(void *state, const struct now *now, struct outbox *out)
{
    struct core *self = state;

    (void)now;
    publisher_tick(&self->publisher, out);
}

static struct position position(void *state)
{
    return ((struct core *)state)->publisher.at;
}

static void count(void *state, const struct counting *to)
{
    struct core *self = state;

    counts_add(to->counters, to->counter_store, "limits", self->limits);
    counts_add(to->counters, to->counter_store, "followed_on", self->followed_on ? 1 : 0);
    counts_add(to->counters, to->counter_store, "followed_seq", (int64_t)self->followed_seq);
    counts_add(to->sizes, to->size_store, "nothing", 0);
}

static const struct actor_handler handlers[] = {
    {MSG_TYPE_EVICT, on_evict},
    {MSG_TYPE_SYNCED, on_synced},
    {MSG_TYPE_SNAPSHOT, on_catch_up},
    {MSG_TYPE_FACTS, on_catch_up},
};

static const struct actor_spec evictor_spec = {
    .name = ACTOR_EVICTOR,
    .handlers = handlers,
    .handler_count = sizeof(handlers) / sizeof(handlers[0]),
    .tick = on_tick,
    .tick_ms = 20,
    .position = position,
    .count = count,
};

/* Once protection is on it wants to hear no more ticks. */
static const char *const *topics_now(void *state, const struct actor_link *link)
{
    static const char *const fewer[] = {"evictor.protection", "evictor.round", NULL};

    return ((const struct core *)state)->followed_on ? fewer : link->topics;
}

static const struct actor_spec gateway_spec = {
    .name = ACTOR_GATEWAY,
    .position = position,
    .count = count,
    .topics = topics_now,
};

static void on_followed_fact(void *state, const struct msg *msg, const struct now *now)
{
    struct core *self = state;

    (void)now;
    if (msg->type == MSG_TYPE_PROTECTION) {
        self->followed_on = msg->as_protection.on;
    }
}

static void on_current(void *state, uint64_t epoch, uint64_t seq, const struct now *now)
{
    struct core *self = state;

    (void)epoch;
    (void)now;
    self->followed_seq = seq;
}

static const struct follower_owner follower_owner = {
    .fact = on_followed_fact,
    .current = on_current,
};

/* ── processes ── */

struct child {
    pid_t pid;
    int pidfd; /* readable once it has ended */
};

struct fixture {
    char dir[32];
    void *context;
    struct child evictor;
    struct child gateway;
};

static enum err run_evictor(const char *dir, struct log *log)
{
    struct core core = {0};
    struct actor_options options = {
        .spec = &evictor_spec, .state = &core, .run_dir = dir, .clock = &clock_os, .log = log};
    enum err err;

    publisher_init(&core.publisher, ACTOR_EVICTOR, 0, (uint64_t)getpid()); /* new every run */
    err = actor_run(&options);
    publisher_fini(&core.publisher);
    return err;
}

static enum err run_gateway(const char *dir, struct log *log)
{
    static const char *const topics[] = {"evictor.", NULL};
    struct core core = {0};
    struct actor_link link = {.to = ACTOR_EVICTOR, .topics = topics};
    struct actor_options options = {.spec = &gateway_spec,
                                    .state = &core,
                                    .index = 3,
                                    .run_dir = dir,
                                    .clock = &clock_os,
                                    .log = log,
                                    .links = &link,
                                    .link_count = 1};
    enum err err;

    publisher_init(&core.publisher, ACTOR_GATEWAY, 3, 43);
    link.follower = follower_new(ACTOR_EVICTOR, 0, 20, &follower_owner, &core);
    err = actor_run(&options);
    follower_destroy(&link.follower);
    publisher_fini(&core.publisher);
    return err;
}

typedef enum err run_fn(const char *dir, struct log *log);

static struct child start(run_fn *run, const char *dir)
{
    struct child child = {.pid = fork()};

    assert_true(child.pid >= 0);
    if (child.pid == 0) {
        _exit(run(dir, NULL) == ERR_OK ? 0 : 1);
    }
    child.pidfd = (int)syscall(SYS_pidfd_open, child.pid, 0);
    assert_true(child.pidfd >= 0);
    return child;
}

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

static int setup(void **state)
{
    static struct fixture self;

    self = (struct fixture){.dir = "/tmp/muster-actor-XXXXXX"};
    if (mkdtemp(self.dir) == NULL) {
        return -1;
    }
    self.evictor = start(run_evictor, self.dir); /* no context of ours exists yet: fork is safe */
    self.context = zmq_ctx_new();
    *state = &self;
    return 0;
}

static void end(struct child *child)
{
    if (child->pid != 0) {
        kill(child->pid, SIGKILL);
        waitpid(child->pid, NULL, 0);
        close(child->pidfd);
        child->pid = 0;
    }
}

/* pid.new: of one killed in the middle of its start. */
static const char *const leftovers[] = {
    "evictor.commands",   "evictor.facts",   "evictor.pid",   "evictor.pid.new",   "evictor.lock",
    "gateway.3.commands", "gateway.3.facts", "gateway.3.pid", "gateway.3.pid.new", "gateway.3.lock",
};

static void path_in(const struct fixture *self, const char *name, char *path, size_t size)
{
    assert_true(snprintf(path, size, "%s/%s", self->dir, name) < (int)size);
}

static bool exists(const struct fixture *self, const char *name)
{
    char path[128];
    struct stat info;

    path_in(self, name, path, sizeof(path));
    return stat(path, &info) == 0;
}

static int teardown(void **state)
{
    struct fixture *self = *state;

    end(&self->gateway);
    end(&self->evictor);
    zmq_ctx_term(self->context);
    for (size_t i = 0; i < sizeof(leftovers) / sizeof(leftovers[0]); i++) {
        char path[128];

        path_in(self, leftovers[i], path, sizeof(path));
        unlink(path);
    }
    return rmdir(self->dir); /* fails if an actor left anything else */
}

/* ── talking to them ── */

/* It keeps what is sent until the actor is there, so that no test waits for a start. */
static void *connect_to(struct fixture *self, int type, const char *name)
{
    const int none = 0;
    const int wait_ms = patience_ms;
    const int reconnect_ms = 1;
    void *socket = zmq_socket(self->context, type);
    char endpoint[128];

    assert_true(snprintf(endpoint, sizeof(endpoint), "ipc://%s/%s", self->dir, name) <
                (int)sizeof(endpoint));
    zmq_setsockopt(socket, ZMQ_LINGER, &none, sizeof(none));
    zmq_setsockopt(socket, ZMQ_RCVTIMEO, &wait_ms, sizeof(wait_ms));
    zmq_setsockopt(socket, ZMQ_RECONNECT_IVL, &reconnect_ms, sizeof(reconnect_ms));
    assert_int_equal(0, zmq_connect(socket, endpoint));
    return socket;
}

static void send_msg(void *socket, const struct msg *msg)
{
    struct buf frame = {0};

    msg_encode(&frame, msg);
    assert_int_equal(frame.len, zmq_send(socket, frame.data, frame.len, 0));
    buf_fini(&frame);
}

/* One frame; the message in it borrows from store. */
static struct str receive(void *socket, char *store, size_t size)
{
    int len = zmq_recv(socket, store, size, 0);

    assert_true(len >= 0 && (size_t)len <= size);
    return (struct str){store, (size_t)len};
}

static struct msg receive_msg(void *socket, char *store, size_t size)
{
    struct str frame = receive(socket, store, size);
    struct msg msg;

    assert_int_equal(ERR_OK, msg_decode(&frame, &msg));
    return msg;
}

static struct msg of_id(enum msg_type type, uint64_t id)
{
    struct msg msg = {.type = type};

    msg.as_ping.id = id;
    return msg;
}

static void assert_pong(void *socket, uint64_t id)
{
    char store[4096];
    struct msg ping = of_id(MSG_TYPE_PING, id);
    struct msg pong;

    send_msg(socket, &ping);
    pong = receive_msg(socket, store, sizeof(store));
    assert_int_equal(MSG_TYPE_PONG, pong.type);
    assert_int_equal(id, pong.as_pong.id);
}

static void ping_is_answered_by_the_process_in_the_pid_file(void **state)
{
    struct fixture *self = *state;
    void *socket = connect_to(self, ZMQ_DEALER, "evictor.commands");
    struct msg ping = of_id(MSG_TYPE_PING, 7);
    struct msg pong;
    char store[4096];
    char path[128];
    char text[16];
    int fd;
    ssize_t len;
    uint32_t pid;

    send_msg(socket, &ping);
    pong = receive_msg(socket, store, sizeof(store));
    assert_int_equal(MSG_TYPE_PONG, pong.type);
    assert_int_equal(7, pong.as_pong.id);
    assert_true(str_eq(STR("evictor"), pong.as_pong.name));
    assert_true(str_eq(STR(MUSTER_VERSION), pong.as_pong.version));
    assert_int_equal(protocol_version, pong.as_pong.protocol);
    assert_int_equal(self->evictor.pid, pong.as_pong.epoch);
    assert_int_equal(self->evictor.pid, pong.as_pong.pid);

    path_in(self, "evictor.pid", path, sizeof(path));
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
    void *socket = connect_to(self, ZMQ_DEALER, "evictor.commands");
    struct msg cancel = of_id(MSG_TYPE_CANCEL, 8);
    char store[4096];
    struct msg answer;

    send_msg(socket, &cancel);
    answer = receive_msg(socket, store, sizeof(store));
    assert_int_equal(MSG_TYPE_RESULT, answer.type);
    assert_int_equal(8, answer.as_result.id);
    assert_int_equal(ERR_UNSUPPORTED, answer.as_result.err);
    assert_true(str_eq(STR("CANCEL is not a command of evictor"), answer.as_result.text));

    assert_int_equal(3, zmq_send(socket, "\x92\x7f\x09", 3, 0)); /* type 127, id 9 */
    answer = receive_msg(socket, store, sizeof(store));
    assert_int_equal(9, answer.as_result.id);
    assert_int_equal(ERR_UNSUPPORTED, answer.as_result.err);
    zmq_close(socket);
}

/* What the actor counts under this name. */
static int64_t counted(void *socket, const char *name)
{
    char store[16384];
    struct msg stats = of_id(MSG_TYPE_STATS, 1);
    struct msg answer;
    struct str rest;
    struct str key;
    int64_t value = 0;

    send_msg(socket, &stats);
    answer = receive_msg(socket, store, sizeof(store));
    assert_int_equal(MSG_TYPE_COUNTERS, answer.type);
    for (unsigned part = 0; part < 2; part++) {
        rest = part == 0 ? answer.as_counters.counters.bytes : answer.as_counters.sizes.bytes;
        while (counts_next(&rest, &key, &value)) {
            if (str_eq(key, str_from(name))) {
                return value;
            }
        }
    }
    fail_msg("no counter %s", name);
    return -1;
}

static void await_count(void *socket, const char *name, int64_t value)
{
    int64_t deadline_ms = clock_os.now(&clock_os).mono_ms + patience_ms;

    while (counted(socket, name) != value) {
        assert_true(clock_os.now(&clock_os).mono_ms < deadline_ms);
    }
}

static void garbage_is_survived_and_counted(void **state)
{
    struct fixture *self = *state;
    void *socket = connect_to(self, ZMQ_DEALER, "evictor.commands");

    zmq_send(socket, "\xc1", 1, 0);
    zmq_send(socket, "\xdf\xdf\xdf\xdf\xdf\xdf\xe2", 7, 0);
    zmq_send(socket, "", 0, 0);
    zmq_send(socket, "one", 3, ZMQ_SNDMORE);
    zmq_send(socket, "two", 3, ZMQ_SNDMORE);
    zmq_send(socket, "three", 5, 0);
    assert_pong(socket, 1);
    assert_int_equal(3, counted(socket, "actor_malformed_frames_total"));
    zmq_close(socket);
}

static void a_sender_with_too_long_a_name_is_not_answered(void **state)
{
    struct fixture *self = *state;
    char name[100];
    struct msg ping = of_id(MSG_TYPE_PING, 1);
    void *socket = zmq_socket(self->context, ZMQ_DEALER);
    void *other;
    const int none = 0;
    char endpoint[128];

    memset(name, 'n', sizeof(name));
    zmq_setsockopt(socket, ZMQ_ROUTING_ID, name, sizeof(name));
    zmq_setsockopt(socket, ZMQ_LINGER, &none, sizeof(none));
    snprintf(endpoint, sizeof(endpoint), "ipc://%s/evictor.commands", self->dir);
    zmq_connect(socket, endpoint);
    send_msg(socket, &ping);
    other = connect_to(self, ZMQ_DEALER, "evictor.commands");
    await_count(other, "actor_malformed_frames_total", 1);
    zmq_close(socket);
    zmq_close(other);
}

static void a_batch_in_one_frame_is_answered_in_two(void **state)
{
    struct fixture *self = *state;
    void *socket = connect_to(self, ZMQ_DEALER, "evictor.commands");
    struct buf batch = {0};
    unsigned answers = 0;
    unsigned frames = 0;
    char store[65536];

    for (uint64_t id = 1; id <= 100; id++) {
        struct msg evict = of_id(MSG_TYPE_EVICT, id);

        evict.as_evict.limit = (uint32_t)id;
        msg_encode(&batch, &evict);
    }
    zmq_send(socket, batch.data, batch.len, 0);
    buf_fini(&batch);
    while (answers < 100) {
        struct str frame = receive(socket, store, sizeof(store));
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
    void *socket = connect_to(self, ZMQ_DEALER, "evictor.commands");
    struct buf batch = {0};
    uint64_t expected = 2;
    static char store[1 << 20];

    for (uint64_t id = 1; id <= 5000; id++) {
        struct msg evict = of_id(MSG_TYPE_EVICT, 2 * id);

        evict.as_evict.limit = (uint32_t)(2 * id);
        msg_encode(&batch, &evict);
    }
    zmq_send(socket, batch.data, batch.len, 0);
    buf_fini(&batch);
    while (expected <= 10000) {
        struct str frame = receive(socket, store, sizeof(store));

        while (frame.len != 0) {
            struct msg msg;

            assert_int_equal(ERR_OK, msg_decode(&frame, &msg));
            assert_int_equal(expected, msg.as_result.id);
            expected += 2;
        }
    }
    assert_true(counted(socket, "actor_full_turns_total") >= 4);
    assert_int_equal(5000, counted(socket, "limits"));
    zmq_close(socket);
}

static void a_core_that_has_enough_ends_the_turn(void **state)
{
    struct fixture *self = *state;
    void *socket = connect_to(self, ZMQ_DEALER, "evictor.commands");
    struct buf batch = {0};
    uint64_t expected = 2;
    unsigned frames = 0;
    static char store[65536];

    for (uint64_t id = 1; id <= 100; id++) {
        struct msg evict = of_id(MSG_TYPE_EVICT, 2 * id);

        evict.as_evict.limit = (uint32_t)(2 * id);
        evict.as_evict.idle_ms = id % 10 == 0;
        msg_encode(&batch, &evict);
    }
    zmq_send(socket, batch.data, batch.len, 0);
    buf_fini(&batch);
    for (; expected <= 200; frames++) {
        struct str frame = receive(socket, store, sizeof(store));

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
    void *socket = connect_to(self, ZMQ_DEALER, "evictor.commands");
    struct msg level = of_id(MSG_TYPE_LOG_LEVEL, 3);
    char store[4096];
    struct msg answer;

    level.as_log_level.level = STR("debug");
    send_msg(socket, &level);
    assert_int_equal(ERR_OK, receive_msg(socket, store, sizeof(store)).as_result.err);
    level.as_log_level.level = STR("loud");
    send_msg(socket, &level);
    answer = receive_msg(socket, store, sizeof(store));
    assert_int_equal(ERR_INVALID, answer.as_result.err);
    assert_true(
        str_eq(STR("no such level, there are: error warn info debug"), answer.as_result.text));
    zmq_close(socket);
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
    void *socket = connect_to(self, ZMQ_DEALER, "evictor.commands");
    struct msg shutdown = of_id(MSG_TYPE_SHUTDOWN, 4);
    char store[4096];
    struct msg answer;

    send_msg(socket, &shutdown);
    answer = receive_msg(socket, store, sizeof(store));
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
    void *socket = connect_to(self, ZMQ_DEALER, "evictor.commands");

    assert_pong(socket, 1); /* it runs: the signal does not meet a half-started process */
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
    void *socket = connect_to(self, ZMQ_DEALER, "evictor.commands");
    struct log log;
    int fds[2];
    char text[1024];
    char holder[32];

    assert_pong(socket, 1);
    assert_int_equal(0, pipe(fds));
    log_init(&log, "evictor", fds[1], &clock_os);
    assert_int_equal(ERR_BUSY, run_evictor(self->dir, &log));
    read_all(fds[0], text, sizeof(text));
    snprintf(holder, sizeof(holder), "\"pid\":%d}", (int)self->evictor.pid);
    assert_non_null(strstr(text, holder));
    close(fds[0]);
    close(fds[1]);
    assert_pong(socket, 2);
    zmq_close(socket);
}

static void one_that_was_killed_can_be_started_again(void **state)
{
    struct fixture *self = *state;
    void *socket = connect_to(self, ZMQ_DEALER, "evictor.commands");

    assert_pong(socket, 1);
    zmq_close(socket);
    end(&self->evictor);
    assert_true(exists(self, "evictor.commands")); /* a stale socket file */
    zmq_ctx_term(self->context);
    self->evictor = start(run_evictor, self->dir);
    self->context = zmq_ctx_new();
    socket = connect_to(self, ZMQ_DEALER, "evictor.commands");
    assert_pong(socket, 2);
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
    assert_int_equal(ERR_INVALID, run_evictor(dir, &log));
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
    void *commands = connect_to(self, ZMQ_DEALER, "evictor.commands");
    void *facts = connect_to(self, ZMQ_SUB, "evictor.facts");
    struct msg synced = of_id(MSG_TYPE_SYNCED, 5);
    char store[4096];
    struct msg fact;

    zmq_setsockopt(facts, ZMQ_SUBSCRIBE, "evictor.", 8);
    assert_true(str_eq(STR("evictor.tick"), receive(facts, store, sizeof(store))));
    assert_int_equal(MSG_TYPE_TICK, receive_msg(facts, store, sizeof(store)).type);
    synced.as_synced.reason = STR("because");
    send_msg(commands, &synced);
    for (;;) {
        bool other = str_eq(STR("evictor.tick"), receive(facts, store, sizeof(store)));

        fact = receive_msg(facts, store, sizeof(store));
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
    struct msg synced = of_id(MSG_TYPE_SYNCED, 5);
    void *evictor;
    void *gateway;

    zmq_ctx_term(self->context);
    self->gateway = start(run_gateway, self->dir);
    self->context = zmq_ctx_new();
    evictor = connect_to(self, ZMQ_DEALER, "evictor.commands");
    gateway = connect_to(self, ZMQ_DEALER, "gateway.3.commands");
    send_msg(evictor, &synced);
    await_count(gateway, "followed_on", 1);
    await_count(gateway, "followed_seq", 1);
    send_msg(evictor, &synced);
    await_count(gateway, "followed_seq", 2);
    zmq_close(evictor);
    zmq_close(gateway);

    end(&self->evictor);
    zmq_ctx_term(self->context);
    self->evictor = start(run_evictor, self->dir);
    self->context = zmq_ctx_new();
    gateway = connect_to(self, ZMQ_DEALER, "gateway.3.commands");
    evictor = connect_to(self, ZMQ_DEALER, "evictor.commands");
    send_msg(evictor, &synced);
    await_count(gateway, "followed_seq", 1);
    assert_true(counted(gateway, "actor_catch_ups_total{evictor}") >= 2);
    zmq_close(evictor);
    zmq_close(gateway);
}

static void what_is_followed_changes_with_what_the_core_wants(void **state)
{
    struct fixture *self = *state;
    struct msg synced = of_id(MSG_TYPE_SYNCED, 5);
    void *evictor;
    void *gateway;

    zmq_ctx_term(self->context);
    self->gateway = start(run_gateway, self->dir);
    self->context = zmq_ctx_new();
    evictor = connect_to(self, ZMQ_DEALER, "evictor.commands");
    gateway = connect_to(self, ZMQ_DEALER, "gateway.3.commands");
    await_count(evictor, "actor_subscriptions", 1);
    send_msg(evictor, &synced);
    await_count(gateway, "followed_on", 1);
    await_count(evictor, "actor_subscriptions", 2);
    send_msg(evictor, &synced);
    await_count(gateway, "followed_seq", 2);
    zmq_close(evictor);
    zmq_close(gateway);
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

    end(&self->evictor);
    zmq_ctx_term(self->context);
    self->gateway = start(run_gateway, self->dir);
    self->context = zmq_ctx_new();
    evictor = zmq_socket(self->context, ZMQ_ROUTER);
    zmq_setsockopt(evictor, ZMQ_RCVTIMEO, &wait_ms, sizeof(wait_ms));
    snprintf(endpoint, sizeof(endpoint), "ipc://%s/evictor.commands", self->dir);
    assert_int_equal(0, zmq_bind(evictor, endpoint));
    gateway = connect_to(self, ZMQ_DEALER, "gateway.3.commands");
    answer_it(evictor, 3);
    await_count(gateway, "actor_answers_total", 3);
    assert_int_equal(0, counted(gateway, "actor_pauses_total"));
    answer_it(evictor, 4); /* it was told nothing it could follow: it asks again */
    await_count(gateway, "actor_answers_total", 7);
    assert_int_equal(1, counted(gateway, "actor_pauses_total"));
    zmq_close(gateway);
    zmq_close(evictor);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

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
        TEST(shutdown_is_answered_and_leaves_nothing_behind),
        TEST(sigterm_ends_it_in_good_order),
        TEST(a_second_one_is_told_who_is_there),
        TEST(one_that_was_killed_can_be_started_again),
        TEST(a_path_too_long_for_ipc_is_refused_with_the_remedy),
        TEST(a_fact_has_a_topic_and_a_body),
        TEST(one_actor_follows_another_over_its_restart),
        TEST(what_is_followed_changes_with_what_the_core_wants),
        TEST(answers_to_many_make_it_wait_for_more_and_those_to_few_do_not),
    };

    return cmocka_run_group_tests_name("actor", tests, NULL, NULL);
}
