#include "gateway/discovery/replica.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/heap.h"
#include "common/container/column.h"
#include "common/naming/convert.h"
#include "gateway/discovery/cache.h"
#include "gateway/discovery/delta.h"

enum { epochs_kept = 8, sweep_max = 1024 };

static const int64_t tick_ms = 1000;

static const char *const registry_topics[] = {"registry.turn", "registry.protect",
                                              "registry.storage", NULL};
static const char *const replicator_topics[] = {"replicator.", NULL};
static const char *const evictor_topics[] = {"evictor.", NULL};

struct observer {
    replica_changed_fn *changed;
    void *state;
};

struct replica {
    struct registry *registry; /* owns */
    struct cache *cache;       /* owns */
    struct delta *delta;       /* owns */
    const struct log *log;     /* borrowed */
    struct actor_link links[replica_link_count];
    int64_t last_change_ns; /* wall, by the registry's clock */
    struct observer observers[replica_observer_max];
    size_t observer_count;
    struct replica_witness witness; /* change NULL: there is none */

    uint64_t seed;
    uint64_t version;             /* counts changes */
    int64_t since;                /* wall ns of the first catch-up */
    int64_t caught_up_ms;         /* mono, of the last into another epoch */
    uint64_t epochs[epochs_kept]; /* reached ones, newest first */
    uint64_t seq;                 /* reached in epochs[0] */
    struct column app_hashes;     /* uint64_t by app: a freed app is named no more */
    struct column changed_ms;     /* int64_t by app */
    const char *broken;
    char broken_text[80];
    struct replica_facts facts;
};

uint64_t app_hash_of(uint64_t seed, struct str env, struct str appid)
{
    /* Lengths of names are bounded far below this; a longer one only shares a hash. */
    char text[sizeof(seed) + 520];
    size_t env_len = env.len < 256 ? env.len : 256;
    size_t appid_len = appid.len < 256 ? appid.len : 256;
    size_t at = sizeof(seed);

    memcpy(text, &seed, sizeof(seed));
    for (size_t i = 0; i < env_len; i++) {
        text[at++] = env.data[i];
    }
    text[at++] = '\0';
    for (size_t i = 0; i < appid_len; i++) {
        text[at++] = appid.data[i];
    }
    return hash64(text, at);
}

uint64_t replica_app_hash(const struct replica *self, struct str env, struct str appid)
{
    return app_hash_of(self->seed, env, appid);
}

/* ── changes ────────────────────────────────────────────────────────────────*/

static void tell(struct replica *self, uint64_t app_hash)
{
    self->version++;
    for (size_t i = 0; i < self->observer_count; i++) {
        self->observers[i].changed(self->observers[i].state, app_hash);
    }
}

/* While history is broken a snapshot comes: what is, not what happens. */
static void tell_witness(struct replica *self, const struct change *change, struct hash128 key,
                         const struct now *now)
{
    uint64_t epoch = delta_newest(self->delta).epoch;
    struct instance before;
    uint32_t slot;
    bool lives;

    if (self->witness.change == NULL || epoch == 0) {
        return;
    }
    slot = registry_find(self->registry, key);
    if (slot != REGISTRY_NONE && registry_slot_seq(self->registry, slot) >= change->seq) {
        return;
    }
    lives = slot != REGISTRY_NONE && registry_is_live(self->registry, slot);
    if (lives) {
        registry_instance(self->registry, slot, &before);
    }
    self->witness.change(self->witness.state, change, lives ? &before : NULL, epoch, now);
}

static void fact_to_witness(const struct replica *self, const struct msg *msg,
                            const struct now *now)
{
    if (self->witness.fact != NULL) {
        self->witness.fact(self->witness.state, msg, now);
    }
}

static void on_record(void *state, const struct msg *msg, const struct now *now)
{
    struct replica *self = state;
    struct applied applied;
    struct change change;
    struct hash128 key;
    uint64_t hash;

    if (change_from_msg(msg, &change) != ERR_OK) {
        self->broken = "the registry sent a record that can't be read";
        return;
    }
    key = identity_key(&change.instance.id);
    tell_witness(self, &change, key, now);
    registry_apply_keyed(self->registry, &change, key, &applied);
    if (applied.ignored) {
        return;
    }
    cache_on_applied(self->cache, &applied);
    hash = replica_app_hash(self, change.instance.id.env, change.instance.id.appid);
    if (applied.app_made) {
        *(uint64_t *)column_make(&self->app_hashes, applied.app) = hash;
    }
    if (change.kind != CHANGE_FORGET) {
        if (applied.app != REGISTRY_NONE && !applied.app_freed) {
            *(int64_t *)column_make(&self->changed_ms, applied.app) = now->mono_ms;
        }
        self->last_change_ns = change.at;
        delta_add(self->delta, &change, hash);
        tell(self, hash);
    }
}

