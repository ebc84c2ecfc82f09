#include "actors/replicator/http_answer.h"

#include <jansson.h>
#include <stdlib.h>

#include "common/naming/change.h"
#include "common/naming/limits.h"

enum { node_id_max = 64 };

static const int64_t second_ns = 1000000000;
static const int64_t ms_ns = 1000000;

/* jansson takes no key with a NUL, which one instance's metadata may have: it reads as U+FFFD, so
 * that all others are taken. */
static void replace_nul(struct str text, struct buf *to)
{
    for (size_t i = 0; i < text.len;) {
        struct str rest = {text.data + i, text.len - i};
        struct str escape = {rest.data, rest.len > 1 && rest.data[0] == '\\' ? 2 : 1};

        if (str_starts(rest, STR("\\u0000"))) {
            buf_add_str(to, STR("\\ufffd"));
            escape.len = strlen("\\u0000");
        } else {
            buf_add_str(to, escape);
        }
        i += escape.len;
    }
}

static json_t *parse(struct str text, size_t *used)
{
    const size_t flags = JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_DISABLE_EOF_CHECK;
    json_error_t error;
    json_t *json;

    if (text.len == 0) {
        return NULL;
    }
    json = json_loadb(text.data, text.len, flags, &error);
    if (json == NULL && json_error_code(&error) == json_error_null_byte_in_key) {
        struct buf without = {0};

        replace_nul(text, &without); /* of the same length */
        json = json_loadb(without.data, without.len, flags, &error);
        buf_fini(&without);
    }
    if (json != NULL && used != NULL) {
        *used = (size_t)error.position;
    }
    return json;
}

/* ── an instance ────────────────────────────────────────────────────────────*/

static struct str text_of(const json_t *value)
{
    return (struct str){json_string_value(value), json_string_length(value)};
}

static bool get_text(const json_t *json, const char *name, size_t min, size_t max, struct str *out)
{
    const json_t *value = json_object_get(json, name);

    *out = text_of(value);
    return json_is_string(value) && out->len >= min && out->len <= max;
}

static bool get_timestamp(const json_t *json, const char *name, int64_t *out)
{
    const json_t *value = json_object_get(json, name);

    *out = json_integer_value(value);
    return json_is_integer(value) && *out >= 0 && *out <= timestamp_told_max;
}

/* Each of the addresses in text; empty ones are nobody's. */
static bool add_addrs(struct str text, struct strs *out, struct buf *store)
{
    while (text.len > 0) {
        const char *comma = memchr(text.data, ',', text.len);
        struct str addr = {text.data, comma != NULL ? (size_t)(comma - text.data) : text.len};

        if (addr.len > limit_addr_bytes || out->count == limit_addrs) {
            return false;
        }
        if (addr.len > 0) {
            strs_pack(store, addr);
            out->count++;
        }
        text.data += addr.len + (comma != NULL);
        text.len -= addr.len + (comma != NULL);
    }
    return true;
}

static bool get_addrs(const json_t *json, struct strs *out, struct buf *store)
{
    const json_t *list = json_object_get(json, "addrs");
    size_t i;
    const json_t *value;

    json_array_foreach(list, i, value)
    {
        if (!json_is_string(value) || !add_addrs(text_of(value), out, store)) {
            return false;
        }
    }
    out->bytes = buf_str(store);
    return out->count > 0;
}

struct pair {
    struct str key;
    struct str value;
};

static int by_key(const void *a, const void *b)
{
    return str_cmp(((const struct pair *)a)->key, ((const struct pair *)b)->key);
}

/* sure: null and an empty map are told apart; else an empty one is nearly always none. */
static bool get_metadata(json_t *json, bool sure, struct msg_put *record, struct buf *store)
{
    json_t *map = json_object_get(json, "metadata");
    struct pair pairs[limit_metadata_keys];
    uint32_t count = 0;
    size_t bytes = 0;
    const char *key;
    json_t *value;

    record->metadata_null = json_is_null(map) || (!sure && json_object_size(map) == 0);
    if (json_object_size(map) > limit_metadata_keys) {
        return false;
    }
    json_object_foreach(map, key, value)
    {
        struct pair pair = {str_from(key), text_of(value)};

        bytes += pair.key.len + pair.value.len;
        if (!json_is_string(value) || bytes > limit_metadata_bytes) {
            return false;
        }
        pairs[count++] = pair;
    }
    if (count > 0) {
        qsort(pairs, count, sizeof(pairs[0]), by_key);
    }
    for (uint32_t i = 0; i < count; i++) {
        strs_pack(store, pairs[i].key);
        strs_pack(store, pairs[i].value);
    }
    record->metadata = (struct strs){count, buf_str(store)};
    return json_is_object(map) || json_is_null(map);
}

