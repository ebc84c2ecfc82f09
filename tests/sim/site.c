#include "tests/sim/site.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "actors/evictor/evictor.h"
#include "tests/sim/edge.h"
#include "tests/sim/http.h"

static struct now site_now(const struct clock *clock)
{
    const struct site *self = (const void *)((const char *)clock - offsetof(struct site, clock));

    return sim_now(self->sim, self->index);
}

static int64_t site_cpu_us(const struct clock *clock)
{
    (void)clock;
    return 0;
}

/* ── the processes ──────────────────────────────────────────────────────────*/

static void *registry_start(void *context, const struct now *now)
{
    struct site *self = context;
    struct registry_actor *actor = NULL;
    char boot[32];
    struct registry_options options = {.config = &self->config,
                                       .disk = disk_sim_disk(self->disk),
                                       .clock = &self->clock,
                                       .dir = "registry",
                                       .machine_boot = boot,
                                       .seed = prng_next(&self->prng) | 1,
                                       .snapshot_bytes = 65536,
                                       .allocate_bytes = 4096};
    enum err err;

    (void)snprintf(boot, sizeof(boot), "machine-%u-%u", (unsigned)self->index, self->boots);
    err = registry_actor_new(&actor, &options, now);
    assert(err == ERR_OK);
    (void)err;
    self->fresh_ms = sim_ms(self->sim);
    return actor;
}

static void registry_end(void *context, void *state, bool killed)
{
    struct site *self = context;
    struct registry_actor *actor = state;

    if (killed) {
        disk_sim_die_after(self->disk, 0); /* no orderly close reaches it */
    }
    registry_actor_destroy(&actor);
    if (killed) {
        disk_sim_power_cut(self->disk, DISK_KEEP_ALL, 0);
    }
}

static void *evictor_start(void *context, const struct now *now)
{
    struct site *self = context;
    struct evictor *evictor = calloc(1, sizeof(*evictor));

    assert(evictor != NULL);
    evictor_init(evictor, &self->config, NULL, prng_next(&self->prng) | 1, now);
    return evictor;
}

static void evictor_end(void *context, void *state, bool killed)
{
    (void)context;
    (void)killed;
    evictor_fini(state);
    free(state);
}

static const struct actor_link *evictor_links(void *context, void *state, size_t *count)
{
    struct site *self = context;

    self->evictor_link = evictor_link(state);
    *count = 1;
    return &self->evictor_link;
}

static void *replicator_start(void *context, const struct now *now)
{
    struct site *self = context;
    struct replicator_options options = {.config = &self->config,
                                         .epoch = prng_next(&self->prng) | 1,
                                         .node_id = self->node_id,
                                         .seed = prng_next(&self->prng) | 1,
                                         .door = self->door};

    self->life++;
    memset(self->posted, 0, sizeof(self->posted));
    return replicator_new(&options, now);
}

static void replicator_end(void *context, void *state, bool killed)
{
    struct replicator *replicator = state;

    (void)context;
    (void)killed;
    replicator_destroy(&replicator);
}

static const struct actor_link *replicator_links(void *context, void *state, size_t *count)
{
    struct site *self = context;

    self->replicator_link = replicator_link(state);
    *count = 1;
    return &self->replicator_link;
}

/* The replicator has said goodbye, if the registry took it. */
static void replicator_ended(void *context)
{
    struct site *self = context;

    if (self->leaving) {
        self->leaving = false;
        self->left_ms = sim_ms(self->sim);
        site_end(self);
    }
}

static void replicator_turn(void *context, void *state, const struct now *now, struct outbox *out)
{
    http_carry(context, state, now, out);
}

static void *replica_start(void *context, const struct now *now)
{
    struct site *self = context;
    struct replica *replica = replica_new(1000, NULL);

    (void)now;
    self->replica = replica;
    if (self->plan->with.forms || self->plan->with.reference) {
        self->edge = edge_new(self, replica, prng_next(&self->plan->extra) | 1);
    }
    if (self->observe != NULL) {
        self->observe(self->context, self->index, replica);
    }
    return replica;
}

static void replica_end(void *context, void *state, bool killed)
{
    struct site *self = context;
    struct replica *replica = state;

    (void)killed;
    edge_destroy(&self->edge);
    self->replica = NULL;
    replica_destroy(&replica);
}

static const struct actor_link *replica_links_of(void *context, void *state, size_t *count)
{
    (void)context;
    *count = replica_link_count;
    return replica_links(state);
}

