/* One value of JSON as a field of protobuf, of any type but a message; as jsonpb takes it: 64-bit
 * numbers as numbers or in strings, enums by name or number, bytes in base64 or as a list of
 * numbers, null for zero. */
#ifndef GATEWAY_ETCD_JSON_SCALAR_H
#define GATEWAY_ETCD_JSON_SCALAR_H

#include <protobuf-c/protobuf-c.h>

#include "common/base/scanner.h"

struct json_scalar {
    const ProtobufCFieldDescriptor *field;
    struct buf *to;      /* the field is appended, also one that is zero */
    struct buf *why;     /* what is wrong, as json_wrong.h says it */
    struct buf *scratch; /* is written over */
};

/* value: checked. Errors: ERR_MALFORMED. */
enum err json_scalar_read(const struct json_scalar *self, const struct json_value *value);

#endif
