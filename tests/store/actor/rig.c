#include "tests/store/actor/rig.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "actors/store/mvcc/backend_memory.h"
#include "actors/store/parts.h"
#include "common/base/array.h"

static const size_t rig_outbox_bytes = (size_t)64 << 20;

/* The store closes its backend when it ends; what was written outlives it here. */
struct kept_backend {
    struct backend table;
    struct backend *of; /* the rig's */
};

static struct backend *of(const struct backend *self)
{
    return ((const struct kept_backend *)self)->of;
}

static enum err kept_get(struct backend *self, enum backend_bucket bucket, struct str key,
                         struct str *value)
{
    return of(self)->get(of(self), bucket, key, value);
}

static enum err kept_seek(struct backend *self, enum backend_bucket bucket, struct str from,
                          struct backend_record *record)
{
    return of(self)->seek(of(self), bucket, from, record);
}

static enum err kept_step(struct backend *self, enum backend_bucket bucket,
                          struct backend_record *record)
{
    return of(self)->step(of(self), bucket, record);
}

static struct backend_mark kept_mark(const struct backend *self)
{
    return of(self)->mark(of(self));
}

static struct backend_size kept_size(const struct backend *self)
{
    return of(self)->size(of(self));
}

static enum err kept_write(struct backend *self, const struct backend_batch *batch, char *text)
{
    return of(self)->write(of(self), batch, text);
}

static enum err kept_renew(struct backend *self)
{
    return of(self)->renew(of(self));
}
static void kept_settle(struct backend *self)
{
    of(self)->settle(of(self));
}
static const char *kept_text(const struct backend *self)
{
    return of(self)->text(of(self));
}
static void kept_close(struct backend *self)
{
    free(self);
}

static struct backend *keep(struct backend *backend)
{
    static const struct backend table = {.get = kept_get,
                                         .seek = kept_seek,
                                         .step = kept_step,
                                         .mark = kept_mark,
                                         .size = kept_size,
                                         .write = kept_write,
                                         .renew = kept_renew,
                                         .settle = kept_settle,
                                         .text = kept_text,
                                         .close = kept_close};
    struct kept_backend *kept = calloc(1, sizeof(*kept));

    (void)backend->renew(backend);
    kept->table = table;
    kept->of = backend;
    return &kept->table;
}

void rig_init(struct rig *self, uint64_t seed)
{
    memset(self, 0, sizeof(*self));
    self->disk = disk_sim_new(seed);
    clock_virtual_init(&self->clock, 1000000, 1);
    prng_init(&self->prng, seed);
    self->durable = backend_memory_new();
    self->out = outbox_new(rig_outbox_bytes);
    self->answers = calloc(rig_answers_max, sizeof(*self->answers));
    self->options =
        (struct store_options){.cluster_id = rig_cluster,
                               .member_id = rig_member,
                               .member_name = "rig",
                               .client_url = "http://127.0.0.1:2379",
                               .version = "3.5.21",
                               .boot = rig_boot,
                               .election_ms = 1000,
                               .heartbeat_ms = 100,
                               .limits = {.request_bytes_max = 1572864, .txn_ops_max = 128},
                               .flush_ms = 100,
                               .flush_bytes = 1 << 20,
                               .prng = &self->prng};
}

void rig_start(struct rig *self)
{
    const struct disk_log_options options = {.disk = disk_sim_disk(self->disk),
                                             .clock = &self->clock.clock,
                                             .dir = "/log",
                                             .cluster = rig_cluster,
                                             .member = rig_member,
                                             .segment_bytes = 100000,
                                             .seed = prng_next(&self->prng)};
    struct backend *backend = keep(self->durable);
    struct disk_log_found found = {0};
    enum err err = disk_log_open(&options, &self->log, &found);

    assert(err == ERR_OK);
    err = store_new(&self->store, &self->options, &backend, &self->clock.at);
    assert(err == ERR_OK);
    err = store_start(self->store, self->log, &found, &self->clock.at);
    assert(err == ERR_OK);
    rig_turn(self, 0);
}

void rig_stop(struct rig *self)
{
    store_destroy(&self->store);
    disk_log_close(&self->log);
    self->options.boot += 100; /* the next run's */
}

void rig_kill(struct rig *self, enum disk_sim_keep keep)
{
    struct backend *before = backend_memory_copy(self->durable);

    disk_sim_die_after(self->disk, 0);
    rig_stop(self); /* whatever it writes now is for nobody */
    backend_close(&self->durable);
    self->durable = before;
    disk_sim_die_after(self->disk, UINT32_MAX);
    disk_sim_kill(self->disk);
    disk_sim_power_cut(self->disk, keep, 5);
    outbox_clear(self->out, OUTBOX_NOW);
    outbox_clear(self->out, OUTBOX_SYNCED);
}

void rig_fini(struct rig *self)
{
    rig_stop(self);
    backend_close(&self->durable);
    disk_sim_destroy(&self->disk);
    outbox_destroy(&self->out);
    for (size_t i = 0; i < rig_answers_max; i++) {
        buf_fini(&self->answers[i].response);
    }
    free(self->answers);
    rig_forget(self);
    free(self->facts);
    buf_fini(&self->others);
}

