/* The simulator's shell: it gives actors their turns (common/runtime/turn.h) in virtual time, and
 * carries what they send between a store and its gateways as ZeroMQ does over a socket of each
 * kind: in order, lost when either side is gone. Facts may be dropped, whatever comes may be late.
 */
#ifndef TESTS_STORE_SIM_SHELL_H
#define TESTS_STORE_SIM_SHELL_H

#include "common/runtime/turn.h"
#include "tests/sim/trace.h"
#include "tests/store/sim/plan.h"
#include "tests/store/sim/post.h"

enum { shell_store = 0, shell_processes_max = 1 + plan_gateways_max };

struct process {
    const struct actor_spec *spec;
    void *state; /* NULL: down */
    struct outbox *out;
    struct turn turn;
    struct actor_link link; /* of a gateway, to the store */
    uint32_t life;          /* counts starts */
    uint64_t lost_lives;    /* a bit for each: what it had sent is lost with it */
    int64_t paused_until_ms;
    int64_t wake_ms;
    int64_t hears_ms; /* a gateway: from then on facts reach it */
    struct parcel *inbox;
    size_t inbox_count, inbox_cap;
};

struct shell_watch {
    void *context;
    void (*command)(void *context, unsigned from, uint32_t life, const struct msg *msg);
    void (*guest)(void *context, unsigned process, const struct now *now);
    /* Its core has ended its turn. False: it is dead, and says no more. */
    bool (*turned)(void *context, unsigned process);
    void (*sends)(void *context, unsigned process, enum outbox_lane lane); /* before it does */
};

struct shell {
    struct plan *plan;
    struct trace *trace;
    struct shell_watch watch;
    int64_t now_ms;
    int64_t wall_ns;
    struct process processes[shell_processes_max];
    unsigned count;
    struct post post;
    int64_t last_due[shell_processes_max][shell_processes_max][3];
    int64_t delay_ms; /* at most, of what is sent now */
    unsigned drop;    /* facts, of 100 */
    int64_t sync_ms;  /* a turn of the store takes so much longer */
    uint64_t messages;
    uint64_t facts_dropped;
};

void shell_init(struct shell *self, struct plan *plan, struct trace *trace,
                const struct shell_watch *watch);
void shell_fini(struct shell *self);

/* link: of a gateway; else NULL. out: as made by the caller, who owns it. */
void shell_start(struct shell *self, unsigned process, const struct actor_spec *spec, void *state,
                 struct outbox *out, const struct actor_link *link);
/* It is no more; state and outbox are the caller's to end. */
void shell_gone(struct shell *self, unsigned process);
void shell_pause(struct shell *self, unsigned process, int64_t ms);
void shell_wake(struct shell *self, unsigned process, int64_t at_ms); /* not later than that */
static inline bool shell_is_up(const struct shell *self, unsigned process)
{
    return self->processes[process].state != NULL;
}
struct now shell_now(const struct shell *self);

/* Runs what is due at once, then moves on to what comes next, at most to until_ms. False: that is
 * reached. */
bool shell_step(struct shell *self, int64_t until_ms);

#endif
