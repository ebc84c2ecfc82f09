#include "common/naming/registry.h"

#include "common/base/heap.h"
#include "common/container/index.h"
#include "common/container/table.h"
#include "common/naming/app.h"
#include "common/naming/entry.h"

#include <assert.h>
#include <stdlib.h>

/* A trim looks at every hole, and a hole lies between two blocks that are in use: with more
 * entries it would take more than a few ms, and find little. */
static const uint64_t trim_bytes_min = UINT64_C(32) << 20;
static const uint32_t trim_entries_max = 300000;

struct registry {
    struct memory memory;
    struct table slots; /* struct entry */
    struct table apps;  /* struct app */
    struct index slot_index;
    struct index app_index;
    struct app *last_app; /* borrowed; NULL: none is remembered */
    uint64_t live_count;
    uint64_t live_app_count;
    uint64_t schedule_count;
    int64_t highest_at;
    uint32_t generation; /* counts sweeps: an entry of an older one is unseen and has no seq */
    uint64_t bytes_most; /* since it was last said to have shrunk */
    uint32_t swept;      /* slots looked at in this sweep */
    bool sweeping;
};

static struct hash128 slot_key(const void *context, uint32_t number)
{
    const struct registry *self = context;
    const struct entry *entry = table_get(&self->slots, number);

    return entry->key;
}

static struct hash128 number_app_key(const void *context, uint32_t number)
{
    const struct registry *self = context;
    const struct app *app = table_get(&self->apps, number);

    return app->key;
}

static struct str slot_hostname(const void *context, uint32_t number)
{
    const struct registry *self = context;

    return entry_hostname(table_get(&self->slots, number));
}

struct registry *registry_new(void)
{
    struct registry *self = heap_new(sizeof(*self));

    table_init(&self->slots, &self->memory);
    table_init(&self->apps, &self->memory);
    index_init(&self->slot_index, &self->memory, slot_key, self);
    index_init(&self->app_index, &self->memory, number_app_key, self);
    return self;
}

struct registry *registry_new_seeded(uint64_t seed)
{
    struct registry *self = registry_new();

    index_seed(&self->slot_index, seed);
    index_seed(&self->app_index, seed);
    return self;
}

void registry_destroy(struct registry **self)
{
    struct registry *it = *self;

    if (it == NULL) {
        return;
    }
    index_fini(&it->slot_index);
    index_fini(&it->app_index);
    for (uint32_t i = 0; i < it->slots.count; i++) {
        if (table_has(&it->slots, i)) {
            struct entry *entry = table_get(&it->slots, i);

            entry_destroy(&it->memory, &entry);
        }
    }
    for (uint32_t i = 0; i < it->apps.count; i++) {
        if (table_has(&it->apps, i)) {
            struct app *app = table_get(&it->apps, i);

            app_destroy(&it->memory, &app);
        }
    }
    table_fini(&it->slots);
    table_fini(&it->apps);
    assert(it->memory.bytes == 0);
    free(it);
    *self = NULL;
}

/* ── changing ───────────────────────────────────────────────────────────────*/

static uint64_t entry_seq(const struct registry *self, const struct entry *entry)
{
    return entry->generation == self->generation ? entry->seq : 0;
}

/* Mostly the one that was asked for last: it is remembered. */
static struct app *app_of(struct registry *self, struct str env, struct str appid)
{
    struct app *last = self->last_app;
    uint32_t number;

    if (last != NULL && str_eq(app_appid(last), appid) && str_eq(app_env(last), env)) {
        return last;
    }
    number = index_find(&self->app_index, app_key(env, appid));
    if (number == INDEX_NONE) {
        return NULL;
    }
    self->last_app = table_get(&self->apps, number);
    return self->last_app;
}

static struct app *app_make(struct registry *self, struct str env, struct str appid)
{
    struct app *app = app_new(&self->memory, env, appid);

    app->number = table_add(&self->apps, app);
    app->generation = self->generation;
    index_add(&self->app_index, app->key, app->number);
    return app;
}

/* A number from another epoch, or of a life the app has ended, says nothing about this one. */
static void app_hear(struct registry *self, struct app *app, int64_t latest_timestamp)
{
    if (app->live_count == 0 || app->generation != self->generation ||
        app->latest_timestamp < latest_timestamp) {
        app->latest_timestamp = latest_timestamp;
    }
    app->generation = self->generation;
}

