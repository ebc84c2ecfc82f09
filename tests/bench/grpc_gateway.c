/* gateway/etcd alone in an actor, before bench_grpc_store, to measure the way there.
 *
 *   bench_grpc_gateway --dir DIRECTORY --gateway.listen=HOST:PORT
 */
#include <unistd.h>

#include "common/runtime/process.h"
#include "gateway/etcd/port.h"
#include "gateway/etcd/relay.h"

enum { request_max = 1536 * 1024, over_head = 512 * 1024, calls_max = 100 * 1000 };

struct bench {
    struct port *port;
    struct relay *relay;
    const struct now *now; /* of the turn that runs */
    struct outbox *out;
};

static void on_begin(void *state, struct rpc *call)
{
    (void)state;
    (void)call;
}

static void on_message(void *state, struct rpc *call, struct str message)
{
    struct bench *self = state;

    relay_send(self->relay, call, message, self->now, self->out);
}

static void on_half_closed(void *state, struct rpc *call)
{
    (void)state;
    rpc_end(call, GRPC_UNIMPLEMENTED, STR("no streams here"));
}

static void on_gone(void *state, struct rpc *call)
{
    struct bench *self = state;

    relay_gone(self->relay, call);
}

static void on_http1(void *state, int fd, const struct now *now)
{
    (void)state;
    (void)now;
    (void)close(fd);
}

static const struct port_app app = {
    .h2 = {.begin = on_begin,
           .message = on_message,
           .half_closed = on_half_closed,
           .gone = on_gone},
    .http1 = on_http1,
};

static void on_answer(void *state, enum actor_name from, uint32_t index, const struct msg *msg,
                      const struct now *now, struct outbox *out)
{
    struct bench *self = state;

    (void)from;
    (void)index;
    (void)now;
    (void)out;
    if (msg->type == MSG_TYPE_ANSWERED) {
        relay_answer(self->relay, msg);
    }
}

static void on_turn(void *state, const struct now *now, struct outbox *out)
{
    struct bench *self = state;

    self->now = now;
    self->out = out;
    relay_up(self->relay, 1, now, out);
    relay_turn(self->relay, now);
    if (port_turn(self->port, now)) {
        outbox_again(out);
    }
    port_flush(self->port);
}

static int64_t due_ms(void *state, const struct now *now)
{
    struct bench *self = state;
    int64_t port_ms = port_due_ms(self->port);
    int64_t calls_ms = relay_due_ms(self->relay);

    (void)now;
    return port_ms < calls_ms ? port_ms : calls_ms;
}

static struct position position(void *state)
{
    (void)state;
    return (struct position){1, 1, 1};
}

static const struct actor_spec spec = {
    .name = ACTOR_GATEWAY, .answer = on_answer, .due_ms = due_ms, .position = position};

int main(int argc, char **argv)
{
    const struct relay_options calls = {
        .to = ACTOR_STORE, .calls_max = calls_max, .answer_ms = 7000};
    const struct actor_link links[] = {{.to = ACTOR_STORE}};
    struct bench self = {0};
    struct config config;
    struct log log;
    struct process_net net;
    enum err err;
    int status;

    if (!process_begin(&config, &log, "gateway", "etcd's API before a stand-in", &clock_os, argc,
                       argv, &status)) {
        return status;
    }
    err = process_net_begin(&net, &spec, &config, &log);
    if (err == ERR_OK) {
        const struct port_options options = {
            .section = "gateway",
            .listen = config.gateway_listen,
            .connections_max = 60000,
            .h2 = {.message_max = request_max + over_head,
                   .streams_max = 65536,
                   .held_max = 16777216,
                   .unsent_max = 67108864},
            .log = &log,
        };

        self.relay = relay_new(&calls);
        err = port_new(&self.port, &options, &app, &self);
    }
    if (err == ERR_OK) {
        err = port_listen(self.port);
    }
    if (err == ERR_OK) {
        struct actor_guest guest = {.fd = port_fd(self.port), .always = true, .ready = on_turn};
        struct actor_options options = {.spec = &spec,
                                        .state = &self,
                                        .clock = &clock_os,
                                        .links = links,
                                        .link_count = 1,
                                        .guests = &guest,
                                        .guest_count = 1};

        process_net_fill(&net, &config, &log, &options);
        err = actor_run(&options);
    }
    port_destroy(&self.port);
    relay_destroy(&self.relay);
    process_net_end(&net);
    config_fini(&config);
    return process_status(err);
}
