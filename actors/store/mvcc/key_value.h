/* A record of BUCKET_REV: mvccpb.KeyValue as protobuf, as etcd writes it: fields in order of their
 * numbers, those that are zero left out; a tombstone holds the key alone. So HashKV and etcd's own
 * snapshot format are these bytes.
 *
 *   put a = "x" in {2, 0}:  0a 01 61 | 10 02 | 18 02 | 20 01 | 2a 01 78
 *                           key        create  mod     version value
 */
#ifndef ACTORS_STORE_MVCC_KEY_VALUE_H
#define ACTORS_STORE_MVCC_KEY_VALUE_H

#include "common/base/str.h"
#include "common/etcdapi/mvcc.pb-c.h"

static inline struct str str_of_bytes(ProtobufCBinaryData bytes)
{
    return (struct str){(const char *)bytes.data, bytes.len};
}

static inline ProtobufCBinaryData bytes_of_str(struct str s)
{
    return (ProtobufCBinaryData){s.len, (uint8_t *)(uintptr_t)s.data};
}

/* Borrows from record. Fields that are not known are passed over. Errors: ERR_CORRUPT. */
enum err key_value_read(struct str record, Mvccpb__KeyValue *kv);

#endif
