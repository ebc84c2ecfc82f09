#include "actors/store/lessor.h"

#include <assert.h>
#include <stdlib.h>

#include "common/base/deadlines.h"
#include "common/base/heap.h"
#include "common/container/index.h"
#include "common/container/table.h"

enum { second_ms = 1000 };

struct term {
    struct deadline due;   /* first; not set: it is ending */
    struct deadline check; /* not set: its rest is short, or it is not to be written down */
    int64_t id;
    int64_t ttl_s;
    uint64_t place;   /* among those that end in one ms: the order of their signs of life */
    uint32_t number;  /* in the table */
    uint32_t revokes; /* on their way */
    uint32_t round;   /* of rests that its own was in last */
};

struct lessor {
    struct memory memory;
    struct table terms;
    struct index index;
    struct deadlines deadlines;
    struct deadlines checks;
    int64_t checkpoint_ms;
    uint64_t places; /* given out */
    uint32_t rounds; /* of rests */
};

static struct hash128 key_of_id(int64_t id)
{
    return hash128(&id, sizeof(id));
}

static struct hash128 key_of(const void *context, uint32_t number)
{
    const struct lessor *self = context;

    return key_of_id(((const struct term *)table_get(&self->terms, number))->id);
}

struct lessor *lessor_new(int64_t checkpoint_ms)
{
    struct lessor *self = heap_new(sizeof(*self));

    self->checkpoint_ms = checkpoint_ms;
    table_init(&self->terms, &self->memory);
    index_init(&self->index, &self->memory, key_of, self);
    return self;
}

void lessor_destroy(struct lessor **self)
{
    struct lessor *gone = *self;

    if (gone == NULL) {
        return;
    }
    deadlines_fini(&gone->deadlines);
    deadlines_fini(&gone->checks);
    for (uint32_t i = 0; i < gone->terms.count; i++) {
        if (table_has(&gone->terms, i)) {
            memory_put(&gone->memory, table_get(&gone->terms, i), sizeof(struct term));
        }
    }
    index_fini(&gone->index);
    table_fini(&gone->terms);
    free(gone);
    *self = NULL;
}

static struct term *find(const struct lessor *self, int64_t id)
{
    uint32_t number = index_find(&self->index, key_of_id(id));

    return number != INDEX_NONE ? table_get(&self->terms, number) : NULL;
}

static void set(struct lessor *self, struct term *term, int64_t rest_s, int64_t awake_ms)
{
    int64_t rest_ms = rest_s * second_ms;

    term->place = ++self->places;
    deadlines_set(&self->deadlines, &term->due, awake_ms + rest_ms);
    if (self->checkpoint_ms > 0 && rest_ms > self->checkpoint_ms) {
        deadlines_set(&self->checks, &term->check, awake_ms + self->checkpoint_ms);
    } else {
        deadlines_remove(&self->checks, &term->check);
    }
}

void lessor_add(struct lessor *self, int64_t id, int64_t ttl_s, int64_t rest_s, int64_t awake_ms)
{
    struct term *term = find(self, id);

    if (term == NULL) {
        term = memory_get(&self->memory, sizeof(*term));
        *term = (struct term){.id = id};
        term->number = table_add(&self->terms, term);
        index_add(&self->index, key_of_id(id), term->number);
    }
    term->ttl_s = ttl_s;
    set(self, term, rest_s, awake_ms);
}

void lessor_remove(struct lessor *self, int64_t id)
{
    struct term *term = find(self, id);

    if (term != NULL) {
        deadlines_remove(&self->deadlines, &term->due);
        deadlines_remove(&self->checks, &term->check);
        index_remove(&self->index, key_of_id(id), term->number);
        table_remove(&self->terms, term->number);
        memory_put(&self->memory, term, sizeof(*term));
    }
}

static bool is_ending(const struct term *term)
{
    return term->due.at == 0 || term->revokes > 0;
}

