/* Tables and lines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "actors/ctl/actors.h"
#include "actors/ctl/documents.h"
#include "actors/ctl/lines.h"
#include "actors/ctl/near.h"
#include "actors/ctl/schedule.h"
#include "actors/ctl/suggest.h"
#include "actors/ctl/width.h"

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

static void rendered_as(enum output_form form, const char *data,
                        const struct document_filter *filter, const char *expected)
{
    json_t *json = json_loads(data, 0, NULL);
    struct buf text = {0};
    struct rows rows;

    assert_non_null(json);
    rows_init(&rows, form, document_instance_columns);
    document_instances(json, filter, 6000000000, &rows);
    json_decref(json);
    rows_page(&rows, &text);
    rows_fini(&rows);
    is(&text, expected);
}

static void rendered(const char *data, const struct document_filter *filter, const char *expected)
{
    rendered_as(OUTPUT_TABLE, data, filter, expected);
}

static void every_shape_of_instances_becomes_the_same_table(void **state)
{
    static const struct document_filter every = {NULL, NULL};
    static const char table[] =
        "APPID  ENV  ZONE  HOSTNAME  STATUS   RENEWED  ADDRS  VERSION  METADATA\n"
        "app    dev  z1    h1        waiting  5s       a,b    -        k=v,w=10";

    (void)state;
    rendered("{\"instances\":{\"z1\":[" INSTANCE "]},\"latest_timestamp\":1}", &every, table);
    rendered("{\"app\":{\"instances\":{\"z1\":[" INSTANCE "]},\"latest_timestamp\":1}}", &every,
             table);
    rendered("{\"app\":[" INSTANCE "]}", &every, table);
}

/* A letter of East Asia takes two columns, a mark over another none. */
static void columns_are_as_wide_as_a_terminal_shows_them(void **state)
{
    static const char *const head[] = {"A", "B", NULL};
    struct buf text = {0};
    struct text_table table;

    (void)state;
    text_table_init(&table, head);
    text_table_add(&table, STR("购物车"));
    text_table_add(&table, STR("1"));
    text_table_add(&table, STR("e\xcc\x81")); /* e and an acute */
    text_table_add(&table, STR("2"));
    text_table_add(&table, STR("ｱ｡한")); /* half wide, wide */
    text_table_add(&table, STR("3"));
    text_table_print(&table, &text);
    text_table_fini(&table);
    is(&text, "A       B\n"
              "购物车  1\n"
              "e\xcc\x81       2\n"
              "ｱ｡한    3\n");
    assert_int_equal(0, width_of(STR("")));
    assert_int_equal(2, width_of(STR("\xf0\x9f\x98\x80")));
    assert_int_equal(2, width_of(STR("\xff\xfe"))); /* no UTF-8 */
}

static void rows_have_five_forms(void **state)
{
    static const struct document_filter every = {NULL, NULL};
    static const char data[] = "{\"app\":[" INSTANCE "]}";

    (void)state;
    rendered_as(OUTPUT_NAME, data, &every, "dev/app/z1/h1");
    rendered_as(OUTPUT_CSV, data, &every,
                "appid,env,zone,hostname,status,renewed_ms_ago,addrs,version,metadata,region,"
                "registered,up_since,changed\n"
                "app,dev,z1,h1,waiting,5000,\"a,b\",\"\",\"k=v,w=10\",\"\",,,");
    rendered_as(OUTPUT_JSON, data, &every,
                "{\"appid\":\"app\",\"env\":\"dev\",\"zone\":\"z1\",\"hostname\":\"h1\","
                "\"status\":\"waiting\",\"renewed_ms_ago\":5000,\"addrs\":\"a,b\","
                "\"version\":\"\",\"metadata\":\"k=v,w=10\",\"region\":\"\","
                "\"registered\":null,\"up_since\":null,\"changed\":null}");
    rendered_as(OUTPUT_WIDE, data, &every,
                "APPID  ENV  ZONE  HOSTNAME  STATUS   RENEWED  ADDRS  VERSION  METADATA  REGION  "
                "REGISTERED  UP SINCE  CHANGED\n"
                "app    dev  z1    h1        waiting  5s       a,b    -        k=v,w=10  -       "
                "-           -         -");
}

