#include "actors/replicator/answered.h"

#include "actors/replicator/ask.h"
#include "actors/replicator/http_peers.h"
#include "actors/replicator/last_heard.h"
#include "actors/replicator/link.h"
#include "actors/replicator/relay.h"
#include "actors/replicator/repair.h"
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
    [ASK_AGES] = {last_heard_on_found},
    [ASK_NODES] = {members_on_nodes},
    [ASK_FORMER] = {namesake_on_former},
    [ASK_RENEWS] = {http_peers_on_renews},
    [ASK_TOLD] = {http_peers_on_told},
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

void replicator_overdue(struct replicator *self, const struct now *now, struct outbox *out)
{
    uint32_t cursor = 0;
    struct ask ask;

    while (inflight_take_overdue(self->inflight, now->mono_ms, &cursor, &ask)) {
        replicator_answered(self, &ask, NULL, now, out);
    }
}
