/* A registry actor on a simulated disk and a virtual clock, driven as the shell
 * drives it: commands, the tick when it is due, lane NOW, turn_end, the rest. What
 * the last turn sent stays to be looked at until the next one begins. */
#ifndef TESTS_REGISTRY_NODE_H
#define TESTS_REGISTRY_NODE_H

#include "actors/registry/registry.h"
#include "common/metrics/reading.h"
#include "common/naming/convert.h"
#include "common/naming/registry.h"
#include "common/runtime/turn.h"
#include "tests/journal/disk_sim.h"

struct node_item {
    enum outbox_lane lane;
    enum outbox_kind kind;
    struct address address;
    struct buf topic;
    struct buf frame;
};

struct node {
    struct disk_sim *sim; /* owned */
    struct clock_virtual clock;
    struct config config;         /* a test changes it before node_start */
    struct registry_actor *actor; /* owned; NULL while it is down */
    struct outbox *out;           /* owned */
    uint64_t seed;                /* of the next start */
    const char *machine_boot;     /* a test may change these three before node_start */
    uint64_t snapshot_bytes;
    uint64_t allocate_bytes;
    struct turn turn;
    bool again;              /* the core asked to be called at once */
    bool in_turn;            /* commands were given, the turn has not ended */
    uint64_t id;             /* the last command's */
    struct buf store;        /* what commands under way borrow from */
    struct node_item *items; /* owned: sent by the last turn */
    size_t item_count;
    size_t item_cap;
};

void node_init(struct node *self, uint64_t seed); /* not started */
void node_fini(struct node *self);

void node_start(struct node *self);
void node_stop(struct node *self); /* in good order */
void node_kill(struct node *self); /* what was written stays, nothing else happens */
void node_power_cut(struct node *self, enum disk_sim_keep keep, size_t bytes);

/* ── a turn ── */

/* Hands a command to its handler, over the wire's encoding. The turn goes on. */
void node_give(struct node *self, const struct msg *command);
void node_give_from(struct node *self, unsigned peer, const struct msg *command);
void node_turn(struct node *self);   /* ends the turn: ticks when due */
void node_settle(struct node *self); /* turns at once for as long as the core asks for it */
/* Lets time pass in steps of a tick, with the turns the core asks for. */
void node_run(struct node *self, int64_t ms);
void node_pause(struct node *self, int64_t ms); /* time passes, no turn */

/* ── commands; each with an id of its own, left in self->id ── */

struct msg node_register(struct node *self, const char *hostname);
struct msg node_renew(struct node *self, const char *hostname);
struct msg node_cancel(struct node *self, const char *hostname);
/* So many hosts (of node_host_name) with a status, as one SET. */
struct msg node_set(struct node *self, uint32_t first, uint32_t count, uint32_t status);
struct msg node_evict(struct node *self, int64_t idle_ms, uint32_t limit);
struct msg node_snapshot(struct node *self, uint64_t cursor);
struct msg node_facts(struct node *self, uint64_t epoch, uint64_t from);
const char *node_host_name(uint32_t host, char name[16]);
/* Registers hosts first … first + count - 1, up to 500 a turn. */
void node_register_many(struct node *self, uint32_t first, uint32_t count);

/* Give, end the turn, and the answer there was. */
struct msg_result node_ask(struct node *self, const struct msg *command);

/* ── what the last turn sent ── */

/* The answer to the command with this id. False: none. Borrows until the next turn. */
bool node_answer(const struct node *self, uint64_t id, struct msg *answer, enum outbox_lane *lane);
/* The next fact of this type, from *cursor on (0 begins). False: no more. */
bool node_fact(const struct node *self, size_t *cursor, enum msg_type type, struct msg *fact,
               struct str *topic, size_t *bytes);
uint32_t node_fact_count(const struct node *self, enum msg_type type);

/* ── what it is now ── */

/* As STATS would tell: of all labels together; of a histogram how many it has counted. */
int64_t node_stat(struct node *self, enum metric metric);
int64_t node_stat_of(struct node *self, enum metric metric, const char *label);
struct position node_position(struct node *self);
bool node_live(const struct node *self, const char *hostname);
bool node_holds(const struct node *self, const char *hostname); /* live or as a tombstone */
int64_t
node_app_latest(const struct node *self); /* of the app all hosts are of; 0: it is not there */

#endif