void lessor_revoke(struct lessor *self, int64_t id)
{
    struct term *term = find(self, id);

    if (term != NULL) {
        term->revokes++;
    }
}

void lessor_revoked(struct lessor *self, int64_t id)
{
    struct term *term = find(self, id);

    if (term != NULL && term->revokes > 0) {
        term->revokes--;
    }
}

bool lessor_is_ending(const struct lessor *self, int64_t id)
{
    const struct term *term = find(self, id);

    return term != NULL && is_ending(term);
}

bool lessor_renew(struct lessor *self, int64_t id, int64_t awake_ms, int64_t *ttl_s)
{
    struct term *term = find(self, id);

    if (term == NULL || is_ending(term)) {
        return false;
    }
    *ttl_s = term->ttl_s;
    set(self, term, term->ttl_s, awake_ms);
    return true;
}

bool lessor_rest(const struct lessor *self, int64_t id, int64_t awake_ms, int64_t *rest_s)
{
    const struct term *term = find(self, id);

    if (term == NULL) {
        return false;
    }
    *rest_s = term->due.at == 0 || term->due.due_ms <= awake_ms
                  ? 0
                  : (term->due.due_ms - awake_ms) / second_ms;
    return true;
}

struct lease_end lessor_end(const struct lessor *self, int64_t id)
{
    const struct term *term = find(self, id);
    struct lease_end end = {0};

    if (term != NULL && term->due.at != 0) {
        end.at_ms = term->due.due_ms;
        end.place = term->place;
    }
    return end;
}

size_t lessor_due(struct lessor *self, int64_t awake_ms, int64_t *ids, size_t max)
{
    struct deadline *first;
    size_t count = 0;

    while (count < max && (first = deadlines_first(&self->deadlines)) != NULL &&
           first->due_ms <= awake_ms) {
        ids[count++] = ((const struct term *)first)->id;
        deadlines_remove(&self->deadlines, first);
    }
    return count;
}

void lessor_again(struct lessor *self, int64_t awake_ms)
{
    for (uint32_t i = 0; i < self->terms.count; i++) {
        struct term *term = table_has(&self->terms, i) ? table_get(&self->terms, i) : NULL;

        if (term != NULL && term->due.at == 0) {
            deadlines_set(&self->deadlines, &term->due, awake_ms);
        }
    }
}

static struct term *term_of_check(struct deadline *check)
{
    return (struct term *)(void *)((char *)check - offsetof(struct term, check));
}

size_t lessor_rests(struct lessor *self, int64_t awake_ms, struct lease_rest *rests, size_t max)
{
    struct deadline *first;
    size_t count = 0;

    while (count < max && (first = deadlines_first(&self->checks)) != NULL &&
           first->due_ms <= awake_ms) {
        struct term *term = term_of_check(first);
        int64_t rest_ms = is_ending(term) ? 0 : term->due.due_ms - awake_ms;

        if (rest_ms > 0) {
            self->rounds += count == 0;
            term->round = self->rounds;
            rests[count++] = (struct lease_rest){term->id, (rest_ms + second_ms - 1) / second_ms};
        }
        if (rest_ms > self->checkpoint_ms) {
            deadlines_set(&self->checks, first, awake_ms + self->checkpoint_ms);
        } else {
            deadlines_remove(&self->checks, first);
        }
    }
    return count;
}

bool lessor_rest_is_last(const struct lessor *self, int64_t id)
{
    const struct term *term = find(self, id);

    return term != NULL && self->rounds > 0 && term->round == self->rounds;
}

int64_t lessor_due_ms(const struct lessor *self)
{
    const struct deadline *due = deadlines_first(&self->deadlines);
    const struct deadline *check = deadlines_first(&self->checks);
    int64_t due_ms = due != NULL ? due->due_ms : INT64_MAX;

    return check != NULL && check->due_ms < due_ms ? check->due_ms : due_ms;
}

size_t lessor_count(const struct lessor *self)
{
    return self->terms.used;
}
