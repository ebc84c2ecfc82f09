/* Calls of etcd's API, made to the store on its own socket: no gateway need be there. */
#ifndef ACTORS_CTL_STORE_ASK_H
#define ACTORS_CTL_STORE_ASK_H

#include "actors/ctl/bus.h"
#include "common/etcdapi/methods.h"

struct store_ask {
    struct bus bus;
    uint64_t boot; /* the store's */
    ProtobufCMessage *response;
};

/* Errors, said: as bus_demand. store_ask_close also after one. */
enum ctl_exit store_ask_open(struct store_ask *self, struct ctl *ctl);
void store_ask_close(struct store_ask *self);

/* The response is kept until the next call. Errors, said: as bus_demand; CTL_NEGATIVE: the store's
 * own, with etcd's text. */
enum ctl_exit store_ask(struct store_ask *self, enum etcd_method method,
                        const ProtobufCMessage *request);

#endif
