#include "gateway/etcd/site.h"

#include <stdio.h>

#include "common/base/json.h"
#include "common/base/percent.h"
#include "gateway/etcd/routes.h"
#include "gateway/http/uri.h"

enum verb_set { VERB_GET, VERB_PUT, VERB_ANY };

/* A request, taken apart. */
struct visit {
    struct site *site;
    struct web *web;
    struct web_head cors;
    struct buf path; /* decoded, cleaned */
    struct str query;
    struct str body;
};

/* ── answers ── */

static void answer_text(struct visit *visit, int status, const char *allow, struct str text)
{
    struct web_head head = visit->cors;
    struct buf body = {0};

    head.status = status;
    if (allow != NULL) {
        web_head_add(&head, "Allow", allow);
    }
    web_head_add(&head, "Content-Type", "text/plain; charset=utf-8");
    web_head_add(&head, "X-Content-Type-Options", "nosniff");
    buf_add_str(&body, text);
    web_answer(visit->web, &head, &body);
}

static void answer_method(struct visit *visit, const char *allow)
{
    answer_text(visit, 405, allow, STR("Method Not Allowed\n"));
}

static bool verb_is(const struct visit *visit, const char *verb)
{
    return str_eq(visit->web->verb, str_from(verb));
}

/* To path, with what was asked; only who asked by GET is told so in words. */
static void answer_moved(struct visit *visit, struct str path)
{
    struct web_head head = visit->cors;
    struct buf to = {0};
    struct buf body = {0};
    bool tells = verb_is(visit, "GET") || verb_is(visit, "HEAD");

    percent_add(&to, path, "/-_.~$&+,:=@", false);
    if (visit->query.len > 0) {
        buf_add_char(&to, '?');
        buf_add_str(&to, visit->query);
    }
    if (tells) {
        buf_printf(&body, "<a href=\"%.*s\">Moved Permanently</a>.\n\n", STR_ARG(buf_str(&to)));
        web_head_add(&head, "Content-Type", "text/html; charset=utf-8");
    }
    buf_add_char(&to, 0);
    head.status = 301;
    web_head_add(&head, "Location", to.data);
    web_answer(visit->web, &head, &body);
    buf_fini(&to);
}

/* ── pages ── */

static void serve_version(struct visit *visit)
{
    const struct release *release = visit->site->release;
    struct web_head head = visit->cors;
    struct buf body = {0};

    head.status = 200;
    web_head_add(&head, "Content-Type", "application/json");
    web_head_add(&head, "Muster-Version", MUSTER_VERSION);
    buf_printf(&body, "{\"etcdserver\":\"%s\",\"etcdcluster\":\"%u.%u.0\"}", release->text,
               release->major, release->minor);
    web_answer(visit->web, &head, &body);
}

static void serve_check(struct visit *visit)
{
    checks_serve(visit->site->checks, visit->web, buf_str(&visit->path), visit->query,
                 &visit->cors);
}

static void serve_metrics(struct visit *visit)
{
    exposition_serve(visit->site->exposition, visit->web, &visit->cors);
}

/* Go's expvar: one member a line. */
static void serve_vars(struct visit *visit)
{
    enum { line_max = 4096 };
    char line[line_max];
    FILE *file = fopen("/proc/self/cmdline", "re");
    size_t len = file != NULL ? fread(line, 1, sizeof(line), file) : 0;
    struct web_head head = visit->cors;
    struct buf body = {0};
    const char *between = "";

    if (file != NULL) {
        (void)fclose(file);
    }
    buf_add_str(&body, STR("{\n\"cmdline\": ["));
    for (size_t at = 0; at < len;) {
        size_t end = at;

        while (end < len && line[end] != 0) {
            end++;
        }
        buf_add_str(&body, str_from(between));
        json_quote(&body, (struct str){line + at, end - at});
        between = ",";
        at = end + 1;
    }
    buf_add_str(&body, STR("]\n}\n"));
    head.status = 200;
    web_head_add(&head, "Content-Type", "application/json; charset=utf-8");
    web_answer(visit->web, &head, &body);
}

/* What etcd 3.4 sets its log's level by: known, and not done for whoever comes. */
static void serve_log_level(struct visit *visit)
{
    answer_text(visit, 403, NULL, STR("musterctl log sets the level of a process' log\n"));
}

static const struct page {
    struct str path;
    const char *verb; /* NULL: any */
    unsigned before;  /* minor release of 3 that has it no more */
    void (*serve)(struct visit *visit);
} pages[] = {
    {{"/version", 8}, "GET", UINT32_MAX, serve_version},
    {{"/metrics", 8}, NULL, UINT32_MAX, serve_metrics},
    {{"/debug/vars", 11}, NULL, UINT32_MAX, serve_vars},
    {{"/config/local/log", 17}, "PUT", 5, serve_log_level},
};

