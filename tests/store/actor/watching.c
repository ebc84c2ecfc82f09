#include "tests/store/actor/watching.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

int watching_set_up(void **state)
{
    static struct rig rig;

    rig_init(&rig, 1);
    rig_start(&rig);
    rig_forget(&rig);
    *state = &rig;
    return 0;
}

int watching_tear_down(void **state)
{
    rig_fini(*state);
    return 0;
}

void watching_add_range(struct msg_list *list, struct buf *store, struct str key, struct str end,
                        bool prev)
{
    struct msg part = {.type = MSG_TYPE_WATCH_RANGE};

    part.as_watch_range = (struct msg_watch_range){.key = key, .range_end = end, .prev = prev};
    msg_list_add(list, store, &part);
}

void watching_all(struct rig *rig, bool prev)
{
    struct buf store = {0};
    struct msg msg = {.type = MSG_TYPE_WATCHING};

    msg.as_watching.boot = rig->options.boot;
    watching_add_range(&msg.as_watching.ranges, &store, STR("p"), STR("q"), prev);
    rig_ask(rig, &msg);
    buf_fini(&store);
}

void watching_read_events(struct rig *rig, int64_t from, uint32_t sub, int64_t to, struct str key,
                          struct str end, bool prev)
{
    struct buf store = {0};
    struct msg msg = {.type = MSG_TYPE_READ_EVENTS};

    msg.as_read_events = (struct msg_read_events){
        .id = ++rig->id, .boot = rig->options.boot, .from = from, .sub = sub, .to = to};
    watching_add_range(&msg.as_read_events.ranges, &store, key, end, prev);
    rig_ask(rig, &msg);
    buf_fini(&store);
}

struct msg_events_read watching_read_all(struct rig *rig, int64_t from, uint32_t sub, int64_t to)
{
    struct msg msg;

    rig_forget(rig);
    watching_read_events(rig, from, sub, to, everything, everything, false);
    rig_turn(rig, 0);
    assert_true(rig_other(rig, &msg));
    assert_int_equal(msg.type, MSG_TYPE_EVENTS_READ);
    assert_int_equal(msg.as_events_read.id, rig->id);
    return msg.as_events_read;
}

uint64_t watching_send_put(struct rig *rig, const char *key, const char *value, size_t len)
{
    Etcdserverpb__PutRequest put = ETCDSERVERPB__PUT_REQUEST__INIT;

    put.key = rig_bytes(key);
    put.value = (ProtobufCBinaryData){len, (uint8_t *)value};
    return rig_send(rig, ETCD_METHOD_PUT, &put);
}

void watching_send_numbered(struct rig *rig, int number)
{
    char key[16];

    (void)snprintf(key, sizeof(key), "k%05d", number);
    (void)watching_send_put(rig, key, "v", 1);
}

void watching_send_delete(struct rig *rig, const char *key, const char *end)
{
    Etcdserverpb__DeleteRangeRequest request = ETCDSERVERPB__DELETE_RANGE_REQUEST__INIT;

    request.key = rig_bytes(key);
    request.range_end = rig_bytes(end);
    (void)rig_send(rig, ETCD_METHOD_DELETE_RANGE, &request);
}

void watching_print_events(struct buf *to, struct msg_list events)
{
    struct msg event;

    while (msg_next(&events.bytes, &event)) {
        assert_int_equal(event.type, MSG_TYPE_EVENT);
        buf_printf(to, "%lld%s%.*s ", (long long)event.as_event.revision,
                   event.as_event.kind == 1 ? "-" : "+", STR_ARG(event.as_event.key));
    }
}

void watching_expect_events(struct msg_list events, const char *expected)
{
    struct buf text = {0};

    watching_print_events(&text, events);
    buf_add_char(&text, 0);
    assert_string_equal(text.data, expected);
    buf_fini(&text);
}

size_t watching_count_of(const struct rig *rig, const char *topic)
{
    struct msg msg;
    size_t at = 0;
    size_t count = 0;

    while (rig_fact(rig, topic, &at, &msg)) {
        count++;
    }
    return count;
}

const char *watching_last_prev(struct rig *rig)
{
    static char text[32];
    struct msg fact;
    struct msg event = {.type = MSG_TYPE_EVENT};
    size_t at = 0;
    struct str rest;

    while (rig_fact(rig, "store.events", &at, &fact)) {
        rest = fact.as_events.events.bytes;
        while (msg_next(&rest, &event)) {
        }
    }
    if (!event.as_event.has_prev) {
        assert_int_equal(event.as_event.prev.len, 0);
        return "-";
    }
    text[0] = 0;
    if (event.as_event.prev.len > 0) {
        Mvccpb__KeyValue *kv = mvccpb__key_value__unpack(NULL, event.as_event.prev.len,
                                                         (const uint8_t *)event.as_event.prev.data);

        (void)snprintf(text, sizeof(text), "%.*s@%d", (int)kv->value.len,
                       (const char *)kv->value.data, (int)kv->mod_revision);
        mvccpb__key_value__free_unpacked(kv, NULL);
    }
    return text;
}
