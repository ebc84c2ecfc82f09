/* GET /muster/v1/config: the table of keys, as it is in force. None of them holds a secret: keys
 * and tokens are files, of which the path is told. */
#include "common/config/table.h"
#include "gateway/operate/fields.h"
#include "gateway/operate/page.h"
#include "gateway/operate/state.h"

/* Of lists of hundreds, and long paths. */
enum { value_max = 1024, from_max = 256 };

static void add_key(struct buf *to, const struct config *config, size_t at)
{
    const struct config_key *key = &config_keys[at];
    struct buf text = {0};

    buf_add_char(to, '{');
    config_key_name(key, &text);
    field_text(to, "key", buf_str(&text));
    text.len = 0;
    config_key_plain(key, config, &text);
    field_text(to, "value", field_cut(buf_str(&text), value_max));
    text.len = 0;
    config_key_default(key, &text);
    field_text(to, "default", buf_str(&text));
    field_text(to, "from",
               config->origins != NULL ? field_cut(str_from(config->origins[at]), from_max)
                                       : STR("unknown"));
    /* Processes read their configuration once, when they start. */
    field_text(to, "reload", STR("no"));
    field_text(to, "help", str_from(key->help));
    buf_add_char(to, '}');
    buf_fini(&text);
}

void operate_config(struct operate *self, const struct operate_ask *ask)
{
    const struct config *config = self->view.config;
    struct buf one = {0};
    struct page page;

    page_begin(&page, "config");
    for (size_t i = 0; i < config_key_count; i++) {
        one.len = 0;
        add_key(&one, config, i);
        if (!page_add(&page, buf_str(&one))) {
            break; /* all of them are full of characters that JSON escapes */
        }
    }
    field_text_or_null(page_close(&page), "dir", field_cut(str_from(config->dir), value_max));
    field_text_or_null(page_close(&page), "file", field_cut(str_from(config->file), value_max));
    page_answer(&page, ask->request);
    buf_fini(&one);
}
