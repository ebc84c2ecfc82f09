/* nodes: all that is known of the cluster, one row a node. */
#include <stdlib.h>
#include <string.h>

#include "actors/ctl/documents.h"
#include "actors/ctl/node.h"
#include "actors/ctl/operate.h"
#include "actors/ctl/peers.h"
#include "actors/ctl/verbs.h"

static const struct column columns[] = {
    {"NODE", "node", COLUMN_KEY},
    {"ADDRESS", "address", COLUMN_SHOWN},
    {"ZONE", "zone", COLUMN_SHOWN},
    {"VERSION", "version", COLUMN_SHOWN},
    {"LINK", "link", COLUMN_SHOWN},
    {"STATUS", "status", COLUMN_SHOWN},
    {"SINCE", "since", COLUMN_SHOWN},
    {"HOLDS", "same", COLUMN_SHOWN},
    {"QUEUE", "queue_bytes", COLUMN_SHOWN},
    {"WHY", "reason", COLUMN_SHOWN},
    {"DIGEST", "digest", COLUMN_WIDE},
    {"DIFFERS FOR", "differs_for_s", COLUMN_WIDE},
    {NULL, NULL, COLUMN_SHOWN},
};

/* ── as the node tells it over HTTP ── */

static void add_from_json(struct rows *rows, const json_t *node)
{
    const json_t *same = json_object_get(node, "same");
    bool self = json_is_true(json_object_get(node, "self"));

    operate_text(rows, node, "node");
    operate_text(rows, node, "address");
    operate_text(rows, node, "zone");
    operate_text(rows, node, "version");
    if (self) {
        rows_text(rows, STR("self"));
    } else {
        operate_text(rows, node, "link");
    }
    operate_text(rows, node, "status");
    operate_time(rows, node, "since");
    if (json_is_boolean(same)) {
        rows_flag(rows, json_is_true(same), "same", "differs");
    } else {
        rows_none(rows);
    }
    operate_number(rows, node, "queue_bytes");
    operate_text(rows, node, "reason");
    operate_text(rows, node, "digest");
    operate_number(rows, node, "differs_for_s");
}

/* The list in an answer, whatever it is called there. NULL: none. */
static const json_t *list_of(json_t *root)
{
    const char *name;
    json_t *member;

    if (json_is_array(root)) {
        return root;
    }
    json_object_foreach(root, name, member)
    {
        if (json_is_array(member)) {
            return member;
        }
    }
    return NULL;
}

/* False: this node knows no such path. */
static bool by_cluster(struct ctl *ctl)
{
    struct http_reply reply;
    json_t *root = NULL;
    const json_t *list = NULL;
    struct rows rows;
    json_t *node;
    size_t i;

    if (http_ask_quietly(ctl, "/muster/v1/cluster", &reply) == CTL_OK && reply.status == 200) {
        root = json_loadb(reply.body.data != NULL ? reply.body.data : "", reply.body.len,
                          JSON_ALLOW_NUL, NULL);
        list = list_of(root);
    }
    if (list != NULL && ctl_json(ctl)) {
        ctl_page(ctl, buf_str(&reply.body));
    } else if (list != NULL) {
        rows_init(&rows, ctl_form(ctl), columns);
        json_array_foreach(list, i, node)
        {
            add_from_json(&rows, node);
        }
        rows_print(&rows, ctl);
    }
    json_decref(root);
    http_reply_fini(&reply);
    return list != NULL;
}

/* ── as its actors tell it ── */

static void add_from_bus(struct rows *rows, const struct msg_node *node, struct str root)
{
    struct str digest = node->self ? root : node->digest;
    struct buf hex = {0};

    for (size_t i = 0; i < digest.len; i++) {
        buf_printf(&hex, "%02x", (unsigned)(unsigned char)digest.data[i]);
    }
    rows_text(rows, node->name.len > 0 ? node->name : node->addr);
    rows_text(rows, node->addr);
    rows_text(rows, node->zone);
    rows_none(rows);
    rows_text(rows, node->link);
    rows_text(rows, node->status == 0 ? STR("up") : STR("lost"));
    rows_none(rows);
    if (digest.len > 0) {
        rows_flag(rows, node->self || str_eq(digest, root), "same", "differs");
    } else {
        rows_none(rows);
    }
    rows_none(rows);
    rows_text(rows, node->trouble);
    rows_text(rows, buf_str(&hex));
    rows_none(rows);
    buf_fini(&hex);
}

static enum ctl_exit show(struct ctl *ctl, const struct msg_node_list *nodes, struct str root)
{
    struct str rest = nodes->nodes.bytes;
    struct msg node;
    struct rows rows;

    rows_init(&rows, ctl_form(ctl), columns);
    while (msg_next(&rest, &node)) {
        if (node.type == MSG_TYPE_NODE) {
            add_from_bus(&rows, &node.as_node, root);
        }
    }
    rows_print(&rows, ctl);
    return CTL_OK;
}

/* ── as any node of the zone tells it, a reference node too ── */

static enum ctl_exit by_discovery(struct ctl *ctl)
{
    struct http_reply reply;
    json_t *root = NULL;
    enum ctl_exit outcome = http_ask(ctl, HTTP_GET, "/discovery/nodes", NULL, &reply);
    int code;

    if (outcome == CTL_OK) {
        outcome = http_judge(ctl, &reply, &root, &code);
        if (ctl_json(ctl)) {
            ctl_page(ctl, buf_str(&reply.body));
        } else if (outcome == CTL_OK) {
            struct rows rows;

            rows_init(&rows, ctl_form(ctl), document_node_columns);
            document_node_list(json_object_get(root, "data"), &rows);
            rows_print(&rows, ctl);
        }
    }
    json_decref(root);
    http_reply_fini(&reply);
    return outcome;
}

enum ctl_exit node_list(struct ctl *ctl)
{
    bool elsewhere = node_given_url(ctl) != NULL;
    enum ctl_exit outcome = elsewhere || ctl->gateway_runs ? node_find_url(ctl) : CTL_UNREACHABLE;

    if (outcome == CTL_OK && by_cluster(ctl)) {
        return CTL_OK;
    }
    return elsewhere ? by_discovery(ctl) : peers_ask(ctl, show);
}
