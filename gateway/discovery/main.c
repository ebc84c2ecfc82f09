#include <stdlib.h>

#include "common/base/prng.h"
#include "common/runtime/process.h"
#include "gateway/bus/scrape.h"
#include "gateway/discovery/gateway.h"

int main(int argc, char **argv)
{
    struct config config;
    struct log log;
    struct gateway *self = NULL;
    struct process_net net;
    enum err err;
    int status;

    if (!process_begin(&config, &log, ACTOR_GATEWAY, "the discovery HTTP API", &clock_os, argc,
                       argv, &status)) {
        return status;
    }
    err = process_net_begin(&net, &gateway_spec, &config, &log);
    if (err == ERR_OK) {
        err = gateway_new(&self, &config, &log, &clock_os, prng_seed_os());
    }
    if (err == ERR_OK) {
        struct actor_guest guest = {
            .fd = http_fd(self->http), .always = true, .ready = gateway_turn};
        struct actor_options options = {.spec = &gateway_spec,
                                        .state = self,
                                        .index = config.index,
                                        .clock = &clock_os,
                                        .links = self->links,
                                        .link_count = self->link_count,
                                        .guests = &guest,
                                        .guest_count = 1};

        scrape_set_commit(self->scrape, MUSTER_COMMIT);
        process_net_fill(&net, &config, &log, &options);
        err = actor_run(&options);
        err = self->failed ? ERR_IO : err;
    }
    process_net_end(&net);
    gateway_destroy(&self);
    process_end(&config, &log);
    return process_status(err);
}
