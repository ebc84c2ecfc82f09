#include "gateway/discovery/updates.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

#include "common/base/heap.h"
#include "common/base/json.h"
#include "gateway/discovery/fetch_many.h"
#include "gateway/discovery/replica.h"

/* Beyond, an app is sent whole. */
enum { delta_items_max = 1024 };
/* In one answer, whatever its apps; and changes looked at for it, with those of other zones. */
enum { answer_items_max = 8192, answer_walk_max = 16384 };
enum { delta_bytes_max = 32 * 1024 * 1024 };

struct budget {
    size_t items;
    size_t walk;
};

/* How one asked app stands for the client. */
enum standing { UNCHANGED, CHANGED, MISSING };

struct view {
    struct found found;
    enum standing standing;
    bool went; /* missing, and that is news */
};

/* Whether given may be what is left of ours in a client that reads numbers as doubles. They print
 * the double itself, a multiple of 256, or its first 17 digits and zeros: an even number. Ours are
 * even too, so that one less is not taken for it. */
static bool is_rounded(int64_t given, int64_t ours)
{
    return given % 2 == 0 && (double)given == (double)ours;
}

static bool delta_follows(const struct gateway *self, const struct updates_asked *asked, bool full)
{
    return asked->form == UPDATES_DELTA && !full &&
           delta_holds(replica_delta(self->replica), asked->since);
}

/* known: it has instances; the schedule of one that has none is no news. */
static bool has_delta(const struct gateway *self, const struct updates_asked *asked,
                      const struct updates_app *app, bool known)
{
    struct delta_item item;
    uint64_t cursor = 0;

    while (
        delta_each(replica_delta(self->replica), app->app_hash, asked->since.seq, &cursor, &item)) {
        if (known || !delta_is_schedule(&item)) {
            return true;
        }
    }
    return false;
}

static struct view look(const struct gateway *self, const struct updates_asked *asked,
                        const struct updates_app *app, bool full)
{
    struct view view = {.found = app_query_find(self, &asked->query, app->appid)};
    bool follows = delta_follows(self, asked, full);
    bool first = asked->form == UPDATES_DELTA ? asked->since.epoch == 0 : app->given <= 0;
    bool zone_missing = !view.found.zone_known && (first || asked->form == UPDATES_POLL);
    bool changed = full || asked->form == UPDATES_DELTA ||
                   (view.found.latest_timestamp > app->given &&
                    !is_rounded(app->given, view.found.latest_timestamp));

    if (follows) {
        changed = has_delta(self, asked, app, view.found.known);
    }
    view.standing = !view.found.known          ? MISSING
                    : !changed                 ? UNCHANGED
                    : zone_missing && !follows ? MISSING
                                               : CHANGED;
    view.went = !view.found.known && (app->was_known || (follows && changed));
    return view;
}

void updates_begin(const struct gateway *self, struct updates_asked *asked)
{
    for (uint32_t i = 0; i < asked->app_count; i++) {
        asked->apps[i].was_known = app_query_find(self, &asked->query, asked->apps[i].appid).known;
    }
}

/* No history yet to give a position in: a delta waits for it. */
static bool is_unsettled(const struct gateway *self, const struct updates_asked *asked)
{
    return asked->form == UPDATES_DELTA && delta_newest(replica_delta(self->replica)).epoch == 0;
}

bool updates_any(const struct gateway *self, const struct updates_asked *asked, bool full)
{
    if (is_unsettled(self, asked)) {
        return false;
    }
    for (uint32_t i = 0; i < asked->app_count; i++) {
        struct view view = look(self, asked, &asked->apps[i], full);

        if (view.standing == CHANGED) {
            return true;
        }
        if (asked->form == UPDATES_POLL ? i == 0 && view.standing == MISSING : view.went) {
            return true;
        }
    }
    return false;
}

int64_t updates_app_ahead(const struct gateway *self, const struct updates_asked *asked,
                          const struct updates_app *app)
{
    struct found found = app_query_find(self, &asked->query, app->appid);

    return found.known && app->given > found.latest_timestamp &&
                   !is_rounded(app->given, found.latest_timestamp)
               ? app->given - found.latest_timestamp
               : 0;
}

