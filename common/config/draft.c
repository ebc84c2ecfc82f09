#include "common/config/draft.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void config_draft_init(struct config_draft *self, struct config *config)
{
    *config = (struct config){0};
    *self = (struct config_draft){.config = config};
    for (size_t i = 0; i < config_key_count; i++) {
        const char *text = config_keys[i].default_text;
        struct buf why = {0};
        enum err err = config_key_set_text(&config_keys[i], config, str_from(text), &why);

        assert(err == ERR_OK);
        (void)err;
        buf_fini(&why);
    }
}

void config_draft_fini(struct config_draft *self)
{
    buf_fini(&self->problems);
    buf_fini(&self->warnings);
    buf_fini(&self->mapping);
}

void config_draft_problem(struct config_draft *self, const char *format, ...)
{
    char text[2048];
    va_list args;

    if (++self->problem_count > config_problem_max) {
        return;
    }
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    buf_printf(&self->problems, "%s\n", text);
}

static void where(const struct config_draft *self, const struct config_key *key,
                  struct config_source source, struct buf *to)
{
    switch (source.origin) {
    case CONFIG_DEFAULT:
        buf_add_str(to, STR("the default"));
        break;
    case CONFIG_DERIVED:
        buf_add_str(to, STR("derived"));
        break;
    case CONFIG_FILE:
        buf_printf(to, "%s:%u", self->file, source.line);
        break;
    case CONFIG_REFERENCE_VARIABLE:
        buf_add_str(to, str_from(source.variable));
        break;
    case CONFIG_ENVIRONMENT:
        config_key_environment(key, to);
        break;
    case CONFIG_FLAG:
        buf_add_str(to, STR("--"));
        config_key_name(key, to);
        break;
    }
}

void config_draft_where(const struct config_draft *self, const struct config_key *key,
                        struct buf *to)
{
    where(self, key, self->sources[key - config_keys], to);
}

static void report(struct config_draft *self, const struct config_key *key,
                   struct config_source source, struct str wrote, struct str why)
{
    struct buf at = {0};
    struct buf name = {0};

    where(self, key, source, &at);
    config_key_name(key, &name);
    if (wrote.len > 80) {
        wrote.len = 80;
    }
    config_draft_problem(self, "%.*s: %.*s = %.*s: %.*s", STR_ARG(buf_str(&at)),
                         STR_ARG(buf_str(&name)), STR_ARG(wrote), STR_ARG(why));
    buf_fini(&at);
    buf_fini(&name);
}

void config_draft_set(struct config_draft *self, const struct config_key *key,
                      struct config_source source, struct str wrote, const struct str *items,
                      size_t count)
{
    struct buf why = {0};

    if (config_key_set(key, self->config, items, count, &why) == ERR_OK) {
        self->sources[key - config_keys] = source;
    } else {
        report(self, key, source, wrote, buf_str(&why));
    }
    buf_fini(&why);
}

void config_draft_set_text(struct config_draft *self, const struct config_key *key,
                           struct config_source source, struct str text)
{
    struct buf why = {0};
    struct buf wrote = {0};

    if (config_key_set_text(key, self->config, text, &why) == ERR_OK) {
        self->sources[key - config_keys] = source;
    } else {
        config_quote(text, &wrote);
        report(self, key, source, buf_str(&wrote), buf_str(&why));
    }
    buf_fini(&why);
    buf_fini(&wrote);
}
