#include "common/naming/instance.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/heap.h"

const struct str node_appid = {"infra.discovery", 15};

/* The bytes a hash is taken over: on the stack while they are few, as they nearly always are. */
struct canon {
    char *at;
    size_t len;
    size_t cap;
    char local[1024];
};

static void canon_init(struct canon *self)
{
    self->at = self->local;
    self->len = 0;
    self->cap = sizeof(self->local);
}

static void canon_fini(struct canon *self)
{
    if (self->at != self->local) {
        free(self->at);
    }
}

static char *canon_reserve(struct canon *self, size_t more)
{
    if (more > self->cap - self->len) {
        size_t cap = (self->len + more) * 2;
        char *grown = heap_get(cap);

        memcpy(grown, self->at, self->len);
        canon_fini(self);
        self->at = grown;
        self->cap = cap;
    }
    return self->at + self->len;
}

static void canon_number(struct canon *self, uint64_t value, size_t bytes)
{
    char *to = canon_reserve(self, bytes);

    for (size_t i = 0; i < bytes; i++) {
        to[i] = (char)(value >> (8 * (bytes - 1 - i)));
    }
    self->len += bytes;
}

/* The length goes first, so that ("a", "bc") and ("ab", "c") differ. */
static void canon_str(struct canon *self, struct str s)
{
    canon_number(self, s.len, 4);
    if (s.len > 0) {
        memcpy(canon_reserve(self, s.len), s.data, s.len);
        self->len += s.len;
    }
}

/* Item by item: msgpack has several encodings of one string. */
static void canon_strs(struct canon *self, struct strs list)
{
    struct str rest = list.bytes;
    struct str item;

    canon_number(self, list.count, 4);
    while (strs_next(&rest, &item)) {
        canon_str(self, item);
    }
}

static void canon_identity(struct canon *self, const struct identity *id)
{
    canon_str(self, id->env);
    canon_str(self, id->appid);
    canon_str(self, id->zone);
    canon_str(self, id->hostname);
}

struct hash128 identity_key(const struct identity *id)
{
    struct canon canon;
    struct hash128 key;

    canon_init(&canon);
    canon_identity(&canon, id);
    key = hash128(canon.at, canon.len);
    canon_fini(&canon);
    return key;
}

bool identity_eq(const struct identity *a, const struct identity *b)
{
    return str_eq(a->hostname, b->hostname) && str_eq(a->appid, b->appid) &&
           str_eq(a->zone, b->zone) && str_eq(a->env, b->env);
}

bool identity_is_schedule(const struct identity *id)
{
    return id->zone.len == 0 && id->hostname.len == 0;
}

uint64_t instance_hash(const struct instance *instance)
{
    struct canon canon;
    uint64_t hash;

    canon_init(&canon);
    canon_identity(&canon, &instance->id);
    canon_str(&canon, instance->region);
    canon_str(&canon, instance->version);
    canon_strs(&canon, instance->addrs);
    canon_number(&canon, instance->metadata_null && instance->metadata.count == 0, 1);
    canon_strs(&canon, instance->metadata);
    canon_number(&canon, instance->status, 4);
    canon_number(&canon, (uint64_t)instance->reg_timestamp, 8);
    canon_number(&canon, (uint64_t)instance->up_timestamp, 8);
    canon_number(&canon, (uint64_t)instance->dirty_timestamp, 8);
    hash = hash64(canon.at, canon.len);
    canon_fini(&canon);
    return hash;
}