static void a_filter_chooses_and_what_has_no_shape_is_left_out(void **state)
{
    static const char head[] =
        "APPID  ENV  ZONE  HOSTNAME  STATUS  RENEWED  ADDRS  VERSION  METADATA";
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
    struct rows rows;

    (void)state;
    rows_init(&rows, OUTPUT_TABLE, document_node_columns);
    document_node_list(json, &rows);
    json_decref(json);
    rows_page(&rows, &text);
    rows_fini(&rows);
    is(&text, "ADDR  ZONE  STATUS\na:1   z     up\nbb:1  z     lost");
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
              "\"topic\":\"registry.change.dev.a\\\"b\",\"epoch\":\"0000000000005f3a\",\"seq\":107,"
              "\"type\":\"CHANGED\",\"fields\":{\"kind\":\"x\"}}");
    text = (struct buf){0};
    line_wide(&line, &text);
    is(&text, "2026-11-22T02:30:00.123Z  registry.change.dev.a\"b  CHANGED  107  "
              "{\"kind\":\"x\"}");
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
    struct rows rows;

    (void)state;
    counts_add(&counters.counters, &store, "evictor_rounds_total", 12);
    actors_stats_json(&counters, &text);
    is(&text, "{\"actor\":\"evictor\",\"epoch\":\"00000000000000ff\",\"boot\":\"0000000000000010\","
              "\"seq\":3,\"uptime_s\":1.500,"
              "\"rss_bytes\":4096,\"counters\":{\"evictor_rounds_total\":12},\"sizes\":{},"
              "\"turn_cpu_ms_max\":0.250}");
    text = (struct buf){0};
    rows_init(&rows, OUTPUT_TABLE, actors_stats_columns);
    actors_stats_rows(&counters, &rows);
    rows_page(&rows, &text);
    rows_fini(&rows);
    is(&text, "KIND     NAME                    VALUE               WHAT\n"
              "actor    name                    evictor             -\n"
              "actor    position                00000000000000ff-3  -\n"
              "gauge    actor_uptime_seconds    1.5                 "
              "For how long the process has been running.\n"
              "gauge    actor_rss_bytes         4096                "
              "Memory of the process that is resident.\n"
              "gauge    actor_turn_max_seconds  0.00025             "
              "CPU time of the longest turn since the start.\n"
              "counter  evictor_rounds_total    12                  "
              "Rounds in which the registry was asked to evict.");
    buf_fini(&store);
}

static void a_schedule_shows_weights_and_shares(void **state)
{
    static const char *const triplets[] = {"sh001", "sh001", "3",     "sh001", "sh002",
                                           "1",     "sh002", "sh001", "0"};
    struct instance schedule = {.addrs = {.count = 9}};
    struct buf addrs = {0};
    struct buf text = {0};
    struct rows rows;

    (void)state;
    for (size_t i = 0; i < 9; i++) {
        strs_pack(&addrs, str_from(triplets[i]));
    }
    schedule.addrs.bytes = buf_str(&addrs);
    rows_init(&rows, OUTPUT_TABLE, schedule_columns);
    schedule_rows(&schedule, &rows);
    rows_page(&rows, &text);
    rows_fini(&rows);
    is(&text, "CLIENTS  ZONE   WEIGHT  SHARE\n"
              "sh001    sh001  3       75.0%\n"
              "sh001    sh002  1       25.0%\n"
              "sh002    sh001  0       -");
    buf_fini(&addrs);
}

static void told(struct seen *seen, const char *type, const char *topic, const char *fields,
                 const char *expected)
{
    struct line line = {.time = STR("T"),
                        .topic = str_from(topic),
                        .type = str_from(type),
                        .fields = str_from(fields)};
    struct buf text = {0};

    line_table(seen, &line, &text);
    is(&text, expected);
}

#define CHANGED(kind, instance)                                                                    \
    "{\"kind\":\"" kind "\",\"env\":\"dev\",\"appid\":\"a\",\"zone\":\"z\",\"hostname\":\"h\","    \
    "\"instance\":" instance ",\"seq\":7}"

