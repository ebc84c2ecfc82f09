/* What is under way in the simulator: a heap by when it is due; of two due at once the one sent
 * first. */
#ifndef TESTS_SIM_PARCEL_H
#define TESTS_SIM_PARCEL_H

#include "tests/sim/sim.h"

/* Bytes shared by all who are sent them. */
struct blob {
    uint32_t refs;
    uint32_t len;
    char data[];
};
struct blob *blob_new(struct str bytes); /* one reference, the caller's */
void blob_unref(struct blob **self);     /* NULL is nothing */

static inline struct str blob_str(const struct blob *self)
{
    return (struct str){self->data, self->len};
}

enum parcel_kind {
    PARCEL_REPLY,
    PARCEL_COMMAND,
    PARCEL_FACT,
    PARCEL_DOOR,   /* a command to another node's replicator */
    PARCEL_ANSWER, /* and its answer */
    PARCEL_CALL,   /* sim_later */
};

struct parcel {
    int64_t due_ms;
    uint64_t order;
    struct blob *blob;
    sim_call_fn *call; /* of a CALL */
    void *context;
    uint32_t from_life;
    uint32_t to_life;
    uint32_t connection; /* between nodes */
    uint32_t generation; /* of the way, between nodes */
    uint8_t kind;
    uint8_t from;
    uint8_t to;
    uint8_t peer; /* the sender's number of the way; of an ANSWER the receiver's */
};

struct parcels {
    struct parcel *heap;
    size_t count;
    size_t cap;
    uint64_t orders;
};

void parcels_fini(struct parcels *self);
void parcels_push(struct parcels *self, struct parcel parcel); /* takes a reference of its own */
/* One that was popped: in its old order. */
void parcels_push_again(struct parcels *self, struct parcel parcel);
struct parcel parcels_pop(struct parcels *self); /* its reference is the caller's */

#endif
