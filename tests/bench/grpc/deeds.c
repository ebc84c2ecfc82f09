#include "tests/bench/grpc/deeds.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/etcdapi/kv.pb-c.h"
#include "common/etcdapi/lease.pb-c.h"

static const int64_t second_ns = 1000000000;

void keys_init(struct keys *self, uint64_t count, size_t value_bytes)
{
    *self = (struct keys){.prefix = "",
                          .count = count,
                          .width = 8,
                          .value_bytes = value_bytes,
                          .value = calloc(1, value_bytes)};
    need(self->value != NULL, "memory");
}

size_t keys_name(const struct keys *self, uint64_t number, char to[key_max])
{
    int len =
        snprintf(to, key_max, "%s%0*" PRIu64, self->prefix, self->width, number % self->count);

    need(len > 0 && len < key_max, "key");
    return (size_t)len;
}

static void ask_put(void *owner, uint64_t number, struct call *call)
{
    struct keys *self = owner;
    Etcdserverpb__PutRequest put = ETCDSERVERPB__PUT_REQUEST__INIT;
    int64_t now = now_ns();
    char key[key_max];

    if (self->stamps) {
        memcpy(self->value, &now, sizeof(now));
    }
    put.key = (ProtobufCBinaryData){keys_name(self, number, key), (uint8_t *)key};
    put.value = (ProtobufCBinaryData){self->value_bytes, self->value};
    put.lease = self->leases ? (int64_t)number + 1 : 0;
    call_add(call, &put.base);
}

/* Whatever a put or a range answers, its header comes first and names a revision. */
static bool has_revision(struct str message)
{
    struct field field;
    struct str header;

    if (!field_next(&message, &field) || field.number != 1) {
        return false;
    }
    header = field.bytes;
    while (field_next(&header, &field)) {
        if (field.number == 3) {
            return field.value > 1;
        }
    }
    return false;
}

static bool is_put(void *owner, uint64_t number, struct str message)
{
    (void)owner;
    (void)number;
    return has_revision(message);
}

struct deed puts_of(struct keys *keys)
{
    return (struct deed){"/etcdserverpb.KV/Put", ask_put, is_put, keys};
}

static void ask_range(void *owner, uint64_t number, struct call *call)
{
    struct keys *self = owner;
    Etcdserverpb__RangeRequest range = ETCDSERVERPB__RANGE_REQUEST__INIT;
    char key[key_max];

    range.key = (ProtobufCBinaryData){keys_name(self, number, key), (uint8_t *)key};
    call_add(call, &range.base);
}

static bool is_range(void *owner, uint64_t number, struct str message)
{
    struct keys *self = owner;
    struct str rest = message;
    struct field field;
    char key[key_max];
    struct str wanted = {key, keys_name(self, number, key)};

    while (field_next(&rest, &field)) {
        if (field.number == 2) {
            struct str kv = field.bytes;

            return field_next(&kv, &field) && field.number == 1 && str_eq(field.bytes, wanted) &&
                   has_revision(message);
        }
    }
    return false;
}

struct deed ranges_of(struct keys *keys)
{
    return (struct deed){"/etcdserverpb.KV/Range", ask_range, is_range, keys};
}

static void ask_grant(void *owner, uint64_t number, struct call *call)
{
    struct grants *self = owner;
    Etcdserverpb__LeaseGrantRequest grant = ETCDSERVERPB__LEASE_GRANT_REQUEST__INIT;

    self->asked_ns[number] = now_ns();
    self->ttl_s[number] = (self->end_ns - self->asked_ns[number] + second_ns - 1) / second_ns;
    need(self->ttl_s[number] > 0, "leases are not granted in time");
    grant.id = (int64_t)number + 1;
    grant.ttl = self->ttl_s[number];
    call_add(call, &grant.base);
}

static bool is_grant(void *owner, uint64_t number, struct str message)
{
    struct grants *self = owner;
    struct field field;
    bool id = false;
    bool ttl = false;
    int64_t ends_ns = self->ttl_s[number] * second_ns;

    while (field_next(&message, &field)) {
        id = id || (field.number == 2 && field.value == number + 1);
        ttl = ttl || (field.number == 3 && field.value == (uint64_t)self->ttl_s[number]);
    }
    if (self->earliest_ns == 0 || self->asked_ns[number] + ends_ns < self->earliest_ns) {
        self->earliest_ns = self->asked_ns[number] + ends_ns;
    }
    if (now_ns() + ends_ns > self->latest_ns) {
        self->latest_ns = now_ns() + ends_ns;
    }
    return id && ttl;
}

struct deed grants_of(struct grants *grants)
{
    grants->asked_ns = calloc(grants->count, sizeof(int64_t));
    grants->ttl_s = calloc(grants->count, sizeof(int64_t));
    need(grants->asked_ns != NULL && grants->ttl_s != NULL, "memory");
    return (struct deed){"/etcdserverpb.Lease/LeaseGrant", ask_grant, is_grant, grants};
}
