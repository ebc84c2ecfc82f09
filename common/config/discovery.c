/* A bilibili discovery.toml, key by key. Its keys are matched without case, as the reference does.
 *
 * - nodes: peers.nodes (this node's own address is left out later)
 * - enableprotect: registry.protect
 * - env.region, env.zone, env.host, env.DeployEnv: node.region, node.zone, node.name, node.env
 * - zone: node.zone where env.zone is not given; older files have it at the top
 * - zones, from "sh002" = ["host:port", …] and "sh2.discovery.example" = "sh2": peers.zones
 * - httpServer.addr: gateway.listen
 * - httpServer.timeout: gateway.poll_wait, 30s at most as in the reference
 * - the file's folder: registry.schedules
 *
 * Variables of the environment count where the file does not give the key: REGION, ZONE and
 * DEPLOY_ENV for node.region, node.zone and node.env. All other keys are not needed.
 */
#include <string.h>

#include "common/base/host_port.h"
#include "common/config/draft.h"
#include "common/config/toml.h"

struct row {
    const char *section; /* "" is the top level */
    const char *name;
    const char *to;  /* a key of ours; NULL: not needed */
    const char *why; /* it is not needed; or a remark on the mapping; "" */
};

static const struct row rows[] = {
    {"", "nodes", "peers.nodes", ""},
    {"", "enableprotect", "registry.protect", ""},
    {"env", "region", "node.region", ""},
    {"env", "zone", "node.zone", ""},
    {"env", "host", "node.name", ""},
    {"env", "DeployEnv", "node.env", ""},
    {"", "zone", "node.zone", "env.zone counts before it"},
    {"httpServer", "addr", "gateway.listen", ""},
    {"httpServer", "timeout", "gateway.poll_wait", "30s at most"},
    {"httpClient", "dial", NULL, "links to peers have their own deadlines"},
    {"httpClient", "keepAlive", NULL, "links to peers are kept open"},
    {"httpClient", "timeout", NULL, "no client waits for a peer"},
    {"log", "stdout", NULL, "the log goes to stderr; see log.level and log.format"},
};

/* reference: what [env] leaves out, or empty. */
static const struct {
    const char *name;
    const char *to;
} variables[] = {
    {"REGION", "node.region"},
    {"ZONE", "node.zone"},
    {"DEPLOY_ENV", "node.env"},
};

static const struct row *row_of(const struct config_toml_value *value)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        size_t depth = rows[i].section[0] == '\0' ? 1 : 2;

        if (value->depth == depth &&
            (depth == 1 || str_eq_nocase(value->path[0], str_from(rows[i].section))) &&
            str_eq_nocase(value->path[depth - 1], str_from(rows[i].name))) {
            return &rows[i];
        }
    }
    return NULL;
}

static void mapping_begin(struct config_discovery *self, const struct config_toml_value *value)
{
    struct buf *to = &self->draft->mapping;

    buf_printf(to, "%s:%u: ", self->draft->file, value->line);
    for (size_t i = 0; i < value->depth; i++) {
        struct str part = value->path[i];

        if (i > 0) {
            buf_add_char(to, '.');
        }
        if (memchr(part.data != NULL ? part.data : "", '.', part.len) != NULL) {
            config_quote(part, to);
        } else {
            buf_add_str(to, part);
        }
    }
}

static void refuse(struct config_discovery *self, const struct config_toml_value *value,
                   const char *expected)
{
    config_draft_problem(self->draft, "%s:%u: %.*s%s%.*s: expected %s; put it right",
                         self->draft->file, value->line, STR_ARG(value->path[0]),
                         value->depth > 1 ? "." : "",
                         STR_ARG(value->depth > 1 ? value->path[1] : STR("")), expected);
}

static void zone_add(struct config_discovery *self, const struct config_toml_value *value,
                     struct str zone, struct str address)
{
    struct host_port parsed;
    /* the second form is a host name behind port 80, as the reference's URL says */
    const char *port = host_port_parse(address, &parsed) == ERR_OK ? "" : ":80";

    if (memchr(zone.data != NULL ? zone.data : "", ',', zone.len) != NULL ||
        memchr(address.data != NULL ? address.data : "", ',', address.len) != NULL) {
        refuse(self, value, "a zone and addresses without commas");
        return;
    }
    buf_printf(&self->zones, "%s%.*s=%.*s%s", self->zones.len > 0 ? "," : "", STR_ARG(zone),
               STR_ARG(address), port);
    mapping_begin(self, value);
    buf_printf(&self->draft->mapping, " -> peers.zones, item \"%.*s=%.*s%s\"\n", STR_ARG(zone),
               STR_ARG(address), port);
}

static void zone_value(struct config_discovery *self, const struct config_toml_value *value)
{
    self->zones_source = (struct config_source){.origin = CONFIG_FILE, .line = value->line};
    if (value->type == CONFIG_TOML_LIST) {
        for (size_t i = 0; i < value->item_count; i++) {
            zone_add(self, value, value->path[1], value->items[i]);
        }
    } else if (value->type == CONFIG_TOML_TEXT) {
        zone_add(self, value, value->items[0], value->path[1]);
    } else {
        refuse(self, value,
               "\"zone\" = [\"host:port\"] or \"host\" = \"zone\", as in a discovery.toml");
    }
}

