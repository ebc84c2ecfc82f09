/* What files of a registry's history have in common: the number of their format, and how those are
 * called that hold changes in order.
 */
#ifndef COMMON_JOURNAL_HEAD_H
#define COMMON_JOURNAL_HEAD_H

#include <stdint.h>

enum { head_format = 1 };

/* Greatest seq a file may speak of: leaves room to count on. */
static const uint64_t seq_max = (uint64_t)1 << 62;

/* Of a segment, around the seq that it begins with (numbered.h). */
#define SEGMENT_PREFIX "journal-"
#define SEGMENT_SUFFIX ".log"
#define SEGMENT_UNFINISHED ".tmp"

#endif
