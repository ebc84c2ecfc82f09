/* Names that every host has; a name server is not asked. */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/resolver.h"

/* Waits for the C library's helper, 10 s at most. */
static bool look_up(struct resolver *resolver, const char *name, struct strs *addresses)
{
    struct str of = {0};

    assert_true(resolver_ask(resolver, str_from(name)));
    for (int i = 0; i < 10000; i++) {
        if (resolver_next(resolver, &of, addresses)) {
            assert_true(str_eq(str_from(name), of));
            return addresses->count > 0;
        }
        (void)poll(NULL, 0, 1);
    }
    fail_msg("no answer for %s", name);
    return false;
}

static void names_are_looked_up_beside_the_loop(void **state)
{
    struct resolver *resolver = resolver_new();
    struct strs addresses;
    struct str address;

    (void)state;
    assert_true(resolver_is_idle(resolver));
    assert_true(look_up(resolver, "localhost", &addresses));
    assert_true(strs_next(&addresses.bytes, &address));
    assert_true(str_eq(STR("127.0.0.1"), address) || str_eq(STR("::1"), address));
    assert_true(look_up(resolver, "::ffff:10.0.0.1", &addresses));
    assert_int_equal(1, addresses.count);
    assert_true(strs_next(&addresses.bytes, &address));
    assert_true(str_eq(STR("10.0.0.1"), address));
    assert_false(look_up(resolver, "no name at all", &addresses));
    assert_true(resolver_is_idle(resolver));
    resolver_destroy(&resolver);
}

static void a_resolver_is_full_and_may_be_given_up(void **state)
{
    struct resolver *resolver = resolver_new();
    char long_name[resolver_name_max + 2];

    (void)state;
    for (size_t i = 0; i < sizeof(long_name); i++) {
        long_name[i] = 'a';
    }
    assert_false(resolver_ask(resolver, (struct str){long_name, sizeof(long_name)}));
    for (int i = 0; i < resolver_max; i++) {
        assert_false(resolver_is_full(resolver));
        assert_true(resolver_ask(resolver, STR("localhost")));
    }
    assert_true(resolver_is_full(resolver));
    assert_false(resolver_ask(resolver, STR("localhost")));
    resolver_destroy(&resolver);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_looked_up_beside_the_loop),
        cmocka_unit_test(a_resolver_is_full_and_may_be_given_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
