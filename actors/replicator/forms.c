#include "actors/replicator/forms.h"

#include "common/base/json.h"
#include "common/base/percent.h"

/* As Go's url.QueryEscape. */
static void add_escaped(struct buf *to, struct str text)
{
    percent_add(to, text, percent_unreserved, true);
}

static void add_name(struct buf *to, const char *name)
{
    if (to->len > 0) {
        buf_add_char(to, '&');
    }
    buf_add_str(to, str_from(name));
    buf_add_char(to, '=');
}

void forms_text(struct buf *to, const char *name, struct str value)
{
    add_name(to, name);
    add_escaped(to, value);
}

static void add_number(struct buf *to, const char *name, int64_t value)
{
    add_name(to, name);
    buf_add_i64(to, value);
}

static void add_reach(struct buf *to, enum forms_reach reach)
{
    forms_text(to, "replication", reach == FORMS_ZONE ? STR("true") : STR("false"));
}

/* As Go's json.Marshal prints a map[string]string: keys sorted, which they are. */
static void add_metadata(struct buf *to, const struct msg_put *record)
{
    struct buf json = {0};
    struct str rest = record->metadata.bytes;
    struct str key;
    struct str value;

    while (strs_next(&rest, &key) && strs_next(&rest, &value)) {
        buf_add_char(&json, json.len == 0 ? '{' : ',');
        json_quote(&json, key);
        buf_add_char(&json, ':');
        json_quote(&json, value);
    }
    if (record->metadata_null) {
        json.len = 0;
        buf_add_str(&json, STR("null"));
    } else {
        buf_add_str(&json, json.len == 0 ? STR("{}") : STR("}"));
    }
    forms_text(to, "metadata", buf_str(&json));
    buf_fini(&json);
}

void forms_register(struct buf *to, const struct msg_put *record, enum forms_reach reach)
{
    struct str rest = record->addrs.bytes;
    struct str addr;

    while (strs_next(&rest, &addr)) {
        forms_text(to, "addrs", addr);
    }
    forms_text(to, "appid", record->appid);
    add_number(to, "dirty_timestamp", record->dirty_timestamp);
    forms_text(to, "env", record->env);
    forms_text(to, "from_zone", STR("true"));
    forms_text(to, "hostname", record->hostname);
    add_number(to, "latest_timestamp", record->latest_timestamp);
    add_metadata(to, record);
    add_number(to, "reg_timestamp", record->reg_timestamp);
    forms_text(to, "region", record->region);
    add_reach(to, reach);
    add_number(to, "status", record->status);
    forms_text(to, "version", record->version);
    forms_text(to, "zone", record->zone);
}

void forms_renew(struct buf *to, const struct msg_put *record, enum forms_reach reach)
{
    forms_text(to, "appid", record->appid);
    add_number(to, "dirty_timestamp", record->dirty_timestamp);
    forms_text(to, "env", record->env);
    forms_text(to, "from_zone", STR("true"));
    forms_text(to, "hostname", record->hostname);
    forms_text(to, "region", record->region);
    add_reach(to, reach);
    forms_text(to, "zone", record->zone);
}

void forms_cancel(struct buf *to, const struct msg_gone *record, enum forms_reach reach)
{
    forms_text(to, "appid", record->appid);
    forms_text(to, "env", record->env);
    forms_text(to, "from_zone", STR("true"));
    forms_text(to, "hostname", record->hostname);
    add_number(to, "latest_timestamp", record->latest_of_app);
    forms_text(to, "region", (struct str){0}); /* a tombstone knows none, and nobody reads it */
    add_reach(to, reach);
    forms_text(to, "zone", record->zone);
}
