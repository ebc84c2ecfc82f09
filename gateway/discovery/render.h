/* Instances as the API shows them. */
#ifndef GATEWAY_DISCOVERY_RENDER_H
#define GATEWAY_DISCOVERY_RENDER_H

#include "common/naming/instance.h"

/* What is printed where no metadata was ever given: fetch/all says null, all others {}. */
enum render_metadata { RENDER_METADATA_OBJECT, RENDER_METADATA_NULL };

/* Appends the instance as a JSON object, with renew_timestamp in place of its own. */
void render_instance(struct buf *to, const struct instance *instance, int64_t renew_timestamp,
                     enum render_metadata metadata);

/* The all-zero instance a renew of an unknown hostname in a known zone is answered with. */
void render_zero(struct buf *to);

/* The same object in two halves, renew_timestamp's digits missing between them.
 * Returns how many bytes the first half has. */
size_t render_halves(struct buf *to, const struct instance *instance);

/* The schedule of an app (identity_is_schedule): {"clients":{zone:{"zones":{zone:{"weight":n}}}},
 * "remark":""}. As in the reference, the remark is for those who keep it, and clients get none. */
void render_schedule(struct buf *to, const struct instance *schedule);

#endif
