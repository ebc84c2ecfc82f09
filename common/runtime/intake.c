#include "common/runtime/intake.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/heap.h"

void intake_init(struct intake *self, const struct actor_options *options, struct sockets *sockets,
                 struct turn *turn, struct admin *admin, struct outbox *out)
{
    *self = (struct intake){
        .options = options, .sockets = sockets, .turn = turn, .admin = admin, .out = out};
    self->answers = heap_array(options->link_count, sizeof(*self->answers));
}

void intake_fini(struct intake *self)
{
    frame_fini(&self->commands.frame);
    frame_fini(&self->door.frame);
    frame_fini(&self->fact.frame);
    for (size_t i = 0; i < self->options->link_count; i++) {
        frame_fini(&self->answers[i].frame);
    }
    free(self->answers);
}

/* What a socket may still take up of a turn. What is beyond waits for the next,
 * which follows at once. */
struct budget {
    size_t messages;
    size_t bytes;
};

static const struct budget whole_budget = {1000, (size_t)4 << 20};
/* Facts are packed: so many bytes may be thousands of changes. */
static const struct budget facts_budget = {1000, (size_t)256 << 10};
static const size_t frame_cost_bytes = 1024; /* what an empty frame costs */

static bool is_spent(const struct budget *budget)
{
    return budget->messages == 0 || budget->bytes == 0;
}

static void spend_frame(struct budget *budget, size_t bytes)
{
    bytes += frame_cost_bytes;
    budget->bytes -= bytes < budget->bytes ? bytes : budget->bytes;
}

/* ── commands ── */

static void handle(struct intake *self, const struct address *from, const struct msg *msg,
                   const struct now *now)
{
    if (from->door) {
        self->admin->door_commands++;
    } else {
        self->admin->commands++;
    }
    if (!turn_command(self->turn, from, msg, now) &&
        (from->door || !admin_answer(self->admin, from, msg, now, self->out))) {
        admin_refuse(self->admin, from, msg->type, msg_id(msg), self->out);
    }
}

/* The messages of the frame in hand, as far as the budget goes. */
static void take_commands(struct intake *self, struct inbox *in, struct budget *budget,
                          const struct now *now)
{
    struct str sender = in->frame.parts[0];
    struct address from = {.len = (uint8_t)sender.len, .door = in == &self->door};

    memcpy(from.bytes, sender.data, sender.len);
    if (from.door) {
        frame_sender_key(&in->frame, from.key);
    }
    while (in->rest.len != 0 && !is_spent(budget)) {
        struct msg msg;
        enum err err = msg_decode(&in->rest, &msg);

        budget->messages--;
        if (err == ERR_OK) {
            handle(self, &from, &msg, now);
            if (outbox_is_enough(self->out)) {
                budget->messages = 0;
            }
        } else if (err == ERR_UNSUPPORTED) {
            admin_refuse(self->admin, &from, msg.type, msg.as_command.id, self->out);
        } else {
            self->admin->malformed++;
            in->rest.len = 0; /* where its next message begins can't be known */
        }
    }
}

/* The next frame of `count` parts into in. False: nothing waits or the budget is spent. */
static bool next_frame(struct intake *self, void *socket, struct inbox *in, unsigned count,
                       struct budget *budget)
{
    while (!is_spent(budget)) {
        switch (sockets_receive(self->sockets, socket, &in->frame, count)) {
        case RECEIVED_NOTHING:
            return false;
        case RECEIVED_ODD:
            spend_frame(budget, 0);
            break;
        case RECEIVED:
            in->rest = in->frame.parts[count - 1];
            spend_frame(budget, in->rest.len);
            return true;
        }
    }
    self->waits = true;
    return false;
}

static void take_all_commands(struct intake *self, void *socket, struct inbox *in, bool there,
                              const struct now *now)
{
    struct budget budget = whole_budget;

    if (in->rest.len == 0 && !there) {
        return;
    }
    while (in->rest.len != 0 || next_frame(self, socket, in, 2, &budget)) {
        if (in->frame.parts[0].len > sizeof(((struct address *)NULL)->bytes)) {
            self->admin->malformed++; /* it chose itself a longer name than we answer */
            in->rest.len = 0;
            continue;
        }
        take_commands(self, in, &budget, now);
        if (in->rest.len != 0) {
            self->waits = true;
            return;
        }
    }
}

void intake_commands(struct intake *self, bool there, const struct now *now)
{
    take_all_commands(self, self->sockets->commands, &self->commands, there, now);
}

void intake_door(struct intake *self, bool there, const struct now *now)
{
    take_all_commands(self, self->sockets->peers.door, &self->door, there, now);
}

/* ── the other inputs ── */

void intake_answers(struct intake *self, size_t at, bool there, const struct now *now)
{
    struct inbox *in = &self->answers[at];
    struct budget budget = whole_budget;

    if (in->rest.len == 0 && !there) {
        return;
    }
    while (in->rest.len != 0 || next_frame(self, self->sockets->links[at].dealer, in, 1, &budget)) {
        while (in->rest.len != 0 && !is_spent(&budget)) {
            struct msg msg;
            enum err err = msg_decode(&in->rest, &msg);

            budget.messages--;
            self->admin->answers++;
            if (err == ERR_MALFORMED) {
                self->admin->malformed++;
                in->rest.len = 0;
            }
            if (err == ERR_OK) {
                (void)turn_answer(self->turn, at, &msg, now);
            }
        }
        if (in->rest.len != 0) {
            self->waits = true;
            return;
        }
    }
}

void intake_way(struct intake *self, uint32_t peer, bool there, const struct now *now)
{
    struct peer_socket *way = &self->sockets->peers.ways[peer];
    struct budget budget = whole_budget;

    if (way->in.rest.len == 0 && !there) {
        return;
    }
    while (way->in.rest.len != 0 || next_frame(self, way->dealer, &way->in, 1, &budget)) {
        while (way->in.rest.len != 0 && !is_spent(&budget)) {
            struct msg msg;
            enum err err = msg_decode(&way->in.rest, &msg);

            budget.messages--;
            self->admin->peer_answers++;
            if (err == ERR_MALFORMED) {
                self->admin->malformed++;
                way->in.rest.len = 0;
            } else if (err == ERR_OK) {
                turn_peer_answer(self->turn, peer, &msg, now);
            }
        }
        if (way->in.rest.len != 0) {
            self->waits = true;
            return;
        }
    }
}

void intake_facts(struct intake *self, size_t at, const struct now *now)
{
    struct budget budget = facts_budget;

    while (next_frame(self, self->sockets->links[at].sub, &self->fact, 2, &budget)) {
        budget.messages--;
        self->admin->facts++;
        turn_fact(self->turn, at, self->fact.rest, now);
    }
}

/* A subscription is one byte, 1 on or 0 off, and the prefix. */
void intake_subscriptions(struct intake *self)
{
    struct budget budget = whole_budget;

    while (next_frame(self, self->sockets->facts, &self->fact, 1, &budget)) {
        struct str body = self->fact.rest;

        budget.messages--;
        if (body.len != 0 && (unsigned char)body.data[0] <= 1) {
            struct str prefix = {body.data + 1, body.len - 1};
            bool on = body.data[0] == 1;

            if (outbox_subscribe(self->out, prefix, on) == ERR_FULL) {
                log_event(
                    self->options->log, LOG_WARN, "subscriptions_full",
                    "there are too many different prefixes: every fact is encoded from now on",
                    log_uint("prefixes", outbox_subscription_count(self->out)));
            }
        }
    }
}
