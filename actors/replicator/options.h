/* What a replicator is given at its start. */
#ifndef ACTORS_REPLICATOR_OPTIONS_H
#define ACTORS_REPLICATOR_OPTIONS_H

#include "common/base/log.h"
#include "common/config/config.h"
#include "common/runtime/curve.h"

struct replicator_options {
    const struct config *config; /* borrowed for its life */
    struct log *log;             /* borrowed; may be NULL */
    uint64_t epoch;        /* random and not 0: names this run, also in the ids of its writes */
    const char *node_id;   /* who this node is, whatever its name and address; borrowed */
    uint64_t seed;         /* of what is drawn at random */
    const char *door;      /* host:port the door for other nodes is bound to; NULL: there is none */
    bool door_waits;       /* … once outbox_door_open says so */
    const char *place;     /* endpoint_place; NULL: the door in the run directory is not told */
    const char *door_path; /* of that one */
    const char *public_key;         /* this node's, Z85, borrowed; NULL: it has no keys */
    const struct curve_keys *known; /* whose keys are known here, borrowed; NULL: none */
};

#endif
