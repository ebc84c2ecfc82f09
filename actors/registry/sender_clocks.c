#include "actors/registry/sender_clocks.h"

/* The one heard longest ago goes. */
static struct sender_clock *find(struct sender_clocks *self, uint64_t sender)
{
    struct sender_clock *oldest = &self->senders[0];

    for (unsigned i = 0; i < sender_clocks_max; i++) {
        struct sender_clock *it = &self->senders[i];

        if (it->sender == sender) {
            return it;
        }
        oldest = it->heard_ms < oldest->heard_ms ? it : oldest;
    }
    self->late -= oldest->began_ms != INT64_MAX;
    *oldest = (struct sender_clock){.sender = sender, .began_ms = INT64_MAX, .second = INT64_MIN};
    return oldest;
}

/* Its run of late ones is over. */
static void end_run(struct sender_clocks *self, struct sender_clock *it)
{
    self->late -= it->began_ms != INT64_MAX;
    it->began_ms = INT64_MAX;
    it->seconds = 0;
    it->second = INT64_MIN;
}

/* late_ns: by this node's clock. True: so it has been long enough. */
static bool learn(struct sender_clocks *self, struct sender_clock *it, int64_t late_ns,
                  const struct now *now)
{
    int64_t second = now->mono_ms / 1000;

    if (it->began_ms == INT64_MAX) {
        self->late++;
        it->began_ms = now->mono_ms;
        it->least_ns = late_ns;
    }
    it->least_ns = late_ns < it->least_ns ? late_ns : it->least_ns;
    it->seconds += second != it->second;
    it->second = second;
    if (now->mono_ms - it->began_ms < sender_learn_ms || it->seconds < sender_learn_seconds) {
        return false;
    }
    it->behind_ns = it->least_ns + self->deadline_ns;
    end_run(self, it);
    return true;
}

void sender_clocks_init(struct sender_clocks *self, int64_t deadline_ms)
{
    *self = (struct sender_clocks){.deadline_ns = deadline_ms * 1000000};
    for (unsigned i = 0; i < sender_clocks_max; i++) {
        self->senders[i].began_ms = INT64_MAX;
    }
}

bool sender_clocks_is_late(struct sender_clocks *self, uint64_t sender, int64_t expires_ns,
                           const struct now *now, int64_t *learnt_ns)
{
    int64_t late_ns = now->wall_ns - expires_ns;
    struct sender_clock *it;

    *learnt_ns = 0;
    if (sender == 0 || (late_ns <= 0 && self->late == 0)) {
        return late_ns > 0;
    }
    it = find(self, sender);
    it->heard_ms = now->mono_ms;
    if (late_ns <= it->behind_ns) {
        it->behind_ns = late_ns <= 0 ? 0 : it->behind_ns; /* its clock was set right */
        end_run(self, it);
        return false;
    }
    if (learn(self, it, late_ns, now)) {
        *learnt_ns = it->behind_ns;
        return false;
    }
    return true;
}
