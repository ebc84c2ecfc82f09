/* What a member replicates, as a table of functions: the store's revisions, or a test's list.
 *
 * apply is pure and total: the same calls in the same order make the same state on every member,
 * and no call that was committed can stop one. What is applied becomes durable in its own time,
 * apart from the log: a start applies again what lies behind the flushed position.
 */
#ifndef ACTORS_STORE_NODE_MACHINE_H
#define ACTORS_STORE_NODE_MACHINE_H

#include "actors/store/raft/raft.h"
#include "common/base/str.h"

/* Who took a call: (member, boot, number) names it, whatever becomes of it. */
struct machine_call {
    uint64_t member;
    uint64_t boot; /* run of the member */
    uint64_t number;
    struct str body; /* borrowed until the return */
};

/* What it holds for good. A new one: index 0, and the rest is not looked at. */
struct machine_position {
    uint64_t index;
    uint64_t term; /* of the entry there */
    struct raft_config config;
    bool installed; /* nothing was flushed since a snapshot was installed: the log may not know of
                       it yet */
};

struct machine {
    /* One call of the entry at index. answer: NULL, nobody here waits for it; else the answer is
     * appended. False: it is not done, and nothing of it is to be seen: the same comes again. */
    bool (*apply)(struct machine *self, uint64_t index, const struct machine_call *call,
                  struct buf *answer);

    /* The entry is applied whole, one without calls too. config: the members from now on. */
    void (*applied)(struct machine *self, uint64_t index, uint64_t term,
                    const struct raft_config *config);

    void (*flushed)(const struct machine *self, struct machine_position *out);

    /* Takes the place of all it holds, durably: what was pulled from the leader for this snapshot.
     * Errors: ERR_IO, logged: the process ends. */
    enum err (*install)(struct machine *self, const struct raft_snapshot *snapshot);
};

#endif
