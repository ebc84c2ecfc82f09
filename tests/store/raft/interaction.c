#include "tests/store/raft/interaction.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "actors/store/raft/election.h"
#include "common/base/array.h"
#include "tests/store/raft/player.h"

/* A command: its words, those with = apart, and the lines under it. */
struct command {
    char *words[words_max];
    unsigned count;
    char body[256];
};

/* ── letters ── */

static char *copy_of(const char *data, size_t len)
{
    char *copy = calloc(1, len + 1); /* ended, for strchr */

    if (len > 0) {
        memcpy(copy, data, len);
    }
    return copy;
}

static void post(struct player *self, const struct raft_msg *msg)
{
    struct raft_entry *entries = calloc(msg->count + 1, sizeof(*entries));

    for (unsigned i = 0; i < msg->count; i++) {
        entries[i] = msg->entries[i];
        entries[i].data = copy_of(entries[i].data, entries[i].len);
    }
    ARRAY_ROOM(self->letters, self->letter_count, self->letter_cap, 16);
    self->letters[self->letter_count].msg = *msg;
    self->letters[self->letter_count++].msg.entries = entries;
}

static void letter_free(struct letter *letter)
{
    for (unsigned i = 0; i < letter->msg.count; i++) {
        free(letter->msg.entries[i].data);
    }
    free((void *)letter->msg.entries);
}

static bool is_for(const struct letter *letter, uint64_t to, const char *type)
{
    return letter->msg.to == to &&
           (type == NULL || strcmp(player_msg_names[letter->msg.type], type) == 0);
}

static bool has_letters(const struct player *self, uint64_t to)
{
    for (size_t i = 0; i < self->letter_count; i++) {
        if (self->letters[i].msg.to == to) {
            return true;
        }
    }
    return false;
}

static unsigned deliver(struct player *self, uint64_t to, const char *type, bool drop)
{
    size_t kept = 0;
    unsigned handled = 0;

    for (size_t i = 0; i < self->letter_count; i++) {
        struct letter *letter = &self->letters[i];

        if (!is_for(letter, to, type)) {
            self->letters[kept++] = *letter;
            continue;
        }
        handled++;
        player_say(self, "%s", drop ? "dropped: " : "");
        player_say_msg(self, &letter->msg);
        if (!drop && raft_receive(self->nodes[to], &letter->msg) == ERR_NOT_FOUND) {
            player_say(self, "raft: cannot step as peer not found\n");
        }
        letter_free(letter);
    }
    self->letter_count = kept;
    return handled;
}

/* ── commands ── */

static bool change_of(const char *text, struct raft_change *change)
{
    static const char kinds[] = "vlr"; /* as enum raft_change_type */
    const char *kind = strchr(kinds, text[0]);

    if (text[0] == '\0' || kind == NULL || strchr(text, ' ') != NULL) {
        return false;
    }
    change->type = (enum raft_change_type)(kind - kinds);
    change->id = strtoull(text + 1, NULL, 10);
    return true;
}

static void apply(struct player *self, uint64_t id, uint64_t first, unsigned count)
{
    struct raft *node = self->nodes[id];

    (void)self;
    for (uint64_t index = first; index < first + count; index++) {
        const struct raft_entry *entry = raft_entry_at(node, index);
        struct raft_change change;

        if (entry->type == RAFT_ENTRY_CHANGE && change_of(strchr(entry->data, ' ') + 1, &change)) {
            raft_change_applied(node, &change, NULL);
        }
    }
}

static void process_ready(struct player *self, uint64_t id)
{
    struct raft *node = self->nodes[id];
    struct raft_ready ready;

    if (!raft_has_ready(node)) {
        player_say(self, "<empty Ready>");
        return;
    }
    raft_ready(node, &ready);
    player_say_ready(self, id, &ready);
    self->hard[id] = ready.hard;
    for (size_t i = 0; i < ready.now_count; i++) {
        post(self, &ready.now[i]);
    }
    for (size_t i = 0; i < ready.later_count; i++) {
        post(self, &ready.later[i]);
    }
    apply(self, id, ready.apply_first, ready.apply_count);
    raft_persisted(node, ready.serial);
    if (ready.apply_count > 0) {
        raft_applied(node, ready.apply_first + ready.apply_count - 1);
    }
}

