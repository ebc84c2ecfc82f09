/* SCHEDULE: how clients of an app are spread over zones, kept as one entry of the registry
 * (identity_is_schedule). */
#include <stdlib.h>

#include "actors/registry/decision.h"
#include "common/base/heap.h"
#include "common/naming/schedule.h"

static int by_zones(const void *a, const void *b)
{
    return weight_cmp(a, b);
}

/* Errors: ERR_INVALID, told in out. */
static bool read_weights(const struct msg_list *list, struct weight *weights, struct decision *out)
{
    struct str rest = list->bytes;
    uint32_t count = 0;
    struct msg msg;

    while (msg_next(&rest, &msg)) {
        const struct msg_weight *it = &msg.as_weight;

        if (msg.type != MSG_TYPE_WEIGHT || !name_fits(it->client) || !name_fits(it->zone)) {
            decision_refuse(out, ERR_INVALID, "every zone of a schedule must have 1 to 255 bytes");
            return false;
        }
        if (it->weight > schedule_weight_max) {
            decision_refuse(out, ERR_INVALID, "weights must lie in 0 to 1000000");
            return false;
        }
        weights[count++] = (struct weight){it->client, it->zone, it->weight};
    }
    if (count != list->count) { /* messages of types not known here were passed over */
        decision_refuse(out, ERR_INVALID, "weights must be WEIGHT messages");
        return false;
    }
    if (count > 0) {
        qsort(weights, count, sizeof(*weights), by_zones);
    }
    for (uint32_t i = 1; i < count; i++) {
        if (by_zones(&weights[i - 1], &weights[i]) == 0) {
            decision_refuse(out, ERR_INVALID, "");
            buf_printf(&out->text, "zone %.*s has two weights for clients in %.*s",
                       STR_ARG(weights[i].zone), STR_ARG(weights[i].client));
            return false;
        }
    }
    return true;
}

static void pack_weight(struct buf *to, const struct weight *weight)
{
    struct buf digits = {0};

    strs_pack(to, weight->client);
    strs_pack(to, weight->zone);
    buf_add_i64(&digits, weight->weight);
    strs_pack(to, buf_str(&digits));
    buf_fini(&digits);
}

/* As addrs of the entry, in out's store. Errors: ERR_INVALID, told in out. */
static bool pack_weights(const struct msg_list *list, struct decision *out, struct strs *addrs)
{
    struct weight *weights = heap_get((list->count + (size_t)1) * sizeof(*weights));
    bool fits;

    fits = read_weights(list, weights, out);
    for (uint32_t i = 0; fits && i < list->count; i++) {
        pack_weight(&out->store, &weights[i]);
    }
    free(weights);
    if (fits && out->store.len > schedule_bytes_max) {
        decision_refuse(out, ERR_INVALID,
                        "a schedule may take 48 KiB: fewer weights, or shorter names of zones");
        fits = false;
    }
    *addrs = (struct strs){3 * list->count, buf_str(&out->store)};
    return fits;
}

static bool schedule_fits(const struct msg_schedule *command, struct decision *out)
{
    if (!name_fits(command->env) || !name_fits(command->appid)) {
        decision_refuse(out, ERR_INVALID, "env and appid must have 1 to 255 bytes");
    } else if (command->weights.count > schedule_weights_max) {
        decision_refuse(out, ERR_INVALID, "a schedule may have 1024 weights");
    } else if (command->remark.len > schedule_remark_max) {
        decision_refuse(out, ERR_INVALID, "a schedule's remark may have 512 bytes");
    }
    return out->err == ERR_OK && timestamp_fits(command->dirty_timestamp, out);
}

static void add_change(const struct registry *registry, enum change_kind kind,
                       const struct instance *instance, int64_t now_ns, struct decision *out)
{
    struct change *change = decision_add(out, kind, now_ns);

    change->spread = SPREAD_EVERYWHERE;
    change->instance = *instance;
    change->latest_timestamp = app_latest(registry, &instance->id, now_ns);
}

static void decide_no_schedule(const struct registry *registry, const struct held *held,
                               struct instance *gone, int64_t now_ns, struct decision *out)
{
    if (!held->live) {
        decision_refuse(out, ERR_NOT_FOUND, "the app has no schedule");
    } else if (gone->dirty_timestamp >= held->instance.dirty_timestamp) {
        add_change(registry, CHANGE_CANCEL, gone, now_ns, out);
    }
}

void decide_schedule(const struct registry *registry, const struct msg_schedule *command,
                     int64_t now_ns, struct decision *out)
{
    struct instance made = {.id = {.env = command->env, .appid = command->appid}};
    struct held held;
    int64_t dirty = command->dirty_timestamp;

    decision_begin(out);
    if (!schedule_fits(command, out)) {
        return;
    }
    held = held_of(registry, &made.id);
    if (dirty == 0) {
        int64_t stored = held.slot != REGISTRY_NONE ? held.instance.dirty_timestamp : 0;

        if (is_at_ceiling(stored, &made.id, out)) {
            return;
        }
        dirty = now_ns > stored ? now_ns : timestamp_after(stored);
    }
    made.dirty_timestamp = dirty;
    if (command->remove) {
        decide_no_schedule(registry, &held, &made, now_ns, out);
        return;
    }
    if (!pack_weights(&command->weights, out, &made.addrs)) {
        return;
    }
    /* nothing that differs from node to node: the same file is the same state everywhere */
    made.version = command->remark;
    made.metadata_null = true;
    made.status = STATUS_UP;
    if (held.live && str_eq(held.instance.addrs.bytes, made.addrs.bytes) &&
        str_eq(held.instance.version, made.version)) {
        return;
    }
    /* a file written twice within a tick of the kernel's clock: as a client's registration */
    if (held.live && dirty == held.instance.dirty_timestamp) {
        if (is_at_ceiling(dirty, &made.id, out)) {
            return;
        }
        dirty = timestamp_after(dirty);
    }
    made.dirty_timestamp = dirty;
    made.reg_timestamp = dirty;
    made.up_timestamp = dirty;
    made.renew_timestamp = dirty;
    made.latest_timestamp = dirty;
    if (state_wins(&made, &held)) {
        add_change(registry, CHANGE_REGISTER, &made, now_ns, out);
    }
}
