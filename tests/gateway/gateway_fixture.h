/* What the tests of writes and routes add to server.h: the gateway's commands to the
 * registry are caught, and the test answers them. */
#ifndef TESTS_GATEWAY_GATEWAY_FIXTURE_H
#define TESTS_GATEWAY_GATEWAY_FIXTURE_H

#include "tests/gateway/server.h"

struct gateway_fixture {
    struct server server;
    struct buf command; /* the last command the gateway sent, encoded */
    int writes;         /* REGISTER, RENEW, CANCEL, SET sent */
    int stats;          /* STATS sent, to anybody */
    int client;         /* its connection; -1: none */
    const char *head;   /* more header lines of its requests, each with its CR LF; NULL: none */
};

/* trust: security.trust_client_nodes. The gateway listens when it returns. */
void fixture_begin(struct gateway_fixture *self, bool trust);
void fixture_end(struct gateway_fixture *self);

void fixture_turn(void *fixture);                               /* a turn_fn */
void fixture_wait(struct gateway_fixture *self, int64_t ms);    /* the time goes on */
struct msg fixture_command(const struct gateway_fixture *self); /* the last that was sent */

/* The registry publishes: PUT of this instance; init-protect. */
void fixture_put(struct gateway_fixture *self, const struct instance *instance);
void fixture_protect(struct gateway_fixture *self, int64_t left_ms);
/* It answers the last write. */
void fixture_result(struct gateway_fixture *self, enum err err, uint64_t seq, int64_t timestamp,
                    const char *text);

/* A request over HTTP: to its end; or sent, and turned until a write has left. */
struct buf fixture_ask(struct gateway_fixture *self, const char *method, const char *path,
                       const char *form);
void fixture_send(struct gateway_fixture *self, const char *method, const char *path,
                  const char *form);
struct buf fixture_answer(struct gateway_fixture *self);
/* Whether something has come after some turns. */
bool fixture_is_answered(struct gateway_fixture *self);

#endif
