/* What an identity, an instance and a request that gives one may hold, in one table (differences
 * row 18). Gateways say so to clients; a registry holds the same bounds for those who write past
 * one, for what nodes tell and for what stands on its disk. It has one more, the zones of an app
 * (zones_max in actors/registry/decide.h).
 */
#ifndef COMMON_NAMING_LIMITS_H
#define COMMON_NAMING_LIMITS_H

#include <stdbool.h>

#include "common/base/str.h"

enum {
    limit_name_bytes = 255, /* appid, env, zone, hostname, region */
    limit_version_bytes = 512,
    limit_addrs = 64,
    limit_addr_bytes = 512,
    limit_metadata_keys = 64,
    limit_metadata_bytes = 16 * 1024, /* keys and values together */
};

/* Timestamps that clients write must lie in 0 … timestamp_max. Writes count on from there in steps
 * of one, so nodes take from each other, and from a disk, what is up to timestamp_told_max; one
 * with that is at the ceiling: no write can be made to win over it. */
static const int64_t timestamp_max = 4000000000000000000;
static const int64_t timestamp_told_max = 4000000001000000000;
/* Greatest timestamp on disk: above all that nodes tell or ever told. What is counted on from there
 * stays there, or the next start would not take it. */
static const int64_t timestamp_kept_max = 4100000000000000000;

bool name_fits(struct str name); /* 1 to limit_name_bytes bytes */

struct identity;
struct instance;
/* Of a registration, or of a schedule, which has neither zone nor hostname. */
bool names_fit(const struct identity *id);
/* Of status, addrs, region and version. NULL: they fit; else what does not, static. */
const char *instance_misfit(const struct instance *instance);

#endif
