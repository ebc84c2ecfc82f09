/* Two real actors, each in a child of its own: a host with a door, and a guest that follows it and
 * sends through a way. tcp on free ports of the loopback, and ipc in a directory of each. */
#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/prng.h"
#include "common/runtime/endpoint.h"
#include "common/runtime/publisher.h"
#include "common/runtime/sockets.h"

enum { patience = 1500, wait_ms = 20, silence_ms = 200, way = 255 };
/* What the listeners' queues hold (100 each) may be taken at once, before the host has had a turn:
 * that, and what it needs itself, fits the half that is kept back. */
enum { descriptors = 512, stranger_count = 600 };

static const uint32_t burst = 100; /* sent in a tick */

#if defined(__SANITIZE_ADDRESS__)
static const int64_t growth_max_bytes = 512 << 20; /* it keeps what is freed for a while */
#else
static const int64_t growth_max_bytes = 16 << 20;
#endif

/* ── the cores: LOOKUP through the door is answered with how many have come ── */

struct core {
    struct publisher publisher;
    uint32_t lookups;
    uint32_t keyed; /* of them, from somebody whose key is known */
    int64_t heard;  /* answers through the way */
    bool followed;
    const char *door; /* of the other; NULL: no way is opened */
    const char *key;
    uint32_t per_tick;
    bool opened;
    bool forbids; /* every number that a name stands for */
    uint32_t forbidden;
};

static void on_lookup(void *state, const struct address *from, const struct msg *msg,
                      const struct now *now, struct outbox *out)
{
    struct core *self = state;
    struct msg found = {.type = MSG_TYPE_FOUND};

    (void)now;
    self->keyed += from->key[0] != '\0';
    found.as_found.id = msg->as_lookup.id;
    found.as_found.done = from->door ? ++self->lookups : 0;
    outbox_reply(out, OUTBOX_SYNCED, from, &found);
}

static void on_catch_up(void *state, const struct address *from, const struct msg *msg,
                        const struct now *now, struct outbox *out)
{
    (void)now;
    publisher_answer(&((struct core *)state)->publisher, from, msg, out);
}

static void on_peer_answer(void *state, uint32_t peer, const struct msg *msg, const struct now *now,
                           struct outbox *out)
{
    struct core *self = state;

    (void)now;
    (void)out;
    if (peer == way && msg->type == MSG_TYPE_FOUND && msg->as_found.done > 0) {
        self->heard++;
    }
}

/* Opens the way once, and sends so many LOOKUPs of 1,000 keys a tick. */
static void on_tick(void *state, const struct now *now, struct outbox *out)
{
    static const char keys[16000];
    struct core *self = state;
    struct msg lookup = {.type = MSG_TYPE_LOOKUP};

    (void)now;
    publisher_tick(&self->publisher, out);
    if (self->door == NULL) {
        return;
    }
    if (!self->opened) {
        self->opened = true;
        outbox_peer_open(out, way, str_from(self->door), str_from(self->key));
    }
    lookup.as_lookup.keys = (struct str){keys, sizeof(keys)};
    for (uint32_t i = 0; i < self->per_tick; i++) {
        outbox_peer(out, way, &lookup);
    }
}

static bool may_stand(void *state, struct str host, struct str number)
{
    struct core *self = state;

    (void)number;
    assert_true(str_eq(STR("localhost"), host));
    self->forbidden += self->forbids;
    return !self->forbids;
}

static struct position position(void *state)
{
    return ((struct core *)state)->publisher.at;
}

static void count(void *state, const struct counting *to)
{
    struct core *self = state;

    counts_add(to->counters, to->counter_store, "heard", self->heard);
    counts_add(to->counters, to->counter_store, "followed", self->followed ? 1 : 0);
    counts_add(to->counters, to->counter_store, "keyed", self->keyed);
    counts_add(to->counters, to->counter_store, "forbidden", self->forbidden);
}

