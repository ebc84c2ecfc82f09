/* Rendered JSON, kept until a change: each instance's fragment by slot, each asked
 * (app, zone filter, status, form) as a document that all who ask share.
 *
 * Nothing is rendered that nobody asked for. A heartbeat drops nothing: a document
 * older than refresh_ms is built again when asked for and a heartbeat came since.
 * Bounded: cache_documents_max documents an app, cache_bytes_max in all (the
 * longest unused go first); fragments are bounded by the registry.
 */
#ifndef GATEWAY_DISCOVERY_CACHE_H
#define GATEWAY_DISCOVERY_CACHE_H

#include "common/base/clock.h"
#include "common/naming/registry.h"

struct response;

enum { cache_documents_max = 8, cache_bytes_max = 128 * 1024 * 1024 };

/* Beyond, a document is better not made for one who asks alone. */
enum { cache_large_bytes = 4 * 1024 * 1024 };

/* What of an app is asked for. */
struct cache_key {
    struct str zone; /* empty: all zones */
    uint32_t status; /* bit mask of STATUS_… */
    bool legacy;     /* instances as one array, the map beside it as zone_instances */
};

struct cache;

/* registry: borrowed while the cache lives. */
struct cache *cache_new(const struct registry *registry, int64_t refresh_ms);
void cache_destroy(struct cache **self);

/* After every registry_apply and for every swept entry. */
void cache_on_applied(struct cache *self, const struct applied *applied);
/* After a heartbeat of the live instance in slot. */
void cache_on_renewed(struct cache *self, uint32_t slot, const struct now *now);

/* The app's {"instances":…,"scheduler":…,"latest_timestamp":…}, the middle one where there is a
 * schedule, but not in the legacy form; of an unknown zone neither instances nor schedule.
 * json is borrowed until the next call of any function here but cache_counts. */
struct cache_document {
    struct str json;
    uint32_t instance_count;
};
struct cache_document cache_app(struct cache *self, uint32_t app, const struct cache_key *key,
                                const struct now *now);

/* The same as a whole answer of fetch, or of a polls in which only this app changed.
 * Borrowed until the next call: response_ref to keep it. */
struct response *cache_fetch(struct cache *self, uint32_t app, const struct cache_key *key,
                             const struct now *now);
struct response *cache_polls(struct cache *self, uint32_t app, const struct cache_key *key,
                             const struct now *now);

/* Whether a document of the app was larger than that, and this one would have to be made now. */
bool cache_would_be_large(struct cache *self, uint32_t app, const struct cache_key *key,
                          const struct now *now);
/* It is not any more. */
void cache_note_small(struct cache *self, uint32_t app);

/* {"clients":…,"remark":…} of the app, or null. */
void cache_schedule(const struct cache *self, uint32_t app, struct buf *to);

/* One instance from its fragment, with its newest heartbeat. */
void cache_instance(struct cache *self, uint32_t slot, struct buf *to);

/* Bytes rendered ever: what a call of the above has cost. */
uint64_t cache_rendered(const struct cache *self);

struct cache_counts {
    uint64_t documents;
    uint64_t document_bytes;
    uint64_t fragments;
    uint64_t fragment_bytes;
    uint64_t built_total;
};
void cache_counts(const struct cache *self, struct cache_counts *counts);

#endif
