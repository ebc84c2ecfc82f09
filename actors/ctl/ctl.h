/* musterctl: one command line, one verb, one exit code. What every verb is handed. */
#ifndef ACTORS_CTL_CTL_H
#define ACTORS_CTL_CTL_H

#include <stdio.h>

#include "actors/ctl/options.h"
#include "actors/ctl/output.h"
#include "common/base/clock.h"
#include "common/config/config.h"

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
    const struct ctl_verb *verbs; /* all there are; ends with a NULL name */
    const struct ctl_verb *verb;
    struct options options;
    struct config config; /* of the node under --dir: node_find */
    bool gateway_runs;    /* the configuration is that of a gateway which runs there */
    struct buf url;       /* "http://host:port", NUL behind; once it was asked for */
    FILE *out;            /* borrowed */
    FILE *err;            /* borrowed */
    int *out_error;       /* borrowed: errno of the first failed write to out; NULL: not kept */
    const struct clock *clock;
    int stop_fd; /* readable once SIGINT or SIGTERM has come; -1: they end the process */
};

/* What a verb writes. */
enum ctl_prints {
    PRINTS_WORDS, /* to people, or one JSON */
    PRINTS_ROWS,
    PRINTS_LINES, /* until it is interrupted: stop_fd is set */
};

/* A verb: everything --help says about it, and what it may be given. */
struct ctl_verb {
    const char *name;
    const char *arguments; /* as in the synopsis */
    size_t arguments_min;
    size_t arguments_max;
    uint64_t options;    /* bit N: enum option N may be given */
    const char *timeout; /* default of --timeout */
    enum ctl_prints prints;
    const char *summary; /* "": not in --help, and run without node_find */
    const char *description;
    enum ctl_exit (*run)(struct ctl *ctl);
};

/* Beside the bits of options: --dir need be no node's yet. */
#define VERB_BEGINS_NODE (UINT64_C(1) << 63)

static inline bool ctl_verb_hidden(const struct ctl_verb *verb)
{
    return verb->summary[0] == '\0';
}

/* One that takes no directory, and what only the launcher asks, are not of a node that is there. */
static inline bool ctl_verb_about_node(const struct ctl_verb *verb)
{
    return !ctl_verb_hidden(verb) && (verb->options & OPTION_BIT(DIR)) != 0 &&
           (verb->options & VERB_BEGINS_NODE) == 0;
}

bool ctl_json(const struct ctl *ctl); /* -o json */
enum output_form ctl_form(const struct ctl *ctl);
int64_t ctl_timeout_ms(const struct ctl *ctl);
/* From here on SIGINT and SIGTERM are read (stop_fd), and end nothing by themselves. */
void ctl_catch_stop(struct ctl *ctl);
/* Waits. False: interrupted. */
bool ctl_wait(const struct ctl *ctl, int64_t ms);
/* Now: in JSON "2026-11-22T02:30:00.123Z", for people "2026-11-22 10:30:00.123+08:00". */
void ctl_time(const struct ctl *ctl, struct buf *to);
/* RFC 3339 of UTC. False: it is none. */
bool ctl_time_read(const char *text, int64_t *wall_ns);
void ctl_time_print(int64_t wall_ns, struct buf *to);
void ctl_time_print_local(int64_t wall_ns, struct buf *to);

#endif
