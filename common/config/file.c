/* The configuration file: our own form, and which form it is. */
#include <string.h>
#include <strings.h>

#include "common/config/draft.h"
#include "common/config/toml.h"

static const char *type_text(enum config_toml_type type)
{
    static const char *const texts[] = {
        "a text",    "a whole number",         "a number", "true/false", "a list",
        "a section", "a value of another kind"};

    return texts[type];
}

/* What is to be written in the file, by kind, and the TOML type it has. */
static const struct {
    enum config_toml_type type;
    const char *text;
} wanted[] = {
    [config_kind_is_text] = {CONFIG_TOML_TEXT, "a text in quotes"},
    [config_kind_is_list] = {CONFIG_TOML_LIST, "a list of texts, such as [\"a\", \"b\"]"},
    [config_kind_is_duration] = {CONFIG_TOML_TEXT,
                                 "a duration with its unit (ms, s, m, h) in quotes"},
    [config_kind_is_size] = {CONFIG_TOML_TEXT, "a size with its unit (KiB, MiB, GiB) in quotes"},
    [config_kind_is_number] = {CONFIG_TOML_INTEGER, "a whole number without quotes"},
    [config_kind_is_share] = {CONFIG_TOML_FLOAT, "a number without quotes"},
    [config_kind_is_flag] = {CONFIG_TOML_BOOLEAN, "true or false without quotes"},
};

static void join_path(const struct config_toml_value *value, struct buf *to)
{
    for (size_t i = 0; i < value->depth; i++) {
        buf_add_str(to, i > 0 ? STR(".") : STR(""));
        buf_add_str(to, value->path[i]);
    }
}

static void refuse_unknown(struct config_draft *draft, const struct config_toml_value *value)
{
    struct buf path = {0};
    struct buf meant = {0};
    const struct config_key *nearest;

    join_path(value, &path);
    if (path.len > 128) {
        path.len = 128;
    }
    nearest = config_key_nearest(buf_str(&path));
    if (nearest != NULL) {
        buf_add_str(&meant, STR("did you mean "));
        config_key_name(nearest, &meant);
        buf_printf(&meant, " (section [%s], key %s)?", nearest->section, nearest->name);
    } else {
        buf_add_str(&meant, STR("--help lists all keys; remove it or put it right"));
    }
    config_draft_problem(draft, "%s:%u: unknown key %.*s; %.*s", draft->file, value->line,
                         STR_ARG(buf_str(&path)), STR_ARG(buf_str(&meant)));
    buf_fini(&path);
    buf_fini(&meant);
}

static bool known_section(struct str name)
{
    for (size_t i = 0; i < config_key_count; i++) {
        if (str_eq(name, str_from(config_keys[i].section))) {
            return true;
        }
    }
    return false;
}

static void wrote_in_file(const struct config_toml_value *value, struct buf *to)
{
    bool quoted = value->type == CONFIG_TOML_TEXT || value->type == CONFIG_TOML_LIST;

    buf_add_str(to, value->type == CONFIG_TOML_LIST ? STR("[") : STR(""));
    for (size_t i = 0; i < value->item_count && to->len < 128; i++) {
        buf_add_str(to, i > 0 ? STR(", ") : STR(""));
        if (quoted) {
            config_quote(value->items[i], to);
        } else {
            buf_add_str(to, value->items[i]);
        }
    }
    buf_add_str(to, value->type == CONFIG_TOML_LIST ? STR("]") : STR(""));
}

static void own_key(struct config_draft *draft, const struct config_key *key,
                    const struct config_toml_value *value)
{
    struct config_source source = {.origin = CONFIG_FILE, .line = value->line};
    bool has_unit = wanted[key->kind].type == CONFIG_TOML_TEXT && key->kind != config_kind_is_text;
    bool is_zero = value->item_count == 1 && str_eq(value->items[0], STR("0"));
    /* "share = 1" is an integer to TOML, and "ping_timeout = 0" needs no unit */
    bool fits = value->type == wanted[key->kind].type ||
                (value->type == CONFIG_TOML_INTEGER &&
                 (key->kind == config_kind_is_share || (has_unit && is_zero)));
    struct buf wrote = {0};

    wrote_in_file(value, &wrote);
    if (fits) {
        config_draft_set(draft, key, source, buf_str(&wrote), value->items, value->item_count);
    } else {
        struct buf example = {0};

        config_key_default(key, &example);
        config_draft_problem(draft, "%s:%u: %s.%s%s%.*s: expected %s, this is %s; write %s = %.*s",
                             draft->file, value->line, key->section, key->name,
                             wrote.len > 0 ? " = " : "", STR_ARG(buf_str(&wrote)),
                             wanted[key->kind].text, type_text(value->type), key->name,
                             STR_ARG(buf_str(&example)));
        buf_fini(&example);
    }
    buf_fini(&wrote);
}

static void own_value(void *state, const struct config_toml_value *value)
{
    struct config_draft *draft = state;
    const struct config_key *key =
        value->depth == 2 ? config_key_find(value->path[0], value->path[1]) : NULL;
    bool is_table = value->type == CONFIG_TOML_TABLE;
    bool known = known_section(value->path[0]);
    bool inside_refused = value->depth > 2 || (value->depth == 2 && is_table && !known);

    if (key != NULL) {
        own_key(draft, key, value);
    } else if (value->depth == 1 && is_table && !known) {
        config_draft_problem(
            draft,
            "%s:%u: unknown section [%.*s]; the sections are node, gateway, "
            "registry, evictor, store, etcd, peers, endpoints, security, launcher, "
            "log: see --help",
            draft->file, value->line, (int)(value->path[0].len < 128 ? value->path[0].len : 128),
            value->path[0].data);
    } else if (!inside_refused && !(value->depth == 1 && is_table)) {
        refuse_unknown(draft, value);
    }
}

static void probe_form(void *state, const struct config_toml_value *value)
{
    bool *reference_form = state;

    if (value->depth == 1 && value->type == CONFIG_TOML_TABLE &&
        value->path[0].len == strlen("httpServer") &&
        strncasecmp(value->path[0].data, "httpServer", value->path[0].len) == 0) {
        *reference_form = true;
    }
}

void config_draft_file(struct config_draft *self, const char *name, struct str bytes)
{
    struct buf why = {0};
    uint32_t line = 0;

    self->file = name;
    if (config_toml_read(bytes, probe_form, &self->reference_form, &line, &why) != ERR_OK) {
        config_draft_problem(self, "%s:%u: %.*s; put it right or leave it out", name, line,
                             STR_ARG(buf_str(&why)));
    } else if (self->reference_form) {
        struct config_discovery discovery = {.draft = self};

        (void)config_toml_read(bytes, config_discovery_value, &discovery, &line, &why);
        config_discovery_end(&discovery);
    } else {
        (void)config_toml_read(bytes, own_value, self, &line, &why);
    }
    buf_fini(&why);
}
