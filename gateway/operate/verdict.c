#include "gateway/operate/verdict.h"

#include <inttypes.h>

static const uint64_t near_percent = 90;     /* of a limit */
static const int64_t out_of_step_ms = 10000; /* digests are compared once a second, and repaired */
static const int64_t silence_bad_ms = 10000; /* a registry that is restarted is back long before */

const char *check_name(enum check_name name)
{
    static const char *const names[] = {
#define CHECK_TEXT(NAME, name) name,
        CHECK_TABLE(CHECK_TEXT)
#undef CHECK_TEXT
    };

    return names[name];
}

const char *check_level_text(enum check_level level)
{
    static const char *const texts[] = {"ok", "notice", "bad"};

    return texts[level];
}

void duration_print(struct buf *to, int64_t ms)
{
    static const struct {
        int64_t ms;
        const char *unit;
    } units[] = {{86400000, "d"}, {3600000, "h"}, {60000, "min"}};
    enum { least = 2 }; /* of a unit: 90 s says more than 2 min */

    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (ms >= least * units[i].ms) {
            buf_printf(to, "%" PRId64 " %s", (ms + units[i].ms - 1) / units[i].ms, units[i].unit);
            return;
        }
    }
    buf_printf(to, "%" PRId64 " s", (ms + 999) / 1000);
}

/* ── one function a check: fills text, says how bad it is ───────────────────*/

static enum check_level judge_replica(const struct verdict_facts *facts, struct buf *text)
{
    buf_add_str(text, facts->caught_up ? STR("has all that the registry holds")
                                       : STR("starting: what the registry holds is not here yet"));
    return facts->caught_up ? CHECK_OK : CHECK_BAD;
}

static enum check_level judge_registry(const struct verdict_facts *facts, struct buf *text)
{
    if (facts->stale_ms == 0) {
        buf_add_str(text, STR("speaks"));
        return CHECK_OK;
    }
    buf_add_str(text, STR("the registry has been silent for "));
    duration_print(text, facts->stale_ms);
    buf_add_str(text, facts->stale_ms > facts->stale_limit_ms
                          ? STR(": polls are refused, so that clients turn to another node")
                          : STR(": reads are answered from what was known then, writes wait"));
    return facts->stale_ms >= silence_bad_ms ? CHECK_BAD : CHECK_NOTICE;
}

static enum check_level judge_protect(const struct verdict_facts *facts, struct buf *text)
{
    if (!facts->protect_on) {
        buf_add_str(text, STR("reads are served"));
        return CHECK_OK;
    }
    buf_printf(text,
               "protected at start: reads are refused, %.*s; ends when in sync with a peer, in ",
               STR_ARG(facts->protect_reason));
    duration_print(text, facts->protect_left_ms);
    buf_add_str(text, STR(" at most"));
    return CHECK_BAD;
}

/* Of a limit: full is bad, nearly full a notice. */
static enum check_level share_level(uint64_t used, uint64_t max)
{
    if (max == 0 || used * 100 < max * near_percent) {
        return CHECK_OK;
    }
    return used >= max ? CHECK_BAD : CHECK_NOTICE;
}

static enum check_level judge_memory(const struct verdict_facts *facts, struct buf *text)
{
    static const uint64_t mib = (uint64_t)1 << 20;
    enum check_level level = share_level(facts->memory_held, facts->memory_max);

    buf_printf(text, "a gateway holds %" PRIu64 " of %" PRIu64 " MiB for its clients",
               facts->memory_held / mib, facts->memory_max / mib);
    if (level == CHECK_BAD) {
        buf_add_str(text, STR(", all that gateway.memory_max lets it: large reads are refused"));
    }
    return level;
}

static enum check_level judge_connections(const struct verdict_facts *facts, struct buf *text)
{
    enum check_level level = share_level(facts->connections, facts->connections_max);

    buf_printf(text, "%" PRIu64 " of %" PRIu64 " places for connections of a gateway are taken",
               facts->connections, facts->connections_max);
    if (level == CHECK_BAD) {
        buf_add_str(text, STR(": who waits is ended early to make room"));
    }
    return level;
}

static enum check_level judge_storage(const struct verdict_facts *facts, struct buf *text)
{
    if (facts->storage_ok) {
        buf_add_str(text, STR("changes are on the disk"));
        return CHECK_OK;
    }
    buf_printf(text, "changes are in memory only: %.*s", STR_ARG(facts->storage_reason));
    return CHECK_BAD;
}

static enum check_level judge_damage(const struct verdict_facts *facts, struct buf *text)
{
    if (!facts->damaged) {
        buf_add_str(text, STR("none that is not dealt with"));
        return CHECK_OK;
    }
    buf_printf(text, "damage on the disk: %.*s; musterctl storage --acknowledge: it is known",
               STR_ARG(facts->damage));
    return CHECK_BAD;
}

static enum check_level judge_evictor(const struct verdict_facts *facts, struct buf *text)
{
    buf_add_str(text, facts->evictor_heard
                          ? STR("speaks")
                          : STR("the evictor is silent: nobody is evicted until it is back"));
    return facts->evictor_heard ? CHECK_OK : CHECK_NOTICE;
}

static enum check_level judge_replicator(const struct verdict_facts *facts, struct buf *text)
{
    buf_add_str(text, facts->replicator_heard
                          ? STR("speaks")
                          : STR("the replicator is silent: this node and its peers hear nothing of "
                                "each other until it is back"));
    return facts->replicator_heard ? CHECK_OK : CHECK_NOTICE;
}

static enum check_level judge_actors(const struct verdict_facts *facts, struct buf *text)
{
    if (facts->silent.len == 0) {
        buf_add_str(text, STR("answer"));
        return CHECK_OK;
    }
    buf_printf(text, "no answer from %.*s", STR_ARG(facts->silent));
    return CHECK_NOTICE;
}

