/* Reading records, wherever they lie: in the tails, then in the backend. */
#ifndef ACTORS_STORE_MVCC_RECORD_H
#define ACTORS_STORE_MVCC_RECORD_H

#include "actors/store/mvcc/state.h"

/* The record of a put that is in the index; borrowed until the turn's end. Damaged: kv is zero,
 * and the state says so. */
void record_read(struct mvcc *self, struct revision revision, Mvccpb__KeyValue *kv);
/* The same, as it is. Damaged: empty. */
struct str record_bytes(struct mvcc *self, struct revision revision);

struct record {
    struct revision revision;
    bool tombstone;
    struct str bytes; /* mvccpb.KeyValue */
};

/* All records from a revision on, in order. The state must not change meanwhile. */
struct record_scan {
    struct mvcc *state;
    struct revision from;
    enum { SCAN_BEGINS, SCAN_BACKEND, SCAN_TAILS } phase;
    size_t tail, place;
};
struct record_scan record_scan(struct mvcc *state, struct revision from);
/* False: the end; or the next one is damaged, and the state says so. */
bool record_scan_next(struct record_scan *self, struct record *record);

/* What was read is not what was written. */
void state_damaged(struct mvcc *self, enum err err);

#endif
