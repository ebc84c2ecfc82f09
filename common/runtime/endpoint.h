/* Where the actors of one node are. By default each binds ipc sockets in the run directory. One
 * that is configured with a tcp address (endpoints.<actor> = "host:port") binds both: commands at
 * that port and facts at the next one; a gateway with index i at port + 2 i and the one after it.
 * Who looks for an actor takes its tcp address if there is one and its run directory otherwise.
 */
#ifndef COMMON_RUNTIME_ENDPOINT_H
#define COMMON_RUNTIME_ENDPOINT_H

#include "common/config/config.h"
#include "common/runtime/outbox.h"

struct endpoint {
    const char *tcp; /* host:port, borrowed from the configuration; NULL: ipc only */
};

/* at: ACTOR_COUNT of them. */
void endpoints_from(const struct config *config, struct endpoint *at);

enum endpoint_socket { ENDPOINT_COMMANDS, ENDPOINT_FACTS };

/* How far above the configured port it is. */
uint32_t endpoint_more(uint32_t index, enum endpoint_socket socket);

/* Addresses as zmq_bind and zmq_connect take them, NUL-terminated; the caller calls buf_fini.
 * tcp: of host:port + more, both checked by the configuration. */
struct buf endpoint_ipc(const char *run_dir, enum actor_name actor, uint32_t index,
                        enum endpoint_socket socket);
struct buf endpoint_tcp(const char *host_port, uint32_t more);

/* The path of the door for nodes of the same user on this host, NUL-terminated. */
struct buf endpoint_door(const char *run_dir, enum actor_name actor);
/* Where this process runs, for telling whether a path of another's is a path here: the boot of the
 * machine, the tree of mounts, and the user. */
struct buf endpoint_place(void);

#endif
