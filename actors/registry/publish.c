#include "actors/registry/publish.h"

#include <assert.h>
#include <stdlib.h>

#include "actors/registry/state.h"
#include "common/base/percent.h"

/* Who follows the turns takes them all; who only counts heartbeats is spared each change, or all
 * but those that say who the nodes are. */
static const struct str turn_topic = {"registry.turn", 13};
static const struct str turn_of_nodes_topic = {"registry.turn.nodes", 19};
static const struct str renewed_topic = {"registry.turn.renewed", 21};
static const struct str expiring_topic = {"registry.turn.expiring", 22};

/* In a topic a dot ends a name. */
static const char topic_plain[] = "-_";

/* Room in a fact's frame for the fields around what it carries. */
enum { fact_room = fact_frame_max - 256 };

bool publish_watched(struct registry_actor *self, const struct change *change,
                     const struct outbox *out)
{
    if (change->kind == CHANGE_FORGET || !outbox_wants_within(out, STR("registry.change."))) {
        return false;
    }
    self->topic.len = 0;
    buf_add_str(&self->topic, STR("registry.change."));
    percent_add(&self->topic, change->instance.id.env, topic_plain, false);
    buf_add_char(&self->topic, '.');
    percent_add(&self->topic, change->instance.id.appid, topic_plain, false);
    return outbox_wants(out, buf_str(&self->topic));
}

static void publish_changed(struct registry_actor *self, const struct change *change,
                            struct outbox *out)
{
    const struct identity *id = &change->instance.id;
    struct buf instance = {0};
    struct msg msg = {.type = MSG_TYPE_CHANGED};

    if (!publish_watched(self, change, out)) {
        return;
    }
    if (change_is_live(change->kind)) {
        instance_pack(&instance, &change->instance);
    }
    msg.as_changed = (struct msg_changed){
        .epoch = self->at.epoch,
        .boot = self->at.boot,
        .seq = change->seq,
        .kind = str_from(change_kind_name(change->kind)),
        .env = id->env,
        .appid = id->appid,
        .zone = id->zone,
        .hostname = id->hostname,
        .instance = buf_str(&instance),
        .latest_timestamp = change->latest_timestamp,
    };
    (void)outbox_fact(out, buf_str(&self->topic), &msg); /* full: a watcher misses it */
    buf_fini(&instance);
}

/* From the records, because only now the commit has said which epoch they are of. */
static void publish_changes(struct registry_actor *self, struct str records, struct outbox *out)
{
    struct msg record;
    struct change change;

    while (msg_next(&records, &record)) {
        if (change_from_msg(&record, &change) == ERR_OK) {
            publish_changed(self, &change, out);
        }
    }
}

void publish_turns(struct registry_actor *self, struct outbox *out)
{
    struct msg msg = {.type = MSG_TYPE_TURN};
    struct msg_turn *turn = &msg.as_turn;
    struct str topic = self->taken.nodes ? turn_of_nodes_topic : turn_topic;

    /* a turn larger than what is kept: followers see the gap and read the journal */
    if (self->backlog.count > 0 && self->published + 1 < self->backlog.first_seq) {
        self->published = self->backlog.first_seq - 1;
    }
    while (self->published < self->at.seq) {
        uint32_t count;
        bool held =
            backlog_read(&self->backlog, self->published, fact_room, &turn->records.bytes, &count);

        assert(held);
        (void)held;
        turn->records.count = count;
        turn->epoch = self->at.epoch;
        turn->boot = self->at.boot;
        turn->prev = self->published;
        turn->seq = self->published + count;
        self->published = turn->seq;
        (void)outbox_fact(out, topic, &msg); /* full: a gap, which followers ask about */
        if (self->taken.watched) {
            publish_changes(self, turn->records.bytes, out);
        }
    }
}

static void send_renewed(struct registry_actor *self, bool more, const struct now *now,
                         struct outbox *out)
{
    struct registry_counts counts;
    struct buf root = {0};
    struct msg msg = {.type = MSG_TYPE_RENEWED};

