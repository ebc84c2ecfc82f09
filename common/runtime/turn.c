#include "common/runtime/turn.h"

#include <assert.h>

static void lay_out(actor_handle_fn **by_type, const struct actor_handler *handlers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        assert((unsigned)handlers[i].type < turn_types_max);
        assert(by_type[(unsigned)handlers[i].type] == NULL); /* a type has one handler */
        by_type[(unsigned)handlers[i].type] = handlers[i].handle;
    }
}

void turn_init(struct turn *self, const struct actor_spec *spec, void *state, struct outbox *out,
               const struct actor_link *links, size_t link_count, int64_t tick_due_ms)
{
    *self = (struct turn){.spec = spec,
                          .state = state,
                          .out = out,
                          .links = links,
                          .link_count = link_count,
                          .tick_due_ms = tick_due_ms};
    if (spec != NULL) {
        assert(spec->tick == NULL || spec->tick_ms > 0);
        lay_out(self->handlers, spec->handlers, spec->handler_count);
        lay_out(self->door_handlers, spec->door_handlers, spec->door_handler_count);
    }
}

void turn_begin(struct turn *self, const struct now *now)
{
    if (!self->begun) {
        self->begun = true;
        if (self->spec != NULL && self->spec->turn_begin != NULL) {
            self->spec->turn_begin(self->state, now, self->out);
        }
    }
}

bool turn_command(struct turn *self, const struct address *from, const struct msg *msg,
                  const struct now *now)
{
    actor_handle_fn *const *handlers = from->door ? self->door_handlers : self->handlers;
    actor_handle_fn *handle =
        (unsigned)msg->type < turn_types_max ? handlers[(unsigned)msg->type] : NULL;

    assert(self->begun);
    if (handle != NULL) {
        handle(self->state, from, msg, now, self->out);
    }
    return handle != NULL;
}

bool turn_answer(struct turn *self, size_t at, const struct msg *msg, const struct now *now)
{
    const struct actor_link *link = &self->links[at];

    assert(self->begun && at < self->link_count);
    if (link->follower != NULL && follower_on_answer(link->follower, msg, now, self->out)) {
        return true;
    }
    if (self->spec == NULL || self->spec->answer == NULL) {
        return false;
    }
    self->spec->answer(self->state, link->to, link->index, msg, now, self->out);
    return true;
}

void turn_peer_answer(struct turn *self, uint32_t peer, const struct msg *msg,
                      const struct now *now)
{
    assert(self->begun);
    if (self->spec->peer_answer != NULL) {
        self->spec->peer_answer(self->state, peer, msg, now, self->out);
    }
}

void turn_fact(struct turn *self, size_t at, struct str body, const struct now *now)
{
    assert(self->begun && at < self->link_count);
    follower_on_fact(self->links[at].follower, body, now, self->out);
}

void turn_time(struct turn *self, const struct now *now)
{
    const struct actor_spec *spec = self->spec;

    assert(self->begun);
    if (spec != NULL && spec->tick != NULL && now->mono_ms >= self->tick_due_ms) {
        self->tick_due_ms += spec->tick_ms;
        if (self->tick_due_ms <= now->mono_ms) {
            self->tick_due_ms = now->mono_ms + spec->tick_ms;
        }
        spec->tick(self->state, now, self->out);
    }
    for (size_t i = 0; i < self->link_count; i++) {
        if (self->links[i].follower != NULL) {
            follower_step(self->links[i].follower, now, self->out);
        }
    }
}

void turn_end(struct turn *self, const struct now *now, turn_send_fn *send, void *context)
{
    assert(self->begun);
    self->begun = false;
    send(context, OUTBOX_NOW);
    if (self->spec != NULL && self->spec->turn_end != NULL) {
        self->spec->turn_end(self->state, now, self->out);
        send(context, OUTBOX_NOW);
    }
}

const char *const *turn_topics(const struct turn *self, size_t at)
{
    const struct actor_link *link = &self->links[at];

    return self->spec != NULL && self->spec->topics != NULL ? self->spec->topics(self->state, link)
                                                            : link->topics;
}

bool turn_follows(const struct turn *self, size_t at, struct str topic)
{
    const char *const *prefix = turn_topics(self, at);

    while (prefix != NULL && *prefix != NULL && !str_starts(topic, str_from(*prefix))) {
        prefix++;
    }
    return prefix != NULL && *prefix != NULL;
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

int64_t turn_due_ms(const struct turn *self, const struct now *now)
{
    const struct actor_spec *spec = self->spec;
    int64_t due = spec != NULL && spec->tick != NULL ? self->tick_due_ms : INT64_MAX;

    if (spec != NULL && spec->due_ms != NULL) {
        due = earlier(due, spec->due_ms(self->state, now));
    }
    for (size_t i = 0; i < self->link_count; i++) {
        if (self->links[i].follower != NULL) {
            due = earlier(due, follower_due_ms(self->links[i].follower));
        }
    }
    return due;
}