static void on_swept(void *context, const struct applied *applied)
{
    struct replica *self = context;

    cache_on_applied(self->cache, applied);
    if (applied->was_live) {
        tell(self, *(uint64_t *)column_find(&self->app_hashes, applied->app));
    }
}

static void on_begin(void *state)
{
    struct replica *self = state;

    delta_break(self->delta);
    registry_sweep_begin(self->registry);
}

static bool on_sweep(void *state, const struct now *now)
{
    struct replica *self = state;

    (void)now;
    return registry_sweep_next(self->registry, sweep_max, on_swept, self);
}

static void on_current(void *state, uint64_t epoch, uint64_t seq, const struct now *now)
{
    struct replica *self = state;

    if (self->epochs[0] != epoch) {
        for (size_t i = epochs_kept - 1; i > 0; i--) {
            self->epochs[i] = self->epochs[i - 1];
        }
        self->epochs[0] = epoch;
        self->caught_up_ms = now->mono_ms;
        self->version++;
        log_event(self->log, LOG_INFO, "caught_up", NULL, LOG_HEX("epoch", epoch),
                  log_uint("seq", seq));
    }
    self->seq = seq;
    self->since = self->since != 0 ? self->since : now->wall_ns;
    delta_reached(self->delta, epoch, seq);
}

static void renew_all(struct replica *self, struct str packed, const struct now *now)
{
    struct heartbeat heartbeat;

    while (heartbeat_next(&packed, &heartbeat)) {
        uint32_t slot = registry_find(self->registry, heartbeat.key);

        if (slot != REGISTRY_NONE && registry_is_live(self->registry, slot)) {
            registry_renew(self->registry, slot, heartbeat.renew_timestamp);
            cache_on_renewed(self->cache, slot, now);
        }
    }
}

/* ── standing facts ─────────────────────────────────────────────────────────*/

static void on_fact(void *state, const struct msg *msg, const struct now *now)
{
    struct replica *self = state;

    fact_to_witness(self, msg, now);
    replica_facts_take(&self->facts, msg, now);
}

static void on_registry_fact(void *state, const struct msg *msg, const struct now *now)
{
    struct replica *self = state;

    fact_to_witness(self, msg, now);
    if (msg->type == MSG_TYPE_RENEWED) {
        renew_all(self, msg->as_renewed.nowhere, now);
        renew_all(self, msg->as_renewed.zone, now);
        renew_all(self, msg->as_renewed.everywhere, now);
    } else {
        replica_facts_take(&self->facts, msg, now);
    }
}

static void on_broken(void *state, unsigned type)
{
    struct replica *self = state;

    (void)snprintf(self->broken_text, sizeof(self->broken_text),
                   "a fact of type %u is not known here and may not be skipped", type);
    self->broken = self->broken_text;
}

/* ── making ─────────────────────────────────────────────────────────────────*/

static const struct follower_owner registry_owner = {
    .record = on_record,
    .fact = on_registry_fact,
    .begin = on_begin,
    .sweep = on_sweep,
    .current = on_current,
    .broken = on_broken,
};
static const struct follower_owner replicator_owner = {
    .fact = on_fact,
    .broken = on_broken,
};
static const struct follower_owner evictor_owner = {
    .fact = on_fact,
    .broken = on_broken,
};

struct replica *replica_new(int64_t renew_refresh_ms, const struct log *log)
{
    return replica_new_seeded(renew_refresh_ms, log, 0);
}

struct replica *replica_new_seeded(int64_t renew_refresh_ms, const struct log *log, uint64_t seed)
{
    struct replica *self = heap_new(sizeof(*self));

    self->log = log;
    self->seed = seed;
    self->registry = registry_new_seeded(seed);
    self->cache = cache_new(self->registry, renew_refresh_ms);
    self->delta = delta_new();
    self->app_hashes = column_of(sizeof(uint64_t));
    self->changed_ms = column_of(sizeof(int64_t));
    self->links[0] = (struct actor_link){
        .to = ACTOR_REGISTRY,
        .follower = follower_new(ACTOR_REGISTRY, 0, tick_ms, &registry_owner, self),
        .topics = registry_topics};
    self->links[1] = (struct actor_link){
        .to = ACTOR_REPLICATOR,
        .follower = follower_new(ACTOR_REPLICATOR, 0, tick_ms, &replicator_owner, self),
        .topics = replicator_topics};
    self->links[2] = (struct actor_link){
        .to = ACTOR_EVICTOR,
        .follower = follower_new(ACTOR_EVICTOR, 0, tick_ms, &evictor_owner, self),
        .topics = evictor_topics};
    return self;
}

