/* livez: the process answers. readyz: it answers well; verbose names each part. */
#include <inttypes.h>

#include "gateway/discovery/gateway.h"
#include "gateway/discovery/openness.h"
#include "gateway/discovery/replica.h"

static const char text_type[] = "text/plain; charset=utf-8";

struct report {
    struct buf lines;
    bool ready;
};

/* needed: readyz fails without it. */
static void note(struct report *self, const char *name, bool ok, bool needed, struct str why)
{
    self->ready = self->ready && (ok || !needed);
    buf_printf(&self->lines, ok ? "[+]%s ok" : "[-]%s ", name);
    if (!ok) {
        buf_add_str(&self->lines, why);
    }
    buf_add_char(&self->lines, '\n');
}

static void note_registry(struct gateway *self, struct report *report, const struct now *now)
{
    struct replica_protect protect = replica_protect(self->replica, now);
    struct replica_storage storage = replica_storage(self->replica);
    int64_t stale_ms = replica_stale_ms(self->replica, now);
    struct buf why = {0};

    note(report, "replica", replica_ready(self->replica), true, STR("not caught up yet"));
    buf_printf(&why, "stale: %lld s", (long long)(stale_ms / 1000));
    note(report, "registry", stale_ms == 0, stale_ms > self->config->gateway_stale_limit,
         buf_str(&why));
    why.len = 0;
    buf_printf(&why, "%.*s; ends in %lld s at most", STR_ARG(protect.reason),
               (long long)((protect.left_ms + 999) / 1000));
    note(report, "protect", !protect.on, true, buf_str(&why));
    if (protect.syncing) {
        note(report, "sync", false, false,
             STR("this node started with nothing and has not taken over what its peers hold yet: "
                 "heartbeats and fetches of what is unknown wait for it, 2 s at most"));
    }
    why.len = 0;
    buf_printf(&why, "changes are in memory only: %.*s", STR_ARG(storage.reason));
    note(report, "storage", storage.ok, false, buf_str(&why));
    if (storage.damaged) {
        why.len = 0;
        buf_printf(&why, "%.*s; musterctl storage --acknowledge: it is known",
                   STR_ARG(storage.damage));
        note(report, "damage", false, false, buf_str(&why));
    }
    buf_fini(&why);
}

static void note_followers(struct gateway *self, struct report *report)
{
    static const enum actor_name others[] = {ACTOR_REPLICATOR, ACTOR_EVICTOR};

    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        struct follower_state state;

        replica_follower(self->replica, others[i], &state);
        note(report, actor_name_text(others[i]), state.current, false, STR("not heard"));
    }
}

/* Nodes that are there and of no use, each with the reason and the remedy. */
static void note_nodes(struct gateway *self, struct report *report)
{
    size_t count;
    const struct replica_node *nodes = replica_nodes(self->replica, &count);

    for (size_t i = 0; i < count; i++) {
        if (nodes[i].trouble.len > 0) {
            note(report, "nodes", false, false, nodes[i].trouble);
        }
    }
}

/* What was chosen, and lets strangers do more than they should: said, and no reason to be unready.
 */
static void note_open(struct gateway *self, struct report *report)
{
    for (enum openness at = 0; at < OPEN_COUNT; at++) {
        if (gateway_is_open(self->config, at)) {
            buf_printf(&report->lines, "[+]%s %s\n", openness_name(at), openness_text(at));
        }
    }
}

/* Why nobody is evicted, in words: the first thing asked when a dead instance stays listed. */
static void note_eviction(struct gateway *self, struct report *report, const struct now *now)
{
    struct replica_protection protection = replica_protection(self->replica, now);
    struct buf why = {0};

    if (!protection.known) {
        return;
    }
    buf_printf(&why,
               "protected, %.*s: %" PRIu64 " of %" PRIu64 " expected heartbeats heard, %" PRIu64
               " needed; judged again in %" PRId64 " s",
               STR_ARG(protection.reason), protection.heard, protection.expected,
               protection.threshold, (protection.next_round_ms + 999) / 1000);
    note(report, "eviction", !protection.on, false, buf_str(&why));
    buf_fini(&why);
}

void serve_livez(struct gateway *self, struct request *request, const struct now *now)
{
    struct buf body = {0};

    (void)self;
    (void)now;
    buf_add_str(&body, params_has(request_params(request), STR("verbose"))
                           ? STR("[+]gateway ok\nok\n")
                           : STR("ok\n"));
    answer_text(request, 200, text_type, &body);
}

void serve_readyz(struct gateway *self, struct request *request, const struct now *now)
{
    struct report report = {.ready = true};

    note_registry(self, &report, now);
    note_followers(self, &report);
    note_nodes(self, &report);
    note_eviction(self, &report, now);
    note_open(self, &report);
    if (!params_has(request_params(request), STR("verbose"))) {
        report.lines.len = 0;
    }
    buf_add_str(&report.lines, report.ready ? STR("ok\n") : STR("not ready\n"));
    answer_text(request, report.ready ? 200 : 503, text_type, &report.lines);
}