    renewed_age(&self->renewed, now->mono_ms);
    registry_counts(self->registry, &counts);
    if (!more) {
        key_pack(&root, digest_root(self->digest)); /* 16 bytes, the same way */
    }
    msg.as_renewed = (struct msg_renewed){
        .epoch = self->at.epoch,
        .boot = self->at.boot,
        .seq = self->published,
        .tick = self->renewed.tick + (more ? 1 : 0), /* a part belongs to the coming tick */
        .more = more,
        .heartbeats = self->counters.heartbeats,
        .live = counts.live,
        .expected_per_min = 2 * counts.live,
        .nowhere = buf_str(&self->renewed.heartbeats[SPREAD_NOWHERE]),
        .zone = buf_str(&self->renewed.heartbeats[SPREAD_ZONE]),
        .everywhere = buf_str(&self->renewed.heartbeats[SPREAD_EVERYWHERE]),
        .digest = buf_str(&root),
    };
    (void)outbox_fact(out, renewed_topic, &msg);
    renewed_clear(&self->renewed);
    buf_fini(&root);
}

void publish_heartbeat(struct registry_actor *self, uint32_t slot, enum spread spread,
                       int64_t age_ms, const struct now *now, struct outbox *out)
{
    struct heartbeat heartbeat = {.key = registry_slot_key(self->registry, slot),
                                  .dirty_timestamp = registry_slot_dirty(self->registry, slot),
                                  .renew_timestamp = now->wall_ns - age_ms * 1000000,
                                  .age_ms = (uint32_t)age_ms};

    if (renewed_len(&self->renewed) + heartbeat_bytes > fact_room) {
        send_renewed(self, true, now, out);
    }
    renewed_add(&self->renewed, spread, &heartbeat, now->mono_ms);
}

void publish_tick(struct registry_actor *self, const struct now *now, struct outbox *out)
{
    self->renewed.tick++;
    send_renewed(self, false, now, out);
}

void publish_expiring(struct registry_actor *self, const uint32_t *slots, uint32_t count,
                      struct outbox *out)
{
    struct msg msg = {.type = MSG_TYPE_EXPIRING};
    struct buf keys = {0};

    for (uint32_t i = 0; i < count; i++) {
        key_pack(&keys, registry_slot_key(self->registry, slots[i]));
    }
    msg.as_expiring = (struct msg_expiring){.epoch = self->at.epoch,
                                            .boot = self->at.boot,
                                            .seq = self->published,
                                            .keys = buf_str(&keys)};
    (void)outbox_fact(out, expiring_topic, &msg); /* full: nobody is asked */
    buf_fini(&keys);
}

void protect_msg(const struct registry_actor *self, const struct now *now, struct msg *msg)
{
    *msg = (struct msg){.type = MSG_TYPE_PROTECT};
    msg->as_protect = (struct msg_protect){
        .epoch = self->at.epoch,
        .boot = self->at.boot,
        .seq = self->published,
        .on = self->protection.on,
        .left_ms = protection_left_ms(&self->protection, now->mono_ms),
        .reason = str_from(self->protection.reason),
        .syncing = self->protection.syncing,
    };
}

void storage_msg(const struct registry_actor *self, struct buf *store, struct msg *msg)
{
    struct storage_stats stats;

    storage_stats(self->storage, &stats);
    store->len = 0;
    if (stats.lost.any) {
        lost_print(&stats.lost, store);
    }
    *msg = (struct msg){.type = MSG_TYPE_STORAGE};
    msg->as_storage = (struct msg_storage){
        .epoch = self->at.epoch,
        .boot = self->at.boot,
        .seq = self->published,
        .ok = stats.ok,
        .reason = str_from(stats.reason),
        .damaged = stats.lost.any,
        .damage = buf_str(store),
    };
}

void publish_protect(struct registry_actor *self, const struct now *now, struct outbox *out)
{
    struct msg msg;

    protect_msg(self, now, &msg);
    (void)outbox_fact(out, STR("registry.protect"), &msg);
}

void publish_storage(struct registry_actor *self, struct outbox *out)
{
    struct buf store = {0};
    struct msg msg;

    storage_msg(self, &store, &msg);
    (void)outbox_fact(out, STR("registry.storage"), &msg);
    buf_fini(&store);
}
