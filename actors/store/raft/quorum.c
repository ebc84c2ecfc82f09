#include "actors/store/raft/quorum.h"

#include <assert.h>
#include <string.h>

/* Where id is, or would be. */
static unsigned place_of(const struct raft_members *self, uint64_t id)
{
    unsigned at = 0;

    while (at < self->count && self->ids[at] < id) {
        at++;
    }
    return at;
}

bool raft_members_have(const struct raft_members *self, uint64_t id)
{
    unsigned at = place_of(self, id);

    return at < self->count && self->ids[at] == id;
}

void raft_members_add(struct raft_members *self, uint64_t id)
{
    unsigned at = place_of(self, id);

    assert(self->count < raft_members_max && id != 0);
    assert(at == self->count || self->ids[at] != id);
    memmove(&self->ids[at + 1], &self->ids[at], (self->count - at) * sizeof(self->ids[0]));
    self->ids[at] = id;
    self->count++;
}

void raft_members_remove(struct raft_members *self, uint64_t id)
{
    unsigned at = place_of(self, id);

    assert(at < self->count && self->ids[at] == id);
    self->count--;
    memmove(&self->ids[at], &self->ids[at + 1], (self->count - at) * sizeof(self->ids[0]));
}

uint64_t raft_quorum_reached(uint64_t *values, unsigned count)
{
    if (count == 0) {
        return UINT64_MAX;
    }
    for (unsigned i = 1; i < count; i++) { /* descending; at most raft_members_max of them */
        uint64_t value = values[i];
        unsigned at = i;

        for (; at > 0 && values[at - 1] < value; at--) {
            values[at] = values[at - 1];
        }
        values[at] = value;
    }
    return values[count / 2];
}

enum raft_election raft_quorum_election(unsigned granted, unsigned refused, unsigned count)
{
    unsigned majority = count == 0 ? 0 : count / 2 + 1;

    assert(granted + refused <= count);
    if (granted >= majority) {
        return RAFT_ELECTION_WON;
    }
    return count - refused < majority ? RAFT_ELECTION_LOST : RAFT_ELECTION_OPEN;
}
