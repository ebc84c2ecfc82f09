/* Which processes live in a node's directory.
 *
 * What it is called says little: a link, "//", "..", a relative path lead to the same one. It is
 * its device and inode. And what lies in D/run may have been swept: a process is an actor of D as
 * long as it holds the lock of that name, be its file there or gone.
 */
#ifndef COMMON_RUNTIME_PLACE_SCAN_H
#define COMMON_RUNTIME_PLACE_SCAN_H

#include "common/base/str.h"

enum { place_name_bytes = 32, place_actors_max = 160 };

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
