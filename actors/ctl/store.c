/* store: what the store holds and how it stands, asked on its own socket. */
#include <inttypes.h>
#include <string.h>

#include "actors/ctl/rows.h"
#include "actors/ctl/store_ask.h"
#include "actors/ctl/store_watch.h"
#include "actors/ctl/suggest.h"
#include "actors/ctl/verbs.h"
#include "common/etcdapi/kv.pb-c.h"
#include "common/etcdapi/lease.pb-c.h"
#include "common/etcdapi/maintenance.pb-c.h"

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
    static const struct column columns[] = {
        {"MEMBER", "member", COLUMN_KEY},     {"CLUSTER", "cluster", COLUMN_SHOWN},
        {"VERSION", "version", COLUMN_SHOWN}, {"LEADER", "leader", COLUMN_SHOWN},
        {"TERM", "term", COLUMN_SHOWN},       {"REVISION", "revision", COLUMN_SHOWN},
        {"INDEX", "index", COLUMN_SHOWN},     {"APPLIED", "applied", COLUMN_SHOWN},
        {"DB_SIZE", "db_size", COLUMN_SHOWN}, {NULL, NULL, COLUMN_SHOWN},
    };
    const Etcdserverpb__StatusRequest request = ETCDSERVERPB__STATUS_REQUEST__INIT;
    enum ctl_exit outcome = store_ask(call, ETCD_METHOD_STATUS, &request.base);
    const Etcdserverpb__StatusResponse *is = (const Etcdserverpb__StatusResponse *)call->response;
    struct rows rows;

    if (outcome != CTL_OK) {
        return outcome;
    }
    rows_init(&rows, ctl_form(ctl), columns);
    rows_hex(&rows, is->header != NULL ? is->header->member_id : 0, 0);
    rows_hex(&rows, is->header != NULL ? is->header->cluster_id : 0, 0);
    rows_bytes(&rows, str_from(is->version));
    rows_hex(&rows, is->leader, 0);
    rows_number(&rows, (int64_t)is->raftterm);
    rows_number(&rows, is->header != NULL ? is->header->revision : 0);
    rows_number(&rows, (int64_t)is->raftindex);
    rows_number(&rows, (int64_t)is->raftappliedindex);
    rows_number(&rows, is->dbsize);
    rows_print(&rows, ctl);
    return is->leader != 0 ? CTL_OK : CTL_NEGATIVE;
}

static enum ctl_exit show_hash(struct ctl *ctl, struct store_ask *call)
{
    static const struct column columns[] = {
        {"HASH", "hash", COLUMN_KEY},
        {"REVISION", "revision", COLUMN_SHOWN},
        {"COMPACTED", "compacted", COLUMN_SHOWN},
        {NULL, NULL, COLUMN_SHOWN},
    };
    const Etcdserverpb__HashKVRequest request = ETCDSERVERPB__HASH_KVREQUEST__INIT;
    enum ctl_exit outcome = store_ask(call, ETCD_METHOD_HASH_KV, &request.base);
    const Etcdserverpb__HashKVResponse *is = (const Etcdserverpb__HashKVResponse *)call->response;
    struct rows rows;

    if (outcome != CTL_OK) {
        return outcome;
    }
    rows_init(&rows, ctl_form(ctl), columns);
    rows_number(&rows, is->hash);
    rows_number(&rows, is->header != NULL ? is->header->revision : 0);
    rows_number(&rows, is->compact_revision);
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
    rows_hex(rows, (uint64_t)id, 16);
    rows_number(rows, is->ttl);
    rows_number(rows, is->grantedttl);
    rows_number(rows, (int64_t)is->n_keys);
    return CTL_OK;
}

static enum ctl_exit show_leases(struct ctl *ctl, struct store_ask *call)
{
    static const struct column columns[] = {
        {"LEASE", "lease", COLUMN_KEY},       {"TTL", "ttl", COLUMN_SHOWN},
        {"GRANTED", "granted", COLUMN_SHOWN}, {"KEYS", "keys", COLUMN_SHOWN},
        {NULL, NULL, COLUMN_SHOWN},
    };
    const Etcdserverpb__LeaseLeasesRequest request = ETCDSERVERPB__LEASE_LEASES_REQUEST__INIT;
    enum ctl_exit outcome = store_ask(call, ETCD_METHOD_LEASE_LEASES, &request.base);
    Etcdserverpb__LeaseLeasesResponse *is = (Etcdserverpb__LeaseLeasesResponse *)call->response;
    struct rows rows;

    call->response = NULL; /* ours, over the calls that follow */
    if (outcome != CTL_OK) {
        return outcome;
    }
    rows_init(&rows, ctl_form(ctl), columns);
    for (size_t i = 0; i < is->n_leases && outcome == CTL_OK; i++) {
        outcome = add_lease(call, is->leases[i]->id, &rows);
    }
    rows_print(&rows, ctl);
    protobuf_c_message_free_unpacked(&is->base, NULL);
    return outcome;
}

