/* Tables and lines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "actors/ctl/actors.h"
#include "actors/ctl/documents.h"
#include "actors/ctl/lines.h"
#include "actors/ctl/schedule.h"

static void is(struct buf *text, const char *expected)
{
    buf_add_char(text, '\0');
    assert_string_equal(expected, text->data);
    buf_fini(text);
}

static void columns_are_as_wide_as_their_widest_cell(void **state)
{
    static const char *const head[] = {"A", "LONG", "C", NULL};
    struct buf text = {0};
    struct text_table table;

    (void)state;
    text_table_init(&table, head);
    text_table_add(&table, STR("\xc3\xa9\xc3\xa9\xc3\xa9"));
    text_table_add(&table, STR(""));
    text_table_add(&table, STR("x\ny"));
    text_table_add_i64(&table, -7);
    text_table_add(&table, STR("b"));
    text_table_add_age(&table, 90000);
    text_table_print(&table, &text);
    text_table_fini(&table);
    is(&text, "A    LONG  C\n"
              "\xc3\xa9\xc3\xa9\xc3\xa9  -     x?y\n"
              "-7   b     90s\n");
}

static void ages_are_short(void **state)
{
    static const struct {
        int64_t ms;
        const char *text;
    } rows[] = {{0, "A\n0s\n"},        {1999, "A\n1s\n"},      {119999, "A\n119s\n"},
                {120000, "A\n2m\n"},   {7199999, "A\n119m\n"}, {7200000, "A\n2h\n"},
                {172800000, "A\n2d\n"}};
    static const char *const head[] = {"A", NULL};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buf text = {0};
        struct text_table table;

        text_table_init(&table, head);
        text_table_add_age(&table, rows[i].ms);
        text_table_print(&table, &text);
        text_table_fini(&table);
        is(&text, rows[i].text);
    }
}

#define INSTANCE                                                                                   \
    "{\"zone\":\"z1\",\"env\":\"dev\",\"appid\":\"app\",\"hostname\":\"h1\",\"addrs\":[\"a\","     \
    "\"b\"],\"version\":\"\",\"metadata\":{\"k\":\"v\",\"w\":\"10\"},\"status\":2,"                \
    "\"renew_timestamp\":1000000000}"

static void rendered(const char *data, const struct document_filter *filter, const char *expected)
{
    json_t *json = json_loads(data, 0, NULL);
    struct buf text = {0};

    assert_non_null(json);
    document_instances(json, filter, 6000000000, &text);
    json_decref(json);
    is(&text, expected);
}

static void every_shape_of_instances_becomes_the_same_table(void **state)
{
    static const struct document_filter every = {NULL, NULL};
    static const char table[] =
        "APPID  ENV  ZONE  HOSTNAME  STATUS   RENEWED  ADDRS  VERSION  METADATA\n"
        "app    dev  z1    h1        waiting  5s       a,b    -        k=v,w=10\n";

    (void)state;
    rendered("{\"instances\":{\"z1\":[" INSTANCE "]},\"latest_timestamp\":1}", &every, table);
    rendered("{\"app\":{\"instances\":{\"z1\":[" INSTANCE "]},\"latest_timestamp\":1}}", &every,
             table);
    rendered("{\"app\":[" INSTANCE "]}", &every, table);
}

static void a_filter_chooses_and_what_has_no_shape_is_left_out(void **state)
{
    static const char head[] =
        "APPID  ENV  ZONE  HOSTNAME  STATUS  RENEWED  ADDRS  VERSION  METADATA\n";
    static const struct document_filter other_env = {"prod", NULL};
    static const struct document_filter other_zone = {NULL, "z2"};
    static const struct document_filter every = {NULL, NULL};

    (void)state;
    rendered("{\"app\":[" INSTANCE "]}", &other_env, head);
    rendered("{\"app\":[" INSTANCE "]}", &other_zone, head);
    rendered("{\"app\":[1,null],\"b\":{\"instances\":{\"c\":{\"d\":{\"e\":{}}}}},\"f\":2}", &every,
             head);
}

static void nodes_become_a_table(void **state)
{
    json_t *json = json_loads("[{\"addr\":\"a:1\",\"status\":0,\"zone\":\"z\"},"
                              "{\"addr\":\"bb:1\",\"status\":1,\"zone\":\"z\"}]",
                              0, NULL);
    struct buf text = {0};

    (void)state;
    document_node_list(json, &text);
    json_decref(json);
    is(&text, "ADDR  ZONE  STATUS\na:1   z     up\nbb:1  z     lost\n");
}

static void a_line_is_one_json_object(void **state)
{
    struct line line = {.time = STR("2026-11-22T02:30:00.123Z"),
                        .actor = STR("registry"),
                        .topic = STR("registry.change.dev.a\"b"),
                        .epoch = 0x5f3a,
                        .seq = 107,
                        .type = STR("CHANGED"),
                        .fields = STR("{\"kind\":\"x\"}")};
    struct buf text = {0};

    (void)state;
    line_json(&line, &text);
    is(&text, "{\"time\":\"2026-11-22T02:30:00.123Z\",\"actor\":\"registry\","
              "\"topic\":\"registry.change.dev.a\\\"b\",\"epoch\":\"5f3a\",\"seq\":107,"
              "\"type\":\"CHANGED\",\"fields\":{\"kind\":\"x\"}}");
    text = (struct buf){0};
    line_table(&line, &text);
    is(&text, "02:30:00.123  registry.change.dev.a\"b  CHANGED  107  {\"kind\":\"x\"}");
}

static void stats_have_the_documented_shape(void **state)
{
    struct msg_counters counters = {.name = STR("evictor"),
                                    .epoch = 255,
                                    .boot = 16,
                                    .seq = 3,
                                    .uptime_ms = 1500,
                                    .rss_bytes = 4096,
                                    .turn_cpu_us_max = 250};
    struct buf store = {0};
    struct buf text = {0};

    (void)state;
    counts_add(&counters.counters, &store, "rounds", 12);
    actors_stats_json(&counters, &text);
    is(&text,
       "{\"actor\":\"evictor\",\"epoch\":\"ff\",\"boot\":\"10\",\"seq\":3,\"uptime_s\":1.500,"
       "\"rss_bytes\":4096,\"counters\":{\"rounds\":12},\"sizes\":{},"
       "\"turn_cpu_ms_max\":0.250}");
    text = (struct buf){0};
    actors_stats_table(&counters, &text);
    is(&text, "KIND     NAME             VALUE\n"
              "actor    name             evictor\n"
              "actor    position         ff-3\n"
              "actor    uptime           1s\n"
              "actor    rss_bytes        4096\n"
              "actor    turn_cpu_us_max  250\n"
              "counter  rounds           12\n");
    buf_fini(&store);
}

static void a_schedule_shows_weights_and_shares(void **state)
{
    static const char *const triplets[] = {"sh001", "sh001", "3",     "sh001", "sh002",
                                           "1",     "sh002", "sh001", "0"};
    struct instance schedule = {.addrs = {.count = 9}};
    struct buf addrs = {0};
    struct buf text = {0};

    (void)state;
    for (size_t i = 0; i < 9; i++) {
        strs_pack(&addrs, str_from(triplets[i]));
    }
    schedule.addrs.bytes = buf_str(&addrs);
    schedule_table(&schedule, &text);
    is(&text, "CLIENTS  ZONE   WEIGHT  SHARE\n"
              "sh001    sh001  3       75.0%\n"
              "sh001    sh002  1       25.0%\n"
              "sh002    sh001  0       -\n");
    buf_fini(&addrs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_are_as_wide_as_their_widest_cell),
        cmocka_unit_test(ages_are_short),
        cmocka_unit_test(every_shape_of_instances_becomes_the_same_table),
        cmocka_unit_test(a_filter_chooses_and_what_has_no_shape_is_left_out),
        cmocka_unit_test(nodes_become_a_table),
        cmocka_unit_test(a_line_is_one_json_object),
        cmocka_unit_test(stats_have_the_documented_shape),
        cmocka_unit_test(a_schedule_shows_weights_and_shares),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
