#include "common/config/table.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/distance.h"
#include "common/base/heap.h"

const struct config_key config_keys[config_key_count] = {
#define CONFIG_ROW(section, name, kind, default_text, min, max, help)                              \
    {#section,                                                                                     \
     #name,                                                                                        \
     config_kind_is_##kind,                                                                        \
     default_text,                                                                                 \
     min,                                                                                          \
     max,                                                                                          \
     help,                                                                                         \
     offsetof(struct config, section##_##name)},
    CONFIG_TABLE(CONFIG_ROW)
#undef CONFIG_ROW
};

struct unit {
    const char *name;
    int64_t factor;
};

/* Largest first: printing takes the first that divides. */
static const struct unit time_units[] = {{"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}};
static const struct unit size_units[] = {
    {"GiB", 1073741824}, {"MiB", 1048576}, {"KiB", 1024}, {"B", 1}};
enum {
    time_unit_count = sizeof(time_units) / sizeof(time_units[0]),
    size_unit_count = sizeof(size_units) / sizeof(size_units[0]),
};

/* ── names ── */

const struct config_key *config_key_find(struct str section, struct str name)
{
    for (size_t i = 0; i < config_key_count; i++) {
        if (str_eq(section, str_from(config_keys[i].section)) &&
            str_eq(name, str_from(config_keys[i].name))) {
            return &config_keys[i];
        }
    }
    return NULL;
}

const struct config_key *config_key_named(struct str full)
{
    const char *dot = full.len > 0 ? memchr(full.data, '.', full.len) : NULL;
    size_t at = dot != NULL ? (size_t)(dot - full.data) : 0;

    return dot == NULL ? NULL
                       : config_key_find((struct str){full.data, at},
                                         (struct str){dot + 1, full.len - at - 1});
}

void config_key_name(const struct config_key *key, struct buf *to)
{
    buf_printf(to, "%s.%s", key->section, key->name);
}

void config_key_environment(const struct config_key *key, struct buf *to)
{
    size_t from = to->len;

    buf_printf(to, "MUSTER_%s_%s", key->section, key->name);
    for (size_t i = from; i < to->len; i++) {
        to->data[i] = (char)toupper((unsigned char)to->data[i]);
    }
}

const struct config_key *config_key_nearest(struct str full)
{
    const struct config_key *nearest = NULL;
    size_t least = full.len < 9 ? 2 : full.len / 4;
    const char *dot = full.len > 0 ? memrchr(full.data, '.', full.len) : NULL;
    struct str last = full;

    if (full.len == 0 || full.len > distance_bytes_max) {
        return NULL;
    }
    if (dot != NULL) {
        last = (struct str){dot + 1, full.len - (size_t)(dot + 1 - full.data)};
    }
    for (size_t i = 0; i < config_key_count; i++) {
        struct buf name = {0};
        size_t away;

        config_key_name(&config_keys[i], &name);
        away = distance(full, buf_str(&name));
        /* the right key in the wrong section, or without one */
        if (away > 2 && str_eq(last, str_from(config_keys[i].name))) {
            away = 2;
        }
        if (away < least || (away == least && nearest == NULL)) {
            least = away;
            nearest = &config_keys[i];
        }
        buf_fini(&name);
    }
    return nearest;
}

/* ── printing ── */

void config_quote(struct str text, struct buf *to)
{
    buf_add_char(to, '"');
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.data[i];

        if (c == '"' || c == '\\') {
            buf_add_char(to, '\\');
            buf_add_char(to, (char)c);
        } else if (c < 0x20 || c == 0x7f) {
            buf_printf(to, "\\u%04x", c);
        } else {
            buf_add_char(to, (char)c);
        }
    }
    buf_add_char(to, '"');
}

static void print_time(int64_t ms, struct buf *to)
{
    size_t i = 0;

    while (ms == 0 ? i != 2 : ms % time_units[i].factor != 0) {
        i++;
    }
    buf_printf(to, "%lld%s", (long long)(ms / time_units[i].factor), time_units[i].name);
}

static void print_size(int64_t bytes, struct buf *to)
{
    size_t i = 0;

    while (bytes == 0 ? i != size_unit_count - 1 : bytes % size_units[i].factor != 0) {
        i++;
    }
    buf_printf(to, "%lld%s", (long long)(bytes / size_units[i].factor), size_units[i].name);
}

static const void *value_at(const struct config_key *key, const struct config *config)
{
    return (const char *)config + key->offset;
}

static void *value_of(const struct config_key *key, struct config *config)
{
    return (char *)config + key->offset;
}

static void print_list(const struct config_list *list, struct buf *to)
{
    buf_add_char(to, '[');
    for (uint32_t i = 0; i < list->count; i++) {
        buf_add_str(to, i > 0 ? STR(", ") : STR(""));
        config_quote(str_from(list->items[i]), to);
    }
    buf_add_char(to, ']');
}

void config_key_print(const struct config_key *key, const struct config *config, struct buf *to)
{
    const void *value = value_at(key, config);

    switch (key->kind) {
    case config_kind_is_text:
        config_quote(str_from(*(char *const *)value), to);
        break;
    case config_kind_is_list:
        print_list(value, to);
        break;
    case config_kind_is_duration:
        buf_add_char(to, '"');
        print_time(*(const int64_t *)value, to);
        buf_add_char(to, '"');
        break;
    case config_kind_is_size:
        buf_add_char(to, '"');
        print_size(*(const int64_t *)value, to);
        buf_add_char(to, '"');
        break;
    case config_kind_is_number:
        buf_add_i64(to, *(const int64_t *)value);
        break;
    case config_kind_is_share:
        buf_printf(to, "%g", *(const double *)value);
        break;
    case config_kind_is_flag:
        buf_add_str(to, *(const bool *)value ? STR("true") : STR("false"));
        break;
    }
}

void config_key_plain(const struct config_key *key, const struct config *config, struct buf *to)
{
    const void *value = value_at(key, config);
    const struct config_list *list = value;

    switch (key->kind) {
    case config_kind_is_text:
        buf_add_str(to, str_from(*(char *const *)value));
        break;
    case config_kind_is_list:
        for (uint32_t i = 0; i < list->count; i++) {
            buf_printf(to, "%s%s", i > 0 ? "," : "", list->items[i]);
        }
        break;
    case config_kind_is_duration:
        print_time(*(const int64_t *)value, to);
        break;
    case config_kind_is_size:
        print_size(*(const int64_t *)value, to);
        break;
    default:
        config_key_print(key, config, to);
        break;
    }
}

static void default_list(struct str text, struct buf *to)
{
    buf_add_char(to, '[');
    for (bool first = true; text.len > 0; first = false) {
        const char *comma = memchr(text.data, ',', text.len);
        size_t len = comma != NULL ? (size_t)(comma - text.data) : text.len;
        size_t skip = comma != NULL ? len + 1 : len;

        buf_add_str(to, first ? STR("") : STR(", "));
        config_quote((struct str){text.data, len}, to);
        text = (struct str){text.data + skip, text.len - skip};
    }
    buf_add_char(to, ']');
}

void config_key_default(const struct config_key *key, struct buf *to)
{
    switch (key->kind) {
    case config_kind_is_text:
    case config_kind_is_duration:
    case config_kind_is_size:
        config_quote(str_from(key->default_text), to);
        break;
    case config_kind_is_list:
        default_list(str_from(key->default_text), to);
        break;
    case config_kind_is_number:
    case config_kind_is_share:
    case config_kind_is_flag:
        buf_add_str(to, str_from(key->default_text));
        break;
    }
}

void config_key_range(const struct config_key *key, struct buf *to)
{
    switch (key->kind) {
    case config_kind_is_text:
    case config_kind_is_flag:
        break;
    case config_kind_is_list:
        buf_printf(to, "at most %lld items", (long long)key->max);
        break;
    case config_kind_is_duration:
        print_time(key->min, to);
        buf_add_str(to, STR(" to "));
        print_time(key->max, to);
        break;
    case config_kind_is_size:
        print_size(key->min, to);
        buf_add_str(to, STR(" to "));
        print_size(key->max, to);
        break;
    case config_kind_is_number:
        buf_printf(to, "%lld to %lld", (long long)key->min, (long long)key->max);
        break;
    case config_kind_is_share:
        buf_printf(to, "%g to %g", (double)key->min / 100, (double)key->max / 100);
        break;
    }
}

/* ── reading ── */

/* "1h30m": numbers, each with its unit; nothing is nothing in any unit. */
static enum err read_units(struct str text, const struct unit *units, size_t count, int64_t *value)
{
    int64_t sum = 0;

    if (text.len == 0) {
        return ERR_MALFORMED;
    }
    if (str_eq(text, STR("0"))) {
        *value = 0;
        return ERR_OK;
    }
    while (text.len > 0) {
        size_t digits = 0;
        size_t letters;
        size_t i = 0;
        int64_t number;
        int64_t part;

        while (digits < text.len && isdigit((unsigned char)text.data[digits])) {
            digits++;
        }
        letters = digits;
        while (letters < text.len && isalpha((unsigned char)text.data[letters])) {
            letters++;
        }
        if (str_to_i64((struct str){text.data, digits}, &number) != ERR_OK) {
            return ERR_MALFORMED;
        }
        while (i < count && !str_eq((struct str){text.data + digits, letters - digits},
                                    str_from(units[i].name))) {
            i++;
        }
        if (i == count) {
            return ERR_MALFORMED;
        }
        if (__builtin_mul_overflow(number, units[i].factor, &part) ||
            __builtin_add_overflow(sum, part, &sum)) {
            return ERR_TOO_LARGE;
        }
        text = (struct str){text.data + letters, text.len - letters};
    }
    *value = sum;
    return ERR_OK;
}

enum err config_duration_parse(struct str text, int64_t *ms)
{
    return read_units(text, time_units, time_unit_count, ms);
}

static void expected(const struct config_key *key, const char *what, struct buf *why)
{
    struct buf range = {0};

    config_key_range(key, &range);
    buf_printf(why, "expected %s, %.*s; the default is ", what, STR_ARG(buf_str(&range)));
    config_key_default(key, why);
    buf_fini(&range);
}

static enum err set_int(const struct config_key *key, int64_t *to, struct str text, struct buf *why)
{
    int64_t value = 0;
    enum err err;

    switch (key->kind) {
    case config_kind_is_duration:
        err = config_duration_parse(text, &value);
        break;
    case config_kind_is_size:
        err = read_units(text, size_units, size_unit_count, &value);
        break;
    default:
        err = str_to_i64(text, &value);
        break;
    }
    if (err == ERR_OK && value >= key->min && value <= key->max) {
        *to = value;
        return ERR_OK;
    }
    expected(key,
             key->kind == config_kind_is_duration ? "a duration with its unit (ms, s, m, h)"
             : key->kind == config_kind_is_size   ? "a size with its unit (KiB, MiB, GiB)"
                                                  : "a whole number",
             why);
    return ERR_INVALID;
}

static enum err set_share(const struct config_key *key, double *to, struct str text,
                          struct buf *why)
{
    char copy[32];
    char *end = copy;
    double value = -1;

    /* strtod alone would take "inf", " 1" and "0x1" */
    if (text.len > 0 && text.len < sizeof(copy) &&
        (isdigit((unsigned char)text.data[0]) || text.data[0] == '.')) {
        memcpy(copy, text.data, text.len);
        copy[text.len] = '\0';
        value = strtod(copy, &end);
    }
    if (end == copy || *end != '\0' || !isfinite(value) || value * 100 < (double)key->min ||
        value * 100 > (double)key->max) {
        expected(key, "a share", why);
        return ERR_INVALID;
    }
    *to = value;
    return ERR_OK;
}

/* The words after "one of: " in the key's help, which also is where people read them. */
static bool one_of(const struct config_key *key, struct str text, struct str *words)
{
    const char *at = strstr(key->help, "one of: ");
    bool found = false;

    if (at == NULL) {
        return true;
    }
    at += strlen("one of: ");
    *words = (struct str){at, strcspn(at, ";")};
    for (struct str rest = *words; rest.len > 0;) {
        const char *comma = memchr(rest.data, ',', rest.len);
        size_t len = comma != NULL ? (size_t)(comma - rest.data) : rest.len;
        size_t skip = comma != NULL ? len + 2 : len; /* ", " */

        found = found || str_eq(text, (struct str){rest.data, len});
        rest = (struct str){rest.data + skip, rest.len - skip};
    }
    return found;
}

static bool printable(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if ((unsigned char)text.data[i] < 0x20 || text.data[i] == 0x7f) {
            return false;
        }
    }
    return true;
}

static enum err set_text(const struct config_key *key, char **to, struct str text, struct buf *why)
{
    struct str words = {0};

    if ((int64_t)text.len < key->min || (int64_t)text.len > key->max) {
        buf_printf(why, "expected %lld to %lld characters, these are %zu; the default is ",
                   (long long)key->min, (long long)key->max, text.len);
    } else if (!printable(text)) {
        buf_printf(why, "expected text without control characters; the default is ");
    } else if (!one_of(key, text, &words)) {
        buf_printf(why, "expected one of: %.*s; the default is ", STR_ARG(words));
    } else {
        free(*to);
        *to = heap_text(text);
        return ERR_OK;
    }
    config_key_default(key, why);
    return ERR_INVALID;
}

static enum err set_list(const struct config_key *key, struct config *config,
                         const struct str *items, size_t count, struct buf *why)
{
    struct config_list *to = value_of(key, config);

    if ((int64_t)count > key->max) {
        buf_printf(why, "expected at most %lld items, these are %zu; leave some out",
                   (long long)key->max, count);
        return ERR_INVALID;
    }
    for (size_t i = 0; i < count; i++) {
        if (items[i].len == 0 || items[i].len > 512 || !printable(items[i])) {
            buf_printf(why,
                       "expected items of 1 to 512 characters without control characters, item "
                       "%zu is not one; each is a %s",
                       i + 1, key->help);
            return ERR_INVALID;
        }
    }
    config_key_free(key, config);
    to->items = heap_array(count + 1, sizeof(*to->items));
    for (size_t i = 0; i < count; i++) {
        to->items[i] = heap_text(items[i]);
    }
    to->count = (uint32_t)count;
    return ERR_OK;
}

enum err config_key_set(const struct config_key *key, struct config *config,
                        const struct str *items, size_t count, struct buf *why)
{
    void *value = value_of(key, config);

    assert(key->kind == config_kind_is_list || count == 1);
    switch (key->kind) {
    case config_kind_is_text:
        return set_text(key, value, items[0], why);
    case config_kind_is_list:
        return set_list(key, config, items, count, why);
    case config_kind_is_duration:
    case config_kind_is_size:
    case config_kind_is_number:
        return set_int(key, value, items[0], why);
    case config_kind_is_share:
        return set_share(key, value, items[0], why);
    case config_kind_is_flag:
        if (!str_eq(items[0], STR("true")) && !str_eq(items[0], STR("false"))) {
            buf_printf(why, "expected true or false; the default is %s", key->default_text);
            return ERR_INVALID;
        }
        *(bool *)value = str_eq(items[0], STR("true"));
        return ERR_OK;
    }
    return ERR_INVALID;
}

static struct str trim(struct str text)
{
    while (text.len > 0 && isspace((unsigned char)text.data[0])) {
        text.data++;
        text.len--;
    }
    while (text.len > 0 && isspace((unsigned char)text.data[text.len - 1])) {
        text.len--;
    }
    return text;
}

enum err config_key_set_text(const struct config_key *key, struct config *config, struct str text,
                             struct buf *why)
{
    struct str *items;
    size_t count = 0;
    enum err err;

    if (key->kind != config_kind_is_list) {
        return config_key_set(key, config, &text, 1, why);
    }
    items = heap_array(text.len + 1, sizeof(*items));
    while (text.len > 0) {
        const char *comma = memchr(text.data, ',', text.len);
        size_t len = comma != NULL ? (size_t)(comma - text.data) : text.len;
        size_t skip = comma != NULL ? len + 1 : len;
        struct str item = trim((struct str){text.data, len});

        if (item.len > 0) {
            items[count++] = item;
        }
        text = (struct str){text.data + skip, text.len - skip};
    }
    err = config_key_set(key, config, items, count, why);
    free(items);
    return err;
}

void config_key_free(const struct config_key *key, struct config *config)
{
    void *value = value_of(key, config);

    if (key->kind == config_kind_is_text) {
        char **text = value;

        free(*text);
        *text = NULL;
    } else if (key->kind == config_kind_is_list) {
        struct config_list *list = value;

        for (uint32_t i = 0; i < list->count; i++) {
            free(list->items[i]);
        }
        free(list->items);
        *list = (struct config_list){0};
    }
}
