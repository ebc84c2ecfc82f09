/* Reads JSON from outside, strictly (RFC 8259) and in place: it allocates nothing
 * but what a decoded string needs. Numbers keep their text. The one lenience is
 * Go's: bytes that are not UTF-8 and lone surrogates in strings read as U+FFFD.
 * Nesting is bounded; what jansson accepts it accepts alike (fuzzed against it).
 */
#ifndef GATEWAY_DISCOVERY_SCANNER_H
#define GATEWAY_DISCOVERY_SCANNER_H

#include "common/base/err.h"
#include "common/base/str.h"

enum { scanner_depth_max = 64 };

// clang-format off
#define SCAN_KIND_TABLE(X)  \
    X(NULL,   "null")       \
    X(FALSE,  "false")      \
    X(TRUE,   "true")       \
    X(NUMBER, "a number")   \
    X(STRING, "a string")   \
    X(ARRAY,  "an array")   \
    X(OBJECT, "an object")
// clang-format on

enum json_kind {
#define SCAN_ENUM(NAME, text) SCAN_##NAME,
    SCAN_KIND_TABLE(SCAN_ENUM)
#undef SCAN_ENUM
};

const char *json_kind_text(enum json_kind kind);

/* A place in a text. wrong: what was expected at `at` when a call answered
 * ERR_MALFORMED; static. */
struct scanner {
    struct str text;
    size_t at;
    const char *wrong;
};

/* A value as it stands in the text: a string with its quotes, checked to its end. */
struct json_value {
    enum json_kind kind;
    struct str raw;
};

/* Takes the next value and the white space around it.
 * Errors: ERR_MALFORMED (also for nesting over scanner_depth_max). */
enum err scanner_value(struct scanner *self, struct json_value *value);

/* Walks an object or array that scanner_value has given: start with
 * {.text = value.raw}; false at its end. name is that of an object's member, raw
 * and quoted; untouched for arrays. */
bool scanner_member(struct scanner *self, struct str *name, struct json_value *value);
bool scanner_item(struct scanner *self, struct json_value *value);

/* Appends what a raw string stands for: at most 3 bytes for each of its own. */
void json_unquote(struct buf *to, struct str raw);

/* "position 7: expected a value": for people. */
void scanner_explain(const struct scanner *self, struct buf *why);

#endif
