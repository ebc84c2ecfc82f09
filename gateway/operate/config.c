/* GET /muster/v1/config: the table of keys, as it is in force. None of them holds a secret: keys
 * and tokens are files, of which the path is told. */
#include "common/config/table.h"
#include "gateway/operate/answer.h"
#include "gateway/operate/fields.h"
#include "gateway/operate/state.h"

static void add_key(struct buf *to, const struct config *config, size_t at)
{
    const struct config_key *key = &config_keys[at];
    struct buf text = {0};

    field_item(to);
    buf_add_char(to, '{');
    config_key_name(key, &text);
    field_text(to, "key", buf_str(&text));
    text.len = 0;
    config_key_plain(key, config, &text);
    field_text(to, "value", buf_str(&text));
    text.len = 0;
    config_key_default(key, &text);
    field_text(to, "default", buf_str(&text));
    field_text(to, "from",
               config->origins != NULL ? str_from(config->origins[at]) : STR("unknown"));
    /* Processes read their configuration once, when they start. */
    field_text(to, "reload", STR("no"));
    field_text(to, "help", str_from(key->help));
    buf_add_char(to, '}');
    buf_fini(&text);
}

void operate_config(struct operate *self, const struct operate_ask *ask)
{
    const struct config *config = self->view.config;
    struct buf body = {0};

    buf_add_char(&body, '{');
    field_text_or_null(&body, "dir", str_from(config->dir));
    field_text_or_null(&body, "file", str_from(config->file));
    field_open(&body, "config", '[');
    for (size_t i = 0; i < config_key_count; i++) {
        add_key(&body, config, i);
    }
    buf_add_str(&body, STR("]}"));
    operate_answer(ask->request, 200, &body);
}
