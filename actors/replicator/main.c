#include <stdlib.h>

#include "actors/replicator/replicator.h"
#include "common/base/prng.h"
#include "common/runtime/process.h"

int main(int argc, char **argv)
{
    struct now now = clock_os.now(&clock_os);
    struct config config;
    struct log log;
    struct replicator self;
    struct actor_link link;
    enum err err;
    int status;

    if (!process_begin(&config, &log, "replicator", "keeps this node and its peers in step",
                       &clock_os, argc, argv, &status)) {
        return status;
    }
    replicator_init(&self, &config, &log, prng_seed_os(), &now);
    link = replicator_link(&self);
    err = actor_run(&(struct actor_options){.spec = &replicator_spec,
                                            .state = &self,
                                            .run_dir = config.run_dir,
                                            .clock = &clock_os,
                                            .log = &log,
                                            .links = &link,
                                            .link_count = 1});
    replicator_fini(&self);
    config_fini(&config);
    return err == ERR_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
