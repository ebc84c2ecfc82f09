/* Whose a directory is, and who may change what stands in it or on the way to it. */
#ifndef COMMON_BASE_PLACE_H
#define COMMON_BASE_PLACE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/base/str.h"

/* Whether nobody else decides what path leads to: every link and every directory on the way is ours
 * or root's, and no directory can be written by all, unless it is sticky, as /tmp is. The owner of
 * a directory above our own program is trusted as we are: he could replace the program. What does
 * not exist yet is fine. Errors: ERR_INVALID, with what is wrong and the remedy in why. */
enum err place_check_way(const char *path, struct buf *why);

/* The same, and the directory at its end is this user's own and nobody else may write to it.
 * Errors: ERR_INVALID, ERR_IO: it can't be looked at. */
enum err place_check_own(const char *path, struct buf *why);

/* "alice (uid 1000)". */
void place_user(struct buf *to, uid_t uid);

#endif
