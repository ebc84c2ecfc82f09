#include "common/runtime/process.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common/base/heap.h"
#include "common/base/host_port.h"
#include "common/base/log_tail.h"
#include "common/runtime/config_line.h"

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
            log_event(log, LOG_DEBUG, "descriptors_raised", NULL, log_uint("before", was),
                      log_uint("after", wanted));
        }
    }
}

static void begin_log(struct log *log, const struct config *config, enum actor_name actor,
                      const struct clock *clock)
{
    enum err err;

    log_init(log, actor_name_text(actor), STDERR_FILENO, clock);
    log->node = config->node_name;
    log->index = actor_kind(actor)->many ? (int64_t)config->index : -1;
    err = log_level_from(str_from(config->log_level), &log->level);
    assert(err == ERR_OK); /* config_load let only names of the table through */
    (void)err;
    if (strcmp(config->log_format, "auto") != 0) {
        log->json = strcmp(config->log_format, "json") == 0;
    }
    log->tail = heap_get(sizeof(*log->tail));
    log_tail_init(log->tail);
}

bool process_begin(struct config *config, struct log *log, enum actor_name actor,
                   const char *purpose, const struct clock *clock, int argc, char **argv,
                   int *status)
{
    enum config_outcome outcome = config_load(config, purpose, argc, argv);

    if (outcome != CONFIG_RUN) {
        *status = outcome == CONFIG_EXIT ? EXIT_SUCCESS : EXIT_FAILURE;
        config_fini(config);
        return false;
    }
    begin_log(log, config, actor, clock);
    config_line(config, log);
    raise_descriptors(log);
    return true;
}

void process_end(struct config *config, struct log *log)
{
    log_tail_fini(log->tail);
    free(log->tail);
    log->tail = NULL;
    config_fini(config);
}

int process_status(enum err err)
{
    return err == ERR_OK ? EXIT_SUCCESS : err == ERR_UNUSABLE ? process_refused : EXIT_FAILURE;
}

/* One with a door speaks with other nodes, any with those of its own node that are elsewhere. */
static bool leaves_the_host(const struct process_net *self, const struct actor_spec *spec)
{
    bool leaves = spec->door_handler_count > 0;

    for (unsigned i = 0; i < ACTOR_COUNT; i++) {
        leaves = leaves || self->at[i].tcp != NULL;
    }
    return leaves;
}

static struct curve_keys *keys_new(void)
{
    void *pages = mmap(NULL, sizeof(struct curve_keys), PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    assert(pages != MAP_FAILED);
    (void)madvise(pages, sizeof(struct curve_keys), MADV_DONTDUMP);
    return pages;
}

enum err process_net_begin(struct process_net *self, const struct actor_spec *spec,
                           const struct config *config, const struct log *log)
{
    struct buf why = {0};
    enum err err = ERR_OK;

    *self = (struct process_net){0};
    endpoints_from(config, self->at);
    if (config->peers_keys[0] != '\0' && leaves_the_host(self, spec)) {
        self->keys = keys_new();
        err = curve_load(self->keys, config->peers_keys, &why);
    }
    if (err != ERR_OK) {
        log_event(log, LOG_ERROR, "keys_refused", "peers.keys can't be used",
                  log_buf("reason", &why));
    }
    buf_fini(&why);
    return err;
}

void process_net_end(struct process_net *self)
{
    if (self->keys != NULL) {
        curve_fini(self->keys);
        (void)munmap(self->keys, sizeof(*self->keys));
    }
    *self = (struct process_net){0};
}

void process_net_fill(const struct process_net *self, const struct config *config, struct log *log,
                      struct actor_options *options)
{
    options->run_dir = config->run_dir;
    options->log = log;
    options->at = self->at;
    options->keys = self->keys;
    if (options->spec->door_handler_count == 0) {
        return;
    }
    if (config->peers_listen[0] != '\0') {
        options->door = config->peers_listen;
        options->door_waits = self->keys == NULL && config->peers_nodes.count == 0 &&
                              config->peers_zones.count == 0 &&
                              host_is_loopback(host_of(str_from(config->peers_listen)));
    } else if (!host_is_loopback(host_of(str_from(config->gateway_advertise)))) {
        log_event(log, LOG_WARN, "no_door",
                  "other nodes of muster can't reach this one, as it would be open to "
                  "anybody: make keys with musterctl keygen and name their directory in "
                  "peers.keys, or set peers.listen");
    }
}
