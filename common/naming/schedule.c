#include "common/naming/schedule.h"

#include "common/naming/limits.h"

int weight_cmp(const struct weight *a, const struct weight *b)
{
    int order = str_cmp(a->client, b->client);

    return order != 0 ? order : str_cmp(a->zone, b->zone);
}

bool schedule_is_sound(const struct instance *instance)
{
    struct str rest = instance->addrs.bytes;
    struct str client;
    struct str zone;
    struct str digits;
    struct weight last = {0};
    uint32_t weight;

    while (strs_next(&rest, &client)) {
        struct weight it = {.client = client};

        if (!strs_next(&rest, &zone) || !strs_next(&rest, &digits) || !name_fits(client) ||
            !name_fits(zone) || str_to_u32(digits, &weight) != ERR_OK ||
            weight > schedule_weight_max || (digits.len > 1 && digits.data[0] == '0')) {
            return false;
        }
        it.zone = zone;
        if (weight_cmp(&last, &it) >= 0) {
            return false;
        }
        last = it;
    }
    return instance->addrs.count <= 3 * schedule_weights_max &&
           instance->addrs.bytes.len <= schedule_bytes_max &&
           instance->version.len <= schedule_remark_max && instance->region.len == 0 &&
           instance->metadata.count == 0 && instance->status == STATUS_UP;
}