static bool get_names(const json_t *json, struct msg_put *record)
{
    return get_text(json, "env", 1, limit_name_bytes, &record->env) &&
           get_text(json, "appid", 1, limit_name_bytes, &record->appid) &&
           get_text(json, "zone", 1, limit_name_bytes, &record->zone) &&
           get_text(json, "hostname", 1, limit_name_bytes, &record->hostname) &&
           get_text(json, "region", 0, limit_name_bytes, &record->region) &&
           get_text(json, "version", 0, limit_version_bytes, &record->version);
}

static bool get_numbers(const json_t *json, struct msg_put *record)
{
    const json_t *status = json_object_get(json, "status");

    record->status = json_integer_value(status) == STATUS_UP ? STATUS_UP : STATUS_WAITING;
    return json_is_integer(status) && json_integer_value(status) == record->status &&
           get_timestamp(json, "reg_timestamp", &record->reg_timestamp) &&
           get_timestamp(json, "up_timestamp", &record->up_timestamp) &&
           get_timestamp(json, "renew_timestamp", &record->renew_timestamp) &&
           get_timestamp(json, "dirty_timestamp", &record->dirty_timestamp) &&
           get_timestamp(json, "latest_timestamp", &record->latest_timestamp);
}

/* The clock shows whole seconds: an age is made too great by up to one, never too small. A long
 * answer tells of what was heard after its head was written; but later than it may take, nobody has
 * been heard: the node's clock was set back since, or it is another's that is told. Such a one is
 * not young but of unknown age: else it would be heard anew with each answer, until that clock has
 * caught up, and its true heartbeats, being no younger, would not be counted or passed on. */
static int64_t age_of(int64_t renew_timestamp, int64_t date_ns)
{
    int64_t age_ns = date_ns + second_ns - renew_timestamp;

    if (date_ns <= 0 || renew_timestamp - date_ns > answer_ms_max * ms_ns) {
        return -1;
    }
    return age_ns > 0 ? age_ns / ms_ns : 0;
}

static bool add_instance(json_t *json, bool sure, int64_t date_ns, struct msg_list *to,
                         struct buf *store)
{
    struct msg msg = {
        .type = MSG_TYPE_PUT,
        .as_put = {.kind = CHANGE_REGISTER, .spread = SPREAD_NOWHERE},
    };
    struct buf addrs = {0};
    struct buf metadata = {0};
    bool good = get_names(json, &msg.as_put) && get_numbers(json, &msg.as_put) &&
                get_addrs(json, &msg.as_put.addrs, &addrs) &&
                get_metadata(json, sure, &msg.as_put, &metadata);

    if (good) {
        msg.as_put.age_ms = age_of(msg.as_put.renew_timestamp, date_ns);
        msg_list_add(to, store, &msg);
    }
    buf_fini(&addrs);
    buf_fini(&metadata);
    return good;
}

bool answer_instance(struct str text, int64_t date_ns, struct msg_list *to, struct buf *store)
{
    json_t *root = parse(text, NULL);
    bool good = add_instance(json_object_get(root, "data"), false, date_ns, to, store);

    json_decref(root);
    return good;
}

/* ── a list ─────────────────────────────────────────────────────────────────
 *
 *   level   1 answer   2 data of fetch   3 what holds the lists   4 a list
 */
enum { LEVEL_NONE, LEVEL_ANSWER, LEVEL_DATA, LEVEL_LISTS, LEVEL_LIST };

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static int peek(struct answer_reader *self)
{
    while (self->at < self->text.len && is_space(self->text.data[self->at])) {
        self->at++;
    }
    return self->at < self->text.len ? (unsigned char)self->text.data[self->at] : -1;
}

static bool take(struct answer_reader *self, int c)
{
    if (peek(self) != c) {
        return false;
    }
    self->at++;
    return true;
}

/* The caller calls json_decref. NULL: there is none. */
static json_t *take_value(struct answer_reader *self)
{
    size_t used = 0;
    json_t *json =
        peek(self) < 0
            ? NULL
            : parse((struct str){self->text.data + self->at, self->text.len - self->at}, &used);

    self->at += used;
    self->follows = true;
    return json;
}

static bool skip_value(struct answer_reader *self)
{
    json_t *json = take_value(self);

    json_decref(json);
    return json != NULL;
}

static bool enter(struct answer_reader *self, int bracket, int level)
{
    if (!take(self, bracket)) {
        return false;
    }
    self->level = level;
    self->follows = false;
    return true;
}

/* Out of what is open at level. */
static bool leave(struct answer_reader *self)
{
    if (!take(self, self->level == LEVEL_LIST ? ']' : '}')) {
        return false;
    }
    self->level -= self->level == LEVEL_LISTS && self->list == ANSWER_FETCH_ALL ? 2 : 1;
    self->follows = true;
    return true;
}

