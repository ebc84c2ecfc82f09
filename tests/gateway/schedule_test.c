#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "gateway/discovery/poll.h"
#include "tests/gateway/server.h"

static struct server it;

static int begin(void **state)
{
    (void)state;
    server_start(&it);
    return 0;
}

static int end(void **state)
{
    (void)state;
    server_stop(&it);
    return 0;
}

/* Triplets, in order, NULL-terminated; none: the schedule is removed. */
static void feed_schedule(const char *appid, int64_t timestamp, const char *const *triplets)
{
    struct change change = {.kind = triplets != NULL ? CHANGE_REGISTER : CHANGE_CANCEL,
                            .latest_timestamp = timestamp};
    struct buf store = {0};

    for (; triplets != NULL && *triplets != NULL; triplets++) {
        strs_pack(&store, str_from(*triplets));
        change.instance.addrs.count++;
    }
    change.instance.id = (struct identity){.env = STR("dev"), .appid = str_from(appid)};
    change.instance.addrs.bytes = buf_str(&store);
    change.instance.version = STR("for people");
    change.instance.status = STATUS_UP;
    change.instance.metadata_null = true;
    change.instance.dirty_timestamp = timestamp;
    feed_turn(&it.feed, &change);
    buf_fini(&store);
}

static const char *const recorded[] = {"sh001", "sh001", "1", "sh001", "sh002", "2", NULL};

#define RECORDED                                                                                   \
    "\"scheduler\":{\"clients\":{\"sh001\":{\"zones\":{\"sh001\":{\"weight\":1},"                  \
    "\"sh002\":{\"weight\":2}}}},\"remark\":\"\"}"

static void assert_get(const char *target, const char *part)
{
    struct buf answer = server_get(&it, target);

    if (!answer_has(&answer, part)) {
        fail_msg("%s\nhas no %s\n%s", target, part, answer.data);
    }
    buf_fini(&answer);
}

static void assert_get_lacks(const char *target, const char *part)
{
    struct buf answer = server_get(&it, target);

    if (answer_has(&answer, part)) {
        fail_msg("%s\nhas %s\n%s", target, part, answer.data);
    }
    buf_fini(&answer);
}

static void assert_answer(int fd, const char *part)
{
    struct buf answer = server_answer(&it, fd);

    if (!answer_has(&answer, part)) {
        fail_msg("no %s in %s", part, answer.data);
    }
    buf_fini(&answer);
}

static void stands_between_instances_and_latest_timestamp_as_recorded(void **state)
{
    (void)state;
    feed_put(&it.feed, "s.app", "h", 100);
    feed_schedule("s.app", 200, recorded);
    assert_get("/discovery/fetch?env=dev&appid=s.app&status=1",
               "]}," RECORDED ",\"latest_timestamp\":200}}");
    assert_get("/discovery/fetch?env=dev&appid=s.app&status=4",
               "{\"sh001\":[]}," RECORDED ",\"latest_timestamp\":200}}");
    assert_get("/discovery/fetchs?env=dev&appid=s.app&appid=no&status=1",
               "]}," RECORDED ",\"latest_timestamp\":200}}}");
    assert_get("/discovery/polls?env=dev&appid=s.app&hostname=x&latest_timestamp=0",
               "]}," RECORDED ",\"latest_timestamp\":200}},\"error\":{\"-404\":null}");
    assert_get("/discovery/poll?env=dev&appid=s.app&hostname=x",
               "]}," RECORDED ",\"latest_timestamp\":200}}");
}

static void is_not_where_the_reference_has_none(void **state)
{
    (void)state;
    feed_put(&it.feed, "s.app", "h", 100);
    feed_schedule("s.app", 200, recorded);
    assert_get("/discovery/fetch?env=dev&appid=s.app&status=1&zone=nozone",
               "\"data\":{\"instances\":{},\"latest_timestamp\":200}}");
    assert_get_lacks("/discovery/fetchs?env=dev&appid=s.app&status=1&format=legacy", "scheduler");
    assert_get_lacks("/discovery/fetch/all", "scheduler");
}

static void an_app_with_a_schedule_only_is_not_known(void **state)
{
    int fd;

    (void)state;
    feed_schedule("s.app", 100, recorded);
    assert_get("/discovery/fetch?env=dev&appid=s.app&status=1",
               "{\"code\":-404,\"message\":\"-404\",\"ttl\":1,\"data\":null}");
    assert_get_lacks("/discovery/fetch/all", "s.app");
    fd = server_connect(&it);
    server_send(fd, "/discovery/polls?env=dev&appid=s.app&hostname=x&delta=1&position=5f3a-1", "");
    feed_schedule("s.app", 200, NULL);
    feed_schedule("s.app", 300, recorded);
    assert_true(server_is_silent(&it, fd)); /* nor is a change of it news */
    feed_put(&it.feed, "s.app", "h", 400);
    assert_answer(fd, "\"full\":false,");
    (void)close(fd);
    assert_get("/discovery/fetch?env=dev&appid=s.app&status=1", RECORDED);
}

