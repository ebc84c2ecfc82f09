#include "tests/store/node/cluster.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct post {
    struct cluster *cluster;
    uint64_t from;
};

static struct raft_config first_members(unsigned count)
{
    struct raft_config config = {.voters.count = count};

    for (unsigned i = 0; i < count; i++) {
        config.voters.ids[i] = i + 1;
    }
    return config;
}

void cluster_init(struct cluster *self, uint64_t seed, unsigned count)
{
    memset(self, 0, sizeof(*self));
    self->seed = seed;
    prng_init(&self->prng, seed);
    clock_virtual_init(&self->clock, 1000, 1);
    self->now_ms = 1000000;
    self->count = count;
    self->segment_bytes = 8000;
    self->settings = (struct raft_node_settings){.election_ms = 1000,
                                                 .heartbeat_ms = 100,
                                                 .first = first_members(count),
                                                 .entry_bytes_max = 600,
                                                 .compact_bytes = 4000,
                                                 .trail_bytes = 2000};
    self->all = calloc(list_max, sizeof(*self->all));
    for (unsigned id = 1; id <= count; id++) {
        struct member *member = &self->members[id];

        member->id = id;
        member->sim = disk_sim_new(seed * 16 + id);
        list_machine_init(&member->list);
        prng_init(&member->prng, seed * 32 + id);
    }
}

static void letter_free(struct letter *letter)
{
    for (unsigned i = 0; i < letter->msg.count; i++) {
        free(letter->entries[i].data);
    }
    free(letter->entries);
    buf_fini(&letter->calls);
}

static void stop(struct member *member)
{
    raft_node_destroy(&member->node);
    disk_log_close(&member->log);
}

void cluster_fini(struct cluster *self)
{
    for (unsigned id = 1; id <= self->count; id++) {
        stop(&self->members[id]);
        disk_sim_destroy(&self->members[id].sim);
        list_machine_fini(&self->members[id].list);
    }
    for (size_t i = 0; i < self->letter_count; i++) {
        letter_free(&self->letters[i]);
    }
    free(self->all);
}

/* ── letters ── */

static char *copy_of(const char *data, size_t len)
{
    char *copy = len == 0 ? NULL : malloc(len);

    if (copy != NULL) {
        memcpy(copy, data, len);
    }
    return copy;
}

static struct letter take(struct cluster *self, size_t at)
{
    struct letter letter = self->letters[at];

    self->letter_count--;
    memmove(&self->letters[at], &self->letters[at + 1], (self->letter_count - at) * sizeof(letter));
    return letter;
}

static void lost(struct cluster *self, struct letter *letter)
{
    struct member *from = &self->members[letter->msg.from];

    if (letter->msg.type == RAFT_MSG_SNAP && !letter->forwards && from->node != NULL) {
        raft_node_snapshot_failed(from->node, letter->msg.to);
    }
    letter_free(letter);
    self->letters_lost++;
}

void cluster_lose(struct cluster *self, size_t at)
{
    struct letter letter = take(self, at);

    lost(self, &letter);
}

static void put(struct cluster *self, struct letter letter)
{
    if (self->letter_count == letters_max) {
        lost(self, &letter);
        return;
    }
    self->letters[self->letter_count++] = letter;
}

static void on_send(void *context, const struct raft_msg *msgs, size_t count)
{
    const struct post *post = context;

    for (size_t i = 0; i < count; i++) {
        struct letter letter = {.msg = msgs[i]};

        letter.msg.from = post->from;
        if (letter.msg.type == RAFT_MSG_SNAP) {
            post->cluster->snapshot_ends_ms[post->from][letter.msg.to] =
                post->cluster->now_ms + 1000;
        }
        letter.entries = calloc(msgs[i].count + 1, sizeof(*letter.entries));
        for (unsigned k = 0; k < msgs[i].count; k++) {
            letter.entries[k] = msgs[i].entries[k];
            letter.entries[k].data = copy_of(msgs[i].entries[k].data, msgs[i].entries[k].len);
        }
        put(post->cluster, letter);
    }
}

static void on_forward(void *context, uint64_t to, uint64_t term, struct str calls)
{
    const struct post *post = context;
    struct letter letter = {.forwards = true};

    letter.msg = (struct raft_msg){.from = post->from, .to = to, .term = term};
    buf_add_str(&letter.calls, calls);
    put(post->cluster, letter);
}

static void stage(struct cluster *self, struct letter *letter)
{
    const struct list_machine *from = &self->members[letter->msg.from].list;

    self->members[letter->msg.to].list.staged =
        from->index >= letter->msg.snapshot.index ? from : NULL;
}

