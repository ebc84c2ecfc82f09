#include "tests/wire/samples.h"

#include <string.h>

#include "common/naming/convert.h"
#include "common/wire/print.h"

static struct change change_of(enum change_kind kind)
{
    return (struct change){
        .kind = kind,
        .spread = SPREAD_ZONE,
        .seq = 1,
        .gateway = 2,
        .number = 3,
        .at = 4,
        .latest_timestamp = 5,
        .age_ms = 6,
        .instance = {.id = {STR("uat"), STR("infra.app"), STR("sh1"), STR("host-1")},
                     .dirty_timestamp = 7},
    };
}

static struct change live_change(void)
{
    struct change change = change_of(CHANGE_SET);
    struct instance *instance = &change.instance;

    instance->region = STR("sh");
    instance->version = STR("v1");
    instance->addrs = (struct strs){1, STR("\xa3x:1")};
    instance->metadata = (struct strs){1, STR("\xa1k\xa1v")};
    instance->metadata_null = true;
    instance->status = STATUS_WAITING;
    instance->reg_timestamp = 8;
    instance->up_timestamp = 9;
    instance->renew_timestamp = 10;
    instance->latest_timestamp = 11;
    return change;
}

static void strs_equal(struct strs a, struct strs b)
{
    assert_int_equal(a.count, b.count);
    assert_true(str_eq(a.bytes, b.bytes));
}

static void changes_equal(const struct change *a, const struct change *b)
{
    const struct instance *x = &a->instance;
    const struct instance *y = &b->instance;

    assert_int_equal(a->kind, b->kind);
    assert_int_equal(a->spread, b->spread);
    assert_int_equal(a->seq, b->seq);
    assert_int_equal(a->gateway, b->gateway);
    assert_int_equal(a->number, b->number);
    assert_int_equal(a->at, b->at);
    assert_int_equal(a->latest_timestamp, b->latest_timestamp);
    assert_int_equal(a->age_ms, b->age_ms);
    assert_true(str_eq(x->id.env, y->id.env));
    assert_true(str_eq(x->id.appid, y->id.appid));
    assert_true(str_eq(x->id.zone, y->id.zone));
    assert_true(str_eq(x->id.hostname, y->id.hostname));
    assert_true(str_eq(x->region, y->region));
    assert_true(str_eq(x->version, y->version));
    strs_equal(x->addrs, y->addrs);
    strs_equal(x->metadata, y->metadata);
    assert_int_equal(x->metadata_null, y->metadata_null);
    assert_int_equal(x->status, y->status);
    assert_int_equal(x->reg_timestamp, y->reg_timestamp);
    assert_int_equal(x->up_timestamp, y->up_timestamp);
    assert_int_equal(x->renew_timestamp, y->renew_timestamp);
    assert_int_equal(x->dirty_timestamp, y->dirty_timestamp);
    assert_int_equal(x->latest_timestamp, y->latest_timestamp);
}

/* Through the bytes and back. */
static void comes_back_equal(const struct change *change, enum msg_type type)
{
    struct buf bytes = {0};
    struct str rest;
    struct msg msg;
    struct change back;

    msg_from_change(change, &msg);
    assert_int_equal(type, msg.type);
    msg_encode(&bytes, &msg);
    rest = buf_str(&bytes);
    assert_int_equal(ERR_OK, msg_decode(&rest, &msg));
    memset(&back, 0xa5, sizeof(back));
    assert_int_equal(ERR_OK, change_from_msg(&msg, &back));
    changes_equal(change, &back);
    buf_fini(&bytes);
}

static void changes_come_back_equal_as_put_or_gone(void **state)
{
    struct change set = live_change();
    struct change registered = live_change();
    struct change cancel = change_of(CHANGE_CANCEL);
    struct change evict = change_of(CHANGE_EVICT);
    struct change forget = change_of(CHANGE_FORGET);

    (void)state;
    registered.kind = CHANGE_REGISTER;
    comes_back_equal(&set, MSG_TYPE_PUT);
    comes_back_equal(&registered, MSG_TYPE_PUT);
    comes_back_equal(&cancel, MSG_TYPE_GONE);
    comes_back_equal(&evict, MSG_TYPE_GONE);
    comes_back_equal(&forget, MSG_TYPE_GONE);
}

