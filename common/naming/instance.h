/* One registered instance, as the API shows it, and its identity.
 *
 * Field names are the discovery API's. Timestamps are Unix nanoseconds. Every
 * string borrows: from a request, a wire frame or the registry's own store; who
 * hands one out says until when.
 */
#ifndef COMMON_NAMING_INSTANCE_H
#define COMMON_NAMING_INSTANCE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/hash.h"
#include "common/base/str.h"

enum { STATUS_UP = 1, STATUS_WAITING = 2 };

/* The app whose instances the nodes themselves are. */
extern const struct str node_appid;

struct identity {
    struct str env;
    struct str appid;
    struct str zone;
    struct str hostname;
};

struct instance {
    struct identity id;
    struct str region;
    struct str version;
    struct strs addrs;
    struct strs metadata; /* a map, keys in bytewise order, each once */
    bool metadata_null;   /* none was ever given: fetch/all prints null, not {} */
    uint32_t status;      /* STATUS_UP or STATUS_WAITING */
    int64_t reg_timestamp;
    int64_t up_timestamp;
    int64_t renew_timestamp;
    int64_t dirty_timestamp; /* the version that decides between two states */
    int64_t latest_timestamp;
};

/* The name of an identity on every hop between processes and nodes: a 128-bit
 * hash over env, appid, zone, hostname, each with its length before it. */
struct hash128 identity_key(const struct identity *id);
bool identity_eq(const struct identity *a, const struct identity *b);

/* The schedule of an app (env, appid) is an entry like an instance, of the identity whose zone and
 * hostname are empty. In it addrs are triplets: the zone clients are in, a zone of instances, its
 * weight in decimal digits; in order of the zones, each pair once. version is the remark. It is no
 * instance: shown in no zone, not counted among the live, without heartbeats. */
bool identity_is_schedule(const struct identity *id);

/* Hash of what is replicated: identity, region, addrs, version, metadata (none given
 * and an empty map differ), status, dirty, reg and up timestamps. Equal states have
 * equal hashes on every node; between live states of one identity with equal dirty
 * the greater hash wins. */
uint64_t instance_hash(const struct instance *instance);

#endif
