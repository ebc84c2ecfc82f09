#include "gateway/operate/params.h"

#include <string.h>
#include <time.h>

const struct operate_param_row operate_param_rows[OPERATE_PARAM_COUNT] = {
#define OPERATE_PARAM_ROW(NAME, text, kind, max, values, help)                                     \
    {text, PARAM_##kind, max, values, help},
    OPERATE_PARAM_TABLE(OPERATE_PARAM_ROW)
#undef OPERATE_PARAM_ROW
};

int64_t operate_param_min(const struct operate_param_row *row)
{
    return strcmp(row->values, "0") == 0 ? 0 : 1;
}

/* What a person sent, cut to what a message can bear. */
static struct str shown(struct str value)
{
    return (struct str){value.data, value.len < 64 ? value.len : 64};
}

bool operate_next_name(struct str *rest, struct str *name)
{
    const char *comma = rest->len > 0 ? memchr(rest->data, ',', rest->len) : NULL;

    if (rest->len == 0) {
        return false;
    }
    name->data = rest->data;
    name->len = comma != NULL ? (size_t)(comma - rest->data) : rest->len;
    rest->data += name->len;
    rest->len -= name->len;
    if (comma != NULL) {
        rest->data++;
        rest->len--;
    }
    return true;
}

/* Which of the names it is; -1: none. */
static int64_t name_at(const char *names, struct str wanted)
{
    struct str rest = str_from(names);
    struct str name;

    for (int64_t at = 0; operate_next_name(&rest, &name); at++) {
        if (str_eq(name, wanted)) {
            return at;
        }
    }
    return -1;
}

static bool read_number(struct operate_args *self, enum operate_param at, struct str value,
                        struct buf *why)
{
    const struct operate_param_row *row = &operate_param_rows[at];

    if (str_to_i64(value, &self->number[at]) == ERR_OK &&
        self->number[at] >= operate_param_min(row) && self->number[at] <= row->max) {
        return true;
    }
    buf_printf(why, "%s must be a whole number from %lld to %lld, got %.*s", row->name,
               (long long)operate_param_min(row), (long long)row->max, STR_ARG(shown(value)));
    return false;
}

static bool read_choice(struct operate_args *self, enum operate_param at, struct str value,
                        struct buf *why)
{
    const struct operate_param_row *row = &operate_param_rows[at];

    self->number[at] = name_at(row->values, value);
    if (self->number[at] >= 0) {
        return true;
    }
    buf_printf(why, "%s must be one of %s, got %.*s", row->name, row->values,
               STR_ARG(shown(value)));
    return false;
}

static bool read_list(struct operate_args *self, enum operate_param at, struct str value,
                      struct buf *why)
{
    const struct operate_param_row *row = &operate_param_rows[at];
    struct str name;

    self->list[at] = 0;
    while (operate_next_name(&value, &name)) {
        int64_t which = name_at(row->values, name);

        if (which < 0) {
            buf_printf(why, "%s must be some of %s, separated by commas, got %.*s", row->name,
                       row->values, STR_ARG(shown(name)));
            return false;
        }
        self->list[at] |= UINT32_C(1) << which;
    }
    return true;
}

/* 90s, 15m, 2h, 1d: so long ago. */
static bool read_ago(struct str value, int64_t wall_ns, int64_t *when)
{
    static const struct {
        char unit;
        int64_t seconds;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
    static const int64_t seconds_max = 3000000000; /* in ns it is a number still */
    int64_t amount = 0;

    if (value.len < 2 || str_to_i64((struct str){value.data, value.len - 1}, &amount) != ERR_OK ||
        amount < 0) {
        return false;
    }
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (units[i].unit == value.data[value.len - 1] &&
            amount <= seconds_max / units[i].seconds) {
            *when = wall_ns - amount * units[i].seconds * 1000000000;
            return true;
        }
    }
    return false;
}

bool operate_time_read(struct str value, int64_t *when)
{
    char text[40] = {0};
    struct tm day = {0};
    const char *rest;
    int64_t seconds;
    int64_t ns = 0;
    int64_t part = 100000000;

    if (value.len >= sizeof(text)) {
        return false;
    }
    (void)str_put(&(char *){text}, value);
    rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &day);
    if (rest == NULL) {
        return false;
    }
    if (*rest == '.') {
        for (rest++; *rest >= '0' && *rest <= '9'; rest++) {
            ns += (*rest - '0') * part;
            part /= 10;
        }
    }
    seconds = (int64_t)timegm(&day);
    if (strcmp(rest, "Z") != 0) {
        rest = strptime(rest, "%z", &day);
        if (rest == NULL || *rest != '\0') {
            return false;
        }
        seconds -= day.tm_gmtoff;
    }
    if (seconds <= 0 || seconds > 4000000000) { /* in ns it would be no number */
        return false;
    }
    *when = seconds * 1000000000 + ns;
    return true;
}

