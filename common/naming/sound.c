#include "common/naming/sound.h"

#include "common/naming/metadata.h"
#include "common/naming/schedule.h"

/* 4,000 years: true ages are held in as many bits. */
static const int64_t age_ms_max = INT64_C(1) << 47;

bool sound_timestamp(int64_t timestamp)
{
    return timestamp >= 0 && timestamp <= timestamp_kept_max;
}

static const char *live_fault(const struct instance *instance, struct buf *work)
{
    struct strs normal = {0};

    if (!sound_timestamp(instance->reg_timestamp) || !sound_timestamp(instance->up_timestamp) ||
        !sound_timestamp(instance->renew_timestamp) ||
        !sound_timestamp(instance->latest_timestamp)) {
        return "a timestamp out of bounds";
    }
    if (identity_is_schedule(&instance->id)) {
        return schedule_is_sound(instance) ? NULL : "a schedule that no node makes";
    }
    if (instance_misfit(instance) != NULL) {
        return "an instance that nobody could have registered";
    }
    if (metadata_normalise(instance->metadata, work, &normal) != ERR_OK ||
        normal.count != instance->metadata.count ||
        normal.bytes.data != instance->metadata.bytes.data) { /* it would have been kept in order */
        return "metadata that is too large or not in order";
    }
    return NULL;
}

const char *sound_change(const struct change *change, struct buf *work)
{
    const struct instance *instance = &change->instance;
    int64_t age_ms_min = change_is_live(change->kind) ? -1 : 0;

    work->len = 0;
    if (!names_fit(&instance->id)) {
        return "env, appid, zone or hostname of no or more than 255 bytes";
    }
    if (change->age_ms < age_ms_min || change->age_ms > age_ms_max) {
        return "an age out of bounds";
    }
    if (!sound_timestamp(change->at) || !sound_timestamp(change->latest_timestamp) ||
        !sound_timestamp(instance->dirty_timestamp)) {
        return "a timestamp out of bounds";
    }
    return change_is_live(change->kind) ? live_fault(instance, work) : NULL;
}
