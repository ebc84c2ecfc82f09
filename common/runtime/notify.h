/* What a service manager is told: systemd's notification protocol (sd_notify(3)),
 * datagrams of NAME=value to the socket $NOTIFY_SOCKET names, a path or @abstract.
 * Without one every call does nothing. Nothing here waits: what the socket does not
 * take now is said again later.
 */
#ifndef COMMON_RUNTIME_NOTIFY_H
#define COMMON_RUNTIME_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "common/base/str.h"

struct notify {
    int fd; /* -1: nobody is to be told */
    struct sockaddr_un to;
    socklen_t to_len;
    int64_t ping_ms; /* between two WATCHDOG=1; 0: none are awaited */
    int64_t ping_due_ms;
    int64_t words_due_ms; /* once ready: when words are wanted again */
    bool ready;           /* READY=1 was taken */
    struct buf words;     /* of the last STATUS */
};

/* From NOTIFY_SOCKET, and WATCHDOG_USEC unless WATCHDOG_PID names another process.
 * Errors: ERR_INVALID, the socket's name is neither a path nor @abstract, or too long:
 * then it is as if there were none. */
enum err notify_init(struct notify *self);
void notify_fini(struct notify *self);

/* Sends a ping if one is due. Call once a turn. */
void notify_ping(struct notify *self, int64_t mono_ms);
/* When the next ping is due, mono ms; INT64_MAX: none is. */
int64_t notify_due_ms(const struct notify *self);

/* Whether it is time for notify_tell: until READY=1, and then every 5 s. Spares finding words. */
bool notify_asks(const struct notify *self, int64_t mono_ms);
/* ready: the process does what it is for; told once, with the words of that moment.
 * words: how it is, in one line; told when they differ from those told last. */
void notify_tell(struct notify *self, bool ready, struct str words, int64_t mono_ms);
/* The process is about to end. */
void notify_stopping(struct notify *self);

#endif
