/* A node in one process and in virtual time: the real cores (their actor_spec),
 * a network that delays and drops facts, processes that are killed, paused and
 * started again. A seed reproduces a run.
 *
 * The simulator is the actors' shell: it holds their outboxes, ticks them and
 * carries their messages, each pair of actors in order, as ZeroMQ does; a kill loses
 * what was under way to and from the dead.
 */
#ifndef TESTS_SIM_SIM_H
#define TESTS_SIM_SIM_H

#include "common/base/prng.h"
#include "common/runtime/actor.h"

struct sim;

/* Makes the state of an actor that starts, and ends it. Kill: without any order. */
struct sim_process {
    const char *name;
    enum actor_name actor;
    const struct actor_spec *spec; /* NULL: only follows (a replica, a client) */
    void *(*start)(void *context, const struct now *now);
    void (*end)(void *context, void *state, bool killed);
    const struct actor_link *(*links)(void *context, void *state, size_t *count);
    /* for one without spec: answers to its own commands; may be NULL */
    actor_answer_fn *answer;
    actor_turn_fn *turn; /* every turn; may be NULL */
    void *context;
};

enum { sim_process_max = 8 };

struct sim_counts {
    uint64_t messages;
    uint64_t dropped_facts;
    uint64_t kills;
    uint64_t pauses;
};

struct sim *sim_new(uint64_t seed);
void sim_destroy(struct sim **self);

/* Adds a process (borrowed) and starts it. Its number is returned. */
unsigned sim_add(struct sim *self, const struct sim_process *process);
void sim_kill(struct sim *self, unsigned process);  /* now, in the middle of whatever */
void sim_start(struct sim *self, unsigned process); /* one that was killed */
void sim_pause(struct sim *self, unsigned process, int64_t ms);
bool sim_running(const struct sim *self, unsigned process);
void *sim_state(struct sim *self, unsigned process);

/* Share of facts that are lost, in 1/1000. */
void sim_drop_facts(struct sim *self, unsigned per_mille);

/* Runs until virtual time has moved on by ms. */
void sim_run(struct sim *self, int64_t ms);

/* Sends a command from process as one of its own; NULL-safe for one that is down. */
struct outbox *sim_outbox(struct sim *self, unsigned process);
struct now sim_now(const struct sim *self);
struct prng *sim_prng(struct sim *self);
struct sim_counts sim_counts(const struct sim *self);

/* Every fact any actor sends, before it can be dropped. */
void sim_watch_facts(struct sim *self, void (*watch)(void *context, struct str frame),
                     void *context);

#endif
