#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "actors/store/mvcc/key_index.h"
#include "common/base/prng.h"

static struct key_index *index_new(void)
{
    struct key_index *self = malloc(sizeof(*self));

    assert_non_null(self);
    key_index_init(self);
    return self;
}

static void index_free(struct key_index *self)
{
    key_index_fini(self); /* asserts that nothing is left */
    free(self);
}

static void put(struct key_index *self, const char *name, int64_t main, int64_t sub)
{
    struct key_state state;

    (void)key_index_put(self, str_from(name), (struct revision){main, sub}, &state);
}

static void delete (struct key_index *self, const char *name, int64_t main)
{
    key_index_delete(self, key_index_find(self, str_from(name)), (struct revision){main, 0});
}

static void ignore(void *context, struct revision revision, bool tombstone)
{
    (void)context;
    (void)revision;
    (void)tombstone;
}

/* Appends "5.1 " or "7.0t ". */
static void note(void *context, struct revision revision, bool tombstone)
{
    buf_printf(context, "%lld.%lld%s ", (long long)revision.main, (long long)revision.sub,
               tombstone ? "t" : "");
}

static void drops(struct key_index *self, const char *name, int64_t main, uint32_t max,
                  key_dropped_fn *dropped, void *context)
{
    uint32_t key = key_index_find(self, str_from(name));
    uint32_t dead = key_index_dead(self, key, main);

    key_index_drop(self, key, dead < max ? dead : max, dropped, context);
}

static void compacts(struct key_index *self, const char *name, int64_t main, const char *dropped)
{
    struct buf text = {0};

    drops(self, name, main, UINT32_MAX, note, &text);
    if (!str_eq(buf_str(&text), str_from(dropped))) {
        fail_msg("dropped %.*s, not %s", STR_ARG(buf_str(&text)), dropped);
    }
    buf_fini(&text);
}

/* version 0: it is not there. */
static void is(const struct key_index *self, const char *name, int64_t at, int64_t mod,
               int64_t create, int64_t version)
{
    struct key_state state = {0};
    uint32_t key = key_index_find(self, str_from(name));

    if (key == KEY_NONE || !key_index_at(self, key, at, &state)) {
        assert_int_equal(version, 0);
        return;
    }
    assert_int_equal(mod, state.mod.main);
    assert_int_equal(create, state.create);
    assert_int_equal(version, state.version);
}

/* The one that stands above key_history.h. */
static struct key_index *example(void)
{
    struct key_index *self = index_new();

    put(self, "k", 2, 0);
    put(self, "k", 5, 1);
    delete (self, "k", 7);
    put(self, "k", 9, 0);
    put(self, "k", 12, 0);
    return self;
}

static void a_key_is_what_it_was_at_a_revision(void **state)
{
    struct key_index *self = example();

    (void)state;
    is(self, "k", 1, 0, 0, 0);
    is(self, "k", 2, 2, 2, 1);
    is(self, "k", 6, 5, 2, 2);
    is(self, "k", 7, 0, 0, 0);
    is(self, "k", 8, 0, 0, 0);
    is(self, "k", 10, 9, 9, 1);
    is(self, "k", 99, 12, 9, 2);
    is(self, "j", 99, 0, 0, 0);
    index_free(self);
}

static void a_compaction_keeps_what_is_read_at_it(void **state)
{
    struct key_index *self = example();

    (void)state;
    compacts(self, "k", 1, "");
    compacts(self, "k", 6, "2.0 ");
    is(self, "k", 6, 5, 2, 2);
    is(self, "k", 8, 0, 0, 0);
    compacts(self, "k", 7, "5.1 7.0t ");
    is(self, "k", 8, 0, 0, 0);
    is(self, "k", 11, 9, 9, 1);
    compacts(self, "k", 99, "9.0 ");
    is(self, "k", 99, 12, 9, 2);
    put(self, "k", 100, 0);
    is(self, "k", 100, 100, 9, 3);
    compacts(self, "k", 100, "12.0 ");
    index_free(self);
}

