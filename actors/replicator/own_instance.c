#include "actors/replicator/own_instance.h"

#include <assert.h>

#include "common/base/host_port.h"
#include "common/runtime/endpoint.h"

static const int64_t resend_ms = 1000;
static const int64_t ns_per_ms = 1000000;

static void add_pair(struct own_instance *self, struct str key, struct str value)
{
    strs_pack(&self->metadata, key);
    strs_pack(&self->metadata, value);
    self->metadata_count++;
}

static bool is_wildcard(struct str host)
{
    return host.len == 0 || str_eq(host, STR("0.0.0.0")) || str_eq(host, STR("[::]")) ||
           str_eq(host, STR("*"));
}

/* Where others reach the door: as it is bound, or, where that is every address, at the host of the
 * advertised one. */
static void add_door(struct own_instance *self, const struct replicator_options *options)
{
    const char *advertise = options->config->gateway_advertise;
    const char *host_end = strrchr(advertise, ':');
    const char *port = options->door != NULL ? strrchr(options->door, ':') : NULL;
    struct str host = {options->door, port != NULL ? (size_t)(port - options->door) : 0};
    struct buf text = {0};

    if (host_end == NULL || port == NULL) {
        return;
    }
    if (is_wildcard(host)) {
        host = (struct str){advertise, (size_t)(host_end - advertise)};
    }
    buf_add_str(&text, host);
    buf_add_str(&text, str_from(port));
    add_pair(self, STR("muster.peer"), buf_str(&text));
    buf_fini(&text);
}

/* Other nodes of this user on this host need no port for each other. */
static void add_place(struct own_instance *self, const struct replicator_options *options)
{
    struct str host = host_of(str_from(options->config->gateway_advertise));
    struct buf text = {0};

    if (options->place != NULL && host_is_loopback(host)) {
        buf_printf(&text, "%s:%s", options->place, options->door_path);
        add_pair(self, STR("muster.ipc"), buf_str(&text));
    }
    buf_fini(&text);
}

/* The metadata, in order of the keys. */
static void describe(struct own_instance *self, bool door)
{
    const struct replicator_options *options = &self->options;
    struct buf text = {0};

    self->metadata.len = 0;
    self->metadata_count = 0;
    add_place(self, options);
    if (options->public_key != NULL) {
        add_pair(self, STR("muster.key"), str_from(options->public_key));
    }
    add_pair(self, STR("muster.node"), self->node_id);
    if (door) {
        add_door(self, options);
    }
    buf_add_i64(&text, protocol_version);
    add_pair(self, STR("muster.proto"), buf_str(&text));
    buf_fini(&text);
}

void own_instance_init(struct own_instance *self, const struct replicator_options *options,
                       const struct now *now)
{
    const struct config *config = options->config;
    struct buf text = {0};

    assert(options->epoch != 0 && options->node_id != NULL);
    *self = (struct own_instance){
        .log = options->log,
        .id = {.env = str_from(config->node_env),
               .appid = node_appid,
               .zone = str_from(config->node_zone),
               .hostname = str_from(config->node_name)},
        .region = str_from(config->node_region),
        .period_ms = config->evictor_idle / 3,
        .deadline_ms = config->gateway_write_deadline,
        .gateway = options->epoch,
        .options = *options,
        .node_id = str_from(options->node_id),
        .held = true,
        .state = OWN_INSTANCE_REGISTER,
        .due_ms = now->mono_ms,
    };
    buf_printf(&text, "http://%s", config->gateway_advertise);
    strs_pack(&self->addrs, buf_str(&text));
    buf_fini(&text);
    describe(self, options->door != NULL && !options->door_waits);
}

void own_instance_door_opened(struct own_instance *self, const struct now *now)
{
    describe(self, self->options.door != NULL);
    if (!self->held) {
        own_instance_claim(self, now);
    }
}

void own_instance_fini(struct own_instance *self)
{
    buf_fini(&self->addrs);
    buf_fini(&self->metadata);
}

static void fill_register(const struct own_instance *self, struct msg *msg)
{
    *msg = (struct msg){.type = MSG_TYPE_REGISTER};
    msg->as_register = (struct msg_register){
        .id = self->command_id,
        .gateway = self->gateway,
        .expires = self->expires,
        .origin = ORIGIN_SELF,
        .env = self->id.env,
        .appid = self->id.appid,
        .zone = self->id.zone,
        .hostname = self->id.hostname,
        .region = self->region,
        .addrs = {1, buf_str(&self->addrs)},
        .metadata = {self->metadata_count, buf_str(&self->metadata)},
        .status = STATUS_UP,
    };
}

