#include "tests/naming/model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct change live(const char *appid, const char *zone, const char *hostname, uint64_t seq)
{
    struct change change = {.kind = CHANGE_REGISTER, .seq = seq, .latest_timestamp = (int64_t)seq};

    change.instance.id = (struct identity){.env = STR("dev"),
                                           .appid = str_from(appid),
                                           .zone = str_from(zone),
                                           .hostname = str_from(hostname)};
    change.instance.status = STATUS_UP;
    change.instance.dirty_timestamp = (int64_t)seq;
    change.instance.renew_timestamp = (int64_t)seq;
    return change;
}

static struct applied apply_kind(struct registry *registry, struct change change,
                                 enum change_kind kind, uint64_t seq)
{
    struct applied applied;

    change.kind = kind;
    change.seq = seq;
    change.latest_timestamp = (int64_t)seq;
    registry_apply(registry, &change, &applied);
    return applied;
}

/* ── against the model ──────────────────────────────────────────────────────*/

static void check_applied(const struct registry *registry, const struct change *change,
                          const struct applied *applied, bool was_held, bool app_was)
{
    bool stays = change_is_live(change->kind) || change->kind == CHANGE_CANCEL;

    if (applied->ignored) {
        assert_false(applied->slot_made || applied->slot_freed || applied->app_made ||
                     applied->app_freed);
        return;
    }
    assert_int_equal(applied->slot_made, stays && !was_held);
    assert_int_equal(applied->slot_freed, !stays && was_held);
    assert_int_equal(applied->slot == REGISTRY_NONE, !stays && !was_held);
    assert_int_equal(applied->app_made, stays && !app_was);
    assert_int_equal(applied->app == REGISTRY_NONE, !stays && !app_was);
    if (applied->app_freed) {
        assert_false(registry_app_used(registry, applied->app));
    }
}

static void apply_both(struct model *model, struct registry *registry, uint32_t number,
                       const struct change *change)
{
    struct identity id = model_identity(number);
    bool was_held = model->entries[number].held;
    bool was_live = was_held && model->entries[number].live;
    bool app_was = registry_app_find(registry, id.env, id.appid) != REGISTRY_NONE;
    bool old = was_held && model->entries[number].seq >= change->seq;
    struct applied applied;

    registry_apply(registry, change, &applied);
    model_apply(model, number, change);
    assert_int_equal(applied.was_live, was_live);
    assert_int_equal(applied.ignored, old);
    check_applied(registry, change, &applied, was_held, app_was);
}

static void agrees_with_the_model_after_every_random_change(void **state)
{
    static struct model model;

    (void)state;
    for (uint64_t seed = 1; seed <= 4; seed++) {
        struct registry *registry = registry_new();
        struct buf store = {0};
        struct prng prng;

        prng_init(&prng, seed);
        memset(&model, 0, sizeof(model));
        for (uint64_t seq = 10; seq < 1500; seq++) {
            uint32_t number = (uint32_t)prng_below(&prng, model_size);
            /* now and then an old one, repeated or late */
            uint64_t which = prng_below(&prng, 8) == 0 ? seq - prng_below(&prng, 10) : seq;
            struct change change = model_change(&prng, number, which, &store);

            apply_both(&model, registry, number, &change);
            if (prng_below(&prng, 300) == 0) {
                registry_sweep_begin(registry);
                model_sweep_begin(&model);
            }
            if (prng_below(&prng, 300) == 0) {
                bool swept = true;

                for (uint32_t i = 0; i < model_size; i++) {
                    swept = swept && model.entries[i].seen;
                }
                while (registry_sweep_next(registry, 7, NULL, NULL)) {
                }
                if (!swept) {
                    model_sweep(&model);
                }
            }
            store.len = 0;
            model_check(&model, registry);
        }
        model_fini(&model);
        registry_destroy(&registry);
        assert_null(registry);
        buf_fini(&store);
    }
}

