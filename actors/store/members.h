/* What the log has said of the members' peer URLs (MemberUpdate): those of the configuration hold
 * until then. Kept in BUCKET_MEMBERS: etcdserverpb.Member under its ID, big endian.
 */
#ifndef ACTORS_STORE_MEMBERS_H
#define ACTORS_STORE_MEMBERS_H

#include "actors/store/mvcc/mvcc.h"
#include "common/etcdapi/cluster.pb-c.h"

struct member_record {
    uint64_t id;
    struct buf packed;
};

struct members {
    struct member_record *items; /* owned */
    size_t count, cap;
};

void members_fini(struct members *self);
/* Errors: the backend's; ERR_CORRUPT. */
enum err members_restore(struct members *self, struct backend *backend);

/* An entry's part: also into mvcc. */
void members_update(struct members *self, struct mvcc *mvcc, uint64_t id, char **urls,
                    size_t count);
/* In arena; NULL: nothing was said. */
const Etcdserverpb__Member *members_find(const struct members *self, uint64_t id,
                                         struct arena *arena);

/* As etcd's types.NewURLs: one at least; http or https to host:port, or unix or unixs, without a
 * path. */
bool members_are_urls(char *const *urls, size_t count);

#endif
