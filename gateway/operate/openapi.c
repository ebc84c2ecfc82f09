/* GET /openapi.json (OpenAPI 3.0): the routes of this folder, and those handed over. */
#include <string.h>

#include "gateway/operate/answer.h"
#include "gateway/operate/fields.h"
#include "gateway/operate/state.h"

static void add_schema(struct buf *to, const struct operate_param_row *row)
{
    struct str rest = str_from(row->values);
    struct str name;

    field_open(to, "schema", '{');
    field_text(to, "type", row->kind == PARAM_NUMBER ? STR("integer") : STR("string"));
    if (row->kind == PARAM_NUMBER) {
        field_number(to, "minimum", operate_param_min(row));
        field_number(to, "maximum", row->max);
    } else if (row->kind == PARAM_CHOICE) {
        field_open(to, "enum", '[');
        while (operate_next_name(&rest, &name)) {
            field_item(to);
            buf_printf(to, "\"%.*s\"", STR_ARG(name));
        }
        buf_add_char(to, ']');
    } else if (row->max > 0) {
        field_number(to, "maxLength", row->max);
    }
    buf_add_char(to, '}');
}

static void add_param(struct buf *to, const char *in, struct str name, bool required)
{
    field_item(to);
    buf_add_char(to, '{');
    field_text(to, "name", name);
    field_text(to, "in", str_from(in));
    if (required) {
        field_flag(to, "required", true);
    }
}

/* Those in {…} of the path. */
static void add_path_params(struct buf *to, const char *path)
{
    const char *open = path;

    while ((open = strchr(open, '{')) != NULL) {
        add_param(to, "path", (struct str){open + 1, strcspn(open + 1, "}")}, true);
        buf_add_str(to, STR(",\"schema\":{\"type\":\"string\"}}"));
        open++;
    }
}

static void add_description(struct buf *to, const struct operate_param_row *row)
{
    struct buf text = {0};

    buf_add_str(&text, str_from(row->help));
    if (row->kind == PARAM_NUMBER) {
        buf_printf(&text, "; default %s", row->values);
    } else if (row->kind == PARAM_LIST) {
        buf_printf(&text, ", some of %s", row->values);
    } else if (row->kind == PARAM_WHEN) {
        buf_add_str(&text, STR(": a time, or how long ago (90s, 15m, 2h, 1d)"));
    }
    field_text(to, "description", buf_str(&text));
    buf_fini(&text);
}

static void add_responses(struct buf *to, const char *content_type)
{
    field_open(to, "responses", '{');
    if (content_type == NULL) {
        buf_add_str(to, STR("\"308\":{\"description\":\"it is elsewhere\"}}"));
        return;
    }
    field_open(to, "200", '{');
    field_text(to, "description", STR("as asked for"));
    field_open(to, "content", '{');
    field_open(to, content_type, '{');
    buf_add_str(to, STR("}}}}"));
}

static const char *type_of(const struct operate_route *route)
{
    if ((route->traits & OPERATE_STREAM) != 0) {
        return "text/event-stream";
    }
    return strcmp(route->path, "/") == 0 ? "text/html" : "application/json";
}

static void add_method(struct buf *to, const char *method, const char *help)
{
    char name[8] = {0};

    for (size_t i = 0; i + 1 < sizeof(name) && method[i] != '\0'; i++) {
        name[i] = (char)(method[i] | 0x20); /* lower case */
    }
    field_open(to, name, '{');
    field_text(to, "summary", str_from(help));
    field_open(to, "parameters", '[');
}

static void add_own_method(struct buf *to, const struct operate_route *route)
{
    add_method(to, route->method, route->help);
    add_path_params(to, route->path);
    for (unsigned i = 0; i < OPERATE_PARAM_COUNT; i++) {
        if ((route->takes & (1U << i)) != 0) {
            add_param(to, "query", str_from(operate_param_rows[i].name), false);
            add_description(to, &operate_param_rows[i]);
            add_schema(to, &operate_param_rows[i]);
            buf_add_char(to, '}');
        }
    }
    buf_add_char(to, ']');
    add_responses(to, type_of(route));
    buf_add_char(to, '}');
}

/* Rows of one path stand one after the other. */
static void add_own(const struct operate *self, struct buf *to)
{
    for (size_t i = 0; i < self->route_count; i++) {
        const struct operate_route *route = &self->routes[i];
        bool same = i > 0 && strcmp(route->path, self->routes[i - 1].path) == 0;

        if (!same) {
            buf_add_str(to, i > 0 ? STR("}") : STR(""));
            field_open(to, route->path, '{');
        }
        add_own_method(to, route);
    }
    buf_add_char(to, '}');
}

/* "env! appid!+ zone" */
static void add_foreign_params(struct buf *to, const char *takes)
{
    while (*takes != '\0') {
        struct str name = {takes, strcspn(takes, "!+ ")};
        size_t marks;

        takes += name.len;
        marks = strspn(takes, "!+");
        add_param(to, "query", name, memchr(takes, '!', marks) != NULL);
        buf_add_str(to, memchr(takes, '+', marks) != NULL
                            ? STR(",\"schema\":{\"type\":\"array\",\"items\":{\"type\":"
                                  "\"string\"}}}")
                            : STR(",\"schema\":{\"type\":\"string\"}}"));
        takes += marks;
        takes += strspn(takes, " ");
    }
}

static void add_foreign_method(struct buf *to, const struct operate_foreign *route,
                               const char *method)
{
    add_method(to, method, route->help);
    add_foreign_params(to, route->takes);
    buf_add_char(to, ']');
    add_responses(to, route->type);
    buf_add_char(to, '}');
}

static void add_foreign(struct buf *to, const struct operate_foreign *route)
{
    field_open(to, route->path, '{');
    if (route->get) {
        add_foreign_method(to, route, "GET");
    }
    if (route->post) {
        add_foreign_method(to, route, "POST");
    }
    buf_add_char(to, '}');
}

void operate_openapi(struct operate *self, const struct operate_ask *ask)
{
    struct buf body = {0};

    buf_add_str(&body, STR("{\"openapi\":\"3.0.3\",\"info\":{\"title\":\"muster\",\"version\":"
                           "\"" MUSTER_VERSION "\",\"description\":\"A node of muster. Under "
                           "/discovery the API of bilibili/discovery: HTTP 200 with a code in the "
                           "body, parameters in the query or as a form. Under /muster/v1 status "
                           "codes mean what they say.\"},\"paths\":{"));
    add_own(self, &body);
    for (size_t i = 0; i < self->view.foreign_count; i++) {
        add_foreign(&body, &self->view.foreign[i]);
    }
    buf_add_str(&body, STR("}}"));
    operate_answer(ask->request, 200, &body);
}
