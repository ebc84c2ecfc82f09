#include "gateway/bus/pending.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/heap.h"

/* A number is a count above and the command's slot below, so that finding one is an
 * index and numbers still only grow. */
enum { slot_bits = 16, slot_max = 1 << slot_bits, resend_max = 1024, kept_bytes_max = 4096 };

static const int64_t resend_ms = 1000;
static const int64_t resend_silent_ms = 100;
static const int64_t stall_ms = 100;
static const uint64_t bytes_max = (uint64_t)64 << 20;

struct list {
    struct pending_command *first;
    struct pending_command *last;
};

struct pending {
    struct pending_options options;
    uint64_t count;                 /* the upper part of the last number */
    struct pending_command **slots; /* owns all; slot_count are made */
    struct pending_command *free;   /* by by_age.next */
    uint32_t slot_count;
    struct list by_age;   /* all: the first has the earliest deadline */
    struct list sent;     /* the first was sent the longest ago */
    struct list answered; /* in the order of their answers */
    int64_t heard_ms;     /* any answer of the actor */
    struct buf scratch[2];
    struct pending_counts counts;
};

#define LIST_FUNCTIONS(links)                                                                      \
    static void append_##links(struct list *list, struct pending_command *entry)                   \
    {                                                                                              \
        entry->links = (struct pending_links){.before = list->last};                               \
        *(list->last != NULL ? &list->last->links.next : &list->first) = entry;                    \
        list->last = entry;                                                                        \
    }                                                                                              \
    static void remove_##links(struct list *list, struct pending_command *entry)                   \
    {                                                                                              \
        struct pending_links at = entry->links;                                                    \
                                                                                                   \
        *(at.before != NULL ? &at.before->links.next : &list->first) = at.next;                    \
        *(at.next != NULL ? &at.next->links.before : &list->last) = at.before;                     \
        entry->links = (struct pending_links){0};                                                  \
    }
LIST_FUNCTIONS(by_age)
LIST_FUNCTIONS(by_state)
#undef LIST_FUNCTIONS

struct pending *pending_new(const struct pending_options *options)
{
    struct pending *self = heap_new(sizeof(*self));

    assert(options->deadline_ms > 0);
    self->slots = heap_array(slot_max, sizeof(struct pending_command *));
    self->options = *options;
    return self;
}

void pending_destroy(struct pending **self)
{
    struct pending *it = *self;

    *self = NULL;
    if (it == NULL) {
        return;
    }
    for (uint32_t i = 0; i < it->slot_count; i++) {
        buf_fini(&it->slots[i]->frame);
        buf_fini(&it->slots[i]->text);
        free(it->slots[i]);
    }
    buf_fini(&it->scratch[0]);
    buf_fini(&it->scratch[1]);
    free(it->slots);
    free(it);
}

struct buf *pending_scratch(struct pending *self, unsigned which)
{
    struct buf *scratch = &self->scratch[which];

    scratch->len = 0;
    return scratch;
}

static struct pending_command *take_slot(struct pending *self)
{
    struct pending_command *entry = self->free;

    if (entry != NULL) {
        self->free = entry->by_age.next;
        entry->by_age.next = NULL;
    } else if (self->slot_count < slot_max) {
        entry = heap_new(sizeof(*entry) + self->options.own_bytes);
        entry->number = self->slot_count; /* its slot, for ever */
        self->slots[self->slot_count++] = entry;
    }
    return entry;
}

static void stamp(struct msg *command, uint64_t number, uint64_t gateway, int64_t expires)
{
    struct msg_write_head *head = &command->as_write;

    assert(msg_type_class(command->type) == MSG_CLASS_WRITE);
    head->id = number;
    head->gateway = gateway;
    head->expires = expires;
}

struct pending_command *pending_send(struct pending *self, struct msg *command, uint64_t boot,
                                     const struct now *now, struct outbox *out)
{
    struct pending_command *entry = self->counts.bytes < bytes_max ? take_slot(self) : NULL;

    if (entry == NULL) {
        self->counts.refused_total++;
        return NULL;
    }
    if (self->by_age.first == NULL) {
        self->heard_ms = now->mono_ms; /* nobody was asked: silence begins now */
    }
    entry->number = ++self->count << slot_bits | (entry->number & (slot_max - 1));
    entry->type = command->type;
    memset(entry->own, 0, self->options.own_bytes);
    entry->state = PENDING_SENT;
    entry->boot = boot;
    entry->sent_ms = now->mono_ms;
    entry->deadline_ms = now->mono_ms + self->options.deadline_ms;
    stamp(command, entry->number, self->options.gateway,
          now->wall_ns + self->options.deadline_ms * 1000000);
    msg_encode(&entry->frame, command);
    /* full: it is sent again */
    (void)outbox_command_encoded(out, self->options.to, self->options.index,
                                 buf_str(&entry->frame));
    assert(self->by_age.last == NULL || self->by_age.last->deadline_ms <= entry->deadline_ms);
    append_by_age(&self->by_age, entry);
    append_by_state(&self->sent, entry);
    self->counts.commands++;
    assert(self->counts.commands <= self->slot_count);
    self->counts.bytes += entry->frame.len;
    self->counts.sent_total++;
    return entry;
}

