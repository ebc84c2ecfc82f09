#include "gateway/operate/census.h"

void census_begin(struct census *self)
{
    self->up = 0;
    self->waiting = 0;
    self->idle = 0;
    self->zone.len = 0;
    self->hostname.len = 0;
}

void census_fini(struct census *self)
{
    buf_fini(&self->zone);
    buf_fini(&self->hostname);
}

int64_t instance_age_ms(const struct instance *instance, const struct now *now)
{
    int64_t age_ms = (now->wall_ns - instance->renew_timestamp) / 1000000;

    return age_ms > 0 ? age_ms : 0;
}

static void count(struct census *self, const struct instance *instance, int64_t idle_ms,
                  const struct now *now)
{
    self->up += instance->status == STATUS_UP;
    self->waiting += instance->status != STATUS_UP;
    self->idle += instance_age_ms(instance, now) > idle_ms;
}

static void keep(struct buf *to, struct str text)
{
    to->len = 0;
    buf_add_str(to, text);
}

bool census_go(struct census *self, const struct registry *registry, uint32_t app, int64_t idle_ms,
               const struct now *now, size_t *budget, census_each_fn *each, void *context)
{
    while (*budget > 0) {
        struct order_run run =
            registry_run_after(registry, app, buf_str(&self->zone), buf_str(&self->hostname));
        struct instance instance;

        if (run.count == 0) {
            return true;
        }
        for (uint32_t i = 0; i < run.count; i++) {
            registry_instance(registry, run.slots[i], &instance);
            count(self, &instance, idle_ms, now);
            if (each != NULL) {
                each(context, &instance);
            }
        }
        *budget -= *budget < run.count ? *budget : run.count;
        keep(&self->zone, instance.id.zone);
        keep(&self->hostname, instance.id.hostname);
    }
    return false;
}
