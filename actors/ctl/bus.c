#include "actors/ctl/bus.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include <zmq.h>

#include "common/runtime/sockets.h"

enum err bus_endpoint(const struct ctl *ctl, const char *actor, const char *kind, struct buf *to)
{
    const char *given = options_text(&ctl->options, OPTION_ENDPOINT, NULL);
    enum actor_name name;
    uint32_t index = 0;

    if (given != NULL) {
        buf_printf(to, "%s", given);
    } else if (actor_name_from(str_from(actor), &name, &index) == ERR_OK) {
        buf_printf(to, "ipc://%s/run/", ctl->config.dir);
        endpoint_name(to, name, index);
        buf_printf(to, ".%s", kind);
    } else {
        return ERR_NOT_FOUND;
    }
    buf_add_char(to, '\0');
    to->len--;
    return ERR_OK;
}

static void *monitor_new(void *context, void *socket)
{
    const char *const name = "inproc://monitor";
    void *monitor = zmq_socket(context, ZMQ_PAIR);

    if (monitor == NULL ||
        zmq_socket_monitor(socket, name, ZMQ_EVENT_CONNECTED | ZMQ_EVENT_CONNECT_RETRIED) != 0 ||
        zmq_connect(monitor, name) != 0) {
        if (monitor != NULL) {
            (void)zmq_close(monitor);
        }
        return NULL;
    }
    return monitor;
}

enum ctl_exit bus_open(struct bus *self, struct ctl *ctl, const char *actor)
{
    struct buf endpoint = {0};
    enum ctl_exit outcome = CTL_OK;
    int linger = 0;

    *self = (struct bus){.ctl = ctl};
    if (bus_endpoint(ctl, actor, "commands", &endpoint) != ERR_OK) {
        ctl_say(ctl,
                "%s: no such actor; they are registry, replicator, evictor, gateway.0, "
                "gateway.1, ...",
                actor);
        return CTL_USAGE;
    }
    self->context = zmq_ctx_new();
    self->dealer = self->context != NULL ? zmq_socket(self->context, ZMQ_DEALER) : NULL;
    self->monitor = self->dealer != NULL ? monitor_new(self->context, self->dealer) : NULL;
    if (self->monitor == NULL ||
        zmq_setsockopt(self->dealer, ZMQ_LINGER, &linger, sizeof(linger)) != 0 ||
        zmq_connect(self->dealer, endpoint.data) != 0) {
        ctl_say(ctl, "%s: %s; give a directory with a shorter name to --dir, or another --endpoint",
                endpoint.data, zmq_strerror(zmq_errno()));
        outcome = CTL_UNREACHABLE;
    }
    buf_fini(&endpoint);
    return outcome;
}

void bus_close(struct bus *self)
{
    if (self->monitor != NULL) {
        (void)zmq_close(self->monitor);
    }
    if (self->dealer != NULL) {
        (void)zmq_close(self->dealer);
    }
    if (self->context != NULL) {
        (void)zmq_ctx_term(self->context);
    }
    buf_fini(&self->answer);
}

/* False: nobody is there. */
static bool read_monitor(struct bus *self)
{
    zmq_msg_t event;
    zmq_msg_t address;
    uint16_t kind = 0;

    (void)zmq_msg_init(&event);
    (void)zmq_msg_init(&address);
    if (zmq_msg_recv(&event, self->monitor, ZMQ_DONTWAIT) >= (int)sizeof(kind) &&
        zmq_msg_recv(&address, self->monitor, ZMQ_DONTWAIT) >= 0) {
        memcpy(&kind, zmq_msg_data(&event), sizeof(kind));
    }
    (void)zmq_msg_close(&event);
    (void)zmq_msg_close(&address);
    self->connected = self->connected || kind == ZMQ_EVENT_CONNECTED;
    return kind != ZMQ_EVENT_CONNECT_RETRIED || self->connected;
}

