/* Second-hand ages: before an instance falls idle here, every muster node is asked when it was
 * heard there last. A younger age counts as heard, so a link that is broken between two nodes which
 * both reach a third evicts nobody. */
#include "actors/replicator/last_heard.h"

#include "actors/replicator/ask.h"
#include "actors/replicator/state.h"

/* What the registry says to be getting old in one turn, at most. */
static const size_t expiring_bytes_max = (size_t)1 << 20;

void last_heard_to_ask(struct replicator *self, struct str keys)
{
    if (keys.len % key_bytes == 0 && self->expiring.len + keys.len <= expiring_bytes_max) {
        buf_add_str(&self->expiring, keys);
    }
}

static void ask(struct replicator *self, const struct peer *peer, struct str keys,
                const struct now *now, struct outbox *out)
{
    struct ask ask = replicator_ask_for(self, ASK_AGES, peer);
    struct msg msg = {.type = MSG_TYPE_LOOKUP};

    buf_add_str(&ask.keys, keys);
    msg.as_lookup.keys = keys;
    msg.as_lookup.ages = true;
    if (replicator_ask(self, &ask, &msg, now, out) != 0) {
        self->counters.ages_asked += keys.len / key_bytes;
    }
}

void last_heard_step(struct replicator *self, const struct now *now, struct outbox *out)
{
    struct str rest = buf_str(&self->expiring);

    while (rest.len > 0) {
        struct str keys = rest;

        if (keys.len > (size_t)asked_keys_max * key_bytes) {
            keys.len = (size_t)asked_keys_max * key_bytes;
        }
        rest = (struct str){rest.data + keys.len, rest.len - keys.len};
        for (struct peer *peer = NULL; (peer = peers_next(self, peer)) != NULL;) {
            if (peer->link.state == LINK_UP) {
                ask(self, peer, keys, now, out);
            }
        }
    }
    buf_fini(&self->expiring);
}

void last_heard_on_found(struct replicator *self, const struct ask *asked, const struct msg *answer,
                         const struct now *now, struct outbox *out)
{
    struct peer *peer = peers_alive(self, asked->peer, asked->life);
    struct ask aside = {.kind = ASK_ASIDE};
    struct msg_merge merge;
    size_t done;
    bool whole;

    if (peer == NULL || answer == NULL || answer->type != MSG_TYPE_FOUND) {
        return;
    }
    merge = (struct msg_merge){.spread = SPREAD_NOWHERE,
                               .older_ms = now->mono_ms - asked->asked_ms,
                               .heartbeats = answer->as_found.heartbeats};
    if (merge.heartbeats.len > 0 && merge.heartbeats.len % heartbeat_bytes == 0 &&
        merge.heartbeats.len / heartbeat_bytes <= asked->keys.len / key_bytes) {
        replicator_merge(self, &aside, &merge, now, out, &whole);
    }
    done = (size_t)answer->as_found.done * key_bytes;
    if (done > 0 && done < asked->keys.len) {
        ask(self, peer, (struct str){asked->keys.data + done, asked->keys.len - done}, now, out);
    }
}
