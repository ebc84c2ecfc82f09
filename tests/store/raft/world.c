#include "tests/store/raft/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/array.h"

struct raft_settings world_settings(void)
{
    return (struct raft_settings){
        .election_ms = 1000,
        .heartbeat_ms = 100,
        .message_bytes_max = 1 << 20,
        .inflight_bytes_max = 8 << 20,
        .uncommitted_bytes_max = 64 << 20,
        .inflight_max = 64,
        .pre_vote = true,
        .check_quorum = true,
        .durable_changes = true,
    };
}

static struct raft_config voters_up_to(unsigned count)
{
    struct raft_config config = {.voters.count = count};

    for (unsigned i = 0; i < count; i++) {
        config.voters.ids[i] = i + 1;
    }
    return config;
}

void world_init(struct world *self, uint64_t seed, unsigned voters, unsigned all)
{
    struct raft_config config = voters_up_to(voters);

    memset(self, 0, sizeof(*self));
    self->settings = world_settings();
    prng_init(&self->prng, seed);
    self->node_count = all;
    self->committed[1] = (struct record){.term = 1};
    self->committed_max = 1;
    for (unsigned id = 1; id <= all; id++) {
        struct node *node = &self->nodes[id];

        node->id = id;
        prng_init(&node->prng, seed * 16 + id);
        node->config_count = 1;
        if (id <= voters) {
            node->disk.hard = (struct raft_hard){.term = 1, .commit = 1};
            node->disk.begin = 1;
            node->disk.begin_term = 1;
            node->disk.last = 1;
            node->disk.commit_synced = 1;
            node->flushed = 1;
            node->configs[0] = (struct config_at){1, config};
        }
    }
}

static void parcel_free(struct parcel *parcel)
{
    free(parcel->records);
}

static void parcels_clear(struct parcels *self)
{
    for (size_t i = 0; i < self->count; i++) {
        parcel_free(&self->items[i]);
    }
    self->count = 0;
}

static void writes_drop(struct node *node, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        free(node->writes[i].records);
    }
    node->write_count -= count;
    memmove(node->writes, node->writes + count, node->write_count * sizeof(node->writes[0]));
}

void world_fini(struct world *self)
{
    for (unsigned id = 1; id <= self->node_count; id++) {
        struct node *node = &self->nodes[id];

        raft_destroy(&node->raft);
        writes_drop(node, node->write_count);
        parcels_clear(&node->held);
        free(node->held.items);
    }
    parcels_clear(&self->wire);
    free(self->wire.items);
}

static uint64_t value_of(const struct raft_entry *entry)
{
    uint64_t value = 0;

    assert_true(entry->len == 0 || entry->len == sizeof(value));
    if (entry->len > 0) {
        memcpy(&value, entry->data, sizeof(value));
    }
    return value;
}

static struct record record_of(const struct raft_entry *entry)
{
    return (struct record){entry->term, entry->type, value_of(entry)};
}

static struct record *records_of(const struct raft_entry *entries, unsigned count)
{
    struct record *records = count == 0 ? NULL : calloc(count, sizeof(*records));

    for (unsigned i = 0; i < count; i++) {
        records[i] = record_of(&entries[i]);
    }
    return records;
}

/* data borrows from the record. */
static struct raft_entry entry_of(struct record *record, uint64_t index)
{
    bool empty = record->type == RAFT_ENTRY_TERM;

    return (struct raft_entry){
        .term = record->term,
        .index = index,
        .type = record->type,
        .len = empty ? 0 : sizeof(record->value),
        .data = empty ? NULL : (char *)&record->value,
    };
}

static struct raft_entry entry_with_data(struct record *record, uint64_t index)
{
    struct raft_entry entry = entry_of(record, index);

    if (entry.len > 0) {
        char *data = malloc(entry.len);

        memcpy(data, entry.data, entry.len);
        entry.data = data;
    }
    return entry;
}