static bool is_schedule(const struct entry *entry)
{
    return entry->hostname_len == 0 && entry->zone->name_len == 0;
}

static void show(struct registry *self, uint32_t slot, struct entry *entry)
{
    if (is_schedule(entry)) {
        entry->zone->app->schedule_slot = slot;
        self->schedule_count++;
        return;
    }
    self->live_count++;
    self->live_app_count += entry->zone->app->live_count == 0;
    zone_add(entry->zone, &self->memory, slot, entry_hostname(entry), slot_hostname, self);
}

static void hide(struct registry *self, uint32_t slot, struct entry *entry)
{
    if (is_schedule(entry)) {
        entry->zone->app->schedule_slot = REGISTRY_NONE;
        self->schedule_count--;
        return;
    }
    zone_remove(entry->zone, &self->memory, slot, entry_hostname(entry), slot_hostname, self);
    self->live_count--;
    self->live_app_count -= entry->zone->app->live_count == 0;
}

/* The entry leaves nothing behind; nor do a zone and an app it was the last of. */
static void drop(struct registry *self, uint32_t slot, struct applied *applied)
{
    struct entry *entry = table_get(&self->slots, slot);
    struct zone *zone = entry->zone;
    struct app *app = zone->app;

    if (entry->live) {
        hide(self, slot, entry);
    }
    index_remove(&self->slot_index, entry->key, slot);
    table_remove(&self->slots, slot);
    entry_destroy(&self->memory, &entry);
    applied->slot_freed = true;
    if (--zone->entry_count == 0) {
        zone_drop(&zone, &self->memory);
    }
    if (--app->entry_count == 0) {
        index_remove(&self->app_index, app->key, app->number);
        table_remove(&self->apps, app->number);
        self->last_app = NULL;
        app_destroy(&self->memory, &app);
        applied->app_freed = true;
    }
}

/* The entry's first state. */
static void make(struct registry *self, struct entry *entry, const struct change *change,
                 struct app *app, struct applied *applied)
{
    if (app == NULL) {
        app = app_make(self, change->instance.id.env, change->instance.id.appid);
        applied->app = app->number;
        applied->app_made = true;
    }
    app_hear(self, app, change->latest_timestamp);
    entry->zone = app_zone(app, &self->memory, change->instance.id.zone);
    entry->zone->entry_count++;
    app->entry_count++;
    applied->slot = table_add(&self->slots, entry);
    applied->slot_made = true;
    index_add(&self->slot_index, entry->key, applied->slot);
}

/* A new state of an entry that is held, in the same slot. */
static void replace(struct registry *self, struct entry *entry, const struct change *change,
                    uint32_t slot)
{
    struct entry *held = table_get(&self->slots, slot);

    app_hear(self, held->zone->app, change->latest_timestamp);
    entry->zone = held->zone;
    if (held->live && !entry->live) {
        hide(self, slot, held);
    }
    table_set(&self->slots, slot, entry);
    entry_destroy(&self->memory, &held);
}

static void put(struct registry *self, const struct change *change, struct hash128 key,
                struct app *app, struct applied *applied)
{
    struct entry *entry = entry_new(&self->memory, change, key);

    entry->generation = self->generation;
    if (applied->slot == REGISTRY_NONE) {
        make(self, entry, change, app, applied);
    } else {
        replace(self, entry, change, applied->slot);
    }
    if (entry->live && !applied->was_live) {
        show(self, applied->slot, entry);
    }
}

void registry_apply(struct registry *self, const struct change *change, struct applied *applied)
{
    registry_apply_keyed(self, change, identity_key(&change->instance.id), applied);
}

void registry_expect(const struct registry *self, struct hash128 key)
{
    index_expect(&self->slot_index, key);
}

void registry_reserve(struct registry *self, uint32_t count)
{
    index_reserve(&self->slot_index, count);
}

void registry_apply_keyed(struct registry *self, const struct change *change, struct hash128 key,
                          struct applied *applied)
{
    const struct identity *id = &change->instance.id;
    uint32_t slot = index_find(&self->slot_index, key);
    struct app *app = NULL;

