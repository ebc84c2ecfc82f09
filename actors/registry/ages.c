#include "actors/registry/ages.h"

#include <assert.h>
#include <stdlib.h>

#include "common/base/array.h"
#include "common/base/heap.h"
#include "common/container/chunks.h"

enum { bucket_count = 8192, bucket_share = 4096, chunk_bits = 7, chunk_rows = 1 << chunk_bits };

static const uint32_t none = UINT32_MAX; /* the end of a list */

/* A row hangs in one of the lists of its bucket: as often as it was handed out as expiring, so far
 * behind the first; or stands among the old. */
enum { list_count = (1 + ages_times_max) * bucket_count, old_list = list_count, not_held };
_Static_assert(not_held <= UINT16_MAX, "a row names its list in 16 bits");

/* True times are awake time plus all that was skipped so far, so that a standstill makes every true
 * age grow at once: true age = awake + skipped - (heard_ms + ahead). ahead is what was skipped
 * before it was heard; of one restored, below zero. 48 bits of it fill what would be padding. */
struct row {
    int64_t heard_ms; /* awake; may be negative for what was old at our start */
    uint32_t prev;    /* of an old one: its place in the array */
    uint32_t next;
    uint32_t ahead_low;
    uint16_t ahead_high;
    uint16_t list;
};

static const uint32_t counted_never = UINT32_C(1) << 31; /* as far back as can be told */

static const int64_t ahead_bias = INT64_C(1) << 47;
static const int64_t ahead_unknown = -(INT64_C(1) << 47); /* the true time is not known */

/* Small: a thousand scattered slots may need as many of them in one turn. */
struct chunk {
    uint32_t held;
    struct row rows[chunk_rows];
    uint32_t counted[chunk_rows]; /* when the last sign that counts was given: awake, modulo 2^32 */
};

struct ages {
    int64_t limit_ms;
    int64_t expiring_ms;
    int64_t step_ms; /* between the times */
    unsigned times;
    int64_t width_ms;
    int64_t skipped_ms;             /* stood still for, in all */
    int64_t swept;                  /* buckets before this number are empty */
    int64_t handed[ages_times_max]; /* lists of this time before this number are empty */
    struct chunks chunks;           /* of struct chunk; none where no slot is held */
    uint32_t heads[list_count];
    uint32_t *old;
    uint32_t old_count;
    size_t old_cap;
    uint32_t count;
};

static struct chunk *chunk_at(const struct ages *self, uint32_t slot)
{
    return self->chunks.chunk[slot >> chunk_bits];
}

static struct row *row_at(const struct ages *self, uint32_t slot)
{
    return &chunk_at(self, slot)->rows[slot & (chunk_rows - 1)];
}

static uint32_t *counted_at(const struct ages *self, uint32_t slot)
{
    return &chunk_at(self, slot)->counted[slot & (chunk_rows - 1)];
}

static bool is_held(const struct ages *self, uint32_t slot)
{
    return chunks_find(&self->chunks, slot >> chunk_bits) != NULL &&
           row_at(self, slot)->list != not_held;
}

static int64_t ahead_of(const struct row *row)
{
    return (int64_t)((uint64_t)row->ahead_high << 32 | row->ahead_low) - ahead_bias;
}

/* Out of range is out of all life: not known. */
static void set_ahead(struct row *row, int64_t ahead)
{
    uint64_t biased;

    if (ahead <= ahead_unknown || ahead >= ahead_bias) {
        ahead = ahead_unknown;
    }
    biased = (uint64_t)(ahead + ahead_bias);
    row->ahead_low = (uint32_t)biased;
    row->ahead_high = (uint16_t)(biased >> 32);
}

struct ages *ages_new(int64_t limit_ms, int64_t expiring_ms, unsigned times)
{
    struct ages *self = heap_new(sizeof(*self));

    assert(limit_ms > 0 && expiring_ms >= 0 && expiring_ms <= limit_ms);
    assert(times >= 1 && times <= ages_times_max);
    self->chunks.bytes = sizeof(struct chunk);
    self->limit_ms = limit_ms;
    self->expiring_ms = expiring_ms;
    self->step_ms = (limit_ms - expiring_ms) / times;
    self->times = times;
    self->width_ms = limit_ms / bucket_share > 0 ? limit_ms / bucket_share : 1;
    /* what was old at our start was heard up to a limit before it */
    self->swept = -(limit_ms / self->width_ms) - 1;
    for (unsigned i = 0; i < times; i++) {
        self->handed[i] = self->swept;
    }
    for (unsigned i = 0; i < list_count; i++) {
        self->heads[i] = none;
    }
    return self;
}

void ages_destroy(struct ages **self)
{
    if (*self != NULL) {
        chunks_fini(&(*self)->chunks);
        free((*self)->old);
        free(*self);
        *self = NULL;
    }
}

