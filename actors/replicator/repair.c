#include "actors/replicator/repair.h"

#include <assert.h>

#include "actors/replicator/ask.h"
#include "actors/replicator/root.h"
#include "actors/replicator/state.h"
#include "actors/replicator/walk.h"

static const unsigned differing_ticks = 2;
static const int64_t moving_ms = 30000;

enum {
    branch_count = 64,
    branch_leaves = 64,
    leaf_bytes = 2,
    leaves_at_once = walk_leaves_max,
    found_keys = walk_keys_max,
    pieces_max = 1024, /* of one leaf: more than a registry holds */
    no_leaf = 0xffff,
};

/* What was waited for. */
static const char *const waits[WALK_STATE_COUNT] = {
    [WALK_IDLE] = "nothing",
    [WALK_BRANCHES] = "the sums of the branches",
    [WALK_LEAVES] = "the sums of the leaves",
    [WALK_ENTRIES] = "the entries",
    [WALK_COMPARE] = "this node's registry, which compares entries",
    [WALK_LOOKUP] = "the states",
    [WALK_MERGE] = "this node's registry, which takes states in",
};

enum ending { WALK_WHOLE, WALK_CUT, WALK_LOST };

static unsigned leaf_of(const struct walk *walk)
{
    const unsigned char *leaves = (const unsigned char *)walk->leaves.data;
    size_t at = walk->leaves_at;

    return at < walk->leaves.len ? (unsigned)leaves[at] << 8 | leaves[at + 1] : no_leaf;
}

/* The roots go on differing, and the next walk ends there too. */
static void note_cut(struct replicator *self, const struct peer *peer, struct walk *walk)
{
    unsigned leaf = leaf_of(walk);
    uint32_t place = (uint32_t)walk->state << 16 | leaf;

    if (walk->cut_at == place && !walk->cut_said) {
        struct buf where = {0};

        if (leaf != no_leaf) {
            buf_printf(&where, " from leaf %u on", leaf);
        }
        walk->cut_said = true;
        log_event(self->log, LOG_WARN, "walk_cut",
                  "comparing with that node ended twice at one place: what it holds there "
                  "this one may go on lacking; look at the logs of both, and run the same "
                  "version on both",
                  log_buf("peer", &peer->addr), log_text("waited_for", waits[walk->state]),
                  log_int("from_leaf", leaf != no_leaf ? (int64_t)leaf : -1));
        buf_fini(&where);
    }
    walk->cut_at = place;
}

static void end(struct replicator *self, struct peer *peer, enum ending how)
{
    struct walk *walk = &peer->walk;

    if (how == WALK_CUT) {
        note_cut(self, peer, walk);
    }
    walk_enter(walk, WALK_IDLE);
    walk_clear(walk);
    walk->differs = 0;
    walk->calm = how == WALK_WHOLE && walk->pulled == 0;
    self->counters.walks_cut += how != WALK_WHOLE;
    if (how == WALK_WHOLE) {
        walk->cut_at = 0;
        walk->cut_said = false;
        sync_walked(self, peer);
    }
}

void repair_stop(struct replicator *self, struct peer *peer, const struct now *now)
{
    (void)now;
    if (peer->walk.state != WALK_IDLE) {
        end(self, peer, WALK_LOST);
    }
    peer->walk.differs = 0;
    peer->walk.since_ms = 0;
    peer->walk.calm = false;
}

/* ── asking ── */

static bool put(struct replicator *self, struct peer *peer, enum ask_kind kind, struct msg *msg,
                const struct now *now, struct outbox *out)
{
    struct ask ask = replicator_ask_for(self, kind, peer);

    ask.round = peer->walk.round;
    return replicator_ask(self, &ask, msg, now, out) != 0;
}

