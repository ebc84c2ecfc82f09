/* The columns beside the registry's slots kept in step with it: heartbeat ages, tombstones' ages,
 * and the digests, in which is what lives and is not idle, and what went less than half a
 * tombstone's life ago. */
#include "actors/registry/tracking.h"

#include "actors/registry/publish.h"
#include "actors/registry/state.h"
#include "common/wire/exchange.h"

/* How many a turn: aged are looked at; expiring are told in one fact. */
enum { aged_per_turn = 4096, expiring_per_turn = expiring_keys_max };

/* As it is held: what a change borrowed from the entry before is gone. */
static void put_live(struct registry_actor *self, uint32_t slot)
{
    struct instance instance;

    if (ages_is_old(self->heartbeats, slot)) {
        digest_drop(self->digest, slot, self->awake.ms);
        return;
    }
    registry_instance(self->registry, slot, &instance);
    digest_put(self->digest, slot, registry_slot_key(self->registry, slot),
               instance.dirty_timestamp, instance_hash(&instance), false, self->awake.ms);
}

static void put_gone(struct registry_actor *self, uint32_t slot)
{
    if (ages_of(self->tombstones, slot, self->awake.ms) >= self->tombstone_ms / 2) {
        digest_drop(self->digest, slot, self->awake.ms);
        return;
    }
    digest_put(self->digest, slot, registry_slot_key(self->registry, slot),
               registry_slot_dirty(self->registry, slot), 0, true, self->awake.ms);
}

static void track_gone(struct registry_actor *self, const struct change *change, uint32_t slot,
                       int64_t age_ms)
{
    ages_drop(self->heartbeats, slot);
    if (change->kind == CHANGE_CANCEL) {
        ages_touch(self->tombstones, slot, self->awake.ms, age_ms);
        put_gone(self, slot);
    } else {
        ages_drop(self->tombstones, slot);
        digest_drop(self->digest, slot, self->awake.ms);
    }
}

void registry_track(struct registry_actor *self, const struct change *change,
                    const struct applied *applied)
{
    uint32_t slot = applied->slot;

    if (applied->ignored || slot == REGISTRY_NONE) {
        return;
    }
    if (!change_is_live(change->kind)) {
        track_gone(self, change, slot, change->age_ms);
        return;
    }
    ages_drop(self->tombstones, slot);
    if (registry_is_schedule(self->registry, slot)) {
        /* lives without heartbeats */
    } else if (change->age_ms >= 0) {
        ages_touch(self->heartbeats, slot, self->awake.ms, change->age_ms);
    } else if (!applied->was_live) {
        ages_restore(self->heartbeats, slot, self->awake.ms, -1);
    }
    put_live(self, slot);
}

/* The time it was down counts for a tombstone, or each restart would make those of all nodes
 * younger; but the wall clock, which may be wrong, takes it out of the digests at most. */
static int64_t restored_age(const struct registry_actor *self, const struct change *change)
{
    int64_t down_ms = change->at > 0 ? (self->started_ns - change->at + 999999) / 1000000 : 0;
    int64_t half_ms = self->tombstone_ms / 2;

    if (down_ms <= 0 || change->age_ms >= half_ms) {
        return change->age_ms;
    }
    return down_ms < half_ms - change->age_ms ? change->age_ms + down_ms : half_ms;
}

void registry_track_restored(struct registry_actor *self, const struct change *change,
                             const struct applied *applied)
{
    const struct instance *instance = &change->instance;
    int64_t age_ms = (self->started_ns - instance->renew_timestamp) / 1000000;
    uint32_t slot = applied->slot;

    if (applied->ignored || slot == REGISTRY_NONE) {
        return;
    }
    if (!change_is_live(change->kind)) {
        track_gone(self, change, slot, restored_age(self, change));
        return;
    }
    ages_drop(self->tombstones, slot);
    if (!registry_is_schedule(self->registry, slot)) {
        /* the wall clock may be wrong: what it says in between is all that can be believed */
        ages_restore(self->heartbeats, slot, self->awake.ms,
                     age_ms >= 0 && age_ms < self->config->evictor_idle ? age_ms : -1);
    }
    put_live(self, slot);
}

bool registry_heard(struct registry_actor *self, uint32_t slot, int64_t age_ms,
                    const struct now *now)
{
    int64_t awake_ms = self->awake.ms;
    bool live = registry_is_live(self->registry, slot);
    struct ages *ages = live ? self->heartbeats : self->tombstones;
    int64_t known_ms = ages_true(ages, slot, awake_ms);
    bool was_old = ages_is_old(ages, slot);

    if (live && registry_is_schedule(self->registry, slot)) {
        return false; /* its tombstone has an age as every other */
    }
    if (live) { /* also within the ms of the one before: it is told so */
        registry_renew(self->registry, slot, now->wall_ns - age_ms * 1000000);
    }
    if (known_ms >= 0 && known_ms <= age_ms) {
        return false;
    }
    ages_touch(ages, slot, awake_ms, age_ms);
    if (!live) {
        put_gone(self, slot);
        return true;
    }
    if (was_old && !ages_is_old(ages, slot)) {
        put_live(self, slot);
    }
    return true;
}

/* Of an interval of 60 s and an idle limit of 90 s: 10 s. An instance sends three heartbeats within
 * the idle limit, and each must count. */
static int64_t heartbeats_apart_ms(const struct config *config)
{
    int64_t window_ms = config->evictor_interval / 6;
    int64_t period_ms = config->evictor_idle / 9;

    return window_ms < period_ms ? window_ms : period_ms;
}

void registry_count_heartbeat(struct registry_actor *self, uint32_t slot, int64_t age_ms)
{
    if (ages_counts(self->heartbeats, slot, self->awake.ms, age_ms,
                    heartbeats_apart_ms(self->config))) {
        self->counters.heartbeats++;
    }
}

bool registry_is_vague(const struct registry_actor *self, uint32_t slot)
{
    int64_t age_ms;

    if (!registry_is_live(self->registry, slot) || registry_is_schedule(self->registry, slot)) {
        return false;
    }
    age_ms = ages_true(self->heartbeats, slot, self->awake.ms);
    return age_ms < 0 || age_ms >= self->config->evictor_idle;
}

static bool age_heartbeats(struct registry_actor *self, struct outbox *out)
{
    uint32_t slots[expiring_per_turn];
    uint32_t count = ages_expiring(self->heartbeats, self->awake.ms, slots, expiring_per_turn);
    uint32_t old = ages_old_count(self->heartbeats);
    bool more = ages_advance(self->heartbeats, self->awake.ms, aged_per_turn);

    if (count > 0) {
        self->counters.expiring += count;
        publish_expiring(self, slots, count, out);
    }
    for (; old < ages_old_count(self->heartbeats); old++) {
        digest_drop(self->digest, ages_old(self->heartbeats, old), self->awake.ms);
    }
    return more || count == expiring_per_turn;
}

static bool age_tombstones(struct registry_actor *self)
{
    uint32_t slots[expiring_per_turn];
    uint32_t count = ages_expiring(self->tombstones, self->awake.ms, slots, expiring_per_turn);
    bool more = ages_advance(self->tombstones, self->awake.ms, aged_per_turn);

    for (uint32_t i = 0; i < count; i++) {
        digest_drop(self->digest, slots[i], self->awake.ms);
    }
    return more || count == expiring_per_turn;
}

bool registry_age(struct registry_actor *self, struct outbox *out)
{
    bool more = age_heartbeats(self, out);

    more = age_tombstones(self) || more;
    if (more) {
        outbox_again(out);
    }
    return more;
}
