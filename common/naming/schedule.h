/* A schedule, how clients of an app are spread over zones, in the form it is held in: an entry with
 * neither zone nor hostname (identity_is_schedule), whose addrs are client, zone and weight of
 * each, in order.
 */
#ifndef COMMON_NAMING_SCHEDULE_H
#define COMMON_NAMING_SCHEDULE_H

#include "common/naming/instance.h"

/* In that form it must fit into one fact. */
enum {
    schedule_weights_max = 1024,
    schedule_weight_max = 1000000,
    schedule_remark_max = 512,
    schedule_bytes_max = 48 * 1024,
};

struct weight {
    struct str client;
    struct str zone;
    uint32_t weight;
};

int weight_cmp(const struct weight *a, const struct weight *b); /* by client, then zone */

/* Whether a node could have made it. */
bool schedule_is_sound(const struct instance *instance);

#endif