static enum ctl_exit get(struct ctl *ctl, struct store_ask *call)
{
    static const struct column columns[] = {
        {"KEY", "key", COLUMN_KEY},
        {"VALUE", "value", COLUMN_SHOWN},
        {"CREATED", "create_revision", COLUMN_SHOWN},
        {"MODIFIED", "mod_revision", COLUMN_SHOWN},
        {"VERSION", "version", COLUMN_SHOWN},
        {"LEASE", "lease", COLUMN_SHOWN},
        {NULL, NULL, COLUMN_SHOWN},
    };
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
    rows_init(&rows, ctl_form(ctl), columns);
    for (size_t i = 0; i < is->n_kvs; i++) {
        const Mvccpb__KeyValue *kv = is->kvs[i];

        rows_bytes(&rows, str_of(kv->key));
        rows_bytes(&rows, str_of(kv->value));
        rows_number(&rows, kv->create_revision);
        rows_number(&rows, kv->mod_revision);
        rows_number(&rows, kv->version);
        rows_hex(&rows, (uint64_t)kv->lease, kv->lease != 0 ? 16 : 0);
    }
    rows_print(&rows, ctl);
    return is->n_kvs > 0 ? CTL_OK : CTL_NEGATIVE;
}

static void print_revision(const struct ctl *ctl, const Etcdserverpb__ResponseHeader *header)
{
    static const struct column columns[] = {
        {"REVISION", "revision", COLUMN_KEY},
        {NULL, NULL, COLUMN_SHOWN},
    };
    struct rows rows;

    rows_init(&rows, ctl_form(ctl), columns);
    rows_number(&rows, header != NULL ? header->revision : 0);
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
    static const struct column columns[] = {
        {"DELETED", "deleted", COLUMN_KEY},
        {"REVISION", "revision", COLUMN_SHOWN},
        {NULL, NULL, COLUMN_SHOWN},
    };
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
    rows_init(&rows, ctl_form(ctl), columns);
    rows_number(&rows, is->deleted);
    rows_number(&rows, is->header != NULL ? is->header->revision : 0);
    rows_print(&rows, ctl);
    return is->deleted > 0 ? CTL_OK : CTL_NEGATIVE;
}

static enum ctl_exit watch(struct ctl *ctl, struct store_ask *call)
{
    static const struct str all_from = {"", 1}; /* the byte 0: the least key, and no end */
    struct watch_span wanted = {all_from, all_from};
    struct span span = {0};
    enum ctl_exit outcome;

    if (ctl_form(ctl) == OUTPUT_CSV || ctl_form(ctl) == OUTPUT_NAME) {
        ctl_say(ctl, "store watch: -o table or json");
        return CTL_USAGE;
    }
    if (ctl->options.argument_count > 1) {
        span_of(&span, ctl);
        wanted = (struct watch_span){str_of(span.key), str_of(span.range_end)};
    }
    outcome = store_follow(ctl, call, &wanted);
    buf_fini(&span.end);
    return outcome;
}

/* ── which ── */

static const struct {
    const char *name;
    const char *arguments;
    size_t count; /* of arguments, the name too */
    bool prefix;  /* whether it takes --prefix */
    enum ctl_exit (*run)(struct ctl *ctl, struct store_ask *call);
} subverbs[] = {
    {"status", "", 1, false, show_status},
    {"hash", "", 1, false, show_hash},
    {"leases", "", 1, false, show_leases},
    {"get", " KEY [--prefix]", 2, true, get},
    {"watch", " [KEY] [--prefix] [--rev N] [--count N]", 2, true, watch},
    {"watchers", "", 1, false, NULL},
    {"put", " KEY VALUE", 3, false, put},
    {"del", " KEY [--prefix]", 2, true, del},
};

static void say_unknown(const struct ctl *ctl, const char *name)
{
    size_t count = sizeof(subverbs) / sizeof(subverbs[0]);
    struct suggestion suggestion;
    struct buf text = {0};

    suggest_begin(&suggestion, str_from(name));
    for (size_t i = 0; i < count; i++) {
        buf_printf(&text, "%s%s", i == 0 ? "" : i + 1 < count ? ", " : " and ", subverbs[i].name);
        suggest_offer(&suggestion, str_from(subverbs[i].name));
    }
    suggest_print(&suggestion, "", &text);
    ctl_say(ctl, "store %s: no such verb; they are %.*s", name, STR_ARG(buf_str(&text)));
    buf_fini(&text);
}

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
        say_unknown(ctl, options->arguments[0]);
        return CTL_USAGE;
    }
    if (options->argument_count > subverbs[i].count ||
        options->argument_count < subverbs[i].count - (subverbs[i].run == watch ? 1 : 0) ||
        (options_has(options, OPTION_PREFIX) && !subverbs[i].prefix) ||
        ((options_has(options, OPTION_REV) || options_has(options, OPTION_COUNT)) &&
         subverbs[i].run != watch)) {
        ctl_say(ctl, "store %s: expected: musterctl store %s%s", subverbs[i].name, subverbs[i].name,
                subverbs[i].arguments);
        return CTL_USAGE;
    }
    if (subverbs[i].run == NULL) { /* what the store knows nothing of */
        return store_watchers(ctl);
    }
    if (subverbs[i].run == watch) {
        ctl_catch_stop(ctl); /* before there is anything to wait for */
    }
    outcome = store_ask_open(&call, ctl);
    if (outcome == CTL_OK) {
        outcome = subverbs[i].run(ctl, &call);
    }
    store_ask_close(&call);
    return outcome;
}