static void stabilize(struct player *self, const uint64_t *ids, unsigned count)
{
    bool done = false;

    while (!done) {
        done = true;
        for (unsigned i = 0; i < count; i++) {
            if (raft_has_ready(self->nodes[ids[i]])) {
                player_say(self, "> %" PRIu64 " handling Ready\n", ids[i]);
                self->indent++;
                process_ready(self, ids[i]);
                self->indent--;
                done = false;
            }
        }
        for (unsigned i = 0; i < count; i++) {
            if (has_letters(self, ids[i])) {
                player_say(self, "> %" PRIu64 " receiving messages\n", ids[i]);
                self->indent++;
                deliver(self, ids[i], NULL, false);
                self->indent--;
                done = false;
            }
        }
    }
}

/* The value of key=value; key=(a,b,c) without its brackets. NULL: not given. */
static const char *option(const struct command *command, const char *key)
{
    size_t len = strlen(key);

    for (unsigned i = 1; i < command->count; i++) {
        if (strncmp(command->words[i], key, len) == 0 && command->words[i][len] == '=') {
            return command->words[i] + len + 1 + (command->words[i][len + 1] == '(');
        }
    }
    return NULL;
}

static uint64_t number(const struct command *command, const char *key)
{
    const char *text = option(command, key);

    return text == NULL ? 0 : strtoull(text, NULL, 10);
}

static bool is_true(const struct command *command, const char *key)
{
    const char *text = option(command, key);

    return text != NULL && strncmp(text, "true", 4) == 0;
}

static unsigned list(const char *text, uint64_t *ids)
{
    unsigned count = 0;

    while (text != NULL && *text >= '0' && *text <= '9') {
        char *end;

        ids[count++] = strtoull(text, &end, 10);
        text = *end == ',' ? end + 1 : end;
    }
    return count;
}

/* The words that are numbers. */
static unsigned numbers(const struct command *command, uint64_t *ids)
{
    unsigned count = 0;

    for (unsigned i = 1; i < command->count; i++) {
        if (command->words[i][0] >= '0' && command->words[i][0] <= '9') {
            ids[count++] = strtoull(command->words[i], NULL, 10);
        }
    }
    return count;
}

static void add_nodes(struct player *self, const struct command *command, unsigned count)
{
    struct raft_snapshot begin = {.index = number(command, "index")};
    struct raft_hard hard;
    struct raft_settings settings = {
        .election_ms = 3,
        .heartbeat_ms = 1,
        .message_bytes_max = UINT64_MAX,
        .uncommitted_bytes_max = UINT64_MAX,
        .inflight_max = option(command, "inflight") ? (unsigned)number(command, "inflight") : 4096,
        .pre_vote = is_true(command, "prevote"),
        .check_quorum = is_true(command, "checkquorum"),
        .apply_unstable = true,
        .prng = &self->prng,
    };

    self->unsupported = self->unsupported || is_true(command, "async-storage-writes") ||
                        is_true(command, "disable-conf-change-validation") ||
                        option(command, "read-only") != NULL;
    self->steps_down = self->steps_down || is_true(command, "step-down-on-removal");
    begin.config.voters.count = list(option(command, "voters"), begin.config.voters.ids);
    begin.config.learners.count = list(option(command, "learners"), begin.config.learners.ids);
    begin.term = begin.index > 0;
    hard = (struct raft_hard){.term = begin.term, .commit = begin.index};
    for (unsigned i = 0; i < count; i++) {
        uint64_t id = settings.id = ++self->count;

        self->nodes[id] = raft_new(&settings, &hard, &begin, NULL, 0, begin.index, 0);
        self->nodes[id]->term = 0; /* etcd's begin there, with a snapshot of term 1 */
        self->nodes[id]->hard_handed.term = 0;
        self->hard[id] = (struct raft_hard){.commit = begin.index};
    }
}

static void propose(struct player *self, struct raft *node, const char *text)
{
    size_t len = strlen(text);
    struct raft_entry entry = {.len = (uint32_t)len, .data = copy_of(text, len)};

    self->unsupported = self->unsupported || (node->role == RAFT_FOLLOWER && node->lead != 0);
    if (raft_propose(node, node->term, &entry, 1) != ERR_OK) {
        player_say(self, "raft proposal dropped");
        free(entry.data);
    }
}

static void propose_change(struct player *self, struct raft *node, const struct command *command)
{
    struct raft_change change;
    char text[300];
    struct raft_entry entry = {.type = RAFT_ENTRY_CHANGE};

    if (!change_of(command->body, &change) || option(command, "transition") != NULL) {
        self->unsupported = true;
        return;
    }
    self->unsupported = self->unsupported || (change.type == RAFT_CHANGE_REMOVE &&
                                              change.id == node->settings.id && !self->steps_down);
    snprintf(text, sizeof(text), "%s %s", is_true(command, "v1") ? "" : "V2", command->body);
    entry.len = (uint32_t)strlen(text) + 1;
    entry.data = copy_of(text, entry.len);
    if (raft_change(node, &change, &entry) != ERR_OK) {
        self->unsupported = true; /* etcd proposes an empty entry instead */
        free(entry.data);
    }
}

