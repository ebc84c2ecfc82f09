#include "gateway/etcd/front.h"

#include <stdlib.h>

#include "common/base/heap.h"
#include "gateway/http/memory.h"

enum {
    held_bytes_max = 16 * 1024 * 1024, /* that one connection has sent */
    unsent_bytes_max = 64 * 1024 * 1024,
};

struct front {
    struct release release;
    struct tally tally;
    struct h2_load load;
    struct json_calls calls;
    struct checks *checks;
    struct exposition *exposition;
    struct site site;
    struct http1 *http1;
    size_t body_max;
};

static void lay_site(struct front *self, const struct front_options *options)
{
    const struct checks_options checks = {.release = &self->release,
                                          .relay = options->relay,
                                          .store = options->store,
                                          .calls = options->calls};
    struct exposition_options exposition = {.release = &self->release,
                                            .store = options->store,
                                            .relay = options->relay,
                                            .tally = &self->tally,
                                            .watches = options->watches,
                                            .moment = options->moment};

    self->checks = checks_new(&checks);
    exposition.checks = self->checks;
    self->exposition = exposition_new(&exposition);
    self->calls = (struct json_calls){.app = options->calls.app,
                                      .state = options->calls.state,
                                      .message_max = options->message_max,
                                      .tally = &self->tally};
    self->site = (struct site){.release = &self->release,
                               .calls = &self->calls,
                               .checks = self->checks,
                               .exposition = self->exposition,
                               .origins = options->origins,
                               .origin_count = options->origin_count};
}

enum err front_new(struct front **self, const struct front_options *options)
{
    struct front *made = heap_new(sizeof(*made));
    struct http1_options http1 = {.section = "etcd",
                                  .connections_max = options->connections_max,
                                  .memory_max = options->memory_max,
                                  .sharers = options->sharers,
                                  .log = options->log};
    struct memory memory = {0};
    enum err err = release_parse(&made->release, str_from(options->version));

    if (err != ERR_OK) {
        log_event(options->log, LOG_ERROR, "version_invalid", "write etcd.version as 3.5.21",
                  log_text("version", options->version));
        err = ERR_INVALID;
    }
    memory_init(&memory, options->memory_max, options->sharers);
    made->load.max = memory.max;
    /* Twice what it may become in protobuf: base64 makes a third more of it. */
    made->body_max = http1.body_max = (size_t)2 * options->message_max;
    lay_site(made, options);
    err = err != ERR_OK ? err : http1_new(&made->http1, &http1, &site_app, &made->site);
    if (err != ERR_OK) {
        front_destroy(&made);
        return err;
    }
    *self = made;
    return ERR_OK;
}

void front_destroy(struct front **self)
{
    struct front *it = *self;

    *self = NULL;
    if (it == NULL) {
        return;
    }
    http1_destroy(&it->http1); /* first: open requests are gone */
    exposition_destroy(&it->exposition);
    checks_destroy(&it->checks);
    free(it);
}

void front_join(struct front *self, struct h2_options *h2)
{
    h2->held_max = held_bytes_max;
    h2->unsent_max = unsent_bytes_max;
    h2->body_max = self->body_max;
    h2->load = &self->load;
    h2->tally = &self->tally;
    h2->web = &site_app;
    h2->web_state = &self->site;
}

void front_adopt(struct front *self, int fd, const struct now *now)
{
    http1_adopt(self->http1, fd, now);
}

void front_counters(struct front *self, const struct msg_counters *counters)
{
    exposition_counters(self->exposition, counters);
}

int front_fd(const struct front *self)
{
    return http1_fd(self->http1);
}

bool front_turn(struct front *self, const struct port_counts *port, const struct now *now)
{
    exposition_port(self->exposition, port);
    exposition_turn(self->exposition, now);
    json_calls_turn(&self->calls);
    return http1_turn(self->http1, now) || json_calls_print(&self->calls);
}

int64_t front_due_ms(const struct front *self, const struct now *now)
{
    int64_t asked_ms = exposition_due_ms(self->exposition);
    int64_t http_ms = http1_due_ms(self->http1, now);

    if (json_calls_print(&self->calls)) {
        return now->mono_ms;
    }
    return asked_ms < http_ms ? asked_ms : http_ms;
}

uint64_t front_connections(const struct front *self)
{
    return http1_connections(self->http1);
}

void front_forget(struct front *self)
{
    http1_forget(self->http1);
}
