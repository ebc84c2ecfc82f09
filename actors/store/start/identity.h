/* Who a member is: the ids that etcd's clients see, made on an empty directory and kept there.
 *
 *   member   the first 8 bytes, big-endian, of SHA-1(the peer URLs, sorted, put together + token)
 *   cluster  the same of SHA-1(the members' ids, ascending, 8 bytes each)
 *
 *   http://localhost:2380, etcd-cluster: 8e9e05c52164694d in cdf818194e3a8c32
 */
#ifndef ACTORS_STORE_START_IDENTITY_H
#define ACTORS_STORE_START_IDENTITY_H

#include "common/journal/volume.h"

struct identity {
    uint64_t cluster;
    uint64_t member;
};

/* Of the one member of a new cluster. */
struct identity identity_of(char *const *peer_urls, size_t count, const char *token);

/* The file of that name in dir. Errors, logged with what to do: ERR_CORRUPT: it is damaged;
 * ERR_UNSUPPORTED: a newer format; ERR_UNUSABLE: it can't be read. */
enum err identity_read(struct volume *dir, struct identity *to);
/* On disk for good when it returns. Errors: ERR_IO, logged. */
enum err identity_write(struct volume *dir, const struct identity *identity);

static const char identity_file[] = "identity";
static const char identity_unfinished[] = "identity.tmp";

#endif
