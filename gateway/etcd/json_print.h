/* A message of protobuf being printed as JSON, in steps: straight from its bytes, nothing of it is
 * unpacked. A field that is there more than once counts as its last does, as protobuf has it, but
 * for messages, which it would merge.
 *
 *   json_print_begin ──► json_print_step … until it is not ERR_BUSY
 */
#ifndef GATEWAY_ETCD_JSON_PRINT_H
#define GATEWAY_ETCD_JSON_PRINT_H

#include <protobuf-c/protobuf-c.h>

#include "gateway/etcd/json.h"

struct json_print {
    struct json_frame {
        const ProtobufCMessageDescriptor *type;
        struct str message;
        struct str rest; /* of a list: behind the items that are printed */
        unsigned field;  /* the next one, or the list that is being printed */
        bool begun;
        bool in_list;
        bool some;                /* a member stands before */
    } frames[json_depth_max + 1]; /* the message, and what it is within */
    unsigned depth;
    bool failed;
};

/* packed: borrowed until it is over. */
void json_print_begin(struct json_print *self, const ProtobufCMessageDescriptor *type,
                      struct str packed);
/* Appends to it as much text as took about as long as max bytes of it take. ERR_OK: all of it;
 * ERR_BUSY: there is more. Errors: ERR_MALFORMED (no message of that type, or json_depth_max). */
enum err json_print_step(struct json_print *self, size_t max, struct buf *to);

#endif
