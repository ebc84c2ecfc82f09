/* What nodes hold, side by side. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "actors/ctl/digest.h"
#include "tests/ctl/stub.h"

#define ROOT "\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\xff"
#define ROOT_HEX "000102030405060708090a0b0c0d0eff"
#define OTHER "0123456789abcdef"
#define OTHER_HEX "30313233343536373839616263646566"

static const struct str root = {ROOT, 16};

struct list {
    struct msg_node_list nodes;
    struct buf store;
};

static void add(struct list *list, const char *name, const char *link, uint32_t status,
                struct str digest)
{
    struct msg msg = {.type = MSG_TYPE_NODE};

    msg.as_node = (struct msg_node){.addr = STR("10.0.0.1:7171"),
                                    .status = status,
                                    .zone = STR("z"),
                                    .self = strcmp(link, "self") == 0,
                                    .name = str_from(name),
                                    .link = str_from(link),
                                    .digest = digest};
    msg_list_add(&list->nodes.nodes, &list->store, &msg);
}

static void prints(struct list *list, bool json, bool same, const char *expected)
{
    struct buf text = {0};

    assert_int_equal(same, digest_lines(&list->nodes, root, json, &text));
    buf_add_char(&text, '\0');
    assert_string_equal(expected, text.data);
    buf_fini(&text);
}

static bool same_with(const char *link, uint32_t status, struct str digest)
{
    struct list list = {0};
    struct buf text = {0};
    bool same;

    add(&list, "a", "self", 0, STR(""));
    add(&list, "b", "muster", 0, root);
    add(&list, "c", link, status, digest);
    same = digest_lines(&list.nodes, root, false, &text);
    buf_fini(&list.store);
    buf_fini(&text);
    return same;
}

static void a_line_is_a_name_and_32_hex_digits(void **state)
{
    struct list list = {0};

    (void)state;
    add(&list, "a", "self", 0, STR(OTHER)); /* its registry knows better than the list */
    add(&list, "b", "muster", 0, root);
    add(&list, "", "http", 1, STR(""));
    add(&list, "two\n words", "http", 0, STR(""));
    prints(&list, false, true, "a " ROOT_HEX "\nb " ROOT_HEX "\n10.0.0.1:7171 -\ntwo??words -\n");
    buf_fini(&list.store);
}

static void as_json_a_line_is_an_object(void **state)
{
    struct list list = {0};

    (void)state;
    add(&list, "a", "self", 0, STR(""));
    add(&list, "b", "muster", 1, STR(OTHER));
    add(&list, "c", "http", 0, STR(""));
    prints(&list, true, false,
           "{\"name\":\"a\",\"addr\":\"10.0.0.1:7171\",\"zone\":\"z\",\"link\":\"self\","
           "\"status\":\"up\",\"digest\":\"" ROOT_HEX "\",\"equal\":true}\n"
           "{\"name\":\"b\",\"addr\":\"10.0.0.1:7171\",\"zone\":\"z\",\"link\":\"muster\","
           "\"status\":\"lost\",\"digest\":\"" OTHER_HEX "\",\"equal\":false}\n"
           "{\"name\":\"c\",\"addr\":\"10.0.0.1:7171\",\"zone\":\"z\",\"link\":\"http\","
           "\"status\":\"up\",\"digest\":null,\"equal\":null}\n");
    buf_fini(&list.store);
}

static void only_muster_peers_that_are_up_and_equal_will_do(void **state)
{
    (void)state;
    assert_true(same_with("muster", 0, root));
    assert_false(same_with("muster", 0, STR(OTHER)));
    assert_false(same_with("muster", 0, STR("")));
    assert_false(same_with("muster", 1, root));
    assert_false(same_with("unknown", 1, STR("")));
    assert_true(same_with("http", 1, STR("")));
    assert_true(same_with("none", 0, STR("")));
}

static void nobody_there_is_3(void **state)
{
    struct called called;
    char dir[] = "/tmp/muster-digest-XXXXXX";
    char run[sizeof(dir) + sizeof("/run")];

    (void)state;
    assert_non_null(mkdtemp(dir));
    (void)snprintf(run, sizeof(run), "%s/run", dir);
    assert_int_equal(0, mkdir(run, 0700));
    call(&called, "digest --dir %s --timeout 2s", dir);
    assert_int_equal(3, called.code);
    assert_non_null(strstr(called.err.data, "replicator: not running"));
    called_fini(&called);
    assert_int_equal(0, rmdir(run));
    assert_int_equal(0, rmdir(dir));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_is_a_name_and_32_hex_digits),
        cmocka_unit_test(as_json_a_line_is_an_object),
        cmocka_unit_test(only_muster_peers_that_are_up_and_equal_will_do),
        cmocka_unit_test(nobody_there_is_3),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
