/* Asking an actor on its commands socket. */
#ifndef ACTORS_CTL_BUS_H
#define ACTORS_CTL_BUS_H

#include "actors/ctl/ctl.h"
#include "common/runtime/endpoint.h"
#include "common/wire/codec.h"

/* Of czmq.h, which is left to those who call it: it brings syslog.h, whose names are ours too. */
typedef struct _zsock_t zsock_t;
typedef struct _zpoller_t zpoller_t;

struct bus {
    struct ctl *ctl; /* borrowed */
    zsock_t *dealer;
    zsock_t *monitor; /* tells connected from refused */
    zpoller_t *poller;
    bool connected;
    uint64_t id;       /* of the last command */
    struct buf answer; /* the frame that came last */
    size_t read;       /* so much of it is looked at */
};

/* actor: "registry", "gateway" (the first), "gateway.2"; with --endpoint it is not looked at.
 * Errors, said on ctl->err: CTL_USAGE (no actor of that name), CTL_UNREACHABLE. */
enum ctl_exit bus_open(struct bus *self, struct ctl *ctl, const char *actor);
void bus_close(struct bus *self);

/* Stamps the id (the first field of every command), sends, waits for the answer that carries it
 * back, which is borrowed until the next call. Says nothing.
 * CTL_UNREACHABLE: nobody is there; CTL_TIMED_OUT: somebody is and does not answer. */
enum ctl_exit bus_ask(struct bus *self, struct msg *command, struct msg *answer);
/* The same, and says why when there is no answer of type want; a RESULT instead of it is
 * CTL_NEGATIVE. */
enum ctl_exit bus_demand(struct bus *self, const char *actor, struct msg *command,
                         enum msg_type want, struct msg *answer);

/* As bus_demand, for what else comes under the last command's id; command goes under it too. */
enum ctl_exit bus_go_on(struct bus *self, const char *actor, struct msg *command,
                        enum msg_type want, struct msg *answer);

/* What a process that uses sockets begins with: czmq leaves signals as they are. */
void bus_begin(void);

/* A new socket; the caller destroys it. NULL, said: too few descriptors are left. (czmq ends the
 * process then, and libzmq needs some of its own with the first one.) */
zsock_t *bus_socket(const struct ctl *ctl, int type);

/* Connects socket to the actor's: at --endpoint; else in the run directory, if it is there; else at
 * endpoints.* of the configuration, if it has one. By tcp with the keys of --keys, or else of
 * peers.keys, if there are. Errors, said: as bus_open. */
enum ctl_exit bus_connect(const struct ctl *ctl, zsock_t *socket, const char *actor,
                          enum endpoint_socket which);

#endif
