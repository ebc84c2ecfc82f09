/* A server for one exchange after the other: a child that answers every connection
 * with the next of the given texts, and keeps what it was asked. */
#ifndef TESTS_CTL_STUB_H
#define TESTS_CTL_STUB_H

#include <stdint.h>
#include <sys/types.h>

#include "common/base/str.h"

struct stub {
    pid_t pid;
    uint16_t port;
    char url[32];    /* http://127.0.0.1:<port> */
    bool interrupts; /* set it before the start: SIGINT for the caller after the last reply */
    int requests;    /* pipe: every request, each with a NUL behind */
};

/* replies: whole HTTP responses, NULL-terminated; the connection is closed after each. */
void stub_start(struct stub *self, const char *const *replies);
/* Waits for the child to have given all replies; appends the requests, ends with a NUL. */
void stub_end(struct stub *self, struct buf *requests);

/* A whole musterctl: argv after its name, words separated by single blanks. */
struct called {
    int code;
    struct buf out; /* NUL behind */
    struct buf err;
};
void call(struct called *called, const char *format, ...) __attribute__((format(printf, 2, 3)));
void called_fini(struct called *called);

#endif
