/* A store that watches can ask, and that tells of its revisions, in memory: what it does when is
 * the test's to say, also that messages are lost. */
#ifndef TESTS_GATEWAY_ETCD_WATCH_STORE_H
#define TESTS_GATEWAY_ETCD_WATCH_STORE_H

#include "common/etcdapi/errors.h"
#include "common/runtime/outbox.h"
#include "gateway/etcd/watch_groups.h"

enum { played_cluster = 77, played_member = 5, played_term = 3, played_interests_max = 64 };

struct played_event {
    int64_t revision;
    uint32_t kind;
    char key[8];
    size_t value_bytes; /* the value: the revision's last digit, so often */
    size_t before;      /* number of the put it replaced, counted from 1; 0: none */
};

struct played_queue {
    struct buf *items;
    size_t first, count, cap;
};

struct played_store {
    uint64_t epoch, boot;
    int64_t revision, compacted;
    int64_t told; /* by EVENTS */
    struct played_event *events;
    size_t count, cap;
    struct played_interest {
        char key[8], end[8];
    } prev[played_interests_max];
    unsigned prev_count;
    int64_t interest_ends_ms;
    size_t fact_events_max; /* more in one revision: it is to be read */
    size_t answer_events_max;
    int64_t answer_revisions_max;
    enum grpc_code code; /* of the next WATCHED */
    struct str code_text;
    struct played_queue facts, questions, answers;
    uint64_t reads, watches;
    uint32_t ranges; /* of the last read */
};

void played_store_init(struct played_store *self);
void played_store_fini(struct played_store *self);

static inline struct str played_key(const struct played_event *event)
{
    return str_from(event->key);
}
char played_digit(const struct played_event *event); /* what its value is made of */

/* One revision: begins it, or adds to it. */
void played_store_begin(struct played_store *self);
void played_store_put(struct played_store *self, const char *key, size_t value_bytes);
bool played_store_delete(struct played_store *self, const char *key); /* false: it is not there */

/* Tells what has not been told, at most revisions_max in a fact. */
void played_store_publish(struct played_store *self, int64_t revisions_max, int64_t now_ms);
void played_store_tick(struct played_store *self); /* REVISION */
void played_store_compact(struct played_store *self, int64_t revision);
/* Another run: nothing of the old one's is under way. */
void played_store_restart(struct played_store *self);
/* Another history. */
void played_store_begin_anew(struct played_store *self);

/* Takes what is asked. */
void played_store_take(struct played_store *self, struct outbox *out);
/* Answers the first question. */
void played_store_answer(struct played_store *self, int64_t now_ms);

/* The first item, encoded; lost or taken by the next call. */
struct str played_queue_first(const struct played_queue *self);
void played_queue_drop(struct played_queue *self);
void played_queue_add(struct played_queue *self, struct str item);

#endif