static void a_history_goes_in_pieces_that_leave_no_tombstone_first(void **state)
{
    struct key_index *self = example();
    struct buf text = {0};

    (void)state;
    drops(self, "k", 12, 1, note, &text);
    assert_true(str_eq(buf_str(&text), STR("2.0 ")));
    drops(self, "k", 12, 1, note, &text);
    assert_true(str_eq(buf_str(&text), STR("2.0 5.1 7.0t ")));
    is(self, "k", 12, 12, 9, 2);
    put(self, "k", 13, 0);
    is(self, "k", 13, 13, 9, 3);
    compacts(self, "k", 13, "9.0 12.0 ");
    is(self, "k", 13, 13, 9, 3);
    buf_fini(&text);
    index_free(self);
}

static void a_deleted_key_is_gone_after_a_compaction(void **state)
{
    struct key_index *self = example();

    (void)state;
    delete (self, "k", 20);
    compacts(self, "k", 19, "2.0 5.1 7.0t 9.0 ");
    is(self, "k", 19, 12, 9, 2);
    compacts(self, "k", 20, "12.0 20.0t ");
    assert_int_equal(KEY_NONE, key_index_find(self, STR("k")));
    put(self, "k", 21, 0);
    is(self, "k", 21, 21, 21, 1);
    index_free(self);
}

static void two_changes_of_one_transaction_count_by_the_last(void **state)
{
    struct key_index *self = index_new();

    (void)state;
    put(self, "k", 3, 0);
    key_index_delete(self, key_index_find(self, STR("k")), (struct revision){3, 1});
    is(self, "k", 3, 0, 0, 0);
    put(self, "k", 3, 2);
    is(self, "k", 3, 3, 3, 1);
    compacts(self, "k", 3, "3.0 3.1t ");
    is(self, "k", 3, 3, 3, 1);
    index_free(self);
}

static void what_records_say_is_taken_or_refused(void **state)
{
    struct key_index *self = index_new();
    const struct key_state third = {{9, 0}, 4, 3};
    const struct key_state fifth = {{11, 0}, 4, 5};
    const struct key_state anew = {{12, 0}, 12, 1};
    uint32_t key;

    (void)state;
    assert_int_equal(ERR_CORRUPT,
                     key_index_restore(self, STR("k"), (struct revision){8, 0}, NULL, &key));
    assert_int_equal(ERR_OK, key_index_restore(self, STR("k"), third.mod, &third, &key));
    is(self, "k", 9, 9, 4, 3);
    assert_int_equal(ERR_CORRUPT, key_index_restore(self, STR("k"), third.mod, &third, &key));
    assert_int_equal(ERR_OK,
                     key_index_restore(self, STR("k"), (struct revision){10, 0}, NULL, &key));
    assert_int_equal(ERR_CORRUPT,
                     key_index_restore(self, STR("k"), (struct revision){11, 0}, NULL, &key));
    assert_int_equal(ERR_OK, key_index_restore(self, STR("k"), anew.mod, &anew, &key));
    is(self, "k", 12, 12, 12, 1);
    assert_int_equal(ERR_CORRUPT,
                     key_index_restore(self, STR("k"), (struct revision){13, 0}, &fifth, &key));
    index_free(self);
}

static void ranges(const struct key_index *self, struct str from, struct str end, const char *keys)
{
    struct key_cursor cursor = key_cursor(self, from, end);
    struct buf text = {0};
    uint32_t key;

    while ((key = key_cursor_next(&cursor)) != KEY_NONE) {
        buf_add_str(&text, key_index_name(self, key));
        buf_add_char(&text, ' ');
    }
    assert_int_equal(KEY_NONE, key_cursor_next(&cursor));
    if (!str_eq(buf_str(&text), str_from(keys))) {
        fail_msg("%.*s, not %s", STR_ARG(buf_str(&text)), keys);
    }
    buf_fini(&text);
}

static void ranges_are_etcd_s(void **state)
{
    struct key_index *self = index_new();

    (void)state;
    ranges(self, STR("\0"), STR("\0"), "");
    put(self, "b", 2, 0);
    put(self, "abc", 3, 0);
    put(self, "ab", 4, 0);
    put(self, "c", 5, 0);
    ranges(self, STR("ab"), STR(""), "ab ");
    ranges(self, STR("a"), STR(""), "");
    ranges(self, STR("ab"), STR("b"), "ab abc ");
    ranges(self, STR("abb"), STR("c"), "abc b ");
    ranges(self, STR("b"), STR("b"), "");
    ranges(self, STR("c"), STR("a"), "");
    ranges(self, STR("abc"), STR("\0"), "abc b c ");
    ranges(self, STR("\0"), STR("\0"), "ab abc b c ");
    index_free(self);
}

