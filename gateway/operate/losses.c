#include "gateway/operate/losses.h"

#include <stdlib.h>

#include "common/base/heap.h"
#include "common/container/index.h"
#include "common/container/table.h"
#include "common/naming/app.h"

enum { looked_at_max = 256 }; /* in one tick */

static const int64_t minute_ms = 60000;

struct loser {
    struct hash128 key;
    int64_t minute; /* of count[minute % losses_minutes], the newest */
    uint32_t count[losses_minutes];
    uint16_t env_len;
    uint16_t appid_len;
    char text[];
};

struct losses {
    struct memory memory;
    struct table losers;
    struct index by_key;
    uint32_t at; /* where the next tick goes on */
};

static struct loser *loser_at(const struct losses *self, uint32_t number)
{
    return table_get(&self->losers, number);
}

static struct hash128 key_of(const void *context, uint32_t number)
{
    return loser_at(context, number)->key;
}

struct losses *losses_new(uint64_t seed)
{
    struct losses *self = heap_new(sizeof(*self));

    table_init(&self->losers, &self->memory);
    index_init(&self->by_key, &self->memory, key_of, self);
    index_seed(&self->by_key, seed);
    return self;
}

static size_t loser_bytes(size_t env_len, size_t appid_len)
{
    return sizeof(struct loser) + env_len + appid_len;
}

static void drop(struct losses *self, uint32_t number)
{
    struct loser *loser = loser_at(self, number);

    index_remove(&self->by_key, loser->key, number);
    table_remove(&self->losers, number);
    memory_put(&self->memory, loser, loser_bytes(loser->env_len, loser->appid_len));
}

void losses_destroy(struct losses **self)
{
    struct losses *it = *self;

    *self = NULL;
    if (it == NULL) {
        return;
    }
    for (uint32_t i = 0; i < it->losers.count; i++) {
        if (table_has(&it->losers, i)) {
            drop(it, i);
        }
    }
    index_fini(&it->by_key);
    table_fini(&it->losers);
    free(it);
}

static struct loser *loser_new(struct losses *self, struct str env, struct str appid,
                               struct hash128 key, int64_t minute)
{
    struct loser *loser = memory_get(&self->memory, loser_bytes(env.len, appid.len));
    char *text = loser->text;

    *loser = (struct loser){.key = key,
                            .minute = minute,
                            .env_len = (uint16_t)env.len,
                            .appid_len = (uint16_t)appid.len};
    (void)str_put(&text, env);
    (void)str_put(&text, appid);
    return loser;
}

/* Minutes that have begun since it was counted last hold nothing yet. */
static void move_on(struct loser *loser, int64_t minute)
{
    while (loser->minute < minute) {
        loser->minute =
            minute - loser->minute > losses_minutes ? minute - losses_minutes : loser->minute;
        loser->minute++;
        loser->count[loser->minute % losses_minutes] = 0;
    }
}

void losses_add(struct losses *self, struct str env, struct str appid, int64_t now_ms)
{
    struct hash128 key = app_key(env, appid);
    uint32_t number = index_find(&self->by_key, key);
    struct loser *loser;

    if (number == INDEX_NONE) {
        if (self->losers.used == losses_apps_max) {
            return;
        }
        loser = loser_new(self, env, appid, key, now_ms / minute_ms);
        number = table_add(&self->losers, loser);
        index_add(&self->by_key, key, number);
    }
    loser = loser_at(self, number);
    move_on(loser, now_ms / minute_ms);
    loser->count[loser->minute % losses_minutes]++;
}

static uint32_t total(const struct loser *loser, int64_t minute)
{
    uint32_t sum = 0;

    for (int64_t i = 0; i < losses_minutes; i++) {
        if (loser->minute - i > minute - losses_minutes) {
            sum += loser->count[(loser->minute - i + losses_minutes) % losses_minutes];
        }
    }
    return sum;
}

uint32_t losses_of(const struct losses *self, struct str env, struct str appid, int64_t now_ms)
{
    uint32_t number = index_find(&self->by_key, app_key(env, appid));

    return number == INDEX_NONE ? 0 : total(loser_at(self, number), now_ms / minute_ms);
}

void losses_tick(struct losses *self, int64_t now_ms)
{
    for (int i = 0; i < looked_at_max && self->losers.used > 0; i++) {
        if (self->at >= self->losers.count) {
            self->at = 0;
            return;
        }
        if (table_has(&self->losers, self->at) &&
            total(loser_at(self, self->at), now_ms / minute_ms) == 0) {
            drop(self, self->at);
        }
        self->at++;
    }
}

uint32_t losses_count(const struct losses *self)
{
    return self->losers.count;
}

bool losses_at(const struct losses *self, uint32_t number, struct str *env, struct str *appid)
{
    const struct loser *loser;

    if (!table_has(&self->losers, number)) {
        return false;
    }
    loser = loser_at(self, number);
    *env = (struct str){loser->text, loser->env_len};
    *appid = (struct str){loser->text + loser->env_len, loser->appid_len};
    return true;
}