static const struct actor_handler handlers[] = {
    {MSG_TYPE_SNAPSHOT, on_catch_up},
    {MSG_TYPE_FACTS, on_catch_up},
};

static const struct actor_handler door_handlers[] = {
    {MSG_TYPE_LOOKUP, on_lookup},
};

static const struct actor_spec host_spec = {
    .name = ACTOR_REPLICATOR,
    .handlers = handlers,
    .handler_count = 2,
    .door_handlers = door_handlers,
    .door_handler_count = 1,
    .tick = on_tick,
    .tick_ms = 20,
    .position = position,
    .count = count,
};

static const struct actor_spec guest_spec = {
    .name = ACTOR_EVICTOR,
    .peer_answer = on_peer_answer,
    .may_stand = may_stand,
    .tick = on_tick,
    .tick_ms = 20,
    .position = position,
    .count = count,
};

static void on_followed_fact(void *state, const struct msg *msg, const struct now *now)
{
    (void)state;
    (void)msg;
    (void)now;
}

static void on_current(void *state, uint64_t epoch, uint64_t seq, const struct now *now)
{
    (void)epoch;
    (void)seq;
    (void)now;
    ((struct core *)state)->followed = true;
}

static const struct follower_owner follower_owner = {.fact = on_followed_fact,
                                                     .current = on_current};

/* ── processes ── */

struct fixture {
    char dirs[2][32]; /* of host and guest */
    char door[32];
    char tcp[32];
    struct curve_keys keys[2];
    bool keyed;
    bool forbids; /* the guest lets names stand for nothing */
    bool narrow;  /* the host has so few descriptors */
    pid_t host;
    pid_t guest;
    void *context;
    void *sockets[8];
    size_t socket_count;
};

static const struct actor_options plain = {.clock = &clock_os};

static int run_host(struct fixture *self)
{
    struct core core = {0};
    struct endpoint at[ACTOR_COUNT] = {[ACTOR_REPLICATOR] = {self->tcp}};
    struct actor_options options = plain;
    enum err err;

    options.spec = &host_spec;
    options.state = &core;
    options.run_dir = self->dirs[0];
    options.door = self->door;
    options.at = at;
    options.keys = self->keyed ? &self->keys[0] : NULL;
    if (self->narrow && setrlimit(RLIMIT_NOFILE, &(struct rlimit){descriptors, descriptors}) != 0) {
        return 1;
    }
    publisher_init(&core.publisher, ACTOR_REPLICATOR, 0, (uint64_t)getpid());
    err = actor_run(&options);
    publisher_fini(&core.publisher);
    return err == ERR_OK ? 0 : 1;
}

static int run_guest(struct fixture *self, const char *door, const char *key, uint32_t per_tick)
{
    static const char *const topics[] = {"replicator.", NULL};
    struct core core = {.door = door, .key = key, .per_tick = per_tick, .forbids = self->forbids};
    struct endpoint at[ACTOR_COUNT] = {[ACTOR_REPLICATOR] = {self->tcp}};
    struct actor_link link = {.to = ACTOR_REPLICATOR, .topics = topics};
    struct actor_options options = plain;
    enum err err;

    options.spec = &guest_spec;
    options.state = &core;
    options.run_dir = self->dirs[1];
    options.at = at;
    options.keys = self->keyed ? &self->keys[1] : NULL;
    options.links = &link;
    options.link_count = 1;
    publisher_init(&core.publisher, ACTOR_EVICTOR, 0, (uint64_t)getpid());
    link.follower = follower_new(ACTOR_REPLICATOR, 0, 20, &follower_owner, &core);
    err = actor_run(&options);
    follower_destroy(&link.follower);
    publisher_fini(&core.publisher);
    return err == ERR_OK ? 0 : 1;
}

static void start_host(struct fixture *self)
{
    self->host = fork();
    assert_true(self->host >= 0);
    if (self->host == 0) {
        _exit(run_host(self));
    }
}

