#include "common/naming/schedule_file.h"

#include <assert.h>
#include <string.h>

#include <jansson.h>

#include "common/base/json.h"
#include "common/naming/schedule.h"

enum { path_max = 5 };

/* Where in the file something is wrong: the keys on the way to it. */
struct reading {
    struct str text;
    const char *path[path_max];
    size_t depth;
    struct msg_schedule *out;
    struct buf weights;
    struct buf *why;
};

/* ── the line of a value; text is known to be JSON ──────────────────────────*/

static const char *skip_string(const char *at, const char *end)
{
    for (at++; at < end && *at != '"'; at++) {
        at += *at == '\\';
    }
    return at + 1;
}

/* The next byte that opens or closes something, parts, or begins a string. */
static const char *next_mark(const char *at, const char *end)
{
    while (at < end && strchr("{}[],:\"", *at) == NULL) {
        at++;
    }
    return at;
}

/* Behind a value: at the comma or bracket that follows it. */
static const char *skip_value(const char *at, const char *end)
{
    size_t open = 0;

    for (at = next_mark(at, end); at < end; at = next_mark(at, end)) {
        if (*at == '"') {
            at = skip_string(at, end);
            continue;
        }
        if (open == 0 && (*at == ',' || *at == '}' || *at == ']')) {
            return at;
        }
        open += *at == '{' || *at == '[';
        open -= *at == '}' || *at == ']';
        at++;
    }
    return end;
}

/* The key of a member of the object that at stands before, or NULL: not found, such as one that is
 * written with escapes. *value is behind its colon. */
static const char *find_member(const char *at, const char *end, const char *key, const char **value)
{
    size_t len = strlen(key);

    at = next_mark(at, end);
    if (at == end || *at != '{') {
        return NULL;
    }
    do {
        const char *name = next_mark(at + 1, end);
        const char *behind;

        if (name == end || *name != '"') {
            return NULL;
        }
        behind = skip_string(name, end);
        *value = next_mark(behind, end) + 1;
        if ((size_t)(behind - name) == len + 2 && memcmp(name + 1, key, len) == 0) {
            return name;
        }
        at = skip_value(*value, end);
    } while (at < end && *at == ',');
    return NULL;
}

/* Of the value that the path leads to, or as far as it leads. */
static size_t line_of(const struct reading *self)
{
    const char *at = self->text.data;
    const char *end = at + self->text.len;
    const char *value = at;
    size_t line = 1;

    assert(at != NULL);
    for (size_t i = 0; i < self->depth; i++) {
        const char *found = find_member(value, end, self->path[i], &value);

        if (found == NULL) {
            break;
        }
        at = found;
    }
    for (const char *c = self->text.data; c < at; c++) {
        line += *c == '\n';
    }
    return line;
}

/* ── reading ────────────────────────────────────────────────────────────────*/

/* "line 3: clients.sh001.zones: must be …". Always false. */
static bool wrong(const struct reading *self, const char *key, const char *must)
{
    struct reading at = *self;

    if (key != NULL) {
        at.path[at.depth++] = key;
    }
    buf_printf(self->why, "line %zu: ", line_of(&at));
    for (size_t i = 0; i < at.depth; i++) {
        buf_printf(self->why, "%s%s", i > 0 ? "." : "", at.path[i]);
    }
    buf_printf(self->why, "%s%s", at.depth > 0 ? ": " : "", must);
    return false;
}

static struct str text_of(const json_t *value)
{
    return (struct str){json_string_value(value), json_string_length(value)};
}

static bool add_weight(struct reading *self, const char *client, const char *zone,
                       const json_t *strategy)
{
    const json_t *weight = json_object_get(strategy, "weight");
    struct msg msg = {.type = MSG_TYPE_WEIGHT};

    if (!json_is_integer(weight) || json_integer_value(weight) < 0 ||
        json_integer_value(weight) > schedule_weight_max) {
        return wrong(self, "weight", "must be a whole number from 0 to 1000000");
    }
    msg.as_weight =
        (struct msg_weight){str_from(client), str_from(zone), (uint32_t)json_integer_value(weight)};
    msg_list_add(&self->out->weights, &self->weights, &msg);
    return true;
}

static bool read_client(struct reading *self, const char *client, const json_t *strategies)
{
    json_t *zones = json_object_get(strategies, "zones");
    const char *zone;
    json_t *strategy;

    if (json_object_size(zones) == 0) { /* 0 too for what is no object */
        return wrong(self, "zones", "must be an object of zones: {ZONE: {\"weight\": N}}");
    }
    self->path[self->depth++] = "zones";
    json_object_foreach(zones, zone, strategy)
    {
        self->path[self->depth++] = zone;
        if (!add_weight(self, client, zone, strategy)) {
            return false;
        }
        self->depth--;
    }
    self->depth--;
    return true;
}

