#include "common/naming/convert.h"

#include "common/wire/pack.h"

/* Fields of PUT and GONE that a change has under the same name. */
#define CHANGE_FIELDS(X) X(seq) X(gateway) X(number) X(at) X(age_ms)
/* Fields of PUT that an instance has under the same name. */
#define INSTANCE_FIELDS(X)                                                                         \
    X(region)                                                                                      \
    X(version)                                                                                     \
    X(addrs)                                                                                       \
    X(metadata)                                                                                    \
    X(metadata_null)                                                                               \
    X(status)                                                                                      \
    X(reg_timestamp)                                                                               \
    X(up_timestamp)                                                                                \
    X(renew_timestamp)                                                                             \
    X(latest_timestamp)

#define TO_RECORD(field) record->field = change->field;
#define TO_CHANGE(field) change->field = record->field;

/* What PUT and GONE share, for either struct. */
#define RECORD_FROM_CHANGE()                                                                       \
    record->kind = (uint32_t)change->kind;                                                         \
    record->spread = (uint32_t)change->spread;                                                     \
    CHANGE_FIELDS(TO_RECORD)                                                                       \
    record->latest_of_app = change->latest_timestamp;                                              \
    record->env = instance->id.env;                                                                \
    record->appid = instance->id.appid;                                                            \
    record->zone = instance->id.zone;                                                              \
    record->hostname = instance->id.hostname;                                                      \
    record->dirty_timestamp = instance->dirty_timestamp

#define CHANGE_FROM_RECORD()                                                                       \
    change->kind = (enum change_kind)record->kind;                                                 \
    change->spread = (enum spread)record->spread;                                                  \
    CHANGE_FIELDS(TO_CHANGE)                                                                       \
    change->latest_timestamp = record->latest_of_app;                                              \
    instance->id.env = record->env;                                                                \
    instance->id.appid = record->appid;                                                            \
    instance->id.zone = record->zone;                                                              \
    instance->id.hostname = record->hostname;                                                      \
    instance->dirty_timestamp = record->dirty_timestamp

static void put_from_change(const struct change *change, struct msg_put *record)
{
    const struct instance *instance = &change->instance;

    RECORD_FROM_CHANGE();
#define TO_PUT(field) record->field = instance->field;
    INSTANCE_FIELDS(TO_PUT)
#undef TO_PUT
}

static void gone_from_change(const struct change *change, struct msg_gone *record)
{
    const struct instance *instance = &change->instance;

    RECORD_FROM_CHANGE();
}

void msg_from_change(const struct change *change, struct msg *msg)
{
    bool live = change_is_live(change->kind);

    *msg = (struct msg){.type = live ? MSG_TYPE_PUT : MSG_TYPE_GONE};
    if (live) {
        put_from_change(change, &msg->as_put);
    } else {
        gone_from_change(change, &msg->as_gone);
    }
}

static bool in_tables(uint32_t kind, uint32_t spread, bool live)
{
    return kind <= INT32_MAX && change_kind_name((enum change_kind)kind) != NULL &&
           change_is_live((enum change_kind)kind) == live && spread < SPREAD_COUNT;
}

static enum err change_from_put(const struct msg_put *record, struct change *change)
{
    struct instance *instance = &change->instance;

    if (!in_tables(record->kind, record->spread, true)) {
        return ERR_MALFORMED;
    }
    *change = (struct change){0};
    CHANGE_FROM_RECORD();
#define FROM_PUT(field) instance->field = record->field;
    INSTANCE_FIELDS(FROM_PUT)
#undef FROM_PUT
    return ERR_OK;
}

static enum err change_from_gone(const struct msg_gone *record, struct change *change)
{
    struct instance *instance = &change->instance;

    if (!in_tables(record->kind, record->spread, false)) {
        return ERR_MALFORMED;
    }
    *change = (struct change){0};
    CHANGE_FROM_RECORD();
    return ERR_OK;
}

enum err change_from_msg(const struct msg *msg, struct change *change)
{
    switch (msg->type) {
    case MSG_TYPE_PUT:
        return change_from_put(&msg->as_put, change);
    case MSG_TYPE_GONE:
        return change_from_gone(&msg->as_gone, change);
    default:
        return ERR_MALFORMED;
    }
}

static void pack_text(struct buf *to, const char *name, struct str value)
{
    strs_pack(to, str_from(name));
    strs_pack(to, value);
}

static void pack_int(struct buf *to, const char *name, int64_t value)
{
    msgpack_packer pk = pack_to(to);

    strs_pack(to, str_from(name));
    msgpack_pack_int64(&pk, value);
}