bool updates_ahead(const struct gateway *self, const struct updates_asked *asked)
{
    struct position_at newest = delta_newest(replica_delta(self->replica));

    if (is_unsettled(self, asked)) {
        return true;
    }
    if (delta_follows(self, asked, false)) {
        return asked->since.seq > newest.seq;
    }
    for (uint32_t i = 0; i < asked->app_count; i++) {
        if (updates_app_ahead(self, asked, &asked->apps[i]) > 0) {
            return true;
        }
    }
    return false;
}

void updates_key(const struct gateway *self, const struct updates_asked *asked, bool full,
                 struct buf *key)
{
    buf_add_char(key, (char)asked->form);
    buf_add_char(key, (char)full);
    buf_add_char(key, (char)asked->query.key.legacy);
    buf_add(key, &asked->since.epoch, sizeof(asked->since.epoch));
    buf_add(key, &asked->since.seq, sizeof(asked->since.seq));
    strs_pack(key, asked->query.env);
    strs_pack(key, asked->query.key.zone);
    for (uint32_t i = 0; i < asked->app_count; i++) {
        struct view view = look(self, asked, &asked->apps[i], full);

        if (view.standing != UNCHANGED) {
            buf_add_char(key, view.standing == CHANGED ? '+' : '-');
            strs_pack(key, asked->apps[i].appid);
        }
    }
}

/* ── one app of a delta answer ──────────────────────────────────────────────*/

struct piece {
    struct str zone;
    struct str hostname;
    uint32_t slot; /* REGISTRY_NONE: removed */
};

static int by_name(const void *a, const void *b)
{
    const struct piece *left = a;
    const struct piece *right = b;
    int order = str_cmp(left->zone, right->zone);

    return order != 0 ? order : str_cmp(left->hostname, right->hostname);
}

/* What became of the app's instances that changed, by name, each once; schedule: it changed too.
 * False: too many. */
static bool collect(const struct gateway *self, const struct updates_asked *asked,
                    const struct updates_app *app, struct budget *left, struct piece *pieces,
                    size_t *count, bool *schedule)
{
    const struct registry *registry = replica_registry(self->replica);
    const struct cache_key *key = &asked->query.key;
    struct delta_item item;
    struct instance instance;
    uint64_t cursor = 0;
    size_t unique = 0;

    *count = 0;
    *schedule = false;
    while (
        delta_each(replica_delta(self->replica), app->app_hash, asked->since.seq, &cursor, &item)) {
        struct identity id = {asked->query.env, app->appid, item.zone, item.hostname};
        uint32_t slot;

        if (left->walk == 0) {
            return false;
        }
        left->walk--;
        if (delta_is_schedule(&item)) {
            *schedule = true;
            continue;
        }
        if (key->zone.len > 0 && !str_eq(key->zone, item.zone)) {
            continue;
        }
        if (*count == delta_items_max || left->items == 0) {
            return false;
        }
        left->items--;
        slot = registry_find(registry, identity_key(&id));
        if (slot != REGISTRY_NONE && registry_is_live(registry, slot)) {
            registry_instance(registry, slot, &instance);
            slot = (instance.status & key->status) != 0 ? slot : REGISTRY_NONE;
        } else {
            slot = REGISTRY_NONE;
        }
        pieces[(*count)++] = (struct piece){item.zone, item.hostname, slot};
    }
    qsort(pieces, *count, sizeof(*pieces), by_name);
    for (size_t i = 0; i < *count; i++) {
        if (unique == 0 || by_name(&pieces[unique - 1], &pieces[i]) != 0) {
            pieces[unique++] = pieces[i];
        }
    }
    *count = unique;
    return true;
}

/* {zone:[…]} of the removed (hostnames) or of the others (instances). */
static void add_pieces(const struct gateway *self, const struct piece *pieces, size_t count,
                       bool removed, struct buf *to)
{
    const struct piece *last = NULL;

    buf_add_char(to, '{');
    for (size_t i = 0; i < count; i++) {
        if ((pieces[i].slot == REGISTRY_NONE) != removed) {
            continue;
        }
        if (last == NULL || !str_eq(last->zone, pieces[i].zone)) {
            buf_add_str(to, last == NULL ? STR("") : STR("],"));
            json_quote(to, pieces[i].zone);
            buf_add_str(to, STR(":["));
        } else {
            buf_add_char(to, ',');
        }
        last = &pieces[i];
        if (removed) {
            json_quote(to, last->hostname);
        } else {
            cache_instance(replica_cache(self->replica), last->slot, to);
        }
    }
    buf_add_str(to, last == NULL ? STR("}") : STR("]}"));
}

