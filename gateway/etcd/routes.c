#include "gateway/etcd/routes.h"

struct row {
    struct str path;
    enum etcd_method method;
    unsigned minor;
};

static const struct row rows[] = {
#define ROUTE_ROW(path, method, minor) {{(path), sizeof(path) - 1}, ETCD_METHOD_##method, (minor)},
    JSON_ROUTE_TABLE(ROUTE_ROW)
#undef ROUTE_ROW
};

static const struct str prefixes[] = {
    {"/v3", 3},
    {"/v3beta", 7},
    {"/v3alpha", 8},
};

static enum json_route find_behind(struct str path, const struct release *release,
                                   enum etcd_method *method)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (str_eq(rows[i].path, path) && release_is_from(release, 3, rows[i].minor)) {
            *method = rows[i].method;
            return JSON_ROUTE_METHOD;
        }
    }
    return JSON_ROUTE_UNKNOWN;
}

enum json_route json_route_find(struct str path, const struct release *release,
                                enum etcd_method *method)
{
    for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
        struct str prefix = prefixes[i];

        if (str_eq(path, prefix)) {
            return JSON_ROUTE_BARE;
        }
        if (str_starts(path, prefix) && path.data[prefix.len] == '/') {
            return find_behind((struct str){path.data + prefix.len, path.len - prefix.len}, release,
                               method);
        }
    }
    return JSON_ROUTE_OTHER;
}
