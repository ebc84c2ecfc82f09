#include "tests/store/node/list_machine.h"

#include <stdlib.h>

static struct list_machine *list_of(struct machine *machine)
{
    return (struct list_machine *)machine;
}

static uint32_t sum_of(struct str body)
{
    uint32_t sum = 17;

    for (size_t i = 0; i < body.len; i++) {
        sum = sum * 31 + (unsigned char)body.data[i];
    }
    return sum;
}

static bool apply(struct machine *machine, uint64_t index, const struct machine_call *call,
                  struct buf *answer)
{
    struct list_machine *self = list_of(machine);

    if (self->slow != 0 && ++self->calls % self->slow == 0) {
        return false;
    }
    assert_true(self->count < list_max && index == self->index + 1);
    self->items[self->count++] =
        (struct list_item){index, 0, call->member, call->boot, call->number, sum_of(call->body)};
    if (answer != NULL) {
        buf_printf(answer, "%llu", (unsigned long long)call->number);
    }
    return true;
}

static void applied(struct machine *machine, uint64_t index, uint64_t term,
                    const struct raft_config *config)
{
    struct list_machine *self = list_of(machine);

    assert_true(index == self->index + 1 && term >= self->term);
    self->index = index;
    self->term = term;
    self->config = *config;
    for (size_t i = self->count; i-- > 0 && self->items[i].index == index;) {
        self->items[i].term = term;
    }
}

static void flushed(const struct machine *machine, struct machine_position *out)
{
    *out = ((const struct list_machine *)machine)->flushed;
}

static enum err install(struct machine *machine, const struct raft_snapshot *snapshot)
{
    struct list_machine *self = list_of(machine);

    assert_non_null(self->staged);
    self->count = 0;
    while (self->count < self->staged->count &&
           self->staged->items[self->count].index <= snapshot->index) {
        self->items[self->count] = self->staged->items[self->count];
        self->count++;
    }
    self->index = snapshot->index;
    self->term = snapshot->term;
    self->config = snapshot->config;
    list_machine_flush(self);
    self->flushed.installed = true;
    return ERR_OK;
}

void list_machine_init(struct list_machine *self)
{
    *self = (struct list_machine){.machine = {apply, applied, flushed, install},
                                  .items = calloc(list_max, sizeof(*self->items))};
}

void list_machine_fini(struct list_machine *self)
{
    free(self->items);
}

void list_machine_flush(struct list_machine *self)
{
    if (self->index <= 1 || self->index == self->flushed.index) {
        return;
    }
    self->flushed_count = self->count;
    while (self->flushed_count > 0 && self->items[self->flushed_count - 1].index > self->index) {
        self->flushed_count--; /* an entry that is not applied whole */
    }
    self->flushed = (struct machine_position){self->index, self->term, self->config, false};
}

void list_machine_crash(struct list_machine *self)
{
    self->count = self->flushed_count;
    self->index = self->flushed.index;
    self->term = self->flushed.term;
    self->config = self->flushed.config;
}
