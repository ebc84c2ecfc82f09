#include "actors/store/mvcc/overlap.h"

#include <stdlib.h>

#include "actors/store/mvcc/key_value.h"
#include "common/base/array.h"

typedef Etcdserverpb__RequestOp Op;

enum { first_cap = 16 };

struct names {
    struct str *items; /* owned; sorted, none twice */
    size_t count, cap;
};

struct span {
    struct str begin, end; /* end is behind begin and not in it */
};

/* What a branch puts and deletes. */
struct branch {
    struct names puts;
    struct names deleted; /* single keys */
    struct span *spans;   /* owned; sorted, apart */
    size_t span_count, span_cap;
};

static void branch_fini(struct branch *self)
{
    free(self->puts.items);
    free(self->deleted.items);
    free(self->spans);
}

static size_t place_of(const struct names *self, struct str name)
{
    size_t low = 0;
    size_t high = self->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (str_cmp(self->items[middle], name) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static bool has(const struct names *self, struct str name)
{
    size_t at = place_of(self, name);

    return at < self->count && str_eq(self->items[at], name);
}

static void add_name(struct names *self, struct str name)
{
    size_t at = place_of(self, name);

    if (at < self->count && str_eq(self->items[at], name)) {
        return;
    }
    ARRAY_ROOM(self->items, self->count, self->cap, first_cap);
    memmove(self->items + at + 1, self->items + at, (self->count - at) * sizeof(self->items[0]));
    self->items[at] = name;
    self->count++;
}

/* The first span that does not end before the name. */
static size_t span_at(const struct branch *self, struct str name)
{
    size_t low = 0;
    size_t high = self->span_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (str_cmp(self->spans[middle].end, name) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static void add_span(struct branch *self, struct span span)
{
    size_t from = span_at(self, span.begin);
    size_t to = from;

    while (to < self->span_count && str_cmp(self->spans[to].begin, span.end) <= 0) {
        if (str_cmp(self->spans[to].begin, span.begin) < 0) {
            span.begin = self->spans[to].begin;
        }
        if (str_cmp(self->spans[to].end, span.end) > 0) {
            span.end = self->spans[to].end;
        }
        to++;
    }
    ARRAY_ROOM(self->spans, self->span_count, self->span_cap, first_cap);
    memmove(self->spans + from + 1, self->spans + to,
            (self->span_count - to) * sizeof(self->spans[0]));
    self->spans[from] = span;
    self->span_count = self->span_count + 1 - (to - from);
}

static bool is_deleted(const struct branch *self, struct str name)
{
    for (size_t i = span_at(self, name); i < self->span_count; i++) {
        if (str_cmp(self->spans[i].begin, name) > 0) {
            break;
        }
        if (str_cmp(name, self->spans[i].end) < 0) {
            return true;
        }
    }
    return has(&self->deleted, name);
}

static void add_delete(struct branch *self, const Etcdserverpb__DeleteRangeRequest *request)
{
    struct span span = {str_of_bytes(request->key), str_of_bytes(request->range_end)};

    if (span.end.len == 0) {
        add_name(&self->deleted, span.begin);
    } else if (str_cmp(span.begin, span.end) < 0) {
        add_span(self, span);
    }
}

/* True: it was put already, or is deleted. */
static bool add_put(struct branch *self, struct str name)
{
    if (has(&self->puts, name) || is_deleted(self, name)) {
        return true;
    }
    add_name(&self->puts, name);
    return false;
}

static void add_deletes_of(struct branch *self, const struct branch *nested)
{
    for (size_t i = 0; i < nested->deleted.count; i++) {
        add_name(&self->deleted, nested->deleted.items[i]);
    }
    for (size_t i = 0; i < nested->span_count; i++) {
        add_span(self, nested->spans[i]);
    }
}

static bool gather(struct branch *self, Op *const *ops, size_t count);

/* What either branch of a nested Txn puts counts here; twice when both do. */
static bool join(struct branch *self, const struct branch *success, const struct branch *failure)
{
    for (size_t i = 0; i < success->puts.count; i++) {
        if (add_put(self, success->puts.items[i])) {
            return true;
        }
    }
    for (size_t i = 0; i < failure->puts.count; i++) {
        struct str name = failure->puts.items[i];

        if ((has(&self->puts, name) && !has(&success->puts, name)) || is_deleted(self, name)) {
            return true;
        }
        add_name(&self->puts, name);
    }
    add_deletes_of(self, success);
    add_deletes_of(self, failure);
    return false;
}

static bool gather_nested(struct branch *self, const Etcdserverpb__TxnRequest *txn)
{
    struct branch success = {0};
    struct branch failure = {0};
    bool overlaps = gather(&success, txn->success, txn->n_success) ||
                    gather(&failure, txn->failure, txn->n_failure) ||
                    join(self, &success, &failure);

    branch_fini(&success);
    branch_fini(&failure);
    return overlaps;
}

/* Deletes of the branch itself first, then nested ones in their order, then its own puts. */
static bool gather(struct branch *self, Op *const *ops, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (ops[i]->request_case == ETCDSERVERPB__REQUEST_OP__REQUEST_REQUEST_DELETE_RANGE) {
            add_delete(self, ops[i]->request_delete_range);
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (ops[i]->request_case == ETCDSERVERPB__REQUEST_OP__REQUEST_REQUEST_TXN &&
            gather_nested(self, ops[i]->request_txn)) {
            return true;
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (ops[i]->request_case == ETCDSERVERPB__REQUEST_OP__REQUEST_REQUEST_PUT &&
            add_put(self, str_of_bytes(ops[i]->request_put->key))) {
            return true;
        }
    }
    return false;
}

bool overlap_in(const Etcdserverpb__TxnRequest *txn)
{
    struct branch success = {0};
    struct branch failure = {0};
    bool overlaps = gather(&success, txn->success, txn->n_success) ||
                    gather(&failure, txn->failure, txn->n_failure);

    branch_fini(&success);
    branch_fini(&failure);
    return overlaps;
}