static void post(struct parcels *to, const struct raft_msg *msg, uint64_t serial)
{
    ARRAY_ROOM(to->items, to->count, to->cap, 64);
    to->items[to->count] = (struct parcel){*msg, records_of(msg->entries, msg->count), serial};
    to->items[to->count].msg.entries = NULL;
    to->count++;
}

static const struct raft_config *config_of(const struct node *node, uint64_t index)
{
    unsigned at = node->config_count;

    while (at > 1 && node->configs[at - 1].index > index) {
        at--;
    }
    return &node->configs[at - 1].config;
}

/* ── the judge ── */

static bool same(const struct record *a, const struct record *b)
{
    return a->term == b->term && a->type == b->type && a->value == b->value;
}

static void judge_commit(struct world *self, struct node *node, uint64_t commit)
{
    for (uint64_t index = node->judged + 1; index <= commit; index++) {
        const struct raft_entry *entry = raft_entry_at(node->raft, index);
        struct record record;

        if (entry == NULL) {
            continue; /* a snapshot's */
        }
        record = record_of(entry);
        if (index > self->committed_max) {
            assert_int_equal(index, self->committed_max + 1);
            assert_in_range(index, 1, world_index_max - 1);
            self->committed[index] = record;
            self->committed_max = index;
        }
        assert_true(same(&record, &self->committed[index]));
    }
    if (commit > node->judged) {
        node->judged = commit;
    }
}

static void judge_leader(struct world *self, const struct node *node, uint64_t term)
{
    uint64_t *leader = &self->leader_of[term];

    assert_in_range(term, 1, world_term_max - 1);
    if (*leader == 0) {
        *leader = node->id;
        for (uint64_t index = node->raft->log.begin + 1; index <= self->committed_max; index++) {
            const struct raft_entry *entry = raft_entry_at(node->raft, index);
            struct record record;

            assert_non_null(entry); /* what was committed is in every later leader's log */
            record = record_of(entry);
            assert_true(same(&record, &self->committed[index]));
        }
    }
    assert_int_equal(*leader, node->id);
}

/* ── a member ── */

static void begin_write(struct node *node, const struct raft_ready *ready)
{
    struct pending_write *write = &node->writes[node->write_count++];

    assert_in_range(node->write_count, 1, raft_writes_max);
    *write = (struct pending_write){
        .serial = ready->serial,
        .sync = ready->must_sync,
        .hard = ready->hard,
        .installs = ready->snapshot != NULL,
        .first = ready->append_first,
        .count = ready->append_count,
    };
    if (ready->snapshot != NULL) {
        write->snapshot = *ready->snapshot;
        node->apply_to = node->applied;
    }
    if (ready->append_count > 0) {
        write->records =
            records_of(raft_entry_at(node->raft, ready->append_first), ready->append_count);
    }
}

static void answer_reads(struct node *node, const struct raft_ready *ready)
{
    for (size_t i = 0; i < ready->read_count; i++) {
        assert_in_range(ready->reads[i].number, 1, node->read_count);
        assert_true(ready->reads[i].index >= node->read_floor[ready->reads[i].number]);
        node->reads_answered++;
    }
}

void world_turn(struct world *self, struct node *node)
{
    struct raft_ready ready;

    while (node->raft != NULL && raft_has_ready(node->raft)) {
        raft_ready(node->raft, &ready);
        judge_commit(self, node, ready.hard.commit);
        if (ready.role == RAFT_LEADER) {
            judge_leader(self, node, ready.hard.term);
        }
        for (size_t i = 0; i < ready.now_count; i++) {
            post(&self->wire, &ready.now[i], 0);
        }
        if (ready.serial != 0) {
            begin_write(node, &ready);
        }
        for (size_t i = 0; i < ready.later_count; i++) {
            bool durable = ready.later_serial <= node->persisted;

            post(durable ? &self->wire : &node->held, &ready.later[i], ready.later_serial);
        }
        if (ready.apply_count > 0) {
            assert_true(ready.apply_first + ready.apply_count - 1 <= ready.hard.commit);
            node->apply_to = ready.apply_first + ready.apply_count - 1;
        }
        answer_reads(node, &ready);
    }
}

