#include "common/base/percent.h"

#include <string.h>

static bool is_alnum(char c)
{
    char lower = (char)(c | 0x20);

    return (c >= '0' && c <= '9') || (lower >= 'a' && lower <= 'z');
}

void percent_add(struct buf *to, struct str text, const char *plain, bool plus)
{
    static const char digits[] = "0123456789ABCDEF";

    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];

        if (is_alnum(c) || (c != '\0' && strchr(plain, c) != NULL)) {
            buf_add_char(to, c);
        } else if (plus && c == ' ') {
            buf_add_char(to, '+');
        } else {
            buf_add_char(to, '%');
            buf_add_char(to, digits[(unsigned char)c >> 4]);
            buf_add_char(to, digits[(unsigned char)c & 15]);
        }
    }
}

static int digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool percent_decode(struct buf *to, struct str text, bool plus)
{
    char *at;
    size_t len = 0;

    if (text.len == 0) {
        return true;
    }
    at = buf_reserve(to, text.len); /* no more: who has reserved that borrows from it */

    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];

        if (c == '%') {
            int high = i + 2 < text.len ? digit(text.data[i + 1]) : -1;
            int low = i + 2 < text.len ? digit(text.data[i + 2]) : -1;

            if (high < 0 || low < 0) {
                return false;
            }
            c = (char)(high << 4 | low);
            i += 2;
        } else if (plus && c == '+') {
            c = ' ';
        }
        at[len++] = c;
    }
    to->len += len;
    return true;
}
