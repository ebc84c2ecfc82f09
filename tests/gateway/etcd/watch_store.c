#include "tests/gateway/etcd/watch_store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/base/array.h"
#include "common/etcdapi/mvcc.pb-c.h"

/* ── queues ── */

void played_queue_add(struct played_queue *self, struct str item)
{
    struct buf copy = {0};
    size_t used = self->first + self->count;

    buf_add_str(&copy, item);
    ARRAY_ROOM(self->items, used, self->cap, 16);
    self->items[self->first + self->count++] = copy;
}

struct str played_queue_first(const struct played_queue *self)
{
    return buf_str(&self->items[self->first]);
}

void played_queue_drop(struct played_queue *self)
{
    assert_true(self->count > 0);
    buf_fini(&self->items[self->first++]);
    self->count--;
    if (self->count == 0) {
        self->first = 0;
    }
}

static void clear(struct played_queue *self)
{
    while (self->count > 0) {
        played_queue_drop(self);
    }
}

static void add_msg(struct played_queue *self, const struct msg *msg)
{
    struct buf bytes = {0};

    msg_encode(&bytes, msg);
    played_queue_add(self, buf_str(&bytes));
    buf_fini(&bytes);
}

/* ── its life ── */

void played_store_init(struct played_store *self)
{
    *self = (struct played_store){.epoch = 1,
                                  .boot = 10,
                                  .revision = 1,
                                  .compacted = -1,
                                  .told = 1,
                                  .fact_events_max = 10,
                                  .answer_events_max = 1000,
                                  .answer_revisions_max = 1000};
}

void played_store_fini(struct played_store *self)
{
    struct played_queue *queues[] = {&self->facts, &self->questions, &self->answers};

    for (size_t i = 0; i < 3; i++) {
        clear(queues[i]);
        free(queues[i]->items);
    }
    free(self->events);
}

void played_store_restart(struct played_store *self)
{
    self->boot++;
    self->told = self->revision;
    self->interest_ends_ms = 0;
    self->prev_count = 0;
    clear(&self->facts);
    clear(&self->questions);
    clear(&self->answers);
}

void played_store_begin_anew(struct played_store *self)
{
    played_store_restart(self);
    self->epoch++;
    self->count = 0;
    self->revision = self->told = 1;
    self->compacted = -1;
}

/* ── what it holds ── */

char played_digit(const struct played_event *event)
{
    return (char)('0' + event->revision % 10);
}

void played_store_begin(struct played_store *self)
{
    self->revision++;
}

/* The number of the last event of a key; 0: none. */
static size_t last_of(const struct played_store *self, const char *key)
{
    size_t i = self->count;

    while (i > 0 && strcmp(self->events[i - 1].key, key) != 0) {
        i--;
    }
    return i;
}

static struct played_event *add(struct played_store *self, uint32_t kind, const char *key)
{
    size_t last = last_of(self, key);
    struct played_event *event;

    ARRAY_ROOM(self->events, self->count, self->cap, 64);
    event = &self->events[self->count++];
    *event =
        (struct played_event){.revision = self->revision,
                              .kind = kind,
                              .before = last > 0 && self->events[last - 1].kind == 0 ? last : 0};
    assert_true(strlen(key) < sizeof(event->key));
    memcpy(event->key, key, strlen(key));
    return event;
}

void played_store_put(struct played_store *self, const char *key, size_t value_bytes)
{
    add(self, 0, key)->value_bytes = value_bytes;
}

bool played_store_delete(struct played_store *self, const char *key)
{
    size_t last = last_of(self, key);

    if (last == 0 || self->events[last - 1].kind != 0) {
        return false;
    }
    (void)add(self, 1, key);
    return true;
}

void played_store_compact(struct played_store *self, int64_t revision)
{
    assert_true(revision <= self->revision);
    if (revision > self->compacted) {
        self->compacted = revision;
    }
}

/* ── what it says ── */

static void pack_kv(struct buf *to, const struct played_event *event)
{
    Mvccpb__KeyValue kv = MVCCPB__KEY_VALUE__INIT;
    struct buf value = {0};

    memset(buf_reserve(&value, event->value_bytes + 1), played_digit(event), event->value_bytes);
    value.len = event->value_bytes;
    kv.key = (ProtobufCBinaryData){strlen(event->key), (uint8_t *)(uintptr_t)event->key};
    kv.mod_revision = event->revision;
    kv.value = (ProtobufCBinaryData){value.len, (uint8_t *)value.data};
    (void)buf_reserve(to, mvccpb__key_value__get_packed_size(&kv) + 1);
    to->len += mvccpb__key_value__pack(&kv, (uint8_t *)to->data + to->len);
    buf_fini(&value);
}