static void write_to_disk(struct disk *disk, const struct pending_write *write)
{
    disk->hard = write->hard;
    if (write->installs) {
        disk->begin = write->snapshot.index;
        disk->begin_term = write->snapshot.term;
        disk->last = write->snapshot.index;
    }
    if (write->count > 0) {
        assert_true(write->first <= disk->last + 1);
        assert_in_range(write->first + write->count, 1, world_index_max - 1);
        for (unsigned i = 0; i < write->count; i++) {
            disk->records[write->first + i] = write->records[i];
        }
        disk->last = write->first + write->count - 1;
    }
    assert_true(write->sync || (write->count == 0 && !write->installs));
    if (write->sync) {
        disk->commit_synced = write->hard.commit;
    }
}

static void install(struct node *node, const struct pending_write *write)
{
    if (write->installs) {
        node->applied = write->snapshot.index;
        node->apply_to = write->snapshot.index;
        node->flushed = write->snapshot.index;
        node->config_count = 1;
        node->configs[0] = (struct config_at){write->snapshot.index, write->snapshot.config};
    }
}

void world_persist(struct world *self, struct node *node, unsigned count)
{
    size_t kept = 0;

    if (node->raft == NULL || count == 0) {
        return;
    }
    for (unsigned i = 0; i < count; i++) {
        write_to_disk(&node->disk, &node->writes[i]);
        install(node, &node->writes[i]);
        node->persisted = node->writes[i].serial;
    }
    writes_drop(node, count);
    for (size_t i = 0; i < node->held.count; i++) {
        struct parcel *parcel = &node->held.items[i];

        if (parcel->serial <= node->persisted) {
            ARRAY_ROOM(self->wire.items, self->wire.count, self->wire.cap, 64);
            self->wire.items[self->wire.count++] = *parcel;
        } else {
            node->held.items[kept++] = *parcel;
        }
    }
    node->held.count = kept;
    raft_persisted(node->raft, node->persisted);
    world_turn(self, node);
}

void world_apply(struct world *self, struct node *node, uint64_t count)
{
    while (node->raft != NULL && node->applied < node->apply_to && count-- > 0) {
        uint64_t index = node->applied + 1;
        const struct raft_entry *entry = raft_entry_at(node->raft, index);
        struct record record;

        assert_non_null(entry);
        record = record_of(entry);
        assert_true(same(&record, &self->committed[index]));
        if (record.type == RAFT_ENTRY_CHANGE) {
            struct raft_change change = {(enum raft_change_type)(record.value >> 32),
                                         record.value & UINT32_MAX};
            struct config_at *config = &node->configs[node->config_count++];

            assert_in_range(node->config_count, 1, world_configs_max - 1);
            config->index = index;
            raft_change_applied(node->raft, &change, &config->config);
        }
        node->applied = index;
        if (index > self->applied_max) {
            self->applied_max = index;
        }
        raft_applied(node->raft, index);
    }
    world_turn(self, node);
}

void world_flush(struct node *node)
{
    uint64_t to = node->applied;

    if (to > node->disk.commit_synced) {
        to = node->disk.commit_synced;
    }
    if (to > node->flushed) {
        node->flushed = to;
    }
}

void world_compact(struct world *self, struct node *node, uint64_t index)
{
    struct raft_snapshot newest = {.index = node->flushed};

    if (node->raft == NULL || index > node->flushed || index <= node->raft->log.begin) {
        return;
    }
    newest.term = self->committed[newest.index].term;
    newest.config = *config_of(node, newest.index);
    raft_compacted(node->raft, index, &newest);
    node->disk.begin = index;
    node->disk.begin_term = self->committed[index].term;
}

void world_crash(struct world *self, struct node *node, unsigned writes_kept, bool power)
{
    (void)self;
    if (node->raft == NULL) {
        return;
    }
    for (unsigned i = 0; i < writes_kept; i++) {
        write_to_disk(&node->disk, &node->writes[i]);
        install(node, &node->writes[i]);
    }
    writes_drop(node, node->write_count);
    parcels_clear(&node->held);
    if (power) {
        node->disk.hard.commit = node->disk.commit_synced;
    }
    raft_destroy(&node->raft);
}

