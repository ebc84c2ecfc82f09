/* A cluster in one process and in virtual time: the real cores (their actor_spec), nodes with
 * clocks of their own, a network between them (network.h), processes that are killed, paused and
 * started again. A seed reproduces a run.
 *
 * The simulator is the actors' shell: it holds their outboxes, gives them turns when a message is
 * due or they have something to do, and carries their messages. Within a node each pair of actors
 * is served in order, as ZeroMQ does, and a kill loses what was under way to and from the dead. A
 * way to another node (outbox_peer_open) leads to the door of the replicator of "node<N>:<port>",
 * N from 1.
 *
 * Time is in ms since the run began; an actor sees its machine's clocks.
 */
#ifndef TESTS_SIM_SIM_H
#define TESTS_SIM_SIM_H

#include "common/runtime/actor.h"
#include "tests/sim/network.h"
#include "tests/sim/trace.h"

struct sim;

/* Makes the state of an actor that starts, and ends it. Kill: without any order. */
struct sim_process {
    const char *name;
    uint32_t node; /* sim_no_node: its commands' index is the node they go to */
    enum actor_name actor;
    const struct actor_spec *spec; /* NULL: only follows (a replica, clients) */
    void *(*start)(void *context, const struct now *now);
    void (*end)(void *context, void *state, bool killed);
    /* Asked once after a start. */
    const struct actor_link *(*links)(void *context, void *state, size_t *count);
    /* for one without spec: answers to its own commands, given the context; index: of the node.
     * May be NULL */
    actor_answer_fn *answer;
    /* every turn, at its end. May be NULL */
    void (*turn)(void *context, void *state, const struct now *now, struct outbox *out);
    /* it has ended in good order, because it was told to. May be NULL */
    void (*ended)(void *context);
    int64_t (*due_ms)(void *context); /* in the simulator's time; NULL: nothing but messages */
    void *context;
};

enum { sim_no_node = 255, sim_process_max = 32, sim_lost_max = 32 };

struct sim_counts {
    uint64_t messages;
    uint64_t dropped_facts;
    uint64_t kills;
    uint64_t pauses;
    uint64_t jumps; /* of wall clocks */
};

/* Who sees everything that is said. Any may be NULL. */
struct sim_watch {
    void *context;
    const char *const *topics; /* NULL-terminated prefixes of facts that are wanted in any case */
    /* Every fact any actor sends that anybody wants, before it can be dropped. */
    void (*fact)(void *context, uint32_t node, struct str topic, struct str frame);
    /* A command is handed to an actor of a node. */
    void (*command)(void *context, uint32_t node, enum actor_name to, const struct msg *msg);
    /* A replicator is handed a command through its door. */
    void (*door)(void *context, uint32_t node, const struct address *from, const struct msg *msg);
    /* A replicator sends replies through its door, or commands to another node's. */
    void (*door_reply)(void *context, uint32_t node, const struct address *to, struct str frame);
    void (*door_command)(void *context, uint32_t from, uint32_t to, struct str frame);
};

/* plan, network, trace: borrowed. */
struct sim *sim_new(struct plan *plan, struct network *network, struct trace *trace);
void sim_destroy(struct sim **self);
void sim_watch(struct sim *self, const struct sim_watch *watch); /* copied */

/* Adds a process (borrowed); not started. Its number is returned. */
unsigned sim_add(struct sim *self, const struct sim_process *process);
void sim_start(struct sim *self, unsigned process);
void sim_kill(struct sim *self, unsigned process); /* now, in the middle of whatever */
void sim_end(struct sim *self, unsigned process);  /* in good order, between two turns */
void sim_pause(struct sim *self, unsigned process, int64_t ms);
bool sim_running(const struct sim *self, unsigned process);
bool sim_paused(const struct sim *self, unsigned process);
void *sim_state(struct sim *self, unsigned process);

/* Share of facts within nodes that are lost, in 1/1000. */
void sim_drop_facts(struct sim *self, unsigned per_mille);
/* Whether one may have been lost in that node from … to. */
bool sim_lost_fact(const struct sim *self, uint32_t node, int64_t from_ms, int64_t to_ms);

/* Runs until time has moved on by ms; for no time: what is due now. */
void sim_run(struct sim *self, int64_t ms);
int64_t sim_ms(const struct sim *self);

struct now sim_now(const struct sim *self, uint32_t node);
void sim_jump_wall(struct sim *self, uint32_t node, int64_t ns);
void sim_boot_machine(struct sim *self, uint32_t node); /* its monotonic clock begins anew */

/* call(context, process' state, arg, …) in a turn of the process after ms, if it lives that long.
 */
typedef void sim_call_fn(void *context, void *state, struct str arg, const struct now *now,
                         struct outbox *out);
void sim_later(struct sim *self, unsigned process, int64_t ms, sim_call_fn *call, void *context,
               struct str arg);

struct sim_counts sim_counts(const struct sim *self);
struct network *sim_network(const struct sim *self);

/* The node of "node<N>:<port>", its first address, or "node1<N>:<port>", its second one; address
 * says which. sim_no_node: it is nobody's. */
uint32_t sim_node_of(struct str endpoint, uint32_t *address);
/* The same, of an address that the node has now. */
uint32_t sim_node_at(const struct sim *self, struct str endpoint);

#endif
