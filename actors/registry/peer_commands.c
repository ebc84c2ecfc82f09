#include "actors/registry/peer_commands.h"

#include <stdlib.h>

#include "actors/registry/catch_up.h"
#include "actors/registry/publish.h"
#include "actors/registry/state.h"
#include "actors/registry/tracking.h"
#include "common/naming/limits.h"
#include "common/wire/exchange.h"

/* A state costs about as much as eight heartbeats. */
enum {
    state_cost = 8,
    ahead = 16, /* keys whose entries are being loaded while one is judged */
};

/* 126 years; in ns the sum of two fits. */
static const int64_t age_ms_max = 4000000000000;

struct merging {
    struct registry_actor *self;
    const struct msg_merge *command;
    struct merged *merged;
    const struct now *now;
    struct outbox *out;
};

/* What has become of an age on its way; -1 stays -1. */
static int64_t age_here(const struct merging *it, int64_t age_ms)
{
    int64_t older_ms = it->command->older_ms > 0 ? it->command->older_ms : 0;

    older_ms = (older_ms < age_ms_max ? older_ms : age_ms_max) + it->self->awake.lag_ms;
    if (age_ms < 0) {
        return -1;
    }
    age_ms = age_ms < age_ms_max ? age_ms : age_ms_max;
    return age_ms + older_ms;
}

static void tell_newer(struct merging *it, uint32_t slot)
{
    if (it->merged->store.len < newer_bytes_max) { /* else the digests will find it */
        catch_up_add_slot(it->self, slot, &it->merged->store, &it->merged->newer);
    }
}

/* The first one is told; the others of the command are taken in nevertheless. */
static void refuse_record(struct merging *it, const struct decision *decision)
{
    it->self->counters.malformed++;
    if (it->merged->err == ERR_OK) {
        it->merged->err = decision->err;
        buf_add_str(&it->merged->text, buf_str(&decision->text));
    }
}

/* A sign of life is the instance's, of whichever incarnation the teller holds; a tombstone's age is
 * that of one cancel. */
static bool is_sign(const struct registry_actor *self, uint32_t slot, const struct msg *record)
{
    return record->type == MSG_TYPE_PUT && registry_is_live(self->registry, slot);
}

static void merge_record(struct merging *it, const struct merge_rules *rules,
                         const struct msg *record, int64_t age_ms)
{
    struct registry_actor *self = it->self;
    const struct decision *decision = &self->decision;
    bool newer;

    decide_merge(self->registry, rules, record, age_ms, it->now->wall_ns, &self->decision, &newer);
    if (msg_type_class(record->type) == MSG_CLASS_CHANGE) { /* others have no names */
        log_event(self->log, LOG_DEBUG, "merge",
                  decision->count > 0 ? "taken" : "what is here stays",
                  log_str("env", record->as_change.env), log_str("appid", record->as_change.appid),
                  log_str("zone", record->as_change.zone),
                  log_str("hostname", record->as_change.hostname), log_int("age_ms", age_ms),
                  log_text("error", err_name(decision->err)), log_flag("newer_here", newer));
    }
    if (decision->err != ERR_OK) {
        refuse_record(it, decision);
    } else if (decision->count > 0) {
        self->counters.merged++;
        (void)registry_take(self, 0, 0, it->now, it->out);
    } else if (decision->heartbeat != REGISTRY_NONE) {
        if (age_ms >= 0 && (!newer || is_sign(self, decision->heartbeat, record))) {
            (void)registry_heard(self, decision->heartbeat, age_ms, it->now);
        }
        if (newer) {
            tell_newer(it, decision->heartbeat); /* as young as it is now, or nobody takes it */
        }
    }
}

static void merge_records(struct merging *it)
{
    const struct config *config = it->self->config;
    struct merge_rules rules = {
        .idle_ms = config->evictor_idle,
        .tombstone_ms = it->self->tombstone_ms,
        .spread = (enum spread)it->command->spread,
        .restore = it->command->restore,
    };
    struct str rest = it->command->records.bytes;
    struct msg record;

    while (msg_next(&rest, &record)) {
        int64_t age_ms = record.type == MSG_TYPE_PUT    ? record.as_put.age_ms
                         : record.type == MSG_TYPE_GONE ? record.as_gone.age_ms
                                                        : -1;

        merge_record(it, &rules, &record, age_here(it, age_ms));
    }
}

static void merge_heartbeat(struct merging *it, const struct heartbeat *heartbeat)
{
    struct registry_actor *self = it->self;
    uint32_t slot = registry_find(self->registry, heartbeat->key);
    int64_t age_ms = age_here(it, heartbeat->age_ms);

    if (age_ms >= self->config->evictor_idle || heartbeat->dirty_timestamp > timestamp_told_max) {
        return;
    }
    if (slot == REGISTRY_NONE ||
        registry_slot_dirty(self->registry, slot) < heartbeat->dirty_timestamp) {
        key_pack(&it->merged->want, heartbeat->key);
    } else if (!registry_is_live(self->registry, slot)) {
        tell_newer(it, slot);
    } else {
        if (registry_heard(self, slot, age_ms, it->now) && it->command->counted) {
            registry_count_heartbeat(self, slot, age_ms);
            publish_heartbeat(self, slot, (enum spread)it->command->spread, age_ms, it->now,
                              it->out);
        }
        if (registry_slot_dirty(self->registry, slot) > heartbeat->dirty_timestamp) {
            tell_newer(it, slot);
        }
    }
}

