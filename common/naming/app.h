/* An app and its zones. An app exists while it has an entry, live or tombstone,
 * and so does a zone of it; shown are the zones with live instances.
 */
#ifndef COMMON_NAMING_APP_H
#define COMMON_NAMING_APP_H

#include "common/base/hash.h"
#include "common/base/str.h"
#include "common/container/memory.h"
#include "common/container/order.h"

struct app;

struct zone {
    struct app *app;      /* borrowed */
    uint32_t entry_count; /* live and tombstones */
    uint32_t name_len;
    struct order live; /* slots of the live ones */
    char name[];
};

/* In order of their names. */
struct zone_list {
    struct zone **at;
    uint32_t count;
    uint32_t cap;
};

struct app {
    struct hash128 key;
    int64_t latest_timestamp;
    uint32_t number;
    uint32_t generation; /* the registry's sweep latest_timestamp was last heard in */
    uint32_t entry_count;
    uint32_t live_count;
    uint32_t schedule_slot; /* UINT32_MAX: none */
    struct zone_list live;  /* zones with live instances */
    struct zone_list gone;  /* zones with tombstones only, and that of the schedule */
    uint32_t env_len;
    uint32_t appid_len;
    char text[]; /* env, appid */
};

struct hash128 app_key(struct str env, struct str appid);
struct app *app_new(struct memory *memory, struct str env, struct str appid);
void app_destroy(struct memory *memory, struct app **self); /* with the zones still in it */
struct str app_env(const struct app *self);
struct str app_appid(const struct app *self);

/* The zone of that name, made if there was none. It needs an entry, or zone_drop. */
struct zone *app_zone(struct app *self, struct memory *memory, struct str name);
/* The first of the live zones whose name is not before this one. */
uint32_t app_zone_at(const struct app *self, struct str name);
/* Among both lists. */
bool app_has_zone(const struct app *self, struct str name);
struct str zone_name(const struct zone *self);

/* A live instance comes into the zone, or leaves it. The zone moves between the app's lists. */
void zone_add(struct zone *self, struct memory *memory, uint32_t slot, struct str hostname,
              order_name_fn *hostname_of, const void *context);
void zone_remove(struct zone *self, struct memory *memory, uint32_t slot, struct str hostname,
                 order_name_fn *hostname_of, const void *context);
/* Ends the zone; it has no entry any more. */
void zone_drop(struct zone **self, struct memory *memory);

#endif