static void list_event(const struct played_store *self, const struct played_event *event,
                       bool has_prev, struct msg_list *list, struct buf *store)
{
    struct msg msg = {.type = MSG_TYPE_EVENT};
    struct buf kv = {0};
    struct buf prev = {0};

    pack_kv(&kv, event);
    if (has_prev && event->before > 0 &&
        self->events[event->before - 1].revision > self->compacted) {
        pack_kv(&prev, &self->events[event->before - 1]);
    }
    msg.as_event = (struct msg_event){.revision = event->revision,
                                      .kind = event->kind,
                                      .key = played_key(event),
                                      .kv = buf_str(&kv),
                                      .has_prev = has_prev,
                                      .prev = buf_str(&prev)};
    msg_list_add(list, store, &msg);
    buf_fini(&kv);
    buf_fini(&prev);
}

static bool wants_prev(const struct played_store *self, struct str key)
{
    for (unsigned i = 0; i < self->prev_count; i++) {
        struct watch_wish wish = {.key = str_from(self->prev[i].key),
                                  .end = str_from(self->prev[i].end)};

        if (self->prev[i].end[0] == 1) { /* stands for the byte 0 */
            wish.end = (struct str){"", 1};
        }
        if (watch_wish_has(&wish, key)) {
            return true;
        }
    }
    return false;
}

/* Events of revisions above `above`, up to revision. */
static void tell(struct played_store *self, int64_t above, int64_t revision)
{
    struct msg msg = {.type = MSG_TYPE_EVENTS};
    struct msg_list list = {0};
    struct buf store = {0};
    size_t count = 0;
    size_t i = 0;

    while (i < self->count && self->events[i].revision <= above) {
        i++;
    }
    for (; i < self->count && self->events[i].revision <= revision; i++, count++) {
        list_event(self, &self->events[i], wants_prev(self, played_key(&self->events[i])), &list,
                   &store);
    }
    msg.as_events = (struct msg_events){.epoch = self->epoch,
                                        .boot = self->boot,
                                        .seq = (uint64_t)revision,
                                        .before = above,
                                        .revision = revision,
                                        .compacted = self->compacted,
                                        .whole = count <= self->fact_events_max,
                                        .events = list};
    if (!msg.as_events.whole) {
        msg.as_events.events = (struct msg_list){0};
    }
    add_msg(&self->facts, &msg);
    buf_fini(&store);
}

void played_store_publish(struct played_store *self, int64_t revisions_max, int64_t now_ms)
{
    while (self->told < self->revision) {
        int64_t to = self->told + revisions_max;

        to = to < self->revision ? to : self->revision;
        if (now_ms < self->interest_ends_ms) {
            tell(self, self->told, to);
        }
        self->told = to;
    }
}

void played_store_tick(struct played_store *self)
{
    const struct msg msg = {.type = MSG_TYPE_REVISION,
                            .as_revision = {.epoch = self->epoch,
                                            .boot = self->boot,
                                            .seq = (uint64_t)self->revision,
                                            .revision = self->revision,
                                            .compacted = self->compacted,
                                            .cluster = played_cluster,
                                            .member = played_member,
                                            .term = played_term,
                                            .lead = 1}};

    add_msg(&self->facts, &msg);
}

/* ── what it is asked ── */

void played_store_take(struct played_store *self, struct outbox *out)
{
    struct outbox_item item;
    size_t cursor = 0;

    while (outbox_next(out, OUTBOX_SYNCED, &cursor, &item)) {
        struct str rest = item.frame;

        assert_int_equal(item.actor, ACTOR_STORE);
        while (rest.len > 0) {
            struct str before = rest;
            struct msg msg;

            assert_int_equal(msg_decode(&rest, &msg), ERR_OK);
            played_queue_add(&self->questions, (struct str){before.data, before.len - rest.len});
        }
    }
    outbox_clear(out, OUTBOX_SYNCED);
}

static void copy_key(char to[8], struct str from)
{
    assert_true(from.len < 8);
    memset(to, 0, 8);
    if (from.len == 1 && from.data[0] == 0) {
        to[0] = 1; /* below all that is written to */
    } else if (from.len > 0) {
        memcpy(to, from.data, from.len);
    }
}