/* The sums of both, of walk->branches or of the branches themselves. */
static void ask_sums(struct replicator *self, struct peer *peer, enum walk_state state,
                     const struct now *now, struct outbox *out)
{
    struct walk *walk = &peer->walk;
    struct msg msg = {.type = MSG_TYPE_DIGEST};

    walk_enter(walk, state);
    sums_clear(&walk->mine);
    sums_clear(&walk->theirs);
    msg.as_digest.branches = buf_str(&walk->branches);
    if (!put(self, peer, ASK_WALK_THEIRS, &msg, now, out) ||
        !put(self, peer, ASK_WALK_MINE, &msg, now, out)) {
        end(self, peer, WALK_CUT);
    }
}

static void ask_entries(struct replicator *self, struct peer *peer, const struct now *now,
                        struct outbox *out)
{
    struct walk *walk = &peer->walk;
    struct msg msg = {.type = MSG_TYPE_LEAVES};
    size_t left = walk->leaves.len - walk->leaves_at;

    if (left == 0) {
        end(self, peer, WALK_WHOLE);
        return;
    }
    walk_enter(walk, WALK_ENTRIES);
    msg.as_leaves.leaves = (struct str){
        walk->leaves.data + walk->leaves_at,
        left < (size_t)leaves_at_once * leaf_bytes ? left : (size_t)leaves_at_once * leaf_bytes};
    msg.as_leaves.cursor = walk->leaf_cursor;
    if (!put(self, peer, ASK_WALK_ENTRIES, &msg, now, out)) {
        end(self, peer, WALK_CUT);
    }
}

/* The next piece of what they hold. */
static void ask_wanted(struct replicator *self, struct peer *peer, const struct now *now,
                       struct outbox *out)
{
    const size_t most = (size_t)compare_bytes_max / entry_bytes * entry_bytes;
    struct walk *walk = &peer->walk;
    struct msg msg = {.type = MSG_TYPE_COMPARE};
    size_t left = walk->entries.len - walk->entries_at;

    if (left == 0) {
        buf_fini(&walk->entries);
        walk->entries_at = 0;
        ask_entries(self, peer, now, out);
        return;
    }
    walk_enter(walk, WALK_COMPARE);
    left = left < most ? left : most;
    msg.as_compare.entries = (struct str){walk->entries.data + walk->entries_at, left};
    walk->entries_at += left;
    if (!put(self, peer, ASK_WALK_COMPARE, &msg, now, out)) {
        end(self, peer, WALK_CUT);
    }
}

static void ask_states(struct replicator *self, struct peer *peer, const struct now *now,
                       struct outbox *out)
{
    struct walk *walk = &peer->walk;
    struct msg msg = {.type = MSG_TYPE_LOOKUP};
    size_t left = walk->keys.len - walk->keys_at;

    if (left == 0) {
        ask_wanted(self, peer, now, out);
        return;
    }
    walk_enter(walk, WALK_LOOKUP);
    msg.as_lookup.keys =
        (struct str){walk->keys.data + walk->keys_at,
                     left < (size_t)found_keys * key_bytes ? left : (size_t)found_keys * key_bytes};
    if (!put(self, peer, ASK_WALK_LOOKUP, &msg, now, out)) {
        end(self, peer, WALK_CUT);
    }
}

/* ── being answered ── */

/* The peer whose walk waits for just this; NULL, with the walk ended where it has to: nothing is to
 * be done. */
static struct peer *waiting(struct replicator *self, const struct ask *ask,
                            const struct msg *answer, enum msg_type type)
{
    struct peer *peer = peers_alive(self, ask->peer, ask->life);

    if (peer == NULL || peer->walk.state == WALK_IDLE || peer->walk.round != ask->round) {
        return NULL;
    }
    if (answer == NULL || answer->type != type) {
        end(self, peer, WALK_CUT);
        return NULL;
    }
    return peer;
}

static bool same(const struct walk *walk, size_t i)
{
    return memcmp(walk->mine.sums.data + i * sum_bytes, walk->theirs.sums.data + i * sum_bytes,
                  sum_bytes) == 0;
}

static void find_branches(struct walk *walk)
{
    walk->branches.len = 0;
    for (size_t i = 0; i < branch_count; i++) {
        if (!same(walk, i)) {
            buf_add_char(&walk->branches, (char)i);
        }
    }
}

static bool is_moving(const struct sums *sums, size_t i)
{
    return sums->moving.data[i] != 0;
}