static void a_line_says_what_was_and_what_is(void **state)
{
    struct seen seen;

    (void)state;
    seen_init(&seen);
    told(&seen, "CHANGED", "registry.change.dev.a",
         CHANGED("register", "{\"hostname\":\"h\",\"addrs\":[\"x\"],\"status\":1,\"version\":\"\","
                             "\"metadata\":{\"weight\":\"10\"}}"),
         "T  register  dev/a  z/h  addrs [\"x\"], status up, metadata.weight 10");
    told(&seen, "CHANGED", "registry.change.dev.a",
         CHANGED("set", "{\"hostname\":\"h\",\"addrs\":[\"x\"],\"status\":2,\"version\":\"\","
                        "\"metadata\":{\"weight\":\"20\",\"new\":\"1\"},\"dirty_timestamp\":9}"),
         "T  set  dev/a  z/h  status up → waiting, metadata.weight 10 → 20, metadata.new - → 1");
    told(&seen, "CHANGED", "registry.change.dev.a", CHANGED("cancel", "null"),
         "T  cancel  dev/a  z/h  gone; was addrs [\"x\"], status waiting, metadata.weight 20, "
         "metadata.new 1");
    told(&seen, "PROTECTION", "evictor.protection",
         "{\"epoch\":1,\"on\":false,\"heard\":20,\"next_round_ms\":5}",
         "T  evictor.protection  on false, heard 20");
    told(&seen, "PROTECTION", "evictor.protection",
         "{\"epoch\":1,\"on\":true,\"heard\":3,\"next_round_ms\":6}",
         "T  evictor.protection  on false → true, heard 20 → 3");
    told(&seen, "PROTECTION", "evictor.protection",
         "{\"epoch\":2,\"on\":true,\"heard\":3,\"next_round_ms\":9}",
         "T  evictor.protection  no difference");
    told(&seen, "LEADER", "store.leader",
         "{\"epoch\":18446744073709551615,\"boot\":9223372036854775808,\"heard\":"
         "9223372036854775807,\"text\":\"99999999999999999999\"}",
         "T  store.leader  heard 9223372036854775807, text 99999999999999999999");
    told(&seen, "NODES", "replicator.nodes", "{\"nodes\":[{\"addr\":\"b:1\",\"status\":0}]}",
         "T  replicator.nodes  nodes.b:1.addr b:1, nodes.b:1.status up");
    told(&seen, "NODES", "replicator.nodes", "{\"nodes\":[{\"addr\":\"b:1\",\"status\":1}]}",
         "T  replicator.nodes  nodes.b:1.status up → lost");
    told(&seen, "KEY_EVENT", "store.event.k",
         "{\"kind\":\"PUT\",\"key\":\"6b\",\"value\":\"3130\"}", "T  PUT  k  10");
    told(&seen, "KEY_EVENT", "store.event.k",
         "{\"kind\":\"PUT\",\"key\":\"6b\",\"value\":\"3230\"}", "T  PUT  k  10 → 20");
    told(&seen, "KEY_EVENT", "store.event.k", "{\"kind\":\"DELETE\",\"key\":\"6b\",\"value\":\"\"}",
         "T  DELETE  k  gone; was 20");
    seen_fini(&seen);
}

static void near(const char *env, const char *appid, const char *zone, const char *hostname,
                 const char *expected)
{
    static const char all[] =
        "{\"shop.cart\":[{\"env\":\"prod\",\"zone\":\"z1\",\"hostname\":\"web-1\"},"
        "{\"env\":\"prod\",\"zone\":\"z2\",\"hostname\":\"web-1\"},"
        "{\"env\":\"prod\",\"zone\":\"z2\",\"hostname\":\"web-2\"}],"
        "\"shop.crat-old\":[{\"env\":\"uat\",\"zone\":\"z1\",\"hostname\":\"h\"}],"
        "\"other\":[{\"env\":\"prod\",\"zone\":\"z1\",\"hostname\":\"h\"},null,3]}";
    json_t *data = json_loads(all, 0, NULL);
    struct near_wanted wanted = {env, appid, zone, hostname};
    struct buf text = {0};

    near_print(&wanted, data, &text);
    json_decref(data);
    is(&text, expected);
}

static void what_is_near_is_named(void **state)
{
    (void)state;
    near("prod", "shop.crat", NULL, NULL,
         "no app shop.crat in prod; there are shop.cart (prod), shop.crat-old (uat)");
    near("dev", "shop.cart", NULL, NULL, "no app shop.cart in dev; there is shop.cart (prod)");
    near("prod", "zzzzzz", NULL, NULL, "no app zzzzzz in prod");
    near("prod", "shop.cart", "z9", NULL,
         "no instance of shop.cart in prod, zone z9; there are z1, z2");
    near("prod", "shop.cart", "z1", "web-2",
         "no instance web-2 of shop.cart in prod, zone z1; there are web-2 (z2), web-1 (z1), "
         "web-1 (z2)");
}

static void meant(const char *word, const char *expected)
{
    static const char *const names[] = {"fetch", "register", "renew", "tap", "store"};
    struct suggestion suggestion;
    struct buf text = {0};

    suggest_begin(&suggestion, str_from(word));
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        suggest_offer(&suggestion, str_from(names[i]));
    }
    suggest_print(&suggestion, "--", &text);
    is(&text, expected);
}

static void a_mistyped_word_has_a_suggestion(void **state)
{
    (void)state;
    meant("fech", "; did you mean --fetch?");
    meant("Fetch", "; did you mean --fetch?");
    meant("tpa", "; did you mean --tap?");
    meant("regi", "; did you mean --register?");
    meant("regsiter", "; did you mean --register?");
    meant("x", "");
    meant("banana", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_are_as_wide_as_their_widest_cell),
        cmocka_unit_test(columns_are_as_wide_as_a_terminal_shows_them),
        cmocka_unit_test(rows_have_five_forms),
        cmocka_unit_test(a_line_says_what_was_and_what_is),
        cmocka_unit_test(what_is_near_is_named),
        cmocka_unit_test(a_mistyped_word_has_a_suggestion),
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