/* Usual values, so that every field of the table has to find its way. */
static void records_come_back_equal_through_a_change(void **state)
{
    static const enum msg_type types[] = {MSG_TYPE_PUT, MSG_TYPE_GONE};

    (void)state;
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        struct msg msg = sample(types[i], SAMPLE_USUAL);
        struct change change;
        struct msg back;

        if (types[i] == MSG_TYPE_PUT) {
            msg.as_put.kind = CHANGE_REGISTER;
            msg.as_put.spread = SPREAD_EVERYWHERE;
        } else {
            msg.as_gone.kind = CHANGE_CANCEL;
            msg.as_gone.spread = SPREAD_NOWHERE;
        }
        assert_int_equal(ERR_OK, change_from_msg(&msg, &change));
        msg_from_change(&change, &back);
        assert_true(sample_equal(&msg, &back));
    }
}

static void a_record_that_is_no_change_is_refused_and_nothing_written(void **state)
{
    struct msg put = sample(MSG_TYPE_PUT, SAMPLE_USUAL);
    struct msg gone = sample(MSG_TYPE_GONE, SAMPLE_USUAL);
    struct msg ping = sample(MSG_TYPE_PING, SAMPLE_USUAL);
    struct change change = change_of(CHANGE_EVICT);
    struct change before = change;

    (void)state;
    put.as_put.spread = SPREAD_ZONE;
    gone.as_gone.spread = SPREAD_ZONE;
    assert_int_equal(ERR_MALFORMED, change_from_msg(&ping, &change));
    put.as_put.kind = CHANGE_CANCEL;
    assert_int_equal(ERR_MALFORMED, change_from_msg(&put, &change));
    put.as_put.kind = 0;
    assert_int_equal(ERR_MALFORMED, change_from_msg(&put, &change));
    put.as_put.kind = UINT32_MAX;
    assert_int_equal(ERR_MALFORMED, change_from_msg(&put, &change));
    gone.as_gone.kind = CHANGE_REGISTER;
    assert_int_equal(ERR_MALFORMED, change_from_msg(&gone, &change));
    gone.as_gone.kind = 6;
    assert_int_equal(ERR_MALFORMED, change_from_msg(&gone, &change));
    put.as_put.kind = CHANGE_SET;
    put.as_put.spread = SPREAD_COUNT;
    assert_int_equal(ERR_MALFORMED, change_from_msg(&put, &change));
    put.as_put.spread = UINT32_MAX;
    assert_int_equal(ERR_MALFORMED, change_from_msg(&put, &change));
    changes_equal(&before, &change);
}

static void an_instance_packs_as_a_map_with_the_api_s_names(void **state)
{
    struct change change = live_change();
    struct buf bytes = {0};
    struct buf json = {0};

    (void)state;
    instance_pack(&bytes, &change.instance);
    frame_print(&json, buf_str(&bytes));
    buf_add_char(&json, 0);
    assert_string_equal(
        "[{\"value\":{\"region\":\"sh\",\"zone\":\"sh1\",\"env\":\"uat\",\"appid\":\"infra.app\","
        "\"hostname\":\"host-1\",\"addrs\":[\"x:1\"],\"version\":\"v1\",\"metadata\":{\"k\":\"v\"},"
        "\"status\":2,\"reg_timestamp\":8,\"up_timestamp\":9,\"renew_timestamp\":10,"
        "\"dirty_timestamp\":7,\"latest_timestamp\":11}}]",
        json.data);
    buf_fini(&json);
    buf_fini(&bytes);
}

static void heartbeats_are_36_bytes_big_endian(void **state)
{
    static const struct heartbeat first = {{0x0102030405060708, 0x1112131415161718}, -1, 258, 513};
    static const struct heartbeat second = {{1, 2}, 3, 4, UINT32_MAX};
    struct heartbeat got;
    struct buf bytes = {0};
    struct str rest;

    (void)state;
    heartbeat_pack(&bytes, &first);
    assert_int_equal(heartbeat_bytes, bytes.len);
    assert_memory_equal("\x01\x02\x03\x04\x05\x06\x07\x08\x11\x12\x13\x14\x15\x16\x17\x18"
                        "\xff\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00\x00\x00\x01\x02"
                        "\x00\x00\x02\x01",
                        bytes.data, heartbeat_bytes);
    heartbeat_pack(&bytes, &second);
    buf_add_char(&bytes, 1);
    rest = buf_str(&bytes);
    assert_true(heartbeat_next(&rest, &got));
    assert_true(hash128_eq(first.key, got.key));
    assert_int_equal(first.dirty_timestamp, got.dirty_timestamp);
    assert_int_equal(first.renew_timestamp, got.renew_timestamp);
    assert_int_equal(513, got.age_ms);
    assert_true(heartbeat_next(&rest, &got));
    assert_int_equal(3, got.dirty_timestamp);
    assert_int_equal(UINT32_MAX, got.age_ms);
    assert_false(heartbeat_next(&rest, &got)); /* one byte is left: a cut rest */
    assert_int_equal(1, rest.len);
    buf_fini(&bytes);
}

