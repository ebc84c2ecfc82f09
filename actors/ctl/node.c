#include "actors/ctl/node.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/file.h"
#include "common/base/heap.h"
#include "common/base/host_port.h"
#include "common/base/place.h"
#include "common/config/draft.h"
#include "common/config/toml.h"
#include "common/runtime/endpoint.h"
#include "common/runtime/place_scan.h"

extern char **environ;

enum { gateways_max = 64 };

static const char default_dir[] = "./.muster";

static char *path_of(const char *dir, const char *name)
{
    struct buf path = {0};

    buf_printf(&path, "%s%s", dir, name);
    buf_add_char(&path, '\0');
    return path.data;
}

/* ── is it one ── */

/* Errors: ERR_NOT_FOUND; ERR_IO: it can't be looked at, errno says why. */
static enum err look(const char *dir)
{
    static const char *const signs[] = {"/run", "/muster.toml", "/data/registry", "/keys"};
    int denied = 0;
    struct stat about;

    if (stat(dir, &about) != 0) {
        return errno == EACCES ? ERR_IO : ERR_NOT_FOUND;
    }
    for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
        char *path = path_of(dir, signs[i]);
        bool there = stat(path, &about) == 0;

        denied = !there && errno == EACCES ? errno : denied;
        free(path);
        if (there) {
            return ERR_OK;
        }
    }
    errno = denied;
    return denied != 0 ? ERR_IO : ERR_NOT_FOUND;
}

void node_say_denied(const struct ctl *ctl, const char *dir)
{
    const char *why = strerror(errno);
    struct buf owner = {0};
    struct stat about;

    if (stat(dir, &about) == 0) {
        buf_add_str(&owner, STR("; it belongs to "));
        place_user(&owner, about.st_uid);
    }
    ctl_say(ctl, "%s: %s%.*s: what runs there only its owner and root are told", dir, why,
            STR_ARG(buf_str(&owner)));
    buf_fini(&owner);
}

const char *node_given_url(const struct ctl *ctl)
{
    const struct options *options = &ctl->options;
    const char *environment = options_has(options, OPTION_DIR) ? NULL : getenv("MUSTER_URL");

    if ((ctl->verb->options & OPTION_BIT(URL)) == 0) {
        return NULL;
    }
    return options_text(options, OPTION_URL,
                        environment != NULL && environment[0] != '\0' ? environment : NULL);
}

/* Whether the verb can do without a directory: an address was given, or where the keys go. */
static bool needs_no_node(const struct ctl *ctl)
{
    const struct options *options = &ctl->options;
    bool keygen = (ctl->verb->options & OPTION_BIT(NAME)) != 0;

    return node_given_url(ctl) != NULL || options_has(options, OPTION_ENDPOINT) ||
           (keygen && options->argument_count > 0);
}

static enum ctl_exit check(const struct ctl *ctl)
{
    bool named = options_has(&ctl->options, OPTION_DIR);
    enum err err = look(ctl->config.dir);

    if (err == ERR_OK || (!named && needs_no_node(ctl)) ||
        (err == ERR_NOT_FOUND && (ctl->verb->options & VERB_BEGINS_NODE) != 0)) {
        return CTL_OK;
    }
    if (err == ERR_IO) {
        node_say_denied(ctl, ctl->config.dir);
        return CTL_UNREACHABLE;
    }
    ctl_say(ctl, "%s is no node's directory: name that of a node with --dir or MUSTER_DIR%s",
            ctl->config.dir,
            (ctl->verb->options & OPTION_BIT(URL)) != 0
                ? ", or its address with --url or MUSTER_URL"
            : (ctl->verb->options & OPTION_BIT(ENDPOINT)) != 0 ? ", or an --endpoint"
                                                               : "");
    return CTL_USAGE;
}

/* ── what it is set to ── */