static void a_change_of_it_wakes_polls_and_drops_documents(void **state)
{
    static const char *const other[] = {"a\"<", "b", "0", "c", "d", "1000000", NULL};
    int fd;

    (void)state;
    feed_put(&it.feed, "s.app", "h", 100);
    assert_get_lacks("/discovery/fetch?env=dev&appid=s.app&status=1", "scheduler");
    fd = server_connect(&it);
    server_send(fd, "/discovery/polls?env=dev&appid=s.app&hostname=x&latest_timestamp=100", "");
    assert_true(server_is_silent(&it, fd));
    feed_schedule("s.app", 200, recorded);
    assert_answer(fd, RECORDED ",\"latest_timestamp\":200");
    server_send(fd, "/discovery/polls?env=dev&appid=s.app&hostname=x&latest_timestamp=200", "");
    feed_schedule("s.app", 300, other);
    assert_answer(fd, "\"scheduler\":{\"clients\":{\"a\\\"\\u003c\":{\"zones\":{\"b\":{\"weight\":"
                      "0}}},\"c\":{\"zones\":{\"d\":{\"weight\":1000000}}}},\"remark\":\"\"},"
                      "\"latest_timestamp\":300");
    server_send(fd, "/discovery/polls?env=dev&appid=s.app&hostname=x&latest_timestamp=300", "");
    feed_schedule("s.app", 400, NULL);
    assert_answer(fd, "]},\"latest_timestamp\":400");
    (void)close(fd);
    assert_get_lacks("/discovery/fetch?env=dev&appid=s.app&status=1", "scheduler");
}

static void an_empty_schedule_is_one(void **state)
{
    static const char *const none[] = {NULL};

    (void)state;
    feed_put(&it.feed, "s.app", "h", 100);
    feed_schedule("s.app", 200, none);
    assert_get("/discovery/fetch?env=dev&appid=s.app&status=1",
               "\"scheduler\":{\"clients\":{},\"remark\":\"\"},");
}

static void a_delta_tells_it_and_its_end(void **state)
{
    int fd;

    (void)state;
    feed_put(&it.feed, "s.app", "h", 100);
    fd = server_connect(&it);
    server_send(fd, "/discovery/polls?env=dev&appid=s.app&hostname=x&delta=1&position=5f3a-1", "");
    feed_schedule("s.app", 200, recorded);
    assert_answer(fd, "\"full\":false,\"removed\":{},\"instances\":{}," RECORDED
                      ",\"latest_timestamp\":200}");
    server_send(fd, "/discovery/polls?env=dev&appid=s.app&hostname=x&delta=1", "");
    assert_answer(fd, "]}," RECORDED ",\"latest_timestamp\":200}");
    server_send(fd, "/discovery/polls?env=dev&appid=s.app&hostname=x&delta=1&position=5f3a-2", "");
    feed_schedule("s.app", 300, NULL);
    assert_answer(fd, "\"instances\":{},\"scheduler\":null,\"latest_timestamp\":300}");
    (void)close(fd);
}

static void assert_comes(int fd, const char *text)
{
    struct buf read = server_read_until(&it, fd, text);

    assert_true(read.len > 0);
    buf_fini(&read);
}

static void a_stream_tells_it_whether_or_not_there_are_instances(void **state)
{
    int fd = server_connect(&it);

    (void)state;
    feed_schedule("s.app", 100, recorded);
    server_send(fd, "/discovery/stream?env=dev&appid=s.app&zone=sh001", "");
    assert_comes(fd, "event: gone\ndata: {\"appid\":\"s.app\"}\n\nevent: schedule\nid: 5f3a-1\n"
                     "data: {\"appid\":\"s.app\"," RECORDED ",\"latest_timestamp\":100}\n\n");
    feed_put(&it.feed, "s.app", "h", 200);
    assert_comes(fd, "event: change\nid: 5f3a-2\n");
    feed_schedule("s.app", 300, NULL);
    assert_comes(fd, "event: schedule\nid: 5f3a-3\ndata: {\"appid\":\"s.app\",\"scheduler\":null,"
                     "\"latest_timestamp\":300}\n\n");
    feed_schedule("s.app", 400, recorded);
    assert_comes(fd, "event: schedule\nid: 5f3a-4\n");
    (void)close(fd);
    fd = server_connect(&it);
    server_send(fd, "/discovery/stream?env=dev&appid=s.app", "");
    assert_comes(fd, "]}," RECORDED ",\"latest_timestamp\":400}\n\n");
    (void)close(fd);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(stands_between_instances_and_latest_timestamp_as_recorded),
        TEST(is_not_where_the_reference_has_none),
        TEST(an_app_with_a_schedule_only_is_not_known),
        TEST(a_change_of_it_wakes_polls_and_drops_documents),
        TEST(an_empty_schedule_is_one),
        TEST(a_delta_tells_it_and_its_end),
        TEST(a_stream_tells_it_whether_or_not_there_are_instances),
    };
#undef TEST

    return cmocka_run_group_tests(tests, NULL, NULL);
}
