/* Watches between a store and clients, all in one process, message by message. */
#ifndef TESTS_GATEWAY_ETCD_WATCH_RIG_H
#define TESTS_GATEWAY_ETCD_WATCH_RIG_H

#include "gateway/etcd/watch.h"
#include "tests/gateway/etcd/watch_client.h"

enum { rig_clients_max = 4, rig_progress_ms = 600, rig_again_ms = 100 };

struct watch_rig {
    struct played_store store;
    struct watches_options options;
    struct watches *watches;
    struct relay *relay;
    struct now now;
    struct outbox *out;
    struct moment moment;
    struct watch_client clients[rig_clients_max];
};

/* The store is there; nobody watches. */
void watch_rig_init(struct watch_rig *self);
void watch_rig_fini(struct watch_rig *self);

struct watch_client *watch_rig_begin(struct watch_rig *self, unsigned client);
void watch_rig_gone(struct watch_rig *self, unsigned client); /* if it is open */

void watch_rig_create(struct watch_rig *self, struct watch_client *client,
                      const struct client_wish *wish);
void watch_rig_cancel(struct watch_rig *self, struct watch_client *client, int64_t id);
void watch_rig_progress(struct watch_rig *self, struct watch_client *client);

/* One message each; there is one. */
void watch_rig_fact(struct watch_rig *self);
void watch_rig_answer(struct watch_rig *self);
void watch_rig_turn(struct watch_rig *self);

/* Time goes on by ms; the store ticks. */
void watch_rig_pass(struct watch_rig *self, int64_t ms);
/* All messages there are, until there are none; no time passes. */
void watch_rig_run(struct watch_rig *self);
/* The same, for so long that whatever was lost is noticed. */
void watch_rig_settle(struct watch_rig *self);

#endif
