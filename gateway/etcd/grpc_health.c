#include "gateway/etcd/grpc_health.h"

#include <assert.h>
#include <stdlib.h>

#include "common/base/heap.h"
#include "common/etcdapi/health.pb-c.h"

enum {
    unsent_max = 4096
}; /* a watcher that does not read is told of the last change when it does */

struct watcher {
    struct rpc *rpc;
    bool known; /* the service it asks for */
    bool told;  /* … to serve, last */
    struct watcher *before;
    struct watcher *next;
};

struct grpc_health {
    const struct relay *relay;
    struct watcher *first;
};

typedef Grpc__Health__V1__HealthCheckResponse__ServingStatus status_code;

static void send_status(struct rpc *rpc, status_code status)
{
    enum { packed_max = 16 };
    Grpc__Health__V1__HealthCheckResponse response = GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__INIT;
    uint8_t packed[packed_max];
    size_t len;

    response.status = status;
    len = grpc__health__v1__health_check_response__pack(&response, packed);
    rpc_send(rpc, (struct str){(const char *)packed, len});
}

static status_code status_of(bool serves)
{
    return serves ? GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__SERVING
                  : GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__NOT_SERVING;
}

static void begin_watch(struct grpc_health *self, struct rpc *rpc, bool known)
{
    struct watcher *watcher = heap_new(sizeof(*watcher));

    watcher->rpc = rpc;
    watcher->known = known;
    watcher->told = relay_is_up(self->relay);
    watcher->next = self->first;
    if (self->first != NULL) {
        self->first->before = watcher;
    }
    self->first = watcher;
    rpc->user = watcher;
    send_status(rpc,
                known ? status_of(watcher->told)
                      : GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__SERVICE_UNKNOWN);
}

static void check(const struct grpc_health *self, struct rpc *rpc, bool known)
{
    if (!known) {
        rpc_end(rpc, GRPC_NOT_FOUND, STR("unknown service"));
        return;
    }
    send_status(rpc, status_of(relay_is_up(self->relay)));
    rpc_end(rpc, GRPC_OK, STR(""));
}

static void on_message(void *state, struct rpc *rpc, struct str message)
{
    Grpc__Health__V1__HealthCheckRequest *request = grpc__health__v1__health_check_request__unpack(
        NULL, message.len, (const uint8_t *)message.data);
    bool known;

    if (request == NULL) {
        rpc_end(rpc, GRPC_INTERNAL, STR("grpc: failed to unmarshal the received message"));
        return;
    }
    known = request->service[0] == 0;
    grpc__health__v1__health_check_request__free_unpacked(request, NULL);
    if (rpc->method == ETCD_METHOD_HEALTH_WATCH) {
        begin_watch(state, rpc, known);
    } else {
        check(state, rpc, known);
    }
}

static void on_other(void *state, struct rpc *rpc)
{
    (void)state; /* it begins with its message */
    (void)rpc;
}

static void on_gone(void *state, struct rpc *rpc)
{
    struct grpc_health *self = state;
    struct watcher *watcher = rpc->user;

    if (watcher == NULL) {
        return;
    }
    *(watcher->before != NULL ? &watcher->before->next : &self->first) = watcher->next;
    if (watcher->next != NULL) {
        watcher->next->before = watcher->before;
    }
    free(watcher);
}

const struct rpc_app grpc_health_app = {
    .begin = on_other, .message = on_message, .half_closed = on_other, .gone = on_gone};

void grpc_health_turn(struct grpc_health *self)
{
    bool serves = relay_is_up(self->relay);

    for (struct watcher *it = self->first; it != NULL; it = it->next) {
        if (it->known && it->told != serves && rpc_unsent(it->rpc) <= unsent_max) {
            it->told = serves;
            send_status(it->rpc, status_of(serves));
        }
    }
}

struct grpc_health *grpc_health_new(const struct relay *relay)
{
    struct grpc_health *self = heap_new(sizeof(*self));

    self->relay = relay;
    return self;
}

void grpc_health_destroy(struct grpc_health **self)
{
    if (*self != NULL) {
        assert((*self)->first == NULL);
        free(*self);
        *self = NULL;
    }
}
