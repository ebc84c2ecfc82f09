#include "tests/runtime/processes.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <zmq.h>

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

enum err processes_run_evictor(const char *dir, struct log *log)
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

enum err processes_run_gateway(const char *dir, struct log *log)
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

struct child processes_start(run_fn *run, const char *dir)
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

int processes_set_up(void **state)
{
    static struct fixture self;

    self = (struct fixture){.dir = "/tmp/muster-actor-XXXXXX"};
    if (mkdtemp(self.dir) == NULL) {
        return -1;
    }
    self.evictor = processes_start(processes_run_evictor,
                                   self.dir); /* no context of ours exists yet: fork is safe */
    self.context = zmq_ctx_new();
    *state = &self;
    return 0;
}

void processes_end(struct child *child)
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

void processes_path_in(const struct fixture *self, const char *name, char *path, size_t size)
{
    assert_true(snprintf(path, size, "%s/%s", self->dir, name) < (int)size);
}

int processes_tear_down(void **state)
{
    struct fixture *self = *state;

    processes_end(&self->gateway);
    processes_end(&self->evictor);
    zmq_ctx_term(self->context);
    for (size_t i = 0; i < sizeof(leftovers) / sizeof(leftovers[0]); i++) {
        char path[128];

        processes_path_in(self, leftovers[i], path, sizeof(path));
        unlink(path);
    }
    return rmdir(self->dir); /* fails if an actor left anything else */
}

void *processes_connect_to(struct fixture *self, int type, const char *name)
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

void processes_send_msg(void *socket, const struct msg *msg)
{
    struct buf frame = {0};

    msg_encode(&frame, msg);
    assert_int_equal(frame.len, zmq_send(socket, frame.data, frame.len, 0));
    buf_fini(&frame);
}

struct str processes_receive(void *socket, char *store, size_t size)
{
    int len = zmq_recv(socket, store, size, 0);

    assert_true(len >= 0 && (size_t)len <= size);
    return (struct str){store, (size_t)len};
}

struct msg processes_receive_msg(void *socket, char *store, size_t size)
{
    struct str frame = processes_receive(socket, store, size);
    struct msg msg;

    assert_int_equal(ERR_OK, msg_decode(&frame, &msg));
    return msg;
}

struct msg processes_of_id(enum msg_type type, uint64_t id)
{
    struct msg msg = {.type = type};

    msg.as_ping.id = id;
    return msg;
}

void processes_assert_pong(void *socket, uint64_t id)
{
    char store[4096];
    struct msg ping = processes_of_id(MSG_TYPE_PING, id);
    struct msg pong;

    processes_send_msg(socket, &ping);
    pong = processes_receive_msg(socket, store, sizeof(store));
    assert_int_equal(MSG_TYPE_PONG, pong.type);
    assert_int_equal(id, pong.as_pong.id);
}

int64_t processes_counted(void *socket, const char *name)
{
    char store[16384];
    struct msg stats = processes_of_id(MSG_TYPE_STATS, 1);
    struct msg answer;
    struct str rest;
    struct str key;
    int64_t value = 0;

    processes_send_msg(socket, &stats);
    answer = processes_receive_msg(socket, store, sizeof(store));
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

void processes_await_count(void *socket, const char *name, int64_t value)
{
    int64_t deadline_ms = clock_os.now(&clock_os).mono_ms + patience_ms;

    while (processes_counted(socket, name) != value) {
        assert_true(clock_os.now(&clock_os).mono_ms < deadline_ms);
    }
}