static void order_of_changes_to_different_identities_does_not_matter(void **state)
{
    static struct model model;
    struct change changes[model_size];
    uint32_t order[model_size];
    struct buf store = {0};
    struct prng prng;

    (void)state;
    prng_init(&prng, 7);
    buf_reserve(&store, model_size * (size_t)4096);
    memset(&model, 0, sizeof(model));
    for (uint32_t i = 0; i < model_size; i++) {
        order[i] = i;
        changes[i] = model_change(&prng, i, 1 + i, &store);
        /* as in a snapshot: all of an app say the same of it */
        changes[i].latest_timestamp = 1000 + model_app(i);
        model_apply(&model, i, &changes[i]);
    }
    for (int round = 0; round < 20; round++) {
        struct registry *registry = registry_new();
        struct applied applied;

        for (uint32_t i = model_size - 1; i > 0; i--) {
            uint32_t other = (uint32_t)prng_below(&prng, i + 1);
            uint32_t swapped = order[i];

            order[i] = order[other];
            order[other] = swapped;
        }
        for (uint32_t i = 0; i < model_size; i++) {
            registry_apply(registry, &changes[order[i]], &applied);
        }
        model_check(&model, registry);
        registry_destroy(&registry);
    }
    model_fini(&model);
    buf_fini(&store);
}

/* ── by hand ────────────────────────────────────────────────────────────────*/

static void a_change_that_is_not_newer_is_ignored(void **state)
{
    struct registry *registry = registry_new();
    struct change change = live("a", "z", "h", 5);

    (void)state;
    assert_false(apply_kind(registry, change, CHANGE_REGISTER, 5).ignored);
    assert_true(apply_kind(registry, change, CHANGE_CANCEL, 5).ignored);
    assert_true(apply_kind(registry, change, CHANGE_EVICT, 4).ignored);
    assert_true(registry_is_live(registry, 0));
    assert_false(apply_kind(registry, change, CHANGE_CANCEL, 6).ignored);
    assert_true(apply_kind(registry, change, CHANGE_REGISTER, 6).ignored);
    registry_destroy(&registry);
}

static void cancel_leaves_a_tombstone_that_the_api_does_not_see(void **state)
{
    struct registry *registry = registry_new();
    struct change change = live("a", "z", "h", 1);
    struct applied applied;
    struct app_info app;
    struct instance it;

    (void)state;
    apply_kind(registry, change, CHANGE_REGISTER, 1);
    applied = apply_kind(registry, change, CHANGE_CANCEL, 2);
    assert_true(applied.was_live);
    assert_false(applied.slot_freed || applied.app_freed);
    registry_app(registry, applied.app, &app);
    assert_int_equal(app.live_count, 0);
    assert_int_equal(app.zone_count, 0);
    registry_instance(registry, applied.slot, &it);
    assert_true(identity_eq(&it.id, &change.instance.id));
    assert_int_equal(it.dirty_timestamp, 1);
    applied = apply_kind(registry, change, CHANGE_FORGET, 3);
    assert_true(applied.slot_freed && applied.app_freed);
    assert_int_equal(registry_app_find(registry, STR("dev"), STR("a")), REGISTRY_NONE);
    registry_destroy(&registry);
}

static void a_schedule_is_no_instance(void **state)
{
    struct registry *registry = registry_new();
    struct change schedule = live("a", "", "", 1);
    struct applied applied = apply_kind(registry, schedule, CHANGE_REGISTER, 1);
    struct registry_counts counts;
    struct app_info app;

    (void)state;
    apply_kind(registry, live("a", "z", "h", 2), CHANGE_REGISTER, 2);
    registry_app(registry, applied.app, &app);
    assert_int_equal(app.schedule_slot, applied.slot);
    assert_int_equal(app.live_count, 1);
    assert_int_equal(app.zone_count, 1);
    assert_int_equal(registry_run_after(registry, applied.app, STR(""), STR("")).count, 1);
    registry_counts(registry, &counts);
    assert_int_equal(counts.live, 1);
    assert_int_equal(counts.schedules, 1);
    assert_int_equal(counts.tombstones, 0);
    apply_kind(registry, live("a", "z", "h", 2), CHANGE_EVICT, 3);
    registry_app(registry, applied.app, &app);
    assert_int_equal(app.live_count, 0);
    assert_int_equal(app.schedule_slot, applied.slot); /* it outlives the instances */
    apply_kind(registry, schedule, CHANGE_CANCEL, 4);
    registry_app(registry, applied.app, &app);
    assert_int_equal(app.schedule_slot, REGISTRY_NONE);
    assert_true(registry_is_schedule(registry, applied.slot));
    applied = apply_kind(registry, schedule, CHANGE_FORGET, 5);
    assert_true(applied.slot_freed && applied.app_freed);
    registry_destroy(&registry);
}

