/* Answers of actors, for people and as JSON; and which actors a node has. */
#ifndef ACTORS_CTL_ACTORS_H
#define ACTORS_CTL_ACTORS_H

#include "actors/ctl/rows.h"
#include "common/wire/codec.h"

void actors_stats_json(const struct msg_counters *counters, struct buf *to);
extern const struct column actors_stats_columns[];
void actors_stats_rows(const struct msg_counters *counters, struct rows *rows);
void actors_pong_json(const char *actor, const char *state, const struct msg_pong *pong,
                      struct buf *to); /* pong NULL: no answer */

enum { actors_name_bytes = 24, actors_max = 4 + 2 * 64 };
struct actors {
    char names[actors_max][actors_name_bytes];
    size_t count;
};
/* registry, replicator, evictor and gateway.0, and every other one with a socket in run_dir. In the
 * order of their table. */
void actors_find(struct actors *self, const char *run_dir);

#endif
