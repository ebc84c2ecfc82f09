#include "actors/ctl/rows.h"

#include <assert.h>
#include <inttypes.h>

#include "common/wire/print.h"

static bool shown(const struct rows *self, size_t column)
{
    return self->form == OUTPUT_WIDE || self->columns[column].kind != COLUMN_WIDE;
}

void rows_init(struct rows *self, enum output_form form, const struct column *columns)
{
    const char *head[columns_max + 1] = {NULL};
    size_t count = 0;

    *self = (struct rows){.form = form, .columns = columns};
    for (; columns[self->column_count].head != NULL; self->column_count++) {
        assert(self->column_count < columns_max);
        if (shown(self, self->column_count)) {
            head[count++] = columns[self->column_count].head;
        }
        if (form == OUTPUT_CSV) {
            buf_printf(&self->lines, "%s%s", self->column_count > 0 ? "," : "",
                       columns[self->column_count].name);
        }
    }
    text_table_init(&self->table, head);
}

void rows_fini(struct rows *self)
{
    text_table_fini(&self->table);
    buf_fini(&self->lines);
}

static void csv_cell(struct buf *to, struct str value)
{
    bool quote = value.len == 0 || memchr(value.data, ',', value.len) != NULL ||
                 memchr(value.data, '"', value.len) != NULL ||
                 memchr(value.data, '\n', value.len) != NULL ||
                 memchr(value.data, '\r', value.len) != NULL;

    buf_add_str(to, quote ? STR("\"") : STR(""));
    for (size_t i = 0; i < value.len; i++) {
        buf_add_str(to, value.data[i] == '"' ? STR("\"\"") : (struct str){&value.data[i], 1});
    }
    buf_add_str(to, quote ? STR("\"") : STR(""));
}

enum value_kind { VALUE_TEXT, VALUE_LITERAL };

static void json_cell(struct rows *self, const char *end, struct str value, enum value_kind kind)
{
    const struct column *column = &self->columns[self->at];

    if (self->at == 0) {
        buf_add_str(&self->lines, self->lines.len > 0 ? STR("\n{") : STR("{"));
    }
    buf_printf(&self->lines, "%s\"%s%s\":", self->at > 0 ? "," : "", column->name, end);
    if (kind == VALUE_TEXT) {
        json_add_str(&self->lines, value);
    } else {
        buf_add_str(&self->lines, value.len > 0 ? value : STR("null"));
    }
    buf_add_str(&self->lines, self->at + 1 == self->column_count ? STR("}") : STR(""));
}

static void name_cell(struct rows *self, struct str value)
{
    enum column_kind kind = self->columns[self->at].kind;
    struct buf rest = {0};

    if (self->at == 0) {
        buf_add_str(&self->lines, self->lines.len > 0 ? STR("\n") : STR(""));
        self->name_from = self->lines.len;
    }
    if (kind != COLUMN_KEY && kind != COLUMN_HEAD) {
        return;
    }
    if (kind == COLUMN_HEAD) { /* before what there is of it */
        buf_add(&rest, self->lines.data + self->name_from, self->lines.len - self->name_from);
        self->lines.len = self->name_from;
    }
    buf_add_str(&self->lines, self->lines.len > self->name_from ? STR("/") : STR(""));
    buf_add_str(&self->lines, value);
    buf_add_str(&self->lines, rest.len > 0 ? STR("/") : STR(""));
    buf_add_str(&self->lines, buf_str(&rest));
    buf_fini(&rest);
}

static void add(struct rows *self, struct str text, const char *end, struct str value,
                enum value_kind kind)
{
    switch (self->form) {
    case OUTPUT_TABLE:
    case OUTPUT_WIDE:
        if (shown(self, self->at)) {
            text_table_add(&self->table, text);
        }
        break;
    case OUTPUT_JSON:
        json_cell(self, end, value, kind);
        break;
    case OUTPUT_CSV:
        buf_add_str(&self->lines, self->at == 0 ? STR("\n") : STR(","));
        if (kind == VALUE_TEXT) {
            csv_cell(&self->lines, value);
        } else {
            buf_add_str(&self->lines, value);
        }
        break;
    case OUTPUT_NAME:
        name_cell(self, value);
        break;
    }
    self->at = (self->at + 1) % self->column_count;
}

void rows_text(struct rows *self, struct str text)
{
    add(self, text, "", text, VALUE_TEXT);
}

void rows_both(struct rows *self, struct str shown_text, struct str value)
{
    add(self, shown_text, "", value, VALUE_TEXT);
}

static bool is_text(struct str bytes)
{
    size_t len = 1;

    while (bytes.len > 0 && len > 0) {
        len = str_utf8(bytes);
        bytes = (struct str){bytes.data + len, bytes.len - len};
    }
    return len > 0;
}

void rows_bytes(struct rows *self, struct str bytes)
{
    struct buf hex = {0};

    if (is_text(bytes)) {
        rows_text(self, bytes);
        return;
    }
    for (size_t i = 0; i < bytes.len; i++) {
        buf_printf(&hex, "%02x", (unsigned)(unsigned char)bytes.data[i]);
    }
    add(self, bytes, "_hex", buf_str(&hex), VALUE_TEXT);
    buf_fini(&hex);
}

void rows_number(struct rows *self, int64_t value)
{
    struct buf text = {0};

    buf_add_i64(&text, value);
    add(self, buf_str(&text), "", buf_str(&text), VALUE_LITERAL);
    buf_fini(&text);
}

void rows_hex(struct rows *self, uint64_t value, int digits)
{
    struct buf text = {0};

    buf_printf(&text, "%0*" PRIx64, digits, value);
    rows_text(self, buf_str(&text));
    buf_fini(&text);
}

void rows_flag(struct rows *self, bool value, const char *yes, const char *no)
{
    add(self, str_from(value ? yes : no), "", value ? STR("true") : STR("false"), VALUE_LITERAL);
}

void rows_age(struct rows *self, int64_t ms)
{
    struct buf shown_text = {0};
    struct buf value = {0};

    text_table_age(&shown_text, ms);
    buf_add_i64(&value, ms);
    add(self, buf_str(&shown_text), "", buf_str(&value), VALUE_LITERAL);
    buf_fini(&shown_text);
    buf_fini(&value);
}

void rows_none(struct rows *self)
{
    add(self, STR(""), "", STR(""), VALUE_LITERAL);
}

void rows_page(const struct rows *self, struct buf *to)
{
    assert(self->at == 0);
    if (self->form == OUTPUT_TABLE || self->form == OUTPUT_WIDE) {
        text_table_print(&self->table, to);
        to->len -= to->len > 0;
    } else {
        buf_add_str(to, buf_str(&self->lines));
    }
}

void rows_print(struct rows *self, const struct ctl *ctl)
{
    struct buf page = {0};

    rows_page(self, &page);
    if (page.len > 0) {
        ctl_page(ctl, buf_str(&page));
    }
    rows_fini(self);
    buf_fini(&page);
}
