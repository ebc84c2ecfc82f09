#include "common/naming/app.h"

#include "common/naming/instance.h"

#include <assert.h>
#include <string.h>

/* ── lists of zones ─────────────────────────────────────────────────────────*/

/* Where a zone of that name is (true) or belongs. */
static bool list_find(const struct zone_list *self, struct str name, uint32_t *at)
{
    uint32_t low = 0;
    uint32_t high = self->count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = str_cmp(zone_name(self->at[middle]), name);

        if (order == 0) {
            *at = middle;
            return true;
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    *at = low;
    return false;
}

static void list_add(struct zone_list *self, struct memory *memory, struct zone *zone)
{
    uint32_t at;
    bool found = list_find(self, zone_name(zone), &at);

    assert(!found);
    if (self->count == self->cap) {
        uint32_t cap = self->cap < 8 ? self->cap + 4 : self->cap + self->cap / 2;

        self->at = memory_resize(memory, self->at, self->cap * sizeof(struct zone *),
                                 cap * sizeof(struct zone *));
        self->cap = cap;
    }
    memmove(&self->at[at + 1], &self->at[at], (self->count - at) * sizeof(struct zone *));
    self->at[at] = zone;
    self->count++;
}

static void list_remove(struct zone_list *self, const struct zone *zone)
{
    uint32_t at;
    bool found = list_find(self, zone_name(zone), &at);

    assert(found && self->at[at] == zone);
    self->count--;
    memmove(&self->at[at], &self->at[at + 1], (self->count - at) * sizeof(struct zone *));
}

/* ── app ────────────────────────────────────────────────────────────────────*/

struct hash128 app_key(struct str env, struct str appid)
{
    struct identity id = {.env = env, .appid = appid};

    return identity_key(&id);
}

struct app *app_new(struct memory *memory, struct str env, struct str appid)
{
    struct app *self = memory_get(memory, sizeof(*self) + env.len + appid.len);
    char *text = self->text;

    assert(env.len <= UINT32_MAX && appid.len <= UINT32_MAX);
    *self = (struct app){
        .key = app_key(env, appid),
        .schedule_slot = UINT32_MAX,
        .env_len = (uint32_t)env.len,
        .appid_len = (uint32_t)appid.len,
    };
    str_put(&text, env);
    str_put(&text, appid);
    return self;
}

static void zone_free(struct zone *self, struct memory *memory)
{
    order_fini(&self->live, memory);
    memory_put(memory, self, sizeof(*self) + self->name_len);
}

static void list_fini(struct zone_list *self, struct memory *memory)
{
    for (uint32_t i = 0; i < self->count; i++) {
        zone_free(self->at[i], memory);
    }
    memory_put(memory, self->at, self->cap * sizeof(struct zone *));
}

void app_destroy(struct memory *memory, struct app **self)
{
    list_fini(&(*self)->live, memory);
    list_fini(&(*self)->gone, memory);
    memory_put(memory, *self, sizeof(**self) + (*self)->env_len + (*self)->appid_len);
    *self = NULL;
}

struct str app_env(const struct app *self)
{
    return (struct str){self->text, self->env_len};
}

struct str app_appid(const struct app *self)
{
    return (struct str){self->text + self->env_len, self->appid_len};
}

struct zone *app_zone(struct app *self, struct memory *memory, struct str name)
{
    struct zone *zone;
    char *text;
    uint32_t at;

    if (list_find(&self->live, name, &at)) {
        return self->live.at[at];
    }
    if (list_find(&self->gone, name, &at)) {
        return self->gone.at[at];
    }
    assert(name.len <= UINT32_MAX);
    zone = memory_get(memory, sizeof(*zone) + name.len);
    *zone = (struct zone){.app = self, .name_len = (uint32_t)name.len};
    text = zone->name;
    str_put(&text, name);
    list_add(&self->gone, memory, zone);
    return zone;
}

uint32_t app_zone_at(const struct app *self, struct str name)
{
    uint32_t at = 0;

    (void)list_find(&self->live, name, &at);
    return at;
}

bool app_has_zone(const struct app *self, struct str name)
{
    uint32_t at;

    return list_find(&self->live, name, &at) || list_find(&self->gone, name, &at);
}

/* ── zone ───────────────────────────────────────────────────────────────────*/

struct str zone_name(const struct zone *self)
{
    return (struct str){self->name, self->name_len};
}

void zone_add(struct zone *self, struct memory *memory, uint32_t slot, struct str hostname,
              order_name_fn *hostname_of, const void *context)
{
    order_add(&self->live, memory, slot, hostname, hostname_of, context);
    if (self->live.count == 1) {
        list_remove(&self->app->gone, self);
        list_add(&self->app->live, memory, self);
    }
    self->app->live_count++;
}

void zone_remove(struct zone *self, struct memory *memory, uint32_t slot, struct str hostname,
                 order_name_fn *hostname_of, const void *context)
{
    order_remove(&self->live, memory, slot, hostname, hostname_of, context);
    if (self->live.count == 0) {
        list_remove(&self->app->live, self);
        list_add(&self->app->gone, memory, self);
    }
    self->app->live_count--;
}

void zone_drop(struct zone **self, struct memory *memory)
{
    assert((*self)->entry_count == 0 && (*self)->live.count == 0);
    list_remove(&(*self)->app->gone, *self);
    zone_free(*self, memory);
    *self = NULL;
}
