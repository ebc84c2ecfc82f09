/* Between the domain's types and the wire's: the only file that knows both. */
#ifndef COMMON_WIRE_CONVERT_H
#define COMMON_WIRE_CONVERT_H

#include "common/domain/change.h"
#include "common/wire/codec.h"

/* PUT for a live kind, else GONE. The message borrows what the change borrows. */
void msg_from_change(const struct change *change, struct msg *msg);

/* From PUT or GONE. The change borrows what the message borrows.
 * Errors: ERR_MALFORMED: another type, a kind or spread not in its table, or a
 * kind that does not fit the type. */
enum err change_from_msg(const struct msg *msg, struct change *change);

/* The instance as a msgpack map with the API's names, for CHANGED. */
void instance_pack(struct buf *to, const struct instance *instance);

/* One heartbeat in RENEWED's packed form. */
enum { heartbeat_bytes = 32 };
struct heartbeat {
    struct hash128 key;
    int64_t dirty_timestamp;
    int64_t renew_timestamp;
};
void heartbeat_pack(struct buf *to, const struct heartbeat *heartbeat);
bool heartbeat_next(struct str *rest, struct heartbeat *heartbeat); /* false: end, or a cut rest */

#endif
