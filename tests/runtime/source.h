/* A publisher of records for tests: keys 0 … 31, each holding the seq of its last
 * change; a history that can be cut; snapshots in slices of a few keys. */
#ifndef TESTS_RUNTIME_SOURCE_H
#define TESTS_RUNTIME_SOURCE_H

#include "common/wire/codec.h"

enum { source_keys = 32, source_log_max = 4096 };

struct source {
    uint64_t epoch;
    uint64_t boot;
    uint64_t head;
    uint64_t cut;                   /* history up to here is gone */
    uint64_t key_seq[source_keys];  /* 0: not there */
    uint8_t key_of[source_log_max]; /* by seq */
    uint32_t slice_keys;            /* keys in a CHUNK */
    uint32_t history_records;       /* records in a HISTORY at most */
    bool protect;                   /* its standing fact */
};

void source_init(struct source *self, uint64_t epoch);
/* A new history, with seqs of its own, that holds every second key of what it held. */
void source_new_epoch(struct source *self, uint64_t epoch);

/* Each appends one fact. source_turn changes count keys, from `key` on. */
void source_turn(struct source *self, struct buf *to, unsigned key, unsigned count);
void source_renewed(const struct source *self, struct buf *to);
void source_protect(struct source *self, struct buf *to, bool on);

/* Answers FACTS or SNAPSHOT. */
void source_answer(const struct source *self, const struct msg *question, struct buf *to);

/* The key that a record of this source is about. */
unsigned source_key(const struct msg *record);

#endif
