/* What the files that decide share: making a decision, and looking at what is held. */
#ifndef ACTORS_REGISTRY_DECISION_H
#define ACTORS_REGISTRY_DECISION_H

#include "actors/registry/decide.h"
#include "common/naming/limits.h"

/* Empties it: nothing is changed so far. */
void decision_begin(struct decision *out);
/* Drops the changes; text says why, for a person. */
void decision_refuse(struct decision *out, enum err err, const char *text);
/* One more change, borrowed until the next one. */
struct change *decision_add(struct decision *out, enum change_kind kind, int64_t now_ns);

/* latest_timestamp of the app after a change; wanted: now, or what a cancel gave.
 * An app that has none alive starts above everything this registry ever took from
 * its clock, so that one that went and came back repeats none. */
int64_t app_latest(const struct registry *registry, const struct identity *id, int64_t wanted);
/* The same of a change that another node has told, where the app's latest_timestamp was `told`: it
 * goes above that. So a client that brings a node's latest_timestamp to another one, greater than
 * what is there, has seen all that is behind the lesser one, or is soon told a greater one. */
int64_t app_latest_told(const struct registry *registry, const struct identity *id, int64_t told,
                        int64_t now_ns);

/* What is held of an identity. */
struct held {
    uint32_t slot;
    bool live;
    bool gone;
    struct instance instance; /* borrowed from the registry */
};
struct held held_of(const struct registry *registry, const struct identity *id);

/* Whether a live candidate wins over what is held, by the order of states. */
bool state_wins(const struct instance *candidate, const struct held *held);

/* Of a command. Errors: ERR_INVALID, told in out. */
bool timestamp_fits(int64_t timestamp, struct decision *out);
/* Of a state another node tells: writes count on from what a command gave, so it may be greater. */
bool timestamp_told_fits(int64_t timestamp, struct decision *out);
/* Of a write that is to win over one with this; at the ceiling there is none: it stays. */
int64_t timestamp_after(int64_t held);
/* Whether it stays. Then refuses (ERR_CONFLICT) what must not be answered as if it had been done.
 */
bool is_at_ceiling(int64_t held, const struct identity *id, struct decision *out);
/* Of a command or a state. Errors: ERR_INVALID, told in out. */
bool instance_fits(const struct instance *instance, struct decision *out);

#endif