void replica_destroy(struct replica **self)
{
    if (*self == NULL) {
        return;
    }
    for (size_t i = 0; i < replica_link_count; i++) {
        follower_destroy(&(*self)->links[i].follower);
    }
    cache_destroy(&(*self)->cache);
    delta_destroy(&(*self)->delta);
    registry_destroy(&(*self)->registry);
    column_fini(&(*self)->app_hashes);
    column_fini(&(*self)->changed_ms);
    replica_facts_fini(&(*self)->facts);
    free(*self);
    *self = NULL;
}

/* ── questions ──────────────────────────────────────────────────────────────*/

const struct actor_link *replica_links(const struct replica *self)
{
    return self->links;
}

const struct registry *replica_registry(const struct replica *self)
{
    return self->registry;
}

struct cache *replica_cache(const struct replica *self)
{
    return self->cache;
}

struct delta *replica_delta(const struct replica *self)
{
    return self->delta;
}

uint64_t replica_version(const struct replica *self)
{
    return self->version;
}

int64_t replica_changed_ms(const struct replica *self, uint32_t app)
{
    const int64_t *changed_ms = column_find(&self->changed_ms, app);

    return changed_ms != NULL && *changed_ms > self->caught_up_ms ? *changed_ms
                                                                  : self->caught_up_ms;
}

int64_t replica_since(const struct replica *self)
{
    return self->since;
}

bool replica_has_shrunk(struct replica *self)
{
    return registry_has_shrunk(self->registry);
}

static struct follower_state registry_state(const struct replica *self)
{
    struct follower_state state;

    follower_state(self->links[0].follower, &state);
    return state;
}

void replica_hurry(struct replica *self)
{
    follower_hurry(self->links[0].follower);
}

bool replica_ready(const struct replica *self)
{
    return registry_state(self).ever_current;
}

bool replica_current(const struct replica *self)
{
    return registry_state(self).current;
}

bool replica_reached(const struct replica *self, uint64_t epoch, uint64_t seq)
{
    if (self->epochs[0] == epoch) {
        return self->seq >= seq;
    }
    for (size_t i = 1; i < epochs_kept; i++) {
        if (epoch != 0 && self->epochs[i] == epoch) {
            return true; /* a catch-up out of that epoch is finished */
        }
    }
    return false;
}

int64_t replica_stale_ms(const struct replica *self, const struct now *now)
{
    int64_t heard_ms = registry_state(self).heard_ms;
    int64_t silent_ms = heard_ms < 0 ? 0 : now->mono_ms - heard_ms;

    return silent_ms > 3 * tick_ms ? silent_ms : 0;
}

void replica_follower(const struct replica *self, enum actor_name of, struct follower_state *state)
{
    for (size_t i = 0; i < replica_link_count; i++) {
        if (self->links[i].to == of) {
            follower_state(self->links[i].follower, state);
            return;
        }
    }
    assert(false); /* an actor that is followed */
}

const char *replica_broken(const struct replica *self)
{
    return self->broken;
}

struct replica_protect replica_protect(const struct replica *self, const struct now *now)
{
    return replica_facts_protect(&self->facts, now);
}

struct replica_storage replica_storage(const struct replica *self)
{
    return replica_facts_storage(&self->facts);
}

struct replica_protection replica_protection(const struct replica *self, const struct now *now)
{
    return replica_facts_protection(&self->facts, now);
}

const struct replica_node *replica_nodes(const struct replica *self, size_t *count)
{
    *count = self->facts.node_count;
    return self->facts.nodes;
}

bool replica_in_step(const struct replica *self)
{
    return self->facts.in_step;
}

bool replica_is_alone(const struct replica *self)
{
    return self->facts.node_count == 1;
}

void replica_witness(struct replica *self, const struct replica_witness *witness)
{
    self->witness = *witness;
}

int64_t replica_last_change_ns(const struct replica *self)
{
    return self->last_change_ns;
}

void replica_observe(struct replica *self, replica_changed_fn *changed, void *state)
{
    assert(self->observer_count < replica_observer_max);
    self->observers[self->observer_count++] = (struct observer){changed, state};
}

void replica_unobserve(struct replica *self, void *state)
{
    for (size_t i = 0; i < self->observer_count; i++) {
        if (self->observers[i].state == state) {
            self->observers[i] = self->observers[--self->observer_count];
            return;
        }
    }
}
