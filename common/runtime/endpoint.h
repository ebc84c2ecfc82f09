/* Where the actors of one node are. By default each binds ipc sockets in the run directory. One
 * that is configured with a tcp address (endpoints.<actor> = "host:port") binds both: commands at
 * that port and facts at the next one; a gateway with index i at port + 2 i and the one after it.
 * Who looks for an actor takes its tcp address if there is one and its run directory otherwise.
 */
#ifndef COMMON_RUNTIME_ENDPOINT_H
#define COMMON_RUNTIME_ENDPOINT_H

#include "common/runtime/config.h"
#include "common/runtime/outbox.h"

struct endpoint {
    const char *tcp; /* host:port, borrowed from the configuration; NULL: ipc only */
};

/* at: ACTOR_COUNT of them. */
void endpoints_from(const struct config *config, struct endpoint *at);

enum endpoint_socket { ENDPOINT_COMMANDS, ENDPOINT_FACTS };

/* The address as zmq_bind and zmq_connect take it, NUL-terminated; the caller calls buf_fini. */
struct buf endpoint_ipc(const char *run_dir, enum actor_name actor, uint32_t index,
                        enum endpoint_socket socket);
struct buf endpoint_tcp(const struct endpoint *at, enum actor_name actor, uint32_t index,
                        enum endpoint_socket socket);

#endif
