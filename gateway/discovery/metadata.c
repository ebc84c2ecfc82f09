#include "gateway/discovery/metadata.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/array.h"
#include "common/base/scanner.h"
#include "common/naming/limits.h"

struct entry {
    struct str key;   /* borrows from texts */
    struct str value; /* borrows from texts */
    size_t position;  /* in the text: of equal keys the last one wins */
};

struct map {
    struct entry *items;
    size_t count;
    size_t cap;
    struct buf texts; /* decoded keys and values; reserved once, so that it never moves */
};

static int by_key(const void *a, const void *b)
{
    const struct entry *left = a;
    const struct entry *right = b;
    int order = str_cmp(left->key, right->key);

    return order != 0 ? order : left->position < right->position ? -1 : 1;
}

static struct str decode(struct map *self, struct str raw)
{
    size_t from = self->texts.len;

    json_unquote(&self->texts, raw);
    return (struct str){self->texts.data + from, self->texts.len - from};
}

static enum err add(struct map *self, struct str name, const struct json_value *value,
                    struct buf *why)
{
    struct entry entry = {.key = decode(self, name), .position = self->count};
    bool scalar =
        value->kind == SCAN_NUMBER || value->kind == SCAN_TRUE || value->kind == SCAN_FALSE;

    if (value->kind == SCAN_STRING) {
        entry.value = decode(self, value->raw);
    } else if (scalar) {
        entry.value = value->raw;
    } else if (value->kind != SCAN_NULL) {
        struct str key = {entry.key.data, entry.key.len > 64 ? 64 : entry.key.len};

        buf_printf(why, "must hold strings, numbers and booleans: %.*s is %s", STR_ARG(key),
                   json_kind_text(value->kind));
        return ERR_INVALID;
    }
    ARRAY_ROOM(self->items, self->count, self->cap, 16);
    self->items[self->count++] = entry;
    return ERR_OK;
}

static enum err pack(struct map *self, struct buf *store, struct strs *out, struct buf *why)
{
    size_t from = store->len;
    size_t bytes = 0;
    uint32_t keys = 0;

    buf_reserve(store, 1); /* an empty map has a place too */
    if (self->count > 0) {
        qsort(self->items, self->count, sizeof(self->items[0]), by_key);
    }
    for (size_t i = 0; i < self->count; i++) {
        const struct entry *entry = &self->items[i];

        if (i + 1 < self->count && str_eq(entry->key, entry[1].key)) {
            continue;
        }
        strs_pack(store, entry->key);
        strs_pack(store, entry->value);
        bytes += entry->key.len + entry->value.len;
        keys++;
    }
    if (keys > limit_metadata_keys || bytes > limit_metadata_bytes) {
        buf_printf(why, "may have at most %d keys and %d bytes, got %u and %zu",
                   limit_metadata_keys, limit_metadata_bytes, (unsigned)keys, bytes);
        store->len = from;
        return ERR_INVALID;
    }
    *out = (struct strs){keys, {store->data + from, store->len - from}};
    return ERR_OK;
}

static enum err read_object(struct str json, struct buf *store, struct strs *out, struct buf *why)
{
    struct scanner members = {.text = json};
    struct map map = {0};
    struct json_value value;
    struct str name;
    enum err err = ERR_OK;

    buf_reserve(&map.texts, 3 * json.len); /* json_unquote's worst case */
    while (err == ERR_OK && scanner_member(&members, &name, &value)) {
        err = add(&map, name, &value, why);
    }
    if (err == ERR_OK) {
        err = pack(&map, store, out, why);
    }
    free(map.items);
    buf_fini(&map.texts);
    return err;
}

/* What clients write whose language knows no empty object: [] or "". */
static bool is_empty(const struct json_value *value)
{
    struct scanner items = {.text = value->raw};
    struct json_value item;

    return value->kind == SCAN_ARRAY    ? !scanner_item(&items, &item)
           : value->kind == SCAN_STRING ? value->raw.len == strlen("\"\"")
                                        : value->kind == SCAN_NULL;
}

bool metadata_is_null(struct str json)
{
    struct scanner text = {.text = json};
    struct json_value value;

    return scanner_value(&text, &value) == ERR_OK && value.kind == SCAN_NULL;
}

enum err metadata_parse(struct str json, struct buf *store, struct strs *out, bool *is_null,
                        struct buf *why)
{
    struct scanner text = {.text = json};
    struct json_value value;

    if (json.len == 0) {
        *out = (struct strs){0};
        *is_null = true;
        return ERR_OK;
    }
    if (scanner_value(&text, &value) != ERR_OK) {
        buf_printf(why, "is not JSON: ");
        scanner_explain(&text, why);
        return ERR_INVALID;
    }
    if (text.at < json.len) {
        buf_printf(why, "is not JSON: position %zu: something follows the object", text.at + 1);
        return ERR_INVALID;
    }
    if (value.kind == SCAN_OBJECT) {
        *is_null = false;
        return read_object(value.raw, store, out, why);
    }
    if (!is_empty(&value)) {
        buf_printf(why, "must be a JSON object of strings, got %s", json_kind_text(value.kind));
        return ERR_INVALID;
    }
    *out = (struct strs){0};
    *is_null = true;
    return ERR_OK;
}