void instance_pack(struct buf *to, const struct instance *instance)
{
    msgpack_packer pk = pack_to(to);

    msgpack_pack_map(&pk, 14);
    pack_text(to, "region", instance->region);
    pack_text(to, "zone", instance->id.zone);
    pack_text(to, "env", instance->id.env);
    pack_text(to, "appid", instance->id.appid);
    pack_text(to, "hostname", instance->id.hostname);
    strs_pack(to, STR("addrs"));
    msgpack_pack_array(&pk, instance->addrs.count);
    pack_raw(&pk, instance->addrs.bytes);
    pack_text(to, "version", instance->version);
    strs_pack(to, STR("metadata"));
    msgpack_pack_map(&pk, instance->metadata.count);
    pack_raw(&pk, instance->metadata.bytes);
    pack_int(to, "status", instance->status);
    pack_int(to, "reg_timestamp", instance->reg_timestamp);
    pack_int(to, "up_timestamp", instance->up_timestamp);
    pack_int(to, "renew_timestamp", instance->renew_timestamp);
    pack_int(to, "dirty_timestamp", instance->dirty_timestamp);
    pack_int(to, "latest_timestamp", instance->latest_timestamp);
}

/* value's lowest `bytes` bytes, big-endian. */
static void add_uint(struct buf *to, uint64_t value, unsigned bytes)
{
    char *at = buf_reserve(to, bytes);

    to->len += bytes;
    while (bytes-- > 0) {
        *at++ = (char)(value >> (8 * bytes));
    }
}

static uint64_t take_uint(struct str *rest, unsigned bytes)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < bytes; i++) {
        value = value << 8 | (unsigned char)rest->data[i];
    }
    rest->data += bytes;
    rest->len -= bytes;
    return value;
}

void key_pack(struct buf *to, struct hash128 key)
{
    add_uint(to, key.hi, 8);
    add_uint(to, key.lo, 8);
}

static struct hash128 take_key(struct str *rest)
{
    uint64_t hi = take_uint(rest, 8);

    return (struct hash128){hi, take_uint(rest, 8)};
}

bool key_next(struct str *rest, struct hash128 *key)
{
    if (rest->len < key_bytes) {
        return false;
    }
    *key = take_key(rest);
    return true;
}

void heartbeat_pack(struct buf *to, const struct heartbeat *heartbeat)
{
    key_pack(to, heartbeat->key);
    add_uint(to, (uint64_t)heartbeat->dirty_timestamp, 8);
    add_uint(to, (uint64_t)heartbeat->renew_timestamp, 8);
    add_uint(to, heartbeat->age_ms, 4);
}

void heartbeats_age(struct buf *heartbeats, uint32_t ms)
{
    for (size_t at = heartbeat_bytes; at <= heartbeats->len; at += heartbeat_bytes) {
        char *age = heartbeats->data + at - 4;
        struct str rest = {age, 4};
        uint32_t sum = (uint32_t)take_uint(&rest, 4) + ms;

        for (unsigned i = 0; i < 4; i++) {
            age[i] = (char)(sum >> (24 - 8 * i));
        }
    }
}

bool heartbeat_next(struct str *rest, struct heartbeat *heartbeat)
{
    if (rest->len < heartbeat_bytes) {
        return false;
    }
    heartbeat->key = take_key(rest);
    heartbeat->dirty_timestamp = (int64_t)take_uint(rest, 8);
    heartbeat->renew_timestamp = (int64_t)take_uint(rest, 8);
    heartbeat->age_ms = (uint32_t)take_uint(rest, 4);
    return true;
}

enum { ENTRY_GONE = 1, ENTRY_VAGUE = 2 };

void entry_pack(struct buf *to, const struct entry_state *entry)
{
    key_pack(to, entry->key);
    add_uint(to, (uint64_t)entry->dirty_timestamp, 8);
    add_uint(to, entry->hash, 8);
    add_uint(to, (entry->gone ? ENTRY_GONE : 0) | (entry->vague ? ENTRY_VAGUE : 0), 1);
}

bool entry_next(struct str *rest, struct entry_state *entry)
{
    uint64_t flags;

    if (rest->len < entry_bytes) {
        return false;
    }
    entry->key = take_key(rest);
    entry->dirty_timestamp = (int64_t)take_uint(rest, 8);
    entry->hash = take_uint(rest, 8);
    flags = take_uint(rest, 1);
    entry->gone = (flags & ENTRY_GONE) != 0;
    entry->vague = (flags & ENTRY_VAGUE) != 0;
    return true;
}