static int64_t latest(const struct registry *registry, const char *appid)
{
    struct app_info app;

    registry_app(registry, registry_app_find(registry, STR("dev"), str_from(appid)), &app);
    return app.latest_timestamp;
}

static void latest_timestamp_of_an_app_with_instances_never_goes_back(void **state)
{
    struct registry *registry = registry_new();
    struct change change = live("a", "z", "h1", 1);
    struct applied applied;

    (void)state;
    change.latest_timestamp = 100;
    registry_apply(registry, &change, &applied);
    change = live("a", "z", "h2", 2);
    change.latest_timestamp = 50;
    registry_apply(registry, &change, &applied);
    assert_int_equal(latest(registry, "a"), 100);
    change.latest_timestamp = 101;
    change.kind = CHANGE_EVICT;
    change.seq = 3;
    registry_apply(registry, &change, &applied);
    assert_int_equal(latest(registry, "a"), 101);
    registry_destroy(&registry);
}

static void an_app_without_instances_starts_from_the_change(void **state)
{
    struct registry *registry = registry_new();
    struct change change = live("a", "z", "h", 100);

    (void)state;
    apply_kind(registry, change, CHANGE_REGISTER, 100);
    apply_kind(registry, change, CHANGE_CANCEL, 101);
    assert_int_equal(latest(registry, "a"), 101);
    change.seq = 102;
    change.latest_timestamp = 7;
    struct applied applied;
    registry_apply(registry, &change, &applied);
    assert_int_equal(latest(registry, "a"), 7);
    registry_destroy(&registry);
}

static void a_foreign_epoch_replaces_latest_timestamps(void **state)
{
    struct registry *registry = registry_new();
    struct change change = live("a", "z", "h", 100);

    (void)state;
    apply_kind(registry, change, CHANGE_REGISTER, 100);
    registry_sweep_begin(registry);
    apply_kind(registry, change, CHANGE_REGISTER, 3);
    assert_int_equal(latest(registry, "a"), 3);
    registry_destroy(&registry);
}

static void a_heartbeat_only_goes_forward(void **state)
{
    struct registry *registry = registry_new();
    struct change change = live("a", "z", "h", 100);
    struct instance it;

    (void)state;
    apply_kind(registry, change, CHANGE_REGISTER, 100);
    registry_renew(registry, 0, 200);
    registry_renew(registry, 0, 150);
    registry_instance(registry, 0, &it);
    assert_int_equal(it.renew_timestamp, 200);
    apply_kind(registry, change, CHANGE_CANCEL, 101);
    registry_renew(registry, 0, 300); /* of a tombstone: nothing to renew */
    registry_destroy(&registry);
}

static void count_applied(void *context, const struct applied *applied)
{
    uint32_t *count = context;

    assert_true(applied->slot_freed);
    assert_false(applied->ignored);
    ++*count;
}

static void sweep_leaves_exactly_what_was_seen(void **state)
{
    struct registry *registry = registry_new();
    struct registry_counts counts;
    char host[16];
    uint32_t gone = 0;
    uint32_t calls = 1;

    (void)state;
    for (uint32_t i = 0; i < 1000; i++) {
        (void)snprintf(host, sizeof(host), "h%u", i);
        apply_kind(registry, live("a", "z", host, 1), i % 4 == 3 ? CHANGE_CANCEL : CHANGE_REGISTER,
                   500 + i);
    }
    assert_false(registry_sweep_next(registry, 100, count_applied, &gone));
    assert_int_equal(gone, 0);
    registry_sweep_begin(registry);
    assert_int_equal(registry_slot_seq(registry, 10), 0);
    for (uint32_t i = 0; i < 1000; i += 2) {
        (void)snprintf(host, sizeof(host), "h%u", i);
        /* lower seqs than before: another epoch's */
        assert_false(apply_kind(registry, live("a", "z", host, 1), CHANGE_REGISTER, 1 + i).ignored);
    }
    while (registry_sweep_next(registry, 100, count_applied, &gone)) {
        calls++;
    }
    assert_int_equal(gone, 500);
    assert_in_range(calls, 10, 11);
    registry_counts(registry, &counts);
    assert_int_equal(counts.live, 500);
    assert_int_equal(counts.tombstones, 0);
    assert_int_equal(registry_slot_seq(registry, 10), 11);
    registry_destroy(&registry);
}

