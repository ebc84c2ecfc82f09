#include "gateway/etcd/queue.h"

#include <inttypes.h>

#include "common/etcdapi/lease.pb-c.h"

void queue_prefix_end(struct buf *to, struct str prefix)
{
    while (prefix.len > 0 && (unsigned char)prefix.data[prefix.len - 1] == 0xff) {
        prefix.len--;
    }
    if (prefix.len == 0) {
        buf_add_char(to, 0); /* to the end of all */
        return;
    }
    buf_add_str(to, (struct str){prefix.data, prefix.len - 1});
    buf_add_char(to, (char)(prefix.data[prefix.len - 1] + 1));
}

/* ── begin ── */

static void name_key(struct errand *self)
{
    buf_add_str(&self->key, buf_str(&self->prefix));
    /* as Go prints a number in hexadecimal: with a sign */
    buf_printf(&self->key, "%s%" PRIx64, self->lease < 0 ? "-" : "",
               self->lease < 0 ? -(uint64_t)self->lease : (uint64_t)self->lease);
}

static void on_granted(struct errand *self, enum grpc_code code, struct str text)
{
    Etcdserverpb__LeaseGrantResponse *granted = NULL;

    if (code == GRPC_OK) {
        granted = etcdserverpb__lease_grant_response__unpack(NULL, self->answer.len,
                                                             (const uint8_t *)self->answer.data);
    }
    if (granted == NULL) {
        errand_fail(self, code != GRPC_OK ? code : GRPC_INTERNAL, text);
        return;
    }
    self->lease = granted->id;
    etcdserverpb__lease_grant_response__free_unpacked(granted, NULL);
    name_key(self);
    self->then(self, GRPC_OK, STR(""));
}

void queue_begin(struct errand *self, ProtobufCBinaryData name, int64_t lease, errand_step *then)
{
    Etcdserverpb__LeaseGrantRequest grant = ETCDSERVERPB__LEASE_GRANT_REQUEST__INIT;

    buf_add(&self->prefix, name.data, name.len);
    buf_add_char(&self->prefix, '/');
    self->lease = lease;
    if (lease != 0) {
        name_key(self);
        then(self, GRPC_OK, STR(""));
        return;
    }
    self->then = then;
    grant.ttl = queue_lease_s;
    errand_ask(self, ETCD_METHOD_LEASE_GRANT, &grant.base, on_granted);
}

/* ── look ── */

void queue_look(struct errand *self, enum queue_end end, int64_t created_max, errand_step *done)
{
    Etcdserverpb__RangeRequest range = ETCDSERVERPB__RANGE_REQUEST__INIT;
    struct buf behind = {0};

    queue_prefix_end(&behind, buf_str(&self->prefix));
    range.key = errand_bytes(&self->prefix);
    range.range_end = errand_bytes(&behind);
    range.limit = 1;
    range.sort_target = ETCDSERVERPB__RANGE_REQUEST__SORT_TARGET__CREATE;
    range.sort_order = end == QUEUE_OLDEST ? ETCDSERVERPB__RANGE_REQUEST__SORT_ORDER__ASCEND
                                           : ETCDSERVERPB__RANGE_REQUEST__SORT_ORDER__DESCEND;
    range.max_create_revision = created_max;
    errand_ask(self, ETCD_METHOD_RANGE, &range.base, done);
    buf_fini(&behind);
}

/* ── wait ── */

static void look_before(struct errand *self);

static bool on_change(struct errand *self, const Etcdserverpb__WatchResponse *response)
{
    (void)self;
    for (size_t i = 0; i < response->n_events; i++) {
        if (response->events[i]->type == MVCCPB__EVENT__EVENT_TYPE__DELETE) {
            return true;
        }
    }
    return response->canceled && response->compact_revision != 0; /* looked at anew */
}

static void on_watched(struct errand *self, enum grpc_code code, struct str text)
{
    if (code == GRPC_OK) {
        look_before(self);
    } else {
        errand_fail(self, code, text);
    }
}

static void watch_it(struct errand *self, const Etcdserverpb__RangeResponse *found)
{
    Etcdserverpb__WatchCreateRequest create = ETCDSERVERPB__WATCH_CREATE_REQUEST__INIT;

    create.key = found->kvs[0]->key;
    create.start_revision = found->header != NULL ? found->header->revision + 1 : 0;
    errand_watch(self, &create, on_change, on_watched);
}

static void on_looked(struct errand *self, enum grpc_code code, struct str text)
{
    Etcdserverpb__RangeResponse *found = NULL;
    errand_step *come = self->turn_come;

    if (code == GRPC_OK) {
        found = etcdserverpb__range_response__unpack(NULL, self->answer.len,
                                                     (const uint8_t *)self->answer.data);
    }
    if (found == NULL) {
        errand_fail(self, code != GRPC_OK ? code : GRPC_INTERNAL, text);
        return;
    }
    if (found->n_kvs == 0) {
        come(self, GRPC_OK, STR(""));
    } else {
        watch_it(self, found);
    }
    etcdserverpb__range_response__free_unpacked(found, NULL);
}

static void look_before(struct errand *self)
{
    if (self->revision <= 1) { /* 0 would be no limit; nothing is older than the first */
        self->turn_come(self, GRPC_OK, STR(""));
        return;
    }
    queue_look(self, QUEUE_NEWEST, self->revision - 1, on_looked);
}

void queue_wait(struct errand *self, errand_step *come)
{
    self->turn_come = come;
    look_before(self);
}
