#include "tests/naming/model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Chosen so that joining parts carelessly makes two of them one. */
static const char *const envs[model_envs] = {"c", "b-c"};
static const char *const appids[model_appids] = {"a", "a-b", "infra.discovery", ""};
static const char *const zones[model_zones] = {"sh", "sh001", "bj"};
static const char *const hosts[model_hosts] = {"h", "h1", "h10", "h2", "\x80z"};

struct identity model_identity(uint32_t number)
{
    uint32_t app = model_app(number);
    struct identity id = {.env = str_from(envs[app / model_appids]),
                          .appid = str_from(appids[app % model_appids])};

    number %= model_app_size;
    if (number < model_zones * model_hosts) {
        id.zone = str_from(zones[number / model_hosts]);
        id.hostname = str_from(hosts[number % model_hosts]);
    }
    return id;
}

uint32_t model_app(uint32_t number)
{
    return number / model_app_size;
}

static struct strs random_strs(struct prng *prng, uint32_t count, uint32_t each, struct buf *store)
{
    struct buf bytes = {0};
    char text[64];

    for (uint32_t i = 0; i < count * each; i++) {
        memset(text, 'a' + (int)prng_below(prng, 26), sizeof(text));
        strs_pack(&bytes, (struct str){text, prng_below(prng, sizeof(text))});
    }
    struct strs list = {count, {NULL, bytes.len}};
    /* store is reserved by its maker: it does not move */
    assert_true(store->cap - store->len >= bytes.len);
    list.bytes.data = store->data + store->len;
    buf_add_str(store, buf_str(&bytes));
    buf_fini(&bytes);
    return list;
}

struct change model_change(struct prng *prng, uint32_t number, uint64_t seq, struct buf *store)
{
    static const enum change_kind kinds[] = {CHANGE_REGISTER, CHANGE_REGISTER, CHANGE_SET,
                                             CHANGE_CANCEL,   CHANGE_EVICT,    CHANGE_FORGET};
    struct change change = {.kind = kinds[prng_below(prng, 6)], .seq = seq};

    change.at = (int64_t)prng_below(prng, 1000000);
    change.latest_timestamp = (int64_t)prng_below(prng, 1000000);
    change.instance.id = model_identity(number);
    change.instance.dirty_timestamp = (int64_t)prng_below(prng, 1000);
    if (change_is_live(change.kind)) {
        struct instance *it = &change.instance;

        buf_reserve(store, 4096);
        it->region = prng_below(prng, 2) != 0 ? STR("sh") : STR("");
        it->version = prng_below(prng, 2) != 0 ? STR("1.2.3") : STR("");
        it->addrs = random_strs(prng, (uint32_t)prng_below(prng, 4), 1, store);
        it->metadata = random_strs(prng, (uint32_t)prng_below(prng, 4), 2, store);
        it->metadata_null = it->metadata.count == 0 && prng_below(prng, 2) != 0;
        it->status = 1 + (uint32_t)prng_below(prng, 2);
        it->reg_timestamp = (int64_t)prng_below(prng, 1000);
        it->up_timestamp = (int64_t)prng_below(prng, 1000);
        it->renew_timestamp = (int64_t)prng_below(prng, 1000);
        it->latest_timestamp = (int64_t)prng_below(prng, 1000);
    }
    return change;
}

static bool is_schedule(uint32_t number)
{
    return number % model_app_size == model_app_size - 1;
}

static uint32_t live_of(const struct model *self, uint32_t app)
{
    uint32_t live = 0;

    for (uint32_t i = 0; i < model_size; i++) {
        live += model_app(i) == app && !is_schedule(i) && self->entries[i].held &&
                self->entries[i].live;
    }
    return live;
}

static bool app_held(const struct model *self, uint32_t app)
{
    for (uint32_t i = 0; i < model_size; i++) {
        if (model_app(i) == app && self->entries[i].held) {
            return true;
        }
    }
    return false;
}

static void entry_drop(struct model_entry *entry)
{
    free(entry->bytes);
    *entry = (struct model_entry){0};
}