static void find_leaves(struct walk *walk)
{
    walk->leaves.len = 0;
    walk->leaves_at = 0;
    for (size_t i = 0; i < walk->branches.len * branch_leaves; i++) {
        unsigned branch = (unsigned char)walk->branches.data[i / branch_leaves];
        unsigned leaf = branch * branch_leaves + (unsigned)(i % branch_leaves);

        if (!same(walk, i) &&
            (walk->all || (!is_moving(&walk->mine, i) && !is_moving(&walk->theirs, i)))) {
            buf_add_char(&walk->leaves, (char)(leaf >> 8));
            buf_add_char(&walk->leaves, (char)(leaf & 0xff));
        }
    }
}

static void on_sums(struct replicator *self, struct peer *peer, struct sums *into,
                    const struct msg_sums *sums, const struct now *now, struct outbox *out)
{
    struct walk *walk = &peer->walk;
    size_t count = walk->branches.len > 0 ? walk->branches.len * branch_leaves : branch_count;

    if (sums->sums.len != count * sum_bytes || sums->moving.len != count) {
        end(self, peer, WALK_CUT);
        return;
    }
    into->in = true;
    buf_add_str(&into->sums, sums->sums);
    buf_add_str(&into->moving, sums->moving);
    if (!walk->mine.in || !walk->theirs.in) {
        return;
    }
    if (walk->state == WALK_BRANCHES) {
        find_branches(walk);
        if (walk->branches.len == 0) {
            end(self, peer, WALK_WHOLE);
        } else {
            ask_sums(self, peer, WALK_LEAVES, now, out);
        }
        return;
    }
    find_leaves(walk);
    sums_clear(&walk->mine);
    sums_clear(&walk->theirs);
    ask_entries(self, peer, now, out);
}

void repair_on_mine(struct replicator *self, const struct ask *ask, const struct msg *answer,
                    const struct now *now, struct outbox *out)
{
    struct peer *peer = waiting(self, ask, answer, MSG_TYPE_SUMS);

    if (peer != NULL) {
        on_sums(self, peer, &peer->walk.mine, &answer->as_sums, now, out);
    }
}

void repair_on_theirs(struct replicator *self, const struct ask *ask, const struct msg *answer,
                      const struct now *now, struct outbox *out)
{
    struct peer *peer = waiting(self, ask, answer, MSG_TYPE_SUMS);

    if (peer != NULL) {
        on_sums(self, peer, &peer->walk.theirs, &answer->as_sums, now, out);
    }
}

/* Whether the answer goes on from where the walk is: leaves, or a piece of the first of them. */
static bool goes_on(struct walk *walk, const struct msg_entries *answer)
{
    size_t done = (size_t)answer->done * leaf_bytes;

    if (answer->entries.len % entry_bytes != 0 || answer->entries.len > walk_entries_bytes_max) {
        return false;
    }
    if (done == 0) {
        return answer->next != 0 && answer->entries.len > 0 && ++walk->pieces <= pieces_max;
    }
    walk->pieces = 0;
    return answer->next == 0 && done <= walk->leaves.len - walk->leaves_at;
}

void repair_on_entries(struct replicator *self, const struct ask *ask, const struct msg *answer,
                       const struct now *now, struct outbox *out)
{
    struct peer *peer = waiting(self, ask, answer, MSG_TYPE_ENTRIES);
    struct walk *walk;

    if (peer == NULL) {
        return;
    }
    walk = &peer->walk;
    if (!goes_on(walk, &answer->as_entries)) {
        end(self, peer, WALK_CUT);
        return;
    }
    walk->leaves_at += (size_t)answer->as_entries.done * leaf_bytes;
    walk->leaf_cursor = answer->as_entries.next;
    buf_add_str(&walk->entries, answer->as_entries.entries);
    ask_wanted(self, peer, now, out);
}

