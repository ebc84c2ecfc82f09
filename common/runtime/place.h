/* The directory a node lives in: whose it is, and which processes live in it.
 *
 * What it is called says little: a link, "//", "..", a relative path lead to the same one. It is
 * its device and inode. And what lies in D/run may have been swept: a process is an actor of D as
 * long as it holds the lock of that name, be its file there or gone.
 */
#ifndef COMMON_RUNTIME_PLACE_H
#define COMMON_RUNTIME_PLACE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/base/str.h"

/* Whether nobody else decides what path leads to: every link on the way is ours or root's, and
 * every directory on the way is too and can't be written by all, unless it is sticky, as /tmp is.
 * Ours is also what belongs to who owns a directory above our own program: he could as well replace
 * it. What is not there yet is well. Errors: ERR_INVALID, with what is wrong and the remedy in why.
 */
enum err place_check_way(const char *path, struct buf *why);

/* The same, and the directory at its end is this user's own and nobody else may write to it.
 * Errors: ERR_INVALID, ERR_IO: it can't be looked at. */
enum err place_check_own(const char *path, struct buf *why);

/* "alice (uid 1000)". */
void place_user(struct buf *to, uid_t uid);

enum { place_name_bytes = 32, place_actors_max = 128 };

/* A process that holds a lock of the directory. */
struct place_actor {
    char name[place_name_bytes]; /* registry, gateway.0, launcher, … */
    int64_t pid;
};

struct place_actors {
    struct place_actor items[place_actors_max];
    size_t count;
};

/* Those of other users are found by root only. Errors: ERR_NOT_FOUND: no such directory;
 * ERR_IO with errno set: it can't be looked at. */
enum err place_scan(const char *dir, struct place_actors *to);

/* Of one of the name that is not pid but; 0: none. */
int64_t place_pid_of(const struct place_actors *actors, const char *name, int64_t but);

#endif
