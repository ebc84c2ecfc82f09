#include "common/base/json.h"
#include "gateway/discovery/app_query.h"
#include "gateway/discovery/gateway.h"
#include "gateway/discovery/replica.h"

static void add_node(struct buf *to, const struct replica_node *node)
{
    buf_add_str(to, to->data[to->len - 1] == '[' ? STR("{\"addr\":") : STR(",{\"addr\":"));
    json_quote(to, node->addr);
    buf_printf(to, ",\"status\":%u,\"zone\":", (unsigned)node->status);
    json_quote(to, node->zone);
}

/* For other nodes: who answers here, whatever address it was found by. */
static void add_identity(const struct gateway *self, struct buf *to,
                         const struct replica_node *node)
{
    buf_add_str(to, STR(",\"name\":"));
    json_quote(to, str_from(self->config->node_name));
    buf_add_str(to, STR(",\"node\":"));
    json_quote(to, node->node_id);
}

/* The nodes of this node's zone; itself alone until the replicator has spoken. */
void serve_nodes(struct gateway *self, struct request *request, const struct now *now)
{
    struct str own_zone = str_from(self->config->node_zone);
    const struct replica_node alone = {
        .addr = str_from(self->config->gateway_advertise), .zone = own_zone, .self = true};
    bool identity = params_has(request_params(request), STR("identity"));
    const struct replica_node *nodes;
    struct buf body = {0};
    size_t count = 0;

    nodes = replica_nodes(self->replica, &count);
    request_room(request, &body);
    answer_open(&body, ERR_OK);
    buf_add_char(&body, '[');
    if (count == 0) {
        nodes = &alone;
        count = 1;
    }
    for (size_t i = 0; i < count; i++) {
        if (str_eq(nodes[i].zone, own_zone)) {
            add_node(&body, &nodes[i]);
            if (identity && nodes[i].self) {
                add_identity(self, &body, &nodes[i]);
            }
            buf_add_char(&body, '}');
        }
    }
    buf_add_str(&body, STR("]}"));
    app_query_answer_body(self, request, 0, &body, now);
}
