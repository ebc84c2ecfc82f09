/* store: what the store holds and how it stands, asked on its own socket. */
#include <inttypes.h>
#include <string.h>

#include "actors/ctl/store_ask.h"
#include "actors/ctl/text_table.h"
#include "actors/ctl/verbs.h"
#include "common/etcdapi/kv.pb-c.h"
#include "common/etcdapi/lease.pb-c.h"
#include "common/etcdapi/maintenance.pb-c.h"
#include "common/wire/print.h"

/* What a subverb shows, row by row: one way for both forms. */
struct rows {
    bool json;
    struct text_table table;
    struct buf lines;
    bool first; /* no field of this object yet */
};

static void rows_init(struct rows *self, const struct ctl *ctl, const char *const *head)
{
    *self = (struct rows){.json = ctl_json(ctl)};
    text_table_init(&self->table, head);
}

static void rows_begin(struct rows *self)
{
    buf_add_str(&self->lines, self->lines.len > 0 ? STR("\n{") : STR("{"));
    self->first = true;
}

static void rows_name(struct rows *self, const char *name, const char *end)
{
    buf_printf(&self->lines, "%s\"%s%s\":", self->first ? "" : ",", name, end);
    self->first = false;
}

static void rows_number(struct rows *self, const char *name, int64_t value)
{
    text_table_add_i64(&self->table, value);
    rows_name(self, name, "");
    buf_printf(&self->lines, "%" PRId64, value);
}

static void rows_id(struct rows *self, const char *name, uint64_t value)
{
    struct buf hex = {0};

    buf_printf(&hex, "%" PRIx64, value);
    text_table_add(&self->table, buf_str(&hex));
    rows_name(self, name, "");
    buf_printf(&self->lines, "\"%" PRIx64 "\"", value);
    buf_fini(&hex);
}

static bool is_text(struct str bytes)
{
    size_t len = 1;

    while (bytes.len > 0 && len > 0) {
        len = str_utf8(bytes);
        bytes = (struct str){bytes.data + len, bytes.len - len};
    }
    return len > 0;
}

/* Bytes that are no text go into JSON as hex digits, under another name. */
static void rows_bytes(struct rows *self, const char *name, struct str bytes)
{
    bool text = is_text(bytes);

    text_table_add(&self->table, bytes);
    rows_name(self, name, text ? "" : "_hex");
    if (text) {
        json_add_str(&self->lines, bytes);
        return;
    }
    buf_add_char(&self->lines, '"');
    for (size_t i = 0; i < bytes.len; i++) {
        buf_printf(&self->lines, "%02x", (unsigned)(unsigned char)bytes.data[i]);
    }
    buf_add_char(&self->lines, '"');
}

static void rows_end(struct rows *self)
{
    buf_add_char(&self->lines, '}');
}

static void rows_print(struct rows *self, const struct ctl *ctl)
{
    struct buf page = {0};

    text_table_print(&self->table, &page);
    page.len -= page.len > 0;
    if (!self->json || self->lines.len > 0) {
        ctl_page(ctl, self->json ? buf_str(&self->lines) : buf_str(&page));
    }
    text_table_fini(&self->table);
    buf_fini(&self->lines);
    buf_fini(&page);
}

static struct str str_of(ProtobufCBinaryData bytes)
{
    return (struct str){(const char *)bytes.data, bytes.len};
}

static ProtobufCBinaryData argument(const struct ctl *ctl, size_t which)
{
    const char *text = ctl->options.arguments[which];

    return (ProtobufCBinaryData){strlen(text), (uint8_t *)(uintptr_t)text};
}

struct span {
    ProtobufCBinaryData key, range_end;
    struct buf end; /* what range_end borrows */
};

/* Of one key, or of all that begin with it: up to where its last byte that can grow has grown. None
 * can: all from it on, which one byte 0 says; an empty one begins at that byte, too. */
static void span_of(struct span *self, const struct ctl *ctl)
{
    static uint8_t zero[1] = {0};

    *self = (struct span){.key = argument(ctl, 1)};
    if (!options_has(&ctl->options, OPTION_PREFIX)) {
        return;
    }
    buf_add(&self->end, (const char *)self->key.data, self->key.len);
    while (self->end.len > 0 && (unsigned char)self->end.data[self->end.len - 1] == 0xff) {
        self->end.len--;
    }
    if (self->end.len == 0) {
        self->range_end = (ProtobufCBinaryData){1, zero};
    } else {
        self->end.data[self->end.len - 1]++;
        self->range_end = (ProtobufCBinaryData){self->end.len, (uint8_t *)self->end.data};
    }
    self->key = self->key.len > 0 ? self->key : (ProtobufCBinaryData){1, zero};
}

/* ── the subverbs ── */

