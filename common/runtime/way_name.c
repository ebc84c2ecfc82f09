#include "common/runtime/way_name.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static const int64_t try_ms = 2000; /* for a connection and its handshake */
static const int64_t try_max_ms = 10000;
static const int64_t check_ms = 60000;

void way_name_init(struct way_name *self, const struct host_port *door)
{
    assert(door->host.len < sizeof(self->host));
    *self = (struct way_name){.port = door->port, .pause_ms = try_ms};
    memcpy(self->host, door->host.data, door->host.len);
}

bool way_name_step(struct way_name *self, int64_t now_ms)
{
    if (self->through != self->was_through) {
        self->was_through = self->through;
        self->pause_ms = try_ms;
        /* libzmq connects to the same address again by itself, as after a restart over there */
        self->due_ms = now_ms + (self->through ? check_ms : try_ms);
    }
    return !self->asked && now_ms >= self->due_ms;
}

static void wait_longer(struct way_name *self, int64_t now_ms)
{
    if (self->through) {
        self->due_ms = now_ms + check_ms;
        return;
    }
    self->due_ms = now_ms + self->pause_ms;
    self->pause_ms = 2 * self->pause_ms < try_max_ms ? 2 * self->pause_ms : try_max_ms;
}

static void move_to(struct way_name *self, struct str number)
{
    bool v6 = memchr(number.data, ':', number.len) != NULL;

    (void)snprintf(self->at, sizeof(self->at), v6 ? "[%.*s]:%u" : "%.*s:%u", STR_ARG(number),
                   self->port);
}

enum way_found way_name_found(struct way_name *self, struct strs numbers, way_allow_fn *allow,
                              void *state, int64_t now_ms)
{
    struct str at = host_of(str_from(self->at));
    struct str first = {0};
    struct str next = {0};
    struct str number;
    bool passed = false;

    self->asked = false;
    wait_longer(self, now_ms);
    if (numbers.count == 0) {
        return WAY_UNKNOWN;
    }
    while (strs_next(&numbers.bytes, &number)) {
        if (allow != NULL && !allow(state, str_from(self->host), number)) {
            continue;
        }
        first = first.len == 0 ? number : first;
        next = next.len == 0 && passed ? number : next;
        passed = passed || str_eq(number, at);
    }
    if (first.len == 0) {
        return WAY_FORBIDDEN;
    }
    next = next.len == 0 ? first : next;
    if (str_eq(next, at) || (passed && self->through)) {
        return WAY_STAYS;
    }
    move_to(self, next);
    return WAY_MOVES;
}
