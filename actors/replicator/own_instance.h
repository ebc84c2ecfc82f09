/* This node's own instance, infra.discovery: registered when the replicator starts,
 * renewed while it runs, cancelled only when the node leaves for good.
 *
 *              ┌──NOT_FOUND──┐ ┌─period─┐
 *              ▼             │ ▼        │
 *   start ──► REGISTER ─OK─► RENEW ──OK─┘       leave, in any state ──► CANCEL ──► GONE
 *
 * A command without an answer is sent again each second under the same id, so that it
 * is done once; after its deadline as a new one. The registry may be absent for as long
 * as it likes.
 */
#ifndef ACTORS_REPLICATOR_OWN_INSTANCE_H
#define ACTORS_REPLICATOR_OWN_INSTANCE_H

#include "actors/replicator/options.h"
#include "common/base/log.h"
#include "common/config/config.h"
#include "common/naming/instance.h"
#include "common/runtime/outbox.h"

enum own_instance_state {
    OWN_INSTANCE_REGISTER,
    OWN_INSTANCE_RENEW,
    OWN_INSTANCE_CANCEL,
    OWN_INSTANCE_GONE
};

struct own_instance {
    struct log *log; /* borrowed; may be NULL */
    struct identity id;
    struct str region;
    int64_t period_ms;   /* between heartbeats */
    int64_t deadline_ms; /* of a write */
    uint64_t gateway;    /* with command_id the name of a write */
    struct buf addrs;    /* one, http://<advertise> */
    struct buf metadata; /* in order of the keys */
    uint32_t metadata_count;
    struct replicator_options options;
    struct str node_id; /* borrowed */
    bool held;          /* nothing is sent yet: somebody else may have this name */
    enum own_instance_state state;
    uint64_t command_id; /* that waits for its answer; 0: none */
    int64_t expires;     /* of that command, wall ns */
    int64_t due_ms;      /* mono: to be sent, or sent again */
    enum err failed;     /* why the last command failed, to log a failure once */
};

/* Says where the node's door is and which key it has, if there are any. */
void own_instance_init(struct own_instance *self, const struct replicator_options *options,
                       const struct now *now);
void own_instance_fini(struct own_instance *self);

/* Sends what is due. last_id counts the replicator's commands. */
void own_instance_step(struct own_instance *self, uint64_t *last_id, const struct now *now,
                       struct outbox *out);

/* True if it was the answer to the last command. */
bool own_instance_answer(struct own_instance *self, const struct msg_result *result,
                         const struct now *now);

/* Nothing is known of a namesake, or it has gone; or another node keeps a tombstone of what is
 * registered: registers, also what is registered. */
void own_instance_claim(struct own_instance *self, const struct now *now);

/* The door that waited is open: others are told. */
void own_instance_door_opened(struct own_instance *self, const struct now *now);

/* The registry runs anew and may not know this node: heartbeat at once. */
void own_instance_hurry(struct own_instance *self, const struct now *now);

/* Cancels the instance; own.state is OWN_INSTANCE_GONE when the registry has answered. */
void own_instance_leave(struct own_instance *self, const struct now *now);

#endif
