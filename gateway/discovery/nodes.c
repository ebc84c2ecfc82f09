#include "common/base/json.h"
#include "gateway/discovery/gateway.h"
#include "gateway/discovery/query.h"
#include "gateway/discovery/replica.h"

static void add_node(struct buf *to, struct str addr, uint32_t status, struct str zone)
{
    buf_add_str(to, to->data[to->len - 1] == '[' ? STR("{\"addr\":") : STR(",{\"addr\":"));
    json_quote(to, addr);
    buf_printf(to, ",\"status\":%u,\"zone\":", (unsigned)status);
    json_quote(to, zone);
    buf_add_char(to, '}');
}

/* The nodes of this node's zone; itself alone until the replicator has spoken. */
void serve_nodes(struct gateway *self, struct request *request, const struct now *now)
{
    struct str own_zone = str_from(self->config->node_zone);
    const struct replica_node *nodes;
    struct buf body = {0};
    size_t count = 0;

    nodes = replica_nodes(self->replica, &count);
    answer_open(&body, ERR_OK);
    buf_add_char(&body, '[');
    for (size_t i = 0; i < count; i++) {
        if (str_eq(nodes[i].zone, own_zone)) {
            add_node(&body, nodes[i].addr, nodes[i].status, nodes[i].zone);
        }
    }
    if (count == 0) {
        add_node(&body, str_from(self->config->gateway_advertise), 0, own_zone);
    }
    buf_add_str(&body, STR("]}"));
    query_answer_body(self, request, 0, &body, now);
}