static void replica_answer(void *context, enum actor_name from, uint32_t node,
                           const struct msg *msg, const struct now *now, struct outbox *out)
{
    struct site *self = context;

    (void)from;
    (void)node;
    (void)out;
    if (self->edge != NULL) {
        edge_answer(self->edge, msg, now);
    }
}

static void replica_turn(void *context, void *state, const struct now *now, struct outbox *out)
{
    struct site *self = context;

    (void)state;
    if (self->edge != NULL) {
        edge_turn(self->edge, now, out);
    }
}

static int64_t replica_due_ms(void *context)
{
    struct site *self = context;

    return self->edge != NULL ? edge_due_ms(self->edge) : INT64_MAX;
}

/* ── a node ─────────────────────────────────────────────────────────────────*/

static void add_processes(struct site *self)
{
    const struct sim_process specs[site_actors] = {
        [ACTOR_REGISTRY] = {.name = "registry",
                            .spec = &registry_spec,
                            .start = registry_start,
                            .end = registry_end},
        [ACTOR_REPLICATOR] = {.name = "replicator",
                              .spec = &replicator_spec,
                              .start = replicator_start,
                              .end = replicator_end,
                              .links = replicator_links,
                              .turn = replicator_turn,
                              .ended = replicator_ended},
        [ACTOR_EVICTOR] = {.name = "evictor",
                           .spec = &evictor_spec,
                           .start = evictor_start,
                           .end = evictor_end,
                           .links = evictor_links},
        [ACTOR_GATEWAY] = {.name = "replica",
                           .start = replica_start,
                           .end = replica_end,
                           .links = replica_links_of,
                           .answer = replica_answer,
                           .turn = replica_turn,
                           .due_ms = replica_due_ms},
    };

    for (unsigned i = 0; i < site_actors; i++) {
        self->specs[i] = specs[i];
        self->specs[i].node = self->index;
        self->specs[i].actor = (enum actor_name)i;
        self->specs[i].context = self;
        self->processes[i] = sim_add(self->sim, &self->specs[i]);
    }
}

static void list_peers(struct site *self)
{
    const struct plan *plan = self->plan;
    struct config_list *nodes = &self->config.peers_nodes;
    struct config_list *zones = &self->config.peers_zones;

    static char nobody[] = "ghost:7171";
    static char reference[] = "reference:7171";

    nodes->items = self->nodes;
    zones->items = self->zones;
    for (uint32_t i = 0; i < plan->nodes; i++) {
        if (plan->zone_of[i] == plan->zone_of[self->index]) {
            (void)snprintf(self->peers[i], sizeof(self->peers[i]), "node%u:7171", (unsigned)i + 1);
            self->nodes[nodes->count++] = self->peers[i];
        } else {
            (void)snprintf(self->peers[i], sizeof(self->peers[i]), "z%u=node%u:7171",
                           (unsigned)plan->zone_of[i], (unsigned)i + 1);
            self->zones[zones->count++] = self->peers[i];
        }
    }
    if (plan->with.reference && plan->zone_of[self->index] == plan->zone_of[0]) {
        self->nodes[nodes->count++] = reference;
    }
    if (plan->with.ghosts) {
        self->nodes[nodes->count++] = nobody;
    }
}

static void configure(struct site *self)
{
    static char region[] = "sh";
    static char env[] = "dev";
    static char always[] = "always";
    static char none[] = "";

    self->config = (struct config){.node_zone = self->zone,
                                   .node_region = region,
                                   .node_env = env,
                                   .node_name = self->name,
                                   .gateway_listen = self->advertise,
                                   .gateway_advertise = self->advertise,
                                   .gateway_write_deadline = 5000,
                                   .registry_journal_sync = always,
                                   .registry_protect = true,
                                   .registry_protect_wait = 60000,
                                   .evictor_interval = 60000,
                                   .evictor_idle = 90000,
                                   .evictor_ceiling = self->plan->ceiling_ms,
                                   .evictor_share = 0.85,
                                   .peers_listen = self->door,
                                   .peers_keys = none,
                                   .security_insecure = !self->plan->with.forms};
    list_peers(self);
}

static void name_addresses(struct site *self)
{
    unsigned number = self->index + 1 + 10 * network_address(sim_network(self->sim), self->index);

    (void)snprintf(self->advertise, sizeof(self->advertise), "node%u:7171", number);
    (void)snprintf(self->door, sizeof(self->door), "node%u:8171", number);
}