static void serve_page(struct visit *visit)
{
    struct str path = buf_str(&visit->path);

    for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
        if (!str_eq(pages[i].path, path) ||
            release_is_from(visit->site->release, 3, pages[i].before)) {
            continue;
        }
        if (pages[i].verb != NULL && !verb_is(visit, pages[i].verb)) {
            answer_method(visit, pages[i].verb);
        } else {
            pages[i].serve(visit);
        }
        return;
    }
    if (!checks_know(path)) {
        answer_text(visit, 404, NULL, STR("404 page not found\n"));
    } else if (!verb_is(visit, "GET")) {
        answer_method(visit, "GET");
    } else {
        serve_check(visit);
    }
}

static void serve_bare(struct visit *visit)
{
    struct buf path = {0};

    buf_add_str(&path, buf_str(&visit->path));
    buf_add_char(&path, '/');
    answer_moved(visit, buf_str(&path));
    buf_fini(&path);
}

static void serve_path(struct visit *visit)
{
    enum etcd_method method;

    switch (json_route_find(buf_str(&visit->path), visit->site->release, &method)) {
    case JSON_ROUTE_METHOD:
        if (verb_is(visit, "POST")) {
            json_call_serve(visit->site->calls, visit->web, method, &visit->cors, visit->body);
        } else {
            answer_method(visit, NULL);
        }
        break;
    case JSON_ROUTE_UNKNOWN:
        answer_text(visit, 404, NULL, STR("Not Found\n"));
        break;
    case JSON_ROUTE_BARE:
        serve_bare(visit);
        break;
    case JSON_ROUTE_OTHER:
        serve_page(visit);
        break;
    }
}

/* ── a request ── */

/* The first site of the list that is origin's, as it is to be told; NULL: it may not. */
static const char *allowed_origin(const struct site *self, struct str origin)
{
    const char *found = NULL;

    for (size_t i = 0; i < self->origin_count; i++) {
        if (str_eq(STR("*"), str_from(self->origins[i]))) {
            return self->origins[i];
        }
        if (str_eq(origin, str_from(self->origins[i]))) {
            found = self->origins[i];
        }
    }
    return found;
}

static struct web_head cors_of(const struct site *self, struct str origin)
{
    const char *allowed = allowed_origin(self, origin);
    struct web_head head = {0};

    if (allowed != NULL) {
        web_head_add(&head, "Access-Control-Allow-Headers", "accept, content-type, authorization");
        web_head_add(&head, "Access-Control-Allow-Methods", "POST, GET, OPTIONS, PUT, DELETE");
        web_head_add(&head, "Access-Control-Allow-Origin", allowed);
    }
    return head;
}

/* Whether the path came as it is when cleaned: Go's ServeMux sends who asks otherwise there. */
static bool came_clean(const struct visit *visit)
{
    struct str target = visit->web->target;
    struct buf came = {0};
    size_t len = 0;
    bool clean;

    if (target.len == 0 || target.data[0] != '/') {
        return true; /* it begins with an authority, which is no path */
    }
    while (len < target.len && target.data[len] != '?') {
        len++;
    }
    (void)percent_decode(&came, (struct str){target.data, len}, false);
    clean = str_eq(buf_str(&came), buf_str(&visit->path));
    buf_fini(&came);
    return clean;
}

static void serve(void *state, struct web *web, struct str body)
{
    struct site *self = state;
    struct visit visit = {
        .site = self, .web = web, .cors = cors_of(self, web->origin), .body = body};

    if (str_eq(web->verb, STR("OPTIONS"))) {
        struct web_head head = visit.cors;
        struct buf nothing = {0};

        head.status = 200;
        web_answer(web, &head, &nothing);
    } else if (!uri_split(web->target, &visit.path, &visit.query)) {
        answer_text(&visit, 400, NULL, STR("400 Bad Request"));
    } else if (!came_clean(&visit)) {
        answer_moved(&visit, buf_str(&visit.path));
    } else {
        serve_path(&visit);
    }
    buf_fini(&visit.path);
}

static void refuse(void *state, int status, struct str why, struct web_head *head, struct buf *body)
{
    *head = cors_of(state, STR(""));
    head->status = status;
    web_head_add(head, "Content-Type", "text/plain; charset=utf-8");
    web_head_add(head, "X-Content-Type-Options", "nosniff");
    buf_add_str(body, why);
    buf_add_char(body, '\n');
}

const struct web_app site_app = {.serve = serve, .refuse = refuse};
