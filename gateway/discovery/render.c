#include "gateway/discovery/render.h"

#include "common/base/json.h"

/* ,"name": and a value, or without the comma for the first. */
static void add_text(struct buf *to, struct str name, struct str value)
{
    buf_add_str(to, name);
    json_quote(to, value);
}

static void add_number(struct buf *to, struct str name, int64_t value)
{
    buf_add_str(to, name);
    buf_add_i64(to, value);
}

static void add_addrs(struct buf *to, const struct strs *addrs)
{
    struct str rest = addrs->bytes;
    struct str addr;
    bool more = false;

    buf_add_str(to, STR(",\"addrs\":["));
    while (strs_next(&rest, &addr)) {
        if (more) {
            buf_add_char(to, ',');
        }
        more = true;
        json_quote(to, addr);
    }
    buf_add_char(to, ']');
}

static void add_metadata(struct buf *to, const struct strs *metadata)
{
    struct str rest = metadata->bytes;
    struct str key;
    struct str value;
    char before = '{';

    buf_add_str(to, STR(",\"metadata\":"));
    while (strs_next(&rest, &key) && strs_next(&rest, &value)) {
        buf_add_char(to, before);
        json_quote(to, key);
        buf_add_char(to, ':');
        json_quote(to, value);
        before = ',';
    }
    buf_add_str(to, before == '{' ? STR("{}") : STR("}"));
}

static void add_head(struct buf *to, const struct instance *instance, enum render_metadata metadata)
{
    add_text(to, STR("{\"region\":"), instance->region);
    add_text(to, STR(",\"zone\":"), instance->id.zone);
    add_text(to, STR(",\"env\":"), instance->id.env);
    add_text(to, STR(",\"appid\":"), instance->id.appid);
    add_text(to, STR(",\"hostname\":"), instance->id.hostname);
    add_addrs(to, &instance->addrs);
    add_text(to, STR(",\"version\":"), instance->version);
    if (metadata == RENDER_METADATA_NULL && instance->metadata_null) {
        buf_add_str(to, STR(",\"metadata\":null"));
    } else {
        add_metadata(to, &instance->metadata);
    }
    add_number(to, STR(",\"status\":"), instance->status);
    add_number(to, STR(",\"reg_timestamp\":"), instance->reg_timestamp);
    add_number(to, STR(",\"up_timestamp\":"), instance->up_timestamp);
    buf_add_str(to, STR(",\"renew_timestamp\":"));
}

static void add_tail(struct buf *to, const struct instance *instance)
{
    add_number(to, STR(",\"dirty_timestamp\":"), instance->dirty_timestamp);
    add_number(to, STR(",\"latest_timestamp\":"), instance->latest_timestamp);
    buf_add_char(to, '}');
}

void render_instance(struct buf *to, const struct instance *instance, int64_t renew_timestamp,
                     enum render_metadata metadata)
{
    add_head(to, instance, metadata);
    buf_add_i64(to, renew_timestamp);
    add_tail(to, instance);
}

size_t render_halves(struct buf *to, const struct instance *instance)
{
    size_t begin = to->len;
    size_t head;

    add_head(to, instance, RENDER_METADATA_OBJECT);
    head = to->len - begin;
    add_tail(to, instance);
    return head;
}

void render_zero(struct buf *to)
{
    buf_add_str(to,
                STR("{\"region\":\"\",\"zone\":\"\",\"env\":\"\",\"appid\":\"\",\"hostname\":\"\","
                    "\"addrs\":null,\"version\":\"\",\"metadata\":null,\"status\":0,"
                    "\"reg_timestamp\":0,\"up_timestamp\":0,\"renew_timestamp\":0,"
                    "\"dirty_timestamp\":0,\"latest_timestamp\":0}"));
}

void render_schedule(struct buf *to, const struct instance *schedule)
{
    struct str rest = schedule->addrs.bytes;
    struct str open = {0}; /* clients whose zones are being printed; no zone's name is empty */
    struct str client;
    struct str zone;
    struct str weight;

    buf_add_str(to, STR("{\"clients\":{"));
    while (strs_next(&rest, &client) && strs_next(&rest, &zone) && strs_next(&rest, &weight)) {
        if (str_eq(open, client)) {
            buf_add_char(to, ',');
        } else {
            buf_add_str(to, open.len > 0 ? STR("}},") : STR(""));
            json_quote(to, client);
            buf_add_str(to, STR(":{\"zones\":{"));
            open = client;
        }
        json_quote(to, zone);
        buf_add_str(to, STR(":{\"weight\":"));
        buf_add_str(to, weight);
        buf_add_char(to, '}');
    }
    buf_add_str(to, open.len > 0 ? STR("}}},") : STR("},"));
    buf_add_str(to, STR("\"remark\":\"\"}"));
}
