/* musterctl: one command line, one verb, one exit code. What every verb is handed. */
#ifndef ACTORS_CTL_CTL_H
#define ACTORS_CTL_CTL_H

#include <stdio.h>

#include "actors/ctl/options.h"
#include "common/base/clock.h"
#include "common/runtime/config.h"

/* Exit codes; scripts rely on them. */
enum ctl_exit {
    CTL_OK = 0,
    CTL_NEGATIVE = 1, /* an answer that says no */
    CTL_USAGE = 2,
    CTL_UNREACHABLE = 3,
    CTL_TIMED_OUT = 4,
    CTL_INTERRUPTED = 130,
};

struct ctl {
    const struct ctl_verb *verb;
    struct options options;
    struct config config; /* of the node under --dir, as far as its file and the environment say */
    struct buf url;       /* "http://host:port", NUL behind */
    FILE *out;            /* borrowed */
    FILE *err;            /* borrowed */
    const struct clock *clock;
    int stop_fd; /* readable once SIGINT or SIGTERM has come; -1: they end the process */
};

/* A verb: everything --help says about it, and what it may be given. */
struct ctl_verb {
    const char *name;
    const char *arguments; /* as in the synopsis */
    size_t arguments_min;
    size_t arguments_max;
    uint64_t options;    /* bit N: enum option N may be given */
    const char *timeout; /* default of --timeout */
    bool waits;          /* until it is interrupted: stop_fd is set */
    const char *summary;
    const char *description;
    enum ctl_exit (*run)(struct ctl *ctl);
};

extern const struct ctl_verb ctl_verbs[]; /* ends with a NULL name */

/* Reads the command line and runs its verb. */
enum ctl_exit ctl_main(struct ctl *ctl, int argc, char **argv);

/* "musterctl: " and the text on ctl->err. */
void ctl_say(const struct ctl *ctl, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The line, then a line feed, on ctl->out, flushed: for those who read us through a pipe. */
void ctl_print(const struct ctl *ctl, struct str line);

bool ctl_json(const struct ctl *ctl); /* -o json */
int64_t ctl_timeout_ms(const struct ctl *ctl);
/* Waits. False: interrupted. */
bool ctl_wait(const struct ctl *ctl, int64_t ms);
/* "2026-11-22T02:30:00.123Z", of now. */
void ctl_time(const struct ctl *ctl, struct buf *to);

#endif
