#include "common/domain/app.h"

#include "common/domain/instance.h"

#include <assert.h>
#include <string.h>

/* Room for one more of size bytes: grows by half, so that a list wastes little. */
static void *room(struct memory *memory, void *list, size_t size, uint32_t count, uint32_t *cap)
{
    uint32_t more = *cap + (*cap < 8 ? 4 : *cap / 2);

    if (count < *cap) {
        return list;
    }
    list = memory_resize(memory, list, *cap * size, more * size);
    *cap = more;
    return list;
}

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
    self->at = room(memory, self->at, sizeof(struct zone *), self->count, &self->cap);
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

    assert(env.len <= UINT32_MAX && appid.len <= UINT32_MAX);
    *self = (struct app){
        .key = app_key(env, appid),
        .env_len = (uint32_t)env.len,
        .appid_len = (uint32_t)appid.len,
    };
    if (env.len > 0) {
        memcpy(self->text, env.data, env.len);
    }
    if (appid.len > 0) {
        memcpy(self->text + env.len, appid.data, appid.len);
    }
    return self;
}

static void zone_free(struct zone *self, struct memory *memory)
{
    memory_put(memory, self->slots, self->slot_cap * sizeof(*self->slots));
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
    if (name.len > 0) {
        memcpy(zone->name, name.data, name.len);
    }
    list_add(&self->gone, memory, zone);
    return zone;
}

/* ── zone ───────────────────────────────────────────────────────────────────*/

struct str zone_name(const struct zone *self)
{
    return (struct str){self->name, self->name_len};
}

/* Where the hostname is or belongs among the live ones. */
static uint32_t zone_seek(const struct zone *self, struct str hostname,
                          zone_hostname_fn *hostname_of, const void *context)
{
    uint32_t low = 0;
    uint32_t high = self->slot_count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (str_cmp(hostname_of(context, self->slots[middle]), hostname) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

void zone_add(struct zone *self, struct memory *memory, uint32_t slot, struct str hostname,
              zone_hostname_fn *hostname_of, const void *context)
{
    uint32_t at = zone_seek(self, hostname, hostname_of, context);

    self->slots =
        room(memory, self->slots, sizeof(*self->slots), self->slot_count, &self->slot_cap);
    memmove(&self->slots[at + 1], &self->slots[at], (self->slot_count - at) * sizeof(*self->slots));
    self->slots[at] = slot;
    self->slot_count++;
    if (self->slot_count == 1) {
        list_remove(&self->app->gone, self);
        list_add(&self->app->live, memory, self);
    }
    self->app->live_count++;
}

void zone_remove(struct zone *self, struct memory *memory, uint32_t slot, struct str hostname,
                 zone_hostname_fn *hostname_of, const void *context)
{
    uint32_t at = zone_seek(self, hostname, hostname_of, context);

    assert(at < self->slot_count && self->slots[at] == slot);
    self->slot_count--;
    memmove(&self->slots[at], &self->slots[at + 1], (self->slot_count - at) * sizeof(*self->slots));
    if (self->slot_count == 0) {
        list_remove(&self->app->live, self);
        list_add(&self->app->gone, memory, self);
    }
    self->app->live_count--;
}

void zone_drop(struct zone **self, struct memory *memory)
{
    assert((*self)->entry_count == 0 && (*self)->slot_count == 0);
    list_remove(&(*self)->app->gone, *self);
    zone_free(*self, memory);
    *self = NULL;
}
