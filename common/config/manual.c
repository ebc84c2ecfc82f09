#include "common/config/manual.h"

#include <string.h>

/* ── as text ── */

/* The words of text in lines, each indented; at: the column that to is already in, for the first. A
 * line feed begins a new line; the last line is ended. */
static void wrap(struct buf *to, size_t at, size_t indent, const char *text)
{
    size_t column = at;
    bool fresh = true; /* no word yet on this line */

    while (*text != '\0') {
        size_t len = strcspn(text, " \n");

        if (!fresh && column + 1 + len > manual_width) {
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

static void indent(struct buf *to, const char *text)
{
    buf_add_str(to, STR("  "));
    for (; *text != '\0'; text++) {
        buf_add_char(to, *text);
        buf_add_str(to, *text == '\n' && text[1] != '\0' && text[1] != '\n' ? STR("  ") : STR(""));
    }
    buf_add_char(to, '\n');
}

/* ── in man's macros ── */

/* Nothing in text is taken for a macro, an escape, or a hyphen that may be broken at. */
static void man_text(struct buf *to, const char *text)
{
    bool begins = true;

    for (; *text != '\0'; text++) {
        if (begins && (*text == '.' || *text == '\'')) {
            buf_add_str(to, STR("\\&"));
        }
        if (*text == '\\') {
            buf_add_str(to, STR("\\e"));
        } else if (*text == '-') {
            buf_add_str(to, STR("\\-"));
        } else if (*text == '\n' && text[1] == '\n') {
            buf_add_str(to, STR("\n.PP"));
        } else if (*text == '\n' && !begins) {
            buf_add_str(to, STR("\n.br\n"));
        } else if (*text == '\n') {
            buf_add_char(to, '\n');
        } else {
            buf_add_char(to, *text);
        }
        begins = *text == '\n';
    }
    buf_add_char(to, '\n');
}

/* Between quotation marks, as macros take what has blanks in it. */
static void man_macro(struct buf *to, const char *macro, const char *text)
{
    buf_printf(to, ".%s \"", macro);
    for (; *text != '\0'; text++) {
        buf_add_str(to, *text == '"'    ? STR("\\(dq")
                        : *text == '\\' ? STR("\\e")
                        : *text == '-'  ? STR("\\-")
                                        : (struct str){text, 1});
    }
    buf_add_str(to, STR("\"\n"));
}

/* ── either ── */

void manual_begin(struct manual *self, const char *name, int section, const char *purpose)
{
    if (self->form == MANUAL_MAN) {
        buf_printf(self->to, ".TH \"");
        for (const char *at = name; *at != '\0'; at++) {
            buf_add_char(self->to, *at >= 'a' && *at <= 'z' ? (char)(*at - 'a' + 'A') : *at);
        }
        buf_printf(self->to, "\" %d \"\" \"muster " MUSTER_VERSION "\" \"muster\"\n", section);
    }
    manual_section(self, "NAME");
    if (self->form == MANUAL_MAN) {
        struct buf line = {0};

        buf_printf(&line, "%s - %s%c", name, purpose, 0);
        man_text(self->to, line.data);
        buf_fini(&line);
    } else {
        buf_printf(self->to, "  %s - %s\n", name, purpose);
    }
}

void manual_section(struct manual *self, const char *title)
{
    if (self->form == MANUAL_MAN) {
        man_macro(self->to, "SH", title);
    } else {
        buf_printf(self->to, "%s%s\n", self->to->len > 0 ? "\n" : "", title);
    }
}

void manual_part(struct manual *self, const char *title)
{
    if (self->form == MANUAL_MAN) {
        man_macro(self->to, "SS", title);
    } else {
        buf_printf(self->to, "\n  %s\n", title);
    }
}

void manual_text(struct manual *self, const char *text)
{
    if (self->form == MANUAL_MAN) {
        man_text(self->to, text);
    } else {
        wrap(self->to, 0, 2, text);
    }
}

void manual_item(struct manual *self, const char *term, size_t column, const char *text)
{
    if (self->form == MANUAL_MAN) {
        buf_add_str(self->to, STR(".TP\n"));
        man_macro(self->to, "B", term);
        man_text(self->to, text);
    } else if (column == 0) {
        buf_printf(self->to, "  %s\n", term);
        wrap(self->to, 0, 6, text);
    } else {
        buf_printf(self->to, "  %s ", term);
        wrap(self->to, strlen(term) + 3, column, text);
    }
}

void manual_blank(struct manual *self)
{
    buf_add_str(self->to, self->form == MANUAL_TEXT ? STR("\n") : STR(""));
}

void manual_lines(struct manual *self, const char *text)
{
    if (self->form == MANUAL_MAN) {
        buf_add_str(self->to, STR(".nf\n"));
        for (; *text != '\0'; text++) {
            buf_add_str(self->to, *text == '\\'  ? STR("\\e")
                                  : *text == '-' ? STR("\\-")
                                  : *text == '\n' && (text[1] == '.' || text[1] == '\'')
                                      ? STR("\n\\&")
                                      : (struct str){text, 1});
        }
        buf_add_str(self->to, STR("\n.fi\n"));
    } else {
        indent(self->to, text);
    }
}
