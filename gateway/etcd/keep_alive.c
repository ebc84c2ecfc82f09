#include "gateway/etcd/keep_alive.h"

#include <assert.h>
#include <stdlib.h>

#include "common/base/heap.h"

struct keep_alive {
    struct keep_alives *all;
    struct rpc *rpc;
    struct renewal *renewals; /* under way */
    unsigned count;           /* of them */
    bool half_closed;
    struct keep_alive *before;
    struct keep_alive *next;
};

struct renewal {
    struct rpc rpc; /* first */
    struct keep_alive *stream;
    struct renewal *before;
    struct renewal *next;
};

struct keep_alives {
    struct relay *relay;
    const struct moment *moment;
    struct keep_alive *first;
    uint64_t count;
};

/* ── streams ── */

static void stream_free(struct keep_alive *stream)
{
    struct keep_alives *all = stream->all;

    while (stream->renewals != NULL) {
        struct renewal *renewal = stream->renewals;

        stream->renewals = renewal->next;
        relay_gone(all->relay, &renewal->rpc);
        free(renewal);
    }
    *(stream->before != NULL ? &stream->before->next : &all->first) = stream->next;
    if (stream->next != NULL) {
        stream->next->before = stream->before;
    }
    all->count--;
    free(stream);
}

static void end(struct keep_alive *stream, enum grpc_code code, struct str text)
{
    struct rpc *rpc = stream->rpc;

    stream_free(stream);
    rpc_end(rpc, code, text);
}

/* ── one renewal, as the caller of its call ── */

static void renewal_free(struct renewal *renewal)
{
    struct keep_alive *stream = renewal->stream;

    *(renewal->before != NULL ? &renewal->before->next : &stream->renewals) = renewal->next;
    if (renewal->next != NULL) {
        renewal->next->before = renewal->before;
    }
    stream->count--;
    free(renewal);
}

static void on_send(struct rpc *rpc, struct str message)
{
    rpc_send(((struct renewal *)rpc)->stream->rpc, message);
}

static void on_end(struct rpc *rpc, enum grpc_code code, struct str text)
{
    struct renewal *renewal = (struct renewal *)rpc;
    struct keep_alive *stream = renewal->stream;

    renewal_free(renewal);
    if (code != GRPC_OK) {
        end(stream, code, text);
    } else if (stream->half_closed && stream->count == 0) {
        end(stream, GRPC_OK, STR(""));
    }
}

static size_t nothing_unsent(const struct rpc *rpc)
{
    (void)rpc;
    return 0;
}

static const struct rpc_caller renewal_caller = {
    .send = on_send, .end = on_end, .unsent = nothing_unsent};

/* ── the app ── */

static void on_begin(void *state, struct rpc *rpc)
{
    struct keep_alives *self = state;
    struct keep_alive *stream = heap_new(sizeof(*stream));

    stream->all = self;
    stream->rpc = rpc;
    stream->next = self->first;
    if (self->first != NULL) {
        self->first->before = stream;
    }
    self->first = stream;
    self->count++;
    rpc->user = stream;
}

static void on_message(void *state, struct rpc *rpc, struct str message)
{
    struct keep_alives *self = state;
    struct keep_alive *stream = rpc->user;
    struct renewal *renewal;

    if (stream->count >= keep_alive_renewals_max) {
        end(stream, etcd_error_code(ETCD_ERROR_TOO_MANY_REQUESTS),
            etcd_error_text(ETCD_ERROR_TOO_MANY_REQUESTS));
        return;
    }
    renewal = heap_new(sizeof(*renewal));
    renewal->rpc = (struct rpc){.caller = &renewal_caller,
                                .method = rpc->method,
                                .token = rpc->token,
                                .timeout_ms = -1,
                                .needs_leader = rpc->needs_leader};
    renewal->stream = stream;
    renewal->next = stream->renewals;
    if (stream->renewals != NULL) {
        stream->renewals->before = renewal;
    }
    stream->renewals = renewal;
    stream->count++;
    relay_send(self->relay, &renewal->rpc, message, self->moment->now, self->moment->out);
}

static void on_half_closed(void *state, struct rpc *rpc)
{
    struct keep_alive *stream = rpc->user;

    (void)state;
    stream->half_closed = true;
    if (stream->count == 0) {
        end(stream, GRPC_OK, STR(""));
    }
}

static void on_gone(void *state, struct rpc *rpc)
{
    (void)state;
    stream_free(rpc->user);
}

const struct rpc_app keep_alive_app = {
    .begin = on_begin, .message = on_message, .half_closed = on_half_closed, .gone = on_gone};

/* ── all of them ── */

struct keep_alives *keep_alives_new(struct relay *relay, const struct moment *moment)
{
    struct keep_alives *self = heap_new(sizeof(*self));

    self->relay = relay;
    self->moment = moment;
    return self;
}

void keep_alives_destroy(struct keep_alives **self)
{
    if (*self != NULL) {
        assert((*self)->first == NULL);
        free(*self);
        *self = NULL;
    }
}

void keep_alives_no_leader(struct keep_alives *self)
{
    struct keep_alive *next;

    for (struct keep_alive *stream = self->first; stream != NULL; stream = next) {
        next = stream->next;
        if (stream->rpc->needs_leader) {
            end(stream, etcd_error_code(ETCD_ERROR_NO_LEADER),
                etcd_error_text(ETCD_ERROR_NO_LEADER));
        }
    }
}

uint64_t keep_alives_count(const struct keep_alives *self)
{
    return self->count;
}
