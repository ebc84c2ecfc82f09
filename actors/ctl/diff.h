/* What has become of something, in one line: "status up → waiting, weight 10 → 20". */
#ifndef ACTORS_CTL_DIFF_H
#define ACTORS_CTL_DIFF_H

#include <jansson.h>

#include "common/base/str.h"

/* Appends what differs, member by member; both borrowed. What is not interesting of itself is
 * passed over: times, positions. before NULL: it is not known; what there is, is told. after NULL
 * or null: it is gone. Members of an array are told apart by addr, name or hostname, where they
 * have one. At most diff_members_max differences, then "…". */
enum { diff_members_max = 12, diff_value_bytes_max = 120 };
void diff_print(const json_t *before, const json_t *after, struct buf *to);

#endif
