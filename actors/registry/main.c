#include <stdio.h>
#include <stdlib.h>

#include "actors/registry/schedules.h"
#include "common/base/prng.h"
#include "common/runtime/process.h"

/* Names the machine's run, so that a restarted process is told from a restarted machine. Empty:
 * not known, which is the same as no other. */
static void read_machine_boot(char *text, size_t size)
{
    FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");

    if (file == NULL || fgets(text, (int)size, file) == NULL) {
        text[0] = '\0';
    }
    if (file != NULL) {
        (void)fclose(file);
    }
}

int main(int argc, char **argv)
{
    struct config config;
    struct registry_actor *self = NULL;
    struct schedules *schedules = NULL;
    struct actor_guest guest;
    struct now now = clock_os.now(&clock_os);
    struct log log;
    struct buf dir = {0};
    struct process_net net;
    struct actor_options options = {.spec = &registry_spec, .clock = &clock_os};
    char machine_boot[64];
    enum err err;
    int status;

    if (!process_begin(&config, &log, ACTOR_REGISTRY, "the truth about who is registered",
                       &clock_os, argc, argv, &status)) {
        return status;
    }
    read_machine_boot(machine_boot, sizeof(machine_boot));
    buf_printf(&dir, "%s/registry%c", config.data_dir, 0);
    err = process_net_begin(&net, options.spec, &config, &log);
    if (err == ERR_OK) {
        err = registry_actor_new(&self,
                                 &(struct registry_options){.config = &config,
                                                            .disk = disk_os(),
                                                            .clock = &clock_os,
                                                            .log = &log,
                                                            .dir = dir.data,
                                                            .machine_boot = machine_boot,
                                                            .seed = prng_seed_os()},
                                 &now);
    }
    if (err == ERR_OK) {
        options.state = self;
        schedules = schedules_new(self, &config, &log);
        if (schedules != NULL) {
            guest = schedules_guest(schedules);
            options.guests = &guest;
            options.guest_count = 1;
        }
        process_net_fill(&net, &config, &log, &options);
        err = actor_run(&options);
    }
    process_net_end(&net);
    schedules_destroy(&schedules);
    registry_actor_destroy(&self);
    buf_fini(&dir);
    process_end(&config, &log);
    return process_status(err);
}
