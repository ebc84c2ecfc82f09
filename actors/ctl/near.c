#include "actors/ctl/near.h"

#include <string.h>

#include "common/base/distance.h"

enum { told_max = 5 };

/* The nearest few, nearest first. */
struct candidates {
    size_t away[told_max];
    struct buf texts[told_max]; /* owned */
    size_t count;
};

static void candidates_fini(struct candidates *self)
{
    for (size_t i = 0; i < told_max; i++) {
        buf_fini(&self->texts[i]);
    }
}

static bool holds(const struct candidates *self, struct str text)
{
    for (size_t i = 0; i < self->count; i++) {
        if (str_eq(buf_str(&self->texts[i]), text)) {
            return true;
        }
    }
    return false;
}

static void offer(struct candidates *self, size_t away, struct str text)
{
    size_t at;
    struct buf spare;

    if (holds(self, text) || (self->count == told_max && away >= self->away[told_max - 1])) {
        return;
    }
    at = self->count < told_max ? self->count++ : told_max - 1;
    spare = self->texts[at];
    for (; at > 0 && self->away[at - 1] > away; at--) {
        self->away[at] = self->away[at - 1];
        self->texts[at] = self->texts[at - 1];
    }
    spare.len = 0;
    buf_add_str(&spare, text);
    self->texts[at] = spare;
    self->away[at] = away;
}

static const size_t too_far = SIZE_MAX;

/* A part of the other counts as near, too. */
static size_t distance_of(struct str wanted, struct str name)
{
    size_t farthest = wanted.len < 3 ? 1 : wanted.len < 8 ? 2 : wanted.len / 4 + 1;
    size_t away;

    if (wanted.len > distance_bytes_max || name.len > distance_bytes_max) {
        return str_starts(name, wanted) ? 1 : too_far;
    }
    away = distance(wanted, name);
    if (away <= farthest) {
        return away;
    }
    return wanted.len >= 3 && memmem(name.data, name.len, wanted.data, wanted.len) != NULL
               ? farthest
               : too_far;
}

typedef void each_instance_fn(void *state, const char *appid, const json_t *instance);

/* {app: {zone: [instance]}}, or lists, or with "instances" between: as fetch/all and fetch say. */
static void each_of(const json_t *data, const char *appid, int depth, each_instance_fn *each,
                    void *state)
{
    const char *key;
    json_t *item;
    size_t i;

    if (json_is_array(data)) {
        json_array_foreach(data, i, item)
        {
            each(state, appid, item);
        }
    } else if (depth > 0) {
        json_object_foreach((json_t *)(uintptr_t)data, key, item)
        {
            each_of(item, depth == 3 ? key : appid, depth - 1, each, state);
        }
    }
}

struct search {
    const struct near_wanted *wanted;
    struct candidates near;
    bool app_is_there;
};

static struct str text_of(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);

    return (struct str){json_string_value(value), json_string_length(value)};
}

static void on_app(void *state, const char *appid, const json_t *instance)
{
    struct search *self = state;
    struct str env = text_of(instance, "env");
    bool same_env = str_eq(env, str_from(self->wanted->env));
    size_t away = distance_of(str_from(self->wanted->appid), str_from(appid));
    struct buf text = {0};

    if (away == 0 && same_env) {
        self->app_is_there = true;
    } else if (away != too_far && env.len > 0) {
        buf_printf(&text, "%s (%.*s)", appid, STR_ARG(env));
        offer(&self->near, away * 2 + !same_env, buf_str(&text));
        buf_fini(&text);
    }
}

static void on_instance(void *state, const char *appid, const json_t *instance)
{
    struct search *self = state;
    struct str hostname = text_of(instance, "hostname");
    struct str zone = text_of(instance, "zone");
    struct str wanted = str_from(self->wanted->hostname);
    struct buf text = {0};
    size_t away;

    if (strcmp(appid, self->wanted->appid) != 0 ||
        !str_eq(text_of(instance, "env"), str_from(self->wanted->env)) || hostname.len == 0) {
        return;
    }
    if (self->wanted->hostname == NULL) {
        offer(&self->near, 0, zone);
        return;
    }
    away = distance_of(wanted, hostname);
    buf_printf(&text, "%.*s (%.*s)", STR_ARG(hostname), STR_ARG(zone));
    offer(&self->near,
          (away == too_far ? 1000 : away * 2) + !str_eq(zone, str_from(self->wanted->zone)),
          buf_str(&text));
    buf_fini(&text);
}

static void list(const struct candidates *near, struct buf *to)
{
    for (size_t i = 0; i < near->count; i++) {
        buf_printf(to, "%s%.*s",
                   i == 0 ? (near->count == 1 ? "; there is " : "; there are ") : ", ",
                   STR_ARG(buf_str(&near->texts[i])));
    }
}

void near_print(const struct near_wanted *wanted, const json_t *data, struct buf *to)
{
    struct search search = {.wanted = wanted};

    each_of(data, "", 3, on_app, &search);
    if (!search.app_is_there) {
        buf_printf(to, "no app %s in %s", wanted->appid, wanted->env);
        list(&search.near, to);
    } else {
        struct search instances = {.wanted = wanted};

        each_of(data, "", 3, on_instance, &instances);
        buf_printf(to, "no instance%s%s of %s in %s", wanted->hostname != NULL ? " " : "",
                   wanted->hostname != NULL ? wanted->hostname : "", wanted->appid, wanted->env);
        if (wanted->zone != NULL) {
            buf_printf(to, ", zone %s", wanted->zone);
        }
        list(&instances.near, to);
        candidates_fini(&instances.near);
    }
    candidates_fini(&search.near);
}

static void say(struct ctl *ctl, const struct near_wanted *wanted)
{
    struct http_reply reply;
    struct buf text = {0};
    json_t *root = NULL;

    if (http_ask_quietly(ctl, "/discovery/fetch/all", &reply) == CTL_OK) {
        root = json_loadb(reply.body.data != NULL ? reply.body.data : "", reply.body.len,
                          JSON_ALLOW_NUL, NULL);
    }
    near_print(wanted, json_object_get(root, "data"), &text);
    ctl_say(ctl, "-404: %.*s", STR_ARG(buf_str(&text)));
    json_decref(root);
    http_reply_fini(&reply);
    buf_fini(&text);
}

enum ctl_exit near_judge(struct ctl *ctl, const struct http_reply *reply, json_t **root, int *code,
                         const struct near_wanted *wanted)
{
    enum ctl_exit outcome = http_read(ctl, reply, root, code);

    if (outcome == CTL_OK && *code == -404 && wanted != NULL) {
        say(ctl, wanted);
        return CTL_NEGATIVE;
    }
    if (outcome == CTL_OK && *code != 0) {
        json_decref(*root);
        outcome = http_judge(ctl, reply, root, code);
    }
    return outcome;
}
