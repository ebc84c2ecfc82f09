#include "tests/store/sim/node_limits.h"

#include "actors/store/node/node_state.h"

void node_limits(struct raft_node *node, const struct plan *plan)
{
    struct raft_node_settings *settings = &node->settings;

#define LIMIT(name) settings->name = plan->name > 0 ? plan->name : settings->name
    LIMIT(compact_bytes);
    LIMIT(entry_bytes_max);
    LIMIT(apply_bytes);
#undef LIMIT
}
