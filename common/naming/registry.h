/* The registry's structure: apps → zones → instances and tombstones, an app's
 * schedule (identity_is_schedule) beside its zones, with the queries and the one way to change it,
 * registry_apply. The registry process and the gateway's replica share it. It knows no rule (decide
 * does), no clock, no socket and no file.
 *
 * Entries (live instances and tombstones) sit in numbered slots that never move
 * while they exist; slot and app numbers are small, dense and reused, so that
 * users hang their own columns off them (heartbeat ages, rendered JSON, waiting
 * polls). Tables grow incrementally: no call moves more than a bounded number of
 * entries.
 */
#ifndef COMMON_NAMING_REGISTRY_H
#define COMMON_NAMING_REGISTRY_H

#include "common/container/order.h"
#include "common/naming/change.h"

#define REGISTRY_NONE UINT32_MAX /* no such slot, app or zone */

struct registry;

struct registry *registry_new(void);
/* The same with a random seed, so that nobody can choose names that crowd in its tables. */
struct registry *registry_new_seeded(uint64_t seed);
void registry_destroy(struct registry **self);

/* ── changing ───────────────────────────────────────────────────────────────*/

/* What an apply did, for the columns of users. slot and app are REGISTRY_NONE
 * where there is none. A number in *_freed was valid before the call and is free
 * for reuse after it: drop your column's value now. */
struct applied {
    bool ignored;    /* what is held is as new or newer (by seq): nothing happened */
    bool was_live;   /* there was a live instance (or a schedule) of this identity before */
    uint32_t slot;   /* of the entry after it, or of the entry that went */
    uint32_t app;    /* of its app, or of the app that went */
    bool slot_made;  /* slot is new */
    bool slot_freed; /* entry is gone without tombstone */
    bool app_made;   /* the first live instance or tombstone of this app */
    bool app_freed;  /* its last entry is gone */
};

/* Takes the change as truth. Never fails; ignores one whose seq is not above the
 * held entry's. Copies everything. Sets the app's latest_timestamp to the greater
 * of its own and the change's; an app that had no live instance starts from the change's. */
void registry_apply(struct registry *self, const struct change *change, struct applied *applied);

/* The same for one who has computed the change's identity_key already. */
void registry_apply_keyed(struct registry *self, const struct change *change, struct hash128 key,
                          struct applied *applied);

/* A hint: key will be looked for soon, a few hundred keys later at most. */
void registry_expect(const struct registry *self, struct hash128 key);

/* A hint for an empty one: about so many entries are coming. */
void registry_reserve(struct registry *self, uint32_t count);

/* A newer heartbeat of the live instance in slot; an older one is ignored. */
void registry_renew(struct registry *self, uint32_t slot, int64_t renew_timestamp);

/* Catch-up: begin forgets every entry's seq and marks it unseen (a foreign epoch
 * may be coming: for the same reason the next change of an app sets its latest_timestamp
 * whatever it was); entries touched by registry_apply become seen; sweep_next
 * looks at up to max slots a call and removes the unseen entries in them as if evicted, reporting
 * each through applied_each (may be NULL), and returns true while more may follow. Without a
 * sweep begun it does nothing. */
void registry_sweep_begin(struct registry *self);
typedef void registry_applied_fn(void *context, const struct applied *applied);
bool registry_sweep_next(struct registry *self, uint32_t max, registry_applied_fn *applied_each,
                         void *context);

/* Call now and then, when a few ms may be spent. True: much less is held than at the peak since it
 * was true last. What went has left holes in the heap: give them back to the system (outbox_trim),
 * which takes a few ms only while few entries are left. */
bool registry_has_shrunk(struct registry *self);

/* ── one entry ──────────────────────────────────────────────────────────────*/

/* Slot of the entry (live or tombstone) with this key, or REGISTRY_NONE. */
uint32_t registry_find(const struct registry *self, struct hash128 key);

