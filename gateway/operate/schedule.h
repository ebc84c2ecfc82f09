/* The schedule of an app as a description shows it. */
#ifndef GATEWAY_OPERATE_SCHEDULE_H
#define GATEWAY_OPERATE_SCHEDULE_H

#include "common/naming/registry.h"

/* Bytes of the weights: in a list of schedules, and beside all else that is told of an app. */
enum { schedule_print_max = 64000, schedule_part_max = 16000 };

/* "clients":{zone:{zone:weight}},"remark":"…","changed":time of an app that may have gone
 * (REGISTRY_NONE) or have none: then all null. One whose weights take more than max bytes is told
 * by its size: "clients":null,"weights":n. */
void schedule_print(struct buf *to, const struct registry *registry, uint32_t app, size_t max);

#endif