/* ── calls ── */

uint64_t rig_send(struct rig *self, enum etcd_method method, const void *request)
{
    const struct address from = {.len = 1, .bytes = {1}};
    struct msg msg = {.type = MSG_TYPE_CALL};
    struct buf packed = {0};

    packed.len = protobuf_c_message_pack(
        request, (uint8_t *)buf_reserve(&packed, 1 + protobuf_c_message_get_packed_size(request)));
    msg.as_call = (struct msg_call){.id = ++self->id,
                                    .boot = self->options.boot,
                                    .method = method,
                                    .left_ms = 5000,
                                    .request = buf_str(&packed)};
    store_spec.handlers[0].handle(self->store, &from, &msg, &self->clock.at, self->out);
    buf_fini(&packed);
    return self->id;
}

static void take_fact(struct rig *self, const struct outbox_item *item)
{
    struct rig_fact *fact;

    ARRAY_ROOM(self->facts, self->fact_count, self->fact_cap, 64);
    fact = &self->facts[self->fact_count++];
    *fact = (struct rig_fact){0};
    assert(item->topic.len < sizeof(fact->topic));
    assert(item->frame.len <= fact_frame_max);
    (void)snprintf(fact->topic, sizeof(fact->topic), "%.*s", STR_ARG(item->topic));
    buf_add_str(&fact->frame, item->frame);
}

void rig_forget(struct rig *self)
{
    for (size_t i = 0; i < self->fact_count; i++) {
        buf_fini(&self->facts[i].frame);
    }
    self->fact_count = 0;
    self->others.len = 0;
    self->other_at = 0;
}

bool rig_fact(const struct rig *self, const char *topic, size_t *at, struct msg *msg)
{
    while (*at < self->fact_count) {
        const struct rig_fact *fact = &self->facts[(*at)++];
        struct str frame = buf_str(&fact->frame);

        if (strcmp(fact->topic, topic) == 0) {
            enum err err = msg_decode(&frame, msg);

            assert(err == ERR_OK && frame.len == 0);
            return true;
        }
    }
    return false;
}

bool rig_other(struct rig *self, struct msg *msg)
{
    struct str rest = {self->others.data + self->other_at, self->others.len - self->other_at};
    enum err err;

    if (rest.len == 0) {
        return false;
    }
    err = msg_decode(&rest, msg);
    assert(err == ERR_OK);
    self->other_at = self->others.len - rest.len;
    return true;
}

void rig_ask(struct rig *self, const struct msg *msg)
{
    const struct address from = {.len = 1, .bytes = {2}};

    for (size_t i = 0; i < store_spec.handler_count; i++) {
        if (store_spec.handlers[i].type == msg->type) {
            store_spec.handlers[i].handle(self->store, &from, msg, &self->clock.at, self->out);
            return;
        }
    }
    assert(false);
}

/* The place for what is told under id: that of its parts, or the next one. */
static struct rig_answer *place_of(struct rig *self, uint64_t id)
{
    size_t held = self->answer_count < rig_answers_max ? self->answer_count : rig_answers_max;
    struct rig_answer *answer;

    for (size_t i = 0; i < held; i++) {
        if (self->answers[i].id == id && self->answers[i].more) {
            return &self->answers[i];
        }
    }
    answer = &self->answers[self->answer_count++ % rig_answers_max];
    answer->response.len = 0;
    answer->parts = answer->taken = 0;
    return answer;
}

static void take_answered(struct rig *self, const struct msg_answered *told, enum outbox_lane lane)
{
    struct rig_answer *answer = place_of(self, told->id);

    assert(told->response.len <= parts_part_bytes);
    answer->id = told->id;
    answer->code = told->code;
    answer->lane = lane;
    answer->more = told->more;
    answer->parts += told->more;
    (void)snprintf(answer->text, sizeof(answer->text), "%.*s", STR_ARG(told->text));
    buf_add_str(&answer->response, told->response);
    self->sent_bytes += told->response.len;
}

static void take_lane(struct rig *self, enum outbox_lane lane)
{
    struct outbox_item item;
    size_t cursor = 0;

    while (outbox_next(self->out, lane, &cursor, &item)) {
        struct str rest = item.frame;
        struct msg msg;

        if (item.kind == OUTBOX_FACT) {
            take_fact(self, &item);
        }
        while (item.kind == OUTBOX_REPLY && rest.len > 0) {
            struct str bytes = rest;
            enum err err = msg_decode(&rest, &msg);

            assert(err == ERR_OK);
            if (msg.type == MSG_TYPE_ANSWERED) {
                take_answered(self, &msg.as_answered, lane);
            } else {
                buf_add(&self->others, bytes.data, bytes.len - rest.len);
            }
        }
    }
    outbox_clear(self->out, lane);
}

void rig_taken(struct rig *self, uint64_t id, uint32_t taken, bool wanted)
{
    const struct address from = {.len = 1, .bytes = {1}};
    const struct msg msg = {
        .type = MSG_TYPE_PART_TAKEN,
        .as_part_taken = {.id = id, .boot = self->options.boot, .taken = taken, .wanted = wanted}};

    store_part_taken(self->store, &from, &msg, &self->clock.at, self->out);
}

