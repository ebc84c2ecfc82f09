#include "tests/store/log/log_rig.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ── states ─────────────────────────────────────────────────────────────────*/

static uint64_t mixed(uint64_t sum, uint64_t value)
{
    sum ^= value;
    sum *= UINT64_C(0x9e3779b97f4a7c15);
    return sum ^ sum >> 29;
}

static uint64_t sum_of_config(const struct raft_config *config)
{
    uint64_t sum = 7;

    for (unsigned i = 0; i < config->voters.count; i++) {
        sum = mixed(sum, config->voters.ids[i]);
    }
    for (unsigned i = 0; i < config->learners.count; i++) {
        sum = mixed(sum, ~config->learners.ids[i]);
    }
    return sum;
}

static uint64_t sum_of_entry(uint64_t sum, uint64_t index, const struct rig_entry *entry)
{
    sum = mixed(sum, index);
    sum = mixed(sum, entry->term << 8 | entry->type);
    return mixed(sum, (uint64_t)entry->len << 8 | entry->fill);
}

static struct rig_state state_now(const struct log_rig *self)
{
    struct rig_state state = {self->hard, self->written_mark.index, self->last,
                              sum_of_config(&self->written_mark.config)};

    for (uint64_t index = state.mark + 1; index <= state.last; index++) {
        state.sum = sum_of_entry(state.sum, index, &self->entries[index]);
    }
    return state;
}

static void note(struct log_rig *self, bool synced)
{
    assert_in_range(self->state_count, 0, rig_states_max - 1);
    self->states[self->state_count++] = state_now(self);
    self->synced = synced ? self->state_count - 1 : self->synced;
}

void log_rig_init(struct log_rig *self, uint64_t seed)
{
    int ends[2];

    memset(self, 0, sizeof(*self));
    self->sim = disk_sim_new(seed);
    clock_virtual_init(&self->clock, 1000, 1);
    assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
    log_init(&self->logger, "store", ends[1], &self->clock.clock);
    self->said_fd = ends[0];
    self->options = (struct disk_log_options){.disk = disk_sim_disk(self->sim),
                                              .clock = &self->clock.clock,
                                              .log = &self->logger,
                                              .dir = RIG_LOG_DIR,
                                              .cluster = 0xc1,
                                              .member = 1,
                                              .segment_bytes = 2000,
                                              .seed = seed};
    note(self, true);
}

void log_rig_fini(struct log_rig *self)
{
    disk_log_close(&self->log);
    disk_sim_destroy(&self->sim);
    close(self->said_fd);
    close(self->logger.fd);
}

const char *log_rig_said(struct log_rig *self)
{
    static char text[8192];
    ssize_t len = read(self->said_fd, text, sizeof(text) - 1);

    text[len > 0 ? len : 0] = '\0';
    return text;
}

static struct rig_entry entry_from(const struct raft_entry *entry)
{
    struct rig_entry out = {entry->term, entry->type, entry->len, 0};

    for (uint32_t i = 0; i < entry->len; i++) {
        out.fill = (unsigned char)entry->data[0];
        assert_int_equal(entry->data[i], entry->data[0]);
    }
    return out;
}

size_t log_rig_find(const struct log_rig *self, const struct disk_log_found *found)
{
    struct rig_state state = {found->hard, found->mark.index, found->mark.index + found->count,
                              sum_of_config(&found->mark.config)};

    for (size_t i = 0; i < found->count; i++) {
        struct rig_entry entry = entry_from(&found->entries[i]);

        assert_int_equal(found->entries[i].index, found->mark.index + 1 + i);
        state.sum = sum_of_entry(state.sum, found->entries[i].index, &entry);
    }
    for (size_t i = self->state_count; i-- > 0;) {
        if (memcmp(&self->states[i], &state, sizeof(state)) == 0) {
            return i;
        }
    }
    return SIZE_MAX;
}

void log_rig_free(struct disk_log_found *found)
{
    for (size_t i = 0; i < found->count; i++) {
        free(found->entries[i].data);
    }
    free(found->entries);
    *found = (struct disk_log_found){0};
}

/* ── opening ────────────────────────────────────────────────────────────────*/

static void take(struct log_rig *self, const struct disk_log_found *found)
{
    self->fresh = found->fresh;
    self->cut = found->cut;
    self->hard = found->hard;
    self->mark = found->mark;
    self->written_mark = found->mark;
    self->last = found->mark.index + found->count;
    for (size_t i = 0; i < found->count; i++) {
        self->entries[found->entries[i].index] = entry_from(&found->entries[i]);
    }
}

enum err log_rig_try_open(struct log_rig *self)
{
    struct disk_log_found found;
    enum err err = disk_log_open(&self->options, &self->log, &found);

    if (err == ERR_OK) {
        take(self, &found);
        log_rig_free(&found);
        note(self, true);
    }
    return err;
}

void log_rig_open(struct log_rig *self)
{
    struct disk_log_found found;
    size_t at;

    assert_int_equal(disk_log_open(&self->options, &self->log, &found), ERR_OK);
    at = log_rig_find(self, &found);
    assert_true(at != SIZE_MAX && at >= self->synced);
    take(self, &found);
    log_rig_free(&found);
    note(self, true);
}