/* The settings of the first gateway that runs here; false: none runs. */
static bool read_settings(struct ctl *ctl, char **file, struct buf *bytes)
{
    struct place_actors *actors = heap_new(sizeof(*actors));
    bool found = false;

    if (place_scan(ctl->config.dir, actors) == ERR_OK) {
        for (unsigned i = 0; i < gateways_max && !found; i++) {
            char name[place_name_bytes];
            struct buf path = {0};

            (void)snprintf(name, sizeof(name), "gateway.%u", i);
            buf_printf(&path, "%s/%s.toml%c", ctl->config.run_dir, name, 0);
            found = place_pid_of(actors, name, 0) != 0 &&
                    file_read(path.data, config_toml_bytes_max, bytes) == ERR_OK;
            free(*file);
            *file = path.data;
        }
    }
    free(actors);
    return found;
}

enum ctl_exit node_find(struct ctl *ctl)
{
    const char *environment = getenv("MUSTER_DIR");
    const char *dir =
        options_text(&ctl->options, OPTION_DIR,
                     environment != NULL && environment[0] != '\0' ? environment : default_dir);
    char *file = NULL;
    struct buf bytes = {0};
    struct config_draft draft;
    enum ctl_exit outcome;

    config_draft_init(&draft, &ctl->config);
    ctl->config.dir = path_of(dir, "");
    ctl->config.run_dir = path_of(dir, "/run");
    outcome = check(ctl);
    ctl->gateway_runs = outcome == CTL_OK && read_settings(ctl, &file, &bytes);
    if (!ctl->gateway_runs) {
        free(file);
        file = path_of(dir, "/muster.toml");
        bytes.len = 0;
        (void)file_read(file, config_toml_bytes_max, &bytes); /* there may be none */
    }
    if (bytes.len > 0) {
        config_draft_file(&draft, file, buf_str(&bytes));
    }
    if (!ctl->gateway_runs) {
        config_draft_environment(&draft, environ);
    }
    if (draft.problem_count > 0) { /* flags of the launcher may have mended them */
        ctl_say(ctl, "warning: %.*s", (int)strcspn(draft.problems.data, "\n"), draft.problems.data);
    } else {
        config_draft_finish(&draft, "localhost");
    }
    config_draft_fini(&draft);
    buf_fini(&bytes);
    free(file);
    return outcome;
}

/* ── where it listens ── */

static void add_given(struct ctl *ctl, const char *given)
{
    size_t len = strlen(given);

    while (len > 0 && given[len - 1] == '/') {
        len--;
    }
    buf_add(&ctl->url, given, len);
}

static void add_address(struct ctl *ctl, const struct host_port *address)
{
    bool v6 = memchr(address->host.data, ':', address->host.len) != NULL;

    buf_printf(&ctl->url, v6 ? "http://[%.*s]:%u" : "http://%.*s:%u", STR_ARG(address->host),
               address->port);
}

/* Of the gateway that runs; or, on a host without one, where it is said to be: elsewhere. */
static bool find_address(const struct ctl *ctl, struct host_port *address)
{
    const struct config *config = &ctl->config;
    const char *text = ctl->gateway_runs ? config->gateway_listen : config->gateway_advertise;

    if (text == NULL || host_port_parse(str_from(text), address) != ERR_OK) {
        return false;
    }
    if (address->wildcard) {
        address->host = str_eq(address->host, STR("::")) ? STR("::1") : STR("127.0.0.1");
    }
    return ctl->gateway_runs || !host_is_loopback(address->host);
}

enum ctl_exit node_find_url(struct ctl *ctl)
{
    const char *given = node_given_url(ctl);
    struct host_port address = {0};

    if (ctl->url.len > 0) {
        return CTL_OK;
    }
    if (given != NULL) {
        if (!options_url_sound(given)) {
            ctl_say(ctl, "MUSTER_URL=%s: expected http://host:port", given);
            return CTL_USAGE;
        }
        add_given(ctl, given);
    } else if (find_address(ctl, &address)) {
        add_address(ctl, &address);
    } else {
        ctl_say(ctl,
                "no gateway of %s that answers is found on this host: see ./muster status; a node "
                "elsewhere is named with --url or MUSTER_URL",
                ctl->config.dir);
        return CTL_UNREACHABLE;
    }
    buf_add_char(&ctl->url, '\0');
    ctl->url.len--;
    return CTL_OK;
}
