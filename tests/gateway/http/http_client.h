/* A client and the server in one thread: the client's waits run the server's turns. */
#ifndef TESTS_GATEWAY_HTTP_HTTP_CLIENT_H
#define TESTS_GATEWAY_HTTP_HTTP_CLIENT_H

#include "gateway/http/http.h"

/* Runs what is under test once; may be called with nothing to do. */
typedef void turn_fn(void *state);

/* A connection to 127.0.0.1:port. */
int client_open(uint16_t port);
void client_send(int fd, struct str bytes);
/* Runs turns until wait_fd has something to say (at most some ms) and adds what came to
 * answer. False: the server closed. */
bool client_read(int fd, int server_fd, struct buf *answer, turn_fn *turn, void *state);
/* One whole answer: head and Content-Length bytes (or to the end of chunks, or of
 * the connection). NUL-terminated. Empty: closed without a word. */
struct buf client_answer(int fd, int server_fd, turn_fn *turn, void *state);

int answer_status(const struct buf *answer);
const char *answer_body(const struct buf *answer);
bool answer_has(const struct buf *answer, const char *text);

#endif
