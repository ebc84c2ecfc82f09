/* Memory of nghttp2's small objects, of all connections together: what was freed last is given
 * next. A call takes seven of them for a moment, and each connection would else get what another
 * freed long ago, which is in no cache: glibc's bins give what was freed first.
 */
#ifndef GATEWAY_ETCD_H2_MEMORY_H
#define GATEWAY_ETCD_H2_MEMORY_H

#include <stddef.h>

enum {
    h2_memory_sizes = 16,     /* classes: 16 bytes, 32 … 256 */
    h2_memory_largest = 256,  /* what is larger is malloc's */
    h2_memory_kept = 4 << 20, /* bytes at most that are kept for the next */
};

struct h2_memory {
    struct h2_block *free[h2_memory_sizes]; /* by class; {0}: nothing is kept */
    size_t kept;                            /* bytes */
};

/* As malloc and the others, for nghttp2_mem; memory: a struct h2_memory. */
void *h2_memory_take(size_t size, void *memory);
void *h2_memory_take_zeroed(size_t count, size_t size, void *memory);
void *h2_memory_resize(void *object, size_t size, void *memory);
void h2_memory_give_back(void *object, void *memory);

void h2_memory_fini(struct h2_memory *self); /* after those who have something of it */

#endif
