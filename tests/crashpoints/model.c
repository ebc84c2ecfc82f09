#include "tests/crashpoints/model.h"

#include <assert.h>
#include <stdlib.h>

#include "common/naming/convert.h"
#include "tests/registry/storage/storage_rig.h"

static void note(struct model *self, uint64_t seq)
{
    size_t count = self->state_count + 1;

    self->states = realloc(self->states, count * sizeof(self->states[0]));
    self->ends = realloc(self->ends, count * sizeof(self->ends[0]));
    assert(self->states != NULL && self->ends != NULL);
    self->states[self->state_count] =
        (struct model_state){.seq = seq, .print = rig_fingerprint(self->registry)};
    self->ends[self->state_count] = self->records.len;
    self->state_count = count;
}

void model_init(struct model *self)
{
    *self = (struct model){.registry = registry_new()};
    note(self, 0);
}

void model_fini(struct model *self)
{
    registry_destroy(&self->registry);
    buf_fini(&self->records);
    free(self->ends);
    free(self->states);
    free(self->epochs);
    free(self->entries);
}

uint64_t model_last(const struct model *self)
{
    return self->states[self->state_count - 1].seq;
}

static bool knows_entry(const struct model *self, uint64_t print)
{
    for (size_t i = self->entry_count; i-- > 0;) {
        if (self->entries[i] == print) {
            return true;
        }
    }
    return false;
}

static void note_entry(struct model *self, uint64_t print)
{
    if (!knows_entry(self, print)) {
        self->entries = realloc(self->entries, (self->entry_count + 1) * sizeof(print));
        assert(self->entries != NULL);
        self->entries[self->entry_count++] = print;
    }
}

bool model_knows_entries(const struct model *self, const struct registry *registry)
{
    for (uint32_t slot = 0; slot < registry_slot_count(registry); slot++) {
        if (registry_slot_used(registry, slot) &&
            !knows_entry(self, rig_entry_print(registry, slot))) {
            return false;
        }
    }
    return true;
}

/* The next record's change, applied to the newest state when it is above that seq. */
static uint64_t apply_next(struct model *self, struct str *rest, uint64_t above)
{
    struct msg msg;
    struct change change;
    struct applied applied;
    bool good = msg_decode(rest, &msg) == ERR_OK && change_from_msg(&msg, &change) == ERR_OK;

    assert(good);
    (void)good;
    if (change.seq > above) {
        registry_apply(self->registry, &change, &applied);
        if (applied.slot != REGISTRY_NONE && registry_slot_used(self->registry, applied.slot)) {
            note_entry(self, rig_entry_print(self->registry, applied.slot));
        }
    }
    return change.seq;
}

void model_take(struct model *self, struct str records)
{
    while (records.len > 0) {
        struct str rest = records;
        uint64_t seq = apply_next(self, &rest, model_last(self));

        if (seq > model_last(self)) {
            buf_add(&self->records, records.data, records.len - rest.len);
            note(self, seq);
        }
        records = rest;
    }
}

const struct model_epoch *model_epoch(const struct model *self, uint64_t epoch)
{
    for (size_t i = 0; i < self->epoch_count; i++) {
        if (self->epochs[i].epoch == epoch) {
            return &self->epochs[i];
        }
    }
    return NULL;
}

void model_publish(struct model *self, uint64_t epoch, uint64_t seq)
{
    const struct model_epoch *known = model_epoch(self, epoch);

    self->epoch = epoch;
    if (known != NULL) {
        self->epochs[known - self->epochs].seq = seq;
        return;
    }
    self->epochs = realloc(self->epochs, (self->epoch_count + 1) * sizeof(self->epochs[0]));
    assert(self->epochs != NULL);
    self->epochs[self->epoch_count++] = (struct model_epoch){epoch, seq};
}

/* The newest state with this print that is not older than `acked`; -1: none. */
static int64_t find(const struct model *self, uint64_t print, uint64_t acked)
{
    for (size_t i = self->state_count; i-- > 0 && self->states[i].seq >= acked;) {
        if (self->states[i].print == print) {
            return (int64_t)i;
        }
    }
    return -1;
}

bool model_restart(struct model *self, uint64_t seq, uint64_t print)
{
    int64_t found = find(self, print, self->acked);
    struct str rest;

    if (found < 0) {
        return false;
    }
    for (size_t i = self->state_count; i-- > 0;) { /* the very seq, if it is one of them */
        found = self->states[i].print == print && self->states[i].seq == seq ? (int64_t)i : found;
    }
    self->state_count = (size_t)found + 1;
    self->records.len = self->ends[found];
    registry_destroy(&self->registry);
    self->registry = registry_new();
    for (rest = buf_str(&self->records); rest.len > 0;) {
        (void)apply_next(self, &rest, 0);
    }
    if (seq != model_last(self)) {
        note(self, seq);
    }
    return true;
}

const char *model_judge(const struct model *self, const struct promise *promise,
                        const struct outcome *outcome)
{
    bool exact = false;

    if (!outcome->opened) {
        return "the storage did not start in order";
    }
    if (find(self, outcome->print, promise->acked) < 0) {
        return find(self, outcome->print, 0) < 0 ? "a state that never was"
                                                 : "something synced is missing";
    }
    for (size_t i = 0; i < self->state_count; i++) {
        exact = exact ||
                (self->states[i].seq == outcome->seq && self->states[i].print == outcome->print);
    }
    if (promise->known &&
        (outcome->damage_count > 0 || !exact || outcome->seq < promise->published)) {
        return "its epoch goes on without something that was published";
    }
    if (promise->epoch != 0 && (outcome->epoch != promise->epoch || outcome->damage_count > 0)) {
        return "its epoch ended though nothing published can be missing";
    }
    return outcome->stands ? NULL : "what was registered after it did not last";
}
