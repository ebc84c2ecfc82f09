/* What is wrong with a document, in the words of Go's encoding/json, which clients of etcd show.
 * Each appends to why and answers ERR_MALFORMED. */
#ifndef GATEWAY_ETCD_JSON_WRONG_H
#define GATEWAY_ETCD_JSON_WRONG_H

#include "common/base/scanner.h"

enum err json_wrong(struct buf *why, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A value of another kind than the type that is wanted, by Go's name. */
enum err json_wrong_kind(struct buf *why, enum json_kind kind, const char *wanted);
/* A number that the type does not hold. */
enum err json_wrong_number(struct buf *why, struct str number, const char *wanted);
/* What scanner_value has found. Where the text ends too early Go says one thing of a document that
 * is read off a connection, and another of a string that holds one. */
enum json_source { JSON_FROM_STREAM, JSON_FROM_STRING };
enum err json_wrong_syntax(struct buf *why, const struct scanner *at, enum json_source source);
/* where: "after top-level value". */
enum err json_wrong_byte(struct buf *why, unsigned char c, const char *where);

#endif
