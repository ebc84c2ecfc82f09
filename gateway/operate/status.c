/* GET /muster/v1/status: is it us? The verdict, what it rests on, and the numbers behind. */
#include <inttypes.h>

#include "gateway/operate/answer.h"
#include "gateway/operate/asker.h"
#include "gateway/operate/fields.h"
#include "gateway/operate/standing.h"
#include "gateway/operate/state.h"

static int64_t whole_s(int64_t ms)
{
    return (ms + 999) / 1000;
}

static void add_verdict(const struct operate *self, struct buf *to)
{
    field_open(to, "verdict", '{');
    field_text(to, "level", str_from(check_level_text(self->verdict.level)));
    field_text(to, "text", buf_str(&self->verdict.text));
    buf_add_char(to, '}');
}

static void add_checks(const struct operate *self, struct buf *to)
{
    field_open(to, "checks", '[');
    for (unsigned i = 0; i < CHECK_COUNT; i++) {
        const struct check *check = &self->verdict.checks[i];

        field_item(to);
        buf_add_char(to, '{');
        field_text(to, "name", str_from(check_name((enum check_name)i)));
        field_text(to, "level", str_from(check_level_text(check->level)));
        field_text(to, "text", buf_str(&check->text));
        field_time(to, "since", self->since[i]);
        buf_add_char(to, '}');
    }
    buf_add_char(to, ']');
}

static void add_known(struct buf *to, const char *key, const struct sum *sum)
{
    if (sum->known) {
        field_number(to, key, sum->value);
    } else {
        field_null(to, key);
    }
}

static void add_ms(struct buf *to, const char *key, const struct sum *us, int64_t count)
{
    field_key(to, key);
    if (us->known && count > 0) {
        int64_t mean_us = us->value / count;

        buf_printf(to, "%" PRId64 ".%03" PRId64, mean_us / 1000, mean_us % 1000);
    } else {
        buf_add_str(to, STR("null"));
    }
}

static void add_storage(const struct operate *self, struct buf *to,
                        const struct operate_standing *standing)
{
    const struct sum *sums = self->sums;

    field_open(to, "storage", '{');
    field_flag(to, "ok", standing->storage_ok);
    field_text(to, "reason", standing->storage_reason);
    field_time(to, "since", self->since[CHECK_OF_STORAGE]);
    add_known(to, "journal_bytes", &sums[SUM_JOURNAL_BYTES]);
    add_known(to, "snapshot_seq", &sums[SUM_SNAPSHOT_SEQ]);
    add_known(to, "snapshot_bytes", &sums[SUM_SNAPSHOT_BYTES]);
    add_ms(to, "sync_ms_mean", &sums[SUM_SYNC_US], (int64_t)sums[SUM_SYNC_US].count);
    add_ms(to, "sync_ms_max", &sums[SUM_SYNC_US_MAX], 1);
    add_known(to, "damaged_files", &sums[SUM_DAMAGED_FILES]);
    add_known(to, "lost_changes", &sums[SUM_LOST_CHANGES]);
    add_known(to, "memory_only_changes", &sums[SUM_MEMORY_ONLY]);
    buf_add_char(to, '}');
}

static void add_protection(const struct operate *self, struct buf *to,
                           const struct operate_standing *standing)
{
    field_open(to, "protection", '{');
    field_flag(to, "on", standing->protection_on);
    field_number(to, "heard", (int64_t)standing->heard);
    field_number(to, "expected", (int64_t)standing->expected);
    field_number(to, "threshold", (int64_t)standing->threshold);
    field_text(to, "reason", standing->protection_reason);
    if (standing->protection_on) { /* by the round that hears enough, which the next may be */
        field_number(to, "ends_in_s", whole_s(standing->next_round_ms));
    } else {
        field_null(to, "ends_in_s");
    }
    if (standing->protection_known) {
        field_number(to, "next_round_in_s", whole_s(standing->next_round_ms));
    } else {
        field_null(to, "next_round_in_s");
    }
    add_known(to, "idle", &self->sums[SUM_IDLE]);
    buf_add_char(to, '}');
}

/* What clients feel, of all gateways together. */
static void add_clients(const struct operate *self, struct buf *to)
{
    field_open(to, "clients", '{');
    field_number(to, "gateways", self->gateways);
    field_number(to, "gateways_answered", self->gateways_answered);
#define SUM_FIELD(NAME, actor, row, member)                                                        \
    if (ACTOR_##actor == ACTOR_GATEWAY) {                                                          \
        add_known(to, member, &self->sums[SUM_##NAME]);                                            \
    }
    SUM_TABLE(SUM_FIELD)
#undef SUM_FIELD
    buf_add_char(to, '}');
}

static void add_holds(const struct operate *self, struct buf *to)
{
    struct registry_counts counts;

    registry_counts(self->view.registry, &counts);
    field_open(to, "holds", '{');
    field_number(to, "instances", (int64_t)counts.live);
    field_number(to, "apps", (int64_t)counts.apps);
    field_number(to, "schedules", (int64_t)counts.schedules);
    field_number(to, "tombstones", (int64_t)counts.tombstones);
    buf_add_char(to, '}');
}

static void answer(struct asker *asker, const struct round *round, const struct now *now)
{
    struct operate *self = asker->operate;
    const struct config *config = self->view.config;
    struct operate_standing standing;
    struct buf body = {0};

    sums_take(self, round, now);
    standing_judge(self, &standing, now);
    buf_add_char(&body, '{');
    field_text(&body, "node", str_from(config->node_name));
    field_text(&body, "zone", str_from(config->node_zone));
    field_text(&body, "region", str_from(config->node_region));
    field_text(&body, "env", str_from(config->node_env));
    field_text(&body, "address", str_from(config->gateway_advertise));
    field_text(&body, "version", STR(MUSTER_VERSION));
    field_time(&body, "time", now->wall_ns);
    field_hex(&body, "epoch", standing.epoch);
    add_verdict(self, &body);
    field_flag(&body, "ready",
               standing.caught_up && !standing.protect_on &&
                   standing.stale_ms <= config->gateway_stale_limit);
    add_checks(self, &body);
    add_storage(self, &body, &standing);
    add_protection(self, &body, &standing);
    add_clients(self, &body);
    add_holds(self, &body);
    field_number(&body, "stale_ms", standing.stale_ms);
    buf_add_char(&body, '}');
    operate_answer(asker->request, 200, &body);
}

void operate_status(struct operate *self, const struct operate_ask *ask)
{
    asker_begin(self, ask, 0, answer);
}
