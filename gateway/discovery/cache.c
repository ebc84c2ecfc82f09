#include "gateway/discovery/cache.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/heap.h"
#include "common/base/json.h"
#include "common/container/column.h"
#include "gateway/discovery/gateway.h"
#include "gateway/discovery/render.h"

/* An instance without the digits of renew_timestamp, which stand at head. */
struct fragment {
    char *data; /* owns; NULL: not rendered */
    uint32_t len;
    uint32_t head;
};

struct document {
    struct document *next;  /* of the same app */
    struct document *newer; /* by last use */
    struct document *older;
    uint32_t app;
    uint32_t status;
    bool legacy;
    uint32_t instance_count;
    int64_t built_ms;
    size_t bytes;
    struct response *fetch; /* holds the JSON between the envelope's two parts */
    size_t json_at;         /* where it begins in that */
    struct response *polls; /* NULL: not asked for */
    size_t zone_len;
    char zone[];
};

struct app_cell {
    struct document *documents;
    int64_t renewed_ms; /* of the last heartbeat heard */
    bool large;         /* a document was */
};

struct cache {
    const struct registry *registry; /* borrowed */
    int64_t refresh_ms;
    struct column fragments;
    struct column apps;
    struct document *newest;
    struct document *oldest;
    uint64_t rendered_bytes;
    struct buf rendered; /* one instance, before it becomes a fragment */
    struct cache_counts counts;
};

struct cache *cache_new(const struct registry *registry, int64_t refresh_ms)
{
    struct cache *self = heap_new(sizeof(*self));

    self->registry = registry;
    self->refresh_ms = refresh_ms;
    self->fragments = column_of(sizeof(struct fragment));
    self->apps = column_of(sizeof(struct app_cell));
    return self;
}

/* ── documents ──────────────────────────────────────────────────────────────*/

static void use_unlink(struct cache *self, struct document *document)
{
    *(document->newer != NULL ? &document->newer->older : &self->newest) = document->older;
    *(document->older != NULL ? &document->older->newer : &self->oldest) = document->newer;
}

static void use_link(struct cache *self, struct document *document)
{
    document->newer = NULL;
    document->older = self->newest;
    *(self->newest != NULL ? &self->newest->newer : &self->oldest) = document;
    self->newest = document;
}

static void document_empty(struct cache *self, struct document *document)
{
    if (document->fetch != NULL) {
        response_unref(&document->fetch);
    }
    if (document->polls != NULL) {
        response_unref(&document->polls);
    }
    assert(self->counts.document_bytes >= document->bytes);
    self->counts.document_bytes -= document->bytes;
    document->bytes = 0;
}

static void document_drop(struct cache *self, struct document *document)
{
    struct app_cell *cell = column_find(&self->apps, document->app);
    struct document **at = &cell->documents;

    while (*at != document) {
        at = &(*at)->next;
    }
    *at = document->next;
    use_unlink(self, document);
    document_empty(self, document);
    self->counts.documents--;
    assert((self->counts.documents == 0) == (self->oldest == NULL));
    free(document);
}

static bool is_for(const struct document *document, const struct cache_key *key)
{
    return document->status == key->status && document->legacy == key->legacy &&
           str_eq((struct str){document->zone, document->zone_len}, key->zone);
}

static struct document *document_find(struct cache *self, uint32_t app, const struct cache_key *key)
{
    struct app_cell *cell = column_make(&self->apps, app);
    struct document *document = cell->documents;
    struct document *oldest = NULL;
    size_t count = 0;

    for (; document != NULL; document = document->next) {
        if (is_for(document, key)) {
            use_unlink(self, document);
            use_link(self, document);
            return document;
        }
        oldest = document; /* new ones are put in front */
        count++;
    }
    if (count == cache_documents_max) {
        document_drop(self, oldest);
    }
    document = heap_new(sizeof(*document) + key->zone.len);
    document->app = app;
    document->status = key->status;
    document->legacy = key->legacy;
    document->zone_len = key->zone.len;
    if (key->zone.len > 0) {
        memcpy(document->zone, key->zone.data, key->zone.len);
    }
    document->next = cell->documents;
    cell->documents = document;
    use_link(self, document);
    self->counts.documents++;
    return document;
}

/* ── building ───────────────────────────────────────────────────────────────*/

static void make_fragment(struct cache *self, struct fragment *fragment,
                          const struct instance *instance)
{
    struct buf *text = &self->rendered;

    text->len = 0;
    fragment->head = (uint32_t)render_halves(text, instance);
    fragment->len = (uint32_t)text->len;
    fragment->data = heap_get(text->len);
    memcpy(fragment->data, text->data, text->len);
    self->counts.fragments++;
    self->counts.fragment_bytes += fragment->len;
}

static void add_instance(struct cache *self, uint32_t slot, const struct instance *instance,
                         struct buf *to)
{
    struct fragment *fragment = column_make(&self->fragments, slot);