static enum ctl_exit show_status(struct ctl *ctl, struct store_ask *call)
{
    static const char *const head[] = {"MEMBER",   "CLUSTER", "VERSION", "LEADER",  "TERM",
                                       "REVISION", "INDEX",   "APPLIED", "DB_SIZE", NULL};
    const Etcdserverpb__StatusRequest request = ETCDSERVERPB__STATUS_REQUEST__INIT;
    enum ctl_exit outcome = store_ask(call, ETCD_METHOD_STATUS, &request.base);
    const Etcdserverpb__StatusResponse *is = (const Etcdserverpb__StatusResponse *)call->response;
    struct rows rows;

    if (outcome != CTL_OK) {
        return outcome;
    }
    rows_init(&rows, ctl, head);
    rows_begin(&rows);
    rows_id(&rows, "member", is->header != NULL ? is->header->member_id : 0);
    rows_id(&rows, "cluster", is->header != NULL ? is->header->cluster_id : 0);
    rows_bytes(&rows, "version", str_from(is->version));
    rows_id(&rows, "leader", is->leader);
    rows_number(&rows, "term", (int64_t)is->raftterm);
    rows_number(&rows, "revision", is->header != NULL ? is->header->revision : 0);
    rows_number(&rows, "index", (int64_t)is->raftindex);
    rows_number(&rows, "applied", (int64_t)is->raftappliedindex);
    rows_number(&rows, "db_size", is->dbsize);
    rows_end(&rows);
    rows_print(&rows, ctl);
    return is->leader != 0 ? CTL_OK : CTL_NEGATIVE;
}

static enum ctl_exit show_hash(struct ctl *ctl, struct store_ask *call)
{
    static const char *const head[] = {"HASH", "REVISION", "COMPACTED", NULL};
    const Etcdserverpb__HashKVRequest request = ETCDSERVERPB__HASH_KVREQUEST__INIT;
    enum ctl_exit outcome = store_ask(call, ETCD_METHOD_HASH_KV, &request.base);
    const Etcdserverpb__HashKVResponse *is = (const Etcdserverpb__HashKVResponse *)call->response;
    struct rows rows;

    if (outcome != CTL_OK) {
        return outcome;
    }
    rows_init(&rows, ctl, head);
    rows_begin(&rows);
    rows_number(&rows, "hash", is->hash);
    rows_number(&rows, "revision", is->header != NULL ? is->header->revision : 0);
    rows_number(&rows, "compacted", is->compact_revision);
    rows_end(&rows);
    rows_print(&rows, ctl);
    return CTL_OK;
}

static enum ctl_exit add_lease(struct store_ask *call, int64_t id, struct rows *rows)
{
    Etcdserverpb__LeaseTimeToLiveRequest request = ETCDSERVERPB__LEASE_TIME_TO_LIVE_REQUEST__INIT;
    const Etcdserverpb__LeaseTimeToLiveResponse *is;
    enum ctl_exit outcome;

    request.id = id;
    request.keys = 1;
    outcome = store_ask(call, ETCD_METHOD_LEASE_TIME_TO_LIVE, &request.base);
    is = (const Etcdserverpb__LeaseTimeToLiveResponse *)call->response;
    if (outcome != CTL_OK || is->ttl < 0) { /* it has ended since */
        return outcome;
    }
    rows_begin(rows);
    rows_id(rows, "lease", (uint64_t)id);
    rows_number(rows, "ttl", is->ttl);
    rows_number(rows, "granted", is->grantedttl);
    rows_number(rows, "keys", (int64_t)is->n_keys);
    rows_end(rows);
    return CTL_OK;
}

static enum ctl_exit show_leases(struct ctl *ctl, struct store_ask *call)
{
    static const char *const head[] = {"LEASE", "TTL", "GRANTED", "KEYS", NULL};
    const Etcdserverpb__LeaseLeasesRequest request = ETCDSERVERPB__LEASE_LEASES_REQUEST__INIT;
    enum ctl_exit outcome = store_ask(call, ETCD_METHOD_LEASE_LEASES, &request.base);
    Etcdserverpb__LeaseLeasesResponse *is = (Etcdserverpb__LeaseLeasesResponse *)call->response;
    struct rows rows;

    call->response = NULL; /* ours, over the calls that follow */
    if (outcome != CTL_OK) {
        return outcome;
    }
    rows_init(&rows, ctl, head);
    for (size_t i = 0; i < is->n_leases && outcome == CTL_OK; i++) {
        outcome = add_lease(call, is->leases[i]->id, &rows);
    }
    rows_print(&rows, ctl);
    protobuf_c_message_free_unpacked(&is->base, NULL);
    return outcome;
}

static enum ctl_exit get(struct ctl *ctl, struct store_ask *call)
{
    static const char *const head[] = {"KEY",     "VALUE", "CREATED", "MODIFIED",
                                       "VERSION", "LEASE", NULL};
    Etcdserverpb__RangeRequest request = ETCDSERVERPB__RANGE_REQUEST__INIT;
    const Etcdserverpb__RangeResponse *is;
    struct span span;
    enum ctl_exit outcome;
    struct rows rows;

