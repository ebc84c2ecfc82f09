/* Speaks to a registry as a gateway does, many commands a frame: registers a
 * made-up crowd of instances, sends their heartbeats, cancels them, or asks for an eviction.
 *
 *   bench_fill ENDPOINT register|renew|cancel APPS FIRST COUNT [PER_SECOND [SECONDS]]
 *   bench_fill ENDPOINT evict IDLE_MS LIMIT
 *
 * Instance i stands in app i % APPS, under a hostname that says nothing of its order. With
 * SECONDS the heartbeats go round and round. The last line says what was answered:
 * "done COUNT failed COUNT ms MS".
 */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "common/base/clock.h"
#include "common/base/hash.h"
#include "common/base/prng.h"
#include "common/wire/codec.h"

enum { batch = 256, window = 16 * batch, answer_ms = 10000 };

struct load {
    void *socket;
    enum msg_type type;
    uint32_t apps;
    uint64_t first;
    uint64_t count;      /* instances */
    uint64_t total;      /* commands */
    uint64_t per_second; /* 0: as fast as it goes */
    uint64_t gateway;
    uint64_t sent;
    uint64_t answered;
    uint64_t failed;
    struct buf frame;
    struct buf text;
};

static struct now now(void)
{
    return clock_os.now(&clock_os);
}

static void number(const char *text, uint64_t *value)
{
    struct str s = str_from(text);
    int64_t parsed = 0;

    if (str_to_i64(s, &parsed) != ERR_OK || parsed < 0) {
        (void)fprintf(stderr, "%s is no number\n", text);
        exit(2);
    }
    *value = (uint64_t)parsed;
}

/* ── the crowd ──────────────────────────────────────────────────────────────*/

struct person {
    char appid[32];
    char hostname[64]; /* 24 bytes */
};

static void person_make(const struct load *load, uint64_t i, struct person *out)
{
    uint64_t mixed = hash64(&i, sizeof(i));

    (void)snprintf(out->appid, sizeof(out->appid), "app-%05" PRIu64, i % load->apps);
    (void)snprintf(out->hostname, sizeof(out->hostname), "%08" PRIx32 "-%015" PRIu64,
                   (uint32_t)mixed, i);
}

/* Two addresses of 24 bytes and three pairs of 8 + 12 bytes, as in a million real ones. */
static void add_register(struct load *load, uint64_t i, struct msg *msg)
{
    static const char *const keys[] = {"cluster-", "protocol", "weight--"};
    char addr[64];
    char value[32];
    size_t cut;

    load->text.len = 0;
    for (unsigned port = 80; port < 82; port++) {
        (void)snprintf(addr, sizeof(addr), "http://10.%03u.%03u.%03u:%u", (unsigned)(i >> 16) % 256,
                       (unsigned)(i >> 8) % 256, (unsigned)i % 256, port);
        strs_pack(&load->text, str_from(addr));
    }
    cut = load->text.len;
    for (unsigned k = 0; k < 3; k++) {
        (void)snprintf(value, sizeof(value), "value-%06" PRIu64, (i + k) % 1000000);
        strs_pack(&load->text, str_from(keys[k]));
        strs_pack(&load->text, str_from(value));
    }
    msg->as_register.region = STR("sh");
    msg->as_register.version = STR("1.0.0");
    msg->as_register.addrs = (struct strs){2, {load->text.data, cut}};
    msg->as_register.metadata = (struct strs){3, {load->text.data + cut, load->text.len - cut}};
    msg->as_register.status = 1;
}

static void add_command(struct load *load, int64_t wall_ns)
{
    uint64_t i = load->first + load->sent % load->count;
    struct msg msg = {.type = load->type};
    struct person who;

    person_make(load, i, &who);
    /* all three begin alike, up to the hostname */
    msg.as_renew = (struct msg_renew){
        .id = ++load->sent,
        .gateway = load->gateway,
        .expires = wall_ns + 60000000000,
        .origin = ORIGIN_CLIENT,
        .env = STR("prod"),
        .appid = str_from(who.appid),
        .zone = STR("sh001"),
        .hostname = str_from(who.hostname),
    };
    if (load->type == MSG_TYPE_REGISTER) {
        add_register(load, i, &msg);
    }
    msg_encode(&load->frame, &msg);
}

/* ── speaking ───────────────────────────────────────────────────────────────*/

static void send_frame(struct load *load)
{
    if (zmq_send(load->socket, load->frame.data, load->frame.len, 0) < 0) {
        perror("send");
        exit(1);
    }
    load->frame.len = 0;
}

static void take_frame(struct load *load, const char *data, size_t len)
{
    struct str rest = {data, len};
    struct msg msg;

    while (rest.len > 0) {
        if (msg_decode(&rest, &msg) != ERR_OK) {
            (void)fprintf(stderr, "an answer that can't be read\n");
            exit(1);
        }
        load->answered++;
        if (msg.type != MSG_TYPE_RESULT || msg.as_result.err != ERR_OK) {
            if (load->failed++ == 0) {
                (void)fprintf(stderr, "refused: %.*s\n", STR_ARG(msg.as_result.text));
            }
        }
    }
}

/* All answers there are; waits for the first up to wait_ms. */
static void take_answers(struct load *load, long wait_ms)
{
    zmq_pollitem_t item = {.socket = load->socket, .events = ZMQ_POLLIN};
    zmq_msg_t frame;

    if (zmq_poll(&item, 1, wait_ms) <= 0) {
        return;
    }
    zmq_msg_init(&frame);
    while (zmq_msg_recv(&frame, load->socket, ZMQ_DONTWAIT) >= 0) {
        take_frame(load, zmq_msg_data(&frame), zmq_msg_size(&frame));
    }
    zmq_msg_close(&frame);
}

