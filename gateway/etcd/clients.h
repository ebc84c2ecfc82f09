/* The connections of a port, from when they are accepted: their first four bytes, what they read
 * and write, and the time they may take. Who they are is in the epoll of the port. As port.h says.
 */
#ifndef GATEWAY_ETCD_CLIENTS_H
#define GATEWAY_ETCD_CLIENTS_H

#include "gateway/etcd/port.h"

struct client;
struct clients;

/* epoll: borrowed, as what options and app point to; each connection is in it as its struct client.
 */
struct clients *clients_new(int epoll, const struct port_options *options,
                            const struct port_app *app);
void clients_destroy(struct clients **self); /* open calls are gone; they are closed */

void clients_take(struct clients *self, int fd, const struct now *now); /* fd: owned from here on */
/* What the epoll told of one; it may be gone then. */
void clients_serve(struct clients *self, struct client *it, uint32_t events, const struct now *now);
/* Once a turn, before the others: closes those whose time is over. */
void clients_turn(struct clients *self, const struct now *now);
void clients_flush(struct clients *self);           /* sends what is to be sent */
void clients_drain(struct clients *self);           /* GOAWAY to all */
void clients_forget(struct clients *self);          /* what is kept for calls to come */
int64_t clients_due_ms(const struct clients *self); /* mono ms; INT64_MAX: nothing waits */
void clients_refused(struct clients *self);         /* one that could not be accepted */
const struct port_counts *clients_counts(const struct clients *self);

#endif