/* True: the answer to the last command is in answer; others (to one given up) are dropped. */
static bool read_answer(struct bus *self, struct msg *answer)
{
    zmq_msg_t frame;
    bool found = false;
    struct str rest;

    (void)zmq_msg_init(&frame);
    if (zmq_msg_recv(&frame, self->dealer, ZMQ_DONTWAIT) >= 0) {
        self->answer.len = 0;
        buf_add(&self->answer, zmq_msg_data(&frame), zmq_msg_size(&frame));
        rest = buf_str(&self->answer);
        while (!found && rest.len > 0 && msg_decode(&rest, answer) != ERR_MALFORMED) {
            found = msg_id(answer) == self->id;
        }
    }
    (void)zmq_msg_close(&frame);
    return found;
}

static enum ctl_exit await(struct bus *self, struct msg *answer)
{
    const struct clock *clock = self->ctl->clock;
    int64_t timeout_ms = ctl_timeout_ms(self->ctl);
    int64_t end_ms = timeout_ms > 0 ? clock->now(clock).mono_ms + timeout_ms : INT64_MAX;

    for (;;) {
        zmq_pollitem_t items[] = {{.socket = self->dealer, .events = ZMQ_POLLIN},
                                  {.socket = self->monitor, .events = ZMQ_POLLIN},
                                  {.fd = self->ctl->stop_fd, .events = ZMQ_POLLIN}};
        int64_t left_ms = end_ms - clock->now(clock).mono_ms;

        if (left_ms <= 0) {
            return self->connected ? CTL_TIMED_OUT : CTL_UNREACHABLE;
        }
        if (zmq_poll(items, self->ctl->stop_fd >= 0 ? 3 : 2,
                     left_ms < 1000 ? (long)left_ms : 1000) < 0 &&
            zmq_errno() != EINTR) {
            return CTL_UNREACHABLE;
        }
        if ((items[0].revents & ZMQ_POLLIN) != 0 && read_answer(self, answer)) {
            return CTL_OK;
        }
        if ((items[1].revents & ZMQ_POLLIN) != 0 && !read_monitor(self)) {
            return CTL_UNREACHABLE;
        }
        if (items[2].revents != 0) {
            return CTL_INTERRUPTED;
        }
    }
}

enum ctl_exit bus_ask(struct bus *self, struct msg *command, struct msg *answer)
{
    struct buf frame = {0};
    int sent;

    command->as_ping.id = ++self->id; /* every command's first field */
    msg_encode(&frame, command);
    sent = zmq_send(self->dealer, frame.data, frame.len, ZMQ_DONTWAIT);
    buf_fini(&frame);
    return sent < 0 ? CTL_UNREACHABLE : await(self, answer);
}

enum ctl_exit bus_demand(struct bus *self, const char *actor, struct msg *command,
                         enum msg_type want, struct msg *answer)
{
    enum ctl_exit outcome = bus_ask(self, command, answer);

    if (outcome == CTL_UNREACHABLE) {
        ctl_say(self->ctl, "%s: not running; see ./muster status, and --dir or --endpoint", actor);
    } else if (outcome == CTL_TIMED_OUT) {
        ctl_say(self->ctl,
                "%s: running, but no answer within %" PRId64 " ms; see its log, or wait "
                "longer with --timeout",
                actor, ctl_timeout_ms(self->ctl));
    } else if (outcome == CTL_OK && answer->type == MSG_TYPE_RESULT &&
               answer->as_result.err != ERR_OK) {
        struct str text = answer->as_result.text;

        ctl_say(self->ctl, "%s: %s%s%.*s", actor, err_text((enum err)answer->as_result.err),
                text.len > 0 ? ": " : "", STR_ARG(text));
        outcome = CTL_NEGATIVE;
    } else if (outcome == CTL_OK && answer->type != want) {
        ctl_say(self->ctl, "%s: answers with something else; is it of another version?", actor);
        outcome = CTL_NEGATIVE;
    }
    return outcome;
}
