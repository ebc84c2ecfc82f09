/* Keeps a copy of another actor's facts: the only catch-up there is.
 *
 * Subscribe first; ask FACTS {epoch, after seq}; a foreign epoch or a cut-off
 * history needs SNAPSHOT, slice by slice, then the replay of what came since its
 * first slice (each slice is taken in while the source makes the next), then a sweep of what it did
 * not contain. While it waits for answers, TURNs that arrive are kept (bounded: 256 KiB; over it
 * they are thrown away and asked for). A gap, a new epoch, an answer that does not come within 1 s
 * or silence of 3 ticks: ask again. PUB/SUB drops silently, so this is the normal path.
 *
 *   NEW ──ask──► HISTORY ──head reached──► CURRENT ◄──TURN prev = seq
 *                  │ STALE    (sweeping     │ gap, new epoch, silence
 *                  ▼           before)      ▼
 *              SNAPSHOT ──last slice──► HISTORY
 *
 * An owner without `record` takes no part in that: on STALE it goes on from the
 * position that answer names, and the standing facts come with the HISTORY after it.
 * Nor does one with `gap`: it wants what comes, not what is; where the history it has a
 * part of is cut off, foreign or has a hole, it goes on behind that, and gap is called.
 *
 * Pure: it is given messages and the time, it fills an outbox.
 * Epoch 0 is none; every publisher's epoch is not 0.
 */
#ifndef COMMON_RUNTIME_FOLLOWER_H
#define COMMON_RUNTIME_FOLLOWER_H

#include "common/base/clock.h"
#include "common/runtime/outbox.h"
#include "common/wire/codec.h"

/* What the owner does with what is heard. All get the owner's state. */
struct follower_owner {
    /* PUT or GONE, in order of seq or from a snapshot. NULL: records are ignored. */
    void (*record)(void *state, const struct msg *msg, const struct now *now);
    /* Set: what the source numbers is not its facts: seq may rise by more than one from fact to
     * fact, which say themselves what they follow on. Only of an owner without record. */
    bool jumps;
    /* Any other fact or standing fact: PROTECT, RENEWED, PROTECTION, NODES, …; not TICK.
     * Not NULL. RENEWED comes in any state but during a snapshot. */
    void (*fact)(void *state, const struct msg *msg, const struct now *now);
    /* Set: no snapshot is asked for. Records before the position may be missing, at the first
     * catch-up all of them. */
    void (*gap)(void *state, const struct now *now);
    /* A snapshot begins: registry_sweep_begin. May be NULL. */
    void (*begin)(void *state);
    /* A snapshot and its replay are in: sweep what was not in it. May be NULL.
     * Bounded work; true: call again in the next turn. */
    bool (*sweep)(void *state, const struct now *now);
    /* The copy has reached epoch, seq (also after every TURN). May be NULL. */
    void (*current)(void *state, uint64_t epoch, uint64_t seq, const struct now *now);
    /* An unknown fact that may not be skipped, or a record that can't be read: the follower
     * has stopped following for good. The owner logs it and ends the process. */
    void (*broken)(void *state, unsigned type);
};

struct follower;

/* source, index: whose facts. tick_ms: how often the source speaks at least. */
struct follower *follower_new(enum actor_name source, uint32_t index, int64_t tick_ms,
                              const struct follower_owner *owner, void *state);
void follower_destroy(struct follower **self);

/* A fact frame from the source (frame 2 of its PUB message). */
void follower_on_fact(struct follower *self, struct str frame, const struct now *now,
                      struct outbox *out);
/* True if msg was an answer this follower waited for (CHUNK, HISTORY, or its
 * RESULT STALE); false: it is somebody else's. */
bool follower_on_answer(struct follower *self, const struct msg *msg, const struct now *now,
                        struct outbox *out);
/* Call once every turn: asks, asks again, sweeps. */
void follower_step(struct follower *self, const struct now *now, struct outbox *out);

/* The way to the source has opened (again), or somebody knows of a fact that has not
 * come: what was asked may not have reached it, what it said may not have reached us.
 * The next step asks (again) instead of waiting. */
void follower_hurry(struct follower *self);

struct follower_state {
    bool current;      /* has everything up to the newest it knows of */
    bool ever_current; /* since it was made */
    uint64_t epoch;
    uint64_t boot;
    uint64_t seq;
    int64_t heard_ms; /* mono, of the last sign of life; -1: none yet */
    uint64_t catch_ups;
    uint64_t snapshots;
};
void follower_state(const struct follower *self, struct follower_state *state);

/* mono ms at which follower_step has something to do; INT64_MAX once broken. */
int64_t follower_due_ms(const struct follower *self);

#endif
