/* A discovery gateway in this process, its registry played by a feed, in virtual
 * time; clients speak to it over loopback. */
#ifndef TESTS_GATEWAY_SERVER_H
#define TESTS_GATEWAY_SERVER_H

#include "gateway/discovery/gateway.h"
#include "tests/gateway/feed.h"
#include "tests/gateway/http/http_client.h"

struct server {
    struct config config;
    struct gateway *gateway;
    struct feed feed; /* feed.now is the server's time */
    struct outbox *out;
    struct clock_virtual clock;
    char run_dir[40];
};

/* Listens, caught up with an empty registry. */
void server_start(struct server *self);
/* configure: changes the configuration before it starts; may be NULL. */
typedef void server_configure_fn(struct config *config, const void *context);
void server_start_with(struct server *self, server_configure_fn *configure, const void *context);
void server_stop(struct server *self);
void server_turn(void *server);
/* Moves the time on, then turns. */
void server_wait(struct server *self, int64_t ms);

int server_connect(struct server *self);
/* GET target; head: more header lines, each with its \r\n. */
void server_send(int fd, const char *target, const char *head);
struct buf server_answer(struct server *self, int fd);
/* Nothing comes within some turns. */
bool server_is_silent(struct server *self, int fd);
/* Reads until text has come; everything read, NUL behind. Empty: it did not come. */
struct buf server_read_until(struct server *self, int fd, const char *text);
/* One GET on a connection of its own; the whole answer. */
struct buf server_get(struct server *self, const char *target);

#endif
