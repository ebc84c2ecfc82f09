/* A registry with its storage on a simulated disk, and what tests ask of it. Remembers the
 * state after every seq, so that whatever a start restores can be told to be a
 * state that once was. */
#ifndef TESTS_REGISTRY_STORAGE_STORAGE_RIG_H
#define TESTS_REGISTRY_STORAGE_STORAGE_RIG_H

#include "actors/registry/storage/storage.h"
#include "tests/journal/disk_sim.h"

#define RIG_DIR "data/registry"

struct rig {
    struct disk_sim *sim; /* owned */
    struct clock_virtual clock;
    struct storage_options options; /* tests change them before rig_open */
    struct registry *registry;      /* owned; NULL while closed */
    struct storage *storage;        /* owned; NULL while closed */
    struct storage_restored restored;
    uint64_t seq;     /* of the last change, committed or not */
    uint64_t *states; /* owned: fingerprint after each seq */
    size_t state_count;
    bool forgetful;         /* do not remember them: for a registry that is large */
    int64_t at_shift;       /* of the wall clock that changes are stamped with */
    uint32_t loaded_count;  /* records shown by the last open */
    uint64_t loaded_number; /* the greatest write id among them */
    int64_t loaded_age_ms;  /* the greatest age among them */
    int64_t aged_at;        /* when the tombstones of a snapshot had theirs; 0: there were none */
};

void rig_init(struct rig *self, uint64_t seed);
void rig_fini(struct rig *self);

/* Opens on what the disk has and goes on at the seq it restored. */
enum err rig_try_open(struct rig *self);
void rig_open(struct rig *self); /* which must succeed */
void rig_close(struct rig *self);
void rig_kill(struct rig *self); /* the process goes, the machine stays */
void rig_power_cut(struct rig *self, enum disk_sim_keep keep, size_t bytes); /* both go */

/* Adds a change of host-<host>'s to the command that is being made up; applied at once. */
void rig_change(struct rig *self, struct buf *body, enum change_kind kind, uint32_t host);
/* One command with one change, appended. */
void rig_append(struct rig *self, enum change_kind kind, uint32_t host);
/* count hosts in one command, committed. */
enum err rig_set(struct rig *self, uint32_t host, uint32_t count);
enum err rig_register(struct rig *self, uint32_t host); /* appended and committed */
enum err rig_commit(struct rig *self);
void rig_step_all(struct rig *self); /* steps until nothing is waiting; moves no clock */
struct storage_position rig_position(const struct rig *self);
struct storage_stats rig_stats(const struct rig *self);

/* Of one entry: identity, seq, whether it lives, what it is. */
uint64_t rig_entry_print(const struct registry *registry, uint32_t slot);
/* Equal for equal entries with equal seqs, whatever their order. */
uint64_t rig_fingerprint(const struct registry *registry);
/* The seq in from … the last whose state the registry is in now; UINT64_MAX: none. */
uint64_t rig_state_since(const struct rig *self, uint64_t from);

/* Whether the directory has such a file; prefix and suffix of its name. The first found. */
bool rig_file(const struct rig *self, const char *prefix, const char *suffix, char path[256]);
uint32_t rig_file_count(const struct rig *self, const char *prefix, const char *suffix);

/* Asks for history after seq until the head, in pieces of at most bytes; checks that seqs follow.
 * The count of records, or the negative error. */
int64_t rig_history(struct rig *self, uint64_t after_seq, size_t bytes);

#endif
