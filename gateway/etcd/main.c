#include "common/base/host_port.h"
#include "common/base/prng.h"
#include "common/runtime/process.h"
#include "gateway/etcd/gateway.h"
#include "gateway/http/places.h"

/* Connections that fit the limit of descriptors. */
static uint32_t connections_that_fit(const struct log *log)
{
    struct places places = {0};

    places_init(&places, 0, "etcd", log);
    return (uint32_t)places.max;
}

static void warn_if_open(const char *listen, const struct log *log)
{
    if (!host_is_loopback(host_of(str_from(listen)))) {
        log_event(
            log, LOG_WARN, "open",
            "beyond loopback: whoever reaches it may read, write and delete every key; keep it "
            "in a private network",
            log_text("what", "etcd.listen"), log_text("address", listen));
    }
}

int main(int argc, char **argv)
{
    const struct now now = clock_os.now(&clock_os);
    struct config config;
    struct log log;
    struct etcd_gateway *self = NULL;
    struct process_net net;
    enum err err;
    int status;

    if (!process_begin(&config, &log, ACTOR_ETCD, "etcd's API, gRPC and JSON", &clock_os, argc,
                       argv, &status)) {
        return status;
    }
    warn_if_open(config.etcd_listen, &log);
    err = process_net_begin(&net, &etcd_gateway_spec, &config, &log);
    if (err == ERR_OK) {
        const struct etcd_gateway_options options = {
            .listen = config.etcd_listen,
            .reuse_port = config.etcd_processes > 1,
            .index = config.index,
            .boot = prng_seed_os(),
            .connections_max = connections_that_fit(&log),
            .request_max = (uint32_t)config.etcd_max_request,
            .election_ms = config.store_election,
            .version = config.etcd_version,
            .origins = (const char *const *)config.etcd_cors.items,
            .origin_count = config.etcd_cors.count,
            .memory_max = (uint64_t)config.etcd_memory_max,
            .sharers = (unsigned)config.etcd_processes,
            .progress_ms = config.etcd_progress_interval,
            .log = &log,
        };

        err = etcd_gateway_new(&self, &options, &now);
    }
    if (err == ERR_OK) {
        const struct actor_link link = etcd_gateway_link(self);
        const struct actor_guest guests[] = {etcd_gateway_guest(self),
                                             etcd_gateway_http1_guest(self)};
        struct actor_options options = {.spec = &etcd_gateway_spec,
                                        .state = self,
                                        .index = config.index,
                                        .clock = &clock_os,
                                        .links = &link,
                                        .link_count = 1,
                                        .guests = guests,
                                        .guest_count = 2};

        process_net_fill(&net, &config, &log, &options);
        err = actor_run(&options);
        err = err == ERR_OK ? etcd_gateway_failed(self) : err;
    }
    process_net_end(&net);
    etcd_gateway_destroy(&self);
    process_end(&config, &log);
    return process_status(err);
}