/* How many may have been sent by now. */
static uint64_t allowed(const struct load *load, int64_t began_ms)
{
    uint64_t due = load->total;

    if (load->per_second > 0) {
        due = load->per_second * (uint64_t)(now().mono_ms - began_ms) / 1000;
    }
    due = due < load->total ? due : load->total;
    return due < load->answered + window ? due : load->answered + window;
}

static int64_t run(struct load *load)
{
    int64_t began_ms = now().mono_ms;
    int64_t heard_ms = began_ms;

    while (load->answered < load->total) {
        uint64_t due = allowed(load, began_ms);
        uint64_t before = load->answered;
        struct now read = now();

        if (due >= load->sent + batch || (due == load->total && due > load->sent)) {
            while (load->sent < due && load->frame.len < (size_t)64 * batch * 8) {
                add_command(load, read.wall_ns);
            }
            send_frame(load);
            take_answers(load, 0);
        } else {
            take_answers(load, 1);
        }
        heard_ms =
            load->answered > before || load->answered == load->sent ? read.mono_ms : heard_ms;
        if (read.mono_ms - heard_ms > answer_ms) {
            (void)fprintf(stderr, "no answer for %d ms\n", answer_ms);
            exit(1);
        }
    }
    return now().mono_ms - began_ms;
}

static void wait_for_answer(struct load *load)
{
    load->total = ++load->sent;
    for (int64_t until = now().mono_ms + answer_ms;
         load->answered < load->sent && now().mono_ms < until;) {
        take_answers(load, 100);
    }
}

/* As the evictor would: it names the run of the registry it speaks of. */
static void evict(struct load *load, uint64_t idle_ms, uint64_t limit)
{
    struct msg msg = {.type = MSG_TYPE_PING, .as_ping.id = 1};
    struct msg pong;
    zmq_msg_t frame;
    struct str rest;

    msg_encode(&load->frame, &msg);
    send_frame(load);
    zmq_msg_init(&frame);
    if (zmq_msg_recv(&frame, load->socket, 0) < 0) {
        perror("receive");
        exit(1);
    }
    rest = (struct str){zmq_msg_data(&frame), zmq_msg_size(&frame)};
    if (msg_decode(&rest, &pong) != ERR_OK || pong.type != MSG_TYPE_PONG) {
        (void)fprintf(stderr, "no PONG\n");
        exit(1);
    }
    msg = (struct msg){.type = MSG_TYPE_EVICT};
    msg.as_evict = (struct msg_evict){.id = 2,
                                      .epoch = pong.as_pong.epoch,
                                      .boot = pong.as_pong.boot,
                                      .tick = UINT64_MAX / 2,
                                      .idle_ms = (int64_t)idle_ms,
                                      .limit = (uint32_t)limit};
    zmq_msg_close(&frame);
    msg_encode(&load->frame, &msg);
    send_frame(load);
    wait_for_answer(load);
}

static enum msg_type type_of(const char *verb)
{
    struct str s = str_from(verb);

    return str_eq(s, STR("register")) ? MSG_TYPE_REGISTER
           : str_eq(s, STR("renew"))  ? MSG_TYPE_RENEW
           : str_eq(s, STR("cancel")) ? MSG_TYPE_CANCEL
                                      : MSG_TYPE_EVICT;
}

static void read_numbers(struct load *load, char **word, int count)
{
    uint64_t apps = 0;
    uint64_t seconds = 0;

    number(word[0], &apps);
    number(word[1], &load->first);
    number(word[2], &load->count);
    if (count > 3) {
        number(word[3], &load->per_second);
    }
    if (count > 4) {
        number(word[4], &seconds);
    }
    load->apps = (uint32_t)apps;
    load->total = seconds > 0 ? seconds * load->per_second : load->count;
}

int main(int argc, char **argv)
{
    struct load load = {0};
    void *context = zmq_ctx_new();
    int64_t took_ms = 0;
    const int wait_ms = answer_ms;

    if (argc < 5) {
        (void)fprintf(stderr, "see the head of tests/bench/fill.c\n");
        return 2;
    }
    load.type = type_of(argv[2]);
    load.gateway = prng_seed_os();
    load.socket = zmq_socket(context, ZMQ_DEALER);
    zmq_setsockopt(load.socket, ZMQ_SNDTIMEO, &wait_ms, sizeof(wait_ms));
    zmq_setsockopt(load.socket, ZMQ_RCVTIMEO, &wait_ms, sizeof(wait_ms));
    zmq_setsockopt(load.socket, ZMQ_LINGER, &(int){0}, sizeof(int));
    if (zmq_connect(load.socket, argv[1]) != 0) {
        perror(argv[1]);
        return 1;
    }
    if (load.type == MSG_TYPE_EVICT) {
        uint64_t idle_ms = 0;
        uint64_t limit = 0;

        number(argv[3], &idle_ms);
        number(argv[4], &limit);
        evict(&load, idle_ms, limit);
    } else if (argc < 6) {
        return 2;
    } else {
        read_numbers(&load, argv + 3, argc - 3);
        took_ms = run(&load);
    }
    printf("done %" PRIu64 " failed %" PRIu64 " ms %" PRId64 "\n", load.answered, load.failed,
           took_ms);
    zmq_close(load.socket);
    zmq_ctx_term(context);
    buf_fini(&load.frame);
    buf_fini(&load.text);
    return load.failed == 0 && load.answered == load.total ? 0 : 1;
}