static bool read_clients(struct reading *self, json_t *clients)
{
    const char *client;
    json_t *strategies;

    if (!json_is_object(clients)) {
        return wrong(self, "clients", "must be an object: {ZONE: {\"zones\": {ZONE: …}}}");
    }
    self->path[self->depth++] = "clients";
    json_object_foreach(clients, client, strategies)
    {
        self->path[self->depth++] = client;
        if (!read_client(self, client, strategies)) {
            return false;
        }
        self->depth--;
    }
    self->depth--;
    return true;
}

static bool read_root(struct reading *self, json_t *root)
{
    const json_t *appid = json_object_get(root, "app_id");
    const json_t *env = json_object_get(root, "env");
    const json_t *remark = json_object_get(root, "remark");

    if (!json_is_object(root)) {
        return wrong(self, NULL, "a schedule must be an object: {\"app_id\": …}");
    }
    if (json_string_length(appid) == 0) {
        return wrong(self, "app_id", "must be a text that is not empty");
    }
    if (json_string_length(env) == 0) {
        return wrong(self, "env", "must be a text that is not empty");
    }
    if (remark != NULL && !json_is_string(remark)) {
        return wrong(self, "remark", "must be a text");
    }
    self->out->appid = text_of(appid);
    self->out->env = text_of(env);
    self->out->remark = text_of(remark);
    return read_clients(self, json_object_get(root, "clients"));
}

/* What was read borrows from the JSON: into store with it. Room first, so that it stands still. */
static void keep(struct buf *store, struct str *s)
{
    size_t at = store->len;

    buf_add_str(store, *s);
    s->data = store->data + at;
}

static void keep_all(struct reading *self, struct buf *store)
{
    struct msg_schedule *out = self->out;

    store->len = 0;
    (void)buf_reserve(store, out->env.len + out->appid.len + out->remark.len + self->weights.len);
    keep(store, &out->env);
    keep(store, &out->appid);
    keep(store, &out->remark);
    keep(store, &out->weights.bytes);
}

enum err schedule_file_read(struct str text, struct buf *store, struct msg_schedule *out,
                            struct buf *why)
{
    struct msg_schedule read = *out;
    struct reading self = {.text = text, .out = &read, .why = why};
    json_error_t error;
    json_t *root = json_loadb(text.data != NULL ? text.data : "", text.len,
                              JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    bool is_read;

    read.weights = (struct msg_list){0};
    if (root == NULL) {
        buf_printf(why, "line %d: no JSON: %s", error.line < 1 ? 1 : error.line, error.text);
        return ERR_INVALID;
    }
    is_read = read_root(&self, root);
    if (is_read) {
        keep_all(&self, store);
        *out = read;
    }
    buf_fini(&self.weights);
    json_decref(root);
    return is_read ? ERR_OK : ERR_INVALID;
}

/* ── writing ────────────────────────────────────────────────────────────────*/

void schedule_file_write(const struct instance *schedule, struct buf *to)
{
    struct str rest = schedule->addrs.bytes;
    struct str open = {0}; /* no zone's name is empty */
    struct str client;
    struct str zone;
    struct str weight;

    buf_add_str(to, STR("{\n  \"app_id\": "));
    json_quote(to, schedule->id.appid);
    buf_add_str(to, STR(",\n  \"env\": "));
    json_quote(to, schedule->id.env);
    buf_add_str(to, STR(",\n  \"clients\": {"));
    while (strs_next(&rest, &client) && strs_next(&rest, &zone) && strs_next(&rest, &weight)) {
        if (str_eq(open, client)) {
            buf_add_str(to, STR(",\n"));
        } else {
            buf_add_str(to, open.len > 0 ? STR("\n    }},\n    ") : STR("\n    "));
            json_quote(to, client);
            buf_add_str(to, STR(": {\"zones\": {\n"));
            open = client;
        }
        buf_add_str(to, STR("      "));
        json_quote(to, zone);
        buf_printf(to, ": {\"weight\": %.*s}", STR_ARG(weight));
    }
    buf_add_str(to,
                open.len > 0 ? STR("\n    }}\n  },\n  \"remark\": ") : STR("},\n  \"remark\": "));
    json_quote(to, schedule->version);
    buf_add_str(to, STR("\n}"));
}
