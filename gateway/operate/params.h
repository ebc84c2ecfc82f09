/* The parameters of /muster/v1: each has one meaning, wherever it is taken. */
#ifndef GATEWAY_OPERATE_PARAMS_H
#define GATEWAY_OPERATE_PARAMS_H

#include <stdint.h>

#include "common/base/str.h"

// clang-format off
/* P(NAME, text, kind, max, values, help)
 *   TEXT    at most max bytes; values: what is meant where it is absent
 *   NUMBER  values: the default; from 1, or 0 if that is the default, to max
 *   CHOICE  one of values, of which the first is the default
 *   LIST    any of values, separated by commas
 *   WHEN    a time of RFC 3339, or how long ago: 90s, 15m, 2h, 1d */
#define OPERATE_PARAM_TABLE(P)                                                                      \
    P(LIMIT, "limit", NUMBER, 500,  "100",             "items of a page")                           \
    P(AFTER, "after", TEXT,   2400, "",                "the next of the page before: goes on behind it") \
    P(ENV,   "env",   TEXT,   255,  "",                "of this env alone")                         \
    P(APPID, "appid", TEXT,   255,  "",                "of this app alone")                         \
    P(ZONE,  "zone",  TEXT,   255,  "",                "of this zone alone")                        \
    P(Q,     "q",     TEXT,   255,  "",                "whose name holds this, in any case of letters") \
    P(SORT,  "sort",  CHOICE, 0,    "name,lost,count", "by name, by instances lost within 10 minutes, or by instances") \
    P(KINDS, "kinds", LIST,   0,    "register,re-register,set,cancel,evict,schedule,round,protection,node,storage,actor", "of these kinds alone") \
    P(LAST,  "last",  NUMBER, 500,  "0",               "begins with so many that are kept")         \
    P(LEVEL, "level", CHOICE, 0,    "info,error,warn,debug", "of this level and worse")             \
    P(ACTOR, "actor", TEXT,   64,   "",                "of this actor alone: registry, gateway.0, …") \
    P(SINCE, "since", WHEN,   40,   "",                "begins with what is kept since then")
// clang-format on

enum operate_param {
#define OPERATE_PARAM_ENUM(NAME, text, kind, max, values, help) OPERATE_##NAME,
    OPERATE_PARAM_TABLE(OPERATE_PARAM_ENUM)
#undef OPERATE_PARAM_ENUM
        OPERATE_PARAM_COUNT
};

enum operate_param_kind { PARAM_TEXT, PARAM_NUMBER, PARAM_CHOICE, PARAM_LIST, PARAM_WHEN };

struct operate_param_row {
    const char *name;
    enum operate_param_kind kind;
    int64_t max;
    const char *values;
    const char *help;
};

extern const struct operate_param_row operate_param_rows[OPERATE_PARAM_COUNT];

int64_t operate_param_min(const struct operate_param_row *row); /* of a NUMBER */

/* As they came in the query, decoded. */
struct operate_pair {
    struct str name;
    struct str value;
};

/* As they are meant. */
struct operate_args {
    struct str text[OPERATE_PARAM_COUNT]; /* borrowed from the pairs; absent: empty */
    int64_t number[OPERATE_PARAM_COUNT];  /* NUMBER; CHOICE: which; WHEN: wall ns, 0: none */
    uint32_t list[OPERATE_PARAM_COUNT];   /* LIST: a bit each; absent: all */
};

/* takes: 1 << enum operate_param, of those that are known here. False: wrong is the name of the one
 * that is not right (borrowed), and why is appended to: names it and says what is expected. */
bool operate_args_read(struct operate_args *self, unsigned takes, const struct operate_pair *pairs,
                       size_t count, int64_t wall_ns, struct str *wrong, struct buf *why);

/* 2026-11-28T22:48:22Z, with a fraction or without; the zone as Z or +08:00. */
bool operate_time_read(struct str value, int64_t *when);

/* Takes the next of a list of names off rest, which are separated by commas. */
bool operate_next_name(struct str *rest, struct str *name);

#endif
