/* digest: whether nodes hold the same. */
#include "actors/ctl/digest.h"

#include <inttypes.h>

#include "actors/ctl/peers.h"
#include "actors/ctl/rows.h"
#include "actors/ctl/verbs.h"
#include "common/wire/print.h"

static void add_hex(struct buf *to, struct str bytes)
{
    for (size_t i = 0; i < bytes.len; i++) {
        buf_printf(to, "%02x", (unsigned)(unsigned char)bytes.data[i]);
    }
}

/* True for this node, false for who has said nothing, or something else. */
static bool equal(const struct msg_node *node, struct str root)
{
    return node->self || str_eq(node->digest, root);
}

static void add_json(const struct msg_node *node, struct str name, struct str root, struct buf *to)
{
    struct str digest = node->self ? root : node->digest;

    buf_add_str(to, STR("{\"name\":"));
    json_add_str(to, name);
    buf_add_str(to, STR(",\"addr\":"));
    json_add_str(to, node->addr);
    buf_add_str(to, STR(",\"zone\":"));
    json_add_str(to, node->zone);
    buf_add_str(to, STR(",\"link\":"));
    json_add_str(to, node->link);
    buf_printf(to, ",\"status\":\"%s\",\"digest\":", node->status == 0 ? "up" : "lost");
    if (digest.len == 0) {
        buf_add_str(to, STR("null,\"equal\":null}"));
        return;
    }
    buf_add_char(to, '"');
    add_hex(to, digest);
    buf_printf(to, "\",\"equal\":%s}", equal(node, root) ? "true" : "false");
}

static void add_line(const struct msg_node *node, struct str name, struct str root, struct buf *to)
{
    struct str digest = node->self ? root : node->digest;
    size_t from = to->len;

    output_clean(to, name);
    for (size_t i = from; i < to->len; i++) { /* two words, whatever a name is made of */
        to->data[i] = to->data[i] == ' ' ? '?' : to->data[i];
    }
    buf_add_char(to, ' ');
    if (digest.len == 0) {
        buf_add_char(to, '-');
    }
    add_hex(to, digest);
}

static const struct column columns[] = {
    {"NAME", "name", COLUMN_KEY},       {"ADDR", "addr", COLUMN_SHOWN},
    {"ZONE", "zone", COLUMN_SHOWN},     {"LINK", "link", COLUMN_SHOWN},
    {"STATUS", "status", COLUMN_SHOWN}, {"DIGEST", "digest", COLUMN_SHOWN},
    {"SAME", "equal", COLUMN_SHOWN},    {NULL, NULL, COLUMN_SHOWN},
};

static void add_row(const struct msg_node *node, struct str name, struct str root,
                    struct rows *rows)
{
    struct str digest = node->self ? root : node->digest;
    struct buf hex = {0};

    add_hex(&hex, digest);
    rows_text(rows, name);
    rows_text(rows, node->addr);
    rows_text(rows, node->zone);
    rows_text(rows, node->link);
    rows_text(rows, node->status == 0 ? STR("up") : STR("lost"));
    if (digest.len == 0) {
        rows_none(rows);
        rows_none(rows);
    } else {
        rows_text(rows, buf_str(&hex));
        rows_flag(rows, equal(node, root), "same", "differs");
    }
    buf_fini(&hex);
}

static void as_rows(const struct msg_node_list *nodes, struct str root, enum output_form form,
                    struct buf *to)
{
    struct str rest = nodes->nodes.bytes;
    struct rows rows;
    struct msg msg;

    rows_init(&rows, form, columns);
    while (msg_next(&rest, &msg)) {
        if (msg.type == MSG_TYPE_NODE) {
            add_row(&msg.as_node, msg.as_node.name.len > 0 ? msg.as_node.name : msg.as_node.addr,
                    root, &rows);
        }
    }
    rows_page(&rows, to);
    rows_fini(&rows);
}

bool digest_lines(const struct msg_node_list *nodes, struct str root, bool json, struct buf *to)
{
    struct str rest = nodes->nodes.bytes;
    struct msg msg;
    bool same = true;

    while (msg_next(&rest, &msg)) {
        const struct msg_node *node = &msg.as_node;
        struct str name;

        if (msg.type != MSG_TYPE_NODE) {
            continue;
        }
        name = node->name.len > 0 ? node->name : node->addr;
        (json ? add_json : add_line)(node, name, root, to);
        buf_add_char(to, '\n');
        if (str_eq(node->link, STR("muster")) || str_eq(node->link, STR("unknown"))) {
            same = same && node->status == 0 && equal(node, root);
        }
    }
    return same;
}

static enum ctl_exit show(struct ctl *ctl, const struct msg_node_list *nodes, struct str root)
{
    struct buf page = {0};
    bool same = digest_lines(nodes, root, ctl_json(ctl), &page);

    page.len -= page.len > 0;
    if (ctl_form(ctl) != OUTPUT_TABLE && ctl_form(ctl) != OUTPUT_JSON) {
        page.len = 0;
        as_rows(nodes, root, ctl_form(ctl), &page);
    }
    ctl_page(ctl, buf_str(&page));
    buf_fini(&page);
    return same ? CTL_OK : CTL_NEGATIVE;
}

enum ctl_exit nodes_digest(struct ctl *ctl)
{
    return peers_ask(ctl, show);
}
