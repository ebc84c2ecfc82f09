#include "tests/gateway/server.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { silent_turns = 6, read_turns = 400 };

/* Literals that nobody writes to: the configuration owns its texts elsewhere. */
static char *text(const char *literal)
{
    return (char *)(uintptr_t)literal;
}

void server_start(struct server *self)
{
    server_start_with(self, NULL, NULL);
}

void server_start_with(struct server *self, server_configure_fn *configure, const void *context)
{
    enum err err;

    *self = (struct server){.run_dir = "/tmp/muster-test-XXXXXX"};
    assert(mkdtemp(self->run_dir) != NULL);
    self->config = (struct config){
        .node_zone = text("sh001"),
        .node_region = text("sh"),
        .node_env = text("dev"),
        .node_name = text("node1"),
        .gateway_listen = text("127.0.0.1:0"),
        .gateway_advertise = text("127.0.0.1:7171"),
        .gateway_processes = 1,
        .gateway_pool = 8192,
        .gateway_poll_wait = 30000,
        .gateway_write_deadline = 5000,
        .gateway_stale_limit = 60000,
        .gateway_renew_refresh = 5000,
        .gateway_body_max = 1 << 20,
        .run_dir = self->run_dir,
    };
    if (configure != NULL) {
        configure(&self->config, context);
    }
    clock_virtual_init(&self->clock, 1000, 1795305439000000000);
    self->out = outbox_new(1 << 20);
    err = gateway_new(&self->gateway, &self->config, NULL, &self->clock.clock, 7);
    assert(err == ERR_OK);
    (void)err;
    feed_init(&self->feed, self->gateway->replica);
    feed_catch_up(&self->feed);
    server_turn(self);
    assert(http_port(self->gateway->http) != 0);
}

void server_stop(struct server *self)
{
    gateway_destroy(&self->gateway);
    feed_fini(&self->feed);
    outbox_destroy(&self->out);
    (void)rmdir(self->run_dir);
}

void server_turn(void *server)
{
    struct server *self = server;

    do {
        gateway_turn(self->gateway, &self->feed.now, self->out);
    } while (outbox_take_again(self->out));
}

void server_wait(struct server *self, int64_t ms)
{
    self->feed.now.mono_ms += ms;
    self->feed.now.wall_ns += ms * 1000000;
    server_turn(self);
}

int server_connect(struct server *self)
{
    return client_open(http_port(self->gateway->http));
}

void server_send(int fd, const char *target, const char *head)
{
    struct buf request = {0};

    buf_printf(&request, "GET %s HTTP/1.1\r\nHost: x\r\n%s\r\n", target, head);
    client_send(fd, buf_str(&request));
    buf_fini(&request);
}

struct buf server_answer(struct server *self, int fd)
{
    return client_answer(fd, http_fd(self->gateway->http), server_turn, self);
}

bool server_is_silent(struct server *self, int fd)
{
    struct buf read = {0};
    bool open = true;

    for (int i = 0; i < silent_turns && open && read.len == 0; i++) {
        open = client_read(fd, http_fd(self->gateway->http), &read, server_turn, self);
    }
    open = open && read.len == 0;
    buf_fini(&read);
    return open;
}

struct buf server_read_until(struct server *self, int fd, const char *wanted)
{
    struct buf read = {0};

    for (int i = 0; i < read_turns; i++) {
        if (!client_read(fd, http_fd(self->gateway->http), &read, server_turn, self)) {
            break;
        }
        buf_add_char(&read, '\0');
        read.len--;
        if (strstr(read.data, wanted) != NULL) {
            return read;
        }
    }
    read.len = 0;
    buf_add_char(&read, '\0');
    return read;
}

struct buf server_get(struct server *self, const char *target)
{
    int fd = server_connect(self);
    struct buf answer;

    server_send(fd, target, "");
    answer = server_answer(self, fd);
    (void)close(fd);
    return answer;
}
