/* One client port for gRPC and HTTP/1.1: it takes connections, looks at their first four bytes,
 * keeps those that speak HTTP/2 ("PRI ", with prior knowledge, as every etcd client does) and hands
 * the others on.
 *
 *   listener ──► PEEKING ──"PRI "──► h2: read, calls, written in the turn's end
 *                   └──────other──► http1 (struct port_app)
 *
 * A guest of the actor's loop: one epoll for all. Bounded: connections, the time to say the first
 * four bytes, bytes that wait for a client that does not read (it is not read from until it does),
 * and the time that one may take nothing of what it has asked for: then it is closed. Who serves
 * streams in which both sides speak bounds those himself.
 */
#ifndef GATEWAY_ETCD_PORT_H
#define GATEWAY_ETCD_PORT_H

#include "common/base/clock.h"
#include "common/base/log.h"
#include "gateway/etcd/h2.h"

struct port;

struct port_options {
    const char *section; /* of the configuration: messages for people name its key listen; static */
    const char *listen;  /* host:port; port 0: any free one */
    bool reuse_port;     /* several processes on one port */
    uint32_t connections_max;
    struct h2_options h2;
    struct log *log;
};

struct port_app {
    struct rpc_server calls;
    /* A connection that speaks no HTTP/2, nothing of it read. Takes fd. */
    void (*http1)(void *state, int fd, const struct now *now);
    void *state;
};

/* options' texts, log and what app points to: borrowed. Errors: ERR_INVALID (listen), ERR_IO (said
 * on the log). */
enum err port_new(struct port **self, const struct port_options *options,
                  const struct port_app *app);
void port_destroy(struct port **self); /* open calls are gone; connections are closed */
/* Begins to listen, also again after port_drain, at the same address. Errors: ERR_IO (said on the
 * log). */
enum err port_listen(struct port *self);
/* GOAWAY to all, and nobody new: its socket is closed. */
void port_drain(struct port *self);

int port_fd(const struct port *self); /* epoll descriptor, for the loop */
uint16_t port_number(const struct port *self);
/* Takes what has come. Bounded: true: more is waiting. */
bool port_turn(struct port *self, const struct now *now);
/* Sends what is to be sent; after the turn's answers. */
void port_flush(struct port *self);
int64_t port_due_ms(const struct port *self); /* mono ms; INT64_MAX: nothing waits */

struct port_counts {
    uint64_t connections; /* HTTP/2, or not known yet */
    uint64_t connections_max;
    uint64_t accepted_total;
    uint64_t refused_total; /* no place or no descriptor was left, or silent */
    uint64_t stuck_total;   /* closed: they took nothing of what waited for them */
    uint64_t bytes_in_total;
    uint64_t bytes_out_total;
    uint64_t waiting_bytes; /* for clients that don't read */
};
void port_forget(struct port *self); /* gives back what is kept for calls to come */
void port_counts(const struct port *self, struct port_counts *counts);

#endif
