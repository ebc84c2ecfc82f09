#include "gateway/discovery/scanner.h"

#include <assert.h>
#include <string.h>

const char *json_kind_text(enum json_kind kind)
{
    static const char *const texts[] = {
#define SCAN_TEXT(NAME, text) [SCAN_##NAME] = (text),
        SCAN_KIND_TABLE(SCAN_TEXT)
#undef SCAN_TEXT
    };

    return texts[kind];
}

static int peek(const struct scanner *self)
{
    return self->at < self->text.len ? (unsigned char)self->text.data[self->at] : -1;
}

static void skip_space(struct scanner *self)
{
    int c = peek(self);

    while (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
        self->at++;
        c = peek(self);
    }
}

static bool take(struct scanner *self, int c)
{
    if (peek(self) != c) {
        return false;
    }
    self->at++;
    return true;
}

static enum err fail(struct scanner *self, const char *expected)
{
    self->wrong = expected;
    return ERR_MALFORMED;
}

static bool is_digit(int c)
{
    return c >= '0' && c <= '9';
}

static int hex_digit(int c)
{
    if (is_digit(c)) {
        return c - '0';
    }
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static enum err scan_word(struct scanner *self, struct str word)
{
    struct str rest = {self->text.data + self->at, self->text.len - self->at};

    if (!str_starts(rest, word)) {
        return fail(self, "expected a value");
    }
    self->at += word.len;
    return ERR_OK;
}

static bool digits(struct scanner *self)
{
    if (!is_digit(peek(self))) {
        return false;
    }
    while (is_digit(peek(self))) {
        self->at++;
    }
    return true;
}

static enum err scan_number(struct scanner *self)
{
    (void)take(self, '-');
    if (!take(self, '0') && !digits(self)) {
        return fail(self, "expected a digit");
    }
    if (take(self, '.') && !digits(self)) {
        return fail(self, "expected a digit after the decimal point");
    }
    if (take(self, 'e') || take(self, 'E')) {
        if (!take(self, '+')) {
            (void)take(self, '-');
        }
        if (!digits(self)) {
            return fail(self, "expected a digit in the exponent");
        }
    }
    return ERR_OK;
}

static enum err scan_escape(struct scanner *self)
{
    int c = peek(self);

    if (c < 0 || strchr("\"\\/bfnrtu", c) == NULL || c == '\0') {
        return fail(self, "expected an escape character");
    }
    self->at++;
    for (int i = 0; c == 'u' && i < 4; i++) {
        if (hex_digit(peek(self)) < 0) {
            return fail(self, "expected four hexadecimal digits");
        }
        self->at++;
    }
    return ERR_OK;
}

static enum err scan_string(struct scanner *self)
{
    if (!take(self, '"')) {
        return fail(self, "expected a string in double quotes");
    }
    for (;;) {
        int c = peek(self);

        if (c < 0) {
            return fail(self, "the string does not end");
        }
        if (c < 0x20) {
            return fail(self, "a control character in a string must be escaped");
        }
        self->at++;
        if (c == '"') {
            return ERR_OK;
        }
        if (c == '\\') {
            enum err err = scan_escape(self);

            if (err != ERR_OK) {
                return err;
            }
        }
    }
}

static enum err scan_any(struct scanner *self, unsigned depth, enum json_kind *kind);

static enum err scan_members(struct scanner *self, unsigned depth, bool object)
{
    const int close = object ? '}' : ']';
    enum json_kind kind;

    self->at++;
    skip_space(self);
    if (take(self, close)) {
        return ERR_OK;
    }
    do {
        enum err err;

        skip_space(self);
        if (object) {
            err = scan_string(self);
            if (err != ERR_OK) {
                return err;
            }
            skip_space(self);
            if (!take(self, ':')) {
                return fail(self, "expected ':' after the name");
            }
            skip_space(self);
        }
        err = scan_any(self, depth + 1, &kind);
        if (err != ERR_OK) {
            return err;
        }
        skip_space(self);
    } while (take(self, ','));
    return take(self, close) ? ERR_OK
                             : fail(self, object ? "expected ',' or '}'" : "expected ',' or ']'");
}

/* Recursion is bounded by scanner_depth_max. */
static enum err scan_any(struct scanner *self, unsigned depth, enum json_kind *kind)
{
    if (depth > scanner_depth_max) {
        return fail(self, "nested too deeply");
    }
    switch (peek(self)) {
    case '{':
        *kind = SCAN_OBJECT;
        return scan_members(self, depth, true);
    case '[':
        *kind = SCAN_ARRAY;
        return scan_members(self, depth, false);
    case '"':
        *kind = SCAN_STRING;
        return scan_string(self);
    case 't':
        *kind = SCAN_TRUE;
        return scan_word(self, STR("true"));
    case 'f':
        *kind = SCAN_FALSE;
        return scan_word(self, STR("false"));
    case 'n':
        *kind = SCAN_NULL;
        return scan_word(self, STR("null"));
    default:
        *kind = SCAN_NUMBER;
        return peek(self) == '-' || is_digit(peek(self)) ? scan_number(self)
                                                         : fail(self, "expected a value");
    }
}

enum err scanner_value(struct scanner *self, struct json_value *value)
{
    size_t from;
    enum json_kind kind;
    enum err err;

    skip_space(self);
    from = self->at;
    err = scan_any(self, 1, &kind);
    if (err == ERR_OK) {
        *value = (struct json_value){kind, {self->text.data + from, self->at - from}};
        skip_space(self);
    }
    return err;
}

/* The text was checked when scanner_value gave it, so what follows can't fail. */
static bool next(struct scanner *self, struct str *name, struct json_value *value)
{
    enum err err;

    skip_space(self);
    self->at++; /* the opening bracket, a comma, or the closing bracket */
    skip_space(self);
    if (self->at >= self->text.len || peek(self) == '}' || peek(self) == ']') {
        return false;
    }
    if (name != NULL) {
        size_t from = self->at;

        err = scan_string(self);
        assert(err == ERR_OK);
        *name = (struct str){self->text.data + from, self->at - from};
        skip_space(self);
        self->at++; /* ':' */
    }
    err = scanner_value(self, value);
    assert(err == ERR_OK);
    return true;
}

bool scanner_member(struct scanner *self, struct str *name, struct json_value *value)
{
    return next(self, name, value);
}

bool scanner_item(struct scanner *self, struct json_value *value)
{
    return next(self, NULL, value);
}

static void add_rune(struct buf *to, uint32_t rune)
{
    char bytes[4];
    size_t len = rune < 0x80 ? 1 : rune < 0x800 ? 2 : rune < 0x10000 ? 3 : 4;
    static const unsigned char lead[] = {0, 0, 0xc0, 0xe0, 0xf0};

    for (size_t i = len - 1; i > 0; i--) {
        bytes[i] = (char)(0x80 | (rune & 0x3f));
        rune >>= 6;
    }
    bytes[0] = (char)(lead[len] | rune);
    buf_add(to, bytes, len);
}

static uint32_t hex4(const char *at)
{
    uint32_t value = 0;

    for (int i = 0; i < 4; i++) {
        value = value << 4 | (uint32_t)hex_digit((unsigned char)at[i]);
    }
    return value;
}

/* A \u escape at s (behind the backslash), and a low surrogate's after it if it
 * belongs to it. Returns how many bytes it took. */
static size_t unquote_u(struct buf *to, const char *s, size_t len)
{
    uint32_t rune = hex4(s + 1);

    if (rune < 0xd800 || rune > 0xdfff) {
        add_rune(to, rune);
        return 5;
    }
    if (rune < 0xdc00 && len >= 11 && s[5] == '\\' && s[6] == 'u') {
        uint32_t low = hex4(s + 7);

        if (low >= 0xdc00 && low <= 0xdfff) {
            add_rune(to, 0x10000 + ((rune - 0xd800) << 10) + (low - 0xdc00));
            return 11;
        }
    }
    add_rune(to, 0xfffd);
    return 5;
}

void json_unquote(struct buf *to, struct str raw)
{
    static const char from[] = "bfnrt";
    static const char into[] = "\b\f\n\r\t";
    const char *s = raw.data + 1;
    size_t len = raw.len - 2;

    assert(raw.len >= 2);
    buf_reserve(to, len + 1);
    while (len > 0) {
        size_t took = (unsigned char)*s < 0x80 ? 1 : str_utf8((struct str){s, len});

        if (*s == '\\') {
            const char *known = strchr(from, s[1]);

            if (s[1] == 'u') {
                took = 1 + unquote_u(to, s + 1, len - 1);
            } else {
                buf_add_char(to, known != NULL ? into[known - from] : s[1]);
                took = 2;
            }
        } else if (took == 0) {
            add_rune(to, 0xfffd);
            took = 1;
        } else {
            buf_add(to, s, took);
        }
        s += took;
        len -= took;
    }
}

void scanner_explain(const struct scanner *self, struct buf *why)
{
    buf_printf(why, "position %zu: %s", self->at + 1,
               self->wrong != NULL ? self->wrong : "nothing is wrong");
}
