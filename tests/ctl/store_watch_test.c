/* What store watch says of an event. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "actors/ctl/store_watch.h"
#include "common/etcdapi/kv.pb-c.h"

static struct str packed(struct buf *to, const char *value, int64_t lease)
{
    Mvccpb__KeyValue kv = MVCCPB__KEY_VALUE__INIT;

    kv.key = (ProtobufCBinaryData){1, (uint8_t *)(uintptr_t) "k"};
    kv.value = (ProtobufCBinaryData){strlen(value), (uint8_t *)(uintptr_t)value};
    kv.version = 2;
    kv.lease = lease;
    to->len = mvccpb__key_value__pack(
        &kv, (uint8_t *)buf_reserve(to, mvccpb__key_value__get_packed_size(&kv) + 1));
    return buf_str(to);
}

static void is(const struct msg_event *event, bool json, const char *expected)
{
    struct buf line = {0};

    store_watch_line(event, STR("T"), json, &line);
    buf_add_char(&line, '\0');
    assert_string_equal(expected, line.data);
    buf_fini(&line);
}

static void a_line_says_what_was_and_what_is(void **state)
{
    struct buf kv = {0};
    struct buf prev = {0};
    struct msg_event event = {.revision = 7, .key = STR("k")};

    (void)state;
    event.kv = packed(&kv, "20", 0x1f);
    is(&event, false, "T  7  PUT  k  20  lease 000000000000001f");
    event.has_prev = true;
    event.prev = packed(&prev, "10", 0);
    is(&event, false, "T  7  PUT  k  10 → 20  lease 000000000000001f");
    is(&event, true,
       "{\"time\":\"T\",\"revision\":7,\"type\":\"PUT\",\"key\":\"k\",\"value\":\"20\",\"version\":"
       "2,"
       "\"lease\":\"000000000000001f\",\"prev_value\":\"10\"}");
    event.kind = 1;
    is(&event, false, "T  7  DELETE  k  gone; was 10");
    event.prev = STR("\xff\xff"); /* no KeyValue */
    is(&event, false, "T  7  DELETE  k  gone");
    event.key = STR("\xff");
    is(&event, true, "{\"time\":\"T\",\"revision\":7,\"type\":\"DELETE\",\"key_hex\":\"ff\"}");
    buf_fini(&kv);
    buf_fini(&prev);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_says_what_was_and_what_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