static void start_guest(struct fixture *self, const char *door, const char *key, uint32_t per_tick)
{
    self->guest = fork();
    assert_true(self->guest >= 0);
    if (self->guest == 0) {
        _exit(run_guest(self, door, key, per_tick));
    }
}

static bool is_free(uint16_t port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool bound;

    assert_true(fd >= 0);
    at.sin_port = htons(port);
    bound = bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0;
    close(fd);
    return bound;
}

/* One for the door, and two in a row; below those the kernel gives to clients. */
static void free_ports(struct fixture *self)
{
    static struct prng prng;
    static bool seeded;
    uint16_t port;

    if (!seeded) {
        prng_init(&prng, prng_seed_os());
        seeded = true;
    }
    do {
        port = (uint16_t)(10000 + prng_below(&prng, 20000));
    } while (!is_free(port) || !is_free((uint16_t)(port + 1)) || !is_free((uint16_t)(port + 2)));
    (void)snprintf(self->door, sizeof(self->door), "127.0.0.1:%u", port);
    (void)snprintf(self->tcp, sizeof(self->tcp), "127.0.0.1:%u", port + 1U);
}

static int setup(void **state)
{
    struct fixture *self = calloc(1, sizeof(*self));

    if (self == NULL) {
        return -1;
    }
    for (int i = 0; i < 2; i++) {
        memcpy(self->dirs[i], "/tmp/muster-door-XXXXXX", sizeof("/tmp/muster-door-XXXXXX"));
        if (mkdtemp(self->dirs[i]) == NULL) {
            return -1;
        }
    }
    free_ports(self);
    *state = self;
    return 0;
}

static int setup_with_keys(void **state)
{
    struct fixture *self;
    struct buf why = {0};

    if (setup(state) != 0) {
        return -1;
    }
    self = *state;
    self->keyed = true;
    for (int i = 0; i < 2; i++) {
        char path[64];
        int fd;

        assert_int_equal(ERR_OK, curve_make(self->dirs[i], i == 0 ? "127.0.0.1" : "guest", &why));
        assert_int_equal(ERR_OK, curve_load(&self->keys[i], self->dirs[i], &why));
        (void)snprintf(path, sizeof(path), "%s/%s.pub", self->dirs[1 - i],
                       i == 0 ? "127.0.0.1" : "guest");
        fd = open(path, O_WRONLY | O_CREAT, 0600);
        assert_int_equal(curve_key_chars, write(fd, self->keys[i].public_key, curve_key_chars));
        close(fd);
    }
    for (int i = 0; i < 2; i++) {
        curve_fini(&self->keys[i]);
        assert_int_equal(ERR_OK, curve_load(&self->keys[i], self->dirs[i], &why));
    }
    return 0;
}

static void end(pid_t pid)
{
    if (pid != 0) {
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
    }
}

static int teardown(void **state)
{
    struct fixture *self = *state;

    end(self->host);
    end(self->guest);
    for (size_t i = 0; i < self->socket_count; i++) {
        zmq_close(self->sockets[i]);
    }
    if (self->context != NULL) {
        zmq_ctx_term(self->context);
    }
    for (int i = 0; i < 2; i++) {
        DIR *files = opendir(self->dirs[i]);
        struct dirent *entry;

        while ((entry = readdir(files)) != NULL) {
            (void)unlinkat(dirfd(files), entry->d_name, 0);
        }
        closedir(files);
        rmdir(self->dirs[i]);
        curve_fini(&self->keys[i]);
    }
    free(self);
    return 0;
}

/* ── asking them; after all forks, as a context has threads ── */

