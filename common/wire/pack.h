/* msgpack-c's packer, writing to a struct buf. It can't fail: results of the
 * msgpack_pack_* functions need no look. */
#ifndef COMMON_WIRE_PACK_H
#define COMMON_WIRE_PACK_H

#include <msgpack/pack.h>

#include "common/base/str.h"

static inline int pack_write(void *to, const char *data, size_t len)
{
    buf_add(to, data, len);
    return 0;
}

static inline msgpack_packer pack_to(struct buf *to)
{
    return (msgpack_packer){.data = to, .callback = pack_write};
}

/* Bytes that are msgpack already. */
static inline void pack_raw(msgpack_packer *pk, struct str bytes)
{
    pack_write(pk->data, bytes.data, bytes.len);
}

#endif
