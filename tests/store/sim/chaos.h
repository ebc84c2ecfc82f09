/* What goes wrong, when, and who is started again. */
#ifndef TESTS_STORE_SIM_CHAOS_H
#define TESTS_STORE_SIM_CHAOS_H

#include "tests/store/sim/client.h"
#include "tests/store/sim/edge.h"
#include "tests/store/sim/site.h"
#include "tests/store/sim/world.h"

struct world {
    struct plan plan;
    struct trace trace;
    struct judge judge;
    struct shell shell;
    struct site site;
    struct client clients[plan_clients_max];
    struct world_faults faults;
    uint64_t starts;
    bool calm;
    int64_t fault_ms; /* when the next one is */
    int64_t
        start_ms[shell_processes_max]; /* who is down, when it starts again; INT64_MAX: it is up */
    int64_t delay_ends_ms, drop_ends_ms, full_ends_ms, sync_ends_ms; /* INT64_MAX: not now */
};

void chaos_begin(struct world *self); /* all are started */
void chaos_fini(struct world *self);  /* gateways are gone */
int64_t chaos_due_ms(const struct world *self);
void chaos_turn(struct world *self); /* does what is due */
void chaos_store_died(struct world *self);
void chaos_end(struct world *self); /* nothing goes wrong any more, all start */
/* The store ends in good order, or is killed, and starts again. */
void chaos_restart(struct world *self);

#endif
