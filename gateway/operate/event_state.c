#include "gateway/operate/event_state.h"

#include "common/base/json.h"
#include "gateway/operate/fields.h"

static const size_t list_max_bytes = 1024; /* of addrs or metadata, as they are kept */

static void add_addrs(struct buf *to, struct strs addrs)
{
    struct str rest = addrs.bytes;
    struct str addr;

    if (rest.len > list_max_bytes) {
        field_null(to, "addrs");
        return;
    }
    field_open(to, "addrs", '[');
    while (strs_next(&rest, &addr)) {
        field_item(to);
        json_quote(to, addr);
    }
    buf_add_char(to, ']');
}

/* Whether the map has just this pair. */
static bool has_pair(struct strs map, struct str wanted, struct str value)
{
    struct str rest = map.bytes;
    struct str key;
    struct str found;

    while (strs_next(&rest, &key) && strs_next(&rest, &found)) {
        if (str_eq(key, wanted)) {
            return str_eq(found, value);
        }
    }
    return false;
}

/* Pairs that other has not, or otherwise. */
static void add_metadata(struct buf *to, struct strs metadata, struct strs other)
{
    struct str rest = metadata.bytes;
    struct str key;
    struct str value;

    if (rest.len > list_max_bytes || other.bytes.len > list_max_bytes) {
        field_null(to, "metadata");
        return;
    }
    field_open(to, "metadata", '{');
    while (strs_next(&rest, &key) && strs_next(&rest, &value)) {
        if (!has_pair(other, key, value)) {
            field_item(to);
            json_quote(to, key);
            buf_add_char(to, ':');
            json_quote(to, value);
        }
    }
    buf_add_char(to, '}');
}

void event_state_add(struct buf *to, const char *key, const struct instance *instance,
                     const struct instance *other)
{
    if (instance == NULL) {
        field_null(to, key);
        return;
    }
    field_open(to, key, '{');
    field_text(to, "status", instance->status == STATUS_UP ? STR("up") : STR("waiting"));
    if (other == NULL || !str_eq(instance->version, other->version)) {
        field_text(to, "version", instance->version);
    }
    if (other == NULL || !str_eq(instance->addrs.bytes, other->addrs.bytes)) {
        add_addrs(to, instance->addrs);
    }
    if (other != NULL && !str_eq(instance->metadata.bytes, other->metadata.bytes)) {
        add_metadata(to, instance->metadata, other->metadata);
    }
    buf_add_char(to, '}');
}

void event_schedule_add(struct buf *to, const char *key, const struct instance *schedule)
{
    if (schedule == NULL) {
        field_null(to, key);
        return;
    }
    field_open(to, key, '{');
    field_number(to, "weights", schedule->addrs.count / 3);
    field_text(to, "remark", schedule->version);
    buf_add_char(to, '}');
}
