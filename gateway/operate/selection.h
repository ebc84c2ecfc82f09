/* The first so many of many apps, in an order, of those behind a place in that order: what a page
 * of them is made of. They are offered one after the other in any order; nothing is sorted but
 * what is kept, so that no index need be held for pages nobody looks at.
 */
#ifndef GATEWAY_OPERATE_SELECTION_H
#define GATEWAY_OPERATE_SELECTION_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/str.h"

/* Least rank first, then least env, then least appid. */
struct selected {
    uint64_t rank;
    struct str env;
    struct str appid;
};

struct selection {
    struct selected *items; /* owns, and their names; a heap with the last in front, until sorted */
    size_t count;
    size_t max;
};

void selection_init(struct selection *self, size_t max); /* max > 0 */
void selection_fini(struct selection *self);

/* Copies the names, if it is among the first. */
void selection_offer(struct selection *self, const struct selected *item);
/* All were offered: items are in order now. */
void selection_sort(struct selection *self);

int selected_cmp(const struct selected *a, const struct selected *b);

#endif