static void make_room(struct ages *self, uint32_t slot)
{
    bool fresh;
    struct chunk *chunk = chunks_make(&self->chunks, slot >> chunk_bits, &fresh);

    for (uint32_t i = 0; fresh && i < chunk_rows; i++) {
        chunk->rows[i].list = not_held;
    }
}

static int64_t number_of(const struct ages *self, int64_t heard_ms)
{
    return heard_ms / self->width_ms - (heard_ms % self->width_ms < 0 ? 1 : 0);
}

static unsigned bucket_of(int64_t number)
{
    return (unsigned)((number % bucket_count + bucket_count) % bucket_count);
}

static void unlink_row(struct ages *self, uint32_t slot)
{
    struct row *row = row_at(self, slot);

    if (row->list == old_list) {
        uint32_t last = self->old[--self->old_count];

        self->old[row->prev] = last;
        row_at(self, last)->prev = row->prev;
    } else if (row->list != not_held) {
        if (row->prev == none) {
            self->heads[row->list] = row->next;
        } else {
            row_at(self, row->prev)->next = row->next;
        }
        if (row->next != none) {
            row_at(self, row->next)->prev = row->prev;
        }
    }
    row->list = not_held;
}

/* time: how often it was handed out, or would have been by its age. */
static void link_row(struct ages *self, uint32_t slot, unsigned time)
{
    struct row *row = row_at(self, slot);
    int64_t number = number_of(self, row->heard_ms);
    unsigned list = bucket_of(number > self->swept ? number : self->swept);

    list += time * bucket_count;
    row->list = (uint16_t)list;
    row->prev = none;
    row->next = self->heads[list];
    if (row->next != none) {
        row_at(self, row->next)->prev = slot;
    }
    self->heads[list] = slot;
}

static void push_old(struct ages *self, uint32_t slot)
{
    ARRAY_ROOM(self->old, self->old_count, self->old_cap, 64);
    row_at(self, slot)->list = old_list;
    row_at(self, slot)->prev = self->old_count;
    self->old[self->old_count++] = slot;
}

/* How many of the times one heard then is past. */
static unsigned times_past(const struct ages *self, int64_t heard_ms, int64_t awake_ms)
{
    unsigned past = 0;

    while (past < self->times &&
           heard_ms + self->expiring_ms + (int64_t)past * self->step_ms <= awake_ms) {
        past++;
    }
    return past;
}

/* Heard at this true time, if that is later than what is known. */
static void hear_truly(struct row *row, int64_t true_ms)
{
    int64_t ahead = ahead_of(row);

    if (ahead == ahead_unknown || true_ms - row->heard_ms > ahead) {
        set_ahead(row, true_ms - row->heard_ms);
    }
}

/* Moves slot, or takes it in. False: what is known of it is younger. */
static bool hear(struct ages *self, uint32_t slot, int64_t awake_ms, int64_t heard_ms)
{
    struct row *row;

    make_room(self, slot);
    row = row_at(self, slot);
    if (row->list == not_held) {
        *counted_at(self, slot) = (uint32_t)heard_ms - counted_never;
        self->count++;
        chunk_at(self, slot)->held++;
    } else if (heard_ms <= row->heard_ms) {
        return false;
    }
    unlink_row(self, slot);
    row->heard_ms = heard_ms;
    if (heard_ms + self->limit_ms <= awake_ms) {
        push_old(self, slot);
    } else {
        link_row(self, slot, times_past(self, heard_ms, awake_ms));
    }
    return true;
}

void ages_touch(struct ages *self, uint32_t slot, int64_t awake_ms, int64_t age_ms)
{
    int64_t heard_ms = awake_ms - age_ms;

    assert(age_ms >= 0);
    if (hear(self, slot, awake_ms, heard_ms)) {
        set_ahead(row_at(self, slot), self->skipped_ms);
    } else {
        hear_truly(row_at(self, slot), heard_ms + self->skipped_ms);
    }
}

bool ages_counts(struct ages *self, uint32_t slot, int64_t awake_ms, int64_t age_ms,
                 int64_t apart_ms)
{
    uint32_t given = (uint32_t)(awake_ms - age_ms);
    uint32_t *counted;
    int64_t since_ms;

    if (!is_held(self, slot)) {
        return true;
    }
    counted = counted_at(self, slot);
    since_ms = (int32_t)(given - *counted);
    if (since_ms > -apart_ms && since_ms < apart_ms) {
        return false;
    }
    *counted = given;
    return true;
}

