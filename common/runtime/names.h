/* The actors of a node, in the order they start in: the one table of them. */
#ifndef COMMON_RUNTIME_NAMES_H
#define COMMON_RUNTIME_NAMES_H

#include <stdbool.h>

#include "common/base/str.h"

// clang-format off
/* A(NAME, lower, how many, where it listens beside its sockets)
 *   its program is muster-<lower>; its key for other hosts endpoints.<lower>
 *   MANY: as many as there are processes asked for, <lower>.0 and on
 *   a key of the configuration, or none
 * Those of the naming plane come first, then the store plane's: neither knows the other. */
#define ACTOR_TABLE(A)                              \
    A(REGISTRY,   registry,   ONE,  "")             \
    A(REPLICATOR, replicator, ONE,  "peers.listen") \
    A(EVICTOR,    evictor,    ONE,  "")             \
    A(GATEWAY,    gateway,    MANY, "gateway.listen")\
    A(STORE,      store,      ONE,  "")             \
    A(ETCD,       etcd,       MANY, "etcd.listen")
// clang-format on

enum actor_name {
#define ACTOR_ENUM(NAME, lower, count, listens) ACTOR_##NAME,
    ACTOR_TABLE(ACTOR_ENUM)
#undef ACTOR_ENUM
        ACTOR_COUNT
};

struct actor_kind {
    const char *text;
    bool many;
    const char *listens; /* "": nowhere else */
};

const struct actor_kind *actor_kind(enum actor_name name);
const char *actor_name_text(enum actor_name name);
/* "registry", "gateway.0" of one of many. Appended with a NUL that is not counted. */
void actor_name_print(struct buf *to, enum actor_name name, uint32_t index);
/* Takes "gateway" and "gateway.<i>". Errors: ERR_NOT_FOUND. */
enum err actor_name_from(struct str text, enum actor_name *name, uint32_t *index);

#endif
