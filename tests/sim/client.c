#include "tests/sim/client.h"

#include <stdio.h>

#include "common/domain/instance.h"

static const int64_t resend_ms = 1000;
static const int64_t deadline_ms = 5000;

void client_init(struct client *self, uint64_t seed, int64_t heartbeat_ms)
{
    *self = (struct client){.heartbeat_ms = heartbeat_ms};
    prng_init(&self->prng, seed);
    self->gateway = prng_next(&self->prng) | 1;
    for (uint32_t i = 0; i < client_host_max; i++) {
        (void)snprintf(self->hosts[i].name, sizeof(self->hosts[i].name), "host-%u", (unsigned)i);
        self->hosts[i].state = HOST_GONE;
        self->hosts[i].kept_since_ms = INT64_MAX;
    }
}

struct identity client_identity(const struct client *self, uint32_t host)
{
    static const char *const apps[] = {"cart", "shop", "search"};
    static const char *const zones[] = {"sh001", "sh002"};

    return (struct identity){STR("dev"), str_from(apps[host % 3]), str_from(zones[host % 2]),
                             str_from(self->hosts[host].name)};
}

static void send_register(struct client *self, const struct flight *flight, struct outbox *out)
{
    struct identity id = client_identity(self, flight->host);
    struct msg msg = {.type = MSG_TYPE_REGISTER};
    struct buf addrs = {0};
    char version[16];

    (void)snprintf(version, sizeof(version), "%u", (unsigned)flight->version);
    strs_pack(&addrs, STR("http://10.0.0.1:80"));
    msg.as_register = (struct msg_register){.id = flight->id,
                                            .gateway = self->gateway,
                                            .expires = flight->expires,
                                            .env = id.env,
                                            .appid = id.appid,
                                            .zone = id.zone,
                                            .hostname = id.hostname,
                                            .version = str_from(version),
                                            .addrs = {1, buf_str(&addrs)},
                                            .status = STATUS_UP};
    (void)outbox_command(out, ACTOR_REGISTRY, 0, &msg);
    buf_fini(&addrs);
}

static void send_flight(struct client *self, struct flight *flight, const struct now *now,
                        struct outbox *out)
{
    struct identity id = client_identity(self, flight->host);
    struct msg msg = {.type = flight->type};

    flight->sent_ms = now->mono_ms;
    if (flight->type == MSG_TYPE_REGISTER) {
        send_register(self, flight, out);
    } else if (flight->type == MSG_TYPE_CANCEL) {
        msg.as_cancel = (struct msg_cancel){.id = flight->id,
                                            .gateway = self->gateway,
                                            .expires = flight->expires,
                                            .env = id.env,
                                            .appid = id.appid,
                                            .zone = id.zone,
                                            .hostname = id.hostname};
        (void)outbox_command(out, ACTOR_REGISTRY, 0, &msg);
    } else {
        msg.as_renew = (struct msg_renew){.id = flight->id,
                                          .gateway = self->gateway,
                                          .expires = flight->expires,
                                          .env = id.env,
                                          .appid = id.appid,
                                          .zone = id.zone,
                                          .hostname = id.hostname};
        (void)outbox_command(out, ACTOR_REGISTRY, 0, &msg);
    }
}

static void launch(struct client *self, enum msg_type type, uint32_t host, const struct now *now,
                   struct outbox *out)
{
    for (unsigned i = 0; i < client_flight_max; i++) {
        struct flight *flight = &self->flights[i];

        if (flight->id != 0) {
            continue;
        }
        *flight = (struct flight){.id = ++self->last_id,
                                  .type = type,
                                  .host = host,
                                  .deadline_ms = now->mono_ms + deadline_ms,
                                  .expires = now->wall_ns + deadline_ms * 1000000};
        if (type != MSG_TYPE_RENEW) {
            self->hosts[host].busy = true;
            flight->version = ++self->last_version;
        }
        send_flight(self, flight, now, out);
        return;
    }
}

