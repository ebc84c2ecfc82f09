#include "actors/ctl/width.h"

#include <locale.h>
#include <wchar.h>

static size_t ascii_at_begin(struct str text)
{
    size_t len = 0;

    while (len < text.len && ((unsigned char)text.data[len] & 0x80) == 0) {
        len++;
    }
    return len;
}

static size_t add_up(struct str text)
{
    size_t width = 0;

    while (text.len > 0) {
        size_t len = str_utf8(text);
        int columns = len > 1 ? wcwidth((wchar_t)str_codepoint(text.data, len)) : 1;

        width += columns < 0 ? 1 : (size_t)columns;
        len = len == 0 ? 1 : len;
        text.data += len;
        text.len -= len;
    }
    return width;
}

/* The C library's own table, which needs a locale of UTF-8; the process keeps the one it has. */
size_t width_of(struct str text)
{
    size_t ascii = ascii_at_begin(text);
    locale_t utf8;
    size_t width;

    if (ascii == text.len) {
        return ascii;
    }
    utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    if (utf8 == (locale_t)0) {
        width = add_up(text);
    } else {
        locale_t before = uselocale(utf8);

        width = add_up(text);
        (void)uselocale(before);
        freelocale(utf8);
    }
    return width;
}
