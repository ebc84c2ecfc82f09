#include "actors/registry/removal.h"

#include <assert.h>

#include "actors/registry/state.h"

/* Work of one turn. Removals make way for commands, but never stand still. */
enum { looked_at_max = 4096, removed_max = 256, removed_min = 32 };

/* 1 - share of the live instances, at least one (differences row 11). */
static uint32_t round_limit(const struct registry_actor *self)
{
    struct registry_counts counts;
    uint64_t limit;

    registry_counts(self->registry, &counts);
    limit = counts.live - (uint64_t)((double)counts.live * self->config->evictor_share);
    if (limit == 0) {
        limit = 1;
    }
    return limit > UINT32_MAX ? UINT32_MAX : (uint32_t)limit;
}

static const char *why_not(const struct registry_actor *self, const struct msg_evict *evict)
{
    const struct eviction_rules rules = {.interval_ms = self->config->evictor_interval,
                                         .idle_ms = self->config->evictor_idle,
                                         .tick = self->renewed.tick};

    if (evict->epoch != self->at.epoch || evict->boot != self->at.boot) {
        return "the evictor speaks of another run of the registry";
    }
    return eviction_refusal(&self->eviction, &rules, evict, self->awake.ms);
}

void on_evict(void *state, const struct address *from, const struct msg *msg, const struct now *now,
              struct outbox *out)
{
    struct registry_actor *self = state;
    const struct msg_evict *evict = &msg->as_evict;
    const char *why = why_not(self, evict);
    struct msg result = {.type = MSG_TYPE_RESULT};

    (void)now;
    if (why == NULL) {
        eviction_begin(&self->eviction, evict, round_limit(self), self->awake.ms);
    }
    result.as_result.id = evict->id;
    result.as_result.err = why == NULL ? ERR_OK : ERR_REFUSED;
    result.as_result.text = str_from(why);
    result.as_result.seq = self->published;
    answer_now(&self->at, from, &result, out);
}

/* The round is over. */
static void say_evicted(struct registry_actor *self)
{
    int64_t idle_ms = self->eviction.idle_ms;

    evicted_say(&self->evicted, self->log, idle_ms, idle_ms > self->config->evictor_idle);
}

static void remove_slot(struct registry_actor *self, uint32_t slot, enum change_kind kind,
                        const struct now *now, struct outbox *out)
{
    decide_removal(self->registry, slot, kind, now->wall_ns, &self->decision);
    (void)registry_take(self, 0, 0, now, out);
}

/* Draws victims among the old, none twice; room: for how many removals. True: the round goes on
 * next turn. */
static bool evict_some(struct registry_actor *self, unsigned *room, const struct now *now,
                       struct outbox *out)
{
    int64_t awake_ms = self->awake.ms;

    for (unsigned looked = 0; looked < looked_at_max && *room != 0; looked++) {
        uint32_t i = self->eviction.next;
        uint32_t count = ages_old_count(self->heartbeats);
        struct instance held;
        uint32_t slot;

        if (self->eviction.left == 0 || i >= count) {
            self->eviction.left = 0;
            return false;
        }
        ages_old_swap(self->heartbeats, i,
                      i + (uint32_t)prng_below(&self->prng, (uint64_t)count - i));
        slot = ages_old(self->heartbeats, i);
        if (ages_of(self->heartbeats, slot, awake_ms) < self->eviction.idle_ms ||
            hash128_eq(registry_slot_key(self->registry, slot), self->own_key)) {
            self->eviction.next++;
            continue;
        }
        registry_instance(self->registry, slot, &held);
        evicted_add(&self->evicted, &held.id);
        remove_slot(self, slot, CHANGE_EVICT, now, out); /* takes it out of the old */
        self->eviction.left--;
        *(self->eviction.idle_ms > self->config->evictor_idle ? &self->counters.evicted_at_ceiling
                                                              : &self->counters.evicted_idle) += 1;
        --*room;
    }
    return true;
}

static bool forget_some(struct registry_actor *self, unsigned room, const struct now *now,
                        struct outbox *out)
{
    while (ages_old_count(self->tombstones) > 0) {
        if (room-- == 0) {
            return true;
        }
        remove_slot(self, ages_old(self->tombstones, 0), CHANGE_FORGET, now, out);
        self->counters.forgotten++;
    }
    return false;
}

void removal_step(struct registry_actor *self, const struct now *now, struct outbox *out)
{
    unsigned room = self->taken.changes < removed_max - removed_min
                        ? removed_max - self->taken.changes
                        : removed_min;
    bool evicting = self->eviction.left > 0 && evict_some(self, &room, now, out);
    bool forgetting = forget_some(self, room, now, out);

    if (!evicting) {
        say_evicted(self);
    }
    if (evicting || forgetting) {
        outbox_again(out);
    }
}
