/* Between the domain's types and the wire's: the only file that knows both. */
#ifndef COMMON_NAMING_CONVERT_H
#define COMMON_NAMING_CONVERT_H

#include "common/naming/change.h"
#include "common/wire/codec.h"

/* PUT for a live kind, else GONE. The message borrows what the change borrows. */
void msg_from_change(const struct change *change, struct msg *msg);

/* From PUT or GONE. The change borrows what the message borrows.
 * Errors: ERR_MALFORMED: another type, a kind or spread not in its table, or a
 * kind that does not fit the type. */
enum err change_from_msg(const struct msg *msg, struct change *change);

/* The instance as a msgpack map with the API's names, for CHANGED. */
void instance_pack(struct buf *to, const struct instance *instance);

/* One heartbeat in the packed form of RENEWED, MERGE and STATES. */
enum { heartbeat_bytes = 36, key_bytes = 16, entry_bytes = 33, sum_bytes = 16 };
struct heartbeat {
    struct hash128 key;
    int64_t dirty_timestamp;
    int64_t renew_timestamp; /* on the clock of the node that tells it */
    uint32_t age_ms;         /* since it was given, when this was packed */
};
void heartbeat_pack(struct buf *to, const struct heartbeat *heartbeat);
/* Adds to the age of each of them, modulo 2^32. */
void heartbeats_age(struct buf *heartbeats, uint32_t ms);
bool heartbeat_next(struct str *rest, struct heartbeat *heartbeat); /* false: end, or a cut rest */

/* Keys as LOOKUP, EXPIRING, MERGED and WANTED carry them. */
void key_pack(struct buf *to, struct hash128 key);
bool key_next(struct str *rest, struct hash128 *key);

/* One entry of a leaf, as ENTRIES and COMPARE carry it. */
struct entry_state {
    struct hash128 key;
    int64_t dirty_timestamp;
    uint64_t hash; /* instance_hash of a live one; 0 of one that is gone */
    bool gone;
    bool vague; /* live, but of unknown age or past the idle limit: not to be taken in */
};
void entry_pack(struct buf *to, const struct entry_state *entry);
bool entry_next(struct str *rest, struct entry_state *entry);

#endif