/* The last frame says what was put off. */
void log_rig_close(struct log_rig *self)
{
    self->written_mark = self->mark;
    note(self, false);
    disk_log_close(&self->log);
    self->synced = self->state_count - 1;
}

void log_rig_kill(struct log_rig *self)
{
    disk_sim_die_after(self->sim, 0); /* what close does comes too late */
    disk_log_close(&self->log);
    disk_sim_die_after(self->sim, UINT32_MAX);
    disk_sim_kill(self->sim);
}

void log_rig_cut(struct log_rig *self, enum disk_sim_keep keep, size_t bytes)
{
    log_rig_kill(self);
    disk_sim_power_cut(self->sim, keep, bytes);
}

/* ── writing ────────────────────────────────────────────────────────────────*/

/* What the write makes true is noted before it: a cut within it may find either. */
static enum err write_it(struct log_rig *self, const struct disk_log_write *write)
{
    enum err err;

    self->last = write->first - 1 + write->count;
    self->hard = write->hard;
    self->written_mark = self->mark;
    note(self, false);
    err = disk_log_write(self->log, write);
    if (err == ERR_OK && write->sync) {
        self->synced = self->state_count - 1;
    }
    return err;
}

enum err log_rig_write(struct log_rig *self, uint64_t first, unsigned count, uint32_t len,
                       bool sync)
{
    struct raft_entry *entries = calloc(count + 1, sizeof(*entries));
    char *data = malloc((size_t)len + 256);
    enum err err;

    assert_in_range(first + count, 0, rig_index_max - 1);
    for (unsigned i = 0; i < count; i++) {
        struct rig_entry *at = &self->entries[first + i];

        *at = (struct rig_entry){self->hard.term, i % 7 == 6 ? RAFT_ENTRY_TERM : RAFT_ENTRY_NORMAL,
                                 len, 0};
        at->fill = len > 0 ? (unsigned char)(first + i + self->hard.term) : 0;
        entries[i] = (struct raft_entry){.term = at->term, .index = first + i, .type = at->type};
        entries[i].len = len;
        entries[i].data = data;
    }
    if (count == 1) {
        memset(data, self->entries[first].fill, len);
    } else { /* one buffer for all: alike */
        for (unsigned i = 0; i < count; i++) {
            self->entries[first + i].fill = len > 0 ? (unsigned char)first : 0;
        }
        memset(data, (unsigned char)first, len);
    }
    err = write_it(
        self,
        &(struct disk_log_write){
            .hard = self->hard, .first = first, .entries = entries, .count = count, .sync = sync});
    free(data);
    free(entries);
    return err;
}

enum err log_rig_append(struct log_rig *self, unsigned count, uint32_t len)
{
    return log_rig_write(self, self->last + 1, count, len, true);
}

enum err log_rig_hard(struct log_rig *self, uint64_t term, uint64_t vote, bool sync)
{
    return write_it(self, &(struct disk_log_write){.hard = {term, vote, self->hard.commit},
                                                   .first = self->last + 1,
                                                   .sync = sync});
}

void log_rig_commit(struct log_rig *self, uint64_t index)
{
    struct disk_log_write write = {.hard = {self->hard.term, self->hard.vote, index},
                                   .first = self->last + 1};

    self->hard = write.hard; /* put off: what the next write says */
    assert_int_equal(disk_log_write(self->log, &write), ERR_OK);
}

static struct raft_config config_at(uint64_t index)
{
    struct raft_config config = {.voters = {1, {1}}};

    if (index % 5 == 4) {
        config.learners = (struct raft_members){1, {1000 + index}};
    }
    return config;
}

void log_rig_cover(struct log_rig *self, uint64_t index)
{
    struct raft_snapshot mark = {index, self->entries[index].term, config_at(index)};

    if (index > self->mark.index) {
        disk_log_cover(self->log, &mark);
        self->mark = mark;
    }
}

enum err log_rig_install(struct log_rig *self, uint64_t index)
{
    struct raft_snapshot mark = {index, self->hard.term, config_at(index)};

    assert_true(index > self->hard.commit);
    self->mark = mark;
    return write_it(self,
                    &(struct disk_log_write){.hard = {self->hard.term, self->hard.vote, index},
                                             .first = index + 1,
                                             .snapshot = &mark,
                                             .sync = true});
}

void log_rig_step(struct log_rig *self)
{
    self->now_ms += 100;
    while (disk_log_step(self->log, self->now_ms)) {
    }
}

void log_rig_begin(struct log_rig *self)
{
    struct raft_snapshot mark = {1, 1, config_at(1)};

    log_rig_open(self);
    assert_true(self->fresh);
    self->hard = (struct raft_hard){1, 0, 1};
    self->mark = mark;
    assert_int_equal(write_it(self,
                              &(struct disk_log_write){
                                  .hard = self->hard, .first = 2, .snapshot = &mark, .sync = true}),
                     ERR_OK);
}