static void slots_and_apps_are_reused(void **state)
{
    struct registry *registry = registry_new();
    struct applied first = apply_kind(registry, live("a", "z", "h", 1), CHANGE_REGISTER, 1);
    struct applied second;

    (void)state;
    apply_kind(registry, live("b", "z", "h", 1), CHANGE_REGISTER, 2);
    apply_kind(registry, live("a", "z", "h", 1), CHANGE_EVICT, 3);
    assert_false(registry_slot_used(registry, first.slot));
    assert_false(registry_app_used(registry, first.app));
    second = apply_kind(registry, live("c", "z", "h", 1), CHANGE_REGISTER, 4);
    assert_int_equal(second.slot, first.slot);
    assert_int_equal(second.app, first.app);
    assert_int_equal(registry_slot_count(registry), 2);
    registry_destroy(&registry);
}

static void highest_at_is_kept_whatever_happens_to_the_entry(void **state)
{
    struct registry *registry = registry_new();
    struct change change = live("a", "z", "h", 1);
    struct applied applied;

    (void)state;
    change.at = 77;
    registry_apply(registry, &change, &applied);
    change.kind = CHANGE_EVICT;
    change.seq = 2;
    change.at = 50;
    registry_apply(registry, &change, &applied);
    assert_int_equal(registry_highest_at(registry), 77);
    registry_raise_highest_at(registry, 70);
    assert_int_equal(registry_highest_at(registry), 77);
    registry_raise_highest_at(registry, 80);
    assert_int_equal(registry_highest_at(registry), 80);
    registry_destroy(&registry);
}

/* ── many ───────────────────────────────────────────────────────────────────*/

struct many {
    struct buf addrs;
    struct buf metadata;
    char appid[16];
    char hostname[32];
};

/* The instance the memory goal speaks of: two addrs of 24 bytes, three pairs of 8 and 12. */
static struct change many_change(struct many *self, uint32_t number, uint32_t app_count)
{
    struct change change = live("", "sh001", "", 1 + number);

    if (self->addrs.len == 0) {
        for (int i = 0; i < 2; i++) {
            strs_pack(&self->addrs, STR("http://10.123.45.67:8080"));
        }
        for (int i = 0; i < 3; i++) {
            strs_pack(&self->metadata, STR("weightxx"));
            strs_pack(&self->metadata, STR("0123456789ab"));
        }
    }
    (void)snprintf(self->appid, sizeof(self->appid), "app.%u", number % app_count);
    (void)snprintf(self->hostname, sizeof(self->hostname), "host-%019u", number);
    change.instance.id.appid = str_from(self->appid);
    change.instance.id.hostname = str_from(self->hostname);
    change.instance.region = STR("sh");
    change.instance.version = STR("1.0");
    change.instance.addrs = (struct strs){2, buf_str(&self->addrs)};
    change.instance.metadata = (struct strs){3, buf_str(&self->metadata)};
    return change;
}

static void two_hundred_thousand_take_less_than_450_bytes_each(void **state)
{
    enum { count = 200000 };
    struct registry *registry = registry_new();
    struct registry_counts counts;
    struct many many = {0};
    struct applied applied;

    (void)state;
    for (uint32_t i = 0; i < count; i++) {
        struct change change = many_change(&many, i, 1000);

        registry_apply(registry, &change, &applied);
    }
    registry_counts(registry, &counts);
    assert_int_equal(counts.live, count);
    assert_int_equal(counts.apps, 1000);
    assert_in_range(counts.memory_bytes / count, 200, 449);
    registry_destroy(&registry);
    buf_fini(&many.addrs);
    buf_fini(&many.metadata);
}

