/* What two nodes find by digests: sums, what is in the leaves that differ, and what of it is
 * lacking here. All is answered at once; a change that is not synced yet may be in it: whoever then
 * asks for it compares again. */
#include "actors/registry/anti_entropy.h"

#include "actors/registry/state.h"
#include "actors/registry/tracking.h"
#include "common/naming/limits.h"
#include "common/wire/exchange.h"

enum {
    told_bytes_max = 128 * 1024, /* a few ms at a million */
    told_entries_max = told_bytes_max / entry_bytes,
    piece_entries_max = entries_bytes_max / entry_bytes, /* of one leaf at once */
    ahead = 16, /* keys whose entries are being loaded while one is compared */
    ticks_moving = 2,
};

static void refuse(struct registry_actor *self, const struct address *from, uint64_t id,
                   enum err err, const char *text, struct outbox *out)
{
    struct msg result = {.type = MSG_TYPE_RESULT};

    result.as_result.id = id;
    result.as_result.err = err;
    result.as_result.text = str_from(text);
    result.as_result.seq = self->published;
    answer_now(&self->at, from, &result, out);
}

/* ── DIGEST ── */

static void add_sum(struct buf *sums, struct hash128 sum)
{
    key_pack(sums, sum); /* 16 bytes, the same way */
}

static void add_moving(const struct registry_actor *self, uint32_t first, uint32_t count,
                       struct buf *moving)
{
    char is_moving = 0;

    for (uint32_t leaf = first; leaf < first + count && is_moving == 0; leaf++) {
        is_moving =
            digest_moving(self->digest, leaf, self->awake.ms, ticks_moving * registry_tick_ms);
    }
    buf_add_char(moving, is_moving);
}

static void add_branch(const struct registry_actor *self, uint32_t branch, struct buf *sums,
                       struct buf *moving)
{
    for (uint32_t i = 0; i < digest_branch_leaves; i++) {
        uint32_t leaf = branch * digest_branch_leaves + i;

        add_sum(sums, digest_leaf(self->digest, leaf));
        add_moving(self, leaf, 1, moving);
    }
}

static void answer_sums(struct registry_actor *self, const struct address *from,
                        const struct msg_digest *ask, struct outbox *out)
{
    struct msg answer = {.type = MSG_TYPE_SUMS};
    struct buf root = {0};
    struct buf sums = {0};
    struct buf moving = {0};

    add_sum(&root, digest_root(self->digest));
    for (uint32_t branch = 0; ask->branches.len == 0 && branch < digest_branches; branch++) {
        add_sum(&sums, digest_branch(self->digest, branch));
        add_moving(self, branch * digest_branch_leaves, digest_branch_leaves, &moving);
    }
    for (size_t i = 0; i < ask->branches.len; i++) {
        add_branch(self, (unsigned char)ask->branches.data[i], &sums, &moving);
    }
    answer.as_sums = (struct msg_sums){
        .id = ask->id, .root = buf_str(&root), .sums = buf_str(&sums), .moving = buf_str(&moving)};
    (void)outbox_reply(out, OUTBOX_NOW, from, &answer); /* full: the asker asks again */
    buf_fini(&root);
    buf_fini(&sums);
    buf_fini(&moving);
}

void on_digest(void *state, const struct address *from, const struct msg *msg,
               const struct now *now, struct outbox *out)
{
    struct registry_actor *self = state;
    const struct msg_digest *ask = &msg->as_digest;

    (void)now;
    for (size_t i = 0; i < ask->branches.len; i++) {
        if (i >= digest_branches || (unsigned char)ask->branches.data[i] >= digest_branches) {
            refuse(self, from, ask->id, ERR_INVALID, "branches are up to 64 bytes below 64", out);
            return;
        }
    }
    answer_sums(self, from, ask, out);
}

/* ── LEAVES ── */

static void add_entry(const struct registry_actor *self, uint32_t slot, struct buf *entries)
{
    struct entry_state entry = {
        .key = registry_slot_key(self->registry, slot),
        .dirty_timestamp = registry_slot_dirty(self->registry, slot),
        .hash = digest_hash(self->digest, slot),
        .gone = !registry_is_live(self->registry, slot),
        .vague = registry_is_vague(self, slot),
    };

    entry_pack(entries, &entry);
}

/* The leaf's entries, a piece of them at most; behind cursor when that is not 0. Returns the cursor
 * to go on with, 0: that was all. Names can be chosen so that very many are in one leaf. A cursor
 * is the last one's slot, + 1; when that has left the leaf meanwhile nobody knows what was behind
 * it: the rest is left to the next walk. */
static uint64_t add_entries(const struct registry_actor *self, uint32_t leaf, uint64_t cursor,
                            struct buf *entries)
{
    uint32_t last = REGISTRY_NONE;
    uint32_t slot;

