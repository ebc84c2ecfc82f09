/* Reads that wait until what is newest is applied here. All that wait share one round of the
 * core's; those that come while it runs share the next: what it finds may be older than they are.
 * One that is not answered is asked again under a new number. Pure.
 */
#ifndef ACTORS_STORE_NODE_READS_H
#define ACTORS_STORE_NODE_READS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct read {
    uint64_t number;
    uint64_t index; /* to be applied; 0: not known yet */
    int64_t deadline_ms;
};

struct reads {
    struct read *items; /* owned; from head on: known, asked, waiting */
    size_t cap;
    size_t head;
    size_t count;
    size_t known;   /* of them have an index */
    size_t asked;   /* of those behind are in the round that runs */
    uint64_t round; /* the last one's number */
    int64_t asked_ms;
};

void reads_fini(struct reads *self);
void reads_add(struct reads *self, uint64_t number, int64_t deadline_ms);

/* Whether a round is to begin now; then all that wait are in it, and its number is returned. 0: no.
 */
uint64_t reads_ask(struct reads *self, int64_t now_ms, int64_t again_ms);
void reads_forget_round(struct reads *self); /* another leads: it may never be answered */
void reads_told(struct reads *self, uint64_t round, uint64_t index);

/* Takes the first, if its index is applied. False: it is not. */
bool reads_next(struct reads *self, uint64_t applied, struct read *out);
/* Takes one that is past its deadline. False: none. */
bool reads_past(struct reads *self, int64_t now_ms, struct read *out);

#endif
