#include "tests/gateway/etcd/h2_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void on_begin(void *state, struct rpc *call)
{
    struct h2_rig *self = state;

    self->begun++;
    self->call = call;
    assert_null(call->user);
    if (self->ends_at_begin) {
        rpc_end_error(call, ETCD_ERROR_NO_LEADER);
    }
}

static void on_message(void *state, struct rpc *call, struct str message)
{
    struct h2_rig *self = state;

    self->messages++;
    if (message.len < log_max) {
        memcpy(self->message, message.data, message.len);
        self->message[message.len] = 0;
    }
    if (self->repeats) {
        rpc_send(call, message);
    } else if (self->echoes) {
        rpc_send(call, message);
        rpc_end(call, GRPC_OK, STR(""));
    }
}

static void on_half_closed(void *state, struct rpc *call)
{
    struct h2_rig *self = state;

    (void)call;
    self->half_closed++;
}

static void on_gone(void *state, struct rpc *call)
{
    struct h2_rig *self = state;

    (void)call;
    self->gone++;
}

static void on_wake(void *owner)
{
    struct h2_rig *self = owner;

    self->woken++;
}

void h2_rig_begin_anew(struct h2_rig *self)
{
    static const struct rpc_app h2_rig = {
        .begin = on_begin, .message = on_message, .half_closed = on_half_closed, .gone = on_gone};

    self->h2 =
        h2_new(&self->options, &h2_rig, self, (struct h2_wake){.wake = on_wake, .owner = self});
    h2_client_init(&self->client, self->h2);
    h2_client_run(&self->client);
}

int h2_rig_setup(void **state)
{
    struct h2_rig *self = calloc(1, sizeof(*self));

    self->options = (struct h2_options){.message_max = message_max,
                                        .streams_max = streams_max,
                                        .held_max = held_max,
                                        .unsent_max = held_max,
                                        .spare = &self->spare};
    h2_rig_begin_anew(self);
    *state = self;
    return 0;
}

int h2_rig_teardown(void **state)
{
    struct h2_rig *self = *state;

    h2_client_fini(&self->client);
    h2_destroy(&self->h2);
    h2_spare_fini(&self->spare);
    free(self);
    return 0;
}
