/* A log on a disk of tests, and what it must hold: after each write the state it is in, kept as a
 * sum. A start finds one of them, and none before the last that was synced.
 */
#ifndef TESTS_STORE_LOG_LOG_RIG_H
#define TESTS_STORE_LOG_LOG_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "actors/store/log/disk_log.h"
#include "tests/journal/disk_sim.h"

#define RIG_LOG_DIR "/log"

enum { rig_states_max = 4096, rig_index_max = 4096, rig_data_max = 400 };

struct rig_state {
    struct raft_hard hard;
    uint64_t mark;
    uint64_t last;
    uint64_t sum; /* of the mark's config and of the entries behind it */
};

struct rig_entry {
    uint64_t term;
    uint32_t type;
    uint32_t len;
    unsigned char fill;
};

struct log_rig {
    struct disk_sim *sim; /* owned */
    struct clock_virtual clock;
    struct log logger; /* writes into a pipe nobody reads: only said tells */
    int said_fd;
    struct disk_log_options options;
    struct disk_log *log; /* NULL: not open */
    bool fresh;
    bool cut;
    int64_t now_ms;

    struct raft_hard hard;
    struct raft_snapshot mark; /* as told, not as written */
    struct raft_snapshot written_mark;
    uint64_t last;
    struct rig_entry entries[rig_index_max]; /* by index */

    struct rig_state states[rig_states_max]; /* behind each write */
    size_t state_count;
    size_t synced; /* of them: the last is sure to be found */
};

void log_rig_init(struct log_rig *self, uint64_t seed);
void log_rig_fini(struct log_rig *self);

/* What the log said since the last call; static. */
const char *log_rig_said(struct log_rig *self);

/* What is found becomes what the rig holds; it must be one of the states. */
enum err log_rig_try_open(struct log_rig *self);
void log_rig_open(struct log_rig *self);
void log_rig_close(struct log_rig *self);                                      /* in order */
void log_rig_kill(struct log_rig *self);                                       /* the process */
void log_rig_cut(struct log_rig *self, enum disk_sim_keep keep, size_t bytes); /* and the power */

/* Writes `count` entries of len bytes from first on, in this term. */
enum err log_rig_write(struct log_rig *self, uint64_t first, unsigned count, uint32_t len,
                       bool sync);
enum err log_rig_append(struct log_rig *self, unsigned count, uint32_t len); /* synced */
enum err log_rig_hard(struct log_rig *self, uint64_t term, uint64_t vote, bool sync);
void log_rig_commit(struct log_rig *self, uint64_t index); /* not synced */
void log_rig_cover(struct log_rig *self, uint64_t index);
enum err log_rig_install(struct log_rig *self, uint64_t index);
void log_rig_step(struct log_rig *self); /* until nothing is due */
/* The first write of a log: a mark at 1, of a sole voter. */
void log_rig_begin(struct log_rig *self);

/* Which state that is, from the last on; SIZE_MAX: none. */
size_t log_rig_find(const struct log_rig *self, const struct disk_log_found *found);
void log_rig_free(struct disk_log_found *found);

#endif
