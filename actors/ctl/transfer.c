/* export, import: instances as the forms that register them, in JSON. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "actors/ctl/http.h"
#include "actors/ctl/progress.h"
#include "actors/ctl/verbs.h"
#include "common/base/file.h"
#include "common/naming/instance.h"

enum { refusals_said_max = 10 };
static const size_t import_bytes_max = (size_t)512 << 20;

/* What a form has of an instance. What each clock said of it is not: importing it makes it anew. */
static const char *const fields[] = {"env",      "appid",  "zone",   "region",
                                     "hostname", "status", "version"};

/* Nodes themselves are not instances that anybody registers. */
static bool is_node(const json_t *instance)
{
    const char *appid = json_string_value(json_object_get(instance, "appid"));

    return appid != NULL && str_eq(str_from(appid), node_appid);
}

/* ── export ── */

struct exporting {
    const char *env;  /* NULL: every */
    const char *zone; /* NULL: every */
    struct buf text;
    uint64_t count;
};

static bool wanted(const struct exporting *self, const json_t *instance)
{
    const char *env = json_string_value(json_object_get(instance, "env"));
    const char *zone = json_string_value(json_object_get(instance, "zone"));

    return json_is_object(instance) && !is_node(instance) &&
           (self->env == NULL || (env != NULL && strcmp(env, self->env) == 0)) &&
           (self->zone == NULL || (zone != NULL && strcmp(zone, self->zone) == 0));
}

static void add_instance(struct exporting *self, json_t *instance)
{
    json_t *form = json_object();
    json_t *metadata = json_object_get(instance, "metadata");
    char *text;

    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        (void)json_object_set(form, fields[i], json_object_get(instance, fields[i]));
    }
    (void)json_object_set(form, "addrs", json_object_get(instance, "addrs"));
    if (json_is_object(metadata)) {
        (void)json_object_set(form, "metadata", metadata);
    }
    text = json_dumps(form, JSON_COMPACT);
    buf_printf(&self->text, "%s\n    %s", self->count > 0 ? "," : "", text != NULL ? text : "{}");
    self->count++;
    free(text);
    json_decref(form);
}

/* {app: [instance]}, or with zones between. */
static void add_all(struct exporting *self, json_t *data, int depth)
{
    const char *key;
    json_t *item;
    size_t i;

    if (json_is_array(data)) {
        json_array_foreach(data, i, item)
        {
            if (wanted(self, item)) {
                add_instance(self, item);
            }
        }
    } else if (depth > 0) {
        json_object_foreach(data, key, item)
        {
            add_all(self, item, depth - 1);
        }
    }
}

enum ctl_exit instances_export(struct ctl *ctl)
{
    const struct options *options = &ctl->options;
    struct exporting self = {.env = options_text(options, OPTION_ENV, NULL),
                             .zone = options_text(options, OPTION_ZONE, NULL)};
    struct http_reply reply;
    json_t *root = NULL;
    int code;
    enum ctl_exit outcome = http_ask(ctl, HTTP_GET, "/discovery/fetch/all", NULL, &reply);

    if (outcome == CTL_OK) {
        outcome = http_judge(ctl, &reply, &root, &code);
    }
    if (outcome == CTL_OK) {
        buf_add_str(&self.text, STR("{\n  \"muster_export\": 1,\n  \"instances\": ["));
        add_all(&self, json_object_get(root, "data"), 3);
        buf_add_str(&self.text, self.count > 0 ? STR("\n  ]\n}\n") : STR("]\n}\n"));
        ctl_put(ctl, buf_str(&self.text));
    }
    json_decref(root);
    http_reply_fini(&reply);
    buf_fini(&self.text);
    return outcome;
}

/* ── import ── */

/* NULL, or what is wrong with it; form is what to post. */
static const char *form_of(const json_t *instance, struct buf *form)
{
    json_t *addrs = json_object_get(instance, "addrs");
    json_t *metadata = json_object_get(instance, "metadata");
    json_t *addr;
    size_t i;

    if (!json_is_object(instance)) {
        return "it is no object";
    }
    for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        const json_t *value = json_object_get(instance, fields[i]);
        char number[32];

        if (json_is_integer(value)) {
            (void)snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT,
                           json_integer_value(value));
            form_add(form, fields[i], number);
        } else if (json_is_string(value)) {
            form_add(form, fields[i], json_string_value(value));
        } else if (value != NULL && !json_is_null(value)) {
            return "a field is neither a text nor a number";
        }
    }
    if (!json_is_array(addrs)) {
        return "addrs is no list";
    }
    json_array_foreach(addrs, i, addr)
    {
        if (!json_is_string(addr)) {
            return "an address is no text";
        }
        form_add(form, "addrs", json_string_value(addr));
    }
    if (json_is_object(metadata)) {
        char *text = json_dumps(metadata, JSON_COMPACT);

        form_add(form, "metadata", text != NULL ? text : "{}");
        free(text);
    }
    return NULL;
}