    span_of(&span, ctl);
    request.key = span.key;
    request.range_end = span.range_end;
    outcome = store_ask(call, ETCD_METHOD_RANGE, &request.base);
    buf_fini(&span.end);
    if (outcome != CTL_OK) {
        return outcome;
    }
    is = (const Etcdserverpb__RangeResponse *)call->response;
    rows_init(&rows, ctl, head);
    for (size_t i = 0; i < is->n_kvs; i++) {
        const Mvccpb__KeyValue *kv = is->kvs[i];

        rows_begin(&rows);
        rows_bytes(&rows, "key", str_of(kv->key));
        rows_bytes(&rows, "value", str_of(kv->value));
        rows_number(&rows, "create_revision", kv->create_revision);
        rows_number(&rows, "mod_revision", kv->mod_revision);
        rows_number(&rows, "version", kv->version);
        rows_id(&rows, "lease", (uint64_t)kv->lease);
        rows_end(&rows);
    }
    rows_print(&rows, ctl);
    return is->n_kvs > 0 ? CTL_OK : CTL_NEGATIVE;
}

static void print_revision(const struct ctl *ctl, const Etcdserverpb__ResponseHeader *header)
{
    static const char *const head[] = {"REVISION", NULL};
    struct rows rows;

    rows_init(&rows, ctl, head);
    rows_begin(&rows);
    rows_number(&rows, "revision", header != NULL ? header->revision : 0);
    rows_end(&rows);
    rows_print(&rows, ctl);
}

static enum ctl_exit put(struct ctl *ctl, struct store_ask *call)
{
    Etcdserverpb__PutRequest request = ETCDSERVERPB__PUT_REQUEST__INIT;
    enum ctl_exit outcome;

    request.key = argument(ctl, 1);
    request.value = argument(ctl, 2);
    outcome = store_ask(call, ETCD_METHOD_PUT, &request.base);
    if (outcome == CTL_OK) {
        print_revision(ctl, ((const Etcdserverpb__PutResponse *)call->response)->header);
    }
    return outcome;
}

static enum ctl_exit del(struct ctl *ctl, struct store_ask *call)
{
    static const char *const head[] = {"DELETED", "REVISION", NULL};
    Etcdserverpb__DeleteRangeRequest request = ETCDSERVERPB__DELETE_RANGE_REQUEST__INIT;
    const Etcdserverpb__DeleteRangeResponse *is;
    struct span span;
    enum ctl_exit outcome;
    struct rows rows;

    span_of(&span, ctl);
    request.key = span.key;
    request.range_end = span.range_end;
    outcome = store_ask(call, ETCD_METHOD_DELETE_RANGE, &request.base);
    buf_fini(&span.end);
    if (outcome != CTL_OK) {
        return outcome;
    }
    is = (const Etcdserverpb__DeleteRangeResponse *)call->response;
    rows_init(&rows, ctl, head);
    rows_begin(&rows);
    rows_number(&rows, "deleted", is->deleted);
    rows_number(&rows, "revision", is->header != NULL ? is->header->revision : 0);
    rows_end(&rows);
    rows_print(&rows, ctl);
    return is->deleted > 0 ? CTL_OK : CTL_NEGATIVE;
}

/* ── which ── */

static const struct {
    const char *name;
    const char *arguments;
    size_t count; /* of arguments, the name too */
    bool prefix;  /* whether it takes --prefix */
    enum ctl_exit (*run)(struct ctl *ctl, struct store_ask *call);
} subverbs[] = {
    {"status", "", 1, false, show_status}, {"hash", "", 1, false, show_hash},
    {"leases", "", 1, false, show_leases}, {"get", " KEY [--prefix]", 2, true, get},
    {"put", " KEY VALUE", 3, false, put},  {"del", " KEY [--prefix]", 2, true, del},
};

enum ctl_exit store_run(struct ctl *ctl)
{
    const struct options *options = &ctl->options;
    struct store_ask call;
    enum ctl_exit outcome;
    size_t i = 0;

    while (i < sizeof(subverbs) / sizeof(subverbs[0]) &&
           strcmp(subverbs[i].name, options->arguments[0]) != 0) {
        i++;
    }
    if (i == sizeof(subverbs) / sizeof(subverbs[0])) {
        ctl_say(ctl, "store %s: no such verb; they are status, hash, leases, get, put and del",
                options->arguments[0]);
        return CTL_USAGE;
    }
    if (options->argument_count != subverbs[i].count ||
        (options_has(options, OPTION_PREFIX) && !subverbs[i].prefix)) {
        ctl_say(ctl, "store %s: expected: musterctl store %s%s", subverbs[i].name, subverbs[i].name,
                subverbs[i].arguments);
        return CTL_USAGE;
    }
    outcome = store_ask_open(&call, ctl);
    if (outcome == CTL_OK) {
        outcome = subverbs[i].run(ctl, &call);
    }
    store_ask_close(&call);
    return outcome;
}
