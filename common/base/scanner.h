/* Reads JSON from outside, strictly (RFC 8259) and in place: it allocates nothing
 * but what a decoded string needs. Numbers keep their text. The one lenience is
 * Go's: bytes that are not UTF-8 and lone surrogates in strings read as U+FFFD.
 * Nesting is bounded; what jansson accepts it accepts alike (fuzzed against it).
 *
 * scanner_value checks a value to its end. What it has checked is gone through in one of two ways,
 * in which nothing can fail any more:
 *
 *   scanner_member, scanner_item    value by value, each of which may be gone through again
 *   scanner_enter … scanner_more    in place, in depth: each byte is looked at once more
 */
#ifndef COMMON_BASE_SCANNER_H
#define COMMON_BASE_SCANNER_H

#include "common/base/err.h"
#include "common/base/str.h"

enum { scanner_depth_max = 256 };

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

/* What can be wrong at a place: in words for people. */
// clang-format off
#define SCAN_WRONG_TABLE(X)                                            \
    X(NOTHING,  "nothing is wrong")                                    \
    X(VALUE,    "expected a value")                                    \
    X(DIGIT,    "expected a digit")                                    \
    X(FRACTION, "expected a digit after the decimal point")            \
    X(EXPONENT, "expected a digit in the exponent")                    \
    X(ESCAPE,   "expected an escape character")                        \
    X(HEX,      "expected four hexadecimal digits")                    \
    X(NAME,     "expected a string in double quotes")                  \
    X(STRING,   "the string does not end")                             \
    X(CONTROL,  "a control character in a string must be escaped")     \
    X(COLON,    "expected ':' after the name")                         \
    X(MEMBERS,  "expected ',' or '}'")                                 \
    X(ITEMS,    "expected ',' or ']'")                                 \
    X(DEPTH,    "nested too deeply")
// clang-format on

enum scan_wrong {
#define SCAN_WRONG_ENUM(NAME, text) SCAN_WRONG_##NAME,
    SCAN_WRONG_TABLE(SCAN_WRONG_ENUM)
#undef SCAN_WRONG_ENUM
};

/* A place in a text. wrong: what is wrong at `at`, after a call has answered ERR_MALFORMED. */
struct scanner {
    struct str text;
    size_t at;
    enum scan_wrong wrong;
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

/* Of the value that stands at `at`. */
enum json_kind scanner_kind(const struct scanner *self);
/* Goes into the object or array that stands there. Then, before each of its members or items,
 * scanner_more; at its end that is false, and has left it behind. */
void scanner_enter(struct scanner *self);
bool scanner_more(struct scanner *self);
/* Takes a member's name, raw and quoted; its value stands behind it. */
struct str scanner_name(struct scanner *self);

/* Appends what a raw string stands for: at most 3 bytes for each of its own. */
void json_unquote(struct buf *to, struct str raw);

/* "position 7: expected a value": for people. */
void scanner_explain(const struct scanner *self, struct buf *why);

#endif
