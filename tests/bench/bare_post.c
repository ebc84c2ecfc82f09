/* A yardstick for renew and register: what libmicrohttpd alone costs when it takes a form and
 * answers a little JSON. Set up as the gateway sets it up: one thread, its epoll descriptor a guest
 * in an outer loop, the body gathered and taken apart by hand, one response shared by all.
 *
 *   bench_bare_post PORT POOL_BYTES */
#include <inttypes.h>
#include <microhttpd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "common/base/str.h"

enum { body_max = 4096, fields_max = 32, sleep_max_ms = 1000 };

struct param_reader {
    char body[body_max];
    size_t len;
};

static const char answer[] = "{\"code\":0,\"message\":\"0\",\"ttl\":1}";

static int hex(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* Decodes one name or value in place; returns where it ends. */
static char *decode(char *from, const char *end)
{
    char *to = from;

    for (; from < end; from++, to++) {
        if (*from == '%' && end - from > 2 && hex(from[1]) >= 0 && hex(from[2]) >= 0) {
            *to = (char)(hex(from[1]) << 4 | hex(from[2]));
            from += 2;
        } else {
            *to = *from == '+' ? ' ' : *from;
        }
    }
    return to;
}

/* The fields of the form, each with a name and a value. */
static size_t parse(struct param_reader *form)
{
    struct str fields[2 * fields_max];
    size_t count = 0;
    char *at = form->body;
    const char *end = at + form->len;

    while (at < end && count < fields_max) {
        char *amp = memchr(at, '&', (size_t)(end - at));
        char *stop = amp != NULL ? amp : at + (end - at);
        char *equals = memchr(at, '=', (size_t)(stop - at));
        char *value = equals != NULL ? equals + 1 : stop;
        const char *name_end = equals != NULL ? equals : stop;

        fields[2 * count] = (struct str){at, (size_t)(decode(at, name_end) - at)};
        fields[2 * count + 1] = (struct str){value, (size_t)(decode(value, stop) - value)};
        count += fields[2 * count].len > 0;
        at = stop + 1;
    }
    return count;
}

static enum MHD_Result on_request(void *state, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_len, void **context)
{
    struct param_reader *form = *context;

    (void)url;
    (void)method;
    (void)version;
    if (form == NULL) {
        form = malloc(sizeof(*form));
        if (form == NULL) {
            return MHD_NO;
        }
        form->len = 0;
        *context = form;
        return MHD_YES;
    }
    if (*upload_len > 0) {
        if (*upload_len > body_max - form->len) {
            return MHD_NO;
        }
        memcpy(form->body + form->len, upload, *upload_len);
        form->len += *upload_len;
        *upload_len = 0;
        return MHD_YES;
    }
    return parse(form) == 0 ? MHD_NO : MHD_queue_response(connection, MHD_HTTP_OK, state);
}

static void on_completed(void *state, struct MHD_Connection *connection, void **context,
                         enum MHD_RequestTerminationCode why)
{
    (void)state;
    (void)connection;
    (void)why;
    free(*context);
    *context = NULL;
}

static int serve(struct MHD_Daemon *daemon)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD);
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN};

    if (info == NULL || epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, info->epoll_fd, &event) != 0) {
        return EXIT_FAILURE;
    }
    for (;;) {
        MHD_UNSIGNED_LONG_LONG due_ms = sleep_max_ms;

        if (MHD_get_timeout(daemon, &due_ms) != MHD_YES || due_ms > sleep_max_ms) {
            due_ms = sleep_max_ms;
        }
        (void)epoll_wait(epoll, &event, 1, (int)due_ms);
        if (MHD_run(daemon) != MHD_YES) {
            return EXIT_FAILURE;
        }
    }
}

int main(int argc, char **argv)
{
    int64_t port = 0;
    int64_t pool_bytes = 0;
    struct MHD_Response *response = MHD_create_response_from_buffer(
        sizeof(answer) - 1, (void *)(uintptr_t)answer, MHD_RESPMEM_PERSISTENT);
    struct MHD_Daemon *daemon;

    if (argc != 3 || str_to_i64(str_from(argv[1]), &port) != ERR_OK ||
        str_to_i64(str_from(argv[2]), &pool_bytes) != ERR_OK || response == NULL) {
        fprintf(stderr, "usage: %s PORT POOL_BYTES\n", argv[0]);
        return 2;
    }
    (void)MHD_add_response_header(response, "Content-Type", "application/json; charset=utf-8");
    daemon = MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_TURBO, (uint16_t)port, NULL, NULL, on_request,
                              response, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)pool_bytes,
                              MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL,
                              MHD_OPTION_LISTEN_BACKLOG_SIZE, 4096U, MHD_OPTION_CONNECTION_LIMIT,
                              10000U, MHD_OPTION_END);
    if (daemon == NULL) {
        fprintf(stderr, "port %" PRId64 " can't be listened on\n", port);
        return EXIT_FAILURE;
    }
    return serve(daemon);
}
