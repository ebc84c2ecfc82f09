#include "gateway/operate/logs.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/array.h"
#include "common/base/heap.h"
#include "common/base/log.h"
#include "gateway/operate/answer.h"
#include "gateway/operate/tails.h"

enum { lines_max = 4096 }; /* gathered in a round */

static const int64_t interval_ms = 500;
static const int64_t wait_ms = 250; /* for all answers of a round */

struct source {
    uint64_t boot;
    uint64_t after; /* number of the last line that was taken */
    bool answered;  /* in the round that runs */
};

struct gathered {
    int64_t wall_ns;
    size_t at; /* in the order of coming: equals stay so */
    unsigned level;
    size_t source;
    struct str line; /* owns */
};

struct logs {
    const struct actor_link *targets;
    struct source *sources; /* owns; one for each */
    size_t count;
    struct ring ring;
    struct tails *tails;
    struct gathered *lines; /* owns */
    size_t line_count;
    size_t line_cap;
    uint64_t round; /* id of the questions under way */
    bool runs;      /* one is */
    int64_t due_ms; /* mono: it is over; or when the next begins */
};

static void print(struct buf *to, const struct ring_item *item)
{
    buf_add_str(to, item->data);
}

struct logs *logs_new(const struct actor_link *targets, size_t count)
{
    struct logs *self = heap_new(sizeof(*self));

    self->targets = targets;
    self->count = count;
    self->sources = heap_array(count, sizeof(*self->sources));
    self->tails = tails_new(&self->ring, print);
    return self;
}

static void drop_lines(struct logs *self)
{
    for (size_t i = 0; i < self->line_count; i++) {
        free((char *)(uintptr_t)self->lines[i].line.data);
    }
    self->line_count = 0;
}

void logs_destroy(struct logs **self)
{
    struct logs *it = *self;

    *self = NULL;
    if (it == NULL) {
        return;
    }
    tails_destroy(&it->tails);
    ring_fini(&it->ring);
    drop_lines(it);
    free(it->lines);
    free(it->sources);
    free(it);
}

struct tails *logs_tails(const struct logs *self)
{
    return self->tails;
}

/* ── lines ──────────────────────────────────────────────────────────────────*/

/* The value of "key":"…" near the beginning of a line, where the log puts time and level. */
static struct str text_of(struct str line, struct str key)
{
    enum { looked_at_max = 256 };
    size_t end = line.len < looked_at_max ? line.len : looked_at_max;

    for (size_t at = 0; at + key.len < end; at++) {
        const char *from = line.data + at + key.len;
        const char *to;

        if (memcmp(line.data + at, key.data, key.len) == 0) {
            to = memchr(from, '"', (size_t)(line.data + end - from));
            return (struct str){from, to != NULL ? (size_t)(to - from) : 0};
        }
    }
    return (struct str){0};
}

bool logs_read_line(struct str line, unsigned *level, int64_t *wall_ns)
{
    enum log_level found;

    if (line.len < 2 || line.data[0] != '{' || memchr(line.data, '\n', line.len) != NULL ||
        log_level_from(text_of(line, STR("\"level\":\"")), &found) != ERR_OK ||
        !operate_time_read(text_of(line, STR("\"time\":\"")), wall_ns)) {
        return false;
    }
    *level = (unsigned)found;
    return true;
}

static void gather(struct logs *self, size_t source, struct str line)
{
    struct gathered gathered = {.at = self->line_count, .source = source};

    if (self->line_count == lines_max ||
        !logs_read_line(line, &gathered.level, &gathered.wall_ns)) {
        return;
    }
    ARRAY_ROOM(self->lines, self->line_count, self->line_cap, 64);
    gathered.line = (struct str){heap_text(line), line.len};
    self->lines[self->line_count++] = gathered;
}

void logs_tail(struct logs *self, enum actor_name from, uint32_t index, const struct msg_tail *tail)
{
    struct str rest = tail->lines.bytes;
    struct str line;

    for (size_t i = 0; self->runs && tail->id == self->round && i < self->count; i++) {
        struct source *source = &self->sources[i];
        uint64_t number = tail->first;

        if (self->targets[i].to != from || self->targets[i].index != index || source->answered) {
            continue;
        }
        source->answered = true;
        if (source->boot != tail->boot) { /* numbers begin anew */
            source->boot = tail->boot;
            source->after = 0;
        }
        for (; strs_next(&rest, &line); number++) {
            if (number > source->after) {
                gather(self, i, line);
                source->after = number;
            }
        }
    }
}

