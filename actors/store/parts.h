/* Responses that are too large for one message: sent in parts at a turn's end, a few a turn, each
 * response in its turn; so that a small answer waits for none of them. A Range in order of keys
 * (mvcc_range_slices) is read while it is sent, so that no turn is long, at the revision that it
 * had when it came.
 *
 *   store_answer ─┬─ small ──► outbox
 *                 └─ large ──► parts_add ──ANSWERED more──► … ──ANSWERED──►
 *   a Range ──first step──┘        ▲ └── next steps         │
 *                                  └───────PART_TAKEN───────┘
 *
 * What is on its way and not taken is bounded, as ZeroMQ drops what its queues don't take, small
 * answers too: 256 parts are a quarter of what the queue to one gateway takes.
 */
#ifndef ACTORS_STORE_PARTS_H
#define ACTORS_STORE_PARTS_H

#include "actors/store/mvcc/mvcc.h"
#include "common/base/clock.h"
#include "common/runtime/outbox.h"

struct store;

enum {
    parts_calls_max = 1024,
    parts_bytes_max = 256 << 20, /* that wait */
    parts_part_bytes = 256 << 10,
    parts_window = 4,          /* parts of one response that are not taken yet */
    parts_flying_max = 256,    /* of all */
    parts_patience_ms = 10000, /* awake: for one that takes nothing */
    parts_pin_ms = 60000,      /* awake: a compaction waits no longer */
    parts_turn_bytes = 1 << 20,
    parts_turn_slices = 4,
    parts_slice_work = 1000 * mvcc_range_read_work,
    parts_slice_bytes = parts_part_bytes,
    /* A Range within these is answered at once. */
    parts_first_work = 10000 * mvcc_range_read_work,
    parts_first_bytes = 1 << 20,
};

struct part_call {
    struct address from;
    uint64_t id;
    struct mvcc_range *range; /* owned; NULL: all of it is read */
    struct buf bytes;         /* read and, from `at` on, not sent */
    size_t at;
    bool sent_all;
    uint32_t sent, taken; /* parts that others follow */
    int64_t begun_ms;     /* awake, as the next */
    int64_t heard_ms;     /* when it took, or had taken all, last */
};

struct parts {
    struct part_call *items[parts_calls_max]; /* owned */
    size_t count;
    size_t next; /* whose turn it is */
    unsigned flying;
    uint64_t sent_total;
};

void parts_fini(struct parts *self); /* before mvcc ends */

/* bytes: of the packed response, copied. range: what follows them is read from it, taken also on
 * error; NULL: nothing. Errors: TOO_MANY_REQUESTS. */
enum etcd_error parts_add(struct store *self, const struct address *to, uint64_t id,
                          struct str bytes, struct mvcc_range *range);

/* Answers a call. response: packed; copied. A large one leaves in parts, not before turn_end, and
 * so does one that the outbox has no room for; what is too much for parts is refused. */
void store_answer(struct store *self, const struct address *to, uint64_t id, enum outbox_lane lane,
                  struct str response, struct outbox *out);
/* The same of a write that has been done: what can't be told is of unknown outcome, and not refused
 * as if it had not been. */
void store_answer_write(struct store *self, const struct address *to, uint64_t id,
                        struct str response, struct outbox *out);

/* Answers a Range that mvcc_range_slices takes: at once, or in parts. */
void parts_range(struct store *self, const Etcdserverpb__RangeRequest *request,
                 const struct address *to, uint64_t id, enum outbox_lane lane, struct outbox *out);

/* Handler of PART_TAKEN. */
void store_part_taken(void *state, const struct address *from, const struct msg *msg,
                      const struct now *now, struct outbox *out);

/* At a turn's end. True: there is more to do at once. */
bool parts_turn(struct store *self, struct outbox *out);

#endif
