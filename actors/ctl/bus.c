#include "actors/ctl/bus.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "actors/ctl/suggest.h"
#include "common/base/host_port.h"
#include "common/base/prng.h"
#include "common/runtime/curve.h"

#include <czmq.h>

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

static void say_unknown(const struct ctl *ctl, const char *actor)
{
    struct suggestion suggestion;
    struct buf meant = {0};

    suggest_begin(&suggestion, str_from(actor));
    for (unsigned i = 0; i < ACTOR_COUNT; i++) {
        suggest_offer(&suggestion, str_from(actor_kind(i)->text));
    }
    suggest_print(&suggestion, "", &meant);
    ctl_say(ctl,
            "%s: no such actor; they are registry, replicator, evictor, gateway.0, store and "
            "etcd.0; of a second gateway gateway.1%.*s",
            actor, STR_ARG(buf_str(&meant)));
    buf_fini(&meant);
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

enum ctl_exit bus_connect(const struct ctl *ctl, zsock_t *socket, const char *actor,
                          enum endpoint_socket which)
{
    struct buf address = {0};
    enum ctl_exit outcome = CTL_OK;

    if (find(ctl, actor, which, &address) != ERR_OK) {
        say_unknown(ctl, actor);
        return CTL_USAGE;
    }
    zsock_set_ipv6(socket, strchr(address.data, '[') != NULL);
    if (use_keys(ctl, zsock_resolve(socket), address.data) != ERR_OK) {
        outcome = CTL_USAGE;
    } else if (zsock_connect(socket, "%s", address.data) != 0) {
        ctl_say(ctl, "%s: %s; give a directory with a shorter name to --dir, or another --endpoint",
                address.data, zmq_strerror(zmq_errno()));
        outcome = CTL_UNREACHABLE;
    }
    buf_fini(&address);
    return outcome;
}

void bus_begin(void)
{
    zsys_handler_set(NULL);
}

/* Of a context, two sockets, the pair of a monitor and a connection. */
enum { descriptors_min = 16 };

/* errno says why not. */
static bool descriptors_are_left(void)
{
    int held[descriptors_min];
    int count = 0;
    bool enough;

    while (count < descriptors_min &&
           (held[count] = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0)) >= 0) {
        count++;
    }
    enough = count == descriptors_min || errno == EBADF; /* no stderr: nothing is known */
    for (int i = 0, why = errno; i < count; i++) {
        (void)close(held[i]);
        errno = why;
    }
    return enough;
}

zsock_t *bus_socket(const struct ctl *ctl, int type)
{
    if (!descriptors_are_left()) {
        ctl_say(ctl, "no socket: %s; raise the limit of open files (ulimit -n)", strerror(errno));
        return NULL;
    }
    return zsock_new(type);
}

static zsock_t *monitor_of(zsock_t *socket)
{
    char name[64];

    /* one that was closed keeps its name for a while */
    (void)snprintf(name, sizeof(name), "inproc://monitor-%016" PRIx64, prng_seed_os());
    return zmq_socket_monitor(zsock_resolve(socket), name,
                              ZMQ_EVENT_CONNECTED | ZMQ_EVENT_CONNECT_RETRIED) == 0
               ? zsock_new_pair(name)
               : NULL;
}

enum ctl_exit bus_open(struct bus *self, struct ctl *ctl, const char *actor)
{
    *self = (struct bus){.ctl = ctl};
    self->dealer = bus_socket(ctl, ZMQ_DEALER);
    if (self->dealer == NULL) {
        return CTL_UNREACHABLE;
    }
    self->monitor = monitor_of(self->dealer);
    self->poller = self->monitor != NULL ? zpoller_new(self->dealer, self->monitor, NULL) : NULL;
    if (self->poller == NULL || (ctl->stop_fd >= 0 && zpoller_add(self->poller, &ctl->stop_fd))) {
        ctl_say(ctl, "no socket: %s", zmq_strerror(zmq_errno()));
        return CTL_UNREACHABLE;
    }
    zsock_set_linger(self->dealer, 0);
    return bus_connect(ctl, self->dealer, actor, ENDPOINT_COMMANDS);
}

void bus_close(struct bus *self)
{
    zpoller_destroy(&self->poller);
    zsock_destroy(&self->monitor);
    zsock_destroy(&self->dealer);
    buf_fini(&self->answer);
}

