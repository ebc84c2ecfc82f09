#include "common/runtime/items.h"

#include <stdlib.h>

#include "common/base/heap.h"

enum { ITEM_COMMANDS, ITEM_FACTS, ITEM_SIGNALS, ITEM_GUESTS };
enum {
    ITEM_GUARD,
    ITEM_DOOR,
    ITEM_LISTENERS,
    ITEM_WAYS = ITEM_LISTENERS + listeners_max
}; /* behind those of the links */

static zmq_pollitem_t *link_items(const struct items *self, size_t at)
{
    return &self->of[ITEM_GUESTS + self->options->guest_count + 2 * at];
}

static zmq_pollitem_t *other_items(const struct items *self)
{
    return link_items(self, self->options->link_count);
}

static size_t items_max(const struct actor_options *options)
{
    return ITEM_GUESTS + options->guest_count + 2 * options->link_count + ITEM_WAYS +
           outbox_peers_max;
}

void items_init(struct items *self, const struct actor_options *options, struct sockets *sockets)
{
    *self = (struct items){.options = options, .sockets = sockets};
    self->of = heap_array(items_max(options), sizeof(*self->of));
    wait_init(&self->wait, items_max(options));
}

void items_fini(struct items *self)
{
    wait_fini(&self->wait);
    free(self->of);
}

/* Without a socket: an item that poll(2) passes over. */
static zmq_pollitem_t item_of(void *socket)
{
    return (zmq_pollitem_t){.socket = socket, .fd = -1, .events = ZMQ_POLLIN};
}

static zmq_pollitem_t item_of_fd(int fd)
{
    return (zmq_pollitem_t){.fd = fd, .events = ZMQ_POLLIN};
}

void items_lay_out(struct items *self, int signal_fd)
{
    const struct actor_options *options = self->options;

    self->of[ITEM_COMMANDS] = item_of(self->sockets->commands);
    self->of[ITEM_FACTS] = item_of(self->sockets->facts);
    self->of[ITEM_SIGNALS] = item_of_fd(signal_fd);
    for (size_t i = 0; i < options->guest_count; i++) {
        self->of[ITEM_GUESTS + i] = item_of_fd(options->guests[i].fd);
    }
    for (size_t i = 0; i < options->link_count; i++) {
        zmq_pollitem_t *items = link_items(self, i);

        items[0] = item_of(self->sockets->links[i].dealer);
        items[1] = item_of(self->sockets->links[i].sub);
    }
    items_lay_out_door(self);
}

void items_lay_out_door(struct items *self)
{
    const struct socket_base *base = &self->sockets->base;
    zmq_pollitem_t *items = other_items(self);

    items[ITEM_GUARD] = item_of(base->guard.socket);
    items[ITEM_DOOR] = item_of(self->sockets->peers.door);
    for (uint32_t i = 0; i < listeners_max; i++) {
        items[ITEM_LISTENERS + i] = item_of(base->listeners.of[i].monitor);
    }
}

static void lay_out_ways(struct items *self)
{
    struct peer_sockets *peers = &self->sockets->peers;
    zmq_pollitem_t *items = &other_items(self)[ITEM_WAYS];

    for (uint32_t i = 0; i < peers->count; i++) {
        items[i] = item_of(peers->ways[peers->numbers[i]].dealer);
    }
    peers->changed = false;
    wait_anew(&self->wait, (size_t)(items - self->of), items_max(self->options));
}

/* Sockets that are used past sockets.c, which marks all others: they are asked each time. */
static void use_others(struct items *self)
{
    const struct socket_base *base = &self->sockets->base;

    used_add(&self->sockets->used, base->guard.socket);
    for (uint32_t i = 0; i < listeners_max; i++) {
        used_add(&self->sockets->used, base->listeners.of[i].monitor);
    }
}

void items_sleep(struct items *self, int64_t wait_ms)
{
    for (size_t i = 0; i < self->options->link_count; i++) {
        link_items(self, i)->events =
            (short)(ZMQ_POLLIN | (self->sockets->links[i].blocked ? ZMQ_POLLOUT : 0));
    }
    if (self->sockets->peers.changed) {
        lay_out_ways(self);
    }
    use_others(self);
    wait_for(&self->wait, self->of,
             (size_t)(&other_items(self)[ITEM_WAYS] - self->of) + self->sockets->peers.count,
             wait_ms, &self->sockets->used, self->options->clock);
}

/* ── what there is ── */

static bool has_input(const zmq_pollitem_t *item)
{
    return (item->revents & ZMQ_POLLIN) != 0;
}

bool items_commands(const struct items *self)
{
    return has_input(&self->of[ITEM_COMMANDS]);
}

bool items_facts(const struct items *self)
{
    return has_input(&self->of[ITEM_FACTS]);
}

bool items_signals(const struct items *self)
{
    return has_input(&self->of[ITEM_SIGNALS]);
}

bool items_guest(const struct items *self, size_t at)
{
    return has_input(&self->of[ITEM_GUESTS + at]);
}

bool items_link_opened(const struct items *self, size_t at)
{
    return (link_items(self, at)->revents & ZMQ_POLLOUT) != 0;
}

bool items_answers(const struct items *self, size_t at)
{
    return has_input(link_items(self, at));
}

bool items_link_facts(const struct items *self, size_t at)
{
    return has_input(&link_items(self, at)[1]);
}

bool items_guard(const struct items *self)
{
    return has_input(&other_items(self)[ITEM_GUARD]);
}

bool items_door(const struct items *self)
{
    return has_input(&other_items(self)[ITEM_DOOR]);
}

bool items_way(const struct items *self, uint32_t at)
{
    return has_input(&other_items(self)[ITEM_WAYS + at]);
}
