/* Where a change stands in the store's history: main counts transactions that changed something,
 * sub the changes of one.
 *
 *   {5, 0} put a     {5, 1} delete b     {6, 0} put a
 *
 * As a key of the backend, etcd's: main and sub big endian with '_' between them, and 't' behind a
 * tombstone's, so that bytes sort as revisions do:
 *
 *   {5, 1} deleted:  00 00 00 00 00 00 00 05 5f 00 00 00 00 00 00 00 01 74
 */
#ifndef ACTORS_STORE_MVCC_REVISION_H
#define ACTORS_STORE_MVCC_REVISION_H

#include "common/base/str.h"

struct revision {
    int64_t main;
    int64_t sub;
};

enum { revision_key_max = 18 };

struct revision_key {
    char bytes[revision_key_max];
    size_t len;
};

struct revision_key revision_key(struct revision revision, bool tombstone);
static inline struct str revision_key_str(const struct revision_key *self)
{
    return (struct str){self->bytes, self->len};
}

/* False: no revision's key. */
bool revision_parse(struct str key, struct revision *revision, bool *tombstone);

static inline bool revision_eq(struct revision a, struct revision b)
{
    return a.main == b.main && a.sub == b.sub;
}

static inline bool revision_before(struct revision a, struct revision b)
{
    return a.main < b.main || (a.main == b.main && a.sub < b.sub);
}

#endif
