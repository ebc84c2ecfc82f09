/* What the store tells everybody: its revisions to who watches (EVENTS), where it stands
 * (REVISION), who leads (LEADER), and what happens to keys, for people (KEY_EVENT).
 *
 *   EVENTS 4…4   EVENTS 4…9   EVENTS 9…10 whole=false   EVENTS 10…11      each begins where the
 *                                                                        last one ended
 */
#ifndef ACTORS_STORE_FACTS_H
#define ACTORS_STORE_FACTS_H

#include "actors/store/interest.h"
#include "common/runtime/publisher.h"

struct store;

struct facts {
    struct publisher publisher;
    struct interest interest;
    int64_t told;       /* EVENTS end with this revision */
    int64_t shown;      /* KEY_EVENTs go on with */
    uint32_t shown_sub; /* this change */
    bool ticked;        /* REVISION is due */
    uint64_t term, lead;
    struct buf list, topic;
    uint64_t events_total; /* in EVENTS */
    uint64_t events_facts_total;
    uint64_t key_events_total;
};

/* Once the state is there. */
void facts_begin(struct store *self, enum actor_name name);
void facts_fini(struct facts *self);

/* At a turn's end, when all that is to be applied in it is. True: there is more to tell: the next
 * turn is to follow at once, and nothing may be compacted away before it. */
bool facts_turn(struct store *self, struct outbox *out);

#endif