void cluster_deliver(struct cluster *self, size_t at)
{
    struct letter letter = take(self, at);
    struct member *to = &self->members[letter.msg.to];

    if (to->node == NULL || self->cut[letter.msg.from][letter.msg.to]) {
        lost(self, &letter);
        return;
    }
    letter.msg.entries = letter.entries;
    if (letter.forwards) {
        (void)raft_node_forwarded(to->node, letter.msg.from, letter.msg.term,
                                  buf_str(&letter.calls));
    } else {
        if (letter.msg.type == RAFT_MSG_SNAP) {
            stage(self, &letter);
            if (to->list.staged == NULL) { /* its sender has lost it */
                lost(self, &letter);
                return;
            }
        }
        (void)raft_node_receive(to->node, &letter.msg);
    }
    letter_free(&letter);
    cluster_turn(self, to->id);
}

/* ── judging ── */

static bool is_same(const struct list_item *a, const struct list_item *b)
{
    return a->index == b->index && a->member == b->member && a->boot == b->boot &&
           a->number == b->number && a->sum == b->sum;
}

static void applied_once(const struct cluster *self, const struct list_item *item)
{
    for (size_t i = 0; i < self->all_count; i++) {
        const struct list_item *other = &self->all[i];

        if (other->member == item->member && other->boot == item->boot &&
            other->number == item->number) {
            fail_msg("seed %zu: call %zu of member %zu is applied at %zu and at %zu",
                     (size_t)self->seed, (size_t)item->number, (size_t)item->member,
                     (size_t)other->index, (size_t)item->index);
        }
    }
}

static void judge_list(struct cluster *self, const struct list_machine *list)
{
    for (size_t i = 0; i < list->count; i++) {
        if (i == self->all_count) {
            applied_once(self, &list->items[i]);
            self->all[self->all_count++] = list->items[i];
        }
        if (!is_same(&self->all[i], &list->items[i])) {
            fail_msg("seed %zu: two lists differ at %zu", (size_t)self->seed, i);
        }
    }
}

static bool is_applied(const struct cluster *self, const struct asked *asked)
{
    for (size_t i = 0; i < self->all_count; i++) {
        const struct list_item *item = &self->all[i];

        if (item->member == asked->member && item->boot == asked->boot &&
            item->number == asked->number) {
            return true;
        }
    }
    return false;
}

static void judge_answer(struct cluster *self, struct member *member,
                         const struct raft_answer *answer)
{
    for (size_t i = self->asked_count; i-- > 0;) {
        struct asked *asked = &self->asked[i];

        if (asked->member != member->id || asked->boot != member->boot ||
            asked->number != answer->number) {
            continue;
        }
        assert_int_equal(asked->state, ASKED_WAITS); /* answered once */
        asked->state = answer->err == ERR_OK ? ASKED_DONE : ASKED_UNKNOWN;
        if (answer->err != ERR_OK) {
            assert_int_equal(answer->err, ERR_TIMEOUT);
        } else if (asked->reads) {
            if (member->list.index < asked->floor) {
                fail_msg("seed %zu: a read of what was", (size_t)self->seed);
            }
        } else {
            char text[32];

            (void)snprintf(text, sizeof(text), "%llu", (unsigned long long)asked->number);
            assert_true(str_eq(answer->body, str_from(text)));
            assert_true(is_applied(self, asked));
        }
        return;
    }
    fail_msg("an answer to what was never asked");
}

/* ── members ── */

enum err cluster_try_start(struct cluster *self, uint64_t id)
{
    struct member *member = &self->members[id];
    struct raft_node_settings settings = self->settings;
    struct disk_log_options options = {.disk = disk_sim_disk(member->sim),
                                       .clock = &self->clock.clock,
                                       .dir = "/log",
                                       .cluster = 9,
                                       .member = id,
                                       .segment_bytes = self->segment_bytes,
                                       .cut_damage = self->settings.cut_damage,
                                       .seed = id};
    struct disk_log_found found;
    enum err err = disk_log_open(&options, &member->log, &found);

    if (err != ERR_OK) {
        return err;
    }
    member->boot = ++self->boots;
    member->number = 0;
    member->failed = false;
    settings.member = id;
    settings.boot = member->boot;
    settings.prng = &member->prng;
    err = raft_node_new(&settings, member->log, &found, &member->list.machine, self->now_ms,
                        &member->node);
    if (err == ERR_OK) {
        struct raft_node_status status;

        raft_node_status(member->node, &status);
        member->list.index = status.applied;
        if (member->list.term == 0) {
            member->list.config = self->settings.first;
        }
    } else {
        disk_log_close(&member->log);
    }
    return err;
}

void cluster_start(struct cluster *self, uint64_t id)
{
    assert_int_equal(cluster_try_start(self, id), ERR_OK);
}

