#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "gateway/discovery/render.h"

static const char recorded[] =
    "{\"region\":\"sh\",\"zone\":\"sh001\",\"env\":\"dev\",\"appid\":\"app.full\",\"hostname\":"
    "\"h2\","
    "\"addrs\":[\"http://10.0.0.2:80\",\"grpc://10.0.0.2:90\"],\"version\":\"1.0.2\","
    "\"metadata\":{\"color\":\"red\",\"weight\":\"10\"},\"status\":1,"
    "\"reg_timestamp\":1795305439836917187,\"up_timestamp\":1795305439836917187,"
    "\"renew_timestamp\":1795305439836917187,\"dirty_timestamp\":1795305439836917187,"
    "\"latest_timestamp\":1795305439836917187}";

struct fixture {
    struct buf addrs;
    struct buf metadata;
    struct instance instance;
    struct buf out;
};

static void begin(struct fixture *self)
{
    const int64_t at = 1795305439836917187;

    *self = (struct fixture){0};
    strs_pack(&self->addrs, STR("http://10.0.0.2:80"));
    strs_pack(&self->addrs, STR("grpc://10.0.0.2:90"));
    strs_pack(&self->metadata, STR("color"));
    strs_pack(&self->metadata, STR("red"));
    strs_pack(&self->metadata, STR("weight"));
    strs_pack(&self->metadata, STR("10"));
    self->instance = (struct instance){
        .id = {STR("dev"), STR("app.full"), STR("sh001"), STR("h2")},
        .region = STR("sh"),
        .version = STR("1.0.2"),
        .addrs = {2, buf_str(&self->addrs)},
        .metadata = {2, buf_str(&self->metadata)},
        .status = STATUS_UP,
        .reg_timestamp = at,
        .up_timestamp = at,
        .renew_timestamp = at,
        .dirty_timestamp = at,
        .latest_timestamp = at,
    };
}

static void end(struct fixture *self)
{
    buf_fini(&self->addrs);
    buf_fini(&self->metadata);
    buf_fini(&self->out);
}

static const char *text(struct fixture *self)
{
    buf_add_char(&self->out, '\0');
    return self->out.data;
}

static void prints_an_instance_as_recorded(void **state)
{
    struct fixture it;

    (void)state;
    begin(&it);
    render_instance(&it.out, &it.instance, it.instance.renew_timestamp, RENDER_METADATA_OBJECT);
    assert_string_equal(text(&it), recorded);
    end(&it);
}

static void puts_a_heartbeat_between_the_halves(void **state)
{
    struct fixture it;
    struct buf whole = {0};
    size_t head;

    (void)state;
    begin(&it);
    head = render_halves(&it.out, &it.instance);
    render_instance(&whole, &it.instance, 42, RENDER_METADATA_OBJECT);
    assert_memory_equal(whole.data, it.out.data, head);
    assert_memory_equal(whole.data + head, "42,", 3);
    assert_int_equal(whole.len, it.out.len + 2);
    assert_memory_equal(whole.data + head + 2, it.out.data + head, it.out.len - head);
    buf_fini(&whole);
    end(&it);
}

static const char *metadata_of(struct fixture *it, enum render_metadata metadata)
{
    it->out.len = 0;
    render_instance(&it->out, &it->instance, 1, metadata);
    return strstr(text(it), "\"metadata\":");
}

static void prints_metadata_never_given_as_null_only_where_asked(void **state)
{
    struct fixture it;

    (void)state;
    begin(&it);
    it.instance.metadata = (struct strs){0};
    it.instance.metadata_null = true;
    assert_memory_equal(metadata_of(&it, RENDER_METADATA_OBJECT), "\"metadata\":{},", 14);
    assert_memory_equal(metadata_of(&it, RENDER_METADATA_NULL), "\"metadata\":null,", 16);
    it.instance.metadata_null = false;
    assert_memory_equal(metadata_of(&it, RENDER_METADATA_NULL), "\"metadata\":{},", 14);
    end(&it);
}

static void prints_the_recorded_zero_instance(void **state)
{
    struct fixture it;

    (void)state;
    begin(&it);
    render_zero(&it.out);
    assert_string_equal(text(&it),
                        "{\"region\":\"\",\"zone\":\"\",\"env\":\"\",\"appid\":\"\",\"hostname\":"
                        "\"\",\"addrs\":null,"
                        "\"version\":\"\",\"metadata\":null,\"status\":0,\"reg_timestamp\":0,"
                        "\"up_timestamp\":0,\"renew_timestamp\":0,\"dirty_timestamp\":0,"
                        "\"latest_timestamp\":0}");
    end(&it);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prints_an_instance_as_recorded),
        cmocka_unit_test(puts_a_heartbeat_between_the_halves),
        cmocka_unit_test(prints_metadata_never_given_as_null_only_where_asked),
        cmocka_unit_test(prints_the_recorded_zero_instance),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
