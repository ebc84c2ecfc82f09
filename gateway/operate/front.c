/* GET /: for who has the address and nothing else. */
#include "gateway/operate/answer.h"
#include "gateway/operate/state.h"

static const char page[] =
    "<!DOCTYPE html>\n"
    "<html lang=\"en\"><head><meta charset=\"utf-8\"><title>muster</title>\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"></head><body>\n"
    "<h1>muster</h1>\n"
    "<p>A service registry: this is a node of version " MUSTER_VERSION
    ", for clients of bilibili/discovery's API.</p>\n"
    "<table>\n"
    "<tr><td><a href=\"/ui/\">/ui/</a></td><td>the dashboard: is it us?</td></tr>\n"
    "<tr><td><a href=\"/muster/v1/status\">/muster/v1/status</a></td>"
    "<td>how this node is, in one sentence and in numbers</td></tr>\n"
    "<tr><td><a href=\"/openapi.json\">/openapi.json</a></td>"
    "<td>every endpoint and its parameters</td></tr>\n"
    "<tr><td><a href=\"/readyz?verbose\">/readyz?verbose</a></td>"
    "<td>for probes, part by part; /livez beside it</td></tr>\n"
    "<tr><td><a href=\"/metrics\">/metrics</a></td><td>for Prometheus</td></tr>\n"
    "<tr><td>/discovery/…</td><td>for clients: register, renew, fetch, polls</td></tr>\n"
    "<tr><td>docs/</td><td>in the source: api.md is about /muster/v1, operations.md about the "
    "rest</td></tr>\n"
    "</table>\n"
    "<p>On a shell: <code>musterctl status</code>, <code>musterctl --help</code>.</p>\n"
    "</body></html>\n";

void operate_front(struct operate *self, const struct operate_ask *ask)
{
    struct buf body = {0};

    (void)self;
    buf_add_str(&body, STR(page));
    operate_answer_page(ask->request, "text/html; charset=utf-8", &body);
}
