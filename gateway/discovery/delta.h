/* What changed since a position: the last changes the replica applied, for delta
 * polls and streams alike. It holds names and numbers, no instances: what an
 * instance is now stands in the registry.
 *
 * A ring of at most delta_entry_max changes and delta_byte_max bytes of names; the
 * changes of an app are chained from the newest back, so that a
 * question costs what its app changed, whatever else happened.
 *
 *   position 5f3a-107: everything up to seq 107 of epoch 0x5f3a is known
 */
#ifndef GATEWAY_DISCOVERY_DELTA_H
#define GATEWAY_DISCOVERY_DELTA_H

#include "common/naming/change.h"

enum { delta_entry_max = 65536, delta_byte_max = 8 * 1024 * 1024 };

/* epoch 0: no position. Text: "<epoch hex>-<seq>". */
struct position_at {
    uint64_t epoch;
    uint64_t seq;
};

void position_print(struct buf *to, struct position_at at);
/* Errors: ERR_MALFORMED. */
enum err position_parse(struct str text, struct position_at *at);

struct delta;

struct delta *delta_new(void);
void delta_destroy(struct delta **self);

/* A change was applied, in order of seq. Ignored while the history is broken. */
void delta_add(struct delta *self, const struct change *change, uint64_t app_hash);
/* A snapshot begins: positions from before say nothing about what follows. */
void delta_break(struct delta *self);
/* The copy has reached this position; mends a broken history, which begins here. */
void delta_reached(struct delta *self, uint64_t epoch, uint64_t seq);

/* The newest position; epoch 0 while broken. */
struct position_at delta_newest(const struct delta *self);
/* Counts the times the history was broken and mended. */
uint64_t delta_mended(const struct delta *self);
/* Whether all changes after the position are still held (none, if it is the newest or ahead). */
bool delta_holds(const struct delta *self, struct position_at since);

struct delta_item {
    uint64_t seq;
    enum change_kind kind;
    int64_t latest_timestamp; /* of the app, after it */
    struct str zone;          /* borrowed until the next delta_add */
    struct str hostname;      /* both empty: the app's schedule */
};
bool delta_is_schedule(const struct delta_item *item);

/* The app's changes after seq, newest first. *cursor starts at 0. */
bool delta_each(const struct delta *self, uint64_t app_hash, uint64_t since, uint64_t *cursor,
                struct delta_item *item);

struct delta_counts {
    uint64_t entries;
    uint64_t bytes;
};
void delta_counts(const struct delta *self, struct delta_counts *counts);

#endif
