#include "gateway/discovery/params.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/array.h"
#include "common/base/percent.h"
#include "common/base/scanner.h"

void params_fini(struct params *self)
{
    free(self->items);
    buf_fini(&self->store);
    *self = (struct params){0};
}

void params_clear(struct params *self)
{
    self->count = 0;
    self->store.len = 0;
}

/* Room in the store for more bytes; what already borrows from it moves along. */
static void store_reserve(struct params *self, size_t more)
{
    struct buf old = self->store;
    struct buf grown = {0};

    if (old.len + more <= old.cap) {
        return;
    }
    buf_reserve(&grown, 2 * old.len + more);
    buf_add(&grown, old.data, old.len);
    for (size_t i = 0; i < self->count; i++) {
        struct str *both[] = {&self->items[i].name, &self->items[i].value};

        for (size_t j = 0; j < 2; j++) {
            if (old.len > 0 && both[j]->data >= old.data && both[j]->data < old.data + old.len) {
                both[j]->data = grown.data + (both[j]->data - old.data);
            }
        }
    }
    buf_fini(&old);
    self->store = grown;
}

static enum err add(struct params *self, struct param param, size_t max)
{
    if (self->count >= max) {
        return ERR_TOO_LARGE;
    }
    ARRAY_ROOM(self->items, self->count, self->cap, 16);
    self->items[self->count++] = param;
    return ERR_OK;
}

/* Text without escapes is borrowed as it stands; the store has room for the rest. */
static bool decode(struct params *self, struct str text, struct str *out)
{
    size_t from = self->store.len;

    if (memchr(text.data, '%', text.len) == NULL && memchr(text.data, '+', text.len) == NULL) {
        *out = text;
        return true;
    }
    if (!percent_decode(&self->store, text, true)) {
        return false;
    }
    *out = (struct str){self->store.data + from, self->store.len - from};
    return true;
}

static enum err add_pair(struct params *self, struct str pair, size_t max)
{
    struct param param = {.name = pair};
    const char *equals = memchr(pair.data, '=', pair.len);

    if (memchr(pair.data, ';', pair.len) != NULL) {
        return ERR_OK;
    }
    if (equals != NULL) {
        param.name.len = (size_t)(equals - pair.data);
        param.value = (struct str){equals + 1, pair.len - param.name.len - 1};
    } else {
        param.value = (struct str){pair.data + pair.len, 0};
    }
    store_reserve(self, pair.len); /* so that decoding the value does not move the name */
    if (!decode(self, param.name, &param.name) || !decode(self, param.value, &param.value)) {
        return ERR_OK;
    }
    return add(self, param, max);
}

enum err params_add_form(struct params *self, struct str form, size_t max)
{
    while (form.len > 0) {
        const char *amp = memchr(form.data, '&', form.len);
        size_t len = amp != NULL ? (size_t)(amp - form.data) : form.len;
        size_t skip = amp != NULL ? len + 1 : len;

        if (len > 0) {
            enum err err = add_pair(self, (struct str){form.data, len}, max);

            if (err != ERR_OK) {
                return err;
            }
        }
        form.data += skip;
        form.len -= skip;
    }
    return ERR_OK;
}

static struct str unquoted(struct params *self, struct str raw)
{
    size_t from = self->store.len;

    store_reserve(self, 3 * raw.len);
    json_unquote(&self->store, raw);
    return (struct str){self->store.data + from, self->store.len - from};
}

static enum err add_json(struct params *self, struct str name, const struct json_value *value,
                         size_t max)
{
    struct param param = {.name = name,
                          .value = value->raw,
                          .nested = value->kind == SCAN_OBJECT || value->kind == SCAN_ARRAY};

    if (value->kind == SCAN_NULL) {
        return ERR_OK;
    }
    if (value->kind == SCAN_STRING) {
        enum err err = add(self, param, max);

        /* The name is in the list before the store grows, so that it moves along. */
        if (err == ERR_OK) {
            struct str text = unquoted(self, value->raw);

            self->items[self->count - 1].value = text;
            self->items[self->count - 1].quoted = true;
        }
        return err;
    }
    return add(self, param, max);
}

static enum err add_member(struct params *self, struct str raw_name, const struct json_value *value,
                           size_t max)
{
    struct str name = unquoted(self, raw_name);
    size_t name_at = (size_t)(name.data - self->store.data);
    struct scanner items = {.text = value->raw};
    struct json_value item;
    enum err err = ERR_OK;

    for (size_t i = 0; i < name.len; i++) {
        char c = name.data[i];

        self->store.data[name_at + i] = c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
    }
    if (value->kind != SCAN_ARRAY) {
        return add_json(self, name, value, max);
    }
    while (err == ERR_OK && scanner_item(&items, &item)) {
        name.data = self->store.data + name_at;
        err = add_json(self, name, &item, max);
    }
    return err;
}

enum err params_add_json(struct params *self, struct str json, size_t max, struct buf *why)
{
    struct scanner text = {.text = json};
    struct scanner members;
    struct json_value value;
    struct str name;
    enum err err = scanner_value(&text, &value);

    if (err != ERR_OK) {
        buf_printf(why, "the JSON body can't be read: ");
        scanner_explain(&text, why);
        return err;
    }
    if (value.kind != SCAN_OBJECT) {
        buf_printf(why, "the JSON body must be an object, got %s", json_kind_text(value.kind));
        return ERR_MALFORMED;
    }
    members = (struct scanner){.text = value.raw};
    while (err == ERR_OK && scanner_member(&members, &name, &value)) {
        err = add_member(self, name, &value, max);
    }
    return err;
}

const struct param *params_find(const struct params *self, struct str name)
{
    for (size_t i = 0; i < self->count; i++) {
        if (self->items[i].value.len > 0 && str_eq(self->items[i].name, name)) {
            return &self->items[i];
        }
    }
    return NULL;
}

struct str params_get(const struct params *self, struct str name)
{
    const struct param *found = params_find(self, name);

    return found != NULL ? found->value : (struct str){0};
}

bool params_has(const struct params *self, struct str name)
{
    for (size_t i = 0; i < self->count; i++) {
        if (str_eq(self->items[i].name, name)) {
            return true;
        }
    }
    return false;
}

bool params_each(const struct params *self, struct str name, size_t *at, struct str *value)
{
    while (*at < self->count) {
        const struct param *item = &self->items[(*at)++];

        if (item->value.len > 0 && str_eq(item->name, name)) {
            *value = item->value;
            return true;
        }
    }
    return false;
}

const struct param *params_nested(const struct params *self, struct str name)
{
    for (size_t i = 0; i < self->count; i++) {
        if (self->items[i].nested && str_eq(self->items[i].name, name)) {
            return &self->items[i];
        }
    }
    return NULL;
}

size_t params_count(const struct params *self, struct str name)
{
    size_t at = 0;
    size_t count = 0;
    struct str value;

    while (params_each(self, name, &at, &value)) {
        count++;
    }
    return count;
}
