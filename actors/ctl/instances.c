/* register, renew, cancel, set: the writes of the discovery API. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "actors/ctl/http.h"
#include "actors/ctl/near.h"
#include "actors/ctl/verbs.h"
#include "common/naming/limits.h"

struct target {
    const char *appid;
    const char *env;
    const char *zone;
    const char *region;
    const char *hostname;
    char own[limit_name_bytes + 1];
};

/* Errors: ERR_INVALID: no APPID, or two; said. */
static enum err identify(const struct ctl *ctl, struct target *self)
{
    const struct options *options = &ctl->options;
    const char *option = options_text(options, OPTION_APPID, NULL);
    bool argument = options->argument_count > 0;

    if (argument == (option != NULL)) {
        ctl_say(ctl, "%s",
                argument ? "APPID and --appid: give one of them"
                         : "APPID is missing; it names the service");
        return ERR_INVALID;
    }
    self->appid = argument ? options->arguments[0] : option;
    self->env = options_text(options, OPTION_ENV, ctl->config.node_env);
    self->zone = options_text(options, OPTION_ZONE, ctl->config.node_zone);
    self->region = options_text(options, OPTION_REGION, ctl->config.node_region);
    memset(self->own, 0, sizeof(self->own));
    if (gethostname(self->own, sizeof(self->own) - 1) != 0) {
        memcpy(self->own, "localhost", sizeof("localhost"));
    }
    self->hostname = options_text(options, OPTION_HOSTNAME, self->own);
    return ERR_OK;
}

static void add_app(struct buf *form, const struct target *identity)
{
    form_add(form, "zone", identity->zone);
    form_add(form, "env", identity->env);
    form_add(form, "appid", identity->appid);
    form_add(form, "region", identity->region);
}

/* The --metadata as a JSON object; owned by the caller. NULL: none was given. */
static char *metadata_text(const struct options *options)
{
    json_t *object = json_object();
    char *text = NULL;

    for (size_t i = 0; i < options->counts[OPTION_METADATA]; i++) {
        const char *pair = options->values[OPTION_METADATA][i];
        const char *equals = strchr(pair, '=');
        json_t *value = json_string(equals + 1);

        /* text that is not UTF-8 gives NULL, and is left to the caller */
        if (value == NULL ||
            json_object_setn_new(object, pair, (size_t)(equals - pair), value) != 0) {
            json_decref(object);
            return NULL;
        }
    }
    text = json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS);
    json_decref(object);
    return text;
}

/* Adds it once for each of count instances. Errors: ERR_INVALID, said. */
static enum err add_metadata(const struct ctl *ctl, struct buf *form, size_t count)
{
    char *text;

    if (!options_has(&ctl->options, OPTION_METADATA)) {
        return ERR_OK;
    }
    text = metadata_text(&ctl->options);
    if (text == NULL) {
        ctl_say(ctl, "--metadata: is not UTF-8, which JSON needs; write it in UTF-8");
        return ERR_INVALID;
    }
    for (size_t i = 0; i < count; i++) {
        form_add(form, "metadata", text);
    }
    free(text);
    return ERR_OK;
}

static void add_status(const struct ctl *ctl, struct buf *form, uint32_t otherwise)
{
    char text[16];

    (void)snprintf(text, sizeof(text), "%u", options_status(&ctl->options, otherwise));
    form_add(form, "status", text);
}

/* Posts, and prints the reply or done. code: of the reply, 0 when there was none. */
static enum ctl_exit post(struct ctl *ctl, const char *path, const struct buf *form,
                          const char *done, const struct target *identity, int *code)
{
    bool keeps = options_has(&ctl->options, OPTION_KEEP); /* what is not there comes again */
    struct near_wanted wanted = {identity->env, identity->appid, identity->zone,
                                 identity->hostname};
    struct http_reply reply;
    enum ctl_exit outcome = http_ask(ctl, HTTP_POST, path, form, &reply);
    struct buf line = {0};
    json_t *root = NULL;

    *code = 0;
    if (outcome == CTL_OK) {
        outcome = near_judge(ctl, &reply, &root, code, keeps ? NULL : &wanted);
        if (ctl_json(ctl)) {
            ctl_page(ctl, buf_str(&reply.body));
        } else if (outcome == CTL_OK && done != NULL) {
            buf_printf(&line, "%s %s %s in zone %s, env %s", done, identity->appid,
                       identity->hostname, identity->zone, identity->env);
            ctl_print(ctl, buf_str(&line));
        }
    }
    json_decref(root);
    buf_fini(&line);
    http_reply_fini(&reply);
    return outcome;
}

