#include "actors/ctl/bus.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include <zmq.h>

#include "common/base/host_port.h"
#include "common/runtime/curve.h"

static const char tcp[] = "tcp://";

/* NUL behind. Errors: ERR_NOT_FOUND: no actor has this name. */
static enum err find(const struct ctl *ctl, const char *actor, enum endpoint_socket which,
                     struct buf *address)
{
    const char *given = options_text(&ctl->options, OPTION_ENDPOINT, NULL);
    struct endpoint at[ACTOR_COUNT];
    enum actor_name name;
    uint32_t index = 0;

    if (given != NULL) {
        buf_printf(address, "%s%c", given, 0);
        return ERR_OK;
    }
    if (actor_name_from(str_from(actor), &name, &index) != ERR_OK) {
        return ERR_NOT_FOUND;
    }
    *address = endpoint_ipc(ctl->config.run_dir, name, index, which);
    endpoints_from(&ctl->config, at);
    if (at[name].tcp != NULL && access(address->data + strlen("ipc://"), F_OK) != 0) {
        buf_fini(address);
        *address = endpoint_tcp(at[name].tcp, endpoint_more(index, which));
    }
    return ERR_OK;
}

static enum err use_keys(const struct ctl *ctl, void *socket, const char *address)
{
    const char *dir = options_text(&ctl->options, OPTION_KEYS, ctl->config.peers_keys);
    struct curve_keys keys = {0};
    struct buf why = {0};
    enum err err = ERR_OK;

    if (strncmp(address, tcp, strlen(tcp)) == 0 && dir[0] != '\0') {
        err = curve_load(&keys, dir, &why);
        if (err == ERR_OK) {
            struct str host = host_of(str_from(address + strlen(tcp)));

            curve_connect(&keys, socket, curve_key_of(&keys, host));
        } else {
            ctl_say(ctl, "%.*s", STR_ARG(buf_str(&why)));
        }
    }
    curve_fini(&keys);
    buf_fini(&why);
    return err;
}

enum ctl_exit bus_connect(const struct ctl *ctl, void *socket, const char *actor,
                          enum endpoint_socket which)
{
    struct buf address = {0};
    enum ctl_exit outcome = CTL_OK;

    if (find(ctl, actor, which, &address) != ERR_OK) {
        ctl_say(ctl,
                "%s: no such actor; they are registry, replicator, evictor, gateway.0, "
                "gateway.1, ...",
                actor);
        return CTL_USAGE;
    }
    if (use_keys(ctl, socket, address.data) != ERR_OK) {
        outcome = CTL_USAGE;
    } else if (zmq_connect(socket, address.data) != 0) {
        ctl_say(ctl, "%s: %s; give a directory with a shorter name to --dir, or another --endpoint",
                address.data, zmq_strerror(zmq_errno()));
        outcome = CTL_UNREACHABLE;
    }
    buf_fini(&address);
    return outcome;
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
    int linger = 0;

    *self = (struct bus){.ctl = ctl};
    self->context = zmq_ctx_new();
    self->dealer = self->context != NULL ? zmq_socket(self->context, ZMQ_DEALER) : NULL;
    self->monitor = self->dealer != NULL ? monitor_new(self->context, self->dealer) : NULL;
    if (self->monitor == NULL ||
        zmq_setsockopt(self->dealer, ZMQ_LINGER, &linger, sizeof(linger)) != 0) {
        ctl_say(ctl, "no socket: %s", zmq_strerror(zmq_errno()));
        return CTL_UNREACHABLE;
    }
    return bus_connect(ctl, self->dealer, actor, ENDPOINT_COMMANDS);
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

    command->as_command.id = ++self->id;
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
                "%s: running, but no answer within %" PRId64 " ms; see its log (by tcp: whether it "
                "refused our key), or wait longer with --timeout",
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
