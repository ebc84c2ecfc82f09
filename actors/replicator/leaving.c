/* The end of the process, and before it, if this node leaves its cluster, word of that to the
 * others. */
#include "actors/replicator/leaving.h"

#include "actors/replicator/link_state.h"
#include "actors/replicator/state.h"

static const int64_t leave_wait_ms = 2000;
/* Of what the registry holds in memory only others are told for so long, and so long at least, in
 * which a tick sends what is on its way here. */
static const int64_t tell_most_ms = 5000;
static const int64_t tell_least_ms = 1500;

static void end(struct replicator *self, const struct address *from, uint64_t id, struct str text,
                struct outbox *out)
{
    struct msg msg = {.type = MSG_TYPE_RESULT};

    msg.as_result = (struct msg_result){.id = id,
                                        .err = ERR_OK,
                                        .epoch = self->publisher.at.epoch,
                                        .boot = self->publisher.at.boot,
                                        .seq = self->publisher.at.seq,
                                        .text = text};
    outbox_reply(out, OUTBOX_NOW, from, &msg);
    outbox_stop(out);
}

void leaving_on_shutdown(void *state, const struct address *from, const struct msg *msg,
                         const struct now *now, struct outbox *out)
{
    struct replicator *self = state;

    if (!msg->as_shutdown.leave) {
        end(self, from, msg->as_shutdown.id, STR(""), out);
        return;
    }
    if (!self->leaving.on) {
        self->leaving.on = true;
        self->leaving.until_ms = now->mono_ms + leave_wait_ms;
        own_instance_leave(&self->own_instance, now);
    }
    self->leaving.from = *from;
    self->leaving.id = msg->as_shutdown.id;
}

/* Whether nothing is on its way to the others, as far as they can be reached; nor is anything
 * looked up for them, as what the registry's facts did not bring, but its history. */
static bool all_sent(struct replicator *self)
{
    for (struct peer *peer = NULL; (peer = peers_next(self, peer)) != NULL;) {
        if (peer->way == WAY_HTTP && peer->status == NODE_UP &&
            posts_waiting(self->posts, peers_number(self, peer)) > 0) {
            return false;
        }
        if (peer->link.state == LINK_UP &&
            (peer->link.under_way > 0 || !link_is_drained(&peer->link))) {
            return false;
        }
    }
    return true;
}

/* Whether they know that this node leaves. */
static bool is_said(struct replicator *self)
{
    struct follower_state at;

    follower_state(self->registry, &at);
    return at.seq >= self->leaving.seq && all_sent(self);
}

bool leaving_may_stop(void *state, const struct now *now, struct outbox *out)
{
    struct replicator *self = state;
    int64_t told_ms;

    (void)out;
    if (!self->registry_unkept) {
        return true;
    }
    self->leaving.told_ms = self->leaving.told_ms != 0 ? self->leaving.told_ms : now->mono_ms;
    told_ms = now->mono_ms - self->leaving.told_ms;
    return told_ms >= tell_most_ms || (told_ms >= tell_least_ms && all_sent(self));
}

void leaving_answered(struct replicator *self, uint64_t seq)
{
    struct follower_state at;

    self->leaving.seq = seq;
    follower_state(self->registry, &at);
    if (self->leaving.on && at.seq < seq) {
        follower_hurry(self->registry); /* the fact may be lost, and there is no time to wait */
    }
}

void leaving_step(struct replicator *self, const struct now *now, struct outbox *out)
{
    bool late = now->mono_ms >= self->leaving.until_ms;

    if (!self->leaving.on) {
        return;
    }
    if (self->own_instance.state == OWN_INSTANCE_GONE && (late || is_said(self))) {
        end(self, &self->leaving.from, self->leaving.id, STR(""), out);
    } else if (late) {
        log_event(self->log, LOG_WARN, "left_unheard",
                  "the registry has not answered: this node's infra.discovery stays in it "
                  "until it falls silent");
        end(self, &self->leaving.from, self->leaving.id,
            STR("the registry has not answered: infra.discovery was not cancelled"), out);
    }
}
