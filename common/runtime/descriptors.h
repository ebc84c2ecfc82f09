/* How many descriptors this process has, and may have. */
#ifndef COMMON_RUNTIME_DESCRIPTORS_H
#define COMMON_RUNTIME_DESCRIPTORS_H

#include <stdint.h>

/* Takes microseconds where the kernel tells it (from 6.2 on), and a few ms of a process with tens
 * of thousands elsewhere. */
uint64_t descriptors_open(void);
uint64_t descriptors_max(void); /* the soft limit */

#endif
