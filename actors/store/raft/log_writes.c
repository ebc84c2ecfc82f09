#include "actors/store/raft/log.h"

#include <assert.h>

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t most(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

void raft_log_unwrite(struct raft_log *self, uint64_t index)
{
    self->handed = least(self->handed, index - 1);
    self->stable = least(self->stable, index - 1);
    for (unsigned i = 0; i < self->write_count; i++) {
        struct raft_write *write = &self->writes[(self->write_begin + i) % raft_writes_max];

        write->last = least(write->last, index - 1);
    }
}

uint64_t raft_log_write(struct raft_log *self, bool synced)
{
    struct raft_write *write =
        &self->writes[(self->write_begin + self->write_count) % raft_writes_max];

    assert(self->write_count < raft_writes_max);
    *write = (struct raft_write){.serial = ++self->serial, .last = raft_log_last(self)};
    if (synced) {
        write->commit = self->committed;
        self->commit_syncing = self->committed;
    }
    if (self->snapshot_state == RAFT_SNAPSHOT_WAITS) {
        write->snapshot = self->snapshot.index;
        self->snapshot_state = RAFT_SNAPSHOT_HANDED;
    }
    self->handed = raft_log_last(self);
    self->write_count++;
    return self->serial;
}

void raft_log_written(struct raft_log *self, uint64_t serial)
{
    assert(serial <= self->serial);
    while (self->write_count > 0 && self->writes[self->write_begin].serial <= serial) {
        const struct raft_write *write = &self->writes[self->write_begin];

        self->stable = most(self->stable, write->last);
        self->commit_synced = most(self->commit_synced, write->commit);
        if (self->snapshot_state == RAFT_SNAPSHOT_HANDED &&
            write->snapshot == self->snapshot.index) {
            self->snapshot_state = RAFT_SNAPSHOT_NONE;
            self->applying = most(self->applying, write->snapshot);
            self->applied = most(self->applied, write->snapshot);
        }
        self->write_begin = (self->write_begin + 1) % raft_writes_max;
        self->write_count--;
    }
    assert(self->stable <= self->handed && self->applied <= self->committed);
}
