/* A change as it is kept, and as it is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <string.h>

#include "gateway/operate/event_change.h"

static const struct identity cart = {{"dev", 3}, {"shop.cart", 9}, {"sh1", 3}, {"h\"1", 3}};

/* Texts of a list, or keys and values of a map; borrowed by the instance until list is empty. */
static struct strs strs_of(struct buf *list, const char *const *texts, uint32_t each)
{
    struct strs made = {0};
    unsigned count = 0;

    list->len = 0;
    for (; texts[count] != NULL; count++) {
        strs_pack(list, str_from(texts[count]));
    }
    made.count = count / each;
    made.bytes = buf_str(list);
    return made;
}

static struct buf printed_of(const struct change *change, const struct instance *before)
{
    struct buf packed = {0};
    struct buf text = {0};
    json_error_t error;
    json_t *parsed;

    event_change_pack(&packed, change, before);
    buf_add_char(&text, '{');
    event_change_print(&text, buf_str(&packed));
    buf_add_char(&text, '}');
    parsed = json_loadb(text.data, text.len, JSON_REJECT_DUPLICATES, &error);
    assert_non_null(parsed);
    json_decref(parsed);
    buf_add_char(&text, '\0');
    buf_fini(&packed);
    return text;
}

static void assert_told(const char *expected, const struct change *change,
                        const struct instance *before)
{
    struct buf text = printed_of(change, before);

    assert_string_equal(expected, text.data);
    buf_fini(&text);
}

#define WHO "\"zone\":\"sh1\",\"hostname\":\"h\\\"1\""

static void what_is_new_is_told_whole_without_metadata(void **state)
{
    static const char *const texts[] = {"http://10.0.0.1:80", "grpc://10.0.0.1:81", NULL};
    static const char *const pairs[] = {"weight", "10", NULL};
    struct buf addrs = {0};
    struct buf metadata = {0};
    struct change change = {
        .kind = CHANGE_REGISTER, .gateway = 1, .number = 1, .instance.id = cart};

    (void)state;
    change.instance.status = STATUS_UP;
    change.instance.version = STR("1.2");
    change.instance.addrs = strs_of(&addrs, texts, 1);
    change.instance.metadata = strs_of(&metadata, pairs, 2);
    assert_told("{" WHO ",\"before\":null,\"after\":{\"status\":\"up\",\"version\":\"1.2\","
                "\"addrs\":[\"http://10.0.0.1:80\",\"grpc://10.0.0.1:81\"]},"
                "\"reason\":\"asked for here\"}",
                &change, NULL);
    buf_fini(&addrs);
    buf_fini(&metadata);
}

static void of_two_states_what_differs_is_told(void **state)
{
    static const char *const old_pairs[] = {"a", "1", "b", "2", "gone", "x", NULL};
    static const char *const new_pairs[] = {"a", "1", "b", "3", "new", "y", NULL};
    static const char *const old_addrs[] = {"http://10.0.0.1:80", NULL};
    struct buf old_list = {0};
    struct buf new_list = {0};
    struct buf addrs = {0};
    struct instance before = {.id = cart, .status = STATUS_UP, .version = {"1", 1}};
    struct change change = {.kind = CHANGE_SET, .instance.id = cart};

    (void)state;
    change.instance.status = STATUS_WAITING;
    change.instance.version = STR("1");
    assert_told("{" WHO ",\"before\":{\"status\":\"up\"},\"after\":{\"status\":\"waiting\"},"
                "\"reason\":\"told by another node\"}",
                &change, &before);
    before.metadata = strs_of(&old_list, old_pairs, 2);
    change.instance.metadata = strs_of(&new_list, new_pairs, 2);
    assert_told("{" WHO ",\"before\":{\"status\":\"up\",\"metadata\":{\"b\":\"2\",\"gone\":\"x\"}},"
                "\"after\":{\"status\":\"waiting\",\"metadata\":{\"b\":\"3\",\"new\":\"y\"}},"
                "\"reason\":\"told by another node\"}",
                &change, &before);
    change.instance.metadata = before.metadata;
    before.addrs = strs_of(&addrs, old_addrs, 1);
    change.instance.version = STR("");
    assert_told("{" WHO ",\"before\":{\"status\":\"up\",\"version\":\"1\","
                "\"addrs\":[\"http://10.0.0.1:80\"]},"
                "\"after\":{\"status\":\"waiting\",\"version\":\"\",\"addrs\":[]},"
                "\"reason\":\"told by another node\"}",
                &change, &before);
    buf_fini(&old_list);
    buf_fini(&new_list);
    buf_fini(&addrs);
}

static void what_is_long_is_left_out(void **state)
{
    static char long_text[2000];
    const char *const texts[] = {long_text, NULL};
    const char *const pairs[] = {"k", long_text, NULL};
    static const char *const few[] = {"k", "v", NULL};
    struct buf addrs = {0};
    struct buf metadata = {0};
    struct buf little = {0};
    struct instance before = {.id = cart, .status = STATUS_UP};
    struct change change = {.kind = CHANGE_SET, .gateway = 1, .number = 1, .instance.id = cart};

    (void)state;
    memset(long_text, 'x', sizeof(long_text) - 1);
    change.instance.status = STATUS_UP;
    change.instance.addrs = strs_of(&addrs, texts, 1);
    change.instance.metadata = strs_of(&metadata, pairs, 2);
    before.metadata = strs_of(&little, few, 2);
    assert_told("{" WHO ",\"before\":{\"status\":\"up\",\"addrs\":[],\"metadata\":null},"
                "\"after\":{\"status\":\"up\",\"addrs\":null,\"metadata\":null},"
                "\"reason\":\"asked for here\"}",
                &change, &before);
    buf_fini(&addrs);
    buf_fini(&metadata);
    buf_fini(&little);
}

static void who_goes_leaves_a_reason(void **state)
{
    struct instance before = {.id = cart, .status = STATUS_WAITING};
    struct change change = {.kind = CHANGE_EVICT, .age_ms = 93500, .instance.id = cart};

    (void)state;
    assert_told("{" WHO ",\"before\":{\"status\":\"waiting\",\"version\":\"\",\"addrs\":[]},"
                "\"after\":null,\"reason\":\"silent for 93 s\"}",
                &change, &before);
    change.age_ms = 0;
    assert_told("{" WHO ",\"before\":null,\"after\":null,\"reason\":\"silent\"}", &change, NULL);
}

static void a_schedule_is_told_by_its_weights(void **state)
{
    static const char *const weights[] = {"sh1", "sh1", "3", "sh1", "sh2", "1", NULL};
    struct buf list = {0};
    struct instance before = {.id = {cart.env, cart.appid, {0}, {0}}, .version = {"half", 4}};
    struct change change = {
        .kind = CHANGE_SET, .gateway = 1, .number = 1, .instance.id = before.id};

    (void)state;
    change.instance.addrs = strs_of(&list, weights, 1);
    assert_told(
        "{\"before\":{\"weights\":0,\"remark\":\"half\"},\"after\":{\"weights\":2,\"remark\":"
        "\"\"},\"reason\":\"asked for here\"}",
        &change, &before);
    change.kind = CHANGE_CANCEL;
    assert_told("{\"before\":null,\"after\":null,\"reason\":\"asked for here\"}", &change, NULL);
    buf_fini(&list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_new_is_told_whole_without_metadata),
        cmocka_unit_test(of_two_states_what_differs_is_told),
        cmocka_unit_test(what_is_long_is_left_out),
        cmocka_unit_test(who_goes_leaves_a_reason),
        cmocka_unit_test(a_schedule_is_told_by_its_weights),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
