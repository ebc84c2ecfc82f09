#include "common/runtime/publisher.h"

#include <assert.h>

/* Every fact begins with epoch, boot and seq, which is all a TICK is: the union's
 * members share that beginning, so as_tick reads and writes it in any of them. */
static void stamp(const struct publisher *self, struct msg *msg)
{
    msg->as_fact.epoch = self->at.epoch;
    msg->as_fact.boot = self->at.boot;
    msg->as_fact.seq = self->at.seq;
}

void publisher_init(struct publisher *self, enum actor_name actor, uint32_t index, uint64_t epoch)
{
    assert(epoch != 0);
    *self = (struct publisher){
        .actor = actor, .index = index, .at = {.epoch = epoch, .boot = epoch, .seq = 0}};
}

void publisher_fini(struct publisher *self)
{
    for (unsigned i = 0; i < publisher_standing_max; i++) {
        buf_fini(&self->standing[i].frame);
    }
}

static void stand(struct publisher *self, const struct msg *msg)
{
    unsigned at = 0;
    struct buf *frame;

    while (self->standing[at].frame.len != 0 && self->standing[at].type != msg->type) {
        at++;
        assert(at < publisher_standing_max); /* the actor has more types than that */
    }
    frame = &self->standing[at].frame;
    self->standing[at].type = msg->type;
    frame->len = 0;
    msg_encode(frame, msg);
}

void publisher_publish(struct publisher *self, const char *topic, struct msg *msg, bool keep,
                       struct outbox *out)
{
    self->at.seq++;
    publisher_say(self, topic, msg, keep, out);
}

void publisher_say(struct publisher *self, const char *topic, struct msg *msg, bool keep,
                   struct outbox *out)
{
    stamp(self, msg);
    if (keep) {
        stand(self, msg);
    }
    outbox_fact(out, str_from(topic), msg); /* full: the next TICK's seq makes followers ask */
}

void publisher_tick(struct publisher *self, struct outbox *out)
{
    struct msg tick = {.type = MSG_TYPE_TICK};
    struct buf topic = {0};

    stamp(self, &tick);
    actor_name_print(&topic, self->actor, self->index);
    buf_add_str(&topic, STR(".tick"));
    outbox_fact(out, buf_str(&topic), &tick);
    buf_fini(&topic);
}

static struct msg_list all_standing(const struct publisher *self, struct buf *store)
{
    struct msg_list list = {0};

    for (unsigned i = 0; i < publisher_standing_max; i++) {
        if (self->standing[i].frame.len != 0) {
            buf_add_str(store, buf_str(&self->standing[i].frame));
            list.count++;
        }
    }
    list.bytes = buf_str(store);
    return list;
}

void publisher_answer(struct publisher *self, const struct address *from, const struct msg *msg,
                      struct outbox *out)
{
    const struct position at = self->at;
    struct buf store = {0};
    struct msg answer = {0};

    if (msg->type == MSG_TYPE_SNAPSHOT) {
        answer.type = MSG_TYPE_CHUNK;
        answer.as_chunk = (struct msg_chunk){.id = msg->as_snapshot.id,
                                             .epoch = at.epoch,
                                             .boot = at.boot,
                                             .seq = at.seq,
                                             .standing = all_standing(self, &store)};
    } else if (msg->as_facts.epoch == at.epoch && msg->as_facts.from <= at.seq) {
        answer.type = MSG_TYPE_HISTORY;
        answer.as_history = (struct msg_history){.id = msg->as_facts.id,
                                                 .epoch = at.epoch,
                                                 .boot = at.boot,
                                                 .head = at.seq,
                                                 .standing = all_standing(self, &store)};
    } else {
        answer.type = MSG_TYPE_RESULT;
        answer.as_result = (struct msg_result){.id = msg->as_facts.id,
                                               .err = ERR_STALE,
                                               .epoch = at.epoch,
                                               .boot = at.boot,
                                               .seq = at.seq,
                                               .text = str_from(err_text(ERR_STALE))};
    }
    outbox_reply(out, OUTBOX_NOW, from, &answer); /* full: the follower asks again */
    buf_fini(&store);
}
