/* A transaction's changes: each a sub-revision of the one that it makes, seen at once by reads of
 * the transaction, and by all when it has ended.
 *
 *   revision 6:  write_put a  → {7, 0}   write_delete b → {7, 1}   write_end → revision 7
 */
#ifndef ACTORS_STORE_MVCC_WRITE_H
#define ACTORS_STORE_MVCC_WRITE_H

#include "actors/store/mvcc/state.h"

/* lease: 0, or one that is there (of another the key holds the ID alone). */
void write_put(struct mvcc *self, struct str key, struct str value, int64_t lease);
void write_delete(struct mvcc *self, uint32_t key); /* live */
void write_end(struct mvcc *self);                  /* without changes the revision stays */

#endif
