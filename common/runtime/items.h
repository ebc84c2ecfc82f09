/* What an actor's loop sleeps for: its two sockets, signals, guests, the links to other actors, and
 * what comes from other nodes.
 *
 *   commands facts signals │ guests │ dealer and sub of each link │ guard door monitors │ ways
 *
 * Asked after items_sleep, each is as it was then.
 */
#ifndef COMMON_RUNTIME_ITEMS_H
#define COMMON_RUNTIME_ITEMS_H

#include "common/runtime/sockets.h"
#include "common/runtime/wait.h"

struct items {
    const struct actor_options *options; /* borrowed */
    struct sockets *sockets;             /* borrowed */
    zmq_pollitem_t *of;                  /* owned */
    struct wait wait;
};

void items_init(struct items *self, const struct actor_options *options, struct sockets *sockets);
void items_fini(struct items *self);

/* The sockets are open. */
void items_lay_out(struct items *self, int signal_fd);
/* The tcp door has been bound since. */
void items_lay_out_door(struct items *self);

/* Until one of them has something, for so long at most; 0: only looks. */
void items_sleep(struct items *self, int64_t wait_ms);

bool items_commands(const struct items *self);
bool items_facts(const struct items *self); /* subscriptions to ours */
bool items_signals(const struct items *self);
bool items_guest(const struct items *self, size_t at);
bool items_link_opened(const struct items *self, size_t at); /* it was blocked */
bool items_answers(const struct items *self, size_t at);     /* of a link */
bool items_link_facts(const struct items *self, size_t at);
bool items_guard(const struct items *self);
bool items_door(const struct items *self);
bool items_way(const struct items *self, uint32_t at); /* in the order of peer_sockets.numbers */

#endif
