#include "common/naming/metadata.h"

#include <stdlib.h>

struct pair {
    struct str key;
    struct str value;
    uint32_t at; /* position it came at: of equal keys the last wins */
};

static bool pair_next(struct str *rest, struct pair *pair)
{
    return strs_next(rest, &pair->key) && strs_next(rest, &pair->value);
}

static bool in_order(struct strs map)
{
    struct str rest = map.bytes;
    struct pair pair;
    struct str last = {NULL, 0};

    for (uint32_t i = 0; pair_next(&rest, &pair); i++) {
        if (i > 0 && str_cmp(last, pair.key) >= 0) {
            return false;
        }
        last = pair.key;
    }
    return true;
}

static int by_key(const void *a, const void *b)
{
    const struct pair *x = a;
    const struct pair *y = b;
    int order = str_cmp(x->key, y->key);

    return order != 0 ? order : (x->at > y->at) - (x->at < y->at);
}

/* Bytes of keys and values, as a gateway counts them; not those of their encoding. */
static enum err within_limits(struct strs map)
{
    struct str rest = map.bytes;
    struct str item;
    size_t bytes = 0;

    if (map.count > limit_metadata_keys || map.bytes.len > metadata_packed_max) {
        return ERR_TOO_LARGE;
    }
    while (strs_next(&rest, &item)) {
        bytes += item.len;
    }
    return bytes > limit_metadata_bytes ? ERR_TOO_LARGE : ERR_OK;
}

size_t metadata_room(struct strs a, struct strs b)
{
    /* repacking never makes an item longer: strs_pack writes the shortest form */
    return a.bytes.len + b.bytes.len;
}

enum err metadata_normalise(struct strs in, struct buf *store, struct strs *out)
{
    struct pair pairs[limit_metadata_keys];
    struct str rest = in.bytes;
    size_t begin = store->len;
    uint32_t count = 0;
    enum err err = within_limits(in);

    if (err != ERR_OK) {
        return err;
    }
    if (in_order(in)) {
        *out = in;
        return ERR_OK;
    }
    while (count < in.count && pair_next(&rest, &pairs[count])) {
        pairs[count].at = count;
        count++;
    }
    qsort(pairs, count, sizeof(pairs[0]), by_key);
    (void)buf_reserve(store, in.bytes.len);
    out->count = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (i + 1 < count && str_eq(pairs[i].key, pairs[i + 1].key)) {
            continue;
        }
        strs_pack(store, pairs[i].key);
        strs_pack(store, pairs[i].value);
        out->count++;
    }
    out->bytes = (struct str){store->data + begin, store->len - begin};
    return ERR_OK;
}

enum err metadata_merge(struct strs base, struct strs over, struct buf *store, struct strs *out)
{
    struct str rest[2] = {base.bytes, over.bytes};
    struct pair pair[2];
    bool more[2] = {pair_next(&rest[0], &pair[0]), pair_next(&rest[1], &pair[1])};
    size_t begin = store->len;

    (void)buf_reserve(store, metadata_room(base, over));
    out->count = 0;
    while (more[0] || more[1]) {
        int order = !more[0] ? 1 : !more[1] ? -1 : str_cmp(pair[0].key, pair[1].key);
        unsigned take = order < 0 ? 0 : 1;

        strs_pack(store, pair[take].key);
        strs_pack(store, pair[take].value);
        out->count++;
        if (order == 0) {
            more[0] = pair_next(&rest[0], &pair[0]);
        }
        more[take] = pair_next(&rest[take], &pair[take]);
    }
    out->bytes = (struct str){store->data + begin, store->len - begin};
    return within_limits(*out);
}
