#include "actors/store/mvcc/compare.h"

#include "actors/store/mvcc/record.h"

typedef Etcdserverpb__Compare Compare;

static int compare_numbers(int64_t a, int64_t b)
{
    return a < b ? -1 : a > b;
}

static int64_t operand(const Compare *compare, Etcdserverpb__Compare__TargetUnionCase which,
                       int64_t value)
{
    return compare->target_union_case == which ? value : 0;
}

static int order_of(const Compare *compare, const Mvccpb__KeyValue *kv)
{
    switch (compare->target) {
    case ETCDSERVERPB__COMPARE__COMPARE_TARGET__VERSION:
        return compare_numbers(
            kv->version,
            operand(compare, ETCDSERVERPB__COMPARE__TARGET_UNION_VERSION, compare->version));
    case ETCDSERVERPB__COMPARE__COMPARE_TARGET__CREATE:
        return compare_numbers(kv->create_revision,
                               operand(compare, ETCDSERVERPB__COMPARE__TARGET_UNION_CREATE_REVISION,
                                       compare->create_revision));
    case ETCDSERVERPB__COMPARE__COMPARE_TARGET__MOD:
        return compare_numbers(kv->mod_revision,
                               operand(compare, ETCDSERVERPB__COMPARE__TARGET_UNION_MOD_REVISION,
                                       compare->mod_revision));
    case ETCDSERVERPB__COMPARE__COMPARE_TARGET__LEASE:
        return compare_numbers(
            kv->lease, operand(compare, ETCDSERVERPB__COMPARE__TARGET_UNION_LEASE, compare->lease));
    case ETCDSERVERPB__COMPARE__COMPARE_TARGET__VALUE:
        return str_cmp(str_of_bytes(kv->value),
                       compare->target_union_case == ETCDSERVERPB__COMPARE__TARGET_UNION_VALUE
                           ? str_of_bytes(compare->value)
                           : (struct str){0});
    default:
        return 0;
    }
}

/* A result that is none holds. */
static bool holds_for(const Compare *compare, const Mvccpb__KeyValue *kv)
{
    int order = order_of(compare, kv);

    switch (compare->result) {
    case ETCDSERVERPB__COMPARE__COMPARE_RESULT__EQUAL:
        return order == 0;
    case ETCDSERVERPB__COMPARE__COMPARE_RESULT__GREATER:
        return order > 0;
    case ETCDSERVERPB__COMPARE__COMPARE_RESULT__LESS:
        return order < 0;
    case ETCDSERVERPB__COMPARE__COMPARE_RESULT__NOT_EQUAL:
        return order != 0;
    default:
        return true;
    }
}

/* What the index knows needs no look at the record. */
static void read_for(struct mvcc *self, const Compare *compare, const struct key_state *state,
                     Mvccpb__KeyValue *kv)
{
    if (compare->target == ETCDSERVERPB__COMPARE__COMPARE_TARGET__VALUE ||
        compare->target == ETCDSERVERPB__COMPARE__COMPARE_TARGET__LEASE) {
        record_read(self, state->mod, kv);
        return;
    }
    mvccpb__key_value__init(kv);
    kv->version = state->version;
    kv->create_revision = state->create;
    kv->mod_revision = state->mod.main;
}

bool compare_holds(struct mvcc *self, const Compare *compare)
{
    static const Mvccpb__KeyValue absent = MVCCPB__KEY_VALUE__INIT;
    struct key_cursor cursor =
        key_cursor(&self->index, str_of_bytes(compare->key), str_of_bytes(compare->range_end));
    bool any = false;
    uint32_t key;

    while ((key = key_cursor_next(&cursor)) != KEY_NONE) {
        struct key_state state;
        Mvccpb__KeyValue kv;

        if (!key_index_at(&self->index, key, current_revision(self), &state)) {
            continue;
        }
        any = true;
        read_for(self, compare, &state, &kv);
        if (!holds_for(compare, &kv)) {
            return false;
        }
    }
    return any || (compare->target != ETCDSERVERPB__COMPARE__COMPARE_TARGET__VALUE &&
                   holds_for(compare, &absent));
}
