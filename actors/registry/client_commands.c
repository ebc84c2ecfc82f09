#include "actors/registry/client_commands.h"

#include "actors/registry/publish.h"
#include "actors/registry/state.h"
#include "actors/registry/tracking.h"

/* What every write has in front, whatever it asks. */
struct head {
    uint64_t id;
    uint64_t gateway;
    int64_t expires;
};

/* True: answered already. A write past its deadline must not be done: its client
 * was told so. One that was done gets the answer it had. */
static bool settled(struct registry_actor *self, const struct head *head,
                    const struct address *from, const struct now *now, struct outbox *out)
{
    struct msg result = {.type = MSG_TYPE_RESULT};
    int64_t behind_ns;
    uint64_t seq;

    if (write_ids_find(self->write_ids, head->gateway, head->id, &seq)) {
        self->counters.repeated++;
        answers_add(&self->answers, from, head->id, seq);
        return true;
    }
    if (sender_clocks_is_late(&self->sender_clocks, head->gateway, head->expires, now,
                              &behind_ns)) {
        self->counters.expired++;
        result.as_result.id = head->id;
        result.as_result.seq = self->published;
        result.as_result.err = ERR_TIMEOUT;
        result.as_result.text = STR("the write's deadline had passed when the registry read it");
        answer_now(&self->at, from, &result, out);
        return true;
    }
    if (behind_ns > 0) {
        log_event(self->log, LOG_WARN, "clock_behind",
                  "the clock of a gateway's host is behind this one's: its writes are taken from "
                  "now on; set both by NTP",
                  log_int("behind_ms", behind_ns / 1000000), LOG_HEX("gateway", head->gateway));
    }
    return false;
}

/* Carries the decision out and answers it. */
static void carry_out(struct registry_actor *self, const struct head *head,
                      const struct address *from, const struct now *now, struct outbox *out)
{
    const struct decision *decision = &self->decision;
    struct msg result = {.type = MSG_TYPE_RESULT};

    if (decision->err == ERR_OK) {
        /* no change: what is held already may be of this very turn */
        uint64_t seq = decision->count > 0 ? registry_take(self, head->gateway, head->id, now, out)
                                           : self->at.seq;

        answers_add(&self->answers, from, head->id, seq);
        return;
    }
    self->counters.refused++;
    result.as_result.id = head->id;
    result.as_result.err = decision->err;
    result.as_result.text = buf_str(&decision->text);
    result.as_result.seq = self->published;
    answer_now(&self->at, from, &result, out);
}

void on_register(void *state, const struct address *from, const struct msg *msg,
                 const struct now *now, struct outbox *out)
{
    struct registry_actor *self = state;
    const struct msg_register *command = &msg->as_register;
    struct head head = {command->id, command->gateway, command->expires};

    self->counters.registers++;
    if (!settled(self, &head, from, now, out)) {
        decide_register(self->registry, &self->rules, command, now->wall_ns, &self->decision);
        carry_out(self, &head, from, now, out);
    }
}

void on_cancel(void *state, const struct address *from, const struct msg *msg,
               const struct now *now, struct outbox *out)
{
    struct registry_actor *self = state;
    const struct msg_cancel *command = &msg->as_cancel;
    struct head head = {command->id, command->gateway, command->expires};

    self->counters.cancels++;
    if (!settled(self, &head, from, now, out)) {
        decide_cancel(self->registry, &self->rules, command, now->wall_ns, &self->decision);
        carry_out(self, &head, from, now, out);
    }
}

void on_set(void *state, const struct address *from, const struct msg *msg, const struct now *now,
            struct outbox *out)
{
    struct registry_actor *self = state;
    const struct msg_set *command = &msg->as_set;
    struct head head = {command->id, command->gateway, command->expires};

    self->counters.sets++;
    if (!settled(self, &head, from, now, out)) {
        decide_set(self->registry, &self->rules, command, now->wall_ns, &self->decision);
        carry_out(self, &head, from, now, out);
    }
}

void on_schedule(void *state, const struct address *from, const struct msg *msg,
                 const struct now *now, struct outbox *out)
{
    struct registry_actor *self = state;
    const struct msg_schedule *command = &msg->as_schedule;
    struct head head = {command->id, command->gateway, command->expires};

    self->counters.schedules++;
    if (!settled(self, &head, from, now, out)) {
        decide_schedule(self->registry, command, now->wall_ns, &self->decision);
        carry_out(self, &head, from, now, out);
    }
}

enum err registry_actor_schedule(struct registry_actor *self, const struct msg_schedule *command,
                                 const struct now *now, struct outbox *out, struct buf *why)
{
    decide_schedule(self->registry, command, now->wall_ns, &self->decision);
    if (self->decision.err == ERR_OK && self->decision.count > 0) {
        self->counters.schedules++;
        (void)registry_take(self, 0, 0, now, out);
    }
    buf_add_str(why, buf_str(&self->decision.text));
    return self->decision.err;
}

/* No change: nothing to sync, answered before the sync. Its seq is that of the
 * instance, so that the gateway waits until its replica can show it. */
void on_renew(void *state, const struct address *from, const struct msg *msg, const struct now *now,
              struct outbox *out)
{
    struct registry_actor *self = state;
    const struct msg_renew *command = &msg->as_renew;
    struct head head = {command->id, command->gateway, command->expires};
    const struct decision *decision = &self->decision;
    struct msg result = {.type = MSG_TYPE_RESULT};

    self->counters.renews++;
    if (settled(self, &head, from, now, out)) {
        return;
    }
    decide_renew(self->registry, &self->rules, command, now->wall_ns, &self->decision);
    if (decision->heartbeat != REGISTRY_NONE) {
        uint32_t slot = decision->heartbeat;

        (void)registry_heard(self, slot, 0, now);
        registry_count_heartbeat(self, slot, 0);
        publish_heartbeat(self, slot, decision->spread, 0, now, out);
        result.as_result.seq = registry_slot_seq(self->registry, slot);
        result.as_result.timestamp = now->wall_ns;
    } else {
        result.as_result.seq = self->published;
    }
    result.as_result.id = head.id;
    result.as_result.err = decision->err;
    result.as_result.text = buf_str(&decision->text);
    answer_now(&self->at, from, &result, out);
}
