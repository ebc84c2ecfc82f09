/* Files that are read whole. */
#ifndef COMMON_BASE_FILE_H
#define COMMON_BASE_FILE_H

#include "common/base/str.h"

/* Appends what a file holds, max bytes of it and one more at the most: who has more than max in the
 * end has met a file that is too large. Errors: ERR_IO, errno says why; what was read stays. */
enum err file_read(const char *path, size_t max, struct buf *to);
/* The same of one that is open, from where it stands. */
enum err file_read_open(int fd, size_t max, struct buf *to);

#endif
