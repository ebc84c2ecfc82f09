/* The start: from whom this node takes what it lacks, and when it says that it is in step. */
#ifndef ACTORS_REPLICATOR_SYNC_H
#define ACTORS_REPLICATOR_SYNC_H

#include "actors/replicator/ask.h"

enum sync_state {
    SYNC_WAIT,     /* for the registry */
    SYNC_CHOOSE,   /* a partner */
    SYNC_SNAPSHOT, /* takes all that a muster node holds */
    SYNC_ALL,      /* takes all that an HTTP node holds */
    SYNC_REPAIR,   /* the registry has its data: only what differs is fetched */
    SYNC_TELL,     /* says SYNCED to the registry */
    SYNC_DONE
};

struct sync {
    enum sync_state state;
    int64_t began_ms;   /* mono */
    int64_t muster_ms;  /* mono, until when a node of muster is preferred that is not there yet */
    int64_t partner_ms; /* mono, since when this one is the partner */
    uint32_t peer;
    uint64_t life;
    uint64_t round; /* tells late answers apart */
    bool fresh;     /* the registry held nobody when it was met */
    bool failed;    /* the way that was tried last */
    uint64_t cursor;
    bool asked;      /* for the slice there */
    bool last;       /* the last slice has come */
    uint32_t merges; /* under way */
    uint64_t records;
    struct buf reason;
    bool filled; /* a peer has given all it has */
    int64_t due_ms;
};

void sync_init(struct replicator *self, const struct now *now);
void sync_fini(struct replicator *self);
/* The registry runs anew. */
void sync_again(struct replicator *self, const struct now *now);
void sync_step(struct replicator *self, const struct now *now, struct outbox *out);
int64_t sync_due_ms(const struct replicator *self); /* as actor_spec.due_ms */
/* All that another node holds is being taken, or is to be: no need to look for what differs. */
bool sync_takes_whole(struct replicator *self);
/* A walk over this peer's digests has ended in good order. */
void sync_walked(struct replicator *self, const struct peer *peer);
void sync_answered(struct replicator *self, uint32_t peer, enum err err);
ask_answered_fn sync_on_slice, sync_on_merged, sync_on_synced;

#endif
