/* Borrowed strings and an owned, growing byte buffer.
 *
 * A struct str is a view: it owns nothing, has no terminating NUL and may hold
 * any byte. Never pass .data to strlen or "%s"; print with "%.*s" and STR_ARG.
 */
#ifndef COMMON_BASE_STR_H
#define COMMON_BASE_STR_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "common/base/err.h"

struct str {
    const char *data; /* may be NULL when len is 0 */
    size_t len;
};

#define STR(literal) ((struct str){(literal), sizeof(literal) - 1})
#define STR_ARG(s) (int)(s).len, ((s).data != NULL ? (s).data : "")

struct str str_from(const char *text); /* NULL reads as empty */
static inline bool str_eq(struct str a, struct str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

/* The same, of ASCII letters in any case: names of headers and of hosts. */
static inline bool str_eq_nocase(struct str a, struct str b)
{
    return a.len == b.len && (a.len == 0 || strncasecmp(a.data, b.data, a.len) == 0);
}

/* Copies s to *at, which then stands behind it. The copy. */
static inline struct str str_put(char **at, struct str s)
{
    struct str copy = {*at, s.len};

    if (s.len > 0) {
        memcpy(*at, s.data, s.len);
    }
    *at += s.len;
    return copy;
}

int str_cmp(struct str a, struct str b); /* bytewise, shorter first: Go's string order */
bool str_starts(struct str s, struct str prefix);

/* Bytes of the character at the beginning of s, 1 … 4; 0: it is not well-formed
 * UTF-8 there (overlong, surrogate, above U+10FFFF, cut), or s is empty. */
size_t str_utf8(struct str s);

/* Whether the character of len bytes, as str_utf8 measured it, commands whoever shows it: C0, DEL,
 * C1 (U+0080 … U+009F), the ends of line U+2028 and U+2029, and what turns the direction of a text
 * around (U+202A … U+202E, U+2066 … U+2069). */
bool str_commands(const char *at, size_t len);
/* Its number. */
uint32_t str_codepoint(const char *at, size_t len);

/* Whole of s as a decimal number, Go's ParseInt/ParseUint base 10: digits only,
 * leading zeros allowed, a sign only for the signed form.
 * Errors: ERR_MALFORMED (syntax), ERR_TOO_LARGE (out of range). */
enum err str_to_i64(struct str s, int64_t *value);
enum err str_to_u32(struct str s, uint32_t *value);

/* Grows by doubling, never shrinks; owns data. {0} is an empty buffer. Running
 * out of memory is a bug of the caller's bounds and aborts. */
struct buf {
    char *data;
    size_t len;
    size_t cap;
};

void buf_fini(struct buf *self);              /* frees; the buffer is empty after it */
void buf_grow(struct buf *self, size_t more); /* at least so much room; buf_reserve's way */

/* Room for more bytes; where they go. */
static inline char *buf_reserve(struct buf *self, size_t more)
{
    if (more > self->cap - self->len) {
        buf_grow(self, more);
    }
    return self->data + self->len;
}

static inline void buf_add(struct buf *self, const void *data, size_t len)
{
    if (len > 0) {
        assert(data != NULL);
        memcpy(buf_reserve(self, len), data, len);
        self->len += len;
    }
}

static inline void buf_add_str(struct buf *self, struct str s)
{
    buf_add(self, s.data, s.len);
}

static inline void buf_add_char(struct buf *self, char c)
{
    *buf_reserve(self, 1) = c;
    self->len++;
}

void buf_printf(struct buf *self, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_add_i64(struct buf *self, int64_t value); /* decimal; faster than printf */
struct str buf_str(const struct buf *self);        /* borrows until the next change */

/* A list of strings as one run of bytes: count items, each in msgpack's str
 * encoding. In this form a list goes from the wire into the registry and back
 * without being taken apart. A map is a list of 2 × count strings: key, value.
 * Whoever makes one from outside bytes has checked that the items are well
 * formed (wire: get_strs, get_pairs); strs_next relies on it.
 *
 *   ["a", "bcd"]  ->  count 2, bytes a1 61 a3 62 63 64
 */
struct strs {
    uint32_t count; /* items; of a map: pairs */
    struct str bytes;
};

/* Takes the next item off rest. False at the end. */
bool strs_next(struct str *rest, struct str *item);
void strs_pack(struct buf *to, struct str item); /* appends one item's encoding */

#endif
