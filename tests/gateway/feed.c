#include "tests/gateway/feed.h"

#include <assert.h>

#include "common/naming/convert.h"

static struct follower *registry_link(const struct feed *self)
{
    return replica_links(self->replica)[0].follower;
}

void feed_init(struct feed *self, struct replica *replica)
{
    *self = (struct feed){.replica = replica,
                          .out = outbox_new(1 << 20),
                          .now = {1000, 1795305439000000000},
                          .epoch = 0x5f3a};
}

void feed_fini(struct feed *self)
{
    outbox_destroy(&self->out);
    buf_fini(&self->records);
}

static void answer(struct feed *self, struct follower *follower, const struct msg *question)
{
    struct msg msg = {.type = MSG_TYPE_RESULT};

    if (question->type == MSG_TYPE_SNAPSHOT) {
        msg.type = MSG_TYPE_CHUNK;
        msg.as_chunk = (struct msg_chunk){.id = question->as_snapshot.id,
                                          .epoch = self->epoch,
                                          .boot = 1,
                                          .seq = self->seq,
                                          .records = {self->record_count, buf_str(&self->records)}};
    } else if (question->as_facts.epoch == self->epoch) {
        msg.type = MSG_TYPE_HISTORY;
        msg.as_history = (struct msg_history){
            .id = question->as_facts.id, .epoch = self->epoch, .boot = 1, .head = self->seq};
    } else {
        msg.as_result.id = question->as_facts.id;
        msg.as_result.err = ERR_STALE;
    }
    (void)follower_on_answer(follower, &msg, &self->now, self->out);
}

static void catch_up(struct feed *self, struct follower *follower)
{
    for (int round = 0; round < 20; round++) {
        struct outbox_item item;
        struct buf frames = {0};
        struct str rest;
        struct msg question;
        size_t cursor = 0;

        follower_step(follower, &self->now, self->out);
        while (outbox_next(self->out, OUTBOX_SYNCED, &cursor, &item)) {
            buf_add_str(&frames, item.frame);
        }
        outbox_clear(self->out, OUTBOX_SYNCED);
        rest = buf_str(&frames);
        while (rest.len > 0 && msg_decode(&rest, &question) == ERR_OK) {
            answer(self, follower, &question);
        }
        buf_fini(&frames);
    }
}

void feed_catch_up(struct feed *self)
{
    catch_up(self, registry_link(self));
    assert(replica_current(self->replica));
}

void feed_nodes(struct feed *self, uint32_t peers, bool in_step)
{
    struct follower *follower = replica_links(self->replica)[1].follower;
    /* it has facts only, and no history: what it answers holds nothing */
    struct feed replicator = {.replica = self->replica,
                              .out = self->out,
                              .now = self->now,
                              .epoch = 0xeb1,
                              .seq = self->nodes_seq};
    struct msg fact = {.type = MSG_TYPE_NODES};
    struct msg node = {.type = MSG_TYPE_NODE};
    struct buf store = {0};
    struct buf frame = {0};

    catch_up(&replicator, follower);
    for (uint32_t i = 0; i <= peers; i++) {
        node.as_node.addr = STR("127.0.0.1:7171");
        node.as_node.self = i == 0;
        msg_list_add(&fact.as_nodes.nodes, &store, &node);
    }
    fact.as_nodes.epoch = replicator.epoch;
    fact.as_nodes.boot = 1;
    fact.as_nodes.seq = ++self->nodes_seq;
    fact.as_nodes.in_step = in_step;
    msg_encode(&frame, &fact);
    follower_on_fact(follower, buf_str(&frame), &self->now, self->out);
    buf_fini(&frame);
    buf_fini(&store);
}

struct instance feed_instance(const char *appid, const char *hostname, int64_t timestamp,
                              struct buf *store)
{
    struct instance instance = {
        .id = {STR("dev"), str_from(appid), STR("sh001"), str_from(hostname)},
        .region = STR("sh"),
        .metadata_null = true,
        .status = STATUS_UP,
        .reg_timestamp = timestamp,
        .up_timestamp = timestamp,
        .renew_timestamp = timestamp,
        .dirty_timestamp = timestamp,
        .latest_timestamp = timestamp,
    };

