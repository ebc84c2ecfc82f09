#include "tests/gateway/gateway_fixture.h"

#include <assert.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

static void configure(struct config *config, const void *context)
{
    const bool *trust = context;

    config->security_trust_client_nodes = *trust;
}

void fixture_begin(struct gateway_fixture *self, bool trust)
{
    *self = (struct gateway_fixture){.client = -1};
    server_start_with(&self->server, configure, &trust);
}

void fixture_end(struct gateway_fixture *self)
{
    if (self->client >= 0) {
        (void)close(self->client);
    }
    server_stop(&self->server);
    buf_fini(&self->command);
}

static void take_commands(struct gateway_fixture *self, struct str rest)
{
    while (rest.len > 0) {
        struct msg msg;
        enum err err = msg_decode(&rest, &msg);

        assert(err == ERR_OK);
        (void)err;
        self->command.len = 0;
        msg_encode(&self->command, &msg);
        *(msg.type == MSG_TYPE_STATS ? &self->stats : &self->writes) += 1;
    }
}

void fixture_turn(void *fixture)
{
    struct gateway_fixture *self = fixture;
    struct outbox_item item;
    size_t cursor = 0;

    server_turn(&self->server);
    while (outbox_next(self->server.out, OUTBOX_SYNCED, &cursor, &item)) {
        take_commands(self, item.frame);
    }
    outbox_clear(self->server.out, OUTBOX_SYNCED);
}

void fixture_wait(struct gateway_fixture *self, int64_t ms)
{
    server_wait(&self->server, ms);
}

struct msg fixture_command(const struct gateway_fixture *self)
{
    struct str rest = buf_str(&self->command);
    struct msg msg;
    enum err err = msg_decode(&rest, &msg);

    assert(err == ERR_OK);
    (void)err;
    return msg;
}

void fixture_put(struct gateway_fixture *self, const struct instance *instance)
{
    struct change change = {.kind = CHANGE_REGISTER,
                            .latest_timestamp = instance->latest_timestamp,
                            .instance = *instance};

    feed_turn(&self->server.feed, &change);
}

void fixture_protect(struct gateway_fixture *self, int64_t left_ms)
{
    struct msg fact = {.type = MSG_TYPE_PROTECT};

    fact.as_protect.on = true;
    fact.as_protect.left_ms = left_ms;
    fact.as_protect.reason = STR("no peer has answered");
    feed_fact(&self->server.feed, &fact);
}

void fixture_result(struct gateway_fixture *self, enum err err, uint64_t seq, int64_t timestamp,
                    const char *text)
{
    struct msg command = fixture_command(self);
    struct msg result = {.type = MSG_TYPE_RESULT};

    result.as_result.id = msg_id(&command);
    result.as_result.err = err;
    result.as_result.epoch = self->server.feed.epoch;
    result.as_result.seq = seq;
    result.as_result.timestamp = timestamp;
    result.as_result.text = str_from(text);
    gateway_spec.answer(self->server.gateway, ACTOR_REGISTRY, 0, &result, &self->server.feed.now,
                        self->server.out);
}

void fixture_send(struct gateway_fixture *self, const char *method, const char *path,
                  const char *form)
{
    struct buf request = {0};
    int before = self->writes;

    if (self->client < 0) {
        self->client = client_open(http_port(self->server.gateway->http));
    }
    buf_printf(&request, "%s %s HTTP/1.1\r\nHost: h\r\n%s", method, path,
               self->head != NULL ? self->head : "");
    if (form != NULL) {
        buf_printf(&request,
                   "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %zu\r\n",
                   strlen(form));
    }
    buf_printf(&request, "\r\n%s", form != NULL ? form : "");
    client_send(self->client, buf_str(&request));
    buf_fini(&request);
    for (int i = 0; i < 20 && self->writes == before; i++) {
        struct pollfd fd = {http_fd(self->server.gateway->http), POLLIN, 0};

        (void)poll(&fd, 1, 1);
        fixture_turn(self);
    }
}

struct buf fixture_answer(struct gateway_fixture *self)
{
    return client_answer(self->client, http_fd(self->server.gateway->http), fixture_turn, self);
}

struct buf fixture_ask(struct gateway_fixture *self, const char *method, const char *path,
                       const char *form)
{
    fixture_send(self, method, path, form);
    return fixture_answer(self);
}

bool fixture_is_answered(struct gateway_fixture *self)
{
    struct pollfd fd = {self->client, POLLIN, 0};

    for (int i = 0; i < 5; i++) {
        fixture_turn(self);
    }
    return poll(&fd, 1, 0) == 1;
}
