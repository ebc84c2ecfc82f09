#include "actors/ctl/log_merge.h"

#include <jansson.h>
#include <stdlib.h>
#include <time.h>

#include "actors/ctl/output.h"
#include "common/base/heap.h"
#include "common/base/log_line.h"
#include "common/config/table.h"

enum { time_chars = 24 }; /* 2026-11-28T14:48:22.123Z */

struct merge_line {
    char time[time_chars + 1]; /* "": not known */
    const char *actor;
    struct str text;
    uint64_t order; /* how far from the end of its log it stands */
    bool raw;
};

void log_merge_init(struct log_merge *self, const struct log_choice *choice)
{
    *self = (struct log_merge){.choice = choice};
}

void log_merge_fini(struct log_merge *self)
{
    free(self->lines);
    *self = (struct log_merge){.choice = self->choice};
}

/* ── choosing ── */

/* Takes the last line off text. */
static struct str last_line(struct str *text)
{
    size_t len = text->data[text->len - 1] == '\n' ? text->len - 1 : text->len;
    const char *feed = len > 0 ? memrchr(text->data, '\n', len) : NULL;
    const char *from = feed != NULL ? feed + 1 : text->data;
    struct str line = {from, (size_t)(text->data + len - from)};

    text->len = (size_t)(from - text->data);
    return line;
}

static const char *member(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text != NULL ? text : "";
}

static struct str text_of(const json_t *value)
{
    return (struct str){json_string_value(value), json_string_length(value)};
}

/* NULL: it is no line of a log. */
static json_t *parse(struct str line)
{
    json_t *object = line.len > 0 && line.data[0] == '{'
                         ? json_loadb(line.data, line.len, JSON_ALLOW_NUL, NULL)
                         : NULL;

    if (object != NULL && strlen(member(object, "time")) != time_chars) {
        json_decref(object);
        return NULL;
    }
    return object;
}

static struct merge_line *add(struct log_merge *self, const struct merge_line *line)
{
    if (self->count == self->cap) {
        self->cap = self->cap > 0 ? 2 * self->cap : 256;
        self->lines = heap_resize(self->lines, self->cap * sizeof(*self->lines));
    }
    self->lines[self->count] = *line;
    return &self->lines[self->count++];
}

static enum log_level level_of(const json_t *object)
{
    enum log_level level = LOG_ERROR;

    (void)log_level_from(str_from(member(object, "level")), &level);
    return level;
}

/* The lines behind this one that had no time of their own; NULL: nor has this one. */
static void date_raw(struct log_merge *self, size_t from, const char *time)
{
    size_t kept = from;

    for (size_t i = from; i < self->count; i++) {
        if (time != NULL && self->lines[i].raw && self->lines[i].time[0] == '\0') {
            memcpy(self->lines[i].time, time, time_chars);
        }
        if (strcmp(self->lines[i].time, self->choice->since) >= 0) {
            self->lines[kept++] = self->lines[i];
        }
    }
    self->count = kept;
}

bool log_merge_add(struct log_merge *self, const char *actor, struct str text)
{
    size_t from = self->count;
    uint64_t order = 0;
    bool old = false;

    while (text.len > 0 && !old && self->count - from < self->choice->last) {
        struct str last = last_line(&text);
        struct merge_line line = {.actor = actor, .text = last, .order = order + 1};
        json_t *object = parse(last);

        order++;
        line.raw = object == NULL;
        if (!line.raw) {
            memcpy(line.time, member(object, "time"), time_chars);
            old = strcmp(line.time, self->choice->since) < 0;
            date_raw(self, from, line.time);
        }
        if (line.text.len > 0 && !old && (line.raw || level_of(object) <= self->choice->level)) {
            add(self, &line);
        }
        json_decref(object);
    }
    date_raw(self, from, NULL);
    return old || self->count - from >= self->choice->last;
}

/* ── printing ── */

static int by_time(const void *left, const void *right)
{
    const struct merge_line *a = left;
    const struct merge_line *b = right;
    int order = strcmp(a->time, b->time);

    if (order == 0 && a->actor == b->actor) {
        order = a->order > b->order ? -1 : 1;
    }
    return order != 0 ? order : strcmp(a->actor, b->actor);
}

/* 0 for what is no time of this age. */
static int64_t wall_ns_of(const char *time)
{
    static const int64_t second_ns = 1000000000;
    struct tm utc = {0};
    const char *rest = strptime(time, "%Y-%m-%dT%H:%M:%S", &utc);
    int64_t s = rest != NULL ? (int64_t)timegm(&utc) : 0;
    int64_t ms = 0;

    if (s <= 0 || s >= INT64_MAX / second_ns) {
        return 0;
    }
    if (*rest == '.') {
        for (int i = 1; i <= 3 && rest[i] >= '0' && rest[i] <= '9'; i++) {
            ms = ms * 10 + (rest[i] - '0');
        }
    }
    return s * second_ns + ms * 1000000;
}

