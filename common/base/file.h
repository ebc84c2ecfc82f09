/* Files that are read whole. */
#ifndef COMMON_BASE_FILE_H
#define COMMON_BASE_FILE_H

#include "common/base/str.h"

/* Appends what the file holds, but at most max + 1 bytes: when more than max were appended, the
 * file is too large. Errors: ERR_IO, errno says why; what was read until then stays appended. */
enum err file_read(const char *path, size_t max, struct buf *to);
/* The same of an open file, from its present offset on. */
enum err file_read_open(int fd, size_t max, struct buf *to);

#endif