void ages_restore(struct ages *self, uint32_t slot, int64_t awake_ms, int64_t true_age_ms)
{
    bool held = is_held(self, slot);
    int64_t true_ms;
    struct row *row;

    assert(true_age_ms >= -1);
    if (held) {
        int64_t known_ms = ages_true(self, slot, awake_ms);

        if (true_age_ms < 0 || (known_ms >= 0 && known_ms < true_age_ms)) {
            true_age_ms = known_ms;
        }
    }
    true_ms = awake_ms + self->skipped_ms - true_age_ms;
    (void)hear(self, slot, awake_ms, awake_ms);
    row = row_at(self, slot);
    set_ahead(row, true_age_ms < 0 ? ahead_unknown : true_ms - row->heard_ms);
}

void ages_stood_still(struct ages *self, int64_t ms)
{
    assert(ms >= 0);
    self->skipped_ms += ms;
}

void ages_drop(struct ages *self, uint32_t slot)
{
    if (is_held(self, slot)) {
        unlink_row(self, slot);
        self->count--;
        if (--chunk_at(self, slot)->held == 0) {
            chunks_drop(&self->chunks, slot >> chunk_bits);
        }
    }
}

int64_t ages_of(const struct ages *self, uint32_t slot, int64_t awake_ms)
{
    if (!is_held(self, slot)) {
        return -1;
    }
    return awake_ms - row_at(self, slot)->heard_ms;
}

bool ages_is_old(const struct ages *self, uint32_t slot)
{
    return is_held(self, slot) && row_at(self, slot)->list == old_list;
}

int64_t ages_true(const struct ages *self, uint32_t slot, int64_t awake_ms)
{
    const struct row *row;

    if (!is_held(self, slot)) {
        return -1;
    }
    row = row_at(self, slot);
    if (ahead_of(row) == ahead_unknown) {
        return -1;
    }
    return awake_ms + self->skipped_ms - row->heard_ms - ahead_of(row);
}

/* Appends to slots, up to max, those whose age came past this time. False: *count is max. */
static bool hand_out(struct ages *self, unsigned time, int64_t awake_ms, uint32_t *slots,
                     uint32_t max, uint32_t *count)
{
    int64_t edge_ms = awake_ms - self->expiring_ms - (int64_t)time * self->step_ms;
    int64_t edge = number_of(self, edge_ms); /* this bucket may hold younger ones: not yet */

    while (self->handed[time] < edge) {
        uint32_t slot = self->heads[bucket_of(self->handed[time]) + time * bucket_count];

        while (slot != none) {
            uint32_t next = row_at(self, slot)->next;

            /* younger: ages_advance was far behind, and this one is of a later round */
            if (row_at(self, slot)->heard_ms <= edge_ms) {
                if (*count == max) {
                    return false;
                }
                unlink_row(self, slot);
                link_row(self, slot, times_past(self, row_at(self, slot)->heard_ms, awake_ms));
                slots[(*count)++] = slot;
            }
            slot = next;
        }
        self->handed[time]++;
    }
    return true;
}

uint32_t ages_expiring(struct ages *self, int64_t awake_ms, uint32_t *slots, uint32_t max)
{
    uint32_t count = 0;

    for (unsigned time = 0; time < self->times; time++) {
        if (!hand_out(self, time, awake_ms, slots, max, &count)) {
            break;
        }
    }
    return count;
}

/* Moves to the old what is past the edge. False: *max were looked at. */
static bool sweep(struct ages *self, unsigned list, int64_t edge_ms, uint32_t *max, bool *moved)
{
    uint32_t next;

    for (uint32_t slot = self->heads[list]; slot != none; slot = next) {
        if ((*max)-- == 0) {
            *max = 0;
            return false;
        }
        next = row_at(self, slot)->next;
        if (row_at(self, slot)->heard_ms <= edge_ms) {
            unlink_row(self, slot);
            push_old(self, slot);
            *moved = true;
        }
    }
    return true;
}

bool ages_advance(struct ages *self, int64_t awake_ms, uint32_t max)
{
    /* buckets that hold only what is past the limit, and the next one in part */
    int64_t edge_ms = awake_ms - self->limit_ms;
    int64_t edge = number_of(self, edge_ms);
    bool moved = false;

    while (self->swept <= edge) {
        for (unsigned list = bucket_of(self->swept); list < list_count; list += bucket_count) {
            if (!sweep(self, list, edge_ms, &max, &moved)) {
                return moved;
            }
        }
        if (self->swept == edge) {
            return false;
        }
        self->swept++;
    }
    return false;
}

uint32_t ages_count(const struct ages *self)
{
    return self->count;
}

uint32_t ages_old_count(const struct ages *self)
{
    return self->old_count;
}

uint32_t ages_old(const struct ages *self, uint32_t i)
{
    assert(i < self->old_count);
    return self->old[i];
}

void ages_old_swap(struct ages *self, uint32_t i, uint32_t j)
{
    uint32_t a = ages_old(self, i);
    uint32_t b = ages_old(self, j);

    self->old[i] = b;
    row_at(self, b)->prev = i;
    self->old[j] = a;
    row_at(self, a)->prev = j;
}
