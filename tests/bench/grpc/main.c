/* A load of etcd's API, from one thread.
 *
 *   bench_grpc_load MODE --port N [--OPTION N…]
 *
 *   put, range   clients with one call each under way, for so many seconds or calls
 *   watch        watches on one key, and puts of it as fast as they are answered
 *   idle         watches on a key each; then some keys are put, each of which must be told
 *   leases       that end together, each with a key, beside puts and ranges
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <unistd.h>

#include "tests/bench/grpc/modes.h"

static const struct mode {
    const char *name;
    mode_fn *run;
} modes[] = {{"put", mode_put},
             {"range", mode_range},
             {"watch", mode_watch},
             {"idle", mode_idle},
             {"leases", mode_leases}};

// clang-format off
#define OPTION_USAGE(name, value) " [--" #name " N]"
static const char usage[] = "usage: bench_grpc_load put|range|watch|idle|leases" OPTION_TABLE(OPTION_USAGE) "\n";
#undef OPTION_USAGE
// clang-format on

void ready(void)
{
    char byte;

    (void)puts("ready");
    (void)fflush(stdout);
    need(read(STDIN_FILENO, &byte, 1) == 1, "nobody says when to begin");
}

static bool read_option(struct options *options, const char *name, const char *value)
{
    const struct known {
        const char *name;
        uint32_t *value;
    } known[] = {
#define OPTION_KNOWN(name, value) {"--" #name, &options->name},
        OPTION_TABLE(OPTION_KNOWN)
#undef OPTION_KNOWN
    };

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (strcmp(known[i].name, name) == 0) {
            return str_to_u32(str_from(value), known[i].value) == ERR_OK;
        }
    }
    return false;
}

static bool read_options(struct options *options, int argc, char **argv)
{
    for (int i = 2; i + 1 < argc; i += 2) {
        if (!read_option(options, argv[i], argv[i + 1])) {
            return false;
        }
    }
    return argc % 2 == 0 && options->port > 0 && options->port <= UINT16_MAX &&
           options->clients > 0 && options->connections > 0 && options->seconds > 0 &&
           options->keys > 0 && options->width > 0 && options->width <= 16;
}

int main(int argc, char **argv)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct loop loop;
    struct options options = {.loop = &loop,
#define OPTION_DEFAULT(name, value) .name = (value),
                              OPTION_TABLE(OPTION_DEFAULT)
#undef OPTION_DEFAULT
    };

    if (argc >= 2 && read_options(&options, argc, argv)) {
        to.sin_port = htons((uint16_t)options.port);
        loop_init(&loop, &to);
        for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
            if (strcmp(modes[i].name, argv[1]) == 0) {
                return modes[i].run(&options);
            }
        }
    }
    (void)fputs(usage, stderr);
    return 2;
}
