/* Lines of several logs of a node in the order they were written: chosen, merged, printed. Pure but
 * for where it prints. */
#ifndef ACTORS_CTL_LOG_MERGE_H
#define ACTORS_CTL_LOG_MERGE_H

#include <stdio.h>

#include "common/base/log.h"

enum log_form { LOG_FORM_JSON, LOG_FORM_TEXT, LOG_FORM_COLOUR };

/* Which lines are wanted. */
struct log_choice {
    enum log_level level; /* and what is worse */
    char since[32];       /* as a line has its time; "": from the beginning */
    size_t last;          /* at most so many, the newest */
};

struct log_merge {
    const struct log_choice *choice; /* borrowed */
    struct merge_line *lines;        /* owned */
    size_t count;
    size_t cap;
};

void log_merge_init(struct log_merge *self, const struct log_choice *choice);
void log_merge_fini(struct log_merge *self);

/* Whole lines of the log of actor, "gateway.0"; both borrowed until the print. Looks from the end,
 * until as many are found as are wanted or they are too old: false: what is before these may be
 * wanted too. What is no JSON (a crash's last words) is of the time of the line before it, and an
 * error. */
bool log_merge_add(struct log_merge *self, const char *actor, struct str text);

/* The newest of all, oldest first; forgets them. */
void log_merge_print(struct log_merge *self, enum log_form form, FILE *out);

/* "5m" before now, "2026-11-28 22:48[:22]" or "22:48[:22]" of today in local time, or as RFC 3339
 * has it. Errors: ERR_INVALID. */
enum err log_since(const char *text, int64_t now_ns, char since[32]);

#endif
