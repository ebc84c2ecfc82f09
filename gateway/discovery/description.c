#include "gateway/discovery/description.h"

#include "gateway/operate/operate.h"

#define READ_APPS "env! appid!+ zone hostname! format"
#define WRITE_ONE "zone! env! appid! hostname!"

// clang-format off
static const struct operate_foreign rows[] = {
    {"/discovery/register", false, true, WRITE_ONE " addrs!+ status! region version metadata dirty_timestamp latest_timestamp replication from_zone",
     "an instance is there"},
    {"/discovery/renew", false, true, WRITE_ONE " dirty_timestamp replication from_zone",
     "it still is: a heartbeat, every 30 s"},
    {"/discovery/cancel", false, true, WRITE_ONE " latest_timestamp replication from_zone",
     "it goes"},
    {"/discovery/set", false, true, "zone! env! appid! hostname!+ status+ metadata+ set_timestamp replication from_zone",
     "status or metadata of instances"},
    {"/discovery/fetch", true, false, "env! appid! zone status! format",
     "instances of an app"},
    {"/discovery/fetchs", true, true, "env! appid!+ zone status! format",
     "of several"},
    {"/discovery/fetch/all", true, false, "",
     "every instance of every env"},
    {"/discovery/poll", true, false, READ_APPS " latest_timestamp+",
     "waits for news of one app"},
    {"/discovery/polls", true, true, READ_APPS " latest_timestamp!+ delta position",
     "waits for news of any of them"},
    {"/discovery/nodes", true, false, "identity",
     "the nodes of this zone"},
    {"/discovery/stream", true, false, "env! appid!+ zone",
     "changes as Server-Sent Events"},
    {"/livez", true, false, "verbose", "this process answers"},
    {"/readyz", true, false, "verbose", "it can serve; 503 and why if not"},
    {"/metrics", true, false, "", "of every actor, for Prometheus"},
    {"/ui", true, false, "", "leads to the dashboard"},
    {"/ui/", true, false, "", "the dashboard, and the files it is made of"},
};
// clang-format on

enum { pairs_max = 16 };

struct operate *description_new(struct gateway *gateway)
{
    const struct operate_view view = {
        .config = gateway->config,
        .http = gateway->http,
        .foreign = rows,
        .foreign_count = sizeof(rows) / sizeof(rows[0]),
    };

    return operate_new(&view);
}

bool description_serve(struct gateway *self, struct request *request, const struct now *now)
{
    const struct params *params = request_params(request);
    struct operate_pair pairs[pairs_max];
    size_t count = params->count < pairs_max ? params->count : pairs_max;

    if (!operate_owns(request_path(request))) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        pairs[i] = (struct operate_pair){params->items[i].name, params->items[i].value};
    }
    operate_serve(self->operate, request, pairs, count, now, self->out);
    return true;
}
