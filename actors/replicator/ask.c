#include "actors/replicator/ask.h"

#include <assert.h>

#include "actors/replicator/state.h"

uint64_t replicator_ask(struct replicator *self, struct ask *ask, struct msg *msg,
                        const struct now *now, struct outbox *out)
{
    enum err err = ERR_FULL;

    ask->id = inflight_id(self->inflight, &self->last_id);
    msg->as_command.id = ask->id;
    if (ask->id != 0) {
        err = ask_whom(ask->kind) == ASK_REGISTRY ? outbox_command(out, ACTOR_REGISTRY, 0, msg)
                                                  : outbox_peer(out, ask->peer, msg);
    }
    if (err != ERR_OK) {
        self->counters.asks_refused++;
        buf_fini(&ask->keys);
        return 0;
    }
    inflight_add(self->inflight, ask, now);
    return ask->id;
}

struct ask replicator_ask_for(const struct replicator *self, enum ask_kind kind,
                              const struct peer *peer)
{
    return (struct ask){.kind = kind, .peer = peers_number(self, peer), .life = peer->life};
}

enum spread replicator_spread_from(const struct replicator *self, struct str zone)
{
    return str_eq(zone, str_from(self->config->node_zone)) ? SPREAD_NOWHERE : SPREAD_ZONE;
}

struct msg_list list_cut(struct str *rest, uint32_t max)
{
    struct msg_list list = {.bytes = {rest->data, 0}};

    while (rest->len > 0 && list.count < max) {
        struct str next = *rest;
        struct msg msg;
        enum err err = msg_decode(&next, &msg);

        assert(err != ERR_MALFORMED); /* it was decoded with its message */
        (void)err;
        if (list.count > 0 && list.bytes.len + (rest->len - next.len) > merge_bytes_max) {
            break;
        }
        list.bytes.len += rest->len - next.len;
        list.count++;
        *rest = next;
    }
    return list;
}

static struct str heartbeats_cut(struct str *rest)
{
    size_t most = (size_t)merge_heartbeats_max * heartbeat_bytes;
    struct str heartbeats = {rest->data, rest->len < most ? rest->len : most};

    *rest = (struct str){rest->data + heartbeats.len, rest->len - heartbeats.len};
    return heartbeats;
}

/* Heartbeats go behind the last record: what they are of may be among those. */
uint32_t replicator_merge(struct replicator *self, const struct ask *ask,
                          const struct msg_merge *merge, const struct now *now, struct outbox *out,
                          bool *whole)
{
    struct str records = merge->records.bytes;
    struct str heartbeats = merge->heartbeats;
    uint32_t count = 0;

    while (records.len > 0 || heartbeats.len > 0) {
        struct msg msg = {.type = MSG_TYPE_MERGE};
        struct ask one = *ask;

        msg.as_merge = *merge;
        msg.as_merge.records = list_cut(&records, merge_records_max);
        msg.as_merge.heartbeats =
            records.len == 0 && heartbeats.len > 0 ? heartbeats_cut(&heartbeats) : STR("");
        if (replicator_ask(self, &one, &msg, now, out) == 0) {
            *whole = false;
            return count;
        }
        count++;
    }
    *whole = true;
    return count;
}
