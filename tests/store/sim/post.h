/* What is under way between processes: a heap by when it arrives; of two that arrive at once the
 * one sent first. */
#ifndef TESTS_STORE_SIM_POST_H
#define TESTS_STORE_SIM_POST_H

#include "common/base/str.h"

enum parcel_kind { PARCEL_COMMAND, PARCEL_REPLY, PARCEL_FACT };

struct parcel {
    int64_t due_ms;
    uint64_t order;
    enum parcel_kind kind;
    unsigned from, to; /* processes */
    uint32_t from_life;
    uint32_t to_life; /* 0: whoever is there when it comes */
    struct buf bytes; /* owned */
};

struct post {
    struct parcel *heap;
    size_t count;
    size_t cap;
    uint64_t orders;
};

void post_fini(struct post *self);
/* Takes the bytes. */
void post_push(struct post *self, struct parcel parcel);
int64_t post_due_ms(const struct post *self); /* INT64_MAX: nothing is under way */
/* The first; its bytes are the caller's. */
struct parcel post_pop(struct post *self);

#endif
