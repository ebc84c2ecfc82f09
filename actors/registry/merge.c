/* States of other nodes, judged by the order of states: who tells what how often in which order
 * makes no difference to what is held in the end. */
#include "actors/registry/decision.h"
#include "common/naming/convert.h"
#include "common/naming/metadata.h"
#include "common/naming/schedule.h"

/* Of nodes' clocks that are wrong by hours; further off is what clients made up. */
static const int64_t clocks_apart_ns = 86400000000000;

static bool live_fits(const struct instance *instance, struct decision *out)
{
    if (!timestamp_told_fits(instance->reg_timestamp, out) ||
        !timestamp_told_fits(instance->up_timestamp, out) ||
        !timestamp_told_fits(instance->renew_timestamp, out) ||
        !timestamp_told_fits(instance->latest_timestamp, out)) {
        return false;
    }
    if (!identity_is_schedule(&instance->id)) {
        return instance_fits(instance, out);
    }
    if (!schedule_is_sound(instance)) {
        decision_refuse(out, ERR_INVALID, "no node makes such a schedule");
        return false;
    }
    return true;
}

/* A record as a node may send it. Its metadata then borrows from out's store. */
static bool record_fits(const struct msg *record, int64_t age_ms, struct change *change,
                        struct decision *out)
{
    struct instance *instance = &change->instance;
    bool fits;

    if (change_from_msg(record, change) != ERR_OK) {
        decision_refuse(out, ERR_INVALID, "nodes send each other PUT and GONE only");
        return false;
    }
    if (!names_fit(&instance->id)) {
        decision_refuse(out, ERR_INVALID, "env, appid, zone and hostname must have 1 to 255 bytes");
        return false;
    }
    fits = timestamp_told_fits(instance->dirty_timestamp, out);
    if (fits && change_is_live(change->kind)) {
        fits = live_fits(instance, out);
        if (fits &&
            metadata_normalise(instance->metadata, &out->store, &instance->metadata) != ERR_OK) {
            decision_refuse(out, ERR_INVALID, "metadata may have at most 64 keys and 16 KiB");
            fits = false;
        }
    } else if (fits && (change->kind != CHANGE_CANCEL || age_ms < 0)) {
        decision_refuse(out, ERR_INVALID,
                        "of what went nodes tell cancels only, and how long ago it was");
        fits = false;
    }
    if (!fits) {
        buf_printf(&out->text, " (hostname %.*s, appid %.*s, zone %.*s, env %.*s)",
                   STR_ARG(instance->id.hostname), STR_ARG(instance->id.appid),
                   STR_ARG(instance->id.zone), STR_ARG(instance->id.env));
    }
    return fits;
}

/* Above 0: what was offered wins over what is held; 0: they are the same state. */
static int compare_states(const struct change *offered, const struct held *held)
{
    const struct instance *instance = &offered->instance;
    bool live = change_is_live(offered->kind);
    uint64_t hash;
    uint64_t held_hash;

    if (instance->dirty_timestamp != held->instance.dirty_timestamp) {
        return instance->dirty_timestamp > held->instance.dirty_timestamp ? 1 : -1;
    }
    if (live != held->live) {
        return live ? -1 : 1;
    }
    if (!live) {
        return 0;
    }
    hash = instance_hash(instance);
    held_hash = instance_hash(&held->instance);
    return hash > held_hash ? 1 : hash < held_hash ? -1 : 0;
}

/* Whether one that wins is young enough to come in. */
static bool is_taken(const struct merge_rules *merge, const struct change *offered,
                     const struct held *held, int64_t age_ms)
{
    if (!change_is_live(offered->kind)) {
        return age_ms < merge->tombstone_ms;
    }
    if (held->live || identity_is_schedule(&offered->instance.id)) {
        return true;
    }
    return age_ms < 0 ? merge->restore : age_ms < merge->idle_ms;
}

/* Renewed then by our own clock, the only one that true ages are counted on after a restart. Of
 * unknown age: before all that an age would be read from then, or a clock that is ahead of ours
 * would make it known, and who fell silent long ago would be told to all for young. */
static int64_t renewed_at(const struct merge_rules *merge, const struct instance *offered,
                          const struct held *held, int64_t age_ms, int64_t now_ns)
{
    int64_t known = held->live ? held->instance.renew_timestamp : 0;
    int64_t least_ms = age_ms < 0 ? merge->idle_ms : age_ms;
    int64_t told = least_ms < now_ns / 1000000 ? now_ns - least_ms * 1000000 : 0;

    if (identity_is_schedule(&offered->id)) {
        return offered->renew_timestamp;
    }
    if (age_ms < 0 && held->live) {
        return known;
    }
    if (age_ms < 0 && offered->renew_timestamp < told) {
        told = offered->renew_timestamp;
    }
    return told > known ? told : known;
}

/* The app's where it was told; who speaks HTTP only tells the instance's, which is no more. */
static int64_t latest_told(const struct change *offered)
{
    return offered->latest_timestamp != 0 ? offered->latest_timestamp
                                          : offered->instance.latest_timestamp;
}

/* An app that goes and comes back starts above what was taken from the clock, in `at`: so is what
 * was told, unless it is a client's jump. */
static void keep_above(struct change *change, int64_t now_ns)
{
    if (change->latest_timestamp > now_ns && change->latest_timestamp - now_ns <= clocks_apart_ns) {
        change->at = change->latest_timestamp;
    }
}

void decide_merge(const struct registry *registry, const struct merge_rules *merge,
                  const struct msg *record, int64_t age_ms, int64_t now_ns, struct decision *out,
                  bool *newer)
{
    struct change offered;
    struct change *change;
    struct held held;
    int order = 1;

    decision_begin(out);
    *newer = false;
    if (!record_fits(record, age_ms, &offered, out)) {
        return;
    }
    held = held_of(registry, &offered.instance.id);
    if (held.slot != REGISTRY_NONE) {
        order = compare_states(&offered, &held);
    }
    if (order <= 0) {
        *newer = order < 0;
        out->heartbeat = held.slot;
        return;
    }
    if (!is_taken(merge, &offered, &held, age_ms)) {
        return;
    }
    change = decision_add(out, offered.kind, now_ns);
    change->spread = merge->spread;
    change->age_ms = age_ms;
    change->instance = offered.instance;
    change->latest_timestamp =
        app_latest_told(registry, &offered.instance.id, latest_told(&offered), now_ns);
    keep_above(change, now_ns);
    if (change_is_live(offered.kind)) {
        change->instance.renew_timestamp =
            renewed_at(merge, &offered.instance, &held, age_ms, now_ns);
    }
}
