#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <string.h>
#include <unistd.h>

#include "common/base/file.h"
#include "common/config/table.h"
#include "gateway/discovery/routes.h"
#include "gateway/operate/routes.h"
#include "tests/gateway/gateway_fixture.h"

static struct gateway_fixture it;

static int begin(void **state)
{
    (void)state;
    fixture_begin(&it, false);
    return 0;
}

static int end(void **state)
{
    (void)state;
    fixture_end(&it);
    return 0;
}

/* The answer's body; the caller's. */
static json_t *ask(const char *path, int status)
{
    struct buf answer = fixture_ask(&it, "GET", path, NULL);
    json_t *body;

    assert_int_equal(status, answer_status(&answer));
    assert_true(answer_has(&answer, "\r\nCache-Control: no-store\r\n"));
    assert_true(answer_has(&answer, "\r\nContent-Type: application/json; charset=utf-8\r\n"));
    body = json_loads(answer_body(&answer), 0, NULL);
    assert_non_null(body);
    buf_fini(&answer);
    return body;
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    assert_non_null(text);
    return text;
}

static void every_route_is_described_and_every_description_is_routed(void **state)
{
    json_t *document = ask("/openapi.json", 200);
    json_t *paths = json_object_get(document, "paths");
    const struct route *route;
    size_t known = 0;

    (void)state;
    for (size_t i = 0; (route = route_at(i)) != NULL; i++) {
        json_t *described = json_object_get(paths, route->path);

        if (described == NULL) {
            fail_msg("%s is not in gateway/discovery/description.c", route->path);
        }
        assert_true(route->get == (json_object_get(described, "get") != NULL));
        assert_true(route->post == (json_object_get(described, "post") != NULL));
        known++;
    }
    for (size_t i = 0; i < operate_route_count; i++) {
        json_t *described = json_object_get(paths, operate_routes[i].path);
        const json_t *method = json_object_get(described, "get");

        assert_non_null(method);
        assert_string_equal(operate_routes[i].help, text_of(method, "summary"));
        known++;
    }
    assert_int_equal(known, json_object_size(paths));
    json_decref(document);
}

static void parameters_are_described_as_they_are_taken(void **state)
{
    json_t *document = ask("/openapi.json", 200);
    json_t *paths = json_object_get(document, "paths");

    (void)state;
    for (size_t i = 0; i < operate_route_count; i++) {
        const struct operate_route *route = &operate_routes[i];
        const json_t *method = json_object_get(json_object_get(paths, route->path), "get");
        const json_t *params = json_object_get(method, "parameters");
        unsigned seen = 0;

        for (size_t k = 0; k < json_array_size(params); k++) {
            const json_t *param = json_array_get(params, k);

            if (strcmp(text_of(param, "in"), "path") == 0) {
                assert_non_null(strstr(route->path, text_of(param, "name")));
                continue;
            }
            for (unsigned at = 0; at < OPERATE_PARAM_COUNT; at++) {
                seen |=
                    strcmp(operate_param_rows[at].name, text_of(param, "name")) == 0 ? 1U << at : 0;
            }
        }
        assert_int_equal(route->takes, seen);
    }
    json_decref(document);
}

static void a_path_that_is_not_there_is_told_which_are(void **state)
{
    json_t *body = ask("/muster/v1/stauts", 404);

    (void)state;
    assert_int_equal(404, json_integer_value(json_object_get(body, "status")));
    assert_true(json_array_size(json_object_get(body, "near")) > 0);
    json_decref(body);
    body = ask("/muster/v1/", 404);
    json_decref(body);
}

static void a_wrong_parameter_is_named(void **state)
{
    json_t *body = ask("/muster/v1/config?x=1", 400);

    (void)state;
    assert_string_equal("x", text_of(body, "parameter"));
    assert_string_equal("x is no parameter here; none is taken", text_of(body, "error"));
    json_decref(body);
}