    if (fragment->data == NULL) {
        make_fragment(self, fragment, instance);
    }
    buf_add(to, fragment->data, fragment->head);
    buf_add_i64(to, instance->renew_timestamp);
    buf_add(to, fragment->data + fragment->head, fragment->len - fragment->head);
}

void cache_instance(struct cache *self, uint32_t slot, struct buf *to)
{
    struct instance instance;

    registry_instance(self->registry, slot, &instance);
    add_instance(self, slot, &instance, to);
}

/* The matching instances, comma before each but the first of all in *more. */
static uint32_t add_run(struct cache *self, struct order_run run, uint32_t status, bool *more,
                        struct buf *to)
{
    const uint32_t ahead = 4;
    uint32_t count = 0;

    for (uint32_t i = 0; i < run.count; i++) {
        struct instance instance;

        if (i + ahead < run.count) {
            registry_expect_slot(self->registry, run.slots[i + ahead]);
        }
        registry_instance(self->registry, run.slots[i], &instance);
        if ((instance.status & status) != 0) {
            if (*more) {
                buf_add_char(to, ',');
            }
            *more = true;
            add_instance(self, run.slots[i], &instance, to);
            count++;
        }
    }
    return count;
}

/* The instances by zone as one map; as_array: all of them in one array. */
static uint32_t add_instances(struct cache *self, uint32_t app, const struct cache_key *key,
                              bool as_array, struct buf *to)
{
    struct app_info info;
    struct zone_info zone;
    uint32_t count = 0;
    bool more = false;
    bool more_zones = false;

    uint32_t from = 0;
    uint32_t to_zone;

    registry_app(self->registry, app, &info);
    to_zone = info.zone_count;
    if (key->zone.len > 0) {
        from = registry_zone_find(self->registry, app, key->zone);
        to_zone = from == REGISTRY_NONE ? 0 : from + 1;
    }
    buf_add_char(to, as_array ? '[' : '{');
    for (uint32_t i = from; i < to_zone; i++) {
        registry_zone(self->registry, app, i, &zone);
        if (!as_array) {
            if (more_zones) {
                buf_add_char(to, ',');
            }
            more_zones = true;
            json_quote(to, zone.zone);
            buf_add_str(to, STR(":["));
            more = false;
        }
        for (uint32_t run = 0; run < zone.run_count; run++) {
            count += add_run(self, registry_zone_run(self->registry, app, i, run), key->status,
                             &more, to);
        }
        if (!as_array) {
            buf_add_char(to, ']');
        }
    }
    buf_add_char(to, as_array ? ']' : '}');
    return count;
}

void cache_schedule(const struct cache *self, uint32_t app, struct buf *to)
{
    struct app_info info;
    struct instance schedule;

    registry_app(self->registry, app, &info);
    if (info.schedule_slot == REGISTRY_NONE) {
        buf_add_str(to, STR("null"));
        return;
    }
    registry_instance(self->registry, info.schedule_slot, &schedule);
    render_schedule(to, &schedule);
}

static uint32_t add_app(struct cache *self, uint32_t app, const struct cache_key *key,
                        struct buf *to)
{
    static const char no_zone[] = "{\"instances\":{}";
    struct app_info info;
    size_t begin = to->len;
    uint32_t count;

    registry_app(self->registry, app, &info);
    buf_add_str(to, STR("{\"instances\":"));
    count = add_instances(self, app, key, key->legacy, to);
    if (info.schedule_slot != REGISTRY_NONE && !key->legacy &&
        to->len - begin > sizeof(no_zone) - 1) {
        buf_add_str(to, STR(",\"scheduler\":"));
        cache_schedule(self, app, to);
    }
    if (key->legacy) {
        buf_add_str(to, STR(",\"zone_instances\":"));
        add_instances(self, app, key, false, to);
    }
    buf_add_str(to, STR(",\"latest_timestamp\":"));
    buf_add_i64(to, info.latest_timestamp);
    buf_add_char(to, '}');
    return count;
}

static void trim(struct cache *self, const struct document *but)
{
    while (self->counts.document_bytes > cache_bytes_max && self->oldest != but) {
        document_drop(self, self->oldest);
    }
}

static void count_bytes(struct cache *self, struct document *document, const struct response *built)
{
    size_t bytes = response_body(built).len;

    document->bytes += bytes;
    self->counts.document_bytes += bytes;
    self->counts.built_total++;
    self->rendered_bytes += bytes;
    if (bytes > cache_large_bytes) {
        ((struct app_cell *)column_find(&self->apps, document->app))->large = true;
    }
    trim(self, document);
    assert(self->counts.document_bytes <= cache_bytes_max || self->oldest == self->newest);
}

static bool is_outdated(const struct cache *self, const struct app_cell *cell,
                        const struct document *document, const struct now *now)
{
    return cell->renewed_ms >= document->built_ms &&
           now->mono_ms - document->built_ms >= self->refresh_ms;
}

