#include "common/runtime/process.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* Shells, cron and containers give 1,024, which is what programs with select(2) bear; none of ours
 * uses that. More than this takes memory of the kernel and time at a fork for nothing. */
static const rlim_t descriptors_max = 65536;

static void raise_descriptors(const struct log *log)
{
    struct rlimit limit;
    rlim_t wanted;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return;
    }
    wanted = limit.rlim_max < descriptors_max ? limit.rlim_max : descriptors_max;
    if (limit.rlim_cur < wanted) {
        rlim_t was = limit.rlim_cur;

        limit.rlim_cur = wanted;
        if (setrlimit(RLIMIT_NOFILE, &limit) == 0) {
            log_event(log, LOG_DEBUG, "descriptors_raised", "from=%llu to=%llu",
                      (unsigned long long)was, (unsigned long long)wanted);
        }
    }
}

bool process_begin(struct config *config, struct log *log, const char *actor, const char *purpose,
                   const struct clock *clock, int argc, char **argv, int *status)
{
    enum config_outcome outcome = config_load(config, purpose, argc, argv);
    enum err err;

    if (outcome != CONFIG_RUN) {
        *status = outcome == CONFIG_EXIT ? EXIT_SUCCESS : EXIT_FAILURE;
        config_fini(config);
        return false;
    }
    log_init(log, actor, STDERR_FILENO, clock);
    err = log_level_from(str_from(config->log_level), &log->level);
    assert(err == ERR_OK); /* config_load let only names of the table through */
    (void)err;
    if (strcmp(config->log_format, "auto") != 0) {
        log->json = strcmp(config->log_format, "json") == 0;
    }
    raise_descriptors(log);
    return true;
}

enum err process_net_begin(struct process_net *self, const struct config *config,
                           const struct log *log)
{
    struct buf why = {0};
    enum err err = ERR_OK;

    *self = (struct process_net){.keyed = config->peers_keys[0] != '\0'};
    endpoints_from(config, self->at);
    if (self->keyed) {
        err = curve_load(&self->keys, config->peers_keys, &why);
    }
    if (err != ERR_OK) {
        log_event(log, LOG_ERROR, "keys_refused", "%.*s", STR_ARG(buf_str(&why)));
    }
    buf_fini(&why);
    return err;
}

void process_net_end(struct process_net *self)
{
    curve_fini(&self->keys);
}

void process_net_fill(const struct process_net *self, const struct config *config, struct log *log,
                      struct actor_options *options)
{
    options->run_dir = config->run_dir;
    options->log = log;
    options->at = self->at;
    options->keys = self->keyed ? &self->keys : NULL;
    if (options->spec->door_handler_count == 0) {
        return;
    }
    if (config->peers_listen[0] != '\0') {
        options->door = config->peers_listen;
    } else {
        log_event(
            log, LOG_WARN, "no_door",
            "other nodes of muster can't reach this one, as it would be open to anybody: make "
            "keys with musterctl keygen and name their directory in peers.keys, or set "
            "peers.listen");
    }
}