void world_start(struct world *self, struct node *node)
{
    struct raft_settings settings = self->settings;
    struct disk *disk = &node->disk;
    size_t count = (size_t)(disk->last - disk->begin);
    struct raft_entry *entries = calloc(count + 1, sizeof(*entries));
    struct raft_snapshot begin = {disk->begin, disk->begin_term, *config_of(node, node->flushed)};

    for (size_t i = 0; i < count; i++) {
        uint64_t index = disk->begin + 1 + i;

        entries[i] = entry_with_data(&disk->records[index], index);
    }
    while (node->config_count > 1 && node->configs[node->config_count - 1].index > node->flushed) {
        node->config_count--;
    }
    settings.id = node->id;
    settings.prng = &node->prng;
    node->persisted = 0;
    node->applied = node->flushed;
    node->apply_to = node->flushed;
    node->judged = disk->begin;
    memset(node->snapshot_since_ms, 0, sizeof(node->snapshot_since_ms));
    node->raft =
        raft_new(&settings, &disk->hard, &begin, entries, count, node->flushed, self->now_ms);
    free(entries);
    world_turn(self, node);
}

/* ── between them ── */

static struct parcel take(struct world *self, size_t at)
{
    struct parcel parcel = self->wire.items[at];

    self->wire.count--;
    memmove(&self->wire.items[at], &self->wire.items[at + 1],
            (self->wire.count - at) * sizeof(parcel));
    return parcel;
}

static void lost(struct world *self, const struct raft_msg *msg)
{
    struct node *from = &self->nodes[msg->from];

    if (msg->type == RAFT_MSG_SNAP && from->raft != NULL) {
        raft_snapshot_failed(from->raft, msg->to);
        world_turn(self, from);
    }
}

void world_lose(struct world *self, size_t at)
{
    struct parcel parcel = take(self, at);

    lost(self, &parcel.msg);
    parcel_free(&parcel);
}

void world_deliver(struct world *self, size_t at)
{
    struct parcel parcel = take(self, at);
    struct raft_msg *msg = &parcel.msg;
    struct node *to = &self->nodes[msg->to];
    struct raft_entry *entries = calloc(msg->count + 1, sizeof(*entries));

    if (to->raft == NULL || self->cut[msg->from][msg->to]) {
        lost(self, msg);
    } else {
        for (unsigned i = 0; i < msg->count; i++) {
            entries[i] = entry_of(&parcel.records[i], msg->first + i);
        }
        msg->entries = entries;
        raft_receive(to->raft, msg);
        world_turn(self, to);
    }
    free(entries);
    parcel_free(&parcel);
}

/* Every MSG_SNAP ends: one that was not acknowledged for a second has failed. */
static void end_snapshots(struct world *self, struct node *node)
{
    for (unsigned id = 1; id <= self->node_count; id++) {
        const struct raft_progress *member = raft_member(node->raft, id);
        int64_t *since_ms = &node->snapshot_since_ms[id];

        if (node->raft->role != RAFT_LEADER || member == NULL || member->state != RAFT_SNAPSHOT) {
            *since_ms = 0;
        } else if (*since_ms == 0) {
            *since_ms = self->now_ms + 1;
        } else if (self->now_ms - *since_ms > 1000) {
            *since_ms = 0;
            raft_snapshot_failed(node->raft, id);
        }
    }
}

void world_tick(struct world *self, struct node *node)
{
    if (node->raft != NULL) {
        raft_tick(node->raft, self->now_ms);
        end_snapshots(self, node);
        world_turn(self, node);
    }
}

static char *data_of(uint64_t value)
{
    const size_t len = sizeof(value);
    char *data = malloc(len);

    memcpy(data, &value, len);
    return data;
}

enum err world_propose(struct world *self, struct node *node)
{
    struct raft_entry entry = {.len = sizeof(uint64_t), .data = data_of(++self->next_value)};
    enum err err = raft_propose(node->raft, node->raft->term, &entry, 1);

