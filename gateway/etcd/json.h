/* JSON ⇄ protobuf, by protobuf-c's descriptors: one converter for every message of etcd's API.
 *
 * The form is proto3's JSON as etcd's gateway speaks it (golang/protobuf jsonpb with original
 * names): 64-bit numbers as strings, enums by name, bytes in standard base64 with padding, what is
 * zero left out, fields in the order of their numbers. Read more leniently: camelCase names,
 * numbers for strings and enums, null for nothing; unknown fields are passed over.
 */
#ifndef GATEWAY_ETCD_JSON_H
#define GATEWAY_ETCD_JSON_H

#include <protobuf-c/protobuf-c.h>

#include "common/base/str.h"

enum {
    json_depth_max = 64,  /* of messages within messages */
    json_fields_max = 16, /* of a message */
};

/* Appends the message that text holds, packed. text: a document, and whatever stands behind it;
 * empty or null: the empty message. Errors: ERR_MALFORMED: why is appended to *why, in the words of
 * Go, which clients of etcd show; packed may hold a part. */
enum err json_to_message(const ProtobufCMessageDescriptor *type, struct str text,
                         struct buf *packed, struct buf *why);

/* The same of the first of several documents: text then stands behind it. Errors: ERR_NOT_FOUND
 * too: nothing but white space is left. */
enum err json_take_message(const ProtobufCMessageDescriptor *type, struct str *text,
                           struct buf *packed, struct buf *why);

/* Appends packed as JSON. Errors: ERR_MALFORMED (no message of that type). */
enum err json_of_message(const ProtobufCMessageDescriptor *type, struct str packed,
                         struct buf *text);

/* Appends the bytes of s. Errors: ERR_MALFORMED: *at is the byte that is wrong, as Go counts. */
enum err base64_decode(struct str s, struct buf *to, size_t *at);
void base64_encode(struct str s, struct buf *to);

#endif