static bool is_of_head(const char *name)
{
    static const char *const head[] = {"time", "level", "node", "actor", "index", "event", "text"};

    for (size_t i = 0; i < sizeof(head) / sizeof(head[0]); i++) {
        if (strcmp(name, head[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* What the fields of a line borrow from. */
struct parsed {
    struct log_field fields[64];
    size_t count;
    struct buf lists[4]; /* packed */
    size_t list_count;
};

static struct strs pack_list(struct parsed *self, const json_t *list)
{
    struct buf *store = &self->lists[self->list_count++];
    struct strs strs = {0};

    for (size_t i = 0; i < json_array_size(list); i++) {
        strs_pack(store, text_of(json_array_get(list, i)));
        strs.count++;
    }
    strs.bytes = buf_str(store);
    return strs;
}

static void add_field(struct parsed *self, const char *name, const json_t *value)
{
    const size_t max = sizeof(self->fields) / sizeof(self->fields[0]) - 1;
    const size_t lists_max = sizeof(self->lists) / sizeof(self->lists[0]);
    struct log_field *field = &self->fields[self->count];

    if (self->count == max) {
        return;
    }
    if (json_is_string(value)) {
        *field = log_str(name, text_of(value));
    } else if (json_is_integer(value)) {
        *field = log_int(name, json_integer_value(value));
    } else if (json_is_boolean(value)) {
        *field = log_flag(name, json_is_true(value));
    } else if (json_is_array(value) && self->list_count < lists_max) {
        *field = log_strs(name, pack_list(self, value));
    } else {
        return;
    }
    self->count++;
}

static void print_parsed(const struct merge_line *line, const json_t *object, bool colour,
                         FILE *out)
{
    struct parsed parsed = {.count = 0};
    const bool many = strchr(line->actor, '.') != NULL;
    struct log_content content = {
        .wall_ns = wall_ns_of(line->time),
        .level = level_of(object),
        .actor = str_from(member(object, "actor")),
        .index = many ? json_integer_value(json_object_get(object, "index")) : -1,
        .event = str_from(member(object, "event")),
        .text = text_of(json_object_get(object, "text")),
        .fields = parsed.fields,
    };
    struct log_line text;
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)object, name, value)
    {
        if (!is_of_head(name)) {
            add_field(&parsed, name, value);
        }
    }
    parsed.fields[parsed.count] = (struct log_field){.kind = LOG_END};
    log_line_text(&text, &content, colour);
    (void)fwrite(text.data, 1, text.len, out);
    for (size_t i = 0; i < parsed.list_count; i++) {
        buf_fini(&parsed.lists[i]);
    }
}

/* As a line of its own, so that whoever reads has one form: event "said". */
static void print_raw(const struct merge_line *line, enum log_form form, FILE *out)
{
    const char *dot = strchr(line->actor, '.');
    char *text = heap_text(line->text);
    const struct log_field none = {.kind = LOG_END};
    struct log_content content = {
        .wall_ns = wall_ns_of(line->time),
        .level = LOG_ERROR,
        .actor = {line->actor, dot != NULL ? (size_t)(dot - line->actor) : strlen(line->actor)},
        .index = dot != NULL ? strtol(dot + 1, NULL, 10) : -1,
        .event = STR("said"),
        .text = str_from(text),
        .fields = &none,
    };
    struct log_line said;

    if (form == LOG_FORM_JSON) {
        log_line_json(&said, &content);
    } else {
        log_line_text(&said, &content, form == LOG_FORM_COLOUR);
    }
    (void)fwrite(said.data, 1, said.len, out);
    free(text);
}

static void print_line(const struct merge_line *line, enum log_form form, FILE *out)
{
    struct buf clean = {0};
    json_t *object;

    if (line->raw) {
        print_raw(line, form, out);
        return;
    }
    if (form == LOG_FORM_JSON) {
        output_clean_json(&clean, line->text);
        (void)fwrite(clean.data, 1, clean.len, out);
        (void)fputc('\n', out);
        buf_fini(&clean);
        return;
    }
    object = parse(line->text);
    assert(object != NULL); /* it was parsed when it was chosen */
    print_parsed(line, object, form == LOG_FORM_COLOUR, out);
    json_decref(object);
}

void log_merge_print(struct log_merge *self, enum log_form form, FILE *out)
{
    size_t first = 0;

    if (self->count > 0) {
        qsort(self->lines, self->count, sizeof(*self->lines), by_time);
    }
    if (self->count > self->choice->last) {
        first = self->count - self->choice->last;
    }
    for (size_t i = first; i < self->count; i++) {
        print_line(&self->lines[i], form, out);
    }
    self->count = 0;
}

/* ── since ── */

/* The second of the local day at, or -1. */
static time_t local_time(const char *text, time_t now)
{
    static const char *const forms[] = {"%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d",
                                        "%H:%M:%S", "%H:%M"};

    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        struct tm at = {0};
        const char *rest;

        (void)localtime_r(&now, &at);
        at.tm_hour = at.tm_min = at.tm_sec = 0;
        at.tm_isdst = -1;
        rest = strptime(text, forms[i], &at);
        if (rest != NULL && *rest == '\0') {
            return mktime(&at);
        }
    }
    return -1;
}

/* RFC 3339, to the second, or -1. */
static time_t zoned_time(const char *text)
{
    struct tm at = {0};
    const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &at);
    long east_s;

    if (rest == NULL) {
        return -1;
    }
    if (*rest == '.') {
        rest += 1 + strspn(rest + 1, "0123456789");
    }
    rest = strptime(rest, "%z", &at); /* Z, +08:00 */
    if (rest == NULL || *rest != '\0') {
        return -1;
    }
    east_s = at.tm_gmtoff; /* timegm sets it anew */
    return timegm(&at) - east_s;
}

enum err log_since(const char *text, int64_t now_ns, char since[32])
{
    time_t now = (time_t)(now_ns / 1000000000);
    time_t second = -1;
    int64_t ms = 0;
    struct tm utc;

    if (config_duration_parse(str_from(text), &ms) == ERR_OK) {
        second = now - (time_t)(ms / 1000);
    } else {
        second = zoned_time(text);
        second = second == -1 ? local_time(text, now) : second;
    }
    if (second < 0 || gmtime_r(&second, &utc) == NULL ||
        strftime(since, 32, "%Y-%m-%dT%H:%M:%S.000Z", &utc) == 0) {
        return ERR_INVALID;
    }
    return ERR_OK;
}
