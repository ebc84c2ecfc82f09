#include <stdlib.h>

#include "actors/evictor/evictor.h"
#include "common/base/prng.h"
#include "common/runtime/process.h"

int main(int argc, char **argv)
{
    struct now now = clock_os.now(&clock_os);
    struct config config;
    struct log log;
    struct evictor self;
    struct actor_link link;
    struct process_net net;
    struct actor_options options = {.spec = &evictor_spec, .state = &self, .clock = &clock_os};
    enum err err;
    int status;

    if (!process_begin(&config, &log, ACTOR_EVICTOR, "drops instances that have fallen silent",
                       &clock_os, argc, argv, &status)) {
        return status;
    }
    err = process_net_begin(&net, options.spec, &config, &log);
    if (err == ERR_OK) {
        evictor_init(&self, &config, &log, prng_seed_os(), &now);
        link = evictor_link(&self);
        options.links = &link;
        options.link_count = 1;
        process_net_fill(&net, &config, &log, &options);
        err = actor_run(&options);
        evictor_fini(&self);
    }
    process_net_end(&net);
    process_end(&config, &log);
    return process_status(err);
}