    *applied = (struct applied){.slot = slot, .app = REGISTRY_NONE};
    if (slot != REGISTRY_NONE) {
        const struct entry *held = table_get(&self->slots, slot);

        app = held->zone->app;
        applied->was_live = held->live;
        applied->ignored = entry_seq(self, held) >= change->seq;
    } else {
        app = app_of(self, id->env, id->appid);
    }
    applied->app = app != NULL ? app->number : REGISTRY_NONE;
    if (applied->ignored) {
        return;
    }
    if (self->highest_at < change->at) {
        self->highest_at = change->at;
    }
    if (change_is_live(change->kind) || change->kind == CHANGE_CANCEL) {
        put(self, change, key, app, applied);
        return;
    }
    if (app != NULL) {
        app_hear(self, app, change->latest_timestamp);
    }
    if (slot != REGISTRY_NONE) {
        drop(self, slot, applied);
    }
}

void registry_renew(struct registry *self, uint32_t slot, int64_t renew_timestamp)
{
    struct entry *entry = table_get(&self->slots, slot);
    struct live_entry *live = (struct live_entry *)entry;

    if (entry->live && live->renew_timestamp < renew_timestamp) {
        live->renew_timestamp = renew_timestamp;
    }
}

void registry_sweep_begin(struct registry *self)
{
    self->generation++;
    self->swept = 0;
    self->sweeping = true;
}

bool registry_sweep_next(struct registry *self, uint32_t max, registry_applied_fn *applied_each,
                         void *context)
{
    for (uint32_t i = 0; self->sweeping && i < max; i++) {
        uint32_t slot = self->swept++;
        const struct entry *entry;
        struct applied applied;

        if (slot >= self->slots.count) {
            self->sweeping = false;
            break;
        }
        if (!table_has(&self->slots, slot)) {
            continue;
        }
        entry = table_get(&self->slots, slot);
        if (entry->generation == self->generation) {
            continue;
        }
        applied = (struct applied){
            .was_live = entry->live, .slot = slot, .app = entry->zone->app->number};
        drop(self, slot, &applied);
        if (applied_each != NULL) {
            applied_each(context, &applied);
        }
    }
    return self->sweeping;
}

void registry_raise_highest_at(struct registry *self, int64_t at)
{
    self->highest_at = self->highest_at < at ? at : self->highest_at;
}

bool registry_has_shrunk(struct registry *self)
{
    uint64_t bytes = self->memory.bytes;
    uint64_t gone = self->bytes_most > bytes ? self->bytes_most - bytes : 0;

    if (gone < trim_bytes_min || gone < self->bytes_most / 4 ||
        self->slots.used > trim_entries_max) {
        self->bytes_most = bytes + gone;
        return false;
    }
    self->bytes_most = bytes;
    return true;
}

/* ── one entry ──────────────────────────────────────────────────────────────*/

uint32_t registry_find(const struct registry *self, struct hash128 key)
{
    return index_find(&self->slot_index, key);
}

bool registry_slot_used(const struct registry *self, uint32_t slot)
{
    return table_has(&self->slots, slot);
}

bool registry_is_live(const struct registry *self, uint32_t slot)
{
    const struct entry *entry = table_get(&self->slots, slot);

    return entry->live;
}

bool registry_is_schedule(const struct registry *self, uint32_t slot)
{
    return is_schedule(table_get(&self->slots, slot));
}

void registry_expect_slot(const struct registry *self, uint32_t slot)
{
    enum { line_bytes = 64, lines = 5 };
    const char *entry = table_get(&self->slots, slot);

    for (unsigned i = 0; i < lines; i++) {
        __builtin_prefetch(entry + (size_t)i * line_bytes);
    }
}

void registry_instance(const struct registry *self, uint32_t slot, struct instance *out)
{
    const struct entry *entry = table_get(&self->slots, slot);

    entry_instance(entry, out);
    out->id.env = app_env(entry->zone->app);
    out->id.appid = app_appid(entry->zone->app);
    out->id.zone = zone_name(entry->zone);
}

