#include "gateway/operate/routes.h"

#include "gateway/operate/state.h"

#define TAKES(name) (1U << OPERATE_##name)

// clang-format off
const struct operate_route operate_routes[] = {
    {"/", "GET", 0, OPERATE_LIGHT | OPERATE_PAGE, operate_front,
     "what this is and where to look"},
    {"/openapi.json", "GET", 0, OPERATE_LIGHT | OPERATE_PAGE, operate_openapi,
     "this description"},
    {"/muster/v1/status", "GET", 0, OPERATE_LIGHT, operate_status,
     "is it us? the verdict, its checks and the numbers behind"},
    {"/muster/v1/actors", "GET", TAKES(LIMIT) | TAKES(AFTER), OPERATE_LIGHT, operate_actors,
     "every process of this node: its state, counters and sizes"},
    {"/muster/v1/cluster", "GET", TAKES(LIMIT) | TAKES(AFTER), 0, operate_cluster,
     "every node: how it is reached, and whether it holds the same"},
    {"/muster/v1/apps", "GET",
     TAKES(LIMIT) | TAKES(AFTER) | TAKES(ENV) | TAKES(Q) | TAKES(SORT), 0, operate_apps,
     "apps, and how many instances each has of which kind"},
    {"/muster/v1/apps/{env}/{appid}", "GET",
     TAKES(LIMIT) | TAKES(AFTER) | TAKES(ZONE) | TAKES(Q), 0, operate_app,
     "an app: its instances, its schedule, and who waits for news of it"},
    {"/muster/v1/pollers", "GET",
     TAKES(LIMIT) | TAKES(AFTER) | TAKES(ENV) | TAKES(APPID), 0, operate_pollers,
     "polls that wait for news, of this gateway"},
    {"/muster/v1/schedules", "GET", TAKES(LIMIT) | TAKES(AFTER) | TAKES(ENV) | TAKES(Q), 0,
     operate_schedules, "apps with a schedule, and their weights of zones"},
    {"/muster/v1/events", "GET", TAKES(KINDS) | TAKES(ENV) | TAKES(APPID) | TAKES(LAST), OPERATE_STREAM,
     operate_events, "what happens, as Server-Sent Events"},
    {"/muster/v1/logs", "GET", TAKES(LEVEL) | TAKES(ACTOR) | TAKES(SINCE), OPERATE_STREAM, operate_logs,
     "what all actors log, as Server-Sent Events"},
    {"/muster/v1/config", "GET", 0, OPERATE_LIGHT, operate_config,
     "every setting in force, and where it is from"},
};
// clang-format on

const size_t operate_route_count = sizeof(operate_routes) / sizeof(operate_routes[0]);