/* False: nobody is there. */
static bool read_monitor(struct bus *self)
{
    zmsg_t *event = zmsg_recv(self->monitor);
    zframe_t *frame = event != NULL ? zmsg_first(event) : NULL;
    uint16_t kind = 0;

    if (frame != NULL && zframe_size(frame) >= sizeof(kind)) {
        memcpy(&kind, zframe_data(frame), sizeof(kind));
    }
    zmsg_destroy(&event);
    self->connected = self->connected || kind == ZMQ_EVENT_CONNECTED;
    return kind != ZMQ_EVENT_CONNECT_RETRIED || self->connected;
}

/* True: an answer to the last command is in answer; others (to one given up) are dropped. */
static bool find_answer(struct bus *self, struct msg *answer)
{
    struct str rest = {self->answer.data + self->read, self->answer.len - self->read};
    bool found = false;

    while (!found && rest.len > 0 && msg_decode(&rest, answer) != ERR_MALFORMED) {
        found = msg_id(answer) == self->id;
    }
    self->read = found ? self->answer.len - rest.len : self->answer.len;
    return found;
}

static bool read_answer(struct bus *self, struct msg *answer)
{
    zmsg_t *come = zmsg_recv(self->dealer);
    zframe_t *frame = come != NULL ? zmsg_first(come) : NULL;

    self->answer.len = 0;
    self->read = 0;
    if (frame != NULL) {
        buf_add(&self->answer, (const char *)zframe_data(frame), zframe_size(frame));
    }
    zmsg_destroy(&come);
    return find_answer(self, answer);
}

static enum ctl_exit await(struct bus *self, struct msg *answer)
{
    const struct clock *clock = self->ctl->clock;
    int64_t timeout_ms = ctl_timeout_ms(self->ctl);
    int64_t end_ms = timeout_ms > 0 ? clock->now(clock).mono_ms + timeout_ms : INT64_MAX;

    if (find_answer(self, answer)) {
        return CTL_OK;
    }
    for (;;) {
        int64_t left_ms = end_ms - clock->now(clock).mono_ms;
        int wait_ms = left_ms <= 0 ? 0 : left_ms < 1000 ? (int)left_ms : 1000;
        void *ready = zpoller_wait(self->poller, wait_ms);

        if (zpoller_terminated(self->poller)) {
            return CTL_INTERRUPTED;
        }
        if (ready == NULL && left_ms <= 0) { /* what had come by then was read */
            return self->connected ? CTL_TIMED_OUT : CTL_UNREACHABLE;
        }
        if (ready == self->dealer && read_answer(self, answer)) {
            return CTL_OK;
        }
        if (ready == self->monitor && !read_monitor(self)) {
            return CTL_UNREACHABLE;
        }
        if (ready == &self->ctl->stop_fd) {
            return CTL_INTERRUPTED;
        }
    }
}

static enum ctl_exit send_and_await(struct bus *self, struct msg *command, struct msg *answer)
{
    struct buf bytes = {0};
    zframe_t *frame;
    enum ctl_exit outcome = CTL_UNREACHABLE;

    command->as_command.id = self->id;
    msg_encode(&bytes, command);
    frame = zframe_new(bytes.data, bytes.len);
    if (zframe_send(&frame, self->dealer, ZFRAME_DONTWAIT) == 0) {
        outcome = await(self, answer);
    }
    zframe_destroy(&frame);
    buf_fini(&bytes);
    return outcome;
}

enum ctl_exit bus_ask(struct bus *self, struct msg *command, struct msg *answer)
{
    self->id++;
    return send_and_await(self, command, answer);
}

/* Says why there is no answer of type want. */
static enum ctl_exit judge(struct bus *self, const char *actor, enum ctl_exit outcome,
                           enum msg_type want, const struct msg *answer)
{
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

enum ctl_exit bus_demand(struct bus *self, const char *actor, struct msg *command,
                         enum msg_type want, struct msg *answer)
{
    enum ctl_exit outcome = bus_ask(self, command, answer);

    return judge(self, actor, outcome, want, answer);
}

enum ctl_exit bus_go_on(struct bus *self, const char *actor, struct msg *command,
                        enum msg_type want, struct msg *answer)
{
    enum ctl_exit outcome = send_and_await(self, command, answer);

    return judge(self, actor, outcome, want, answer);
}
