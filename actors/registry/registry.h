/* Registry: the truth about who is registered. Decides every command, keeps the
 * changes in a journal before it answers, and tells everybody what is now true.
 *
 *   in   REGISTER, RENEW, CANCEL, SET   from gateways and the replicator
 *        SCHEDULE                       from operators
 *        EVICT                          from the evictor
 *        SYNCED, MERGE, LOOKUP, APP     from the replicator
 *        DIGEST, LEAVES, COMPARE        from the replicator
 *        SNAPSHOT, FACTS                from followers
 *   out  TURN, RENEWED, EXPIRING        facts, topics registry.turn, registry.turn.nodes, …
 *        CHANGED                        facts, topics registry.change.<env>.<appid>
 *        PROTECT, STORAGE               standing facts
 *
 * A turn: every command is decided and applied in memory; what it changed is
 * appended once, synced once, published and answered. Heartbeats, reads and
 * refusals are answered before the sync.
 */
#ifndef ACTORS_REGISTRY_REGISTRY_H
#define ACTORS_REGISTRY_REGISTRY_H

#include "common/base/log.h"
#include "common/config/config.h"
#include "common/journal/disk.h"
#include "common/runtime/actor.h"

struct registry_actor;

static const int64_t registry_tick_ms = 1000;

struct registry_options {
    const struct config *config; /* borrowed for the actor's life */
    struct disk *disk;           /* borrowed */
    const struct clock *clock;   /* borrowed; times the syncs */
    struct log *log;             /* borrowed; may be NULL */
    const char *dir;             /* of journal and snapshots */
    const char *machine_boot;    /* names the machine's run; copied */
    uint64_t seed;               /* for boot, new epochs and the choice of victims; not 0 */
    uint64_t snapshot_bytes;     /* this and the next as storage_options have them; 0: their */
    uint64_t allocate_bytes;     /* defaults */
};

/* Reads back what the directory holds. Errors, logged with a remedy: those of storage_open. */
enum err registry_actor_new(struct registry_actor **self, const struct registry_options *options,
                            const struct now *now);
void registry_actor_destroy(struct registry_actor **self); /* in good order: all synced */

extern const struct actor_spec registry_spec;

/* What this node's own files say of an app's schedule, decided as SCHEDULE is; nobody is answered.
 * To be called within a turn. Errors: those of decide_schedule, why appended. */
enum err registry_actor_schedule(struct registry_actor *self, const struct msg_schedule *command,
                                 const struct now *now, struct outbox *out, struct buf *why);

struct registry;
/* For the simulator and tests: the structure as it stands. Borrowed. */
const struct registry *registry_actor_registry(const struct registry_actor *self);

#endif
