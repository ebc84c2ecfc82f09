/* Memory for what limits bound: when there is none the limits are wrong, and the process ends.
 * Where a size comes from outside, malloc is asked and its answer looked at. free() ends all of
 * these.
 */
#ifndef COMMON_BASE_HEAP_H
#define COMMON_BASE_HEAP_H

#include "common/base/str.h"

void *heap_get(size_t bytes) __attribute__((returns_nonnull, malloc));
/* All zeros. */
void *heap_new(size_t bytes) __attribute__((returns_nonnull, malloc));
void *heap_array(size_t count, size_t item_bytes) __attribute__((returns_nonnull, malloc));
/* A copy with a NUL behind it. */
char *heap_text(struct str text) __attribute__((returns_nonnull, malloc));
/* block: of the above, or NULL; it may move. */
void *heap_resize(void *block, size_t bytes) __attribute__((returns_nonnull));

#endif
