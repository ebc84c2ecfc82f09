#include "tests/sim/world.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "actors/evictor/evictor.h"
#include "actors/registry/registry.h"
#include "actors/replicator/replicator.h"
#include "common/domain/change.h"
#include "gateway/discovery/replica.h"
#include "tests/registry/disk_sim.h"
#include "tests/sim/client.h"
#include "tests/sim/sim.h"

enum { rounds = 3, chaos_ms = 45000, quiet_ms = 80000, versions_max = 1 << 17 };

/* Times are a fifteenth of the real ones. Quiet is longer than the longest a silent one may stay: a
 * pause that goes on into it, the ceiling (so many writes may have been given up that
 * self-protection is on), and then as many rounds as 15 % a round take. */
static const int64_t heartbeat_ms = 2000;
static const int64_t idle_ms = 6000;
static const int64_t ceiling_ms = 24000;
static const int64_t interval_ms = 4000;

struct world {
    struct sim *sim;
    struct prng prng;
    struct config config;
    struct disk_sim *disk;
    struct clock_virtual clock;
    struct client client;
    struct actor_link client_link;
    struct actor_link evictor_link;
    struct actor_link replicator_link;
    unsigned registry;
    unsigned evictor;
    unsigned replicator;
    unsigned replica;
    unsigned machine;         /* counts power cuts: names the machine's run */
    bool cut_power;           /* the next kill takes the machine with it */
    uint64_t *seq_of_version; /* of the client's registrations: the change they ended in */
    struct world_result *result;
};