    if (err != ERR_OK) {
        free(entry.data);
    }
    world_turn(self, node);
    return err;
}

enum err world_change(struct world *self, struct node *node, enum raft_change_type type,
                      uint64_t id)
{
    struct raft_change change = {type, id};
    struct raft_entry entry = {.type = RAFT_ENTRY_CHANGE,
                               .len = sizeof(uint64_t),
                               .data = data_of((uint64_t)type << 32 | id)};
    enum err err = raft_change(node->raft, &change, &entry);

    if (err != ERR_OK) {
        free(entry.data);
    }
    world_turn(self, node);
    return err;
}

void world_read(struct world *self, struct node *node)
{
    assert_in_range(node->read_count, 0, 1000);
    node->read_floor[++node->read_count] = self->applied_max;
    raft_read(node->raft, node->read_count);
    world_turn(self, node);
}

void world_settle(struct world *self)
{
    bool moved = true;

    while (moved) {
        moved = false;
        for (unsigned id = 1; id <= self->node_count; id++) {
            struct node *node = &self->nodes[id];

            if (node->raft == NULL) {
                continue;
            }
            moved = moved || node->write_count > 0 || node->applied < node->apply_to;
            world_turn(self, node);
            world_persist(self, node, node->write_count);
            world_apply(self, node, UINT64_MAX);
        }
        for (size_t left = self->wire.count; left > 0; left--) {
            moved = true;
            world_deliver(self, 0);
        }
    }
}

void world_run(struct world *self, int64_t ms)
{
    for (int64_t end_ms = self->now_ms + ms; self->now_ms < end_ms;) {
        self->now_ms += 10;
        for (unsigned id = 1; id <= self->node_count; id++) {
            world_tick(self, &self->nodes[id]);
        }
        world_settle(self);
    }
}

void world_isolate(struct world *self, uint64_t id, bool cut)
{
    for (unsigned other = 1; other <= self->node_count; other++) {
        self->cut[id][other] = cut;
        self->cut[other][id] = cut;
    }
}

struct node *world_leader(struct world *self)
{
    struct node *found = NULL;

    for (unsigned id = 1; id <= self->node_count; id++) {
        struct node *node = &self->nodes[id];

        if (node->raft != NULL && node->raft->role == RAFT_LEADER &&
            (found == NULL || node->raft->term > found->raft->term)) {
            found = node;
        }
    }
    return found;
}

struct node *world_elect(struct world *self)
{
    for (int i = 0; i < 500 && world_leader(self) == NULL; i++) {
        world_run(self, 10);
    }
    assert_non_null(world_leader(self));
    return world_leader(self);
}

struct node *world_elect_one(struct world *self, uint64_t id)
{
    struct node *node = &self->nodes[id];

    for (unsigned other = 1; other <= self->node_count; other++) {
        if (other != id && self->nodes[other].raft != NULL) {
            self->nodes[other].raft->election_began_ms = INT64_MAX / 2; /* patient */
        }
    }
    self->now_ms += 2 * (int64_t)self->settings.election_ms;
    world_tick(self, node);
    world_settle(self);
    for (unsigned other = 1; other <= self->node_count; other++) {
        if (self->nodes[other].raft != NULL) {
            self->nodes[other].raft->now_ms = self->now_ms;
            self->nodes[other].raft->election_began_ms = self->now_ms;
        }
    }
    assert_int_equal(node->raft->role, RAFT_LEADER);
    return node;
}

bool world_is_even(struct world *self)
{
    const struct node *leader = world_leader(self);
    uint64_t last;

    if (leader == NULL) {
        return false;
    }
    last = raft_log_last(&leader->raft->log);
    for (unsigned i = 0; i < leader->raft->member_count; i++) {
        const struct node *node = &self->nodes[leader->raft->members[i].id];

        if (node->raft == NULL || node->applied != last ||
            raft_log_last(&node->raft->log) != last) {
            return false;
        }
    }
    return true;
}