static struct raft_snapshot applied_snapshot(const struct raft *node)
{
    return (struct raft_snapshot){node->log.applied, raft_log_term(&node->log, node->log.applied),
                                  node->config};
}

static void tick(struct player *self, uint64_t id, int count)
{
    for (int i = 0; i < count; i++) {
        raft_tick(self->nodes[id], ++self->now_ms[id]);
    }
}

static void deliver_msgs(struct player *self, const struct command *command)
{
    const char *type = option(command, "type");
    uint64_t ids[words_max];
    unsigned count = numbers(command, ids);
    unsigned handled = 0;

    for (unsigned i = 0; i < count; i++) {
        handled += deliver(self, ids[i], type, false);
    }
    count = list(option(command, "drop"), ids);
    for (unsigned i = 0; i < count; i++) {
        handled += deliver(self, ids[i], type, true);
    }
    if (handled == 0) {
        player_say(self, "no messages\n");
    }
}

static void send_snapshot(struct player *self, uint64_t from, uint64_t to)
{
    struct raft_msg msg = {.type = RAFT_MSG_SNAP,
                           .from = from,
                           .to = to,
                           .term = self->nodes[from]->term,
                           .snapshot = applied_snapshot(self->nodes[from])};

    player_say_msg(self, &msg);
    post(self, &msg);
}

static void stabilize_some(struct player *self, const struct command *command)
{
    uint64_t ids[words_max];
    unsigned count = numbers(command, ids);
    const char *level = option(command, "log-level");
    bool all = count == 0;

    for (unsigned id = 1; all && id <= self->count; id++) {
        ids[count++] = id;
    }
    stabilize(self, ids, count);
    if (level != NULL && strcmp(level, "none") == 0) {
        self->out_len = 0;
    }
}

static void run(struct player *self, const struct command *command)
{
    const char *name = command->words[0];
    uint64_t ids[words_max] = {0};
    struct raft *node;

    numbers(command, ids);
    node = ids[0] <= self->count ? self->nodes[ids[0]] : NULL;
    if (strcmp(name, "log-level") == 0) {
        self->quiet = strcmp(command->words[1], "none") == 0;
    } else if (strcmp(name, "add-nodes") == 0) {
        add_nodes(self, command, (unsigned)ids[0]);
    } else if (strcmp(name, "campaign") == 0) {
        raft_campaign(node, RAFT_CANDIDACY_TIMEOUT);
    } else if (strcmp(name, "stabilize") == 0) {
        stabilize_some(self, command);
    } else if (strcmp(name, "process-ready") == 0) {
        process_ready(self, ids[0]);
    } else if (strcmp(name, "deliver-msgs") == 0) {
        deliver_msgs(self, command);
    } else if (strcmp(name, "propose") == 0) {
        propose(self, node, command->words[2]);
    } else if (strcmp(name, "propose-conf-change") == 0) {
        propose_change(self, node, command);
    } else if (strcmp(name, "status") == 0) {
        player_say_status(self, node);
    } else if (strcmp(name, "raft-state") == 0) {
        player_say_states(self);
    } else if (strcmp(name, "raft-log") == 0) {
        player_say_log(self, node);
    } else if (strcmp(name, "tick-heartbeat") == 0) {
        tick(self, ids[0], node->settings.heartbeat_ms);
    } else if (strcmp(name, "tick-election") == 0) {
        tick(self, ids[0], node->settings.election_ms);
    } else if (strcmp(name, "set-randomized-election-timeout") == 0) {
        node->election_wait_ms = (int64_t)number(command, "timeout");
    } else if (strcmp(name, "report-unreachable") == 0) {
        raft_unreachable(node, ids[1]);
    } else if (strcmp(name, "send-snapshot") == 0) {
        send_snapshot(self, ids[0], ids[1]);
    } else if (strcmp(name, "transfer-leadership") == 0) {
        raft_transfer(self->nodes[number(command, "from")], number(command, "to"));
    } else if (strcmp(name, "compact") == 0) {
        struct raft_snapshot newest = applied_snapshot(node);

        raft_compacted(node, ids[1], &newest);
        player_say_log(self, node);
    } else if (strcmp(name, "forget-leader") == 0) {
        node->lead = node->role == RAFT_FOLLOWER ? 0 : node->lead;
    } else {
        self->unsupported = true;
    }
}

