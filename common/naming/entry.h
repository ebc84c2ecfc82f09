/* One identity as the registry keeps it: one block of memory with the numbers
 * first and the bytes of all strings behind them.
 *
 *   tombstone   struct entry      | hostname
 *   live        struct live_entry | hostname region version addrs metadata
 *
 * env, appid and zone are held once, by the app and the zone.
 */
#ifndef COMMON_NAMING_ENTRY_H
#define COMMON_NAMING_ENTRY_H

#include "common/container/memory.h"
#include "common/naming/change.h"

struct zone;

struct entry {
    struct hash128 key;
    uint64_t seq; /* of its last change; of no meaning outside its generation */
    int64_t dirty_timestamp;
    struct zone *zone;   /* borrowed */
    uint32_t generation; /* the registry's sweep it was last seen in */
    uint32_t hostname_len;
    bool live; /* it is a struct live_entry */
    bool metadata_null;
    uint32_t status;
};

struct live_entry {
    struct entry entry;
    int64_t reg_timestamp;
    int64_t up_timestamp;
    int64_t renew_timestamp;
    int64_t latest_timestamp;
    uint32_t region_len;
    uint32_t version_len;
    uint32_t addrs_count;
    uint32_t addrs_len;
    uint32_t metadata_count;
    uint32_t metadata_len;
};

/* From what a live instance or a tombstone holds; copies. zone and generation are the caller's. */
struct entry *entry_new(struct memory *memory, const struct change *change, struct hash128 key);
void entry_destroy(struct memory *memory, struct entry **self);

struct str entry_hostname(const struct entry *self);

/* Fills all but id.env, id.appid and id.zone; borrows from the entry. */
void entry_instance(const struct entry *self, struct instance *out);

#endif