static void *dealer_to(struct fixture *self, const struct curve_keys *keys, struct buf endpoint)
{
    int none = 0;
    int often_ms = 5;
    int receive_ms = 30000;
    void *dealer;

    if (self->context == NULL) {
        self->context = zmq_ctx_new();
    }
    dealer = zmq_socket(self->context, ZMQ_DEALER);
    assert_true(self->socket_count < sizeof(self->sockets) / sizeof(self->sockets[0]));
    self->sockets[self->socket_count++] = dealer;
    zmq_setsockopt(dealer, ZMQ_LINGER, &none, sizeof(none));
    zmq_setsockopt(dealer, ZMQ_RECONNECT_IVL, &often_ms, sizeof(often_ms));
    zmq_setsockopt(dealer, ZMQ_RCVTIMEO, &receive_ms, sizeof(receive_ms));
    if (keys != NULL) {
        curve_connect(keys, dealer, self->keys[0].public_key);
    }
    assert_int_equal(0, zmq_connect(dealer, endpoint.data));
    buf_fini(&endpoint);
    return dealer;
}

static void *near(struct fixture *self, int which)
{
    return dealer_to(self, NULL,
                     endpoint_ipc(self->dirs[which], which == 0 ? ACTOR_REPLICATOR : ACTOR_EVICTOR,
                                  0, ENDPOINT_COMMANDS));
}

static void send_msg(void *dealer, enum msg_type type, uint64_t id)
{
    struct msg msg = {.type = type};
    struct buf frame = {0};

    msg.as_ping.id = id;
    msg_encode(&frame, &msg);
    assert_int_equal(frame.len, zmq_send(dealer, frame.data, frame.len, 0));
    buf_fini(&frame);
}

static struct msg receive_msg(void *dealer, char *store, size_t size)
{
    int len = zmq_recv(dealer, store, size, 0);
    struct str frame = {store, len > 0 ? (size_t)len : 0};
    struct msg msg;

    assert_int_equal(ERR_OK, msg_decode(&frame, &msg));
    return msg;
}

static int64_t find(struct msg_counts counts, const char *name)
{
    struct str rest = counts.bytes;
    struct str key;
    int64_t value;

    while (counts_next(&rest, &key, &value)) {
        if (str_eq(key, str_from(name))) {
            return value;
        }
    }
    fail_msg("nothing is counted under %s", name);
    return 0;
}

static int64_t counted(void *dealer, const char *name)
{
    char store[65536];
    struct msg answer;

    send_msg(dealer, MSG_TYPE_STATS, 1);
    answer = receive_msg(dealer, store, sizeof(store));
    assert_int_equal(MSG_TYPE_COUNTERS, answer.type);
    return strcmp(name, "actor_ways") == 0 ? find(answer.as_counters.sizes, name)
           : strcmp(name, "rss") == 0      ? (int64_t)answer.as_counters.rss_bytes
                                           : find(answer.as_counters.counters, name);
}

/* Asks again and again until so many are counted; the wait is zmq_poll's. */
static void until(void *dealer, const char *name, int64_t least)
{
    for (int i = 0; i < patience; i++) {
        if (counted(dealer, name) >= least) {
            return;
        }
        (void)zmq_poll(NULL, 0, wait_ms);
    }
    fail_msg("%s did not come to %lld", name, (long long)least);
}

static bool is_silent(void *dealer)
{
    zmq_pollitem_t item = {.socket = dealer, .events = ZMQ_POLLIN};

    return zmq_poll(&item, 1, silence_ms) == 0;
}

/* ── ── */