/* ── the transcript ── */

static bool is_logged(const char *line)
{
    static const char *const levels[] = {"DEBUG ", "INFO ", "WARN ", "ERROR "};

    line += strspn(line, " ");
    for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
        if (strncmp(line, levels[i], strlen(levels[i])) == 0) {
            return true;
        }
    }
    return false;
}

/* (1, 2, 3) is one word. */
static void split(char *line, struct command *command)
{
    unsigned depth = 0;
    bool in_word = false;

    command->count = 0;
    command->body[0] = '\0';
    for (char *at = line; *at != '\0'; at++) {
        depth += *at == '(';
        depth -= *at == ')';
        if (depth == 0 && (*at == ' ' || *at == '\n')) {
            *at = '\0';
            in_word = false;
        } else if (!in_word && command->count < words_max) {
            command->words[command->count++] = at;
            in_word = true;
        }
    }
}

static bool read_command(FILE *file, FILE *echo, char *line, struct command *command)
{
    char more[256];

    do {
        if (fgets(line, 1024, file) == NULL) {
            return false;
        }
        fprintf(echo, "%s", line);
    } while (line[0] == '\n' || line[0] == '#');
    split(line, command);
    while (fgets(more, sizeof(more), file) != NULL && strcmp(more, "----\n") != 0) {
        fprintf(echo, "%s", more);
        more[strcspn(more, "\n")] = '\0';
        snprintf(command->body, sizeof(command->body), "%s", more);
    }
    fprintf(echo, "----\n");
    return true;
}

static void read_expected(FILE *file, char *expected)
{
    char line[4096];
    size_t len = 0;

    expected[0] = '\0';
    while (fgets(line, sizeof(line), file) != NULL && line[0] != '\n') {
        if (!is_logged(line)) {
            len += (size_t)snprintf(expected + len, out_max - len, "%s", line);
        }
    }
    if (len == 0) {
        snprintf(expected, out_max, "ok\n");
    }
}

static void play_one(struct player *self, const struct command *command)
{
    self->out_len = 0;
    self->out[0] = '\0';
    self->line_open = false;
    run(self, command);
    if (self->quiet || self->out_len == 0) {
        self->out_len = 0;
        player_say(self, "ok");
    }
    if (self->out[self->out_len - 1] != '\n') {
        player_say(self, "\n");
    }
}

static void player_free(struct player *self)
{
    for (size_t i = 0; i < self->letter_count; i++) {
        letter_free(&self->letters[i]);
    }
    for (unsigned id = 1; id <= self->count; id++) {
        raft_destroy(&self->nodes[id]);
    }
    free(self->letters);
    free(self);
}

/* echo: everything but what was expected, for which what came stands. NULL: they must be alike. */
static enum played play(FILE *file, const char *path, FILE *says, FILE *echo)
{
    FILE *nowhere = fopen("/dev/null", "w");
    struct player *self = calloc(1, sizeof(*self));
    char *expected = calloc(1, out_max);
    enum played played = PLAYED_ALIKE;
    struct command command;
    char line[1024];

    prng_init(&self->prng, 1);
    while (played == PLAYED_ALIKE &&
           read_command(file, echo != NULL ? echo : nowhere, line, &command)) {
        read_expected(file, expected);
        play_one(self, &command);
        fprintf(echo != NULL ? echo : nowhere, "%s\n", self->out);
        if (self->unsupported) {
            fprintf(says, "%s: %s is not supported\n", path, command.words[0]);
            played = PLAYED_UNSUPPORTED;
        } else if (echo == NULL && strcmp(expected, self->out) != 0) {
            fprintf(says, "%s: %s\nexpected:\n%scame:\n%s", path, command.words[0], expected,
                    self->out);
            played = PLAYED_OTHERWISE;
        }
    }
    player_free(self);
    free(expected);
    fclose(nowhere);
    return played;
}

static enum played play_file(const char *path, FILE *says, FILE *echo)
{
    FILE *file = fopen(path, "r");
    enum played played = PLAYED_OTHERWISE;

    if (file != NULL) {
        played = play(file, path, says, echo);
        fclose(file);
    }
    return played;
}

enum played interaction_play(const char *path, FILE *says)
{
    return play_file(path, says, NULL);
}

enum played interaction_print(const char *path, FILE *out)
{
    return play_file(path, stderr, out);
}
