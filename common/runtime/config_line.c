#include "common/runtime/config_line.h"

#include "common/config/table.h"

/* Its name and its value in text, each with a NUL behind it; nothing when it is as the table has
 * it. */
static bool differing(const struct config_key *key, const struct config *config, struct buf *text)
{
    struct config table = {0};
    struct buf value = {0};
    struct buf usual = {0};
    enum err err = config_key_set_text(key, &table, str_from(key->default_text), &usual);
    bool differs;

    assert(err == ERR_OK);
    (void)err;
    config_key_plain(key, config, &value);
    config_key_plain(key, &table, &usual);
    differs = !str_eq(buf_str(&value), buf_str(&usual));
    if (differs) {
        config_key_name(key, text);
        buf_add_char(text, '\0');
        buf_add_str(text, buf_str(&value));
        buf_add_char(text, '\0');
    }
    buf_fini(&value);
    buf_fini(&usual);
    config_key_free(key, &table);
    return differs;
}

void config_line(const struct config *config, const struct log *log)
{
    struct log_field fields[config_key_count + 2];
    struct buf text = {0};
    size_t count = 0;
    const char *at;

    if (!log_tells(log, LOG_INFO)) {
        return;
    }
    for (size_t i = 0; i < config_key_count; i++) {
        count += differing(&config_keys[i], config, &text);
    }
    fields[0] = log_text("file", config->file != NULL ? config->file : "none");
    at = text.data;
    for (size_t i = 1; i <= count; i++) { /* only now: text has moved as it grew */
        const char *value = at + strlen(at) + 1;

        fields[i] = log_text(at, value);
        at = value + strlen(value) + 1;
    }
    fields[count + 1] = (struct log_field){.kind = LOG_END};
    log_write(log, LOG_INFO, "config", "these are not as by default", fields);
    buf_fini(&text);
}