static void heartbeats_get_older_together(void **state)
{
    struct heartbeat got;
    struct buf bytes = {0};
    struct str rest;

    (void)state;
    heartbeats_age(&bytes, 7);
    heartbeat_pack(&bytes, &(struct heartbeat){{1, 2}, 3, 4, (uint32_t)-600});
    heartbeat_pack(&bytes, &(struct heartbeat){{UINT64_MAX, UINT64_MAX}, -1, -1, 65535});
    heartbeats_age(&bytes, 1000);
    rest = buf_str(&bytes);
    assert_true(heartbeat_next(&rest, &got));
    assert_int_equal(400, got.age_ms);
    assert_int_equal(4, got.renew_timestamp);
    assert_true(heartbeat_next(&rest, &got));
    assert_int_equal(66535, got.age_ms);
    assert_int_equal(-1, got.renew_timestamp);
    buf_fini(&bytes);
}

static void keys_are_16_bytes_big_endian(void **state)
{
    struct hash128 got;
    struct buf bytes = {0};
    struct str rest;

    (void)state;
    key_pack(&bytes, (struct hash128){0x0102030405060708, 0xf112131415161718});
    assert_int_equal(key_bytes, bytes.len);
    assert_memory_equal("\x01\x02\x03\x04\x05\x06\x07\x08\xf1\x12\x13\x14\x15\x16\x17\x18",
                        bytes.data, key_bytes);
    buf_add_str(&bytes, STR("fifteen more...")); /* a cut rest */
    rest = buf_str(&bytes);
    assert_true(key_next(&rest, &got));
    assert_true(hash128_eq((struct hash128){0x0102030405060708, 0xf112131415161718}, got));
    assert_false(key_next(&rest, &got));
    assert_int_equal(15, rest.len);
    buf_fini(&bytes);
}

static void entries_are_33_bytes_big_endian(void **state)
{
    struct entry_state got;
    struct buf bytes = {0};
    struct str rest;

    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        struct entry_state entry = {
            {0x0102030405060708, i}, INT64_MIN + i, UINT64_MAX - i, (i & 1) != 0, (i & 2) != 0};

        entry_pack(&bytes, &entry);
    }
    assert_int_equal(4 * entry_bytes, bytes.len);
    assert_memory_equal("\x01\x02\x03\x04\x05\x06\x07\x08\x00\x00\x00\x00\x00\x00\x00\x01"
                        "\x80\x00\x00\x00\x00\x00\x00\x01\xff\xff\xff\xff\xff\xff\xff\xfe\x01",
                        bytes.data + entry_bytes, entry_bytes);
    bytes.data[4 * entry_bytes - 1] |= 0x40; /* a flag of a newer version */
    rest = (struct str){bytes.data, bytes.len - 1};
    for (unsigned i = 0; i < 3; i++) {
        assert_true(entry_next(&rest, &got));
        assert_true(hash128_eq((struct hash128){0x0102030405060708, i}, got.key));
        assert_int_equal(INT64_MIN + i, got.dirty_timestamp);
        assert_true(UINT64_MAX - i == got.hash);
        assert_int_equal((i & 1) != 0, got.gone);
        assert_int_equal((i & 2) != 0, got.vague);
    }
    assert_false(entry_next(&rest, &got)); /* cut */
    rest.len++;
    assert_true(entry_next(&rest, &got));
    assert_true(got.gone && got.vague);
    buf_fini(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(changes_come_back_equal_as_put_or_gone),
        cmocka_unit_test(records_come_back_equal_through_a_change),
        cmocka_unit_test(a_record_that_is_no_change_is_refused_and_nothing_written),
        cmocka_unit_test(an_instance_packs_as_a_map_with_the_api_s_names),
        cmocka_unit_test(heartbeats_are_36_bytes_big_endian),
        cmocka_unit_test(heartbeats_get_older_together),
        cmocka_unit_test(keys_are_16_bytes_big_endian),
        cmocka_unit_test(entries_are_33_bytes_big_endian),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