/* It says nothing, or less than another place of the file. */
static bool is_passed_over(struct config_discovery *self, const struct row *row,
                           const struct config_toml_value *value)
{
    size_t key = (size_t)(config_key_named(str_from(row->to)) - config_keys);
    bool of_node = strncmp(row->to, "node.", strlen("node.")) == 0;
    bool at_top = value->depth == 1;

    if (!of_node || value->type != CONFIG_TOML_TEXT) {
        return false;
    }
    if (value->items[0].len == 0) {
        mapping_begin(self, value);
        buf_add_str(&self->draft->mapping, STR(": empty, as if it were not there\n"));
        return true;
    }
    if (at_top && self->draft->sources[key].origin == CONFIG_FILE) {
        mapping_begin(self, value);
        buf_printf(&self->draft->mapping, ": not needed: %s\n", row->why);
        return true;
    }
    return false;
}

static void map_key(struct config_discovery *self, const struct row *row,
                    const struct config_toml_value *value)
{
    const struct config_key *key = config_key_named(str_from(row->to));
    struct config_source source = {.origin = CONFIG_FILE, .line = value->line};
    enum config_toml_type wanted = key->kind == config_kind_is_list   ? CONFIG_TOML_LIST
                                   : key->kind == config_kind_is_flag ? CONFIG_TOML_BOOLEAN
                                                                      : CONFIG_TOML_TEXT;
    static const int64_t poll_wait_most_ms = 30000;
    struct config *config = self->draft->config;

    if (value->type != wanted) {
        refuse(self, value,
               wanted == CONFIG_TOML_LIST      ? "a list of texts, such as [\"host:port\"]"
               : wanted == CONFIG_TOML_BOOLEAN ? "true or false without quotes"
                                               : "a text in quotes");
        return;
    }
    config_draft_set(self->draft, key, source, value->item_count > 0 ? value->items[0] : STR("[]"),
                     value->items, value->item_count);
    if (strcmp(row->to, "gateway.poll_wait") == 0 &&
        config->gateway_poll_wait > poll_wait_most_ms) {
        config->gateway_poll_wait = poll_wait_most_ms;
    }
    mapping_begin(self, value);
    buf_printf(&self->draft->mapping, " -> %s = ", row->to);
    config_key_print(key, config, &self->draft->mapping);
    buf_printf(&self->draft->mapping, "%s%s%s\n", row->why[0] != '\0' ? " (" : "", row->why,
               row->why[0] != '\0' ? ")" : "");
}

void config_discovery_value(void *state, const struct config_toml_value *value)
{
    struct config_discovery *self = state;
    const struct row *row = row_of(value);

    if (row != NULL && row->to != NULL) {
        if (!is_passed_over(self, row, value)) {
            map_key(self, row, value);
        }
    } else if (row != NULL) {
        mapping_begin(self, value);
        buf_printf(&self->draft->mapping, ": not needed: %s\n", row->why);
    } else if (value->depth == 2 && str_eq_nocase(value->path[0], STR("zones"))) {
        zone_value(self, value);
    } else if (value->type != CONFIG_TOML_TABLE && self->draft->mapping.len < 65536) {
        mapping_begin(self, value);
        buf_add_str(&self->draft->mapping, STR(": not needed: no counterpart in muster\n"));
    }
}

/* reference: whatever ends in .json beside its configuration is a schedule. */
static void schedules_beside(struct config_draft *draft)
{
    const struct config_key *key = config_key_named(STR("registry.schedules"));
    const char *slash = strrchr(draft->file, '/');
    struct str folder = slash == NULL ? STR(".")
                        : slash == draft->file
                            ? STR("/")
                            : (struct str){draft->file, (size_t)(slash - draft->file)};

    config_draft_set_text(draft, key, (struct config_source){.origin = CONFIG_DERIVED}, folder);
    buf_printf(&draft->mapping, "%s: its folder -> registry.schedules = ", draft->file);
    config_key_print(key, draft->config, &draft->mapping);
    buf_add_str(&draft->mapping, STR(" (each *.json in it)\n"));
}

void config_discovery_end(struct config_discovery *self)
{
    schedules_beside(self->draft);
    if (self->zones.len > 0) {
        config_draft_set_text(self->draft, config_key_named(STR("peers.zones")), self->zones_source,
                              buf_str(&self->zones));
    }
    buf_fini(&self->zones);
}

void config_discovery_environment(struct config_draft *draft, char *const *environment)
{
    for (; *environment != NULL; environment++) {
        const char *equals = strchr(*environment, '=');
        size_t len;

        if (equals == NULL) {
            continue;
        }
        len = (size_t)(equals - *environment);

        for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
            const struct config_key *key = config_key_named(str_from(variables[i].to));

            if (!str_eq((struct str){*environment, len}, str_from(variables[i].name)) ||
                equals[1] == '\0' || draft->sources[key - config_keys].origin != CONFIG_DEFAULT) {
                continue;
            }
            config_draft_set_text(draft, key,
                                  (struct config_source){.origin = CONFIG_REFERENCE_VARIABLE,
                                                         .variable = variables[i].name},
                                  str_from(equals + 1));
            buf_printf(&draft->mapping, "%s in the environment -> %s = ", variables[i].name,
                       variables[i].to);
            config_key_print(key, draft->config, &draft->mapping);
            buf_add_char(&draft->mapping, '\n');
        }
    }
}
