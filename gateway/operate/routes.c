#include "gateway/operate/routes.h"

#include "gateway/operate/state.h"

#define TAKES(name) (1U << OPERATE_##name)

// clang-format off
static const struct operate_route routes[] = {
    {"/", "GET", 0, OPERATE_LIGHT | OPERATE_PAGE, operate_front,
     "what this is and where to look"},
    {"/openapi.json", "GET", 0, OPERATE_LIGHT | OPERATE_PAGE, operate_openapi,
     "this description"},
    {"/muster/v1/config", "GET", 0, OPERATE_LIGHT, operate_config,
     "every setting in force, and where it is from"},
};
// clang-format on

size_t operate_route_count(void)
{
    return sizeof(routes) / sizeof(routes[0]);
}

const struct operate_route *operate_route_at(size_t i)
{
    return &routes[i];
}
