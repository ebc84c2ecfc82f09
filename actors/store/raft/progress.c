#include "actors/store/raft/progress.h"

#include <assert.h>
#include <stdlib.h>

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t most(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static void inflights_clear(struct raft_inflights *self)
{
    self->begin = 0;
    self->count = 0;
    self->bytes = 0;
}

static void inflights_add(struct raft_inflights *self, uint64_t last, uint64_t bytes)
{
    assert(!raft_inflights_are_full(self));
    self->ring[(self->begin + self->count) % self->max] = (struct raft_inflight){last, bytes};
    self->count++;
    self->bytes += bytes;
}

bool raft_inflights_are_full(const struct raft_inflights *self)
{
    return self->count == self->max || (self->bytes_max > 0 && self->bytes >= self->bytes_max);
}

void raft_progress_init(struct raft_progress *self, uint64_t id, bool learner, uint64_t next,
                        const struct raft_settings *settings)
{
    assert(settings->inflight_max > 0 && id != 0);
    *self = (struct raft_progress){.id = id, .learner = learner};
    self->inflights.ring = calloc(settings->inflight_max, sizeof(struct raft_inflight));
    if (self->inflights.ring == NULL) {
        abort(); /* bounded by raft_members_max × inflight_max: the limits are wrong */
    }
    self->inflights.max = settings->inflight_max;
    self->inflights.bytes_max = settings->inflight_bytes_max;
    raft_progress_reset(self, 0, next);
    self->active = true; /* as etcd: one that was just added is given time to answer */
}

void raft_progress_fini(struct raft_progress *self)
{
    free(self->inflights.ring);
    *self = (struct raft_progress){0};
}

void raft_progress_reset(struct raft_progress *self, uint64_t match, uint64_t next)
{
    assert(match < next);
    self->state = RAFT_PROBE;
    self->match = match;
    self->next = next;
    self->sent_commit = 0;
    self->pending_snapshot = 0;
    self->active = false;
    self->paused = false;
    self->read_round = 0;
    inflights_clear(&self->inflights);
}

static void enter(struct raft_progress *self, enum raft_progress_state state)
{
    self->state = state;
    self->paused = false;
    self->pending_snapshot = 0;
    inflights_clear(&self->inflights);
}

void raft_progress_probe(struct raft_progress *self)
{
    uint64_t snapshot = self->pending_snapshot; /* what it has if the snapshot came through */

    enter(self, RAFT_PROBE);
    self->next = most(self->match + 1, snapshot + 1);
    self->sent_commit = least(self->sent_commit, self->next - 1);
}

void raft_progress_replicate(struct raft_progress *self)
{
    enter(self, RAFT_REPLICATE);
    self->next = self->match + 1;
}

void raft_progress_snapshot(struct raft_progress *self, uint64_t index)
{
    enter(self, RAFT_SNAPSHOT);
    self->pending_snapshot = index;
    self->next = index + 1;
    self->sent_commit = index;
}

bool raft_progress_is_paused(const struct raft_progress *self)
{
    return self->state == RAFT_SNAPSHOT || self->paused;
}

void raft_progress_sent(struct raft_progress *self, unsigned count, uint64_t bytes)
{
    assert(self->state != RAFT_SNAPSHOT);
    if (self->state == RAFT_PROBE) {
        self->paused = self->paused || count > 0;
        return;
    }
    if (count > 0) {
        self->next += count;
        inflights_add(&self->inflights, self->next - 1, bytes);
    }
    self->paused = raft_inflights_are_full(&self->inflights);
}

bool raft_progress_acked(struct raft_progress *self, uint64_t index)
{
    if (index <= self->match) {
        return false;
    }
    self->match = index;
    self->next = most(self->next, index + 1);
    self->paused = false;
    return true;
}

void raft_progress_free(struct raft_progress *self, uint64_t index)
{
    struct raft_inflights *flying = &self->inflights;

    while (flying->count > 0 && flying->ring[flying->begin].last <= index) {
        flying->bytes -= flying->ring[flying->begin].bytes;
        flying->begin = (flying->begin + 1) % flying->max;
        flying->count--;
    }
}

bool raft_progress_refused(struct raft_progress *self, uint64_t index, uint64_t hint)
{
    if (self->state == RAFT_REPLICATE) {
        if (index <= self->match) {
            return false;
        }
        self->next = self->match + 1;
    } else {
        if (self->next - 1 != index) {
            return false; /* a probe is answered once */
        }
        self->next = most(least(index, hint + 1), self->match + 1);
        self->paused = false;
    }
    self->sent_commit = least(self->sent_commit, self->next - 1);
    assert(self->match < self->next);
    return true;
}

bool raft_progress_lacks_commit(const struct raft_progress *self, uint64_t commit)
{
    return commit > self->sent_commit && self->sent_commit < self->next - 1;
}