void site_init(struct site *self, struct plan *plan, struct sim *sim, uint32_t index,
               struct site *others)
{
    *self = (struct site){
        .plan = plan, .sim = sim, .index = index, .others = others, .left_ms = INT64_MAX};
    prng_init(&self->prng, prng_next(&plan->prng));
    (void)snprintf(self->name, sizeof(self->name), "node-%u", (unsigned)index + 1);
    (void)snprintf(self->node_id, sizeof(self->node_id), "%032x", (unsigned)index + 1);
    (void)snprintf(self->zone, sizeof(self->zone), "z%u", (unsigned)plan->zone_of[index]);
    (void)snprintf(self->source, sizeof(self->source), "10.0.%d.%u", plan->elsewhere[index] ? 1 : 0,
                   (unsigned)index + 1);
    name_addresses(self);
    configure(self);
    self->clock = (struct clock){.now = site_now, .cpu_us = site_cpu_us};
    self->disk = disk_sim_new(prng_next(&self->prng));
    add_processes(self);
}

void site_fini(struct site *self)
{
    disk_sim_destroy(&self->disk);
}

void site_end(struct site *self)
{
    for (unsigned i = 0; i < site_actors; i++) {
        sim_end(self->sim, self->processes[i]);
    }
}

static void ask_to_leave(void *context, void *state, struct str arg, const struct now *now,
                         struct outbox *out)
{
    struct site *self = context;
    struct msg msg = {.type = MSG_TYPE_SHUTDOWN};

    (void)state;
    (void)arg;
    (void)now;
    if (!self->leaving) {
        return; /* it came back before it was told */
    }
    msg.as_shutdown.id = 1;
    msg.as_shutdown.leave = true;
    (void)outbox_command(out, ACTOR_REPLICATOR, self->index, &msg);
}

void site_leave(struct site *self, unsigned asker)
{
    self->leaving = true;
    sim_later(self->sim, asker, 0, ask_to_leave, self, STR(""));
}

void site_start(struct site *self, enum actor_name actor)
{
    self->leaving = false;
    self->left_ms = INT64_MAX;
    if (!sim_running(self->sim, self->processes[actor])) {
        sim_start(self->sim, self->processes[actor]);
        if (actor == ACTOR_REGISTRY && self->restarted != NULL) {
            self->restarted(self->context, self->index);
        }
    }
}

void site_kill(struct site *self, enum actor_name actor)
{
    sim_kill(self->sim, self->processes[actor]);
}

void site_cut_power(struct site *self)
{
    for (unsigned i = 0; i < site_actors; i++) {
        if (i != ACTOR_REGISTRY) {
            site_kill(self, (enum actor_name)i);
        }
    }
    if (site_registry(self) != NULL) {
        /* what was not synced goes before the process could close its files */
        disk_sim_die_after(self->disk, 0);
        disk_sim_power_cut(self->disk, DISK_KEEP_RANDOM, 0);
        site_kill(self, ACTOR_REGISTRY);
    }
    self->boots++;
    sim_boot_machine(self->sim, self->index);
}

void site_rename(struct site *self)
{
    (void)snprintf(self->name, sizeof(self->name), "node-%u%c", (unsigned)self->index + 1,
                   (char)('a' + self->renames++ % 26));
}

void site_move(struct site *self)
{
    network_move(sim_network(self->sim), self->index);
    name_addresses(self);
}

struct files {
    char store[32][64];
    unsigned count;
};

static void on_file(void *context, const char *name)
{
    struct files *self = context;

    if (self->count < 32) {
        (void)snprintf(self->store[self->count], sizeof(self->store[0]), "registry/%s", name);
        self->count++;
    }
}

bool site_damage(struct site *self)
{
    struct disk *disk = disk_sim_disk(self->disk);
    struct files files = {.count = 0};
    struct buf bytes = {0};
    const char *path;
    bool done = false;

    (void)disk->list(disk, "registry", on_file, &files);
    if (files.count > 0) {
        path = files.store[prng_below(&self->prng, files.count)];
        if (disk_sim_get(self->disk, path, &bytes) && bytes.len > 0) {
            done = disk_sim_flip(self->disk, path, (size_t)prng_below(&self->prng, bytes.len),
                                 (unsigned char)(1U << prng_below(&self->prng, 8)));
        }
    }
    buf_fini(&bytes);
    return done;
}

struct registry_actor *site_registry(const struct site *self)
{
    return sim_state(self->sim, self->processes[ACTOR_REGISTRY]);
}

struct replicator *site_replicator(const struct site *self)
{
    return sim_state(self->sim, self->processes[ACTOR_REPLICATOR]);
}

const struct replica *site_replica(const struct site *self)
{
    return sim_state(self->sim, self->processes[ACTOR_GATEWAY]);
}
