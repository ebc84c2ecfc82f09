/* READ_EVENTS: what a watch has missed, read from the revisions themselves. Questions wait in a
 * queue and are answered at a turn's end, some a turn; each answer is bounded, and says where to
 * read on.
 */
#ifndef ACTORS_STORE_EVENT_READS_H
#define ACTORS_STORE_EVENT_READS_H

#include "actors/store/spans.h"
#include "common/runtime/outbox.h"

struct store;

enum {
    event_reads_max = 1024,                  /* that wait */
    event_reads_bytes_max = 16 << 20,        /* of their ranges */
    event_reads_answer_bytes_max = 1 << 20,  /* of events, but for one */
    event_reads_answer_revisions_max = 1000, /* looked at */
    event_reads_answer_changes_max = 4000,   /* looked at; what was before a change counts as one */
    event_reads_answer_looked_max = 4 << 20, /* bytes looked at */
    event_reads_turn_changes_max = 8000,     /* a turn begins no other answer above one of these */
    event_reads_turn_revisions_max = 2000,
    event_reads_turn_bytes_max = 1 << 20,
    event_reads_turn_looked_max = 8 << 20,
};

struct event_read {
    struct address from;
    uint64_t id;
    int64_t at; /* revision */
    uint32_t sub;
    int64_t to;
    struct spans ranges, prev;
};

struct event_reads {
    struct event_read *items[event_reads_max]; /* owned; a ring */
    size_t head, count;
    size_t bytes;
    struct buf list; /* of the answer at hand */
    uint64_t answers_total;
    uint64_t events_total;
};

void event_reads_fini(struct event_reads *self);

/* Takes read. Errors: ERR_FULL (it is freed). */
enum err event_reads_add(struct event_reads *self, struct event_read *read);
struct event_read *event_read_new(void);

/* At a turn's end. True: some wait for the next one. */
bool event_reads_turn(struct store *self, struct outbox *out);

#endif
