/* The slots of a zone in order of their hostnames: sorted blocks of bounded size
 * behind a sorted list of them, so that adding one moves little, however many there
 * are.
 *
 *   prefix "payment-"        what all names begin with
 *   blocks [key, •] [key, •] [key, •]
 *              │
 *              ▼
 *            keys, slots     in order of their names
 *
 * A key is the 8 bytes of a name that follow the prefix. Nearly all searching ends
 * with them; only where two are equal the names themselves are asked for, each of
 * which is a walk through cold memory. When the prefix gets shorter the keys of a block
 * are made anew when it is next looked into.
 */
#ifndef COMMON_CONTAINER_ORDER_H
#define COMMON_CONTAINER_ORDER_H

#include "common/base/str.h"
#include "common/container/memory.h"

enum { order_block_max = 128 };

struct order_block;

struct order_ref {
    uint64_t key; /* of the first name */
    struct order_block *block;
};

struct order {
    uint32_t count; /* of slots */
    uint32_t ref_count;
    uint32_t ref_cap;
    uint32_t prefix_len;
    struct order_ref *refs; /* owned; no block is empty */
    char *prefix;           /* owned */
};

/* The hostname of a slot that is in the order. */
typedef struct str order_name_fn(const void *context, uint32_t slot);

void order_fini(struct order *self, struct memory *memory);

/* Where a name is or belongs, until the next change. The order is made fit for it to be added. */
struct order_place {
    bool found;
    uint32_t slot; /* found: whose name it is */
    uint32_t block, at;
};
struct order_place order_place(struct order *self, struct memory *memory, struct str name,
                               order_name_fn *name_of, const void *context);
/* name was not found at place. */
void order_add_at(struct order *self, struct memory *memory, uint32_t slot, struct str name,
                  struct order_place place);

/* name is not in the order: no two are equal. */
void order_add(struct order *self, struct memory *memory, uint32_t slot, struct str name,
               order_name_fn *name_of, const void *context);
void order_remove(struct order *self, struct memory *memory, uint32_t slot, struct str name,
                  order_name_fn *name_of, const void *context); /* name is slot's, and in it */

/* The i'th of ref_count runs of slots; one after the other they are all. Until the next change. */
struct order_run {
    const uint32_t *slots;
    uint32_t count; /* 1 … order_block_max */
};
struct order_run order_run(const struct order *self, uint32_t i);

/* What follows the name in its run, or the next run; count 0: nothing does. The name need not be in
 * the order: for one who goes through it while it changes. */
struct order_run order_after(const struct order *self, struct str name, order_name_fn *name_of,
                             const void *context);

/* The same, from the name itself on, if it is in the order. */
struct order_run order_from(const struct order *self, struct str name, order_name_fn *name_of,
                            const void *context);

#endif
