#include "common/runtime/turn_cost.h"

enum { untold_max = 63, moment_ns = durations_first_us * 1000 / 2 };

void turn_cost_init(struct turn_cost *self, const struct clock *clock)
{
    *self = (struct turn_cost){.told_us = clock->cpu_us(clock)};
}

void turn_cost_add(struct turn_cost *self, const struct clock *clock, const struct now *began)
{
    int64_t took_ns = clock->now(clock).wall_ns - began->wall_ns;
    int64_t told_us;
    int64_t all_us;
    int64_t turn_us;

    if (took_ns >= 0 && took_ns < moment_ns && self->untold < untold_max) {
        self->untold++;
        durations_add(&self->cpu, 0);
        return;
    }
    told_us = clock->cpu_us(clock);
    all_us = told_us - self->told_us;
    turn_us = self->untold > 0 && took_ns >= 0 && all_us > took_ns / 1000 ? took_ns / 1000 : all_us;
    durations_add(&self->cpu, turn_us);
    self->cpu.us += all_us - turn_us;
    self->cpu_us_max = turn_us > self->cpu_us_max ? turn_us : self->cpu_us_max;
    self->told_us = told_us;
    self->untold = 0;
}