static void fail(struct world *world, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void fail(struct world *world, const char *format, ...)
{
    va_list args;

    if (!world->result->ok) {
        return; /* the first failure is the telling one */
    }
    world->result->ok = false;
    va_start(args, format);
    (void)vsnprintf(world->result->failure, sizeof(world->result->failure), format, args);
    va_end(args);
}

/* ── the processes ──────────────────────────────────────────────────────────*/

static void *registry_start(void *context, const struct now *now)
{
    struct world *world = context;
    struct registry_actor *actor = NULL;
    char machine[16];
    struct registry_options options = {.config = &world->config,
                                       .disk = disk_sim_disk(world->disk),
                                       .clock = &world->clock.clock,
                                       .dir = "registry",
                                       .machine_boot = machine,
                                       .seed = prng_next(&world->prng) | 1};
    enum err err;

    (void)snprintf(machine, sizeof(machine), "machine-%u", world->machine);
    err = registry_actor_new(&actor, &options, now);
    assert(err == ERR_OK);
    (void)err;
    return actor;
}

static void registry_end(void *context, void *state, bool killed)
{
    struct world *world = context;
    struct registry_actor *actor = state;

    if (killed) {
        disk_sim_die_after(world->disk, 0); /* no orderly close reaches it */
    }
    registry_actor_destroy(&actor);
    if (!killed) {
        return;
    }
    disk_sim_power_cut(world->disk, world->cut_power ? DISK_KEEP_RANDOM : DISK_KEEP_ALL, 0);
    if (world->cut_power) {
        world->machine++;
        world->result->power_cuts++;
    }
}

static void *evictor_start(void *context, const struct now *now)
{
    struct world *world = context;
    struct evictor *evictor = calloc(1, sizeof(*evictor));

    assert(evictor != NULL);
    evictor_init(evictor, &world->config, NULL, prng_next(&world->prng) | 1, now);
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
    struct world *world = context;

    world->evictor_link = evictor_link(state);
    *count = 1;
    return &world->evictor_link;
}

static void *replicator_start(void *context, const struct now *now)
{
    struct world *world = context;
    struct replicator *replicator = calloc(1, sizeof(*replicator));

    assert(replicator != NULL);
    replicator_init(replicator, &world->config, NULL, prng_next(&world->prng) | 1, now);
    return replicator;
}

static void replicator_end(void *context, void *state, bool killed)
{
    (void)context;
    (void)killed;
    replicator_fini(state);
    free(state);
}

static const struct actor_link *replicator_links(void *context, void *state, size_t *count)
{
    struct world *world = context;

    world->replicator_link = replicator_link(state);
    *count = 1;
    return &world->replicator_link;
}

static void *replica_start(void *context, const struct now *now)
{
    (void)context;
    (void)now;
    return replica_new(1000, NULL);
}

static void replica_end(void *context, void *state, bool killed)
{
    struct replica *replica = state;

    (void)context;
    (void)killed;
    replica_destroy(&replica);
}

static const struct actor_link *replica_links_of(void *context, void *state, size_t *count)
{
    (void)context;
    *count = replica_link_count;
    return replica_links(state);
}

static void *client_start(void *context, const struct now *now)
{
    (void)now;
    return &((struct world *)context)->client;
}

static void client_end(void *context, void *state, bool killed)
{
    (void)context;
    (void)state;
    (void)killed;
}

static const struct actor_link *client_links(void *context, void *state, size_t *count)
{
    struct world *world = context;

    (void)state;
    world->client_link = (struct actor_link){.to = ACTOR_REGISTRY};
    *count = 1;
    return &world->client_link;
}

/* ── what is watched all the time ───────────────────────────────────────────*/

static bool is_kept(const struct world *world, const struct identity *id)
{
    int64_t now_ms = sim_now(world->sim).mono_ms;

    for (uint32_t i = 0; i < client_host_max; i++) {
        struct identity own = client_identity(&world->client, i);
        const struct host *host = &world->client.hosts[i];

        if (identity_eq(&own, id)) {
            return host->state == HOST_LIVE && !host->silent && !host->busy &&
                   host->kept_since_ms < now_ms - idle_ms;
        }
    }
    return false;
}

static void watch_record(struct world *world, const struct msg *record)
{
    bool put = record->type == MSG_TYPE_PUT;
    uint64_t seq = put ? record->as_put.seq : record->as_gone.seq;
    uint32_t version;

    if (!put && record->as_gone.kind == CHANGE_EVICT) {
        struct identity id = {record->as_gone.env, record->as_gone.appid, record->as_gone.zone,
                              record->as_gone.hostname};

        world->result->evicted++;
        if (is_kept(world, &id)) {
            fail(world, "evicted %.*s although its heartbeats went on",
                 STR_ARG(record->as_gone.hostname));
        }
    }
    /* each registration has a version of its own, however often and under whatever id it is sent */
    if (!put || record->as_put.gateway != world->client.gateway ||
        str_to_u32(record->as_put.version, &version) != ERR_OK || version >= versions_max) {
        return;
    }
    if (world->seq_of_version[version] != 0 && world->seq_of_version[version] != seq) {
        fail(world, "registration %u was done twice, as seq %" PRIu64 " and %" PRIu64,
             (unsigned)version, world->seq_of_version[version], seq);
    }
    world->seq_of_version[version] = seq;
}

static void watch_fact(void *context, struct str frame)
{
    struct msg msg;
    struct msg record;

    if (frame.len > fact_frame_max) {
        fail(context, "a fact of %zu bytes", frame.len);
    }
    while (frame.len > 0 && msg_decode(&frame, &msg) == ERR_OK) {
        struct str rest = msg.as_turn.records.bytes;

        while (msg.type == MSG_TYPE_TURN && msg_next(&rest, &record)) {
            watch_record(context, &record);
        }
    }
}

/* ── what must hold after quiet ─────────────────────────────────────────────*/

static bool same_entry(const struct registry *a, uint32_t slot_a, const struct registry *b,
                       uint32_t slot_b)
{
    struct instance x;
    struct instance y;

    if (registry_is_live(a, slot_a) != registry_is_live(b, slot_b) ||
        registry_slot_seq(a, slot_a) != registry_slot_seq(b, slot_b)) {
        return false;
    }
    registry_instance(a, slot_a, &x);
    registry_instance(b, slot_b, &y);
    return x.dirty_timestamp == y.dirty_timestamp &&
           (!registry_is_live(a, slot_a) ||
            (instance_hash(&x) == instance_hash(&y) && x.latest_timestamp == y.latest_timestamp));
}

static void check_replica(struct world *world, const struct registry *truth)
{
    const struct registry *copy = replica_registry(sim_state(world->sim, world->replica));
    struct registry_counts counts[2];

    registry_counts(truth, &counts[0]);
    registry_counts(copy, &counts[1]);
    if (counts[0].live != counts[1].live || counts[0].tombstones != counts[1].tombstones) {
        fail(world,
             "the replica holds %" PRIu64 "+%" PRIu64 " entries, the registry %" PRIu64 "+%" PRIu64,
             counts[1].live, counts[1].tombstones, counts[0].live, counts[0].tombstones);
    }
    for (uint32_t slot = 0; slot < registry_slot_count(truth); slot++) {
        uint32_t other;

        if (!registry_slot_used(truth, slot)) {
            continue;
        }
        other = registry_find(copy, registry_slot_key(truth, slot));
        if (other == REGISTRY_NONE || !same_entry(truth, slot, copy, other)) {
            fail(world, "the replica differs from the registry in slot %u", (unsigned)slot);
        }
    }
    for (uint32_t app = 0; app < registry_app_count(truth); app++) {
        struct app_info info[2];
        uint32_t other;

        if (!registry_app_used(truth, app)) {
            continue;
        }
        registry_app(truth, app, &info[0]);
        other = registry_app_find(copy, info[0].env, info[0].appid);
        if (info[0].live_count == 0 || other == REGISTRY_NONE) {
            continue;
        }
        registry_app(copy, other, &info[1]);
        if (info[0].latest_timestamp != info[1].latest_timestamp) {
            fail(world, "the replica has another latest_timestamp of %.*s", STR_ARG(info[0].appid));
        }
    }
}

static void check_promises(struct world *world, const struct registry *truth)
{
    for (uint32_t i = 0; i < client_host_max; i++) {
        const struct host *host = &world->client.hosts[i];
        struct identity id = client_identity(&world->client, i);
        uint32_t slot = registry_find(truth, identity_key(&id));
        bool live = slot != REGISTRY_NONE && registry_is_live(truth, slot);
        struct instance instance;
        char version[16];

        if (host->state == HOST_UNKNOWN || host->busy) {
            continue;
        }
        if (host->silent) {
            if (live) {
                fail(world, "%s is silent and still there", host->name);
            }
        } else if (live != (host->state == HOST_LIVE)) {
            fail(world, "%s was acknowledged as %s and is not", host->name,
                 host->state == HOST_LIVE ? "registered" : "cancelled");
        } else if (live) {
            registry_instance(truth, slot, &instance);
            (void)snprintf(version, sizeof(version), "%u", (unsigned)host->version);
            if (!str_eq(instance.version, str_from(version))) {
                fail(world, "%s has version %.*s, %s was acknowledged", host->name,
                     STR_ARG(instance.version), version);
            }
        }
    }
}

/* ── a run ──────────────────────────────────────────────────────────────────*/

static void hurt(struct world *world)
{
    unsigned process = (unsigned)prng_below(&world->prng, 4);

    world->cut_power = prng_below(&world->prng, 3) == 0;
    if (prng_below(&world->prng, 4) == 0) {
        sim_pause(world->sim, process, (int64_t)prng_below(&world->prng, 15000));
    } else if (sim_running(world->sim, process)) {
        sim_kill(world->sim, process);
        sim_run(world->sim, (int64_t)prng_below(&world->prng, 3000));
        sim_start(world->sim, process);
    }
}

static void check_lost(struct world *world)
{
    if (world->client.lost != NULL) {
        fail(world, "%s was acknowledged, kept its heartbeat, and is lost", world->client.lost);
    }
}

static void one_round(struct world *world)
{
    int64_t end_ms = sim_now(world->sim).mono_ms + chaos_ms;
    const struct registry *truth;

    sim_drop_facts(world->sim, (unsigned)prng_below(&world->prng, 100));
    world->client.quiet = false;
    while (sim_now(world->sim).mono_ms < end_ms && world->result->ok) {
        sim_run(world->sim, 500 + (int64_t)prng_below(&world->prng, 5000));
        hurt(world);
        check_lost(world);
    }
    world->client.quiet = true;
    sim_drop_facts(world->sim, 0);
    sim_run(world->sim, quiet_ms);
    truth = registry_actor_registry(sim_state(world->sim, world->registry));
    check_lost(world);
    check_promises(world, truth);
    check_replica(world, truth);
}

static void configure(struct config *config)
{
    static char zone[] = "sh001";
    static char region[] = "sh";
    static char env[] = "dev";
    static char name[] = "node-1";
    static char advertise[] = "127.0.0.1:7171";
    static char always[] = "always";

    *config = (struct config){.node_zone = zone,
                              .node_region = region,
                              .node_env = env,
                              .node_name = name,
                              .gateway_listen = advertise,
                              .gateway_advertise = advertise,
                              .gateway_write_deadline = 5000,
                              .registry_journal_sync = always,
                              .registry_protect_wait = 4000,
                              .evictor_interval = interval_ms,
                              .evictor_idle = idle_ms,
                              .evictor_ceiling = ceiling_ms,
                              .evictor_share = 0.85};
}

void world_run(uint64_t seed, enum world_plant plant, struct world_result *result)
{
    struct world world = {.result = result};
    const struct sim_process registry = {"registry",     ACTOR_REGISTRY, &registry_spec,
                                         registry_start, registry_end,   NULL,
                                         NULL,           NULL,           &world};
    const struct sim_process evictor = {"evictor",     ACTOR_EVICTOR, &evictor_spec,
                                        evictor_start, evictor_end,   evictor_links,
                                        NULL,          NULL,          &world};
    const struct sim_process replicator = {"replicator",
                                           ACTOR_REPLICATOR,
                                           &replicator_spec,
                                           replicator_start,
                                           replicator_end,
                                           replicator_links,
                                           NULL,
                                           NULL,
                                           &world};
    const struct sim_process replica = {"replica",     ACTOR_GATEWAY, NULL,
                                        replica_start, replica_end,   replica_links_of,
                                        NULL,          NULL,          &world};
    const struct sim_process client = {"client",      ACTOR_GATEWAY, NULL,
                                       client_start,  client_end,    client_links,
                                       client_answer, client_turn,   &world};
    struct sim_counts counts;
    struct follower_state state;

    *result = (struct world_result){.ok = true};
    prng_init(&world.prng, seed ^ 0x5eed);
    configure(&world.config);
    clock_virtual_init(&world.clock, 0, 0);
    world.disk = disk_sim_new(seed);
    if (plant == WORLD_ANSWERS_BEFORE_SYNC) {
        static char never[] = "never";

        world.config.registry_journal_sync = never;
    }
    world.seq_of_version = calloc(versions_max, sizeof(world.seq_of_version[0]));
    assert(world.seq_of_version != NULL);
    client_init(&world.client, seed, heartbeat_ms);
    world.client.changes_its_id = plant == WORLD_FORGETS_WRITES;
    world.sim = sim_new(seed);
    sim_watch_facts(world.sim, watch_fact, &world);
    world.registry = sim_add(world.sim, &registry);
    world.evictor = sim_add(world.sim, &evictor);
    world.replicator = sim_add(world.sim, &replicator);
    world.replica = sim_add(world.sim, &replica);
    (void)sim_add(world.sim, &client);
    for (unsigned round = 0; round < rounds && result->ok; round++) {
        one_round(&world);
    }
    replica_follower(sim_state(world.sim, world.replica), ACTOR_REGISTRY, &state);
    counts = sim_counts(world.sim);
    result->snapshots = state.snapshots;
    result->messages = counts.messages;
    result->dropped_facts = counts.dropped_facts;
    result->kills = counts.kills;
    result->pauses = counts.pauses;
    result->acknowledged = world.client.acknowledged;
    result->virtual_ms = sim_now(world.sim).mono_ms - 1000000;
    sim_destroy(&world.sim);
    disk_sim_destroy(&world.disk);
    free(world.seq_of_version);
}
