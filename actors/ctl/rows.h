/* What a verb shows row by row, in whichever form -o asks for: each cell has a text for people and
 * a value for scripts.
 *
 *   table, wide  columns for people; wide has all of them
 *   json         an object a line
 *   csv          a line of names, then a line a row (RFC 4180, but for LF)
 *   name         what tells a row from the others: its key columns, joined by "/"
 */
#ifndef ACTORS_CTL_ROWS_H
#define ACTORS_CTL_ROWS_H

#include "actors/ctl/ctl.h"
#include "actors/ctl/text_table.h"

enum column_kind {
    COLUMN_SHOWN,
    COLUMN_KEY,  /* shown, and part of the row's name */
    COLUMN_HEAD, /* shown, and the name begins with it */
    COLUMN_WIDE, /* in a table only when it is wide */
};

struct column {
    const char *head; /* of the table */
    const char *name; /* of JSON and CSV */
    enum column_kind kind;
};

enum { columns_max = 24 };

struct rows {
    enum output_form form;
    const struct column *columns; /* borrowed; ends with a NULL head */
    size_t column_count;
    size_t at;        /* the column of the next cell */
    size_t name_from; /* where the name of this row begins in lines */
    struct text_table table;
    struct buf lines; /* of the other forms */
};

void rows_init(struct rows *self, enum output_form form, const struct column *columns);
void rows_fini(struct rows *self);

/* The next cell, row by row, column by column. */
void rows_text(struct rows *self, struct str text);
/* Bytes that are no UTF-8 are hex digits in JSON, under NAME_hex. */
void rows_bytes(struct rows *self, struct str bytes);
void rows_number(struct rows *self, int64_t value);
void rows_hex(struct rows *self, uint64_t value, int digits); /* 0: as many as it takes */
void rows_flag(struct rows *self, bool value, const char *yes, const char *no);
void rows_age(struct rows *self, int64_t ms); /* the value is in ms */
void rows_none(struct rows *self);            /* not known: "-", null */
/* shown: for people; value: for scripts. */
void rows_both(struct rows *self, struct str shown, struct str value);

/* All of it, without the end of the last line. */
void rows_page(const struct rows *self, struct buf *to);
/* Prints and ends it. */
void rows_print(struct rows *self, const struct ctl *ctl);

#endif