static void fill_renew(const struct own_instance *self, struct msg *msg)
{
    *msg = (struct msg){.type = MSG_TYPE_RENEW};
    msg->as_renew = (struct msg_renew){
        .id = self->command_id,
        .gateway = self->gateway,
        .expires = self->expires,
        .origin = ORIGIN_SELF,
        .env = self->id.env,
        .appid = self->id.appid,
        .zone = self->id.zone,
        .hostname = self->id.hostname,
    };
}

static void fill_cancel(const struct own_instance *self, struct msg *msg)
{
    *msg = (struct msg){.type = MSG_TYPE_CANCEL};
    msg->as_cancel = (struct msg_cancel){
        .id = self->command_id,
        .gateway = self->gateway,
        .expires = self->expires,
        .origin = ORIGIN_SELF,
        .env = self->id.env,
        .appid = self->id.appid,
        .zone = self->id.zone,
        .hostname = self->id.hostname,
    };
}

void own_instance_step(struct own_instance *self, uint64_t *last_id, const struct now *now,
                       struct outbox *out)
{
    static void (*const fill[])(const struct own_instance *self,
                                struct msg *msg) = {[OWN_INSTANCE_REGISTER] = fill_register,
                                                    [OWN_INSTANCE_RENEW] = fill_renew,
                                                    [OWN_INSTANCE_CANCEL] = fill_cancel};
    struct msg msg;

    if (self->held || self->state == OWN_INSTANCE_GONE || now->mono_ms < self->due_ms) {
        return;
    }
    if (self->command_id == 0 || now->wall_ns >= self->expires) {
        self->command_id = ++*last_id;
        self->expires = now->wall_ns + self->deadline_ms * ns_per_ms;
    }
    fill[self->state](self, &msg);
    outbox_command(out, ACTOR_REGISTRY, 0, &msg); /* full: sent again as if it were lost */
    self->due_ms = now->mono_ms + resend_ms;
}

static void log_failure(const struct own_instance *self, const struct msg_result *result)
{
    enum err err = (enum err)result->err;

    if (err != ERR_OK && err != self->failed && self->state == OWN_INSTANCE_REGISTER) {
        log_event(self->log, LOG_WARN, "own_instance",
                  "the registry does not take this node's infra.discovery: tried again each "
                  "second",
                  log_text("error", err_name(err)), log_str("reason", result->text));
    }
}

bool own_instance_answer(struct own_instance *self, const struct msg_result *result,
                         const struct now *now)
{
    enum err err = (enum err)result->err;

    if (self->command_id == 0 || result->id != self->command_id) {
        return false;
    }
    log_failure(self, result);
    self->failed = err;
    self->command_id = 0;
    if (self->state == OWN_INSTANCE_CANCEL) {
        self->state = OWN_INSTANCE_GONE;
        self->due_ms = INT64_MAX;
    } else if (err == ERR_OK) {
        self->state = OWN_INSTANCE_RENEW;
        self->due_ms = now->mono_ms + self->period_ms;
    } else if (self->state == OWN_INSTANCE_RENEW && err == ERR_NOT_FOUND) {
        self->state = OWN_INSTANCE_REGISTER;
        self->due_ms = now->mono_ms;
    } else {
        self->due_ms = now->mono_ms + resend_ms;
    }
    return true;
}

void own_instance_claim(struct own_instance *self, const struct now *now)
{
    self->held = false;
    if (self->state == OWN_INSTANCE_RENEW || self->state == OWN_INSTANCE_REGISTER) {
        self->state = OWN_INSTANCE_REGISTER;
        self->command_id = 0;
        self->due_ms = now->mono_ms;
    }
}

void own_instance_hurry(struct own_instance *self, const struct now *now)
{
    if (self->state != OWN_INSTANCE_GONE) {
        self->due_ms = now->mono_ms;
    }
}

void own_instance_leave(struct own_instance *self, const struct now *now)
{
    if (self->state != OWN_INSTANCE_CANCEL && self->state != OWN_INSTANCE_GONE) {
        self->held = false;
        self->state = OWN_INSTANCE_CANCEL;
        self->command_id = 0;
        self->due_ms = now->mono_ms;
    }
}
