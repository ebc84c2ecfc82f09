/* A server of gateway/http whose handlers do what the path says, and clients of it. */
#ifndef TESTS_GATEWAY_HTTP_FIXTURE_H
#define TESTS_GATEWAY_HTTP_FIXTURE_H

#include "tests/gateway/http/http_client.h"

enum { http_held_max = 64, http_large_bytes = 8 << 20 };

struct http_fixture {
    struct http *http;
    struct request *parked;              /* last */
    struct request *held[http_held_max]; /* the first of all that were parked */
    int held_count;
    int spared; /* of them, when places ran short */
    struct request *streaming;
    int gone;
    int ended;
    int served;
    const char *next_piece; /* of the stream; NULL: wait */
    bool stream_ends;
    size_t made; /* by streams without end */
    int64_t now_ms;
};

extern const struct http_app http_fixture_app;

struct response *http_text(int status, const char *text);
/* Who asked for what, with which parameters. */
void http_echo(struct request *request);

int http_set_up(void **state);
int http_set_up_for(void **state, uint64_t connections_max, uint64_t memory_max);
int http_set_up_beside_others(void **state); /* with whom it shares the heap */
int http_tear_down(void **state);

void http_run(void *fixture); /* a turn_fn */
int http_client(struct http_fixture *self);
struct buf http_answer_on(struct http_fixture *self, int fd, const char *request);
/* On a connection of its own. */
struct buf http_ask(struct http_fixture *self, const char *request);
void http_check_body(struct http_fixture *self, const char *request, const char *expected);
void http_check_status(struct http_fixture *self, const char *request, int expected);

#define ME " from 127.0.0.1 (loopback)"
#define FORM "Content-Type: application/x-www-form-urlencoded\r\n"

#endif