/* changed: after the position. Where there is one it is told with every change, since it may be
 * older than the app's first instance, and then nobody was told. */
static void add_schedule(const struct gateway *self, const struct found *found, bool changed,
                         struct buf *to)
{
    struct app_info info;

    registry_app(replica_registry(self->replica), found->app, &info);
    if (changed || info.schedule_slot != REGISTRY_NONE) {
        buf_add_str(to, STR(",\"scheduler\":"));
        cache_schedule(replica_cache(self->replica), found->app, to);
    }
}

static void add_delta(const struct gateway *self, const struct updates_asked *asked,
                      const struct updates_app *app, const struct found *found, bool full,
                      struct budget *left, const struct now *now, struct buf *to)
{
    struct piece *pieces = heap_get(delta_items_max * sizeof(*pieces));
    size_t count = 0;
    bool schedule = false;

    if (!delta_follows(self, asked, full) || found->own ||
        !collect(self, asked, app, left, pieces, &count, &schedule)) {
        buf_add_str(to, STR("{\"full\":true,\"removed\":{},"));
        size_t brace = to->len;
        (void)app_query_write(self, &asked->query, found, now, to);
        to->data[brace] = ' '; /* its own opening brace */
    } else {
        buf_add_str(to, STR("{\"full\":false,\"removed\":"));
        add_pieces(self, pieces, count, true, to);
        buf_add_str(to, STR(",\"instances\":"));
        add_pieces(self, pieces, count, false, to);
        add_schedule(self, found, schedule, to);
        buf_printf(to, ",\"latest_timestamp\":%" PRId64 "}", found->latest_timestamp);
    }
    free(pieces);
}

/* ── answers ────────────────────────────────────────────────────────────────*/

struct shown {
    const struct updates_app *app;
    struct found found;
};

static int by_appid(const void *a, const void *b)
{
    return str_cmp(((const struct shown *)a)->app->appid, ((const struct shown *)b)->app->appid);
}

static void note_empty(struct updates_answer *answer, const struct shown *shown)
{
    if (answer->empty_count < updates_empty_max) {
        answer->empty[answer->empty_count++] =
            (struct updates_empty){shown->app->app_hash, shown->found.latest_timestamp};
    }
}

static void write_too_large(struct updates_answer *answer)
{
    buf_fini(&answer->body);
    answer->code = -400;
    buf_printf(
        &answer->body,
        "{\"code\":-400,\"message\":\"what changed is over %d MiB: name fewer appid, or follow "
        "/discovery/stream\",\"ttl\":1}",
        delta_bytes_max >> 20);
}

/* {"code":0,"data":{…},"error":{"-404":…},"message":"0"}, and the position of a delta. */
static void write_all(const struct gateway *self, const struct updates_asked *asked, bool full,
                      const struct now *now, const struct shown *shown, uint32_t count,
                      const struct buf *missing, struct updates_answer *answer)
{
    struct buf *to = &answer->body;
    struct budget left = {answer_items_max, answer_walk_max};

    buf_add_str(to, STR("{\"code\":0,\"data\":{"));
    for (uint32_t i = 0; i < count; i++) {
        if (i > 0) {
            buf_add_char(to, ',');
        }
        json_quote(to, shown[i].app->appid);
        buf_add_char(to, ':');
        if (asked->form == UPDATES_DELTA) {
            add_delta(self, asked, shown[i].app, &shown[i].found, full, &left, now, to);
            if (to->len > delta_bytes_max) { /* its position stands for all of them or none */
                write_too_large(answer);
                return;
            }
        } else if (app_query_write(self, &asked->query, &shown[i].found, now, to) == 0) {
            note_empty(answer, &shown[i]);
        }
    }
    buf_add_str(to, STR("},\"error\":{\"-404\":"));
    if (missing->len > 0) {
        buf_printf(to, "[%.*s]", STR_ARG(buf_str(missing)));
    } else {
        buf_add_str(to, STR("null"));
    }
    buf_add_str(to, STR("},\"message\":\"0\""));
    if (asked->form == UPDATES_DELTA) {
        buf_add_str(to, STR(",\"position\":\""));
        position_print(to, delta_newest(replica_delta(self->replica)));
        buf_add_char(to, '"');
    }
    buf_add_char(to, '}');
}

