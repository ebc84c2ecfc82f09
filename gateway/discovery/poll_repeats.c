#include "gateway/discovery/poll_repeats.h"

#include <stdlib.h>

#include "common/base/heap.h"
#include "gateway/discovery/recall.h"

/* SDKs repeat a poll at once, or within a second or two; a program that was started anew takes
 * longer. */
static const int64_t repeated_ms = 10000;
/* A client that goes from node to node comes back after as many waits as there are nodes. */
static const int64_t ahead_ms = 600000;

struct poll_repeats {
    struct recall *recall; /* owns */
    uint64_t seed;
};

struct poll_repeats *poll_repeats_new(uint64_t seed)
{
    struct poll_repeats *self = heap_new(sizeof(*self));

    self->recall = recall_new();
    self->seed = seed;
    return self;
}

void poll_repeats_destroy(struct poll_repeats **self)
{
    if (*self != NULL) {
        recall_destroy(&(*self)->recall);
        free(*self);
        *self = NULL;
    }
}

/* ── names ──────────────────────────────────────────────────────────────────*/

/* Two of the three are hashes with a seed, or of hashes: this only spreads them. */
static uint64_t mix(uint64_t a, uint64_t b, uint64_t c)
{
    uint64_t mixed = (a ^ b) * 0x9e3779b97f4a7c15u;

    mixed = (mixed ^ mixed >> 32 ^ c) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ mixed >> 29) * 0x94d049bb133111ebu;
    return mixed ^ mixed >> 32;
}

/* The same list in whatever order: Go's SDKs give it in another one each time. No name is in it
 * twice (args.c). */
static void name(const struct poll_repeats *self, struct str hostname, struct updates_asked *asked)
{
    uint64_t list = 0;

    asked->asker = mix(self->seed, hash64(hostname.data, hostname.len),
                       hash64(asked->query.key.zone.data, asked->query.key.zone.len));
    for (uint32_t i = 0; i < asked->app_count; i++) {
        list += mix(asked->asker, asked->apps[i].app_hash, (uint64_t)asked->apps[i].claimed);
    }
    asked->list = mix(list, (uint64_t)asked->form, asked->query.key.legacy);
}

static uint64_t app_key(const struct updates_asked *asked, const struct updates_app *app)
{
    return mix(asked->list, app->app_hash, 0);
}

static uint64_t ahead_key(const struct updates_asked *asked, const struct updates_app *app)
{
    return mix(asked->asker, app->app_hash, (uint64_t)app->claimed);
}

/* ── row 27 ─────────────────────────────────────────────────────────────────*/

void poll_repeats_begin(const struct poll_repeats *self, struct str hostname,
                        struct updates_asked *asked, const struct now *now)
{
    name(self, hostname, asked);
    if (asked->form != UPDATES_POLLS ||
        !recall_find(self->recall, asked->list, now->mono_ms, NULL)) {
        return;
    }
    for (uint32_t i = 0; i < asked->app_count; i++) {
        struct updates_app *app = &asked->apps[i];
        int64_t given;

        if (recall_find(self->recall, app_key(asked, app), now->mono_ms, &given) &&
            given > app->given) {
            app->given = given;
        }
    }
}

static void keep(struct poll_repeats *self, const struct updates_asked *asked,
                 const struct updates_app *app, int64_t given, const struct now *now)
{
    int64_t until_ms = now->mono_ms + repeated_ms;

    recall_put(self->recall, asked->list, 0, until_ms);
    recall_put(self->recall, app_key(asked, app), given, until_ms);
}

void poll_repeats_expired(struct poll_repeats *self, const struct updates_asked *asked,
                          const struct now *now)
{
    for (uint32_t i = 0; i < asked->app_count; i++) {
        if (asked->apps[i].given != asked->apps[i].claimed) {
            keep(self, asked, &asked->apps[i], asked->apps[i].given, now);
        }
    }
}

void poll_repeats_answer(struct poll_repeats *self, const struct updates_asked *asked,
                         const struct updates_answer *answer, const struct now *now)
{
    poll_repeats_expired(self, asked, now); /* of apps that are not in this answer */
    for (uint32_t i = 0; i < asked->app_count && answer->empty_count > 0; i++) {
        for (uint32_t k = 0; k < answer->empty_count; k++) {
            if (answer->empty[k].app_hash == asked->apps[i].app_hash) {
                keep(self, asked, &asked->apps[i], answer->empty[k].latest_timestamp, now);
            }
        }
    }
}

/* ── row 26 ─────────────────────────────────────────────────────────────────*/

bool poll_repeats_had_all(const struct poll_repeats *self, const struct gateway *gateway,
                          const struct updates_asked *asked, const struct now *now)
{
    for (uint32_t i = 0; i < asked->app_count; i++) {
        if (updates_app_ahead(gateway, asked, &asked->apps[i]) > 0 &&
            !recall_find(self->recall, ahead_key(asked, &asked->apps[i]), now->mono_ms, NULL)) {
            return false;
        }
    }
    return true;
}

void poll_repeats_has_all(struct poll_repeats *self, const struct gateway *gateway,
                          const struct updates_asked *asked, const struct now *now)
{
    for (uint32_t i = 0; i < asked->app_count; i++) {
        if (updates_app_ahead(gateway, asked, &asked->apps[i]) > 0) {
            recall_put(self->recall, ahead_key(asked, &asked->apps[i]), 0, now->mono_ms + ahead_ms);
        }
    }
}
