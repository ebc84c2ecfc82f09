/* Who is a node, at each node. */
#include "tests/sim/judge.h"

static const int64_t leave_ms = 10000;

/* Whether node holds a live infra.discovery instance of the other one. */
static bool lists(const struct judge *self, uint32_t node, uint32_t other)
{
    const struct site *site = &self->sites[other];
    const struct registry *registry = site_registry(&self->sites[node])->registry;
    struct identity id = {.env = STR("dev"),
                          .appid = STR("infra.discovery"),
                          .zone = str_from(site->zone),
                          .hostname = str_from(site->name)};
    uint32_t slot = registry_find(registry, identity_key(&id));

    return slot != REGISTRY_NONE && registry_is_live(registry, slot);
}

/* ── 12: who leaves is gone ─────────────────────────────────────────────────*/

void judge_leaves(struct judge *self, uint32_t node)
{
    self->nodes[node].leave = (struct judge_leave){.told_ms = sim_ms(self->sim)};
    for (uint32_t i = 0; i < self->plan->nodes; i++) {
        self->nodes[node].leave.knows[i] =
            i != node && self->plan->zone_of[i] == self->plan->zone_of[node] &&
            network_was_good(self->network, node, i, sim_ms(self->sim) - 10000, sim_ms(self->sim));
    }
}

/* Who may not have been told, because the way was not good until the end. Its own end is no
 * disturbance of the way. */
static void settle(struct judge *self, uint32_t node)
{
    struct judge_leave *leave = &self->nodes[node].leave;

    leave->settled = true;
    for (uint32_t i = 0; i < self->plan->nodes; i++) {
        leave->knows[i] =
            leave->knows[i] &&
            network_way_was_good(self->network, node, i, leave->told_ms, sim_ms(self->sim));
    }
}

static void check_left(struct judge *self, uint32_t node)
{
    struct judge_leave *leave = &self->nodes[node].leave;
    int64_t now_ms = sim_ms(self->sim);
    int64_t left_ms = self->sites[node].left_ms;

    for (uint32_t i = 0; i < self->plan->nodes; i++) {
        leave->knows[i] = leave->knows[i] &&
                          network_was_good(self->network, i, i, leave->told_ms, now_ms) &&
                          site_registry(&self->sites[i]) != NULL;
        if (leave->knows[i] && now_ms - left_ms > leave_ms && lists(self, i, node)) {
            judge_fail(self, "node%u left %.1f s ago, and node%u has it still", (unsigned)node + 1,
                       (double)(now_ms - left_ms) / 1000, (unsigned)i + 1);
        }
    }
}

void judge_nodes(struct judge *self)
{
    for (uint32_t i = 0; i < self->plan->nodes; i++) {
        struct judge_leave *leave = &self->nodes[i].leave;

        if (self->sites[i].left_ms == INT64_MAX) {
            if (!self->sites[i].leaving) {
                leave->told_ms = INT64_MAX; /* it was killed meanwhile, or is back */
            }
        } else if (leave->told_ms != INT64_MAX) {
            if (!leave->settled) {
                settle(self, i);
            }
            check_left(self, i);
        }
    }
}
