/* A file that one process at a time holds. The kernel's lock decides, and lets go when its holder
 * ends, however that happens; the pid in the file is for the one who is refused. The file stays.
 */
#ifndef COMMON_BASE_LOCK_FILE_H
#define COMMON_BASE_LOCK_FILE_H

#include <stdbool.h>
#include <stdint.h>

/* A descriptor, which holds it until it is closed; or -errno. -EWOULDBLOCK: another process has it,
 * *holder is its pid, 0 when the file does not say. */
int lock_file_take(const char *path, int64_t *holder);

/* Our pid and a line feed, and nothing else, into an open file. False: errno says why. */
bool pid_write(int fd);

#endif
