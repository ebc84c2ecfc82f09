#include "actors/ctl/text_table.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "actors/ctl/output.h"
#include "actors/ctl/width.h"
#include "common/base/heap.h"

void text_table_init(struct text_table *self, const char *const *head)
{
    *self = (struct text_table){0};
    for (; head[self->columns] != NULL; self->columns++) {
        text_table_add(self, str_from(head[self->columns]));
    }
}

void text_table_fini(struct text_table *self)
{
    buf_fini(&self->text);
}

void text_table_add(struct text_table *self, struct str cell)
{
    if (cell.len == 0) {
        cell = STR("-");
    }
    output_clean(&self->text, cell);
    buf_add_char(&self->text, '\0');
    self->cells++;
}

void text_table_add_i64(struct text_table *self, int64_t value)
{
    struct buf text = {0};

    buf_add_i64(&text, value);
    text_table_add(self, buf_str(&text));
    buf_fini(&text);
}

void text_table_age(struct buf *to, int64_t ms)
{
    static const struct {
        int64_t ms;
        char unit;
    } units[] = {{86400000, 'd'}, {3600000, 'h'}, {60000, 'm'}, {1000, 's'}};
    size_t i = 0;

    /* two of a unit at least: 90 s say more than 1 m */
    while (i < 3 && ms < 2 * units[i].ms) {
        i++;
    }
    buf_add_i64(to, ms / units[i].ms);
    buf_add_char(to, units[i].unit);
}

void text_table_add_age(struct text_table *self, int64_t ms)
{
    struct buf text = {0};

    text_table_age(&text, ms);
    text_table_add(self, buf_str(&text));
    buf_fini(&text);
}

void text_table_print(const struct text_table *self, struct buf *to)
{
    size_t *widths = heap_array(self->columns, sizeof(*widths));
    const char *cell = self->text.data;

    assert(self->cells % self->columns == 0);
    for (size_t i = 0; i < self->cells; i++) {
        size_t wide = width_of(str_from(cell));

        if (wide > widths[i % self->columns]) {
            widths[i % self->columns] = wide;
        }
        cell += strlen(cell) + 1;
    }
    cell = self->text.data;
    for (size_t i = 0; i < self->cells; i++) {
        size_t column = i % self->columns;
        bool last = column == self->columns - 1;

        buf_printf(to, "%s%*s", cell,
                   last ? 0 : (int)(widths[column] - width_of(str_from(cell)) + 2), "");
        if (last) {
            buf_add_char(to, '\n');
        }
        cell += strlen(cell) + 1;
    }
    free(widths);
}
