#include "common/config/text_wrap.h"

#include <string.h>

void text_wrap(struct buf *to, size_t at, size_t indent, const char *text)
{
    size_t column = at;
    bool fresh = true; /* no word yet on this line */

    while (*text != '\0') {
        size_t len = strcspn(text, " \n");

        if (!fresh && column + 1 + len > text_width) {
            buf_add_char(to, '\n');
            column = 0;
            fresh = true;
        }
        if (fresh && len > 0) {
            buf_printf(to, "%*s", column < indent ? (int)(indent - column) : 0, "");
            column = column < indent ? indent : column;
        } else if (!fresh) {
            buf_add_char(to, ' ');
            column++;
        }
        buf_add(to, text, len);
        column += len;
        fresh = fresh && len == 0;
        text += len;
        if (*text == '\n') {
            buf_add_char(to, '\n');
            column = 0;
            fresh = true;
        }
        text += *text != '\0';
    }
    buf_add_str(to, fresh ? STR("") : STR("\n"));
}