/* Heartbeats until interrupted. An unreachable node ends nothing: the instance lives on for the
 * idle limit, and the next heartbeat may find the node again. registration: posted again when the
 * instance is not known any more; NULL: that ends it. */
static enum ctl_exit keep(struct ctl *ctl, const struct target *identity, const struct buf *form,
                          const struct buf *registration)
{
    int64_t every_ms = options_duration_ms(&ctl->options, OPTION_EVERY, "30s");
    int code;

    while (ctl_wait(ctl, every_ms)) {
        enum ctl_exit outcome = post(ctl, "/discovery/renew", form, NULL, identity, &code);

        if (code == -404 && registration != NULL) {
            outcome =
                post(ctl, "/discovery/register", registration, "registered again", identity, &code);
        } else if (code == -404) {
            return outcome;
        }
        if (outcome == CTL_INTERRUPTED) {
            return CTL_OK;
        }
    }
    return CTL_OK;
}

enum ctl_exit instance_register(struct ctl *ctl)
{
    const struct options *options = &ctl->options;
    struct target identity;
    struct buf form = {0};
    struct buf renewal = {0};
    enum ctl_exit outcome = CTL_USAGE;
    int code;

    if (identify(ctl, &identity) != ERR_OK) {
        return CTL_USAGE;
    }
    if (!options_has(options, OPTION_ADDR)) {
        ctl_say(ctl, "--addr is missing; give one or more, such as --addr=http://10.0.0.5:8080");
        return CTL_USAGE;
    }
    add_app(&form, &identity);
    form_add(&form, "hostname", identity.hostname);
    form_add(&form, "version", options_text(options, OPTION_VERSION, ""));
    add_status(ctl, &form, 1);
    for (size_t i = 0; i < options->counts[OPTION_ADDR]; i++) {
        form_add(&form, "addrs", options->values[OPTION_ADDR][i]);
    }
    if (add_metadata(ctl, &form, 1) == ERR_OK) {
        outcome = post(ctl, "/discovery/register", &form, "registered", &identity, &code);
        if (outcome == CTL_OK && options_has(options, OPTION_KEEP)) {
            add_app(&renewal, &identity);
            form_add(&renewal, "hostname", identity.hostname);
            outcome = keep(ctl, &identity, &renewal, &form);
        }
    }
    buf_fini(&form);
    buf_fini(&renewal);
    return outcome;
}

enum ctl_exit instance_renew(struct ctl *ctl)
{
    struct target identity;
    struct buf form = {0};
    enum ctl_exit outcome;
    int code;

    if (identify(ctl, &identity) != ERR_OK) {
        return CTL_USAGE;
    }
    add_app(&form, &identity);
    form_add(&form, "hostname", identity.hostname);
    outcome = post(ctl, "/discovery/renew", &form, "renewed", &identity, &code);
    if (outcome == CTL_OK && options_has(&ctl->options, OPTION_KEEP)) {
        outcome = keep(ctl, &identity, &form, NULL);
    }
    buf_fini(&form);
    return outcome;
}

enum ctl_exit instance_cancel(struct ctl *ctl)
{
    struct target identity;
    struct buf form = {0};
    enum ctl_exit outcome;
    int code;

    if (identify(ctl, &identity) != ERR_OK) {
        return CTL_USAGE;
    }
    add_app(&form, &identity);
    form_add(&form, "hostname", identity.hostname);
    outcome = post(ctl, "/discovery/cancel", &form, "cancelled", &identity, &code);
    buf_fini(&form);
    return outcome;
}

enum ctl_exit instance_set(struct ctl *ctl)
{
    const struct options *options = &ctl->options;
    size_t hosts = options->counts[OPTION_HOSTNAME];
    struct target identity;
    struct buf form = {0};
    enum ctl_exit outcome = CTL_USAGE;
    int code;

    if (identify(ctl, &identity) != ERR_OK) {
        return CTL_USAGE;
    }
    if (!options_has(options, OPTION_STATUS) && !options_has(options, OPTION_METADATA)) {
        ctl_say(ctl, "nothing to set; give --status or --metadata");
        return CTL_USAGE;
    }
    add_app(&form, &identity);
    for (size_t i = 0; i < hosts; i++) {
        form_add(&form, "hostname", options->values[OPTION_HOSTNAME][i]);
    }
    if (hosts == 0) {
        form_add(&form, "hostname", identity.hostname);
        hosts = 1;
    }
    for (size_t i = 0; i < hosts && options_has(options, OPTION_STATUS); i++) {
        add_status(ctl, &form, 1);
    }
    if (add_metadata(ctl, &form, hosts) == ERR_OK) {
        outcome = post(ctl, "/discovery/set", &form, "set", &identity, &code);
    }
    buf_fini(&form);
    return outcome;
}