/* ── rounds ─────────────────────────────────────────────────────────────────*/

static int by_time(const void *a, const void *b)
{
    const struct gathered *left = a;
    const struct gathered *right = b;

    if (left->wall_ns != right->wall_ns) {
        return left->wall_ns < right->wall_ns ? -1 : 1;
    }
    return (left->at > right->at) - (left->at < right->at);
}

static void take_in(struct logs *self)
{
    struct buf name = {0};

    if (self->line_count > 0) {
        qsort(self->lines, self->line_count, sizeof(*self->lines), by_time);
    }
    for (size_t i = 0; i < self->line_count; i++) {
        const struct gathered *line = &self->lines[i];
        const struct actor_link *target = &self->targets[line->source];

        name.len = 0;
        actor_name_print(&name, target->to, target->index);
        ring_add(&self->ring, &(struct ring_item){.event = "log",
                                                  .kind = line->level,
                                                  .wall_ns = line->wall_ns,
                                                  .key = {buf_str(&name), {0}},
                                                  .data = line->line});
    }
    buf_fini(&name);
    drop_lines(self);
}

static void ask_all(struct logs *self, const struct now *now, struct outbox *out)
{
    self->round++;
    self->runs = true;
    self->due_ms = now->mono_ms + wait_ms;
    for (size_t i = 0; i < self->count; i++) {
        struct msg lines = {.type = MSG_TYPE_LINES};

        self->sources[i].answered = false;
        lines.as_lines.id = self->round;
        lines.as_lines.after = self->sources[i].after;
        (void)outbox_command(out, self->targets[i].to, self->targets[i].index, &lines);
    }
}

static bool all_answered(const struct logs *self)
{
    for (size_t i = 0; i < self->count; i++) {
        if (!self->sources[i].answered) {
            return false;
        }
    }
    return true;
}

void logs_turn(struct logs *self, const struct now *now, struct outbox *out)
{
    if (self->runs && (all_answered(self) || now->mono_ms >= self->due_ms)) {
        self->runs = false;
        self->due_ms = now->mono_ms + interval_ms;
        take_in(self);
    }
    if (!self->runs && tails_count(self->tails) > 0 && now->mono_ms >= self->due_ms) {
        ask_all(self, now, out);
    }
    tails_turn(self->tails, now);
}

int64_t logs_due_ms(const struct logs *self)
{
    return self->runs || tails_count(self->tails) > 0 ? self->due_ms : INT64_MAX;
}

/* ── GET /muster/v1/logs ────────────────────────────────────────────────────*/

/* In the order of OPERATE_LEVEL: this one and worse. */
static const uint32_t levels[] = {
    1U << LOG_ERROR | 1U << LOG_WARN | 1U << LOG_INFO,
    1U << LOG_ERROR,
    1U << LOG_ERROR | 1U << LOG_WARN,
    1U << LOG_ERROR | 1U << LOG_WARN | 1U << LOG_INFO | 1U << LOG_DEBUG,
};

/* "gateway" is "gateway.0". False: it is none of a node's; refused. */
static bool read_actor(const struct operate_ask *ask, struct buf *name)
{
    enum actor_name actor;
    uint32_t index;

    if (ask->args.text[OPERATE_ACTOR].len == 0) {
        return true;
    }
    if (actor_name_from(ask->args.text[OPERATE_ACTOR], &actor, &index) != ERR_OK) {
        operate_refuse(ask->request, 400,
                       STR("actor must be one of a node's: registry, replicator, evictor, "
                           "gateway.0, …, store, etcd.0, …"),
                       STR("actor"), STR(""));
        return false;
    }
    actor_name_print(name, actor, index);
    return true;
}

void operate_logs(struct operate *operate, const struct operate_ask *ask)
{
    struct logs *self = operate->logs;
    int64_t since = ask->args.number[OPERATE_SINCE];
    struct ring_filter filter = {.kinds = levels[ask->args.number[OPERATE_LEVEL]],
                                 .since = since != 0 ? since : ask->now->wall_ns};
    struct buf name = {0};

    if (tails_count(self->tails) == tails_max) {
        operate_refuse_busy(ask->request, STR("many listen already: end one of the streams"));
    } else if (read_actor(ask, &name)) {
        filter.key[0] = buf_str(&name);
        tails_begin(self->tails, ask, &filter, &(struct tail_start){.at = self->ring.first});
        self->due_ms = self->runs ? self->due_ms : ask->now->mono_ms;
    }
    buf_fini(&name);
}
