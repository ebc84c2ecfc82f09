/* What the replicator asks, of its registry and of other nodes, and who takes the answer. */
#include <assert.h>

#include "actors/replicator/state.h"

static const struct {
    ask_answered_fn *answered;
} kinds[ASK_KIND_COUNT] = {
    [ASK_GREETING] = {link_on_greeting},
    [ASK_STATES] = {link_on_states},
    [ASK_WANT] = {link_on_want},
    [ASK_INBOUND] = {inbound_on_merged},
    [ASK_ASIDE] = {NULL},
    [ASK_RELAY] = {relay_on_answer},
    [ASK_AGES] = {ages_on_found},
    [ASK_NODES] = {members_on_nodes},
    [ASK_FORMER] = {namesake_on_former},
    [ASK_RENEWS] = {http_on_renews},
    [ASK_TOLD] = {http_on_told},
    [ASK_WALK_MINE] = {repair_on_mine},
    [ASK_WALK_THEIRS] = {repair_on_theirs},
    [ASK_WALK_ENTRIES] = {repair_on_entries},
    [ASK_WALK_COMPARE] = {repair_on_wanted},
    [ASK_WALK_LOOKUP] = {repair_on_found},
    [ASK_WALK_MERGE] = {repair_on_merged},
    [ASK_SYNC_SLICE] = {sync_on_slice},
    [ASK_SYNC_MERGE] = {sync_on_merged},
    [ASK_SYNCED] = {sync_on_synced},
};

void replicator_answered(struct replicator *self, struct ask *ask, const struct msg *answer,
                         const struct now *now, struct outbox *out)
{
    if (kinds[ask->kind].answered != NULL) {
        kinds[ask->kind].answered(self, ask, answer, now, out);
    }
    buf_fini(&ask->keys);
}

uint64_t replicator_ask(struct replicator *self, struct ask *ask, struct msg *msg,
                        const struct now *now, struct outbox *out)
{
    enum err err = ERR_FULL;

    ask->id = asks_id(self->asks, &self->last_id);
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
    asks_add(self->asks, ask, now);
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

static struct str beats_cut(struct str *rest)
{
    size_t most = (size_t)merge_heartbeats_max * heartbeat_bytes;
    struct str beats = {rest->data, rest->len < most ? rest->len : most};

    *rest = (struct str){rest->data + beats.len, rest->len - beats.len};
    return beats;
}

/* Heartbeats go behind the last record: what they are of may be among those. */
uint32_t replicator_merge(struct replicator *self, const struct ask *ask,
                          const struct msg_merge *merge, const struct now *now, struct outbox *out,
                          bool *whole)
{
    struct str records = merge->records.bytes;
    struct str beats = merge->heartbeats;
    uint32_t count = 0;

    while (records.len > 0 || beats.len > 0) {
        struct msg msg = {.type = MSG_TYPE_MERGE};
        struct ask one = *ask;

        msg.as_merge = *merge;
        msg.as_merge.records = list_cut(&records, merge_records_max);
        msg.as_merge.heartbeats = records.len == 0 && beats.len > 0 ? beats_cut(&beats) : STR("");
        if (replicator_ask(self, &one, &msg, now, out) == 0) {
            *whole = false;
            return count;
        }
        count++;
    }
    *whole = true;
    return count;
}

void replicator_overdue(struct replicator *self, const struct now *now, struct outbox *out)
{
    uint32_t cursor = 0;
    struct ask ask;

    while (asks_take_overdue(self->asks, now->mono_ms, &cursor, &ask)) {
        replicator_answered(self, &ask, NULL, now, out);
    }
}
