#include "tests/gateway/etcd/watch_case.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

int watch_case_set_up(void **state)
{
    struct watch_rig *self = calloc(1, sizeof(*self));

    watch_rig_init(self);
    *state = self;
    return 0;
}

int watch_case_tear_down(void **state)
{
    watch_rig_fini(*state);
    free(*state);
    return 0;
}

void watch_case_put(struct watch_rig *self, const char *key)
{
    played_store_begin(&self->store);
    played_store_put(&self->store, key, 3);
}

void watch_case_publish(struct watch_rig *self)
{
    played_store_publish(&self->store, 1000, self->now.mono_ms);
    watch_rig_run(self);
}

void watch_case_lose_facts(struct watch_rig *self)
{
    played_store_publish(&self->store, 1000, self->now.mono_ms);
    while (self->store.facts.count > 0) {
        played_queue_drop(&self->store.facts);
    }
}

struct watch_client *watch_case_begin_with(struct watch_rig *self, unsigned client,
                                           const struct client_wish *wish)
{
    struct watch_client *it = watch_rig_begin(self, client);

    watch_rig_create(self, it, wish);
    watch_rig_run(self);
    return it;
}

struct watches_counts watch_case_counts(const struct watch_rig *self)
{
    struct watches_counts watch_case_counts;

    watches_counts(self->watches, &watch_case_counts);
    return watch_case_counts;
}

void watch_case_many(struct watch_rig *self, unsigned count, size_t value_bytes)
{
    static const char *const keys[] = {"a", "b", "c", "d"};

    played_store_begin(&self->store);
    for (unsigned i = 0; i < count; i++) {
        played_store_put(&self->store, keys[i % 4], value_bytes);
    }
}
