#include "common/naming/limits.h"

#include "common/naming/instance.h"

bool name_fits(struct str name)
{
    return name.len > 0 && name.len <= limit_name_bytes;
}

bool names_fit(const struct identity *id)
{
    return name_fits(id->env) && name_fits(id->appid) &&
           (identity_is_schedule(id) || (name_fits(id->zone) && name_fits(id->hostname)));
}

static bool addrs_fit(struct strs addrs)
{
    struct str rest = addrs.bytes;
    struct str addr;

    if (addrs.count == 0 || addrs.count > limit_addrs) {
        return false;
    }
    while (strs_next(&rest, &addr)) {
        if (addr.len > limit_addr_bytes) {
            return false;
        }
    }
    return true;
}

const char *instance_misfit(const struct instance *instance)
{
    if (instance->status != STATUS_UP && instance->status != STATUS_WAITING) {
        return "status must be 1 (up) or 2 (waiting)";
    }
    if (!addrs_fit(instance->addrs)) {
        return "addrs must be 1 to 64 addresses of at most 512 bytes";
    }
    if (instance->region.len > limit_name_bytes || instance->version.len > limit_version_bytes) {
        return "region may have at most 255 bytes, version 512";
    }
    return NULL;
}
