/* What a client says over HTTP/2, in pieces, calls of gRPC and plain requests: every call the app
 * was told of ends once, what is held is bounded and all gone at the end.
 *
 * The first byte: what the app does with a message (bits 0 to 2), and the size of pieces.
 *
 * Covers: gateway/etcd/grpc.c gateway/etcd/h2.c gateway/etcd/h2_answer.c gateway/etcd/h2_request.c
 *         gateway/etcd/h2_stream.c gateway/etcd/h2_web.c gateway/etcd/json_call.c
 *         gateway/etcd/routes.c gateway/etcd/site.c
 */
#include <assert.h>

#include "gateway/etcd/h2.h"
#include "gateway/etcd/site.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    message_max = 2000,
    streams_max = 20,
    held_max = 20 * 1000,
    produce_max = 1000,
    frame_max_bytes = 16384 + 9,
    answer_max = 256 * 1024, /* a page, or JSON of a message's bytes */
};

struct app {
    unsigned does;
    unsigned open;
};

static void let_go(struct app *self, struct rpc *call)
{
    assert(self->open > 0);
    self->open--;
    (void)call;
}

static void on_begin(void *state, struct rpc *call)
{
    struct app *self = state;

    assert(call->user == NULL && call->token.len <= rpc_token_max);
    assert(call->method > 0 && call->method < ETCD_METHOD_END);
    call->user = self;
    self->open++;
    if ((self->does & 7) == 7) {
        rpc_end_error(call, ETCD_ERROR_NO_LEADER);
        let_go(self, call);
    }
}

static void on_message(void *state, struct rpc *call, struct str message)
{
    struct app *self = state;

    assert(call->user == self && message.len <= message_max);
    if ((self->does & 1) != 0) {
        rpc_send(call, message);
    }
    if ((self->does & 2) != 0) {
        rpc_end(call, GRPC_OK, message);
        let_go(self, call);
    }
}

static void on_half_closed(void *state, struct rpc *call)
{
    struct app *self = state;

    assert(call->user == self);
    if ((self->does & 4) != 0) {
        rpc_end(call, GRPC_UNKNOWN, STR("half closed"));
        let_go(self, call);
    }
}

static void on_gone(void *state, struct rpc *call)
{
    struct app *self = state;

    assert(call->user == self);
    let_go(self, call);
}

static void on_wake(void *owner)
{
    (void)owner;
}

/* A site whose store is not there. */
struct stage {
    struct release release;
    struct now now;
    struct moment moment;
    struct store_view store;
    struct relay *relay;
    struct tally tally;
    struct json_calls calls;
    struct site site;
    struct h2_load load;
    struct h2_spare spare;
};

static void stage_init(struct stage *self, const struct rpc_app *calls, void *app)
{
    static const struct relay_options relay = {.to = ACTOR_STORE, .calls_max = 1, .kept_max = 1};
    struct checks_options checks;
    struct exposition_options exposition;
    enum err err = release_parse(&self->release, STR("3.5.21"));

    assert(err == ERR_OK);
    self->relay = relay_new(&relay);
    self->moment.now = &self->now;
    self->calls = (struct json_calls){
        .app = calls, .state = app, .message_max = message_max, .tally = &self->tally};
    checks = (struct checks_options){.release = &self->release,
                                     .relay = self->relay,
                                     .store = &self->store,
                                     .calls = {calls, app}};
    self->site.checks = checks_new(&checks);
    exposition = (struct exposition_options){.release = &self->release,
                                             .store = &self->store,
                                             .relay = self->relay,
                                             .tally = &self->tally,
                                             .checks = self->site.checks,
                                             .moment = &self->moment};
    self->site.exposition = exposition_new(&exposition);
    self->site.release = &self->release;
    self->site.calls = &self->calls;
    self->load.max = (size_t)streams_max * answer_max;
}

static void stage_fini(struct stage *self)
{
    assert(self->load.held == 0);
    exposition_destroy(&self->site.exposition);
    checks_destroy(&self->site.checks);
    relay_destroy(&self->relay);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct rpc_app calls = {
        .begin = on_begin, .message = on_message, .half_closed = on_half_closed, .gone = on_gone};
    struct app app = {.does = size > 0 ? data[0] : 0};
    struct stage stage = {0};
    const struct h2_options options = {.message_max = message_max,
                                       .streams_max = streams_max,
                                       .held_max = held_max,
                                       .unsent_max = held_max,
                                       .body_max = (size_t)2 * message_max,
                                       .load = &stage.load,
                                       .spare = &stage.spare,
                                       .tally = &stage.tally,
                                       .web = &site_app,
                                       .web_state = &stage.site};
    size_t piece = (app.does >> 3) + 1;
    struct h2 *h2 = h2_new(&options, &calls, &app, (struct h2_wake){.wake = on_wake});
    struct buf out = {0};
    bool goes_on = true;

    stage_init(&stage, &calls, &app);
    for (size_t at = 1; at < size && goes_on; at += piece) {
        struct str bytes = {(const char *)data + at, piece < size - at ? piece : size - at};

        goes_on = h2_receive(h2, bytes) == ERR_OK;
        out.len = 0;
        goes_on = h2_produce(h2, &out, produce_max) && goes_on;
        assert(out.len < produce_max + frame_max_bytes);
        assert(h2_calls(h2) <= 2 * streams_max);
        assert(h2_held(h2) <= held_max + (size_t)streams_max * answer_max);
        assert(h2_owed(h2) <= h2_held(h2) && stage.load.held == h2_held(h2));
        assert(app.open <= h2_calls(h2));
    }
    h2_destroy(&h2);
    h2_spare_fini(&stage.spare);
    assert(app.open == 0);
    stage_fini(&stage);
    buf_fini(&out);
    return 0;
}
