#include <assert.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "actors/store/start/start.h"
#include "common/runtime/process.h"

/* Readable in the first turn, and never again. */
struct first_turn {
    struct start *start;
    int fd;
};

static void on_first_turn(void *state, const struct now *now, struct outbox *out)
{
    const struct first_turn *self = state;
    uint64_t one;

    (void)now;
    (void)out;
    (void)!read(self->fd, &one, sizeof(one));
    start_serving(self->start);
}

static enum err run(struct start *start, const struct process_net *net, struct log *log)
{
    struct first_turn first = {start, eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK)};
    const struct actor_guest guests[] = {{.fd = first.fd, .ready = on_first_turn, .state = &first},
                                         store_guest(start->store)};
    struct actor_options options = {.spec = &store_spec,
                                    .state = start->store,
                                    .clock = &clock_os,
                                    .guests = guests,
                                    .guest_count = 2};
    enum err err;

    assert(first.fd >= 0);
    process_net_fill(net, start->config, log, &options);
    err = actor_run(&options);
    err = err == ERR_OK ? store_failed(start->store) : err;
    if (err != ERR_OK) {
        start_failed(start, err);
    }
    (void)close(first.fd);
    return err;
}

int main(int argc, char **argv)
{
    struct config config;
    struct log log;
    struct process_net net;
    struct start start;
    enum err err;
    int status;

    if (!process_begin(&config, &log, ACTOR_STORE, "keys and values with etcd's API, kept on disk",
                       &clock_os, argc, argv, &status)) {
        return status;
    }
    err = process_net_begin(&net, &store_spec, &config, &log);
    if (err == ERR_OK) {
        err = start_run(&start, &config, &log, &clock_os);
        if (err == ERR_OK) {
            err = run(&start, &net, &log);
        }
        start_end(&start);
    }
    process_net_end(&net);
    process_end(&config, &log);
    return process_status(err);
}
