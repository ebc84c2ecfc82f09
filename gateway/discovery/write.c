/* register, renew, cancel, set: a form becomes a command, its answer waits until
 * the replica holds what the registry has done. */
#include "gateway/discovery/write.h"

#include "gateway/bus/pending.h"
#include "gateway/discovery/command.h"
#include "gateway/discovery/early.h"
#include "gateway/discovery/render.h"
#include "gateway/discovery/replica.h"
#include "gateway/discovery/source.h"
#include "gateway/discovery/trace.h"

static route_fn serve_renew_again;

/* What is kept with a RENEW. */
struct renewal {
    struct identity id; /* borrows from the request */
    bool again;         /* it has waited for the first sync */
};

static struct renewal *renewal_of(struct pending_command *write)
{
    return (struct renewal *)(void *)write->own;
}

struct pending *pending_writes_new(const struct config *config, uint64_t seed)
{
    const struct pending_options options = {.to = ACTOR_REGISTRY,
                                            .gateway = seed,
                                            .deadline_ms = config->gateway_write_deadline,
                                            .own_bytes = sizeof(struct renewal)};

    return pending_new(&options);
}

static struct sender sender_of(struct gateway *self, const struct request *request,
                               const struct param_reader *form, const struct now *now)
{
    if (!command_claims_node(form)) {
        return (struct sender){.origin = ORIGIN_CLIENT}; /* nearly all; nothing else is asked */
    }
    return command_sender(form, source_is_believed(self, request, now));
}

/* ── the client went, or is answered ────────────────────────────────────────*/

static void on_gone(struct gateway *self, struct parked *parked)
{
    pending_drop(self->pending, (struct pending_command *)(void *)parked);
}

static uint64_t registry_boot(const struct gateway *self)
{
    struct follower_state state;

    replica_follower(self->replica, ACTOR_REGISTRY, &state);
    return state.boot;
}

/* Sends the command and parks its request. */
static struct pending_command *ask(struct gateway *self, struct request *request,
                                   struct msg *command, const struct now *now)
{
    struct pending_command *write =
        pending_send(self->pending, command, registry_boot(self), now, self->out);

    if (write == NULL) {
        answer_busy(request, ERR_FULL, "too many writes are under way: try again", 1);
        return NULL;
    }
    write->parked.gone = on_gone;
    write->request = request;
    request_set_user(request, write);
    request_await(request);
    return write;
}

static bool reached(const void *context, uint64_t epoch, uint64_t seq)
{
    const struct gateway *self = context;

    return replica_reached(self->replica, epoch, seq);
}

static bool zone_is_known(const struct registry *registry, const struct identity *id)
{
    uint32_t app = registry_app_find(registry, id->env, id->appid);

    return app != REGISTRY_NONE && registry_zone_find(registry, app, id->zone) != REGISTRY_NONE;
}

/* The instance as it is now; for an unknown host of a known zone one of zeros, else null. */
static void answer_renew(struct gateway *self, struct pending_command *write)
{
    const struct identity *id = &renewal_of(write)->id;
    const struct registry *registry = replica_registry(self->replica);
    uint32_t slot = registry_find(registry, identity_key(id));
    struct instance instance;
    struct buf body = {0};

    request_room(write->request, &body);
    answer_open(&body, write->err);
    if (slot != REGISTRY_NONE && registry_is_live(registry, slot)) {
        registry_instance(registry, slot, &instance);
        render_instance(&body, &instance,
                        write->timestamp > instance.renew_timestamp ? write->timestamp
                                                                    : instance.renew_timestamp,
                        RENDER_METADATA_OBJECT);
    } else if (zone_is_known(registry, id)) {
        render_zero(&body);
    } else {
        buf_add_str(&body, STR("null"));
    }
    answer_close(write->request, write->err, &body);
}

/* Heartbeats are not synced, nor is what is refused. */
static void note_took(struct gateway *self, const struct pending_command *write,
                      const struct now *now)
{
    int64_t begun_ms = write->deadline_ms - self->config->gateway_write_deadline;

    if (write->type != MSG_TYPE_RENEW && write->err == ERR_OK) {
        durations_add(&self->writes_took, (now->mono_ms - begun_ms) * 1000);
    }
}