static struct document *document_get(struct cache *self, uint32_t app, const struct cache_key *key,
                                     const struct now *now)
{
    struct document *document = document_find(self, app, key);
    struct app_cell *cell = column_find(&self->apps, app);
    struct buf text = {0};

    if (document->fetch != NULL && is_outdated(self, cell, document, now)) {
        document_empty(self, document);
    }
    if (document->fetch == NULL) {
        answer_open(&text, ERR_OK);
        document->json_at = text.len;
        document->instance_count = add_app(self, app, key, &text);
        buf_add_char(&text, '}');
        document->fetch = response_json(200, 0, &text);
        document->built_ms = now->mono_ms;
        count_bytes(self, document, document->fetch);
    }
    return document;
}

static struct str document_json(const struct document *document)
{
    struct str body = response_body(document->fetch);

    return (struct str){body.data + document->json_at, body.len - document->json_at - 1};
}

struct cache_document cache_app(struct cache *self, uint32_t app, const struct cache_key *key,
                                const struct now *now)
{
    struct document *document = document_get(self, app, key, now);

    return (struct cache_document){document_json(document), document->instance_count};
}

bool cache_would_be_large(struct cache *self, uint32_t app, const struct cache_key *key,
                          const struct now *now)
{
    const struct app_cell *cell = column_find(&self->apps, app);
    const struct document *document = cell != NULL ? cell->documents : NULL;

    if (cell == NULL || !cell->large) {
        return false;
    }
    while (document != NULL && !is_for(document, key)) {
        document = document->next;
    }
    return document == NULL || document->fetch == NULL || is_outdated(self, cell, document, now);
}

void cache_note_small(struct cache *self, uint32_t app)
{
    struct app_cell *cell = column_find(&self->apps, app);

    if (cell != NULL) {
        cell->large = false;
    }
}

struct response *cache_fetch(struct cache *self, uint32_t app, const struct cache_key *key,
                             const struct now *now)
{
    return document_get(self, app, key, now)->fetch;
}

struct response *cache_polls(struct cache *self, uint32_t app, const struct cache_key *key,
                             const struct now *now)
{
    struct document *document = document_get(self, app, key, now);
    struct app_info info;
    struct buf text = {0};

    if (document->polls == NULL) {
        registry_app(self->registry, app, &info);
        buf_add_str(&text, STR("{\"code\":0,\"data\":{"));
        json_quote(&text, info.appid);
        buf_add_char(&text, ':');
        buf_add_str(&text, document_json(document));
        buf_add_str(&text, STR("},\"error\":{\"-404\":null},\"message\":\"0\"}"));
        document->polls = response_json(200, 0, &text);
        count_bytes(self, document, document->polls);
    }
    return document->polls;
}

/* ── changes ────────────────────────────────────────────────────────────────*/

static void fragment_drop(struct cache *self, struct fragment *fragment)
{
    if (fragment->data != NULL) {
        assert(self->counts.fragments > 0 && self->counts.fragment_bytes >= fragment->len);
        self->counts.fragments--;
        self->counts.fragment_bytes -= fragment->len;
        free(fragment->data);
        *fragment = (struct fragment){0};
    }
}

void cache_on_applied(struct cache *self, const struct applied *applied)
{
    struct fragment *fragment =
        applied->slot == REGISTRY_NONE ? NULL : column_find(&self->fragments, applied->slot);
    struct app_cell *cell =
        applied->app == REGISTRY_NONE ? NULL : column_find(&self->apps, applied->app);

    if (applied->ignored) {
        return;
    }
    if (fragment != NULL) {
        fragment_drop(self, fragment);
    }
    while (cell != NULL && cell->documents != NULL) {
        document_drop(self, cell->documents);
    }
}

void cache_on_renewed(struct cache *self, uint32_t slot, const struct now *now)
{
    struct app_cell *cell = column_find(&self->apps, registry_slot_app(self->registry, slot));

    if (cell != NULL) {
        cell->renewed_ms = now->mono_ms;
    }
}

uint64_t cache_rendered(const struct cache *self)
{
    return self->rendered_bytes;
}

void cache_counts(const struct cache *self, struct cache_counts *counts)
{
    *counts = self->counts;
}

void cache_destroy(struct cache **self)
{
    if (*self == NULL) {
        return;
    }
    for (struct document *it = (*self)->oldest, *newer; it != NULL; it = newer) {
        newer = it->newer;
        document_drop(*self, it);
    }
    for (uint32_t i = 0; i < column_chunk_count(&(*self)->fragments); i++) {
        struct fragment *chunk = column_chunk(&(*self)->fragments, i);

        for (size_t k = 0; chunk != NULL && k < column_chunk_cells; k++) {
            fragment_drop(*self, &chunk[k]);
        }
    }
    column_fini(&(*self)->fragments);
    column_fini(&(*self)->apps);
    buf_fini(&(*self)->rendered);
    free(*self);
    *self = NULL;
}