struct pending_command *pending_result(struct pending *self, const struct msg *result,
                                       const struct now *now)
{
    const struct msg_result *answer = &result->as_result;
    uint64_t slot = answer->id & (slot_max - 1);
    struct pending_command *entry = slot < self->slot_count ? self->slots[slot] : NULL;

    self->heard_ms = now->mono_ms;
    if (entry == NULL || entry->number != answer->id || entry->request == NULL ||
        entry->state != PENDING_SENT) {
        return NULL;
    }
    entry->state = PENDING_ANSWERED;
    entry->err = (enum err)answer->err;
    entry->epoch = answer->epoch;
    entry->answered_by = answer->boot;
    entry->waits_ms = now->mono_ms;
    entry->told = false;
    entry->seq = answer->seq;
    entry->timestamp = answer->timestamp;
    if (answer->text.len > 0) {
        buf_add_str(&entry->text, answer->text);
        buf_add_char(&entry->text, '\0');
    }
    remove_by_state(&self->sent, entry);
    append_by_state(&self->answered, entry);
    return entry;
}

bool pending_ready(const struct pending *self, pending_reached_fn *reached, const void *context)
{
    const struct pending_command *first = self->answered.first;

    return first != NULL && reached(context, first->epoch, first->seq);
}

struct pending_command *pending_over(struct pending *self, pending_reached_fn *reached,
                                     const void *context, const struct now *now, bool *expired)
{
    struct pending_command *first = self->answered.first;

    *expired = false;
    if (pending_ready(self, reached, context)) {
        return first;
    }
    first = self->by_age.first;
    if (first == NULL || first->deadline_ms > now->mono_ms) {
        return NULL;
    }
    *expired = true;
    self->counts.expired_total++;
    return first;
}

bool pending_stalled(struct pending *self, uint64_t boot, const struct now *now)
{
    struct pending_command *first = self->answered.first;

    if (first == NULL || ((first->told || first->answered_by == boot) &&
                          first->waits_ms + stall_ms > now->mono_ms)) {
        return false;
    }
    first->told = true;
    first->waits_ms = now->mono_ms;
    return true;
}

void pending_drop(struct pending *self, struct pending_command *entry)
{
    assert(self->counts.commands > 0 && self->counts.bytes >= entry->frame.len);
    remove_by_age(&self->by_age, entry);
    remove_by_state(entry->state == PENDING_SENT ? &self->sent : &self->answered, entry);
    self->counts.commands--;
    self->counts.bytes -= entry->frame.len;
    assert((self->counts.commands == 0) == (self->by_age.first == NULL));
    entry->request = NULL;
    entry->frame.len = 0;
    entry->text.len = 0;
    if (entry->frame.cap > kept_bytes_max) {
        buf_fini(&entry->frame);
    }
    entry->by_age.next = self->free;
    self->free = entry;
}

static int64_t interval_ms(const struct pending *self, int64_t now_ms)
{
    return now_ms - self->heard_ms >= resend_silent_ms ? resend_silent_ms : resend_ms;
}

bool pending_resend(struct pending *self, uint64_t boot, const struct now *now, struct outbox *out)
{
    int64_t interval = interval_ms(self, now->mono_ms);

    for (int i = 0; i < resend_max; i++) {
        struct pending_command *entry = self->sent.first;

        if (entry == NULL || (entry->boot == boot && entry->sent_ms + interval > now->mono_ms)) {
            return false;
        }
        if (outbox_command_encoded(out, self->options.to, self->options.index,
                                   buf_str(&entry->frame)) != ERR_OK) {
            return true;
        }
        entry->boot = boot;
        entry->sent_ms = now->mono_ms;
        remove_by_state(&self->sent, entry);
        append_by_state(&self->sent, entry);
        self->counts.resent_total++;
    }
    return true;
}

int64_t pending_due_ms(const struct pending *self)
{
    int64_t due = INT64_MAX;

    if (self->by_age.first != NULL) {
        due = self->by_age.first->deadline_ms;
    }
    if (self->sent.first != NULL) {
        /* silent or not is known only then: whichever comes first */
        int64_t sent_ms = self->sent.first->sent_ms;
        int64_t silent_ms =
            (sent_ms > self->heard_ms ? sent_ms : self->heard_ms) + resend_silent_ms;
        int64_t again_ms = silent_ms < sent_ms + resend_ms ? silent_ms : sent_ms + resend_ms;

        due = again_ms < due ? again_ms : due;
    }
    if (self->answered.first != NULL && self->answered.first->waits_ms + stall_ms < due) {
        due = self->answered.first->waits_ms + stall_ms;
    }
    return due;
}

void pending_counts(const struct pending *self, struct pending_counts *counts)
{
    *counts = self->counts;
}
