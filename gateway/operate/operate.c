#include "gateway/operate/operate.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/heap.h"
#include "gateway/operate/answer.h"
#include "gateway/operate/asker.h"
#include "gateway/operate/events.h"
#include "gateway/operate/fields.h"
#include "gateway/operate/jobs.h"
#include "gateway/operate/logs.h"
#include "gateway/operate/losses.h"
#include "gateway/operate/roster.h"
#include "gateway/operate/standing.h"
#include "gateway/operate/state.h"
#include "gateway/operate/tails.h"

static const char prefix[] = "/muster/v1/";

struct operate *operate_new(const struct operate_view *view)
{
    struct operate *self = heap_new(sizeof(*self));

    self->view = *view;
    buf_add_str(&self->open, view->open);
    self->routes = operate_routes;
    self->route_count = operate_route_count;
    self->losses = losses_new(view->seed);
    self->events = events_new();
    self->roster = roster_new();
    self->logs = logs_new(view->targets, view->target_count);
    return self;
}

void operate_destroy(struct operate **self)
{
    struct operate *it = *self;

    *self = NULL;
    if (it != NULL) {
        jobs_end(it);
        askers_end(it);
        losses_destroy(&it->losses);
        events_destroy(&it->events);
        roster_destroy(&it->roster);
        logs_destroy(&it->logs);
        verdict_fini(&it->verdict);
        buf_fini(&it->silent);
        buf_fini(&it->open);
        pattern_vars_fini(&it->vars);
        free(it);
    }
}

bool operate_owns(struct str path)
{
    return str_starts(path, str_from(prefix)) || str_eq(path, STR("/")) ||
           str_eq(path, STR("/openapi.json"));
}

/* ── finding the route ──────────────────────────────────────────────────────*/

/* http://node:7171//a/b, //a/b: /a/b. */
static struct str behind_authority(struct str target)
{
    const char *scheme = target.len > 0 ? memmem(target.data, target.len, "://", 3) : NULL;
    const char *slash =
        scheme != NULL && target.data[0] != '/'
            ? memchr(scheme + 3, '/', target.len - (size_t)(scheme + 3 - target.data))
            : NULL;

    if (slash != NULL) {
        target = (struct str){slash, target.len - (size_t)(slash - target.data)};
    }
    while (str_starts(target, STR("//"))) {
        target = (struct str){target.data + 1, target.len - 1};
    }
    return target;
}

/* The path as it came, where names with a slash in them can still be told from segments; as it was
 * decoded and cleaned, where that is needed to see that it is ours. */
static struct str raw_path(const struct request *request)
{
    struct str target = request_target(request);
    const char *mark = target.len > 0 ? memchr(target.data, '?', target.len) : NULL;

    if (mark != NULL) {
        target.len = (size_t)(mark - target.data);
    }
    target = behind_authority(target);
    return str_starts(target, str_from(prefix)) ? target : request_path(request);
}

static bool is_method(const struct operate_route *route, const struct request *request)
{
    return strcmp(route->method, "GET") == 0
               ? request_method(request) == HTTP_GET
               : str_eq(str_from(route->method), request_verb(request));
}

struct matched {
    const struct operate_route *route; /* NULL: none of this method */
    struct buf allow;                  /* methods of the path; empty: there is no such path */
};

static struct matched find(struct operate *self, const struct request *request)
{
    struct str path = raw_path(request);
    struct matched found = {0};

    for (size_t i = 0; i < self->route_count; i++) {
        const struct operate_route *route = &self->routes[i];

        if (!pattern_matches(route->path, path, &self->vars)) {
            continue;
        }
        if (is_method(route, request)) {
            found.route = route;
            break;
        }
        buf_printf(&found.allow, "%s%s", found.allow.len > 0 ? ", " : "",
                   strcmp(route->method, "GET") == 0 ? "GET, HEAD" : route->method);
    }
    return found;
}

/* ── serving ────────────────────────────────────────────────────────────────*/

