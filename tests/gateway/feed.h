/* The registry, as a replica under test hears it: answers the follower's questions
 * and publishes turns. */
#ifndef TESTS_GATEWAY_FEED_H
#define TESTS_GATEWAY_FEED_H

#include "common/naming/change.h"
#include "gateway/discovery/replica.h"

struct feed {
    struct replica *replica; /* borrowed */
    struct outbox *out;      /* owns; what the followers ask */
    struct now now;
    uint64_t epoch;
    uint64_t seq;
    struct buf records; /* what the next snapshot holds */
    uint32_t record_count;
    uint64_t nodes_seq;
};

void feed_init(struct feed *self, struct replica *replica);
void feed_fini(struct feed *self);

/* Answers until the replica is current: a snapshot of records where it asks for one. */
void feed_catch_up(struct feed *self);

/* An instance in zone sh001 of env dev, as recorded in tests/golden; store keeps its bytes. */
struct instance feed_instance(const char *appid, const char *hostname, int64_t timestamp,
                              struct buf *store);

/* A turn with this one change; its seq is set. */
void feed_turn(struct feed *self, struct change *change);
/* The same of feed_instance. */
void feed_put(struct feed *self, const char *appid, const char *hostname, int64_t timestamp);
void feed_put_status(struct feed *self, const char *appid, const char *hostname, int64_t timestamp,
                     uint32_t status);
void feed_put_zone(struct feed *self, const char *appid, const char *zone, const char *hostname,
                   int64_t timestamp);
void feed_cancel(struct feed *self, const char *appid, const char *hostname, int64_t timestamp);
void feed_evict(struct feed *self, const char *appid, const char *hostname, int64_t timestamp);
/* A heartbeat of an instance in sh001, dev. */
void feed_renew(struct feed *self, const char *appid, const char *hostname, int64_t timestamp);
/* Any other fact of the registry; epoch, boot and seq are set. */
void feed_fact(struct feed *self, struct msg *fact);
/* The same record goes into the next snapshot instead. */
void feed_record(struct feed *self, const char *appid, const char *hostname, int64_t timestamp);
/* The replicator tells: this node, and so many peers, and whether they hold the same. */
void feed_nodes(struct feed *self, uint32_t peers, bool in_step);
/* A new history: what was published is forgotten, records are what there is. */
void feed_new_epoch(struct feed *self);

#endif
