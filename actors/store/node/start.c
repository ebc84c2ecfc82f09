#include <assert.h>
#include <stdlib.h>

#include "actors/store/node/apply.h"
#include "common/base/heap.h"

static const uint64_t first_index = 1; /* where the first members begin: raft.h */
static const uint64_t first_term = 1;

static void set_bounds(struct raft_node_settings *settings)
{
#define BOUND(name, value) settings->name = settings->name == 0 ? (value) : settings->name
    BOUND(call_bytes_max, UINT64_C(2) << 20);
    BOUND(queue_bytes_max, UINT64_C(64) << 20);
    BOUND(queue_count_max, 65536);
    BOUND(entry_bytes_max, UINT64_C(256) << 10);
    BOUND(flight_bytes_max, UINT64_C(8) << 20);
    BOUND(log_bytes_max, UINT64_C(64) << 20);
    BOUND(compact_bytes, UINT64_C(32) << 20);
    BOUND(trail_bytes, UINT64_C(16) << 20);
    BOUND(apply_bytes, UINT64_C(1) << 20);
#undef BOUND
    assert(settings->call_bytes_max + 1024 <= log_entry_bytes_max);
    assert(settings->entry_bytes_max <= log_entry_bytes_max);
}

static struct raft_settings settings_of(const struct raft_node_settings *from)
{
    return (struct raft_settings){.id = from->member,
                                  .election_ms = from->election_ms,
                                  .heartbeat_ms = from->heartbeat_ms,
                                  .message_bytes_max = UINT64_C(1) << 20,
                                  .inflight_bytes_max = UINT64_C(8) << 20,
                                  .uncommitted_bytes_max = UINT64_MAX / 2, /* the node's bound */
                                  .inflight_max = 64,
                                  .pre_vote = true,
                                  .check_quorum = true,
                                  .durable_changes = true,
                                  .prng = from->prng};
}

static enum err refuse(const struct raft_node_settings *settings,
                       const struct disk_log_found *found, const struct machine_position *at,
                       const char *what)
{
    log_event(settings->log, LOG_ERROR, "state_refused",
              "nothing was changed; put state and log back as they were together, or "
              "restore a snapshot; of several members, remove this one and add it anew",
              log_text("reason", what), log_uint("entry", at->index), log_uint("term", at->term),
              log_uint("log_from", found->mark.index + 1),
              log_uint("log_to", found->mark.index + found->count));
    return ERR_UNUSABLE;
}

static bool is_alone(const struct raft_node_settings *settings, const struct raft_config *config)
{
    return config->voters.count == 1 && config->learners.count == 0 &&
           config->voters.ids[0] == settings->member;
}

static enum err begin_anew(struct disk_log *log, struct disk_log_found *found,
                           const struct raft_snapshot *snapshot)
{
    struct raft_hard *hard = &found->hard;

    for (size_t i = 0; i < found->count; i++) {
        free(found->entries[i].data);
    }
    found->count = 0;
    found->mark = *snapshot;
    hard->commit = snapshot->index;
    if (hard->term < snapshot->term) {
        *hard = (struct raft_hard){snapshot->term, 0, snapshot->index};
    }
    return disk_log_write(
        log, &(struct disk_log_write){
                 .hard = *hard, .first = snapshot->index + 1, .snapshot = snapshot, .sync = true});
}

static uint64_t term_at(const struct disk_log_found *found, uint64_t index)
{
    return index == found->mark.index ? found->mark.term
                                      : found->entries[index - found->mark.index - 1].term;
}

/* The state machine's position lies in the log, or is where the log begins anew. */
static enum err fit(const struct raft_node_settings *settings, struct disk_log *log,
                    struct disk_log_found *found, struct machine_position *at)
{
    struct raft_snapshot first = {first_index, first_term, settings->first};
    struct raft_snapshot held = {at->index, at->term, at->config};
    enum err err = ERR_OK;

    if (found->fresh && found->hard.term == 0 && at->index == 0 && first.config.voters.count > 0) {
        err = begin_anew(log, found, &first);
    } else if (at->index > found->mark.index + found->count) {
        if (!at->installed && !(settings->cut_damage && is_alone(settings, &at->config))) {
            return refuse(settings, found, at, "the log ends before the state");
        }
        err = begin_anew(log, found, &held);
    }
    if (err != ERR_OK) {
        return err;
    }
    if (at->index == 0 && found->mark.index <= first_index) { /* nothing was applied yet */
        *at = (struct machine_position){
            .index = found->mark.index, .term = found->mark.term, .config = found->mark.config};
    }
    if (at->index < found->mark.index) {
        return refuse(settings, found, at, "the log begins behind the state");
    }
    return term_at(found, at->index) == at->term
               ? ERR_OK
               : refuse(settings, found, at, "log and state are of two histories");
}

/* What is durably applied was committed, whatever index the power cut has left. */
static enum err learn_commit(struct disk_log *log, struct disk_log_found *found,
                             const struct machine_position *at)
{
    if (found->hard.commit >= at->index) {
        return ERR_OK;
    }
    found->hard.commit = at->index;
    return disk_log_write(log,
                          &(struct disk_log_write){.hard = found->hard,
                                                   .first = found->mark.index + found->count + 1});
}

static void start(struct raft_node *self, struct disk_log_found *found,
                  const struct machine_position *at)
{
    struct raft_settings settings = settings_of(&self->settings);
    struct raft_snapshot begin = {found->mark.index, found->mark.term, at->config};
    int64_t begin_ms = self->now_ms;

    self->applied = at->index;
    self->apply_to = at->index;
    self->applied_term = at->term;
    self->config = at->config;
    self->mark = found->mark;
    self->dropped = found->mark.index;
    self->drop_to = found->mark.index;
    /* An answer to an earlier run of this member may still be on its way. */
    self->reads.round = prng_next(settings.prng) >> 1;
    for (uint64_t i = 0; i < at->index - found->mark.index; i++) {
        self->log_bytes += found->entries[i].len + node_entry_bytes;
    }
    if (is_alone(&self->settings, &self->config)) { /* nobody else could lead: it need not wait */
        begin_ms -= 2 * (int64_t)settings.election_ms;
    }
    self->raft = raft_new(&settings, &found->hard, &begin, found->entries, found->count, at->index,
                          begin_ms);
    found->count = 0;
}

enum err raft_node_new(const struct raft_node_settings *settings, struct disk_log *log,
                       struct disk_log_found *found, struct machine *machine, int64_t now_ms,
                       struct raft_node **out)
{
    struct raft_node *self = heap_new(sizeof(*self));
    struct machine_position at;
    enum err err;

    assert(settings->member != 0 && settings->boot != 0);
    self->settings = *settings;
    set_bounds(&self->settings);
    self->log = log;
    self->machine = machine;
    self->now_ms = now_ms;
    machine->flushed(machine, &at);
    err = fit(settings, log, found, &at);
    if (err == ERR_OK) {
        err = learn_commit(log, found, &at);
    }
    if (err == ERR_OK) {
        start(self, found, &at);
        *out = self;
    } else {
        raft_node_destroy(&self);
    }
    for (size_t i = 0; i < found->count; i++) {
        free(found->entries[i].data);
    }
    free(found->entries);
    *found = (struct disk_log_found){0};
    return err;
}

void raft_node_destroy(struct raft_node **self)
{
    if (*self == NULL) {
        return;
    }
    raft_destroy(&(*self)->raft);
    calls_fini(&(*self)->calls);
    reads_fini(&(*self)->reads);
    free((*self)->answers);
    buf_fini(&(*self)->bodies);
    free(*self);
    *self = NULL;
}