void registry_slot_change(const struct registry *self, uint32_t slot, struct change *out)
{
    struct app_info app;

    registry_app(self, registry_slot_app(self, slot), &app);
    *out = (struct change){
        .kind = registry_is_live(self, slot) ? CHANGE_REGISTER : CHANGE_CANCEL,
        .seq = registry_slot_seq(self, slot),
        .latest_timestamp = app.latest_timestamp,
    };
    registry_instance(self, slot, &out->instance);
}

uint64_t registry_slot_seq(const struct registry *self, uint32_t slot)
{
    return entry_seq(self, table_get(&self->slots, slot));
}

int64_t registry_slot_dirty(const struct registry *self, uint32_t slot)
{
    const struct entry *entry = table_get(&self->slots, slot);

    return entry->dirty_timestamp;
}

struct hash128 registry_slot_key(const struct registry *self, uint32_t slot)
{
    return slot_key(self, slot);
}

uint32_t registry_slot_app(const struct registry *self, uint32_t slot)
{
    const struct entry *entry = table_get(&self->slots, slot);

    return entry->zone->app->number;
}

uint32_t registry_slot_count(const struct registry *self)
{
    return self->slots.count;
}

/* ── apps, zones ────────────────────────────────────────────────────────────*/

uint32_t registry_app_find(const struct registry *self, struct str env, struct str appid)
{
    return index_find(&self->app_index, app_key(env, appid));
}

uint32_t registry_app_count(const struct registry *self)
{
    return self->apps.count;
}

bool registry_app_used(const struct registry *self, uint32_t app)
{
    return table_has(&self->apps, app);
}

void registry_app(const struct registry *self, uint32_t app, struct app_info *out)
{
    const struct app *it = table_get(&self->apps, app);

    *out = (struct app_info){
        .env = app_env(it),
        .appid = app_appid(it),
        .latest_timestamp = it->latest_timestamp,
        .live_count = it->live_count,
        .zone_count = it->live.count,
        .gone_count = it->gone.count,
        .schedule_slot = it->schedule_slot,
    };
}

static const struct zone *live_zone(const struct registry *self, uint32_t app, uint32_t zone)
{
    const struct app *it = table_get(&self->apps, app);

    assert(zone < it->live.count);
    return it->live.at[zone];
}

void registry_zone(const struct registry *self, uint32_t app, uint32_t zone, struct zone_info *out)
{
    const struct zone *found = live_zone(self, app, zone);

    *out = (struct zone_info){zone_name(found), found->live.count, found->live.ref_count};
}

uint32_t registry_zone_find(const struct registry *self, uint32_t app, struct str zone)
{
    const struct app *it = table_get(&self->apps, app);
    uint32_t at = app_zone_at(it, zone);

    return at < it->live.count && str_eq(zone_name(it->live.at[at]), zone) ? at : REGISTRY_NONE;
}

bool registry_zone_is_held(const struct registry *self, uint32_t app, struct str zone)
{
    return app_has_zone(table_get(&self->apps, app), zone);
}

struct order_run registry_zone_run(const struct registry *self, uint32_t app, uint32_t zone,
                                   uint32_t run)
{
    return order_run(&live_zone(self, app, zone)->live, run);
}

struct order_run registry_run_after(const struct registry *self, uint32_t app, struct str zone,
                                    struct str hostname)
{
    const struct app *it = table_get(&self->apps, app);
    uint32_t at = app_zone_at(it, zone);
    struct order_run run = {0};

    if (at < it->live.count && str_eq(zone_name(it->live.at[at]), zone)) {
        run = order_after(&it->live.at[at]->live, hostname, slot_hostname, self);
        at++;
    }
    return run.count == 0 && at < it->live.count ? order_run(&it->live.at[at]->live, 0) : run;
}

/* ── sums ───────────────────────────────────────────────────────────────────*/

void registry_counts(const struct registry *self, struct registry_counts *out)
{
    *out = (struct registry_counts){
        .live = self->live_count,
        .schedules = self->schedule_count,
        .tombstones = self->slots.used - self->live_count - self->schedule_count,
        .apps = self->live_app_count,
        .memory_bytes = self->memory.bytes + sizeof(*self),
    };
}

int64_t registry_highest_at(const struct registry *self)
{
    return self->highest_at;
}
