/* The store as an actor of its own, to measure the way there and back: log and LMDB in DIRECTORY.
 *
 *   bench_grpc_store --dir DIRECTORY      as the registry of that directory
 */
#include <stdio.h>
#include <sys/stat.h>

#include "actors/store/mvcc/backend_lmdb.h"
#include "actors/store/store.h"
#include "common/base/prng.h"
#include "common/runtime/process.h"

static enum err open_store(const char *directory, const struct store_options *options,
                           struct store **store, struct disk_log **disk_log)
{
    const struct now now = clock_os.now(&clock_os);
    struct disk_log_options log = {.disk = disk_os(),
                                   .clock = &clock_os,
                                   .log = options->log,
                                   .cluster = options->cluster_id,
                                   .member = options->member_id,
                                   .seed = prng_seed_os()};
    struct disk_log_found found = {0};
    struct backend *backend = NULL;
    struct buf path = {0};
    char text[backend_text_max] = "";
    enum err err;

    buf_printf(&path, "%s/db", directory);
    (void)mkdir(path.data, 0700);
    err = backend_lmdb_open(path.data, (uint64_t)64 << 30, &backend, text);
    if (err != ERR_OK) {
        (void)fprintf(stderr, "%s\n", text);
    }
    path.len = 0;
    buf_printf(&path, "%s/raft", directory);
    log.dir = path.data;
    err = err != ERR_OK ? err : disk_log_open(&log, disk_log, &found);
    err = err != ERR_OK ? err : store_new(store, options, &backend, &now);
    err = err != ERR_OK ? err : store_start(*store, *disk_log, &found, &now);
    backend_close(&backend);
    buf_fini(&path);
    return err;
}

int main(int argc, char **argv)
{
    struct actor_options options = {.spec = &store_spec, .clock = &clock_os};
    struct store_options store = {
        .cluster_id = 1,
        .member_id = 2,
        .member_name = "bench",
        .client_url = "http://127.0.0.1",
        .version = "3.4.23",
        .boot = 1,
        .election_ms = 1000,
        .heartbeat_ms = 100,
        .limits = {.request_bytes_max = 1536 * 1024, .txn_ops_max = 128},
        .flush_ms = 100,
        .flush_bytes = (size_t)16 << 20,
    };
    struct store *state = NULL;
    struct disk_log *disk_log = NULL;
    struct config config;
    struct log log;
    struct process_net net;
    struct prng prng;
    enum err err;
    int status;

    if (!process_begin(&config, &log, "registry", "the store alone", &clock_os, argc, argv,
                       &status)) {
        return status;
    }
    prng_init(&prng, prng_seed_os());
    store.prng = &prng;
    store.log = &log;
    err = process_net_begin(&net, &store_spec, &config, &log);
    if (err == ERR_OK) {
        err = open_store(config.run_dir, &store, &state, &disk_log);
    }
    if (err == ERR_OK) {
        options.state = state;
        process_net_fill(&net, &config, &log, &options);
        err = actor_run(&options);
        err = err == ERR_OK ? store_failed(state) : err;
    }
    store_destroy(&state);
    disk_log_close(&disk_log);
    process_net_end(&net);
    config_fini(&config);
    return process_status(err);
}