static void entry_take(struct model_entry *entry, const struct change *change)
{
    struct instance *it = &entry->instance;
    size_t addrs_len = change->instance.addrs.bytes.len;
    size_t metadata_len = change->instance.metadata.bytes.len;

    entry_drop(entry);
    *entry = (struct model_entry){.held = true,
                                  .live = change_is_live(change->kind),
                                  .seq = change->seq,
                                  .seen = true,
                                  .instance = change->instance};
    entry->bytes = malloc(addrs_len + metadata_len + 1);
    assert_non_null(entry->bytes);
    if (addrs_len > 0) {
        memcpy(entry->bytes, it->addrs.bytes.data, addrs_len);
    }
    if (metadata_len > 0) {
        memcpy(entry->bytes + addrs_len, it->metadata.bytes.data, metadata_len);
    }
    it->addrs.bytes.data = entry->bytes;
    it->metadata.bytes.data = entry->bytes + addrs_len;
}

void model_apply(struct model *self, uint32_t number, const struct change *change)
{
    struct model_entry *entry = &self->entries[number];
    uint32_t app = model_app(number);
    bool stays = change->kind != CHANGE_EVICT && change->kind != CHANGE_FORGET;

    if (entry->held && entry->seq >= change->seq) {
        return;
    }
    if (self->highest_at < change->at) {
        self->highest_at = change->at;
    }
    if (live_of(self, app) == 0 || !self->latest_seen[app] ||
        self->latest[app] < change->latest_timestamp) {
        self->latest[app] = change->latest_timestamp;
    }
    self->latest_seen[app] = true;
    if (stays) {
        entry_take(entry, change);
    } else {
        entry_drop(entry);
    }
}

void model_sweep_begin(struct model *self)
{
    for (uint32_t i = 0; i < model_size; i++) {
        self->entries[i].seq = 0;
        self->entries[i].seen = false;
    }
    memset(self->latest_seen, 0, sizeof(self->latest_seen));
}

void model_sweep(struct model *self)
{
    for (uint32_t i = 0; i < model_size; i++) {
        if (self->entries[i].held && !self->entries[i].seen) {
            entry_drop(&self->entries[i]);
        }
    }
}

void model_fini(struct model *self)
{
    for (uint32_t i = 0; i < model_size; i++) {
        entry_drop(&self->entries[i]);
    }
}

/* ── comparing ──────────────────────────────────────────────────────────────*/

static void check_instance(const struct model_entry *entry, const struct instance *got)
{
    const struct instance *want = &entry->instance;

    assert_true(identity_eq(&want->id, &got->id));
    assert_int_equal(want->dirty_timestamp, got->dirty_timestamp);
    if (!entry->live) {
        return;
    }
    assert_true(str_eq(want->region, got->region) && str_eq(want->version, got->version));
    assert_int_equal(want->addrs.count, got->addrs.count);
    assert_true(str_eq(want->addrs.bytes, got->addrs.bytes));
    assert_int_equal(want->metadata.count, got->metadata.count);
    assert_true(str_eq(want->metadata.bytes, got->metadata.bytes));
    assert_int_equal(want->metadata_null, got->metadata_null);
    assert_int_equal(want->status, got->status);
    assert_int_equal(want->reg_timestamp, got->reg_timestamp);
    assert_int_equal(want->up_timestamp, got->up_timestamp);
    assert_int_equal(want->renew_timestamp, got->renew_timestamp);
    assert_int_equal(want->latest_timestamp, got->latest_timestamp);
    assert_true(instance_hash(want) == instance_hash(got));
}

static void check_entry(const struct model_entry *entry, uint32_t number,
                        const struct registry *registry)
{
    struct identity id = model_identity(number);
    uint32_t slot = registry_find(registry, identity_key(&id));
    struct instance got;

    assert_int_equal(entry->held, slot != REGISTRY_NONE);
    if (!entry->held) {
        return;
    }
    assert_true(slot < registry_slot_count(registry));
    assert_true(registry_slot_used(registry, slot));
    assert_int_equal(entry->live, registry_is_live(registry, slot));
    assert_int_equal(is_schedule(number), registry_is_schedule(registry, slot));
    assert_int_equal(entry->seq, registry_slot_seq(registry, slot));
    assert_true(hash128_eq(identity_key(&id), registry_slot_key(registry, slot)));
    assert_int_equal(registry_app_find(registry, id.env, id.appid),
                     registry_slot_app(registry, slot));
    registry_instance(registry, slot, &got);
    check_instance(entry, &got);
}

