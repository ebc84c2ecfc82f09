/* Server-Sent Events in pieces. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "actors/ctl/sse.h"

/* Events as "type|data|id;". */
static void on_event(void *state, const struct sse_event *event)
{
    buf_printf(state, "%.*s|%.*s|%.*s;", STR_ARG(event->type), STR_ARG(event->data),
               STR_ARG(event->id));
}

/* The stream in pieces of every size gives the same events. */
static void gives(const char *stream, const char *events)
{
    for (size_t piece = 1; piece <= strlen(stream); piece++) {
        struct buf got = {0};
        struct sse sse;

        sse_init(&sse);
        for (size_t at = 0; at < strlen(stream); at += piece) {
            size_t left = strlen(stream) - at;

            assert_int_equal(ERR_OK,
                             sse_feed(&sse, (struct str){stream + at, left < piece ? left : piece},
                                      on_event, &got));
        }
        buf_add_char(&got, '\0');
        assert_string_equal(events, got.data);
        sse_fini(&sse);
        buf_fini(&got);
    }
}

static void an_event_has_type_data_and_id(void **state)
{
    (void)state;
    gives("event: full\nid: 5f-3\ndata: {\"a\":1}\n\n", "full|{\"a\":1}|5f-3;");
}

static void lines_may_end_in_any_way(void **state)
{
    (void)state;
    gives("event: a\r\ndata: 1\r\n\r\nevent: b\rdata: 2\r\revent: c\ndata: 3\n\n",
          "a|1|;b|2|;c|3|;");
}

static void data_of_several_lines_is_joined(void **state)
{
    (void)state;
    gives("data: a\ndata:b\ndata\ndata:  c\n\n", "message|a\nb\n\n c|;");
}

static void comments_and_events_without_data_are_passed_over(void **state)
{
    (void)state;
    gives(": ping\n\n: x\nevent: y\n\ndata: 1\nodd: 2\n\n", "message|1|;");
}

static void an_id_stays_until_the_next(void **state)
{
    (void)state;
    gives("id: 1\ndata: a\n\ndata: b\n\nid: 2\ndata: c\n\n",
          "message|a|1;message|b|1;message|c|2;");
}

static void an_event_cut_off_is_not_given_and_its_id_not_taken(void **state)
{
    struct buf got = {0};
    struct sse sse;

    (void)state;
    sse_init(&sse);
    assert_int_equal(ERR_OK,
                     sse_feed(&sse, STR("id: 1\ndata: a\n\nid: 2\ndata: b\n"), on_event, &got));
    assert_true(str_eq(buf_str(&sse.id), STR("1")));
    sse_restart(&sse);
    assert_int_equal(ERR_OK, sse_feed(&sse, STR("\ndata: c\n\n"), on_event, &got));
    assert_true(str_eq(buf_str(&got), STR("message|a|1;message|c|1;")));
    sse_fini(&sse);
    buf_fini(&got);
}

static void the_server_may_say_when_to_come_again(void **state)
{
    struct buf got = {0};
    struct sse sse;

    (void)state;
    sse_init(&sse);
    assert_int_equal(-1, sse.retry_ms);
    assert_int_equal(ERR_OK, sse_feed(&sse, STR("retry: 2500\nretry: x\n"), on_event, &got));
    assert_int_equal(2500, sse.retry_ms);
    sse_fini(&sse);
}

static void an_event_without_end_is_refused(void **state)
{
    static char piece[1024 * 1024];
    struct buf got = {0};
    struct sse sse;
    enum err err = ERR_OK;
    size_t fed = 0;

    (void)state;
    memset(piece, 'x', sizeof(piece));
    sse_init(&sse);
    while (err == ERR_OK && fed < 2 * (size_t)sse_bytes_max) {
        err = sse_feed(&sse, (struct str){piece, sizeof(piece)}, on_event, &got);
        fed += sizeof(piece);
    }
    assert_int_equal(ERR_TOO_LARGE, err);
    sse_fini(&sse);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_has_type_data_and_id),
        cmocka_unit_test(lines_may_end_in_any_way),
        cmocka_unit_test(data_of_several_lines_is_joined),
        cmocka_unit_test(comments_and_events_without_data_are_passed_over),
        cmocka_unit_test(an_id_stays_until_the_next),
        cmocka_unit_test(an_event_cut_off_is_not_given_and_its_id_not_taken),
        cmocka_unit_test(the_server_may_say_when_to_come_again),
        cmocka_unit_test(an_event_without_end_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
