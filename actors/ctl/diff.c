#include "actors/ctl/diff.h"

#include <stdlib.h>
#include <string.h>

enum { depth_max = 4 };

struct diff {
    struct buf *to;
    size_t count;
};

/* Moves of themselves, whatever happens. */
static bool passed_over(const char *name, int depth)
{
    static const char *const names[] = {
        "epoch",           "boot",          "seq",          "renew_timestamp",
        "dirty_timestamp", "reg_timestamp", "up_timestamp", "latest_timestamp",
        "next_round_ms",   "left_ms",       "digest",       "env",
        "appid",           "zone",          "hostname",     "kind",
        "unknown",
    };

    for (size_t i = 0; depth == 0 && i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(name, names[i]) == 0) {
            return true;
        }
    }
    return strcmp(name, "digest") == 0;
}

/* Of an instance 1 and 2, of a node in a list 0 and 1. */
static struct str status_text(const char *path, json_int_t status)
{
    bool of_node = strchr(path, '.') != NULL;

    return status == (of_node ? 0 : 1) ? STR("up") : of_node ? STR("lost") : STR("waiting");
}

static void value(struct buf *to, const char *path, const char *name, const json_t *of)
{
    char *text = NULL;
    struct str shown;

    if (of == NULL || json_is_null(of)) {
        buf_add_char(to, '-');
        return;
    }
    if (strcmp(name, "status") == 0 && json_is_integer(of)) {
        buf_add_str(to, status_text(path, json_integer_value(of)));
        return;
    }
    if (json_is_string(of)) {
        shown = (struct str){json_string_value(of), json_string_length(of)};
    } else {
        text = json_dumps(of, JSON_COMPACT | JSON_ENCODE_ANY | JSON_SORT_KEYS);
        shown = str_from(text);
    }
    if (shown.len > diff_value_bytes_max) {
        size_t len = diff_value_bytes_max;

        while (len > 0 && ((unsigned char)shown.data[len] & 0xc0) == 0x80) {
            len--;
        }
        buf_add(to, shown.data, len);
        buf_add_str(to, STR("…"));
    } else {
        buf_add_str(to, shown.len > 0 ? shown : STR("\"\""));
    }
    free(text);
}

static bool empty(const json_t *of)
{
    return of == NULL || json_is_null(of) || (json_is_string(of) && json_string_length(of) == 0) ||
           (json_is_array(of) && json_array_size(of) == 0) ||
           (json_is_object(of) && json_object_size(of) == 0);
}

/* known: whether before is; else only what there is is told. */
static void leaf(struct diff *self, const char *path, const char *name, bool known,
                 const json_t *before, const json_t *after)
{
    if (known ? json_equal(before, after) || (empty(before) && empty(after)) : empty(after)) {
        return;
    }
    if (++self->count > diff_members_max) {
        return;
    }
    buf_printf(self->to, "%s%s%s", self->count > 1 ? ", " : "", path, path[0] != '\0' ? " " : "");
    if (known) {
        value(self->to, path, name, before);
        buf_add_str(self->to, STR(" → "));
    }
    value(self->to, path, name, after);
}

static const json_t *told_by(const json_t *item)
{
    static const char *const names[] = {"addr", "name", "hostname"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const json_t *told = json_object_get(item, names[i]);

        if (json_is_string(told) && json_string_length(told) > 0) {
            return told;
        }
    }
    return NULL;
}

/* An array whose members say who they are, as an object of them; NULL: it is none. Owned by the
 * caller. */
static json_t *by_name(const json_t *array)
{
    json_t *object = json_is_array(array) && json_array_size(array) > 0 ? json_object() : NULL;
    json_t *item;
    size_t i;

    if (object == NULL) {
        return NULL;
    }
    json_array_foreach(array, i, item)
    {
        const json_t *told = told_by(item);

        if (told == NULL || json_object_set(object, json_string_value(told), item) != 0) {
            json_decref(object);
            return NULL;
        }
    }
    return object;
}

static void members(struct diff *self, const char *path, bool known, const json_t *before,
                    const json_t *after, int depth);

static void one(struct diff *self, const char *path, const char *name, bool known,
                const json_t *before, const json_t *after, int depth)
{
    json_t *old_list = by_name(before);
    json_t *new_list = by_name(after);
    const json_t *old_object = old_list != NULL ? old_list : before;
    const json_t *new_object = new_list != NULL ? new_list : after;

    if (depth < depth_max && (json_is_object(old_object) || json_is_object(new_object)) &&
        (old_object == NULL || json_is_object(old_object) || empty(old_object)) &&
        (new_object == NULL || json_is_object(new_object) || empty(new_object))) {
        members(self, path, known, old_object, new_object, depth + 1);
    } else {
        leaf(self, path, name, known, before, after);
    }
    json_decref(old_list);
    json_decref(new_list);
}

static void members(struct diff *self, const char *path, bool known, const json_t *before,
                    const json_t *after, int depth)
{
    const char *name;
    json_t *member;

    json_object_foreach((json_t *)(uintptr_t)after, name, member)
    {
        struct buf inner = {0};

        if (!passed_over(name, depth)) {
            buf_printf(&inner, "%s%s%s%c", path, path[0] != '\0' ? "." : "", name, 0);
            one(self, inner.data, name, known, json_object_get(before, name), member, depth);
        }
        buf_fini(&inner);
    }
    json_object_foreach((json_t *)(uintptr_t)before, name, member)
    {
        struct buf inner = {0};

        if (known && !passed_over(name, depth) && json_object_get(after, name) == NULL) {
            buf_printf(&inner, "%s%s%s%c", path, path[0] != '\0' ? "." : "", name, 0);
            one(self, inner.data, name, known, member, NULL, depth);
        }
        buf_fini(&inner);
    }
}

void diff_print(const json_t *before, const json_t *after, struct buf *to)
{
    struct diff diff = {.to = to};

    if (after == NULL || json_is_null(after)) {
        buf_add_str(to, STR("gone"));
        if (before != NULL) {
            buf_add_str(to, STR("; was "));
            one(&diff, "", "", false, NULL, before, -1);
        }
    } else {
        one(&diff, "", "", before != NULL, before, after, -1);
        if (diff.count == 0) {
            buf_add_str(to, STR("no difference"));
        }
    }
    if (diff.count > diff_members_max) {
        buf_add_str(to, STR(", …"));
    }
}