static uint32_t check_run(const struct registry *registry, uint32_t app, struct order_run run,
                          struct str zone, struct str *last_host)
{
    for (uint32_t i = 0; i < run.count; i++) {
        struct instance it;

        registry_instance(registry, run.slots[i], &it);
        assert_true(registry_is_live(registry, run.slots[i]));
        assert_int_equal(registry_slot_app(registry, run.slots[i]), app);
        assert_true(str_eq(it.id.zone, zone));
        assert_true(str_cmp(*last_host, it.id.hostname) < 0); /* none is empty */
        *last_host = it.id.hostname;
    }
    return run.count;
}

/* Every zone and instance shown: live, of this app, in order; returns how many instances. */
static uint32_t check_zones(const struct registry *registry, uint32_t app, uint32_t zone_count)
{
    struct str last_zone = {0};
    uint32_t shown = 0;

    for (uint32_t z = 0; z < zone_count; z++) {
        struct str last_host = {0};
        struct order_run run;
        struct zone_info zone;
        uint32_t held = 0;

        registry_zone(registry, app, z, &zone);
        assert_true(z == 0 || str_cmp(last_zone, zone.zone) < 0);
        assert_true(zone.slot_count > 0);
        last_zone = zone.zone;
        for (uint32_t i = 0; i < zone.run_count; i++) {
            held += check_run(registry, app, registry_zone_run(registry, app, z, i), zone.zone,
                              &last_host);
        }
        assert_int_equal(held, zone.slot_count);
        /* behind the last of a zone comes the first of the next */
        run = registry_run_after(registry, app, zone.zone, last_host);
        assert_int_equal(run.count > 0, z + 1 < zone_count);
        shown += zone.slot_count;
    }
    return shown;
}

static void check_app(const struct model *self, uint32_t app, const struct registry *registry)
{
    struct identity id = model_identity(app * model_app_size);
    const struct model_entry *schedule = &self->entries[(app + 1) * model_app_size - 1];
    uint32_t number = registry_app_find(registry, id.env, id.appid);
    struct app_info info;

    assert_int_equal(app_held(self, app), number != REGISTRY_NONE);
    if (number == REGISTRY_NONE) {
        return;
    }
    assert_true(number < registry_app_count(registry) && registry_app_used(registry, number));
    registry_app(registry, number, &info);
    assert_true(str_eq(info.env, id.env) && str_eq(info.appid, id.appid));
    assert_int_equal(info.live_count, live_of(self, app));
    assert_int_equal(info.latest_timestamp, self->latest[app]);
    assert_int_equal(info.schedule_slot != REGISTRY_NONE, schedule->held && schedule->live);
    if (info.schedule_slot != REGISTRY_NONE) {
        struct identity of = {.env = id.env, .appid = id.appid};

        assert_int_equal(info.schedule_slot, registry_find(registry, identity_key(&of)));
    }
    assert_int_equal(check_zones(registry, number, info.zone_count), info.live_count);
}

void model_check(const struct model *self, const struct registry *registry)
{
    struct registry_counts counts;
    uint64_t held = 0;
    uint64_t live = 0;
    uint64_t schedules = 0;
    uint64_t apps = 0;
    uint32_t used = 0;

    for (uint32_t i = 0; i < model_size; i++) {
        held += self->entries[i].held;
        live += !is_schedule(i) && self->entries[i].held && self->entries[i].live;
        schedules += is_schedule(i) && self->entries[i].held && self->entries[i].live;
        check_entry(&self->entries[i], i, registry);
    }
    for (uint32_t i = 0; i < model_apps; i++) {
        apps += live_of(self, i) > 0;
        check_app(self, i, registry);
    }
    for (uint32_t i = 0; i < registry_slot_count(registry); i++) {
        used += registry_slot_used(registry, i);
    }
    registry_counts(registry, &counts);
    assert_int_equal(counts.live, live);
    assert_int_equal(counts.schedules, schedules);
    assert_int_equal(counts.tombstones, held - live - schedules);
    assert_int_equal(counts.apps, apps);
    assert_int_equal(used, held);
    assert_int_equal(registry_highest_at(registry), self->highest_at);
}