static void through_the_door_only_its_commands_are_taken(void **state)
{
    static const enum msg_type refused[] = {MSG_TYPE_PING, MSG_TYPE_STATS, MSG_TYPE_SHUTDOWN,
                                            MSG_TYPE_EVICT};
    struct fixture *self = *state;
    char store[65536];
    struct msg answer;
    void *inside;
    void *outside;

    start_host(self);
    inside = near(self, 0);
    outside = dealer_to(self, NULL, endpoint_tcp(self->door, 0));
    send_msg(outside, MSG_TYPE_LOOKUP, 7);
    answer = receive_msg(outside, store, sizeof(store));
    assert_int_equal(MSG_TYPE_FOUND, answer.type);
    assert_int_equal(7, answer.as_found.id);
    assert_int_equal(1, answer.as_found.done); /* its address said: the door */
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        send_msg(outside, refused[i], i);
        answer = receive_msg(outside, store, sizeof(store));
        assert_int_equal(MSG_TYPE_RESULT, answer.type);
        assert_int_equal(i, answer.as_result.id);
        assert_int_equal(ERR_UNSUPPORTED, answer.as_result.err);
    }
    assert_int_equal(5, counted(inside, "actor_door_commands_total"));
    assert_int_equal(4, counted(inside, "actor_unsupported_commands_total"));
    send_msg(inside, MSG_TYPE_LOOKUP, 8); /* nor the other way round */
    answer = receive_msg(inside, store, sizeof(store));
    assert_int_equal(ERR_UNSUPPORTED, answer.as_result.err);
}

static void a_way_brings_commands_to_the_door_and_answers_back(void **state)
{
    struct fixture *self = *state;
    void *guest;

    start_guest(self, self->door, "", 1); /* before there is a door */
    start_host(self);
    guest = near(self, 1);
    until(guest, "heard", 3);
    until(guest, "followed", 1);
    assert_int_equal(1, counted(guest, "actor_ways"));
    end(self->host);
    self->host = 0;
    until(guest, "actor_dropped_frames_total",
          counted(guest, "actor_dropped_frames_total") + 3); /* nothing is kept for it */
}

/* localhost may stand for ::1 first, where nobody listens. */
static void a_door_may_be_given_by_name(void **state)
{
    struct fixture *self = *state;
    char door[32];
    void *guest;

    (void)snprintf(door, sizeof(door), "localhost%s", strchr(self->door, ':'));
    start_host(self);
    start_guest(self, door, self->keyed ? self->keys[0].public_key : "", 1);
    guest = near(self, 1);
    until(guest, "heard", 3);
    assert_int_equal(1, counted(guest, "actor_ways"));
}

static void a_name_leads_nowhere_it_may_not(void **state)
{
    struct fixture *self = *state;
    char door[32];
    void *guest;
    void *host;

    (void)snprintf(door, sizeof(door), "localhost%s", strchr(self->door, ':'));
    self->forbids = true;
    start_host(self);
    start_guest(self, door, "", 1);
    guest = near(self, 1);
    until(guest, "forbidden", 1);
    until(guest, "actor_dropped_frames_total",
          counted(guest, "actor_dropped_frames_total") + 10); /* nor a moment later */
    host = near(self, 0);
    assert_int_equal(0, counted(host, "actor_door_commands_total"));
    assert_int_equal(0, counted(guest, "heard"));
}

static void with_keys_all_goes_on_encrypted_and_strangers_get_nothing(void **state)
{
    struct fixture *self = *state;
    struct curve_keys stranger = {0};
    void *host;
    void *guest;
    void *without;
    void *odd;

    start_host(self);
    start_guest(self, self->door, self->keys[0].public_key, 1);
    host = near(self, 0);
    guest = near(self, 1);
    until(guest, "heard", 3);
    until(guest, "followed", 1);
    until(host, "actor_keys_accepted_total", 3); /* way, commands, facts */
    assert_int_equal(0, counted(host, "actor_keys_refused_total"));
    until(host, "keyed", 1);

    without = dealer_to(self, NULL, endpoint_tcp(self->door, 0));
    send_msg(without, MSG_TYPE_LOOKUP, 1);
    assert_int_equal(0, zmq_curve_keypair(stranger.public_key, stranger.secret_key));
    odd = dealer_to(self, &stranger, endpoint_tcp(self->tcp, 0));
    send_msg(odd, MSG_TYPE_PING, 1);
    until(host, "actor_keys_refused_total", 1);
    assert_true(is_silent(odd));
    assert_true(is_silent(without));
}

