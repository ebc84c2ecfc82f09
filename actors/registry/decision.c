#include "actors/registry/decision.h"

#include <stdlib.h>

#include "common/base/array.h"

void decision_begin(struct decision *out)
{
    out->err = ERR_OK;
    out->text.len = 0;
    out->store.len = 0;
    out->count = 0;
    out->heartbeat = REGISTRY_NONE;
    out->spread = SPREAD_NOWHERE;
}

void decision_fini(struct decision *self)
{
    buf_fini(&self->text);
    buf_fini(&self->store);
    free(self->changes);
    *self = (struct decision){0};
}

void decision_refuse(struct decision *out, enum err err, const char *text)
{
    out->err = err;
    out->count = 0;
    out->text.len = 0;
    buf_add_str(&out->text, str_from(text));
}

static int64_t max_i64(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

struct change *decision_add(struct decision *out, enum change_kind kind, int64_t now_ns)
{
    ARRAY_ROOM(out->changes, out->count, out->cap, 4);
    out->changes[out->count] = (struct change){.kind = kind, .at = now_ns};
    return &out->changes[out->count++];
}

int64_t app_latest(const struct registry *registry, const struct identity *id, int64_t wanted)
{
    uint32_t app = registry_app_find(registry, id->env, id->appid);
    struct app_info info = {0};

    if (app != REGISTRY_NONE) {
        registry_app(registry, app, &info);
    }
    return max_i64(wanted,
                   (info.live_count > 0 ? info.latest_timestamp : registry_highest_at(registry)) +
                       latest_step_ns);
}

int64_t app_latest_told(const struct registry *registry, const struct identity *id, int64_t told,
                        int64_t now_ns)
{
    /* beyond, it is no node's, and would soon leave no room */
    int64_t above = told > 0 && told <= timestamp_told_max ? told + latest_step_ns : 0;

    return app_latest(registry, id, max_i64(now_ns, above));
}

bool timestamp_fits(int64_t timestamp, struct decision *out)
{
    if (timestamp < 0 || timestamp > timestamp_max) {
        decision_refuse(out, ERR_INVALID, "timestamps must lie in 0 to 4000000000000000000");
        return false;
    }
    return true;
}

bool timestamp_told_fits(int64_t timestamp, struct decision *out)
{
    return (timestamp > timestamp_max && timestamp <= timestamp_told_max) ||
           timestamp_fits(timestamp, out);
}

int64_t timestamp_after(int64_t held)
{
    return held < timestamp_told_max ? held + 1 : held;
}

bool is_at_ceiling(int64_t held, const struct identity *id, struct decision *out)
{
    if (held < timestamp_told_max) {
        return false;
    }
    decision_refuse(out, ERR_CONFLICT, "");
    buf_printf(&out->text,
               "what is held of hostname %.*s, appid %.*s, zone %.*s, env %.*s has the highest "
               "dirty_timestamp there is, %lld: nothing can be written above it; cancel it if it "
               "is registered and wait for evictor.ceiling + 10 minutes, or use another name",
               STR_ARG(id->hostname), STR_ARG(id->appid), STR_ARG(id->zone), STR_ARG(id->env),
               (long long)held);
    return true;
}

bool instance_fits(const struct instance *instance, struct decision *out)
{
    const char *misfit = instance_misfit(instance);

    if (misfit != NULL) {
        decision_refuse(out, ERR_INVALID, misfit);
    }
    return misfit == NULL;
}

struct held held_of(const struct registry *registry, const struct identity *id)
{
    struct held held = {.slot = registry_find(registry, identity_key(id))};

    if (held.slot != REGISTRY_NONE) {
        held.live = registry_is_live(registry, held.slot);
        held.gone = !held.live;
        registry_instance(registry, held.slot, &held.instance);
    }
    return held;
}

bool state_wins(const struct instance *candidate, const struct held *held)
{
    if (held->slot == REGISTRY_NONE) {
        return true;
    }
    if (candidate->dirty_timestamp != held->instance.dirty_timestamp) {
        return candidate->dirty_timestamp > held->instance.dirty_timestamp;
    }
    return held->live && instance_hash(candidate) > instance_hash(&held->instance);
}
