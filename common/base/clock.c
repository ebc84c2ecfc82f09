#include "common/base/clock.h"

#include <assert.h>
#include <time.h>

static int64_t read_ns(clockid_t which)
{
    struct timespec at;
    int rc = clock_gettime(which, &at);

    assert(rc == 0);
    (void)rc;
    return (int64_t)at.tv_sec * 1000000000 + at.tv_nsec;
}

static struct now os_now(const struct clock *self)
{
    (void)self;
    return (struct now){.mono_ms = read_ns(CLOCK_BOOTTIME) / 1000000,
                        .wall_ns = read_ns(CLOCK_REALTIME) / 2 * 2};
}

static int64_t os_cpu_us(const struct clock *self)
{
    (void)self;
    return read_ns(CLOCK_THREAD_CPUTIME_ID) / 1000;
}

const struct clock clock_os = {.now = os_now, .cpu_us = os_cpu_us};

static struct now virtual_now(const struct clock *self)
{
    return ((const struct clock_virtual *)self)->at;
}

static int64_t virtual_cpu_us(const struct clock *self)
{
    (void)self;
    return 0;
}

void clock_virtual_init(struct clock_virtual *self, int64_t mono_ms, int64_t wall_ns)
{
    self->clock = (struct clock){.now = virtual_now, .cpu_us = virtual_cpu_us};
    self->at = (struct now){.mono_ms = mono_ms, .wall_ns = wall_ns};
}

void clock_virtual_advance(struct clock_virtual *self, int64_t delta_ms)
{
    self->at.mono_ms += delta_ms;
    self->at.wall_ns += delta_ms * 1000000;
}