static void note_interest(struct played_store *self, struct msg_list ranges, int64_t now_ms)
{
    struct msg msg;

    self->interest_ends_ms = now_ms + watching_ms;
    while (msg_next(&ranges.bytes, &msg)) {
        const struct msg_watch_range *range = &msg.as_watch_range;

        if (range->prev) {
            unsigned at = self->prev_count < played_interests_max ? self->prev_count++ : 0;

            copy_key(self->prev[at].key, range->key);
            copy_key(self->prev[at].end, range->range_end);
        }
    }
}

static void answer_watch(struct played_store *self, const struct msg_watch *watch, int64_t now_ms)
{
    struct msg msg = {.type = MSG_TYPE_WATCHED, .as_watched = {.id = watch->id}};

    self->watches++;
    if (watch->boot != self->boot) {
        msg.as_watched.code = GRPC_UNAVAILABLE;
    } else {
        note_interest(self, watch->range, now_ms);
        msg.as_watched.code = (uint32_t)self->code;
        msg.as_watched.text = self->code_text;
        msg.as_watched.revision = self->revision;
        msg.as_watched.compacted = self->compacted;
        self->code = GRPC_OK;
    }
    add_msg(&self->answers, &msg);
}

static bool range_has(const struct msg_watch_range *range, struct str key)
{
    const struct watch_wish wish = {.key = range->key, .end = range->range_end};

    return watch_wish_has(&wish, key);
}

/* Whether it is asked for; *prev: with what was before. */
static bool asked_for(struct msg_list ranges, struct str key, bool *prev)
{
    bool found = false;
    struct msg msg;

    *prev = false;
    while (msg_next(&ranges.bytes, &msg)) {
        if (range_has(&msg.as_watch_range, key)) {
            found = true;
            *prev = *prev || msg.as_watch_range.prev;
        }
    }
    return found;
}

static void read_events(struct played_store *self, const struct msg_read_events *asked,
                        struct msg_events_read *answer, struct buf *store)
{
    int64_t end = asked->to < self->revision ? asked->to : self->revision;
    uint32_t sub = 0;
    size_t count = 0;
    bool prev;

    if (asked->from <= self->compacted || asked->from > end) {
        return;
    }
    for (size_t i = 0; i < self->count && self->events[i].revision <= end; i++) {
        const struct played_event *event = &self->events[i];

        sub = i > 0 && self->events[i - 1].revision == event->revision ? sub + 1 : 0;
        if (event->revision < asked->from || (event->revision == asked->from && sub < asked->sub)) {
            continue;
        }
        if (count == self->answer_events_max ||
            event->revision >= asked->from + self->answer_revisions_max) {
            answer->next = event->revision;
            answer->next_sub = sub;
            return;
        }
        count++;
        if (asked_for(asked->ranges, played_key(event), &prev)) {
            list_event(self, event, prev, &answer->events, store);
        }
    }
    answer->next = end + 1;
    answer->next_sub = 0;
}

static void answer_read(struct played_store *self, const struct msg_read_events *asked)
{
    struct msg msg = {.type = MSG_TYPE_EVENTS_READ};
    struct buf store = {0};

    self->reads++;
    self->ranges = asked->ranges.count;
    msg.as_events_read = (struct msg_events_read){
        .id = asked->id, .next = asked->from, .next_sub = asked->sub, .compacted = self->compacted};
    if (asked->boot != self->boot) {
        msg.as_events_read.code = GRPC_UNAVAILABLE;
    } else {
        read_events(self, asked, &msg.as_events_read, &store);
    }
    add_msg(&self->answers, &msg);
    buf_fini(&store);
}

void played_store_answer(struct played_store *self, int64_t now_ms)
{
    struct str rest = played_queue_first(&self->questions);
    struct msg msg;

    assert_int_equal(msg_decode(&rest, &msg), ERR_OK);
    switch (msg.type) {
    case MSG_TYPE_WATCH:
        answer_watch(self, &msg.as_watch, now_ms);
        break;
    case MSG_TYPE_WATCHING:
        if (msg.as_watching.boot == self->boot) {
            note_interest(self, msg.as_watching.ranges, now_ms);
        }
        break;
    case MSG_TYPE_READ_EVENTS:
        answer_read(self, &msg.as_read_events);
        break;
    default:
        fail_msg("asked %u", (unsigned)msg.type);
    }
    played_queue_drop(&self->questions);
}