static enum check_level judge_sync(const struct verdict_facts *facts, struct buf *text)
{
    if (!facts->syncing) {
        buf_add_str(text, STR("done"));
        return CHECK_OK;
    }
    buf_add_str(text, STR("this node started with nothing and is taking over what its peers hold"));
    return CHECK_NOTICE;
}

static enum check_level judge_peers(const struct verdict_facts *facts, struct buf *text)
{
    if (facts->peers_lost == 0) {
        buf_printf(text, facts->peers == 0 ? "there are none" : "%" PRIu32 " are up", facts->peers);
        return CHECK_OK;
    }
    buf_printf(text, "%" PRIu32 " of %" PRIu32 " peers lost: %.*s", facts->peers_lost, facts->peers,
               STR_ARG(facts->lost));
    return CHECK_NOTICE;
}

static enum check_level judge_nodes(const struct verdict_facts *facts, struct buf *text)
{
    buf_add_str(text, facts->trouble.len > 0 ? facts->trouble : STR("are of use"));
    return facts->trouble.len > 0 ? CHECK_NOTICE : CHECK_OK;
}

static enum check_level judge_eviction(const struct verdict_facts *facts, struct buf *text)
{
    if (!facts->protection_on) {
        buf_add_str(text, STR("who is silent is evicted"));
        return CHECK_OK;
    }
    buf_printf(text,
               "self-protection: nobody is evicted, %.*s: %" PRIu64 " of %" PRIu64
               " expected heartbeats heard, %" PRIu64 " needed; judged again in ",
               STR_ARG(facts->protection_reason), facts->heard, facts->expected, facts->threshold);
    duration_print(text, facts->next_round_ms);
    /* Who expects nobody, as at a start, protects nobody. */
    return facts->expected > 0 ? CHECK_NOTICE : CHECK_OK;
}

static enum check_level judge_digests(const struct verdict_facts *facts, struct buf *text)
{
    if (facts->in_step || facts->peers == 0) {
        buf_add_str(text, facts->peers == 0 ? STR("there is nobody to compare with")
                                            : STR("all peers hold the same"));
        return CHECK_OK;
    }
    buf_add_str(text, STR("this node and its peers have not held the same for "));
    duration_print(text, facts->out_of_step_ms);
    /* A lost peer is told of by itself. */
    return facts->out_of_step_ms >= out_of_step_ms && facts->peers_lost == 0 ? CHECK_NOTICE
                                                                             : CHECK_OK;
}

static enum check_level judge_clock(const struct verdict_facts *facts, struct buf *text)
{
    int64_t by_ms = facts->clock_set_by_ms;

    if (by_ms == 0) {
        buf_add_str(text, STR("runs as time does"));
        return CHECK_OK;
    }
    buf_add_str(text, STR("this host's clock was set "));
    duration_print(text,
                   ((by_ms > 0 ? by_ms : -by_ms) + 500) / 1000 * 1000); /* looks are ms apart */
    buf_add_str(text, by_ms > 0 ? STR(" forward, ") : STR(" back, "));
    duration_print(text, facts->clock_set_ago_ms);
    buf_add_str(text, STR(" ago: who registers now is dated by it, who is here is not"));
    return CHECK_NOTICE;
}

/* Chosen by somebody: shown, and nothing that is wrong. */
static enum check_level judge_open(const struct verdict_facts *facts, struct buf *text)
{
    buf_add_str(text, facts->open.len > 0 ? facts->open : STR("to nobody but who is configured"));
    return CHECK_OK;
}

typedef enum check_level judge_fn(const struct verdict_facts *facts, struct buf *text);

/* In the order of CHECK_TABLE. */
static judge_fn *const judges[] = {
    judge_replica, judge_registry, judge_protect,    judge_memory, judge_connections, judge_storage,
    judge_damage,  judge_evictor,  judge_replicator, judge_actors, judge_sync,        judge_peers,
    judge_nodes,   judge_eviction, judge_digests,    judge_clock,  judge_open,
};
_Static_assert(sizeof(judges) / sizeof(judges[0]) == CHECK_COUNT, "a judge for each check");

/* ── all of them ────────────────────────────────────────────────────────────*/

static void say_well(const struct verdict_facts *facts, struct buf *text)
{
    buf_printf(text, "all is well: %" PRIu64 " instance%s of %" PRIu64 " app%s", facts->instances,
               facts->instances == 1 ? "" : "s", facts->apps, facts->apps == 1 ? "" : "s");
    if (facts->peers > 0 && facts->in_step) {
        buf_printf(text,
                   facts->peers == 1 ? ", and %" PRIu32 " peer holds the same"
                                     : ", and %" PRIu32 " peers hold the same",
                   facts->peers);
    }
}

void verdict_judge(struct verdict *self, const struct verdict_facts *facts)
{
    const struct check *worst = NULL;
    unsigned others = 0;

    self->text.len = 0;
    self->level = CHECK_OK;
    for (unsigned i = 0; i < CHECK_COUNT; i++) {
        struct check *check = &self->checks[i];

        check->text.len = 0;
        check->level = judges[i](facts, &check->text);
        others += check->level > CHECK_OK;
        if (check->level > self->level) {
            self->level = check->level;
            worst = check;
        }
    }
    if (worst == NULL) {
        say_well(facts, &self->text);
        return;
    }
    buf_add_str(&self->text, buf_str(&worst->text));
    if (others > 1) {
        buf_printf(&self->text, " (and %u more)", others - 1);
    }
}

void verdict_fini(struct verdict *self)
{
    buf_fini(&self->text);
    for (unsigned i = 0; i < CHECK_COUNT; i++) {
        buf_fini(&self->checks[i].text);
    }
}
