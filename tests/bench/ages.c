/* Reads a registry's whole state and says how long ago its instances were heard.
 *
 *   bench_ages ENDPOINT ENV
 *
 * The last line is {"instances":N,"vague":N,"oldest_ms":MS}: those of ENV, how many of them are of
 * unknown age, and the oldest of the rest.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "common/wire/codec.h"

enum { answer_ms = 10000 };

struct found {
    uint64_t instances;
    uint64_t vague;
    int64_t oldest_ms;
};

static void fail(const char *what)
{
    (void)fprintf(stderr, "ages: %s\n", what);
    exit(EXIT_FAILURE);
}

static void ask(void *socket, uint64_t cursor)
{
    struct msg msg = {.type = MSG_TYPE_SNAPSHOT,
                      .as_snapshot = {.id = cursor + 1, .cursor = cursor}};
    struct buf frame = {0};

    msg_encode(&frame, &msg);
    if (zmq_send(socket, frame.data, frame.len, 0) < 0) {
        fail("the registry takes nothing");
    }
    buf_fini(&frame);
}

static void count(struct msg_list records, struct str env, struct found *found)
{
    struct str rest = records.bytes;
    struct msg record;

    while (msg_next(&rest, &record)) {
        if (record.type != MSG_TYPE_PUT || !str_eq(record.as_put.env, env)) {
            continue;
        }
        found->instances++;
        if (record.as_put.age_ms < 0) {
            found->vague++;
        } else if (record.as_put.age_ms > found->oldest_ms) {
            found->oldest_ms = record.as_put.age_ms;
        }
    }
}

/* The cursor of the next slice; 0 after the last. */
static uint64_t take(void *socket, struct str env, struct found *found)
{
    zmq_msg_t frame;
    struct str rest;
    struct msg msg;

    zmq_msg_init(&frame);
    if (zmq_msg_recv(&frame, socket, 0) < 0) {
        fail("the registry does not answer");
    }
    rest = (struct str){zmq_msg_data(&frame), zmq_msg_size(&frame)};
    if (msg_decode(&rest, &msg) != ERR_OK || msg.type != MSG_TYPE_CHUNK) {
        fail("this is no registry");
    }
    count(msg.as_chunk.records, env, found);
    zmq_msg_close(&frame);
    return msg.as_chunk.next;
}

int main(int argc, char **argv)
{
    struct found found = {0};
    void *context = zmq_ctx_new();
    void *socket = zmq_socket(context, ZMQ_DEALER);
    uint64_t cursor = 0;

    if (argc != 3) {
        (void)fprintf(stderr, "usage: %s ENDPOINT ENV\n", argv[0]);
        return 2;
    }
    zmq_setsockopt(socket, ZMQ_SNDTIMEO, &(int){answer_ms}, sizeof(int));
    zmq_setsockopt(socket, ZMQ_RCVTIMEO, &(int){answer_ms}, sizeof(int));
    zmq_setsockopt(socket, ZMQ_LINGER, &(int){0}, sizeof(int));
    if (zmq_connect(socket, argv[1]) != 0) {
        fail("no such endpoint");
    }
    do {
        ask(socket, cursor);
        cursor = take(socket, str_from(argv[2]), &found);
    } while (cursor != 0);
    printf("{\"instances\":%" PRIu64 ",\"vague\":%" PRIu64 ",\"oldest_ms\":%" PRId64 "}\n",
           found.instances, found.vague, found.oldest_ms);
    zmq_close(socket);
    zmq_ctx_term(context);
    return EXIT_SUCCESS;
}