bool registry_slot_used(const struct registry *self, uint32_t slot);
bool registry_is_live(const struct registry *self, uint32_t slot); /* or a schedule that holds */
bool registry_is_schedule(const struct registry *self, uint32_t slot); /* or the tombstone of one */

/* A hint: registry_instance of this slot will be asked for soon, a few others before it. */
void registry_expect_slot(const struct registry *self, uint32_t slot);

/* Fills out; its strings borrow from the registry until the entry's next change.
 * Of a tombstone only id and dirty_timestamp are meaningful. */
void registry_instance(const struct registry *self, uint32_t slot, struct instance *out);

/* The change that gives slot's entry to one who lacks it: REGISTER or CANCEL, with its seq
 * and the app's latest_timestamp; at, age_ms and the write id are 0. Borrows as registry_instance.
 */
void registry_slot_change(const struct registry *self, uint32_t slot, struct change *out);

int64_t registry_slot_dirty(const struct registry *self, uint32_t slot); /* dirty_timestamp */
uint64_t registry_slot_seq(const struct registry *self, uint32_t slot);
struct hash128 registry_slot_key(const struct registry *self, uint32_t slot);
uint32_t registry_slot_app(const struct registry *self, uint32_t slot);
uint32_t registry_slot_count(const struct registry *self); /* every used slot is below it */

/* ── apps, zones ────────────────────────────────────────────────────────────*/

uint32_t registry_app_find(const struct registry *self, struct str env, struct str appid);
uint32_t registry_app_count(const struct registry *self); /* every used app number is below it */
bool registry_app_used(const struct registry *self, uint32_t app);

struct app_info {
    struct str env;   /* borrowed while the app exists */
    struct str appid; /* borrowed while the app exists */
    int64_t latest_timestamp;
    uint32_t live_count;
    uint32_t zone_count;    /* zones with live instances, in order of their names */
    uint32_t gone_count;    /* zones with tombstones only, or the schedule's */
    uint32_t schedule_slot; /* of its schedule, or REGISTRY_NONE */
};
void registry_app(const struct registry *self, uint32_t app, struct app_info *out);

/* The zone'th zone of the app (0 … zone_count - 1): its name, borrowed until the next apply,
 * and its live instances. */
struct zone_info {
    struct str zone;
    uint32_t slot_count;
    uint32_t run_count;
};
void registry_zone(const struct registry *self, uint32_t app, uint32_t zone, struct zone_info *out);
/* The number of the zone with that name, a search among many; REGISTRY_NONE: it has no live one. */
uint32_t registry_zone_find(const struct registry *self, uint32_t app, struct str zone);
/* Whether there is that zone, with live instances or with tombstones only. */
bool registry_zone_is_held(const struct registry *self, uint32_t app, struct str zone);

/* Their slots in hostname order: run after run (0 … run_count - 1), each of bounded length.
 * Borrowed until the next apply. */
struct order_run registry_zone_run(const struct registry *self, uint32_t app, uint32_t zone,
                                   uint32_t run);

/* The app's live instances that follow the one named by zone and hostname, which need not exist, in
 * order of zones and hostnames: a bounded number of them; count 0: none follow. For one who
 * goes through an app over many turns. Empty names begin. */
struct order_run registry_run_after(const struct registry *self, uint32_t app, struct str zone,
                                    struct str hostname);

/* ── sums ───────────────────────────────────────────────────────────────────*/

struct registry_counts {
    uint64_t live;
    uint64_t schedules;
    uint64_t tombstones;
    uint64_t apps; /* with at least one live instance */
    uint64_t memory_bytes;
};
void registry_counts(const struct registry *self, struct registry_counts *out);

/* The greatest change.at ever applied: a new app's latest_timestamp starts above
 * it, so that an app that went and came back never repeats one. raise: heard
 * otherwise, from a snapshot's head. */
int64_t registry_highest_at(const struct registry *self);
void registry_raise_highest_at(struct registry *self, int64_t at);

#endif