/* Who changed longest ago first. */
static int by_age(const void *a, const void *b)
{
    int64_t left = ((const struct shown *)a)->found.latest_timestamp;
    int64_t right = ((const struct shown *)b)->found.latest_timestamp;

    return (left > right) - (left < right);
}

/* How many of them an answer of polls has room for, put in front, by appid: at least one, and no
 * more than fit in one piece. The others are news for the client's next poll, which is answered at
 * once: it has been told no newer timestamp of them. */
static uint32_t take_some(const struct gateway *self, const struct updates_asked *asked,
                          const struct now *now, struct shown *shown, uint32_t count)
{
    struct cache *cache = replica_cache(self->replica);
    size_t bytes = 0;
    uint32_t taken = 0;

    if (asked->form != UPDATES_POLLS || count < 2) {
        return count;
    }
    qsort(shown, count, sizeof(*shown), by_age);
    while (taken < count && (taken == 0 || bytes <= answer_piece_max)) {
        bytes += shown[taken].found.own
                     ? 0
                     : cache_app(cache, shown[taken].found.app, &asked->query.key, now).json.len;
        taken += taken == 0 || bytes <= answer_piece_max ? 1 : 0;
    }
    qsort(shown, taken, sizeof(*shown), by_appid);
    return taken;
}

static void write_polls(const struct gateway *self, const struct updates_asked *asked, bool full,
                        const struct now *now, struct updates_answer *answer)
{
    struct shown *shown = heap_get(asked->app_count * sizeof(*shown));
    struct buf missing = {0};
    uint32_t count = 0;
    uint32_t unique = 0;

    for (uint32_t i = 0; i < asked->app_count; i++) {
        struct view view = look(self, asked, &asked->apps[i], full);

        if (view.standing == CHANGED) {
            shown[count++] = (struct shown){&asked->apps[i], view.found};
        } else if (view.standing == MISSING) {
            buf_add_str(&missing, missing.len > 0 ? STR(",") : STR(""));
            json_quote(&missing, asked->apps[i].appid);
        }
    }
    qsort(shown, count, sizeof(*shown), by_appid);
    for (uint32_t i = 0; i < count; i++) {
        if (unique == 0 || by_appid(&shown[unique - 1], &shown[i]) != 0) {
            shown[unique++] = shown[i];
        }
    }
    unique = take_some(self, asked, now, shown, unique);
    if (asked->form == UPDATES_POLLS && unique == 1 && missing.len == 0 && !shown[0].found.own) {
        answer->app = shown[0].found.app;
        if (cache_app(replica_cache(self->replica), answer->app, &asked->query.key, now)
                .instance_count == 0) {
            note_empty(answer, &shown[0]);
        }
    } else {
        write_all(self, asked, full, now, shown, unique, &missing, answer);
    }
    free(shown);
    buf_fini(&missing);
}

static void write_miss(const struct str appid, struct updates_answer *answer)
{
    struct buf text = {0};

    buf_add_str(&text, appid);
    buf_add_str(&text, STR(" not found"));
    answer->code = -404;
    buf_add_str(&answer->body, STR("{\"code\":-404,\"message\":"));
    json_quote(&answer->body, buf_str(&text));
    buf_add_char(&answer->body, '}');
    buf_fini(&text);
}

static void write_poll(const struct gateway *self, const struct updates_asked *asked, bool full,
                       const struct now *now, struct updates_answer *answer)
{
    for (uint32_t i = 0; i < asked->app_count; i++) {
        struct view view = look(self, asked, &asked->apps[i], full);

        if (i == 0 && view.standing == MISSING) {
            write_miss(asked->apps[0].appid, answer);
            return;
        }
        if (view.standing != CHANGED) {
            continue;
        }
        if (!view.found.own) {
            answer->app = view.found.app;
            return;
        }
        answer_open(&answer->body, ERR_OK);
        (void)app_query_write(self, &asked->query, &view.found, now, &answer->body);
        buf_add_char(&answer->body, '}');
        return;
    }
    assert(false); /* asked only where there is news */
}

void updates_write(const struct gateway *self, const struct updates_asked *asked, bool full,
                   const struct now *now, struct updates_answer *answer)
{
    *answer = (struct updates_answer){.app = REGISTRY_NONE};
    if (asked->form == UPDATES_POLL) {
        write_poll(self, asked, full, now, answer);
    } else {
        write_polls(self, asked, full, now, answer);
    }
}