void repair_on_wanted(struct replicator *self, const struct ask *ask, const struct msg *answer,
                      const struct now *now, struct outbox *out)
{
    struct peer *peer = waiting(self, ask, answer, MSG_TYPE_WANTED);
    struct walk *walk;

    if (peer == NULL) {
        return;
    }
    walk = &peer->walk;
    walk->keys.len = 0;
    walk->keys_at = 0;
    if (answer->as_wanted.keys.len % key_bytes == 0) {
        buf_add_str(&walk->keys, answer->as_wanted.keys);
    }
    ask_states(self, peer, now, out);
}

void repair_on_found(struct replicator *self, const struct ask *ask, const struct msg *answer,
                     const struct now *now, struct outbox *out)
{
    struct peer *peer = waiting(self, ask, answer, MSG_TYPE_FOUND);
    struct msg msg = {.type = MSG_TYPE_MERGE};
    const struct msg_found *found;
    struct walk *walk;
    size_t done;

    if (peer == NULL) {
        return;
    }
    walk = &peer->walk;
    found = &answer->as_found;
    done = (size_t)found->done * key_bytes;
    if (done == 0 || done > walk->keys.len - walk->keys_at ||
        found->records.count > merge_records_max) {
        end(self, peer, WALK_CUT);
        return;
    }
    walk->keys_at += done;
    if (found->records.count == 0) { /* they went meanwhile */
        ask_states(self, peer, now, out);
        return;
    }
    walk_enter(walk, WALK_MERGE);
    walk->pulled += found->records.count;
    self->counters.pulled += found->records.count;
    msg.as_merge = (struct msg_merge){.spread = replicator_spread_from(self, buf_str(&peer->zone)),
                                      .older_ms = now->mono_ms - ask->asked_ms,
                                      .records = found->records};
    if (!put(self, peer, ASK_WALK_MERGE, &msg, now, out)) {
        end(self, peer, WALK_CUT);
    }
}

void repair_on_merged(struct replicator *self, const struct ask *ask, const struct msg *answer,
                      const struct now *now, struct outbox *out)
{
    struct peer *peer = waiting(self, ask, answer, MSG_TYPE_MERGED);

    if (peer != NULL) { /* also if it refuses a record: the others are taken */
        ask_states(self, peer, now, out);
    }
}

/* ── beginning ── */

static void begin(struct replicator *self, struct peer *peer, const struct now *now,
                  struct outbox *out)
{
    struct walk *walk = &peer->walk;

    walk_clear(walk);
    walk->pulled = 0;
    walk->all = walk->since_ms != 0 && now->mono_ms - walk->since_ms >= moving_ms;
    self->counters.walks++;
    ask_sums(self, peer, WALK_BRANCHES, now, out);
}

/* Theirs was heard up to a tick ago: it may be what ours was then. */
void repair_tick(struct replicator *self, struct peer *peer, const struct now *now,
                 struct outbox *out)
{
    struct walk *walk = &peer->walk;
    const struct root *theirs = &peer->link.root;

    if (peer->link.state != LINK_UP || !theirs->set || !self->last_tick.root.set ||
        sync_takes_whole(self)) {
        return;
    }
    if (roots_eq(theirs, &self->last_tick.root) || roots_eq(theirs, &self->last_tick.before)) {
        walk->differs = 0;
        walk->since_ms = 0;
        walk->calm = true;
        return;
    }
    if (walk->since_ms == 0) {
        walk->since_ms = now->mono_ms;
    }
    if (walk->state == WALK_IDLE && ++walk->differs >= differing_ticks) {
        begin(self, peer, now, out);
    }
}

/* Roots are of a moment each: under steady writes they hardly ever agree, though nothing is
 * lacking.
 */
bool repair_is_equal(const struct replicator *self, const struct peer *peer)
{
    const struct walk *walk = &peer->walk;

    return peer->link.root.set && self->last_tick.root.set &&
           (walk->calm || (walk->since_ms == 0 && walk->state == WALK_IDLE));
}

void repair_up(struct replicator *self, struct peer *peer, const struct now *now,
               struct outbox *out)
{
    if (peer->walk.state == WALK_IDLE && !sync_takes_whole(self) &&
        !roots_eq(&peer->link.root, &self->last_tick.root)) {
        begin(self, peer, now, out);
    }
}
