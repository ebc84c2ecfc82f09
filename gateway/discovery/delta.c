#include "gateway/discovery/delta.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/heap.h"

enum { bucket_count = 65536 };

/* Entries are numbered from 1 on, for ever; number n sits in place n % delta_entry_max.
 *
 *   bucket ─► newest of app a ─next app─► newest of app b ─► …     the app that changed last first
 *                  │ older                     │ older
 *                  ▼                           ▼
 *               the one before it of a …
 *
 * Both kinds of chains fall in number, and end where the next one is below the oldest held. */
struct entry {
    uint64_t seq;
    uint64_t app_hash;
    uint64_t older;    /* number of the one before it of its app; 0: none */
    uint64_t next_app; /* of an app's newest: the newest of the next app in its bucket; 0: none */
    int64_t latest_timestamp;
    char *names; /* owns: zone, then hostname */
    uint16_t zone_len;
    uint16_t hostname_len;
    uint8_t kind;
};

struct delta {
    struct position_at newest; /* epoch 0: broken */
    uint64_t mended;
    uint64_t floor; /* positions below it are not held */
    uint64_t first; /* number of the oldest entry */
    uint64_t next;  /* number of the entry to come */
    size_t bytes;
    uint64_t *bucket; /* owns: number of the newest entry in it */
    struct entry *entry;
};

void position_print(struct buf *to, struct position_at at)
{
    buf_printf(to, "%" PRIx64 "-%" PRIu64, at.epoch, at.seq);
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

enum err position_parse(struct str text, struct position_at *at)
{
    struct position_at parsed = {0};
    int64_t seq;
    size_t i = 0;

    for (; i < text.len && i < 16 && hex_digit(text.data[i]) >= 0; i++) {
        parsed.epoch = parsed.epoch << 4 | (unsigned)hex_digit(text.data[i]);
    }
    if (i == 0 || i + 1 >= text.len || text.data[i] != '-' || hex_digit(text.data[i + 1]) < 0 ||
        str_to_i64((struct str){text.data + i + 1, text.len - i - 1}, &seq) != ERR_OK) {
        return ERR_MALFORMED;
    }
    parsed.seq = (uint64_t)seq;
    *at = parsed;
    return ERR_OK;
}

struct delta *delta_new(void)
{
    struct delta *self = heap_new(sizeof(*self));

    self->bucket = heap_array(bucket_count, sizeof(*self->bucket));
    self->entry = heap_array(delta_entry_max, sizeof(*self->entry));
    self->first = 1;
    self->next = 1;
    return self;
}

static struct entry *entry_at(const struct delta *self, uint64_t number)
{
    assert(number >= self->first && number < self->next);
    return &self->entry[number % delta_entry_max];
}

static void drop_oldest(struct delta *self)
{
    struct entry *oldest = entry_at(self, self->first);

    self->floor = oldest->seq;
    assert(self->bytes >= (size_t)oldest->zone_len + oldest->hostname_len);
    self->bytes -= (size_t)oldest->zone_len + oldest->hostname_len;
    free(oldest->names);
    oldest->names = NULL;
    self->first++;
}

void delta_destroy(struct delta **self)
{
    if (*self != NULL) {
        while ((*self)->first < (*self)->next) {
            drop_oldest(*self);
        }
        free((*self)->bucket);
        free((*self)->entry);
        free(*self);
        *self = NULL;
    }
}

static bool is_held(const struct delta *self, uint64_t number)
{
    return number >= self->first && number != 0;
}

/* Where the number of the app's newest entry stands, or that of the first that is held no more. */
static uint64_t *app_place(const struct delta *self, uint64_t app_hash)
{
    uint64_t *at = &self->bucket[app_hash % bucket_count];

    while (is_held(self, *at) && entry_at(self, *at)->app_hash != app_hash) {
        at = &entry_at(self, *at)->next_app;
    }
    return at;
}

/* Makes the entry to come the app's newest, and the first of its bucket. */
static void chain(struct delta *self, struct entry *entry)
{
    uint64_t *place = app_place(self, entry->app_hash);
    uint64_t *bucket = &self->bucket[entry->app_hash % bucket_count];

    entry->older = is_held(self, *place) ? *place : 0;
    *place = entry->older != 0 ? entry_at(self, entry->older)->next_app : 0;
    entry->next_app = *bucket;
    *bucket = self->next;
}

void delta_add(struct delta *self, const struct change *change, uint64_t app_hash)
{
    const struct identity *id = &change->instance.id;
    size_t len = id->zone.len + id->hostname.len;
    struct entry *entry;
    char *names;

    if (self->newest.epoch == 0) {
        return;
    }
    assert(id->zone.len <= UINT16_MAX && id->hostname.len <= UINT16_MAX);
    assert(change->seq > self->newest.seq); /* facts are a log */
    while (self->first < self->next &&
           (self->next - self->first == delta_entry_max || self->bytes + len > delta_byte_max)) {
        drop_oldest(self);
    }
    entry = &self->entry[self->next % delta_entry_max];
    *entry = (struct entry){.seq = change->seq,
                            .app_hash = app_hash,
                            .latest_timestamp = change->latest_timestamp,
                            .names = heap_get(len),
                            .zone_len = (uint16_t)id->zone.len,
                            .hostname_len = (uint16_t)id->hostname.len,
                            .kind = (uint8_t)change->kind};
    names = entry->names;
    str_put(&names, id->zone);
    str_put(&names, id->hostname);
    self->bytes += len;
    chain(self, entry);
    self->next++;
    self->newest.seq = change->seq;
}

void delta_break(struct delta *self)
{
    while (self->first < self->next) {
        drop_oldest(self);
    }
    assert(self->bytes == 0);
    self->newest = (struct position_at){0};
}

void delta_reached(struct delta *self, uint64_t epoch, uint64_t seq)
{
    if (self->newest.epoch != epoch) {
        delta_break(self);
        self->mended++;
        self->newest.epoch = epoch;
        self->floor = seq;
    }
    self->newest.seq = seq;
}

struct position_at delta_newest(const struct delta *self)
{
    return self->newest;
}

uint64_t delta_mended(const struct delta *self)
{
    return self->mended;
}

bool delta_holds(const struct delta *self, struct position_at since)
{
    return since.epoch != 0 && since.epoch == self->newest.epoch && since.seq >= self->floor;
}

bool delta_each(const struct delta *self, uint64_t app_hash, uint64_t since, uint64_t *cursor,
                struct delta_item *item)
{
    uint64_t number = *cursor == 0 ? *app_place(self, app_hash) : entry_at(self, *cursor)->older;
    const struct entry *entry;

    if (!is_held(self, number)) {
        return false;
    }
    entry = entry_at(self, number);
    if (entry->seq <= since) {
        return false;
    }
    *item = (struct delta_item){.seq = entry->seq,
                                .kind = (enum change_kind)entry->kind,
                                .latest_timestamp = entry->latest_timestamp,
                                .zone = {entry->names, entry->zone_len},
                                .hostname = {entry->names + entry->zone_len, entry->hostname_len}};
    *cursor = number;
    return true;
}

bool delta_is_schedule(const struct delta_item *item)
{
    return item->zone.len == 0 && item->hostname.len == 0;
}

void delta_counts(const struct delta *self, struct delta_counts *counts)
{
    counts->entries = self->next - self->first;
    counts->bytes = self->bytes;
}
