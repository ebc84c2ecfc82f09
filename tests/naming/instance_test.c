#include "common/naming/change.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct instance sample(void)
{
    struct instance it = {
        .id = {STR("dev"), STR("app"), STR("sh001"), STR("host-1")},
        .region = STR("sh"),
        .version = STR("1.0"),
        .addrs = {2, STR("\xa1"
                         "a"
                         "\xa2"
                         "bc")},
        .metadata = {1, STR("\xa1k\xa1v")},
        .status = STATUS_UP,
        .reg_timestamp = 1,
        .up_timestamp = 2,
        .renew_timestamp = 3,
        .dirty_timestamp = 4,
        .latest_timestamp = 5,
    };

    return it;
}

static void identities_that_join_to_the_same_text_have_different_keys(void **state)
{
    struct identity a = {STR("c"), STR("a-b"), STR("z"), STR("h")};
    struct identity b = {STR("b-c"), STR("a"), STR("z"), STR("h")};
    struct identity c = {STR("c"), STR("a-"), STR("bz"), STR("h")};

    (void)state;
    assert_false(identity_eq(&a, &b));
    assert_false(hash128_eq(identity_key(&a), identity_key(&b)));
    assert_false(hash128_eq(identity_key(&a), identity_key(&c)));
    assert_true(hash128_eq(identity_key(&a), identity_key(&a)));
}

static void a_name_of_any_length_has_a_key(void **state)
{
    enum { long_len = 100000 };
    char *text = malloc(long_len);
    struct identity a = {STR("c"), {text, long_len}, STR("z"), STR("h")};
    struct identity b = {STR("c"), {text, long_len - 1}, STR("z"), STR("h")};

    (void)state;
    assert_non_null(text);
    memset(text, 'x', long_len);
    assert_false(hash128_eq(identity_key(&a), identity_key(&b)));
    free(text);
}

static void every_replicated_field_changes_the_hash(void **state)
{
    const uint64_t hash = instance_hash(&(struct instance){0}) ^ 1;
    struct instance base = sample();
    struct instance variants[16];
    size_t count = 0;

    (void)state;
#define VARIANT(field, value)                                                                      \
    variants[count] = base;                                                                        \
    variants[count++].field = (value)
    VARIANT(id.env, STR("prod"));
    VARIANT(id.appid, STR("app2"));
    VARIANT(id.zone, STR("sh002"));
    VARIANT(id.hostname, STR("host-2"));
    VARIANT(region, STR("bj"));
    VARIANT(version, STR("1.1"));
    VARIANT(addrs.count, 1);
    VARIANT(addrs.bytes, STR("\xa2"
                             "ab"
                             "\xa1"
                             "c"));
    VARIANT(metadata.bytes, STR("\xa1k\xa1w"));
    VARIANT(status, STATUS_WAITING);
    VARIANT(reg_timestamp, 9);
    VARIANT(up_timestamp, 9);
    VARIANT(dirty_timestamp, 9);
#undef VARIANT
    for (size_t i = 0; i < count; i++) {
        assert_true(instance_hash(&variants[i]) != instance_hash(&base));
        for (size_t k = 0; k < i; k++) {
            assert_true(instance_hash(&variants[i]) != instance_hash(&variants[k]));
        }
    }
    assert_true(hash != instance_hash(&base));
}

static void what_is_not_replicated_does_not_change_the_hash(void **state)
{
    struct instance a = sample();
    struct instance b = sample();

    (void)state;
    b.renew_timestamp = 1000;
    b.latest_timestamp = 1000;
    assert_true(instance_hash(&a) == instance_hash(&b));
}

static void another_encoding_of_the_same_string_hashes_the_same(void **state)
{
    struct instance a = sample();
    struct instance b = sample();

    (void)state;
    b.addrs.bytes = STR("\xd9\x01"
                        "a"
                        "\xda\x00\x02"
                        "bc");
    assert_true(instance_hash(&a) == instance_hash(&b));
}

static void no_metadata_and_an_empty_map_differ(void **state)
{
    struct instance a = sample();
    struct instance b;

    (void)state;
    a.metadata = (struct strs){0};
    b = a;
    b.metadata_null = true;
    assert_true(instance_hash(&a) != instance_hash(&b));
}

/* These travel between nodes: a change here splits a cluster. */
static void keys_and_hashes_never_change(void **state)
{
    struct instance it = sample();
    struct hash128 key = identity_key(&it.id);

    (void)state;
    assert_true(key.hi == 0x4a4b49a023ff1095);
    assert_true(key.lo == 0x2d1cfb9fa13aebf9);
    assert_true(instance_hash(&it) == 0xd8fe3f5c8c6909f9);
}

static void change_kinds_have_their_public_names(void **state)
{
    (void)state;
    assert_string_equal(change_kind_name(CHANGE_REGISTER), "register");
    assert_string_equal(change_kind_name(CHANGE_FORGET), "forget");
    assert_null(change_kind_name((enum change_kind)99));
    assert_true(change_is_live(CHANGE_SET));
    assert_false(change_is_live(CHANGE_CANCEL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(identities_that_join_to_the_same_text_have_different_keys),
        cmocka_unit_test(a_name_of_any_length_has_a_key),
        cmocka_unit_test(every_replicated_field_changes_the_hash),
        cmocka_unit_test(what_is_not_replicated_does_not_change_the_hash),
        cmocka_unit_test(another_encoding_of_the_same_string_hashes_the_same),
        cmocka_unit_test(no_metadata_and_an_empty_map_differ),
        cmocka_unit_test(keys_and_hashes_never_change),
        cmocka_unit_test(change_kinds_have_their_public_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
