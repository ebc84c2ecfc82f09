/* The schedule of an app as it stands in a file, the reference's form:
 *
 *   {"app_id": "demo.hello", "env": "prod", "remark": "half to the new site",
 *    "clients": {"sh001": {"zones": {"sh001": {"weight": 1}, "sh002": {"weight": 1}}}}}
 *
 * remark may be left out; keys not known are passed over.
 */
#ifndef COMMON_NAMING_SCHEDULE_FILE_H
#define COMMON_NAMING_SCHEDULE_FILE_H

#include "common/naming/instance.h"
#include "common/wire/codec.h"

enum { schedule_file_bytes_max = 1024 * 1024 };

/* Fills in env, appid, weights and remark of out, which borrow from store (emptied first). What the
 * registry decides about (lengths, how many) is not looked at. Errors: ERR_INVALID, "line N: " and
 * what is wrong appended to why; out is untouched. */
enum err schedule_file_read(struct str text, struct buf *store, struct msg_schedule *out,
                            struct buf *why);

/* The same file, in order of names, of an entry that holds a schedule (identity_is_schedule). */
void schedule_file_write(const struct instance *schedule, struct buf *to);

#endif
