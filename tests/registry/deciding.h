/* A registry without a process around it, and what is decided of it. */
#ifndef TESTS_REGISTRY_DECIDING_H
#define TESTS_REGISTRY_DECIDING_H

#include "actors/registry/decide.h"
#include "actors/registry/decision.h"
#include "common/base/prng.h"
#include "common/naming/metadata.h"

static const int64_t now0 = 1700000000000000000;

struct deciding {
    struct registry *registry;
    struct rules rules;
    struct decision decision;
    struct buf store;
    uint64_t seq;
    int64_t now;
};

int deciding_set_up(void **state);
int deciding_tear_down(void **state);
struct strs deciding_list(struct deciding *deciding, const char *const *items, uint32_t count);
struct msg_register deciding_registration(struct deciding *deciding, const char *hostname);
/* Applies what was decided; how many changes there were. */
uint32_t deciding_apply(struct deciding *deciding);
uint32_t deciding_register(struct deciding *deciding, const struct msg_register *command);
uint32_t deciding_cancel(struct deciding *deciding, const char *hostname, int64_t latest);
struct instance deciding_held(struct deciding *deciding, const char *hostname);
bool deciding_live(struct deciding *deciding, const char *hostname);
int64_t deciding_latest_of(struct deciding *deciding);

#endif
