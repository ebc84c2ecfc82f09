/* Debian's etcd-server as a child, in a directory of its own. */
#ifndef TESTS_STORE_MVCC_AGAINST_ETCD_ETCD_H
#define TESTS_STORE_MVCC_AGAINST_ETCD_ETCD_H

#include <sys/types.h>

#include "tests/store/mvcc/against_etcd/grpc.h"

struct etcd {
    char directory[64];
    uint16_t port, peer_port;
    pid_t pid;
    struct grpc *grpc;
};

/* False: it does not come up. */
bool etcd_start(struct etcd *self);   /* a new directory */
bool etcd_restart(struct etcd *self); /* the same */
void etcd_stop(struct etcd *self);    /* and the directory is gone */

#endif
