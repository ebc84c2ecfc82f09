#include "tests/ctl/stub.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <netinet/in.h>

#include "actors/ctl/command_line.h"

enum { request_bytes_max = 8192, words_max = 32 };

/* The head, and as much body as Content-Length says. */
static void read_request(int fd, char *request)
{
    size_t len = 0;
    size_t want = request_bytes_max - 1;
    ssize_t got = 1;

    while (got > 0 && len < want) {
        const char *end;
        const char *length;

        got = read(fd, request + len, want - len);
        len += got > 0 ? (size_t)got : 0;
        request[len] = '\0';
        end = strstr(request, "\r\n\r\n");
        length = strstr(request, "Content-Length: ");
        if (end != NULL) {
            want =
                (size_t)(end + 4 - request) + (length != NULL ? strtoul(length + 16, NULL, 10) : 0);
        }
    }
}

static void serve(int listener, int requests, const char *const *replies)
{
    static char request[request_bytes_max];

    for (; *replies != NULL; replies++) {
        int fd = accept(listener, NULL, NULL);

        request[0] = '\0';
        if (fd >= 0) {
            read_request(fd, request);
            (void)!write(fd, *replies, strlen(*replies));
            (void)close(fd);
        }
        (void)!write(requests, request, strlen(request) + 1);
    }
}

void stub_start(struct stub *self, const char *const *replies)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof(address);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int pipes[2];

    assert_true(listener >= 0);
    assert_int_equal(0, bind(listener, (struct sockaddr *)&address, size));
    assert_int_equal(0, listen(listener, 8));
    assert_int_equal(0, getsockname(listener, (struct sockaddr *)&address, &size));
    assert_int_equal(0, pipe(pipes));
    self->port = ntohs(address.sin_port);
    (void)snprintf(self->url, sizeof(self->url), "http://127.0.0.1:%u", self->port);
    self->requests = pipes[0];
    self->pid = fork();
    assert_true(self->pid >= 0);
    if (self->pid == 0) {
        (void)alarm(10); /* a client that does not come must not leave us behind */
        serve(listener, pipes[1], replies);
        if (self->interrupts) {
            (void)kill(getppid(), SIGINT);
        }
        _exit(0);
    }
    (void)close(listener);
    (void)close(pipes[1]);
}

void stub_end(struct stub *self, struct buf *requests)
{
    ssize_t got;
    int status;

    do {
        got = read(self->requests, buf_reserve(requests, 4096), 4096);
        requests->len += got > 0 ? (size_t)got : 0;
    } while (got > 0);
    buf_add_char(requests, '\0');
    (void)close(self->requests);
    assert_int_equal(self->pid, waitpid(self->pid, &status, 0));
}

static FILE *memory(char **text, size_t *len)
{
    FILE *file = open_memstream(text, len);

    assert_non_null(file);
    return file;
}

static void take(struct buf *to, FILE *file, char **text, const size_t *len)
{
    assert_int_equal(0, fclose(file));
    *to = (struct buf){0};
    buf_add(to, *text, *len);
    buf_add_char(to, '\0');
    free(*text);
}

void call(struct called *called, const char *format, ...)
{
    char line[4096];
    char *words[words_max] = {"musterctl"};
    int count = 1;
    char *out_text = NULL;
    char *err_text = NULL;
    size_t out_len = 0;
    size_t err_len = 0;
    struct ctl ctl = {.out = memory(&out_text, &out_len),
                      .err = memory(&err_text, &err_len),
                      .clock = &clock_os,
                      .stop_fd = -1};
    va_list args;
    char *at = line;

    va_start(args, format);
    (void)vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    while (at != NULL && *at != '\0' && count < words_max) {
        words[count++] = strsep(&at, " ");
    }
    called->code = (int)command_line_run(&ctl, count, words);
    take(&called->out, ctl.out, &out_text, &out_len);
    take(&called->err, ctl.err, &err_text, &err_len);
}

void called_fini(struct called *called)
{
    buf_fini(&called->out);
    buf_fini(&called->err);
}
