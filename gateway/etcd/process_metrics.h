/* process_* and os_fd_* of /metrics: of this process, as the kernel tells them. */
#ifndef GATEWAY_ETCD_PROCESS_METRICS_H
#define GATEWAY_ETCD_PROCESS_METRICS_H

#include "common/base/str.h"

/* Appends them in Prometheus' text form; what the kernel does not tell is left out. */
void process_metrics_print(struct buf *to);

#endif
