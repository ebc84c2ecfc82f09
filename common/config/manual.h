/* Manual pages, written once and shown in either of two forms: as --help prints them, in 80
 * columns, or in the macros of man(7).
 */
#ifndef COMMON_CONFIG_MANUAL_H
#define COMMON_CONFIG_MANUAL_H

#include "common/base/str.h"

enum { manual_width = 80 };
enum manual_form { MANUAL_TEXT, MANUAL_MAN };

struct manual {
    enum manual_form form;
    struct buf *to; /* borrowed */
};

/* "musterctl", 1, "ask a muster node, by hand or from a script". */
void manual_begin(struct manual *self, const char *name, int section, const char *purpose);
void manual_section(struct manual *self, const char *title);
void manual_part(struct manual *self, const char *title); /* of a section */
/* Paragraphs: a line feed begins a line, two of them a paragraph. */
void manual_text(struct manual *self, const char *text);
/* What is told of a term: behind it, from column on, or in lines of their own where column is 0. */
void manual_item(struct manual *self, const char *term, size_t column, const char *text);
void manual_blank(struct manual *self); /* an empty line between items, of a text only */
/* Lines as they are, each indented. */
void manual_lines(struct manual *self, const char *text);

#endif