static void a_million_would_take_80_bytes_each_besides_their_names(void **state)
{
    struct key_index *self = index_new();
    struct prng prng;
    uint64_t name_bytes = 0;
    double each;
    enum { count = 100000 };

    (void)state;
    prng_init(&prng, 1);
    for (int i = 0; i < count; i++) {
        char name[64];
        int len = snprintf(name, sizeof(name), "/registry/pods/%012llx%.*s",
                           (unsigned long long)(prng_next(&prng) >> 16), (int)prng_below(&prng, 16),
                           "0123456789abcdef");

        name_bytes += (uint64_t)len;
        put(self, name, 2 + i, 0);
    }
    each = (double)(self->memory.bytes - name_bytes) / count;
    printf("%.1f bytes a key besides its name of %.1f\n", each, (double)name_bytes / count);
    assert_true(each <= 80);
    index_free(self);
}

/* Beside it a plain list of all that happened. */
enum { keys_max = 6, happened_max = 400 };

struct happened {
    int64_t main;
    unsigned key;
    bool tombstone;
};

static void check_at(const struct key_index *self, const struct happened *list, unsigned count,
                     int64_t at)
{
    for (unsigned k = 0; k < keys_max; k++) {
        char name[2] = {(char)('a' + k), '\0'};
        int64_t mod = 0;
        int64_t create = 0;
        int64_t version = 0;

        for (unsigned i = 0; i < count && list[i].main <= at; i++) {
            if (list[i].key == k) {
                version = list[i].tombstone ? 0 : version + 1;
                create = version == 1 ? list[i].main : create;
                mod = list[i].main;
            }
        }
        is(self, name, at, mod, create, version);
    }
}

static void random_histories_are_what_a_list_says(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 300; seed++) {
        struct key_index *self = index_new();
        struct happened list[happened_max];
        bool live[keys_max] = {false};
        unsigned count = 0;
        int64_t compacted = 0;
        struct prng prng;

        prng_init(&prng, seed);
        for (int64_t main = 2; count < happened_max / 4; main++) {
            unsigned key = (unsigned)prng_below(&prng, keys_max);
            char name[2] = {(char)('a' + key), '\0'};
            bool tombstone = live[key] && prng_below(&prng, 3) == 0;

            if (tombstone) {
                delete (self, name, main);
            } else {
                put(self, name, main, 0);
            }
            live[key] = !tombstone;
            list[count++] = (struct happened){main, key, tombstone};
            if (prng_below(&prng, 20) == 0) {
                struct key_cursor cursor;
                uint32_t next;
                char behind[2] = "";

                compacted += (int64_t)prng_below(&prng, (uint64_t)(main - compacted) + 1);
                cursor = key_cursor_behind(&self[0], STR(""), STR("\0"));
                while ((next = key_cursor_next(&cursor)) != KEY_NONE) {
                    behind[0] = key_index_name(self, next).data[0];
                    drops(self, behind, compacted, (uint32_t)prng_below(&prng, 8), ignore, NULL);
                    cursor = key_cursor_behind(self, str_from(behind), STR("\0"));
                }
            }
            check_at(self, list, count,
                     compacted + (int64_t)prng_below(&prng, (uint64_t)(main - compacted) + 1));
        }
        index_free(self);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_is_what_it_was_at_a_revision),
        cmocka_unit_test(a_compaction_keeps_what_is_read_at_it),
        cmocka_unit_test(a_history_goes_in_pieces_that_leave_no_tombstone_first),
        cmocka_unit_test(a_deleted_key_is_gone_after_a_compaction),
        cmocka_unit_test(two_changes_of_one_transaction_count_by_the_last),
        cmocka_unit_test(what_records_say_is_taken_or_refused),
        cmocka_unit_test(ranges_are_etcd_s),
        cmocka_unit_test(a_million_would_take_80_bytes_each_besides_their_names),
        cmocka_unit_test(random_histories_are_what_a_list_says),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