void cluster_kill(struct cluster *self, uint64_t id, bool power, enum disk_sim_keep keep)
{
    struct member *member = &self->members[id];

    disk_sim_die_after(member->sim, 0);
    stop(member);
    disk_sim_die_after(member->sim, UINT32_MAX);
    disk_sim_kill(member->sim);
    if (power) {
        disk_sim_power_cut(member->sim, keep, 5);
    }
    list_machine_crash(&member->list);
    for (size_t i = 0; i < self->asked_count; i++) {
        struct asked *asked = &self->asked[i];

        if (asked->member == id && asked->boot == member->boot && asked->state == ASKED_WAITS) {
            asked->state = ASKED_UNKNOWN;
        }
    }
}

/* Each snapshot ends: one that was not acknowledged for a second has failed. */
static void end_snapshots(struct cluster *self, struct member *member)
{
    for (unsigned to = 1; to <= self->count; to++) {
        int64_t *ends_ms = &self->snapshot_ends_ms[member->id][to];

        if (*ends_ms != 0 && self->now_ms >= *ends_ms) {
            *ends_ms = 0;
            raft_node_snapshot_failed(member->node, to);
        }
    }
}

void cluster_turn(struct cluster *self, uint64_t id)
{
    struct member *member = &self->members[id];
    struct post post = {self, id};
    struct raft_sink sink = {&post, on_send, on_forward};

    end_snapshots(self, member);
    do {
        const struct raft_answer *answers;
        size_t count;

        if (raft_node_turn(member->node, self->now_ms, &sink, &member->more) != ERR_OK) {
            member->failed = true;
            return;
        }
        answers = raft_node_answers(member->node, &count);
        judge_list(self, &member->list);
        for (size_t i = 0; i < count; i++) {
            judge_answer(self, member, &answers[i]);
        }
    } while (member->more);
    while (disk_log_step(member->log, self->now_ms)) {
    }
}

static enum err ask(struct cluster *self, uint64_t id, bool reads, struct str body)
{
    struct member *member = &self->members[id];
    struct asked asked = {id, member->boot, ++member->number, reads, 0, ASKED_WAITS};
    int64_t deadline_ms = self->now_ms + 5000;
    enum err err;

    for (unsigned other = 1; other <= self->count; other++) {
        uint64_t index = self->members[other].node == NULL ? 0 : self->members[other].list.index;

        asked.floor = index > asked.floor ? index : asked.floor;
    }
    err = reads ? raft_node_read(member->node, asked.number, deadline_ms)
                : raft_node_call(member->node, asked.number, body, deadline_ms);
    if (err == ERR_OK) {
        assert_in_range(self->asked_count, 0, asked_max - 1);
        self->asked[self->asked_count++] = asked;
    }
    return err;
}

enum err cluster_call(struct cluster *self, uint64_t id, size_t len)
{
    char *body = calloc(len + 1, 1);
    enum err err;

    for (size_t i = 0; i < len; i++) {
        body[i] = (char)prng_next(&self->prng);
    }
    err = ask(self, id, false, (struct str){body, len});
    free(body);
    return err;
}

enum err cluster_read(struct cluster *self, uint64_t id)
{
    return ask(self, id, true, (struct str){0});
}

void cluster_flush(struct cluster *self, uint64_t id)
{
    struct list_machine *list = &self->members[id].list;

    if (list->count == 0 || list->items[list->count - 1].index <= list->index) {
        list_machine_flush(list); /* between entries */
    }
}

struct raft_node_status cluster_status(const struct cluster *self, uint64_t id)
{
    struct raft_node_status status;

    raft_node_status(self->members[id].node, &status);
    return status;
}

size_t cluster_waiting(const struct cluster *self)
{
    size_t count = 0;

    for (size_t i = 0; i < self->asked_count; i++) {
        count += self->asked[i].state == ASKED_WAITS;
    }
    return count;
}

void cluster_run(struct cluster *self, int64_t ms)
{
    for (int64_t end_ms = self->now_ms + ms; self->now_ms < end_ms;) {
        self->now_ms += 10;
        for (unsigned id = 1; id <= self->count; id++) {
            if (self->members[id].node != NULL) {
                cluster_turn(self, id);
            }
        }
        for (unsigned i = 0; i < 4 * letters_max && self->letter_count > 0; i++) {
            cluster_deliver(self, 0);
        }
    }
}

static bool is_even(const struct cluster *self)
{
    for (unsigned id = 1; id <= self->count; id++) {
        if (self->members[id].list.count != self->all_count) {
            return false;
        }
    }
    return cluster_waiting(self) == 0;
}

bool cluster_heal(struct cluster *self, int64_t ms)
{
    memset(self->cut, 0, sizeof(self->cut));
    for (unsigned id = 1; id <= self->count; id++) {
        if (self->members[id].node == NULL) {
            cluster_start(self, id);
        }
    }
    for (int64_t end_ms = self->now_ms + ms; self->now_ms < end_ms && !is_even(self);) {
        cluster_run(self, 100);
    }
    return is_even(self);
}

size_t cluster_applied(const struct cluster *self, uint64_t id)
{
    return self->members[id].list.count;
}