/* True: there was something. */
static bool acknowledge(struct rig *self)
{
    size_t held = self->answer_count < rig_answers_max ? self->answer_count : rig_answers_max;
    bool any = false;

    for (size_t i = 0; i < held && !self->deaf; i++) {
        struct rig_answer *answer = &self->answers[i];

        if (answer->parts > answer->taken) {
            answer->taken = answer->parts;
            rig_taken(self, answer->id, answer->taken, true);
            any = true;
        }
    }
    return any;
}

bool rig_one_turn(struct rig *self)
{
    bool again;

    self->sent_bytes = 0;
    store_spec.turn_begin(self->store, &self->clock.at, self->out);
    store_spec.tick(self->store, &self->clock.at, self->out);
    take_lane(self, OUTBOX_NOW);
    store_spec.turn_end(self->store, &self->clock.at, self->out);
    take_lane(self, OUTBOX_SYNCED);
    again = outbox_take_again(self->out);
    return acknowledge(self) || again;
}

void rig_turn(struct rig *self, int64_t ms)
{
    clock_virtual_advance(&self->clock, ms);
    while (rig_one_turn(self)) {
    }
}

struct rig_answer *rig_answer(struct rig *self, uint64_t id)
{
    for (size_t i = 0; i < self->answer_count && i < rig_answers_max; i++) {
        if (self->answers[i].id == id && !self->answers[i].more) {
            return &self->answers[i];
        }
    }
    return NULL;
}

void *rig_call(struct rig *self, enum etcd_method method, const void *request,
               struct rig_answer **refused)
{
    uint64_t id = rig_send(self, method, request);
    struct rig_answer *answer;

    rig_turn(self, 0);
    answer = rig_answer(self, id);
    assert(answer != NULL);
    if (answer->code != 0) {
        if (refused != NULL) {
            *refused = answer;
        }
        return NULL;
    }
    return protobuf_c_message_unpack(etcd_method_row(method)->response, NULL, answer->response.len,
                                     (const uint8_t *)answer->response.data);
}

ProtobufCBinaryData rig_bytes(const char *text)
{
    return (ProtobufCBinaryData){strlen(text), (uint8_t *)text};
}

int64_t rig_put(struct rig *self, const char *key, const char *value, int64_t lease)
{
    Etcdserverpb__PutRequest put = ETCDSERVERPB__PUT_REQUEST__INIT;
    Etcdserverpb__PutResponse *answer;
    int64_t revision;

    put.key = rig_bytes(key);
    put.value = rig_bytes(value);
    put.lease = lease;
    answer = rig_call(self, ETCD_METHOD_PUT, &put, NULL);
    if (answer == NULL) {
        return 0;
    }
    revision = answer->header->revision;
    etcdserverpb__put_response__free_unpacked(answer, NULL);
    return revision;
}

const char *rig_get(struct rig *self, const char *key)
{
    static char value[256];
    Etcdserverpb__RangeRequest range = ETCDSERVERPB__RANGE_REQUEST__INIT;
    Etcdserverpb__RangeResponse *answer;

    range.key = rig_bytes(key);
    answer = rig_call(self, ETCD_METHOD_RANGE, &range, NULL);
    assert(answer != NULL);
    value[0] = 0;
    if (answer->n_kvs > 0) {
        (void)snprintf(value, sizeof(value), "%.*s", (int)answer->kvs[0]->value.len,
                       (const char *)answer->kvs[0]->value.data);
    }
    etcdserverpb__range_response__free_unpacked(answer, NULL);
    return value;
}

int64_t rig_grant(struct rig *self, int64_t id, int64_t ttl_s)
{
    Etcdserverpb__LeaseGrantRequest grant = ETCDSERVERPB__LEASE_GRANT_REQUEST__INIT;
    Etcdserverpb__LeaseGrantResponse *answer;

    grant.id = id;
    grant.ttl = ttl_s;
    answer = rig_call(self, ETCD_METHOD_LEASE_GRANT, &grant, NULL);
    if (answer == NULL) {
        return 0;
    }
    id = answer->id;
    etcdserverpb__lease_grant_response__free_unpacked(answer, NULL);
    return id;
}

uint64_t rig_send_put(struct rig *self, const char *key, const char *value)
{
    Etcdserverpb__PutRequest put = ETCDSERVERPB__PUT_REQUEST__INIT;

    put.key = rig_bytes(key);
    put.value = rig_bytes(value);
    return rig_send(self, ETCD_METHOD_PUT, &put);
}

void rig_pass(struct rig *self, int64_t ms)
{
    for (; ms > 0; ms -= 100) {
        rig_turn(self, ms < 100 ? ms : 100);
    }
}

int rig_set_up(void **state)
{
    static struct rig rig;

    rig_init(&rig, 1);
    rig_start(&rig);
    *state = &rig;
    return 0;
}

int rig_tear_down(void **state)
{
    rig_fini(*state);
    return 0;
}