static void a_wrong_method_is_405_and_head_is_get_without_a_body(void **state)
{
    struct buf answer = fixture_ask(&it, "DELETE", "/muster/v1/config", NULL);

    (void)state;
    assert_int_equal(405, answer_status(&answer));
    assert_true(answer_has(&answer, "\r\nAllow: GET, HEAD\r\n"));
    buf_fini(&answer);
    fixture_send(&it, "HEAD", "/muster/v1/config", NULL);
    for (int i = 0; i < 1000 && !fixture_is_answered(&it); i++) {
    }
    assert_true(fixture_is_answered(&it));
    (void)close(it.client); /* what came is no whole answer to who does not know that it was HEAD */
    it.client = -1;
}

static void the_page_at_the_root_says_where_to_look(void **state)
{
    static const char *const links[] = {"/ui/", "/metrics", "/openapi.json", "/muster/v1/status"};
    struct buf answer = fixture_ask(&it, "GET", "/", NULL);

    (void)state;
    assert_int_equal(200, answer_status(&answer));
    assert_true(answer_has(&answer, "\r\nContent-Type: text/html; charset=utf-8\r\n"));
    for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
        assert_true(answer_has(&answer, links[i]));
    }
    buf_fini(&answer);
}

static void config_has_every_key(void **state)
{
    json_t *body = ask("/muster/v1/config", 200);
    const json_t *keys = json_object_get(body, "config");

    (void)state;
    assert_int_equal(config_key_count, json_array_size(keys));
    for (size_t i = 0; i < config_key_count; i++) {
        const json_t *key = json_array_get(keys, i);

        assert_string_equal(config_keys[i].help, text_of(key, "help"));
        assert_string_equal("no", text_of(key, "reload"));
        assert_non_null(text_of(key, "value"));
        assert_non_null(text_of(key, "from"));
    }
    json_decref(body);
}

/* ── docs/api.md ────────────────────────────────────────────────────────────*/

static void add_takes(struct buf *to, unsigned takes)
{
    for (unsigned i = 0; i < OPERATE_PARAM_COUNT; i++) {
        if ((takes & (1U << i)) != 0) {
            buf_printf(to, "%s`%s`", to->data[to->len - 1] == '`' ? ", " : "",
                       operate_param_rows[i].name);
        }
    }
}

static void the_page_in_docs_says_what_the_tables_say(void **state)
{
    struct buf page = {0};
    struct buf line = {0};

    (void)state;
    assert_int_equal(ERR_OK, file_read("docs/api.md", (size_t)1 << 20, &page));
    buf_add_char(&page, '\0');
    for (size_t i = 0; i < operate_route_count; i++) {
        const struct operate_route *route = &operate_routes[i];

        line.len = 0;
        buf_printf(&line, "\n| `%s` | %s | ", route->path, route->help);
        add_takes(&line, route->takes);
        buf_add_str(&line, STR(" |\n"));
        buf_add_char(&line, '\0');
        if (strstr(page.data, line.data) == NULL) {
            fail_msg("docs/api.md lacks: %s", line.data);
        }
    }
    for (unsigned i = 0; i < OPERATE_PARAM_COUNT; i++) {
        const struct operate_param_row *row = &operate_param_rows[i];

        line.len = 0;
        buf_printf(&line, "\n| `%s` | %s | %s |\n%c", row->name, row->help, row->values, 0);
        if (strstr(page.data, line.data) == NULL) {
            fail_msg("docs/api.md lacks: %s", line.data);
        }
    }
    buf_fini(&page);
    buf_fini(&line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_route_is_described_and_every_description_is_routed),
        cmocka_unit_test(parameters_are_described_as_they_are_taken),
        cmocka_unit_test(a_path_that_is_not_there_is_told_which_are),
        cmocka_unit_test(a_wrong_parameter_is_named),
        cmocka_unit_test(a_wrong_method_is_405_and_head_is_get_without_a_body),
        cmocka_unit_test(the_page_at_the_root_says_where_to_look),
        cmocka_unit_test(config_has_every_key),
        cmocka_unit_test(the_page_in_docs_says_what_the_tables_say),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
