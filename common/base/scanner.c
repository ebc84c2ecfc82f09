#include "common/base/scanner.h"

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

static enum err fail(struct scanner *self, enum scan_wrong wrong)
{
    self->wrong = wrong;
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
        return fail(self, SCAN_WRONG_VALUE);
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
        return fail(self, SCAN_WRONG_DIGIT);
    }
    if (take(self, '.') && !digits(self)) {
        return fail(self, SCAN_WRONG_FRACTION);
    }
    if (take(self, 'e') || take(self, 'E')) {
        if (!take(self, '+')) {
            (void)take(self, '-');
        }
        if (!digits(self)) {
            return fail(self, SCAN_WRONG_EXPONENT);
        }
    }
    return ERR_OK;
}

static enum err scan_escape(struct scanner *self)
{
    int c = peek(self);

    if (c < 0 || strchr("\"\\/bfnrtu", c) == NULL || c == '\0') {
        return fail(self, SCAN_WRONG_ESCAPE);
    }
    self->at++;
    for (int i = 0; c == 'u' && i < 4; i++) {
        if (hex_digit(peek(self)) < 0) {
            return fail(self, SCAN_WRONG_HEX);
        }
        self->at++;
    }
    return ERR_OK;
}

static enum err scan_string(struct scanner *self)
{
    if (!take(self, '"')) {
        return fail(self, SCAN_WRONG_NAME);
    }
    for (;;) {
        int c = peek(self);

        if (c < 0) {
            return fail(self, SCAN_WRONG_STRING);
        }
        if (c < 0x20) {
            return fail(self, SCAN_WRONG_CONTROL);
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

static enum err scan_any(struct scanner *self, unsigned depth);

static enum err scan_members(struct scanner *self, unsigned depth, bool object)
{
    const int close = object ? '}' : ']';

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
                return fail(self, SCAN_WRONG_COLON);
            }
            skip_space(self);
        }
        err = scan_any(self, depth + 1);
        if (err != ERR_OK) {
            return err;
        }
        skip_space(self);
    } while (take(self, ','));
    return take(self, close) ? ERR_OK : fail(self, object ? SCAN_WRONG_MEMBERS : SCAN_WRONG_ITEMS);
}

enum json_kind scanner_kind(const struct scanner *self)
{
    switch (peek(self)) {
    case '{':
        return SCAN_OBJECT;
    case '[':
        return SCAN_ARRAY;
    case '"':
        return SCAN_STRING;
    case 't':
        return SCAN_TRUE;
    case 'f':
        return SCAN_FALSE;
    case 'n':
        return SCAN_NULL;
    default:
        return SCAN_NUMBER;
    }
}

/* Recursion is bounded by scanner_depth_max. */
static enum err scan_any(struct scanner *self, unsigned depth)
{
    if (depth > scanner_depth_max) {
        return fail(self, SCAN_WRONG_DEPTH);
    }
    switch (scanner_kind(self)) {
    case SCAN_OBJECT:
        return scan_members(self, depth, true);
    case SCAN_ARRAY:
        return scan_members(self, depth, false);
    case SCAN_STRING:
        return scan_string(self);
    case SCAN_TRUE:
        return scan_word(self, STR("true"));
    case SCAN_FALSE:
        return scan_word(self, STR("false"));
    case SCAN_NULL:
        return scan_word(self, STR("null"));
    default:
        return peek(self) == '-' || is_digit(peek(self)) ? scan_number(self)
                                                         : fail(self, SCAN_WRONG_VALUE);
    }
}

enum err scanner_value(struct scanner *self, struct json_value *value)
{
    size_t from;
    enum err err;

    skip_space(self);
    from = self->at;
    err = scan_any(self, 1);
    if (err == ERR_OK) {
        struct str raw = {self->text.data + from, self->at - from};

        *value = (struct json_value){scanner_kind(&(struct scanner){.text = raw}), raw};
        skip_space(self);
    }
    return err;
}

/* ── what was checked ── */

void scanner_enter(struct scanner *self)
{
    assert(peek(self) == '{' || peek(self) == '[');
    self->at++;
    skip_space(self);
}

bool scanner_more(struct scanner *self)
{
    if (take(self, '}') || take(self, ']')) {
        skip_space(self);
        return false;
    }
    if (take(self, ',')) {
        skip_space(self);
    }
    return true;
}

struct str scanner_name(struct scanner *self)
{
    size_t from = self->at;
    enum err err = scan_string(self);
    struct str name = {self->text.data + from, self->at - from};

    assert(err == ERR_OK);
    (void)err;
    skip_space(self);
    (void)take(self, ':');
    skip_space(self);
    return name;
}

static bool next(struct scanner *self, struct str *name, struct json_value *value)
{
    enum err err;

    if (self->at == 0) {
        scanner_enter(self);
    }
    if (!scanner_more(self)) {
        return false;
    }
    if (name != NULL) {
        *name = scanner_name(self);
    }
    err = scanner_value(self, value);
    assert(err == ERR_OK);
    return err == ERR_OK;
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
    static const char *const texts[] = {
#define SCAN_WRONG_TEXT(NAME, text) [SCAN_WRONG_##NAME] = (text),
        SCAN_WRONG_TABLE(SCAN_WRONG_TEXT)
#undef SCAN_WRONG_TEXT
    };

    buf_printf(why, "position %zu: %s", self->at + 1, texts[self->wrong]);
}