/* The name of the next member, and its colon. The caller calls json_decref. NULL: there is none. */
static json_t *take_name(struct answer_reader *self)
{
    json_t *name = peek(self) == '"' ? take_value(self) : NULL;

    if (name != NULL && !take(self, ':')) {
        json_decref(name);
        name = NULL;
    }
    return name;
}

static bool take_code(struct answer_reader *self)
{
    json_t *code = take_value(self);

    self->has_code = json_is_integer(code);
    self->code = self->has_code ? (int64_t)json_integer_value(code) : answer_codeless;
    json_decref(code);
    return self->has_code;
}

int64_t answer_code(struct str text)
{
    struct answer_reader self = {.text = text};
    bool good = enter(&self, '{', LEVEL_ANSWER);

    while (good && !self.has_code) {
        json_t *name = take_name(&self);

        good = name != NULL &&
               (str_eq(text_of(name), STR("code")) ? take_code(&self) : skip_value(&self)) &&
               (self.has_code || take(&self, ','));
        json_decref(name);
    }
    return self.has_code ? self.code : answer_codeless;
}

/* A member of the answer, of data or of what holds the lists: goes in where instances may be, and
 * past everything else. */
static bool take_member(struct answer_reader *self)
{
    json_t *json = take_name(self);
    struct str name = text_of(json);
    bool is_data = self->level == LEVEL_ANSWER && str_eq(name, STR("data"));
    bool is_code = self->level == LEVEL_ANSWER && str_eq(name, STR("code"));
    bool is_lists = self->level == LEVEL_DATA && str_eq(name, STR("instances"));
    bool is_list = self->level == LEVEL_LISTS;
    int bracket = is_list ? '[' : '{';

    json_decref(json);
    if (json == NULL || (is_data && !self->has_code)) {
        return false;
    }
    if (is_code) {
        return take_code(self);
    }
    if ((is_data || is_lists || is_list) && peek(self) == bracket) {
        return enter(self, bracket,
                     is_list                                      ? LEVEL_LIST
                     : is_lists || self->list == ANSWER_FETCH_ALL ? LEVEL_LISTS
                                                                  : LEVEL_DATA);
    }
    return skip_value(self);
}

static enum answer_step take_instance(struct answer_reader *self, struct msg_list *to,
                                      struct buf *store)
{
    json_t *json = take_value(self);
    bool good = add_instance(json, self->list == ANSWER_FETCH_ALL, self->date_ns, to, store);

    self->passed += json != NULL && !good;
    json_decref(json);
    return json == NULL ? ANSWER_BROKEN : good ? ANSWER_RECORD : ANSWER_PASSED;
}

enum answer_step answer_next(struct answer_reader *self, struct msg_list *to, struct buf *store)
{
    if (self->level == LEVEL_NONE && !enter(self, '{', LEVEL_ANSWER)) {
        return ANSWER_BROKEN;
    }
    while (!self->has_code || self->code == 0) {
        if (leave(self)) {
            if (self->level == LEVEL_NONE) {
                break;
            }
            continue;
        }
        if (self->follows && !take(self, ',')) {
            return ANSWER_BROKEN;
        }
        if (self->level == LEVEL_LIST) {
            return take_instance(self, to, store);
        }
        if (!take_member(self)) {
            return ANSWER_BROKEN;
        }
    }
    return self->has_code ? ANSWER_END : ANSWER_BROKEN;
}

/* ── who is there ───────────────────────────────────────────────────────────*/

static void keep_who(const struct str *found, struct answer_who *out, struct buf *store)
{
    struct str *fields[] = {&out->zone, &out->name, &out->node_id};
    size_t at = 0;

    for (size_t i = 0; i < 3; i++) {
        buf_add_str(store, found[i]);
    }
    for (size_t i = 0; i < 3; i++) {
        *fields[i] = (struct str){store->data + at, found[i].len};
        at += found[i].len;
    }
}

bool answer_who(struct str text, struct answer_who *out, struct buf *store)
{
    json_t *json = parse(text, NULL);
    json_t *list = json_object_get(json, "data");
    bool good = json_integer_value(json_object_get(json, "code")) == 0 && json_is_array(list);
    size_t i;
    const json_t *node;

    store->len = 0;
    *out = (struct answer_who){0};
    json_array_foreach(list, i, node)
    {
        struct str found[3];

        if (get_text(node, "zone", 1, limit_name_bytes, &found[0]) &&
            get_text(node, "name", 1, limit_name_bytes, &found[1]) &&
            get_text(node, "node", 0, node_id_max, &found[2])) {
            keep_who(found, out, store);
            break;
        }
    }
    json_decref(json);
    return good;
}