static void answer_write(struct gateway *self, struct pending_command *write)
{
    bool has_data =
        write->type == MSG_TYPE_RENEW &&
        (write->err == ERR_OK || write->err == ERR_NOT_FOUND || write->err == ERR_CONFLICT);

    if (has_data) {
        answer_renew(self, write);
    } else if (err_http_status(write->err) == 503) {
        answer_busy(write->request, write->err, write->text.data, 1);
    } else {
        answer_err(write->request, write->err, write->text.len > 0 ? write->text.data : NULL);
    }
}

/* A heartbeat of an instance that may be among what has not come yet. */
static bool waits_for_first_sync(struct gateway *self, struct pending_command *write,
                                 const struct now *now)
{
    return write->type == MSG_TYPE_RENEW && write->err == ERR_NOT_FOUND &&
           !renewal_of(write)->again && early_waits(self, write->request, serve_renew_again, now);
}

bool writes_ready(const struct gateway *self)
{
    return pending_ready(self->pending, reached, self);
}

void writes_turn(struct gateway *self, const struct now *now)
{
    struct pending_command *write;
    bool expired;

    while ((write = pending_over(self->pending, reached, self, now, &expired)) != NULL) {
        log_event(self->log, LOG_DEBUG, "write", expired ? "not answered in time" : NULL,
                  log_text("type", msg_type_name(write->type)), log_uint("number", write->number),
                  log_text("error", err_name(write->err)), log_uint("seq", write->seq),
                  log_int("ms", now->mono_ms - write->sent_ms),
                  log_str("trace", trace_id(request_header(write->request, HEADER_TRACEPARENT))));
        if (expired) {
            answer_busy(write->request, ERR_TIMEOUT,
                        write->state == PENDING_SENT
                            ? "the registry did not answer in time: try again"
                            : "the write is done but can't be shown yet: ask again",
                        1);
        } else if (!waits_for_first_sync(self, write, now)) {
            note_took(self, write, now);
            answer_write(self, write);
        }
        pending_drop(self->pending, write);
    }
    if (pending_stalled(self->pending, registry_boot(self), now)) {
        replica_hurry(self->replica);
    }
    if (pending_resend(self->pending, registry_boot(self), now, self->out)) {
        outbox_again(self->out);
    }
}

void writes_result(struct gateway *self, const struct msg *result, const struct now *now)
{
    (void)pending_result(self->pending, result, now);
}

/* ── the endpoints ──────────────────────────────────────────────────────────*/

void serve_register(struct gateway *self, struct request *request, const struct now *now)
{
    struct msg command = {.type = MSG_TYPE_REGISTER};
    struct param_reader form;

    param_reader_init(&form, request_params(request));
    command_register(&form, sender_of(self, request, &form, now), pending_scratch(self->pending, 0),
                     pending_scratch(self->pending, 1), &command);
    if (param_refused(&form, request)) {
        return;
    }
    (void)ask(self, request, &command, now);
}

void serve_renew(struct gateway *self, struct request *request, const struct now *now)
{
    struct msg command = {.type = MSG_TYPE_RENEW};
    const struct msg_renew *renew = &command.as_renew;
    struct param_reader form;
    struct pending_command *write;

    param_reader_init(&form, request_params(request));
    command_renew(&form, sender_of(self, request, &form, now), &command);
    if (param_refused(&form, request)) {
        return;
    }
    write = ask(self, request, &command, now);
    if (write != NULL) {
        renewal_of(write)->id =
            (struct identity){renew->env, renew->appid, renew->zone, renew->hostname};
    }
}

/* One that has waited: not found again, it is answered so. */
static void serve_renew_again(struct gateway *self, struct request *request, const struct now *now)
{
    struct pending_command *write;

    serve_renew(self, request, now);
    write = request_user(request);
    if (write != NULL) {
        renewal_of(write)->again = true;
    }
}

void serve_cancel(struct gateway *self, struct request *request, const struct now *now)
{
    struct msg command = {.type = MSG_TYPE_CANCEL};
    struct param_reader form;

    param_reader_init(&form, request_params(request));
    command_cancel(&form, sender_of(self, request, &form, now), &command);
    if (!param_refused(&form, request)) {
        (void)ask(self, request, &command, now);
    }
}

void serve_set(struct gateway *self, struct request *request, const struct now *now)
{
    struct msg command = {.type = MSG_TYPE_SET};
    struct param_reader form;

    param_reader_init(&form, request_params(request));
    command_set(&form, sender_of(self, request, &form, now), pending_scratch(self->pending, 0),
                pending_scratch(self->pending, 1), &command);
    if (!param_refused(&form, request)) {
        (void)ask(self, request, &command, now);
    }
}