static void refuse_path(const struct operate *self, struct request *request)
{
    struct buf near = {0};

    for (size_t i = 0; i < self->route_count; i++) {
        const struct operate_route *route = &self->routes[i];

        if ((route->traits & OPERATE_PAGE) == 0) {
            field_item(&near);
            buf_printf(&near, "\"%s\"", route->path);
        }
    }
    operate_refuse(request, 404, STR("there is no such path; see /openapi.json"), STR(""),
                   buf_str(&near));
    buf_fini(&near);
}

static void serve(struct operate *self, const struct operate_route *route, struct operate_ask *ask,
                  const struct operate_pair *pairs, size_t count)
{
    struct str wrong = {0};
    struct buf why = {0};

    if ((route->traits & OPERATE_LIGHT) == 0 && http_is_full(self->view.http)) {
        operate_refuse_busy(ask->request, STR("this gateway holds as much for its clients as "
                                              "gateway.memory_max lets it: try again"));
    } else if ((route->traits & OPERATE_PAGE) == 0 &&
               !operate_args_read(&ask->args, route->takes, pairs, count, ask->now->wall_ns, &wrong,
                                  &why)) {
        operate_refuse(ask->request, 400, buf_str(&why), wrong, STR(""));
    } else {
        route->serve(self, ask);
    }
    buf_fini(&why);
}

void operate_serve(struct operate *self, struct request *request, const struct operate_pair *pairs,
                   size_t count, const struct now *now, struct outbox *out)
{
    struct operate_ask ask = {.request = request, .now = now, .out = out};
    struct matched found = find(self, request);

    if (found.route != NULL) {
        request_set_route(request, found.route->path);
        for (size_t i = 0; i < self->vars.count; i++) {
            ask.var[i] = buf_str(&self->vars.text[i]);
        }
        serve(self, found.route, &ask, pairs, count);
    } else if (found.allow.len > 0) {
        buf_add_char(&found.allow, '\0');
        operate_refuse_method(request, found.allow.data);
    } else {
        refuse_path(self, request);
    }
    buf_fini(&found.allow);
}

/* ── turns ──────────────────────────────────────────────────────────────────*/

void operate_turn(struct operate *self, const struct now *now, struct outbox *out)
{
    jobs_turn(self, now, out);
    roster_turn(self, now);
    tails_turn(events_tails(self->events), now);
    logs_turn(self->logs, now, out);
}

int64_t operate_due_ms(const struct operate *self)
{
    int64_t roster_ms = roster_due_ms(self->roster);
    int64_t logs_ms = logs_due_ms(self->logs);

    return roster_ms < logs_ms ? roster_ms : logs_ms;
}

void operate_tick(struct operate *self, const struct now *now)
{
    struct operate_standing standing;

    losses_tick(self->losses, now->mono_ms);
    standing_judge(self, &standing, now);
    for (unsigned i = 0; i < operate_heard_count; i++) {
        const struct operate_heard *heard = &standing.heard_of[i];

        events_actor(self->events, heard->actor, heard->heard, heard->boot, now);
    }
}

bool operate_spare(struct operate *self)
{
    return tails_spare(logs_tails(self->logs)) || tails_spare(events_tails(self->events));
}

/* ── what the actors tell ───────────────────────────────────────────────────*/

void operate_change(struct operate *self, const struct change *change,
                    const struct instance *before, uint64_t epoch, const struct now *now)
{
    const struct identity *id = &change->instance.id;

    events_change(self->events, change, before, epoch, now);
    if (before != NULL && !change_is_live(change->kind) && !identity_is_schedule(id)) {
        losses_add(self->losses, id->env, id->appid, now->mono_ms);
    }
}

void operate_fact(struct operate *self, const struct msg *fact, const struct now *now)
{
    events_fact(self->events, fact, now);
}

void operate_nodes(struct operate *self, const struct msg_node_list *list, const struct now *now)
{
    roster_answer(self, list, now);
}

void operate_lines(struct operate *self, enum actor_name from, uint32_t index,
                   const struct msg_tail *tail)
{
    logs_tail(self->logs, from, index, tail);
}
