#include "gateway/etcd/watch_ask.h"

enum { slot_bits = 8 };

static const struct str all_from = {"", 1}; /* the byte 0: the least key, and no end */

bool watch_can_ask(const struct watches *self)
{
    return self->boot != 0 && relay_is_up(self->relay) && relay_boot(self->relay) == self->boot;
}

static enum err ask(struct watches *self, const struct msg *msg)
{
    return outbox_command(self->moment->out, self->options.to, 0, msg);
}

static void add_range(struct msg_list *ranges, struct buf *store, struct str key, struct str end,
                      bool prev)
{
    const struct msg msg = {.type = MSG_TYPE_WATCH_RANGE,
                            .as_watch_range = {.key = key, .range_end = end, .prev = prev}};

    msg_list_add(ranges, store, &msg);
}

/* ── reads ── */

bool watch_ask_read(struct watches *self, struct watch_read *read)
{
    uint64_t slot = read == &self->gap ? watch_reads_max : (uint64_t)(read - self->reads);
    struct msg msg = {.type = MSG_TYPE_READ_EVENTS};
    struct msg_list ranges = {0};

    if (!watch_can_ask(self)) {
        return false;
    }
    self->scratch.len = 0;
    if (read == &self->gap) {
        add_range(&ranges, &self->scratch, all_from, all_from, self->groups.prev_count > 0);
    }
    for (uint32_t i = 0; i < read->count; i++) {
        const struct watch_wish *wish = &read->groups[i]->wish;

        add_range(&ranges, &self->scratch, wish->key, wish->end, wish->prev);
    }
    msg.as_read_events = (struct msg_read_events){.id = (self->read_count + 1) << slot_bits | slot,
                                                  .boot = self->boot,
                                                  .from = read->from,
                                                  .sub = read->sub,
                                                  .to = read->to,
                                                  .ranges = ranges};
    if (ask(self, &msg) != ERR_OK) {
        return false;
    }
    self->read_count++;
    self->counts.reads_total++;
    read->id = msg.as_read_events.id;
    read->asked_ms = self->moment->now->mono_ms;
    return true;
}

struct watch_read *watch_read_of(struct watches *self, uint64_t id)
{
    uint64_t slot = id & ((1u << slot_bits) - 1);
    struct watch_read *read = slot < watch_reads_max    ? &self->reads[slot]
                              : slot == watch_reads_max ? &self->gap
                                                        : NULL;

    return read != NULL && id != 0 && read->id == id ? read : NULL;
}

/* ── creates, and progress ── */

static bool ask_op(struct watches *self, struct watch_op *op)
{
    struct msg msg = {.type = MSG_TYPE_WATCH};
    struct msg_list range = {0};

    self->scratch.len = 0;
    add_range(&range, &self->scratch, op->wish.key, op->wish.end, op->wish.prev);
    msg.as_watch = (struct msg_watch){
        .id = op->id, .boot = self->boot, .token = op->stream->rpc->token, .range = range};
    return ask(self, &msg) == ERR_OK;
}

static void again_what_is_not_answered(struct watches *self, int64_t now_ms)
{
    struct watch_link *link;

    while ((link = watch_links_first(&self->asked)) != NULL &&
           now_ms - ((struct watch_op *)link)->asked_ms >= watch_answer_ms) {
        watch_link_remove(link);
        watch_links_add(&self->to_ask, link);
    }
}

void watch_ask_ops(struct watches *self)
{
    int64_t now_ms = self->moment->now->mono_ms;
    struct watch_link *link;

    again_what_is_not_answered(self, now_ms);
    if (!watch_can_ask(self) || now_ms < self->ops_ms) {
        return;
    }
    while ((link = watch_links_first(&self->to_ask)) != NULL) {
        struct watch_op *op = (struct watch_op *)link;

        if (!ask_op(self, op)) {
            self->ops_ms = now_ms + 1;
            return;
        }
        op->asked_ms = now_ms;
        watch_link_remove(link);
        watch_links_add(&self->asked, link);
    }
}

void watch_ask_all_again(struct watches *self)
{
    struct watch_link *link;

    while ((link = watch_links_first(&self->asked)) != NULL) {
        watch_link_remove(link);
        watch_links_add(&self->to_ask, link);
    }
    self->ops_ms = 0;
}

/* ── interest ── */

void watch_tell_interest(struct watches *self)
{
    struct msg msg = {.type = MSG_TYPE_WATCHING};
    int64_t now_ms = self->moment->now->mono_ms;
    struct msg_list ranges = {0};
    const struct watch_groups *groups = &self->groups;

    if (!watch_is_of_interest(self) || now_ms < self->interest_ms || !watch_can_ask(self)) {
        return;
    }
    self->scratch.len = 0;
    if (groups->prev_count == 0 || groups->prev_count > watch_interest_max) {
        add_range(&ranges, &self->scratch, all_from, all_from, groups->prev_count > 0);
    } else {
        for (const struct watch_link *link = watch_links_first(&groups->prev); link != NULL;
             link = watch_links_next(&groups->prev, link)) {
            const struct watch_wish *wish =
                &((const struct watch_group *)((const char *)link -
                                               offsetof(struct watch_group, prev_link)))
                     ->wish;

            add_range(&ranges, &self->scratch, wish->key, wish->end, true);
        }
    }
    msg.as_watching =
        (struct msg_watching){.id = ++self->read_count << slot_bits | (watch_reads_max + 1),
                              .boot = self->boot,
                              .ranges = ranges};
    if (ask(self, &msg) == ERR_OK) {
        self->interest_ms = now_ms + watching_ms / 3;
    }
}
