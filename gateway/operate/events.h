/* What happens, for people and their tools: GET /muster/v1/events, and what it is made of. */
#ifndef GATEWAY_OPERATE_EVENTS_H
#define GATEWAY_OPERATE_EVENTS_H

#include "common/naming/change.h"
#include "common/wire/codec.h"
#include "gateway/operate/state.h"

// clang-format off
/* E(NAME, name, whether it is of the registry's history). In the order of OPERATE_KINDS. */
#define EVENT_TABLE(E)                      \
    E(REGISTER,    "register",    true)     \
    E(RE_REGISTER, "re-register", true)     \
    E(SET,         "set",         true)     \
    E(CANCEL,      "cancel",      true)     \
    E(EVICT,       "evict",       true)     \
    E(SCHEDULE,    "schedule",    true)     \
    E(ROUND,       "round",       false)    \
    E(PROTECTION,  "protection",  false)    \
    E(NODE,        "node",        false)    \
    E(STORAGE,     "storage",     false)    \
    E(ACTOR,       "actor",       false)
// clang-format on

enum event_kind {
#define EVENT_ENUM(NAME, name, registry) EVENT_##NAME,
    EVENT_TABLE(EVENT_ENUM)
#undef EVENT_ENUM
        EVENT_COUNT
};

struct events;

struct events *events_new(void);
void events_destroy(struct events **self);

/* A change of the registry's history, of this epoch, before it is taken in. before: what stood
 * there, NULL: nothing that lived. */
void events_change(struct events *self, const struct change *change, const struct instance *before,
                   uint64_t epoch, const struct now *now);
/* Any other fact of an actor. */
void events_fact(struct events *self, const struct msg *fact, const struct now *now);
/* Once a second: whether an actor that is followed is heard, and in which of its runs. */
void events_actor(struct events *self, enum actor_name actor, bool heard, uint64_t boot,
                  const struct now *now);

struct tails;
struct tails *events_tails(const struct events *self);

#endif