static void merge_heartbeats(struct merging *it)
{
    struct str rest = it->command->heartbeats;
    struct str coming = rest;
    struct heartbeat heartbeat;

    for (unsigned i = 0; i < ahead && heartbeat_next(&coming, &heartbeat); i++) {
        registry_expect(it->self->registry, heartbeat.key);
    }
    while (heartbeat_next(&rest, &heartbeat)) {
        struct heartbeat next;

        if (heartbeat_next(&coming, &next)) {
            registry_expect(it->self->registry, next.key);
        }
        merge_heartbeat(it, &heartbeat);
    }
}

static bool refuse_merge(struct merged *merged, enum err err, const char *text)
{
    merged->err = err;
    buf_add_str(&merged->text, str_from(text));
    return false;
}

static bool merge_fits(const struct msg_merge *command, struct merged *merged)
{
    if (command->spread >= SPREAD_COUNT) {
        return refuse_merge(merged, ERR_INVALID, "spread must be 0, 1 or 2");
    }
    if (command->heartbeats.len % heartbeat_bytes != 0) {
        return refuse_merge(merged, ERR_INVALID, "the last heartbeat is cut");
    }
    if (command->records.count > merge_records_max ||
        command->heartbeats.len / heartbeat_bytes > merge_heartbeats_max) {
        return refuse_merge(merged, ERR_TOO_LARGE,
                            "at most 256 records and 2048 heartbeats at once: send several");
    }
    return true;
}

void on_merge(void *state, const struct address *from, const struct msg *msg, const struct now *now,
              struct outbox *out)
{
    struct registry_actor *self = state;
    const struct msg_merge *command = &msg->as_merge;
    struct merged *merged = merged_new();
    struct merging it = {self, command, merged, now, out};

    self->counters.merges++;
    if (merge_fits(command, merged)) {
        merge_records(&it); /* before the heartbeats, which may be theirs */
        merge_heartbeats(&it);
        registry_judged(self,
                        (size_t)command->records.count * state_cost +
                            command->heartbeats.len / heartbeat_bytes,
                        merged->store.len, out);
    }
    answers_add_merged(&self->answers, from, command->id, self->at.seq, &merged);
}

/* Of one that lives and was heard at a time we know. */
static void add_age(const struct registry_actor *self, uint32_t slot, const struct now *now,
                    struct buf *heartbeats)
{
    int64_t age_ms = ages_true(self->heartbeats, slot, self->awake.ms);

    if (age_ms >= 0 && age_ms <= UINT32_MAX) {
        struct heartbeat heartbeat = {.key = registry_slot_key(self->registry, slot),
                                      .dirty_timestamp = registry_slot_dirty(self->registry, slot),
                                      .renew_timestamp = now->wall_ns - age_ms * 1000000,
                                      .age_ms = (uint32_t)age_ms};

        heartbeat_pack(heartbeats, &heartbeat);
    }
}

static void answer_found(struct registry_actor *self, const struct address *to, struct msg *answer,
                         struct buf *records, struct buf *heartbeats, struct outbox *out)
{
    answer->as_found.heartbeats = buf_str(heartbeats);
    (void)outbox_reply(out, OUTBOX_NOW, to, answer); /* full: the asker asks again */
    registry_judged(self, answer->as_found.done, records->len, out);
    buf_fini(records);
    buf_fini(heartbeats);
}

void on_lookup(void *state, const struct address *from, const struct msg *msg,
               const struct now *now, struct outbox *out)
{
    struct registry_actor *self = state;
    struct msg answer = {.type = MSG_TYPE_FOUND};
    struct msg_found *found = &answer.as_found;
    struct str rest = msg->as_lookup.keys;
    struct buf records = {0};
    struct buf heartbeats = {0};
    struct hash128 key;

    self->counters.lookups++;
    found->id = msg->as_lookup.id;
    while (found->done < found_keys_max && records.len < found_bytes_max && key_next(&rest, &key)) {
        uint32_t slot = registry_find(self->registry, key);

        found->done++;
        if (slot == REGISTRY_NONE) {
            continue;
        }
        if (msg->as_lookup.ages) {
            add_age(self, slot, now, &heartbeats);
        } else {
            catch_up_add_slot(self, slot, &records, &found->records);
        }
    }
    answer_found(self, from, &answer, &records, &heartbeats, out);
}

static void add_run(const struct registry_actor *self, struct order_run run, struct buf *records,
                    struct msg_found *found)
{
    for (uint32_t i = 0; i < run.count && records->len < app_bytes_max; i++) {
        catch_up_add_slot(self, run.slots[i], records, &found->records);
        found->done++;
    }
}

void on_app(void *state, const struct address *from, const struct msg *msg, const struct now *now,
            struct outbox *out)
{
    struct registry_actor *self = state;
    struct msg answer = {.type = MSG_TYPE_FOUND};
    struct buf records = {0};
    struct buf heartbeats = {0};
    struct app_info info = {0};
    uint32_t app = registry_app_find(self->registry, msg->as_app.env, msg->as_app.appid);

    (void)now;
    self->counters.lookups++;
    answer.as_found.id = msg->as_app.id;
    if (app != REGISTRY_NONE) {
        registry_app(self->registry, app, &info);
    }
    for (uint32_t z = 0; z < info.zone_count; z++) {
        struct zone_info zone;

        registry_zone(self->registry, app, z, &zone);
        for (uint32_t r = 0; r < zone.run_count && records.len < app_bytes_max; r++) {
            add_run(self, registry_zone_run(self->registry, app, z, r), &records, &answer.as_found);
        }
    }
    answer_found(self, from, &answer, &records, &heartbeats, out);
}
