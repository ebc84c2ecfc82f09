/* A registry so simple that it can be seen to be right: an array of identities,
 * each with its last state. Tests change both and compare all answers. */
#ifndef TESTS_NAMING_MODEL_H
#define TESTS_NAMING_MODEL_H

#include "common/base/prng.h"
#include "common/naming/registry.h"

enum { model_envs = 2, model_appids = 4, model_zones = 3, model_hosts = 5 };
/* An app's instances, and behind them its schedule. */
enum { model_app_size = model_zones * model_hosts + 1 };
enum { model_size = model_envs * model_appids * model_app_size };
enum { model_apps = model_envs * model_appids };

struct model_entry {
    bool held;
    bool live;
    uint64_t seq;
    bool seen;
    struct instance instance;
    char *bytes; /* of addrs and metadata; owned */
};

struct model {
    struct model_entry entries[model_size];
    int64_t latest[model_apps];
    bool latest_seen[model_apps];
    int64_t highest_at;
};

void model_fini(struct model *self);

/* Identity number 0 … model_size - 1; its strings are static. */
struct identity model_identity(uint32_t number);
uint32_t model_app(uint32_t number); /* … of its app */

/* A random state of the identity; strings live in store until it is emptied. */
struct change model_change(struct prng *prng, uint32_t number, uint64_t seq, struct buf *store);

void model_apply(struct model *self, uint32_t number, const struct change *change);
void model_sweep_begin(struct model *self);
void model_sweep(struct model *self);

/* Fails the test unless every query agrees. */
void model_check(const struct model *self, const struct registry *registry);

#endif
