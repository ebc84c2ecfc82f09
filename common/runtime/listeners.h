/* The tcp listeners of an actor, kept from using up the descriptors of its process. Whoever reaches
 * a port can open connections and say nothing; libzmq (4.3.4, ipc_listener.cpp) ends the process
 * when its ipc listener finds no descriptor left, and ours for files go short before that. So
 * connections are counted, from libzmq's own events, and while there are as many as may be the
 * listeners hear no more: a filter on each drops what would open one, and what is open goes on.
 * (To unbind would end the connections too: libzmq's sessions belong to their listener.)
 */
#ifndef COMMON_RUNTIME_LISTENERS_H
#define COMMON_RUNTIME_LISTENERS_H

#include "common/base/log.h"

enum { listeners_max = 3 }; /* commands, facts, door */

struct listener {
    int fd;        /* of libzmq, while its socket is open */
    void *socket;  /* borrowed */
    void *monitor; /* owned: the events of its connections */
    uint32_t connections;
};

struct listeners {
    struct listener of[listeners_max];
    uint32_t count;
    uint32_t connections_max; /* of all together; 0: not counted */
    bool deaf;
    int64_t quiet_until_ms; /* mono: until then it is not said again */
    uint64_t deaf_total;    /* how often they were */
};

/* How many connections strangers may hold of so many descriptors: at least half of them, and all
 * but 4,096, are theirs; the loop looks once a turn, and libzmq accepts meanwhile. */
uint32_t listeners_room(uint64_t descriptors_max);

/* Binds a socket by tcp at host:port, host a name or a number without brackets, "" for all of this
 * host, and watches it until listeners_close. Errors: ERR_IO, and errno says why (EADDRINUSE,
 * EADDRNOTAVAIL, …; EINVAL: a name that stands for no address). */
enum err listeners_bind(struct listeners *self, void *context, void *socket, struct str host,
                        uint32_t port);

/* Before the sockets that were bound are closed. */
void listeners_close(struct listeners *self);

uint32_t listeners_connections(const struct listeners *self);

/* Takes what has happened since the last call, bounded; goes deaf or hears again. Once a turn, and
 * cheap when nothing happened: the monitors are polled with the other sockets. */
void listeners_step(struct listeners *self, int64_t now_ms, const struct log *log);

#endif