static bool read_when(struct operate_args *self, enum operate_param at, struct str value,
                      int64_t wall_ns, struct buf *why)
{
    if (read_ago(value, wall_ns, &self->number[at]) ||
        operate_time_read(value, &self->number[at])) {
        return true;
    }
    buf_printf(why,
               "%s must be a time such as 2026-11-28T22:48:22Z, or how long ago: 90s, 15m, 2h, "
               "1d; got %.*s",
               operate_param_rows[at].name, STR_ARG(shown(value)));
    return false;
}

static bool read_text(enum operate_param at, struct str value, struct buf *why)
{
    const struct operate_param_row *row = &operate_param_rows[at];

    if (value.len <= (size_t)row->max) {
        return true;
    }
    buf_printf(why, "%s may have at most %lld bytes, got %zu", row->name, (long long)row->max,
               value.len);
    return false;
}

static bool read_one(struct operate_args *self, enum operate_param at, struct str value,
                     int64_t wall_ns, struct buf *why)
{
    self->text[at] = value;
    switch (operate_param_rows[at].kind) {
    case PARAM_NUMBER:
        return read_number(self, at, value, why);
    case PARAM_CHOICE:
        return read_choice(self, at, value, why);
    case PARAM_LIST:
        return read_list(self, at, value, why);
    case PARAM_WHEN:
        return read_when(self, at, value, wall_ns, why);
    case PARAM_TEXT:
        break;
    }
    return read_text(at, value, why);
}

static void set_defaults(struct operate_args *self)
{
    *self = (struct operate_args){0};
    for (unsigned i = 0; i < OPERATE_PARAM_COUNT; i++) {
        if (operate_param_rows[i].kind == PARAM_NUMBER) {
            (void)str_to_i64(str_from(operate_param_rows[i].values), &self->number[i]);
        }
        self->list[i] = UINT32_MAX;
    }
}

/* Who mistypes a name is told which there are. */
static void say_unknown(unsigned takes, struct str name, struct buf *why)
{
    const char *before = "";

    buf_printf(why, "%.*s is no parameter here; ", STR_ARG(shown(name)));
    buf_add_str(why, takes == 0 ? STR("none is taken") : STR("there are "));
    for (unsigned i = 0; i < OPERATE_PARAM_COUNT; i++) {
        if ((takes & (1U << i)) != 0) {
            buf_printf(why, "%s%s", before, operate_param_rows[i].name);
            before = ", ";
        }
    }
}

bool operate_args_read(struct operate_args *self, unsigned takes, const struct operate_pair *pairs,
                       size_t count, int64_t wall_ns, struct str *wrong, struct buf *why)
{
    set_defaults(self);
    for (size_t i = 0; i < count; i++) {
        unsigned at = 0;

        while (at < OPERATE_PARAM_COUNT &&
               !((takes & (1U << at)) != 0 &&
                 str_eq(str_from(operate_param_rows[at].name), pairs[i].name))) {
            at++;
        }
        *wrong = pairs[i].name;
        if (at == OPERATE_PARAM_COUNT) {
            say_unknown(takes, pairs[i].name, why);
            return false;
        }
        if (pairs[i].value.len > 0 &&
            !read_one(self, (enum operate_param)at, pairs[i].value, wall_ns, why)) {
            return false;
        }
    }
    return true;
}
