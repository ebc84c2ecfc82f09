#include <string.h>

#include "common/config/draft.h"

/* MUSTER_GATEWAY_POLL_WAIT of the table, by its name up to "=". */
static const struct config_key *key_of_variable(struct str name)
{
    for (size_t i = 0; i < config_key_count; i++) {
        struct buf variable = {0};
        bool same;

        config_key_environment(&config_keys[i], &variable);
        same = str_eq(buf_str(&variable), name);
        buf_fini(&variable);
        if (same) {
            return &config_keys[i];
        }
    }
    return NULL;
}

/* Not an error: a variable may belong to a newer muster or to a script around it. */
static void warn_of_variable(struct config_draft *self, struct str name)
{
    struct buf key_like = {0};
    struct buf meant = {0};
    const struct config_key *nearest;
    char *dot;

    /* MUSTER_GATEWAY_LISTN is compared as gateway.listn */
    buf_add(&key_like, name.data + strlen("MUSTER_"), name.len - strlen("MUSTER_"));
    dot = key_like.len > 0 ? memchr(key_like.data, '_', key_like.len) : NULL;
    if (dot != NULL) {
        *dot = '.';
    }
    nearest = config_key_nearest(buf_str(&key_like));
    if (nearest != NULL) {
        buf_add_str(&meant, STR("; did you mean "));
        config_key_environment(nearest, &meant);
        buf_add_char(&meant, '?');
    }
    buf_printf(&self->warnings, "%.*s is no variable of muster and is not used%.*s\n",
               STR_ARG(name), STR_ARG(buf_str(&meant)));
    buf_fini(&key_like);
    buf_fini(&meant);
}

void config_draft_environment(struct config_draft *self, char *const *environment)
{
    struct str prefix = STR("MUSTER_");

    if (self->reference_form) {
        config_discovery_environment(self, environment);
    }
    for (; *environment != NULL; environment++) {
        struct str entry = str_from(*environment);
        const char *equals = strchr(*environment, '=');
        struct str name = {entry.data, equals != NULL ? (size_t)(equals - entry.data) : 0};
        const struct config_key *key;

        if (!str_starts(name, prefix) || str_eq(name, STR("MUSTER_DIR")) ||
            str_eq(name, STR("MUSTER_URL"))) { /* musterctl's */
            continue;
        }
        key = key_of_variable(name);
        if (key != NULL) {
            config_draft_set_text(self, key, (struct config_source){.origin = CONFIG_ENVIRONMENT},
                                  str_from(equals + 1));
        } else if (self->warnings.len < 4096) {
            warn_of_variable(self, (struct str){name.data, name.len < 128 ? name.len : 128});
        }
    }
}
