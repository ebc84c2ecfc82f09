#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/etcdapi/errors.h"
#include "common/etcdapi/methods.h"

static void each_method_is_found_by_its_path_and_no_other(void **state)
{
    (void)state;
    for (unsigned i = 1; i < ETCD_METHOD_END; i++) {
        const struct etcd_method_row *row = etcd_method_row((enum etcd_method)i);
        enum etcd_method found;

        assert_int_equal(etcd_method_find(row->path, &found), ERR_OK);
        assert_int_equal(found, i);
        assert_int_equal(row->path.len, 2 + row->service.len + row->method.len);
        assert_int_equal(etcd_method_find((struct str){row->path.data, row->path.len - 1}, &found),
                         ERR_NOT_FOUND);
    }
}

static bool ends_with(const char *name, struct str end)
{
    size_t len = strlen(name);

    return len > end.len && memcmp(name + len - end.len, end.data, end.len) == 0;
}

static void messages_are_those_of_the_package(void **state)
{
    (void)state;
    for (unsigned i = 1; i < ETCD_METHOD_END; i++) {
        const struct etcd_method_row *row = etcd_method_row((enum etcd_method)i);
        struct str package = str_from(row->request->package_name);

        assert_true(str_starts(row->service, package));
        assert_true(ends_with(row->request->short_name, STR("Request")));
        assert_true(ends_with(row->response->short_name, STR("Response")));
    }
    assert_string_equal(etcd_method_row(ETCD_METHOD_HASH_KV)->response->name,
                        "etcdserverpb.HashKVResponse");
    assert_string_equal(etcd_method_row(ETCD_METHOD_COMPACT)->request->name,
                        "etcdserverpb.CompactionRequest");
}

static void streams_are_those_of_etcd(void **state)
{
    unsigned both = 0, server = 0;

    (void)state;
    for (unsigned i = 1; i < ETCD_METHOD_END; i++) {
        both += etcd_method_row((enum etcd_method)i)->shape == ETCD_SHAPE_BOTH;
        server += etcd_method_row((enum etcd_method)i)->shape == ETCD_SHAPE_SERVER;
    }
    assert_int_equal(both, 2);   /* Watch, LeaseKeepAlive */
    assert_int_equal(server, 3); /* Snapshot, Observe, Health.Watch */
}

static void errors_have_the_code_and_text_that_clients_compare(void **state)
{
    (void)state;
    assert_int_equal(etcd_error_code(ETCD_OK), GRPC_OK);
    assert_int_equal(etcd_error_code(ETCD_ERROR_COMPACTED), GRPC_OUT_OF_RANGE);
    assert_true(str_eq(etcd_error_text(ETCD_ERROR_COMPACTED),
                       STR("etcdserver: mvcc: required revision has been compacted")));
    for (int i = 1; i < ETCD_ERROR_END; i++) {
        assert_int_not_equal(etcd_error_code((enum etcd_error)i), GRPC_OK);
        for (int k = 1; k < i; k++) {
            assert_false(
                str_eq(etcd_error_text((enum etcd_error)i), etcd_error_text((enum etcd_error)k)));
        }
    }
    assert_int_equal(grpc_http_status(GRPC_UNAVAILABLE), 503);
    assert_int_equal(grpc_http_status(GRPC_OUT_OF_RANGE), 400);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_method_is_found_by_its_path_and_no_other),
        cmocka_unit_test(messages_are_those_of_the_package),
        cmocka_unit_test(streams_are_those_of_etcd),
        cmocka_unit_test(errors_have_the_code_and_text_that_clients_compare),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
