/* One process a place: the lock and the pid file of an actor in its run directory. */
#ifndef COMMON_RUNTIME_LOCK_H
#define COMMON_RUNTIME_LOCK_H

#include "common/base/log.h"

struct run_lock {
    int fd; /* -1: not held */
};

/* Takes <run_dir>/<name>.lock and writes our pid into it; the kernel lets go of it
 * when we end, however that happens. The file stays. Errors, said on the log:
 * ERR_BUSY (with the holder's pid), ERR_UNUSABLE, ERR_IO. */
enum err run_lock_take(struct run_lock *self, const char *run_dir, const char *name,
                       const struct log *log);
void run_lock_release(struct run_lock *self);

/* <run_dir>/<name>.pid: whole from the moment it is there. Where its disk has no room there is
 * none, which is said on the log: who holds the lock is known without it. Errors, said on the log:
 * ERR_UNUSABLE. */
enum err run_pid_write(const char *run_dir, const char *name, const struct log *log);
void run_pid_remove(const char *run_dir, const char *name);

#endif