    store->len = 0;
    strs_pack(store, STR("http://10.0.0.1:80"));
    instance.addrs = (struct strs){1, buf_str(store)};
    return instance;
}

void feed_fact(struct feed *self, struct msg *fact)
{
    struct buf frame = {0};

    fact->as_tick.epoch = self->epoch;
    fact->as_tick.boot = 1;
    fact->as_tick.seq = self->seq;
    msg_encode(&frame, fact);
    follower_on_fact(registry_link(self), buf_str(&frame), &self->now, self->out);
    buf_fini(&frame);
}

void feed_turn(struct feed *self, struct change *change)
{
    struct msg fact = {.type = MSG_TYPE_TURN};
    struct msg record = {0};
    struct buf store = {0};

    change->seq = ++self->seq;
    msg_from_change(change, &record);
    fact.as_turn.prev = self->seq - 1;
    msg_list_add(&fact.as_turn.records, &store, &record);
    feed_fact(self, &fact);
    buf_fini(&store);
}

static void put(struct feed *self, const struct instance *instance, int64_t latest)
{
    struct change change = {
        .kind = CHANGE_REGISTER, .at = latest, .latest_timestamp = latest, .instance = *instance};

    feed_turn(self, &change);
}

void feed_put(struct feed *self, const char *appid, const char *hostname, int64_t timestamp)
{
    feed_put_status(self, appid, hostname, timestamp, STATUS_UP);
}

void feed_put_status(struct feed *self, const char *appid, const char *hostname, int64_t timestamp,
                     uint32_t status)
{
    struct buf store = {0};
    struct instance instance = feed_instance(appid, hostname, timestamp, &store);

    instance.status = status;
    put(self, &instance, timestamp);
    buf_fini(&store);
}

void feed_put_zone(struct feed *self, const char *appid, const char *zone, const char *hostname,
                   int64_t timestamp)
{
    struct buf store = {0};
    struct instance instance = feed_instance(appid, hostname, timestamp, &store);

    instance.id.zone = str_from(zone);
    put(self, &instance, timestamp);
    buf_fini(&store);
}

static void end(struct feed *self, enum change_kind kind, const char *appid, const char *hostname,
                int64_t timestamp)
{
    struct buf store = {0};
    struct instance instance = feed_instance(appid, hostname, timestamp, &store);
    struct change change = {
        .kind = kind,
        .at = timestamp,
        .latest_timestamp = timestamp,
        .instance = {.id = instance.id, .dirty_timestamp = timestamp},
    };

    feed_turn(self, &change);
    buf_fini(&store);
}

void feed_cancel(struct feed *self, const char *appid, const char *hostname, int64_t timestamp)
{
    end(self, CHANGE_CANCEL, appid, hostname, timestamp);
}

void feed_evict(struct feed *self, const char *appid, const char *hostname, int64_t timestamp)
{
    end(self, CHANGE_EVICT, appid, hostname, timestamp);
}

void feed_renew(struct feed *self, const char *appid, const char *hostname, int64_t timestamp)
{
    struct identity id = {STR("dev"), str_from(appid), STR("sh001"), str_from(hostname)};
    struct heartbeat heartbeat = {identity_key(&id), timestamp, timestamp, 0};
    struct msg fact = {.type = MSG_TYPE_RENEWED};
    struct buf packed = {0};

    heartbeat_pack(&packed, &heartbeat);
    fact.as_renewed.zone = buf_str(&packed);
    feed_fact(self, &fact);
    buf_fini(&packed);
}

void feed_record(struct feed *self, const char *appid, const char *hostname, int64_t timestamp)
{
    struct buf store = {0};
    struct instance instance = feed_instance(appid, hostname, timestamp, &store);
    struct change change = {.kind = CHANGE_REGISTER,
                            .seq = ++self->seq,
                            .at = timestamp,
                            .latest_timestamp = timestamp,
                            .instance = instance};
    struct msg record = {0};

    msg_from_change(&change, &record);
    msg_encode(&self->records, &record);
    self->record_count++;
    buf_fini(&store);
}

void feed_new_epoch(struct feed *self)
{
    self->epoch++;
    self->seq = 0;
    self->records.len = 0;
    self->record_count = 0;
}