static void a_way_to_nowhere_stays_closed(void **state)
{
    struct fixture *self = *state;
    void *guest;

    start_guest(self, "nowhere", "", 1);
    guest = near(self, 1);
    until(guest, "actor_dropped_frames_total", 3);
    assert_int_equal(0, counted(guest, "actor_ways"));
}

static void who_has_keys_opens_no_way_without(void **state)
{
    struct fixture *self = *state;
    void *guest;

    start_guest(self, self->door, "", 1);
    guest = near(self, 1);
    until(guest, "actor_dropped_frames_total", 3);
    assert_int_equal(0, counted(guest, "actor_ways"));
}

static void a_hung_node_costs_no_time_and_little_memory(void **state)
{
    struct fixture *self = *state;
    int64_t before;
    void *guest;

    start_host(self);
    start_guest(self, self->door, "", burst);
    guest = near(self, 1);
    until(guest, "heard", burst);
    before = counted(guest, "rss");
    assert_int_equal(0, kill(self->host, SIGSTOP));
    until(guest, "actor_dropped_frames_total",
          counted(guest, "actor_dropped_frames_total") + INT64_C(10) * burst);
    assert_in_range(counted(guest, "rss"), 0, before + growth_max_bytes);
    assert_int_equal(0, kill(self->host, SIGCONT));
    until(guest, "heard", counted(guest, "heard") + INT64_C(2) * burst);
}

static int silent_connection(const char *host_port)
{
    const char *colon = strchr(host_port, ':');
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    assert_true(fd >= 0 && colon != NULL);
    at.sin_port = htons((uint16_t)strtoul(colon + 1, NULL, 10));
    (void)connect(fd, (struct sockaddr *)&at, sizeof(at)); /* refused is as good */
    return fd;
}

static void silent_strangers_leave_descriptors_for_the_node(void **state)
{
    struct fixture *self = *state;
    int strangers[stranger_count];
    char store[65536];
    void *host;

    self->narrow = true;
    start_host(self);
    host = near(self, 0);
    for (int i = 0; i < stranger_count; i++) {
        strangers[i] = silent_connection(i % 2 == 0 ? self->door : self->tcp);
        assert_true(counted(near(self, 0), "actor_commands_total") > 0);
        zmq_close(self->sockets[--self->socket_count]);
    }
    until(host, "actor_listeners_deaf_total", 1);
    for (int i = 0; i < stranger_count; i++) {
        close(strangers[i]);
    }
    send_msg(dealer_to(self, self->keyed ? &self->keys[1] : NULL, endpoint_tcp(self->door, 0)),
             MSG_TYPE_LOOKUP, 7);
    assert_int_equal(MSG_TYPE_FOUND,
                     receive_msg(self->sockets[self->socket_count - 1], store, sizeof(store)).type);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define TEST_WITH_KEYS(name) cmocka_unit_test_setup_teardown(name, setup_with_keys, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(through_the_door_only_its_commands_are_taken),
        TEST(a_way_brings_commands_to_the_door_and_answers_back),
        TEST(a_door_may_be_given_by_name),
        TEST_WITH_KEYS(a_door_may_be_given_by_name),
        TEST(a_name_leads_nowhere_it_may_not),
        TEST_WITH_KEYS(with_keys_all_goes_on_encrypted_and_strangers_get_nothing),
        TEST(a_way_to_nowhere_stays_closed),
        TEST_WITH_KEYS(who_has_keys_opens_no_way_without),
        TEST(a_hung_node_costs_no_time_and_little_memory),
        TEST(silent_strangers_leave_descriptors_for_the_node),
        TEST_WITH_KEYS(silent_strangers_leave_descriptors_for_the_node),
    };

    return cmocka_run_group_tests_name("door", tests, NULL, NULL);
}
