#include "tests/bench/grpc/crowd.h"

#include <stdlib.h>

static const int64_t answer_ns =
    120 * (int64_t)1000000000; /* so long the last ones are waited for */

struct client {
    struct crowd *crowd;
    struct connection *connection;
    struct call call;
    uint64_t number;
    int64_t began_ns;
    bool answered;
};

void latencies_add(struct latencies *self, int64_t ns)
{
    if (self->count == self->room) {
        self->room = self->room == 0 ? 65536 : self->room * 2;
        self->us = realloc(self->us, self->room * sizeof(*self->us));
        need(self->us != NULL, "memory");
    }
    self->us[self->count++] = (uint32_t)(ns / 1000);
}

void latencies_all(struct latencies *self, const struct latencies *other)
{
    for (size_t i = 0; i < other->count; i++) {
        latencies_add(self, (int64_t)other->us[i] * 1000);
    }
}

static int by_value(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

double latencies_ms(struct latencies *self, double share)
{
    if (self->count == 0) {
        return 0;
    }
    qsort(self->us, self->count, sizeof(*self->us), by_value);
    return self->us[(size_t)(share * (double)(self->count - 1))] / 1000.0;
}

static void rest(struct crowd *self, struct client *client)
{
    self->idle[(self->idle_first + self->idle_count++) % self->options.client_count] = client;
}

static void on_message(struct call *call, struct str message)
{
    struct client *client = call->owner;
    const struct deed *deed = &client->crowd->options.deed;

    client->answered = !client->answered && deed->answers(deed->owner, client->number, message);
}

static void on_closed(struct call *call)
{
    struct client *client = call->owner;
    struct crowd *self = client->crowd;

    self->ended_ns = now_ns();
    self->calls++;
    self->failed += call->status != 0 || !client->answered;
    latencies_add(&self->latencies, self->ended_ns - client->began_ns);
    rest(self, client);
}

void crowd_init(struct crowd *self, const struct crowd_options *options)
{
    *self = (struct crowd){.options = *options, .stops = true};
    self->clients = calloc(options->client_count, sizeof(*self->clients));
    self->idle = calloc(options->client_count, sizeof(struct client *));
    need(self->clients != NULL && self->idle != NULL, "memory");
    for (size_t i = 0; i < options->client_count; i++) {
        struct client *client = &self->clients[i];

        client->crowd = self;
        client->connection = options->connections[i % options->connection_count];
        client->call = (struct call){.message = on_message, .closed = on_closed, .owner = client};
        rest(self, client);
    }
}

void crowd_begin(struct crowd *self, int64_t now)
{
    self->stops = false;
    self->began_ns = self->ended_ns = now;
    self->asked = self->calls = self->failed = 0;
    self->latencies.count = 0;
}

int64_t crowd_due_ns(const struct crowd *self)
{
    double per_s = self->options.per_s;

    return self->stops || self->idle_count == 0 || self->asked == self->options.calls_max ||
                   per_s <= 0
               ? INT64_MAX
               : self->began_ns + (int64_t)((double)self->asked * 1e9 / per_s);
}

static void ask(struct crowd *self, int64_t began_ns)
{
    struct client *client = self->idle[self->idle_first];
    const struct deed *deed = &self->options.deed;

    self->idle_first = (self->idle_first + 1) % self->options.client_count;
    self->idle_count--;
    client->number = self->asked++;
    client->began_ns = began_ns;
    client->answered = false;
    client->call.out.len = client->call.sent = 0;
    deed->ask(deed->owner, client->number, &client->call);
    call_begin(&client->call, client->connection, deed->path);
}

void crowd_turn(struct crowd *self, int64_t now)
{
    while (!self->stops && self->idle_count > 0 && self->asked < self->options.calls_max) {
        int64_t due_ns = crowd_due_ns(self);

        if (due_ns == INT64_MAX) {
            due_ns = now;
        } else if (due_ns > now) {
            return;
        }
        ask(self, due_ns);
    }
}

bool crowd_is_done(const struct crowd *self)
{
    return self->idle_count == self->options.client_count &&
           (self->stops || self->asked == self->options.calls_max);
}

void crowd_end(struct crowd *self)
{
    int64_t until_ns = now_ns() + answer_ns;

    for (self->stops = true; !crowd_is_done(self);) {
        loop_turn(self->options.loop, until_ns);
        need(now_ns() < until_ns, "calls are not answered");
    }
}

void crowd_warm(struct crowd *self)
{
    struct crowd_options asked = self->options;

    self->options.calls_max = asked.client_count;
    self->options.per_s = 0;
    crowd_run(self, now_ns() + answer_ns);
    need(crowd_is_done(self), "the first calls are not answered");
    self->options = asked;
}

void crowd_run(struct crowd *self, int64_t until_ns)
{
    int64_t now = now_ns();

    crowd_begin(self, now);
    for (crowd_turn(self, now); !crowd_is_done(self) && now < until_ns; crowd_turn(self, now)) {
        int64_t due_ns = crowd_due_ns(self);

        loop_turn(self->options.loop, due_ns < until_ns ? due_ns : until_ns);
        now = now_ns();
    }
    crowd_end(self);
}