static void give_up(struct client *self, struct flight *flight)
{
    struct host *host = &self->hosts[flight->host];

    flight->id = 0;
    if (flight->type != MSG_TYPE_RENEW) {
        host->busy = false;
        host->state = HOST_UNKNOWN;
        host->kept_since_ms = INT64_MAX;
    }
}

static void tend_flights(struct client *self, const struct now *now, struct outbox *out)
{
    for (unsigned i = 0; i < client_flight_max; i++) {
        struct flight *flight = &self->flights[i];

        if (flight->id == 0) {
            continue;
        }
        if (now->mono_ms >= flight->deadline_ms) {
            give_up(self, flight);
        } else if (now->mono_ms >= flight->sent_ms + resend_ms) {
            if (self->changes_its_id) {
                flight->id = ++self->last_id;
            }
            send_flight(self, flight, now, out);
        }
    }
}

static void do_something(struct client *self, const struct now *now, struct outbox *out)
{
    uint32_t at = (uint32_t)prng_below(&self->prng, client_host_max);
    struct host *host = &self->hosts[at];

    if (host->busy) {
        return;
    }
    if (host->state != HOST_LIVE || prng_below(&self->prng, 3) == 0) {
        launch(self, MSG_TYPE_REGISTER, at, now, out);
    } else if (prng_below(&self->prng, 2) == 0) {
        launch(self, MSG_TYPE_CANCEL, at, now, out);
    } else if (at % 10 == 0) {
        host->silent = true; /* one in ten hosts dies without a word now and then */
        host->kept_since_ms = INT64_MAX;
    }
}

void client_turn(void *state, const struct now *now, struct outbox *out)
{
    struct client *self = state;

    tend_flights(self, now, out);
    for (uint32_t i = 0; i < client_host_max; i++) {
        struct host *host = &self->hosts[i];

        if (host->state == HOST_LIVE && !host->silent && now->mono_ms >= host->renew_ms) {
            host->renew_ms = now->mono_ms + self->heartbeat_ms;
            launch(self, MSG_TYPE_RENEW, i, now, out);
        }
    }
    if (!self->quiet && now->mono_ms >= self->next_ms) {
        self->next_ms = now->mono_ms + (int64_t)prng_below(&self->prng, 200);
        do_something(self, now, out);
    }
}

static void on_settled(struct client *self, const struct flight *flight, enum err err,
                       const struct now *now)
{
    struct host *host = &self->hosts[flight->host];

    if (flight->type == MSG_TYPE_RENEW) {
        if (err == ERR_NOT_FOUND && !host->busy && host->state == HOST_LIVE && !host->silent &&
            flight->sent_ms > host->kept_since_ms) {
            self->lost = host->name;
        }
        return;
    }
    host->busy = false;
    if (err == ERR_OK || (flight->type == MSG_TYPE_CANCEL && err == ERR_NOT_FOUND)) {
        bool live = flight->type == MSG_TYPE_REGISTER;

        self->acknowledged++;
        host->state = live ? HOST_LIVE : HOST_GONE;
        host->version = flight->version;
        host->silent = false;
        host->renew_ms = now->mono_ms + self->heartbeat_ms;
        host->kept_since_ms = live ? now->mono_ms : INT64_MAX;
    } else {
        host->state = HOST_UNKNOWN;
        host->kept_since_ms = INT64_MAX;
    }
}

void client_answer(void *state, enum actor_name from, uint32_t index, const struct msg *msg,
                   const struct now *now, struct outbox *out)
{
    struct client *self = state;

    (void)from;
    (void)index;
    (void)out;
    for (unsigned i = 0; i < client_flight_max && msg->type == MSG_TYPE_RESULT; i++) {
        struct flight flight = self->flights[i];

        if (flight.id == msg->as_result.id) {
            self->flights[i].id = 0;
            on_settled(self, &flight, (enum err)msg->as_result.err, now);
            return;
        }
    }
}
