#include "tests/store/raft/lone.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

void lone_init(struct lone *self)
{
    memset(self, 0, sizeof(*self));
    prng_init(&self->prng, 1);
    self->settings = (struct raft_settings){
        .id = 1,
        .election_ms = 1000,
        .heartbeat_ms = 100,
        .message_bytes_max = 1 << 20,
        .inflight_bytes_max = 1 << 20,
        .uncommitted_bytes_max = 1 << 20,
        .inflight_max = 64,
        .durable_changes = true,
        .prng = &self->prng,
    };
}

void lone_start(struct lone *self, struct lone_start start)
{
    struct raft_snapshot begin = {.index = 1, .term = 1};
    struct raft_entry entries[64];

    assert_in_range(start.count, 0, 64);
    for (unsigned id = 1; id <= start.voters; id++) {
        begin.config.voters.ids[begin.config.voters.count++] = id;
    }
    if (start.learner != 0) {
        begin.config.learners = (struct raft_members){1, {start.learner}};
    }
    for (unsigned i = 0; i < start.count; i++) {
        entries[i] = (struct raft_entry){.term = start.terms[i], .index = 2 + i};
    }
    if (start.hard.term == 0) {
        start.hard.term = start.count > 0 ? start.terms[start.count - 1] : 1;
    }
    if (start.hard.commit == 0) {
        start.hard.commit = 1;
    }
    self->applied = start.applied == 0 ? 1 : start.applied;
    self->raft = raft_new(&self->settings, &start.hard, &begin, entries, start.count, self->applied,
                          self->now_ms);
}

void lone_fini(struct lone *self)
{
    raft_destroy(&self->raft);
}

static void keep(struct lone *self, const struct raft_msg *msgs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        assert_in_range(self->sent_count, 0, lone_sent_max - 1);
        self->sent[self->sent_count] = msgs[i];
        self->sent[self->sent_count++].entries = NULL;
    }
}

static void apply(struct lone *self, uint64_t first, unsigned count)
{
    for (uint64_t index = first; index < first + count; index++) {
        const struct raft_entry *entry = raft_entry_at(self->raft, index);

        assert_int_equal(index, self->applied + 1);
        if (entry->type == RAFT_ENTRY_CHANGE && entry->len > 0) {
            struct raft_change change;

            assert_int_equal(entry->len, sizeof(change));
            memcpy(&change, entry->data, sizeof(change));
            raft_change_applied(self->raft, &change, NULL);
        }
        self->applied = index;
        raft_applied(self->raft, index);
    }
}

void lone_drain(struct lone *self)
{
    struct raft_ready ready;

    while (raft_has_ready(self->raft)) {
        raft_ready(self->raft, &ready);
        if (ready.snapshot != NULL) {
            self->applied = ready.snapshot->index;
        }
        keep(self, ready.now, ready.now_count);
        keep(self, ready.later, ready.later_count);
        for (size_t i = 0; i < ready.read_count; i++) {
            self->reads[self->read_count++ % 16] = ready.reads[i];
        }
        raft_persisted(self->raft, ready.serial);
        apply(self, ready.apply_first, ready.apply_count);
    }
}

enum err lone_receive(struct lone *self, struct raft_msg msg)
{
    enum err err;

    self->sent_count = 0;
    msg.from = msg.from == 0 ? 2 : msg.from;
    msg.to = 1;
    err = raft_receive(self->raft, &msg);
    lone_drain(self);
    return err;
}

void lone_append(struct lone *self, uint64_t term, uint64_t index, uint64_t log_term,
                 uint64_t commit, const uint64_t *terms, unsigned count)
{
    struct raft_entry entries[64];

    assert_in_range(count, 0, 64);
    for (unsigned i = 0; i < count; i++) {
        entries[i] = (struct raft_entry){.term = terms[i], .index = index + 1 + i};
    }
    lone_receive(self, (struct raft_msg){.type = RAFT_MSG_APPEND,
                                         .term = term,
                                         .index = index,
                                         .log_term = log_term,
                                         .commit = commit,
                                         .first = index + 1,
                                         .count = count,
                                         .entries = entries});
}

void lone_tick(struct lone *self, int64_t ms)
{
    self->sent_count = 0;
    self->now_ms += ms;
    raft_tick(self->raft, self->now_ms);
    lone_drain(self);
}

void lone_lead(struct lone *self)
{
    uint64_t term;

    lone_tick(self, 2L * self->settings.election_ms);
    for (uint64_t id = 2; id <= 3 && self->raft->role == RAFT_PRECANDIDATE; id++) {
        lone_receive(self, (struct raft_msg){.type = RAFT_MSG_PREVOTE_RESP,
                                             .from = id,
                                             .term = self->raft->term + 1});
    }
    term = self->raft->term;
    for (uint64_t id = 2; id <= 3 && self->raft->role == RAFT_CANDIDATE; id++) {
        lone_receive(self, (struct raft_msg){.type = RAFT_MSG_VOTE_RESP, .from = id, .term = term});
    }
    assert_int_equal(self->raft->role, RAFT_LEADER);
}

enum err lone_propose(struct lone *self, uint32_t len)
{
    struct raft_entry entry = {.len = len, .data = len > 0 ? calloc(len, 1) : NULL};
    enum err err;

    self->sent_count = 0;
    err = raft_propose(self->raft, self->raft->term, &entry, 1);
    if (err != ERR_OK) {
        free(entry.data);
    }
    lone_drain(self);
    return err;
}

enum err lone_change(struct lone *self, enum raft_change_type type, uint64_t id)
{
    struct raft_change change;
    const uint32_t len = sizeof(change);
    struct raft_entry entry = {.type = RAFT_ENTRY_CHANGE, .len = len, .data = malloc(len)};
    enum err err;

    memset(&change, 0, sizeof(change));
    change.type = type;
    change.id = id;
    memcpy(entry.data, &change, sizeof(change));
    self->sent_count = 0;
    err = raft_change(self->raft, &change, &entry);
    if (err != ERR_OK) {
        free(entry.data);
    }
    lone_drain(self);
    return err;
}

void lone_ack(struct lone *self, uint64_t from, uint64_t index)
{
    lone_receive(self, (struct raft_msg){.type = RAFT_MSG_APPEND_RESP,
                                         .from = from,
                                         .term = self->raft->term,
                                         .index = index});
}

const struct raft_msg *lone_sent(const struct lone *self, enum raft_msg_type type, uint64_t to)
{
    for (unsigned i = 0; i < self->sent_count; i++) {
        if (self->sent[i].type == type && (to == 0 || self->sent[i].to == to)) {
            return &self->sent[i];
        }
    }
    return NULL;
}

unsigned lone_count(const struct lone *self, enum raft_msg_type type, uint64_t to)
{
    unsigned count = 0;

    for (unsigned i = 0; i < self->sent_count; i++) {
        count += self->sent[i].type == type && (to == 0 || self->sent[i].to == to);
    }
    return count;
}

void lone_lead_three(struct lone *self)
{
    lone_start(self, (struct lone_start){.voters = 3});
    lone_lead(self);
    lone_ack(self, 2, 2);
}

struct raft_msg lone_append_of(struct raft_entry *entries, unsigned count, uint64_t term,
                               uint64_t index, uint64_t log_term, uint64_t commit)
{
    return (struct raft_msg){
        .type = RAFT_MSG_APPEND,
        .from = 2,
        .to = 1,
        .term = term,
        .index = index,
        .log_term = log_term,
        .commit = commit,
        .first = index + 1,
        .count = count,
        .entries = entries,
    };
}
