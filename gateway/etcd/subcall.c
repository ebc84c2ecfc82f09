#include "gateway/etcd/subcall.h"

static void on_send(struct rpc *rpc, struct str message)
{
    struct subcall *call = (struct subcall *)rpc;

    if (call->owner->message != NULL) {
        call->owner->message(call, message);
    }
}

static void on_end(struct rpc *rpc, enum grpc_code code, struct str text)
{
    struct subcall *call = (struct subcall *)rpc;

    call->open = false;
    if (call->ended != NULL) {
        *call->ended = true;
    }
    call->owner->end(call, code, text);
}

static size_t nothing_unsent(const struct rpc *rpc)
{
    (void)rpc;
    return 0;
}

static const struct rpc_caller caller = {.send = on_send, .end = on_end, .unsent = nothing_unsent};

void subcall_begin(struct subcall *self, const struct subcall_options *options,
                   const ProtobufCMessage *request, void *user)
{
    const struct rpc_server *server = options->server;
    struct buf packed = {0};
    bool ended = false; /* then its owner may have freed it */
    size_t len = protobuf_c_message_get_packed_size(request);

    assert(!self->open && request->descriptor == etcd_method_row(options->method)->request);
    *self = (struct subcall){.rpc = {.caller = &caller,
                                     .method = options->method,
                                     .token = options->token,
                                     .timeout_ms = options->timeout_ms},
                             .owner = options->owner,
                             .server = server,
                             .user = user,
                             .open = true,
                             .ended = &ended};
    packed.len = protobuf_c_message_pack(request, (uint8_t *)buf_reserve(&packed, len + 1));
    server->app->begin(server->state, &self->rpc);
    if (!ended) {
        self->ended = NULL;
        server->app->message(server->state, &self->rpc, buf_str(&packed));
    }
    buf_fini(&packed);
}

void subcall_drop(struct subcall *self)
{
    if (self->open) {
        self->open = false;
        self->server->app->gone(self->server->state, &self->rpc);
    }
}
