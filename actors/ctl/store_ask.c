#include "actors/ctl/store_ask.h"

#include "common/etcdapi/errors.h"

enum ctl_exit store_ask_open(struct store_ask *self, struct ctl *ctl)
{
    struct msg ping = {.type = MSG_TYPE_PING};
    struct msg pong;
    enum ctl_exit outcome;

    *self = (struct store_ask){0};
    outcome = bus_open(&self->bus, ctl, "store");
    if (outcome == CTL_OK) {
        outcome = bus_demand(&self->bus, "store", &ping, MSG_TYPE_PONG, &pong);
    }
    if (outcome == CTL_OK) {
        self->boot = pong.as_pong.boot;
    }
    return outcome;
}

static void forget(struct store_ask *self)
{
    if (self->response != NULL) {
        protobuf_c_message_free_unpacked(self->response, NULL);
        self->response = NULL;
    }
}

void store_ask_close(struct store_ask *self)
{
    forget(self);
    bus_close(&self->bus);
}

/* The parts of an answer, up to the last one, which is then in *answer; whole: all of them. */
static enum ctl_exit gather(struct store_ask *self, struct msg *answer, struct buf *whole)
{
    struct msg taken = {.type = MSG_TYPE_PART_TAKEN};
    enum ctl_exit outcome = CTL_OK;

    taken.as_part_taken.boot = self->boot;
    taken.as_part_taken.wanted = true;
    buf_add_str(whole, answer->as_answered.response);
    while (outcome == CTL_OK && answer->as_answered.more) {
        taken.as_part_taken.taken++;
        outcome = bus_go_on(&self->bus, "store", &taken, MSG_TYPE_ANSWERED, answer);
        if (outcome == CTL_OK) {
            buf_add_str(whole, answer->as_answered.response);
        }
    }
    return outcome;
}

static enum ctl_exit take(struct store_ask *self, enum etcd_method method,
                          const struct msg_answered *answer, struct str response)
{
    if (answer->code != GRPC_OK) {
        ctl_say(self->bus.ctl, "store: %.*s", STR_ARG(answer->text));
        return answer->code == GRPC_DEADLINE_EXCEEDED ? CTL_TIMED_OUT : CTL_NEGATIVE;
    }
    self->response = protobuf_c_message_unpack(etcd_method_row(method)->response, NULL,
                                               response.len, (const uint8_t *)response.data);
    if (self->response == NULL) {
        ctl_say(self->bus.ctl, "store: answers with something else; is it of another version?");
        return CTL_NEGATIVE;
    }
    return CTL_OK;
}

enum ctl_exit store_ask(struct store_ask *self, enum etcd_method method,
                        const ProtobufCMessage *request)
{
    enum { for_ever_ms = 3600000 };
    int64_t left_ms = ctl_timeout_ms(self->bus.ctl);
    struct buf packed = {0};
    struct buf whole = {0};
    struct msg command = {.type = MSG_TYPE_CALL};
    struct msg answer;
    enum ctl_exit outcome;

    forget(self);
    packed.len = protobuf_c_message_pack(
        request, (uint8_t *)buf_reserve(&packed, protobuf_c_message_get_packed_size(request) + 1));
    command.as_call.boot = self->boot;
    command.as_call.method = (uint32_t)method;
    command.as_call.left_ms = left_ms > 0 ? left_ms : for_ever_ms;
    command.as_call.request = buf_str(&packed);
    outcome = bus_demand(&self->bus, "store", &command, MSG_TYPE_ANSWERED, &answer);
    buf_fini(&packed);
    if (outcome == CTL_OK) {
        outcome = gather(self, &answer, &whole);
    }
    if (outcome == CTL_OK) {
        outcome = take(self, method, &answer.as_answered, buf_str(&whole));
    }
    buf_fini(&whole);
    return outcome;
}
