/* Messages of every type that are well formed and mean nothing good: lengths that are no multiple,
 * numbers at their extremes, lists of whatever, fields nobody knows. Drawn from bytes (a fuzzer's
 * input) or, without any, from a seeded generator. */
#ifndef TESTS_REPLICATOR_GARBAGE_H
#define TESTS_REPLICATOR_GARBAGE_H

#include "common/base/prng.h"
#include "common/wire/codec.h"

enum { garbage_stores = 16 };

struct garbage {
    struct str input; /* what is left of it */
    struct prng prng;
    bool endless;                      /* from prng */
    struct str known;                  /* bytes that bins may be cut from: keys, entries */
    struct buf stores[garbage_stores]; /* what the last message borrows from */
    unsigned used;
};

void garbage_init(struct garbage *self, uint64_t seed);
void garbage_init_from(struct garbage *self, struct str input);
void garbage_fini(struct garbage *self);

bool garbage_left(const struct garbage *self); /* false: the input is used up */
uint32_t garbage_below(struct garbage *self, uint32_t bound);
uint64_t garbage_number(struct garbage *self);
/* A type of the table. */
enum msg_type garbage_type(struct garbage *self);
/* One of this type; it borrows from self until the next one. */
struct msg garbage_msg(struct garbage *self, enum msg_type type);
/* Gives it this id, if it is of a type that has one. */
void garbage_set_id(struct msg *msg, uint64_t id);

#endif
