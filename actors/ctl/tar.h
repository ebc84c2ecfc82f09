/* Writes a tar archive (POSIX ustar), file by file. */
#ifndef ACTORS_CTL_TAR_H
#define ACTORS_CTL_TAR_H

#include "common/base/str.h"

/* name: at most 99 bytes. mode 0600. */
void tar_add(struct buf *to, const char *name, int64_t wall_ns, struct str content);
void tar_end(struct buf *to);

#endif
