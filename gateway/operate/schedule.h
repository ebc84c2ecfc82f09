/* The schedule of an app as a description shows it. */
#ifndef GATEWAY_OPERATE_SCHEDULE_H
#define GATEWAY_OPERATE_SCHEDULE_H

#include "common/naming/registry.h"

/* "clients":{zone:{zone:weight}},"remark":"…","changed":time of an app that may have gone
 * (REGISTRY_NONE) or have none: then all null. One that is larger than a page bears is told by its
 * size: "clients":null,"weights":n. */
void schedule_print(struct buf *to, const struct registry *registry, uint32_t app);

#endif
