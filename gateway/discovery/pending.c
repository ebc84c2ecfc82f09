#include "gateway/discovery/pending.h"

#include <assert.h>
#include <stdlib.h>

/* A number is a count above and the write's slot below, so that finding one is an
 * index and numbers still only grow. */
enum { slot_bits = 16, slot_max = 1 << slot_bits, resend_max = 1024, kept_bytes_max = 4096 };

static const int64_t resend_ms = 1000;
static const int64_t resend_silent_ms = 100;
static const int64_t stall_ms = 100;
static const uint64_t bytes_max = (uint64_t)64 << 20;

struct list {
    struct write *first;
    struct write *last;
};

struct pending {
    uint64_t gateway;
    int64_t deadline_ms;
    uint64_t count;       /* the upper part of the last number */
    struct write **slots; /* owns all; slot_count are made */
    struct write *free;   /* by by_age.next */
    uint32_t slot_count;
    struct list by_age;   /* all: the first has the earliest deadline */
    struct list sent;     /* the first was sent the longest ago */
    struct list answered; /* in the order of their answers */
    int64_t heard_ms;     /* any answer of the registry */
    struct buf scratch[2];
    struct pending_counts counts;
};

#define LIST_FUNCTIONS(links)                                                                      \
    static void append_##links(struct list *list, struct write *write)                             \
    {                                                                                              \
        write->links = (struct write_links){.before = list->last};                                 \
        *(list->last != NULL ? &list->last->links.next : &list->first) = write;                    \
        list->last = write;                                                                        \
    }                                                                                              \
    static void remove_##links(struct list *list, struct write *write)                             \
    {                                                                                              \
        struct write_links at = write->links;                                                      \
                                                                                                   \
        *(at.before != NULL ? &at.before->links.next : &list->first) = at.next;                    \
        *(at.next != NULL ? &at.next->links.before : &list->last) = at.before;                     \
        write->links = (struct write_links){0};                                                    \
    }
LIST_FUNCTIONS(by_age)
LIST_FUNCTIONS(by_state)
#undef LIST_FUNCTIONS

struct pending *pending_new(uint64_t gateway, int64_t deadline_ms)
{
    struct pending *self = calloc(1, sizeof(*self));

    if (self == NULL || (self->slots = calloc(slot_max, sizeof(struct write *))) == NULL) {
        abort();
    }
    self->gateway = gateway;
    self->deadline_ms = deadline_ms;
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

static struct write *take_slot(struct pending *self)
{
    struct write *write = self->free;

    if (write != NULL) {
        self->free = write->by_age.next;
        write->by_age.next = NULL;
    } else if (self->slot_count < slot_max) {
        write = calloc(1, sizeof(*write));
        if (write == NULL) {
            abort();
        }
        write->number = self->slot_count; /* its slot, for ever */
        self->slots[self->slot_count++] = write;
    }
    return write;
}

static void stamp(struct msg *command, uint64_t number, uint64_t gateway, int64_t expires)
{
    struct msg_write_head *head = &command->as_write;

    assert(msg_type_class(command->type) == MSG_CLASS_WRITE);
    head->id = number;
    head->gateway = gateway;
    head->expires = expires;
}

struct write *pending_send(struct pending *self, struct msg *command, uint64_t boot,
                           const struct now *now, struct outbox *out)
{
    struct write *write = self->counts.bytes < bytes_max ? take_slot(self) : NULL;

    if (write == NULL) {
        self->counts.refused_total++;
        return NULL;
    }
    if (self->by_age.first == NULL) {
        self->heard_ms = now->mono_ms; /* nobody was asked: silence begins now */
    }
    write->number = ++self->count << slot_bits | (write->number & (slot_max - 1));
    write->type = command->type;
    write->again = false;
    write->state = WRITE_SENT;
    write->boot = boot;
    write->sent_ms = now->mono_ms;
    write->deadline_ms = now->mono_ms + self->deadline_ms;
    stamp(command, write->number, self->gateway, now->wall_ns + self->deadline_ms * 1000000);
    msg_encode(&write->frame, command);
    /* full: it is sent again */
    (void)outbox_command_encoded(out, ACTOR_REGISTRY, 0, buf_str(&write->frame));
    append_by_age(&self->by_age, write);
    append_by_state(&self->sent, write);
    self->counts.writes++;
    self->counts.bytes += write->frame.len;
    self->counts.sent_total++;
    return write;
}

struct write *pending_result(struct pending *self, const struct msg *result, const struct now *now)
{
    const struct msg_result *answer = &result->as_result;
    uint64_t slot = answer->id & (slot_max - 1);
    struct write *write = slot < self->slot_count ? self->slots[slot] : NULL;

    self->heard_ms = now->mono_ms;
    if (write == NULL || write->number != answer->id || write->request == NULL ||
        write->state != WRITE_SENT) {
        return NULL;
    }
    write->state = WRITE_ANSWERED;
    write->err = (enum err)answer->err;
    write->epoch = answer->epoch;
    write->answered_by = answer->boot;
    write->waits_ms = now->mono_ms;
    write->told = false;
    write->seq = answer->seq;
    write->timestamp = answer->timestamp;
    if (answer->text.len > 0) {
        buf_add_str(&write->text, answer->text);
        buf_add_char(&write->text, '\0');
    }
    remove_by_state(&self->sent, write);
    append_by_state(&self->answered, write);
    return write;
}

bool pending_ready(const struct pending *self, pending_reached_fn *reached, const void *context)
{
    const struct write *first = self->answered.first;

    return first != NULL && reached(context, first->epoch, first->seq);
}

struct write *pending_over(struct pending *self, pending_reached_fn *reached, const void *context,
                           const struct now *now, bool *expired)
{
    struct write *first = self->answered.first;

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
    struct write *first = self->answered.first;

    if (first == NULL || ((first->told || first->answered_by == boot) &&
                          first->waits_ms + stall_ms > now->mono_ms)) {
        return false;
    }
    first->told = true;
    first->waits_ms = now->mono_ms;
    return true;
}

void pending_drop(struct pending *self, struct write *write)
{
    remove_by_age(&self->by_age, write);
    remove_by_state(write->state == WRITE_SENT ? &self->sent : &self->answered, write);
    self->counts.writes--;
    self->counts.bytes -= write->frame.len;
    write->request = NULL;
    write->frame.len = 0;
    write->text.len = 0;
    if (write->frame.cap > kept_bytes_max) {
        buf_fini(&write->frame);
    }
    write->by_age.next = self->free;
    self->free = write;
}

static int64_t interval_ms(const struct pending *self, int64_t now_ms)
{
    return now_ms - self->heard_ms >= resend_silent_ms ? resend_silent_ms : resend_ms;
}

bool pending_resend(struct pending *self, uint64_t boot, const struct now *now, struct outbox *out)
{
    int64_t interval = interval_ms(self, now->mono_ms);

    for (int i = 0; i < resend_max; i++) {
        struct write *write = self->sent.first;

        if (write == NULL || (write->boot == boot && write->sent_ms + interval > now->mono_ms)) {
            return false;
        }
        if (outbox_command_encoded(out, ACTOR_REGISTRY, 0, buf_str(&write->frame)) != ERR_OK) {
            return true;
        }
        write->boot = boot;
        write->sent_ms = now->mono_ms;
        remove_by_state(&self->sent, write);
        append_by_state(&self->sent, write);
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