static const char *text_of(const json_t *instance, const char *name)
{
    const char *text = json_string_value(json_object_get(instance, name));

    return text != NULL ? text : "?";
}

struct importing {
    struct ctl *ctl;
    uint64_t registered;
    uint64_t refused;
};

/* Past some, they are only counted. */
static void refuse(struct importing *self, size_t at, const json_t *instance, const char *why)
{
    if (self->refused++ < refusals_said_max) {
        ctl_say(self->ctl, "instance %zu (%s/%s/%s/%s): %s", at + 1, text_of(instance, "env"),
                text_of(instance, "appid"), text_of(instance, "zone"),
                text_of(instance, "hostname"), why);
    }
}

/* Other outcomes than CTL_OK end it: nobody is there. */
static enum ctl_exit import_one(struct importing *self, size_t at, const json_t *instance)
{
    struct buf form = {0};
    const char *fault = form_of(instance, &form);
    struct http_reply reply = {0};
    json_t *root = NULL;
    enum ctl_exit outcome = CTL_OK;
    char why[256];
    int code;

    if (fault != NULL) {
        refuse(self, at, instance, fault);
    } else if (is_node(instance)) {
        refuse(self, at, instance, "nodes register themselves");
    } else {
        outcome = http_ask(self->ctl, HTTP_POST, "/discovery/register", &form, &reply);
        if (outcome == CTL_OK && http_read(self->ctl, &reply, &root, &code) != CTL_OK) {
            outcome = CTL_NEGATIVE;
        } else if (outcome == CTL_OK && code != 0) {
            (void)snprintf(why, sizeof(why), "%d %s", code, text_of(root, "message"));
            refuse(self, at, instance, why);
        } else if (outcome == CTL_OK) {
            self->registered++;
        }
    }
    json_decref(root);
    http_reply_fini(&reply);
    buf_fini(&form);
    return outcome;
}

static enum ctl_exit import_all(struct importing *self, const json_t *instances)
{
    struct progress progress;
    enum ctl_exit outcome = CTL_OK;
    json_t *instance;
    size_t i;

    progress_begin(&progress, self->ctl, "instances");
    json_array_foreach(instances, i, instance)
    {
        progress_tell(&progress, i, json_array_size(instances));
        outcome = import_one(self, i, instance);
        if (outcome != CTL_OK) {
            break;
        }
    }
    progress_end(&progress);
    return outcome;
}

/* NULL, said: it is no export. Owned by the caller. */
static json_t *read_export(const struct ctl *ctl, const char *path)
{
    struct buf bytes = {0};
    json_error_t error = {0};
    json_t *root = NULL;
    enum err err = strcmp(path, "-") == 0 ? file_read_open(0, import_bytes_max, &bytes)
                                          : file_read(path, import_bytes_max, &bytes);

    if (err != ERR_OK) {
        ctl_say(ctl, "%s: %s", path, strerror(errno));
    } else if (bytes.len > import_bytes_max) {
        ctl_say(ctl, "%s: larger than 512 MiB; import it in parts", path);
    } else {
        root = json_loadb(bytes.data != NULL ? bytes.data : "", bytes.len, JSON_REJECT_DUPLICATES,
                          &error);
        if (root == NULL) {
            ctl_say(ctl, "%s, line %d: no JSON: %s; nothing was registered", path, error.line,
                    error.text);
        } else if (json_integer_value(json_object_get(root, "muster_export")) != 1 ||
                   !json_is_array(json_object_get(root, "instances"))) {
            ctl_say(ctl,
                    "%s: not what musterctl export writes: {\"muster_export\": 1, "
                    "\"instances\": [...]}; nothing was registered",
                    path);
            json_decref(root);
            root = NULL;
        }
    }
    buf_fini(&bytes);
    return root;
}

enum ctl_exit instances_import(struct ctl *ctl)
{
    struct importing self = {.ctl = ctl};
    json_t *root = read_export(ctl, ctl->options.arguments[0]);
    struct buf line = {0};
    enum ctl_exit outcome;

    if (root == NULL) {
        return CTL_USAGE;
    }
    outcome = import_all(&self, json_object_get(root, "instances"));
    if (ctl_json(ctl)) {
        buf_printf(&line, "{\"registered\":%" PRIu64 ",\"refused\":%" PRIu64 "}", self.registered,
                   self.refused);
    } else {
        buf_printf(&line, "%" PRIu64 " registered, %" PRIu64 " refused", self.registered,
                   self.refused);
    }
    ctl_print(ctl, buf_str(&line));
    json_decref(root);
    buf_fini(&line);
    return outcome == CTL_OK && self.refused > 0 ? CTL_NEGATIVE : outcome;
}