    if (cursor != 0) {
        last = cursor <= REGISTRY_NONE ? (uint32_t)(cursor - 1) : REGISTRY_NONE;
        if (last == REGISTRY_NONE || !digest_is_in(self->digest, last, leaf)) {
            return 0;
        }
    }
    slot = last;
    for (uint32_t count = 0; digest_next(self->digest, leaf, &slot); count++) {
        if (count == piece_entries_max) {
            return (uint64_t)last + 1;
        }
        add_entry(self, slot, entries);
        last = slot;
    }
    return 0;
}

static uint32_t leaf_at(struct str leaves, size_t i)
{
    return (uint32_t)(unsigned char)leaves.data[2 * i] << 8 | (unsigned char)leaves.data[2 * i + 1];
}

static bool leaves_fit(struct str leaves)
{
    if (leaves.len % 2 != 0 || leaves.len / 2 > digest_leaves) {
        return false;
    }
    for (size_t i = 0; i < leaves.len / 2; i++) {
        if (leaf_at(leaves, i) >= digest_leaves) {
            return false;
        }
    }
    return true;
}

void on_leaves(void *state, const struct address *from, const struct msg *msg,
               const struct now *now, struct outbox *out)
{
    struct registry_actor *self = state;
    struct str leaves = msg->as_leaves.leaves;
    struct msg answer = {.type = MSG_TYPE_ENTRIES};
    struct buf entries = {0};
    uint64_t next = 0;
    uint32_t done = 0;

    (void)now;
    if (!leaves_fit(leaves)) {
        refuse(self, from, msg->as_leaves.id, ERR_INVALID,
               "leaves are up to 4096 numbers of two bytes, each below 4096", out);
        return;
    }
    /* the first in any case, so that whoever asks on gets on */
    while (next == 0 && done < leaves.len / 2 &&
           (done == 0 ||
            entries.len / entry_bytes + digest_leaf_count(self->digest, leaf_at(leaves, done)) <=
                told_entries_max)) {
        next = add_entries(self, leaf_at(leaves, done), done == 0 ? msg->as_leaves.cursor : 0,
                           &entries);
        done += next == 0;
    }
    answer.as_entries.next = next;
    answer.as_entries.id = msg->as_leaves.id;
    answer.as_entries.done = done;
    answer.as_entries.entries = buf_str(&entries);
    (void)outbox_reply(out, OUTBOX_NOW, from, &answer); /* full: the asker asks again */
    registry_judged(self, entries.len / entry_bytes, entries.len, out);
    buf_fini(&entries);
}

/* ── COMPARE ── */

/* One that is in the digests there and not here, in the same state, is idle or past half its life
 * here: its younger age is what is lacking. */
static bool is_wanted(const struct registry_actor *self, const struct entry_state *entry)
{
    uint32_t slot = registry_find(self->registry, entry->key);
    int64_t dirty_timestamp;
    bool live;

    if (entry->dirty_timestamp < 0 || entry->dirty_timestamp > timestamp_told_max) {
        return false; /* no MERGE takes it */
    }
    if (slot == REGISTRY_NONE) {
        return !entry->vague;
    }
    live = registry_is_live(self->registry, slot);
    dirty_timestamp = registry_slot_dirty(self->registry, slot);
    if (entry->dirty_timestamp != dirty_timestamp) {
        return entry->dirty_timestamp > dirty_timestamp && (live || !entry->vague);
    }
    if (entry->gone == live) {
        return entry->gone;
    }
    if (!digest_holds(self->digest, slot)) {
        return !entry->vague;
    }
    return !entry->gone && entry->hash > digest_hash(self->digest, slot);
}

void on_compare(void *state, const struct address *from, const struct msg *msg,
                const struct now *now, struct outbox *out)
{
    struct registry_actor *self = state;
    struct str rest = msg->as_compare.entries;
    struct str coming = rest;
    struct msg answer = {.type = MSG_TYPE_WANTED};
    struct buf keys = {0};
    struct entry_state entry;

    (void)now;
    if (rest.len % entry_bytes != 0 || rest.len > compare_bytes_max) {
        refuse(self, from, msg->as_compare.id,
               rest.len > compare_bytes_max ? ERR_TOO_LARGE : ERR_INVALID,
               "entries are 33 bytes each, at most 256 KiB in all", out);
        return;
    }
    for (unsigned i = 0; i < ahead && entry_next(&coming, &entry); i++) {
        registry_expect(self->registry, entry.key);
    }
    while (entry_next(&rest, &entry)) {
        struct entry_state next;

        if (entry_next(&coming, &next)) {
            registry_expect(self->registry, next.key);
        }
        if (is_wanted(self, &entry)) {
            key_pack(&keys, entry.key);
        }
    }
    answer.as_wanted.id = msg->as_compare.id;
    answer.as_wanted.keys = buf_str(&keys);
    (void)outbox_reply(out, OUTBOX_NOW, from, &answer); /* full: the asker asks again */
    registry_judged(self, msg->as_compare.entries.len / entry_bytes, keys.len, out);
    buf_fini(&keys);
}
