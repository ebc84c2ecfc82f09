#include "actors/ctl/ctl.h"

#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <time.h>

bool ctl_json(const struct ctl *ctl)
{
    return options_form(&ctl->options) == OUTPUT_JSON;
}

enum output_form ctl_form(const struct ctl *ctl)
{
    return options_form(&ctl->options);
}

int64_t ctl_timeout_ms(const struct ctl *ctl)
{
    return options_duration_ms(&ctl->options, OPTION_TIMEOUT, ctl->verb->timeout);
}

void ctl_catch_stop(struct ctl *ctl)
{
    sigset_t set;

    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGINT);
    (void)sigaddset(&set, SIGTERM);
    ctl->stop_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (ctl->stop_fd >= 0) {
        (void)sigprocmask(SIG_BLOCK, &set, NULL);
    }
}

bool ctl_wait(const struct ctl *ctl, int64_t ms)
{
    int64_t end_ms = ctl->clock->now(ctl->clock).mono_ms + ms;
    int64_t left_ms = ms;

    while (left_ms > 0) {
        struct pollfd stop = {.fd = ctl->stop_fd, .events = POLLIN};

        if (poll(&stop, 1, left_ms < 60000 ? (int)left_ms : 60000) > 0) {
            return false;
        }
        left_ms = end_ms - ctl->clock->now(ctl->clock).mono_ms;
    }
    return true;
}

void ctl_time_print(int64_t wall_ns, struct buf *to)
{
    time_t seconds = (time_t)(wall_ns / 1000000000);
    struct tm tm = {0};

    (void)gmtime_r(&seconds, &tm);
    buf_printf(to, "%04d-%02d-%02dT%02d:%02d:%02d.%03" PRId64 "Z", tm.tm_year + 1900, tm.tm_mon + 1,
               tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, wall_ns / 1000000 % 1000);
}

bool ctl_time_read(const char *text, int64_t *wall_ns)
{
    struct tm tm = {0};
    const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
    int64_t ms = 0;

    if (rest == NULL) {
        return false;
    }
    for (int i = 1; rest[0] == '.' && i <= 3 && rest[i] >= '0' && rest[i] <= '9'; i++) {
        ms = ms * 10 + (rest[i] - '0');
    }
    *wall_ns = (int64_t)timegm(&tm) * 1000000000 + ms * 1000000;
    return true;
}

void ctl_time_print_local(int64_t wall_ns, struct buf *to)
{
    time_t seconds = (time_t)(wall_ns / 1000000000);
    struct tm tm = {0};
    long minutes;

    (void)localtime_r(&seconds, &tm);
    minutes = labs(tm.tm_gmtoff / 60);
    buf_printf(to, "%04d-%02d-%02d %02d:%02d:%02d.%03" PRId64 "%c%02ld:%02ld", tm.tm_year + 1900,
               tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
               wall_ns / 1000000 % 1000, tm.tm_gmtoff < 0 ? '-' : '+', minutes / 60, minutes % 60);
}

void ctl_time(const struct ctl *ctl, struct buf *to)
{
    int64_t wall_ns = ctl->clock->now(ctl->clock).wall_ns;

    (ctl_json(ctl) ? ctl_time_print : ctl_time_print_local)(wall_ns, to);
}