static void memory_goes_back_once_after_many_have_gone(void **state)
{
    enum { count = 700, each_bytes = 64 * 1024 };
    struct registry *registry = registry_new();
    struct many many = {0};
    struct applied applied;
    char *bytes = calloc(1, each_bytes);

    (void)state;
    assert_non_null(bytes);
    for (uint32_t i = 0; i < count; i++) {
        struct change change = many_change(&many, i, 97);

        change.instance.version = (struct str){bytes, each_bytes};
        registry_apply(registry, &change, &applied);
    }
    assert_false(registry_has_shrunk(registry));
    for (uint32_t i = 0; i < count; i++) {
        struct change change = many_change(&many, i, 97);

        change.kind = CHANGE_EVICT;
        change.seq = count + i + 1;
        registry_apply(registry, &change, &applied);
        assert_true(applied.slot_freed);
        if (i == 0) {
            assert_false(registry_has_shrunk(registry)); /* for so little it is not worth it */
        }
    }
    assert_true(registry_has_shrunk(registry));
    assert_false(registry_has_shrunk(registry));
    free(bytes);
    registry_destroy(&registry);
    buf_fini(&many.addrs);
    buf_fini(&many.metadata);
}

static void grows_and_shrinks_through_many_sizes(void **state)
{
    enum { count = 100000 };
    struct registry *registry = registry_new();
    struct registry_counts counts;
    struct many many = {0};
    struct applied applied;
    uint32_t oldest = 0;

    (void)state;
    for (uint32_t i = 0; i < count; i++) {
        struct change change = many_change(&many, i, 97);

        registry_apply(registry, &change, &applied);
        assert_true(applied.slot_made);
        if (i % 3 == 0) { /* removals fall into every phase of the growing index */
            change = many_change(&many, oldest, 97);
            change.kind = CHANGE_EVICT;
            change.seq = count + i;
            registry_apply(registry, &change, &applied);
            assert_true(applied.slot_freed);
            oldest++;
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        struct change change = many_change(&many, i, 97);
        uint32_t slot = registry_find(registry, identity_key(&change.instance.id));

        assert_int_equal(slot != REGISTRY_NONE, i >= oldest);
    }
    for (uint32_t i = oldest; i < count; i++) {
        struct change change = many_change(&many, i, 97);

        change.kind = CHANGE_FORGET;
        change.seq = UINT64_C(3) * count;
        registry_apply(registry, &change, &applied);
        assert_true(applied.slot_freed);
    }
    registry_counts(registry, &counts);
    assert_int_equal(counts.live + counts.tombstones + counts.apps, 0);
    registry_destroy(&registry);
    buf_fini(&many.addrs);
    buf_fini(&many.metadata);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_the_model_after_every_random_change),
        cmocka_unit_test(order_of_changes_to_different_identities_does_not_matter),
        cmocka_unit_test(a_change_that_is_not_newer_is_ignored),
        cmocka_unit_test(cancel_leaves_a_tombstone_that_the_api_does_not_see),
        cmocka_unit_test(a_schedule_is_no_instance),
        cmocka_unit_test(latest_timestamp_of_an_app_with_instances_never_goes_back),
        cmocka_unit_test(an_app_without_instances_starts_from_the_change),
        cmocka_unit_test(a_foreign_epoch_replaces_latest_timestamps),
        cmocka_unit_test(a_heartbeat_only_goes_forward),
        cmocka_unit_test(sweep_leaves_exactly_what_was_seen),
        cmocka_unit_test(slots_and_apps_are_reused),
        cmocka_unit_test(highest_at_is_kept_whatever_happens_to_the_entry),
        cmocka_unit_test(two_hundred_thousand_take_less_than_450_bytes_each),
        cmocka_unit_test(memory_goes_back_once_after_many_have_gone),
        cmocka_unit_test(grows_and_shrinks_through_many_sizes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
