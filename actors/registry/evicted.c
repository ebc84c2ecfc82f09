#include "actors/registry/evicted.h"

void evicted_fini(struct evicted *self)
{
    buf_fini(&self->names);
}

void evicted_add(struct evicted *self, const struct identity *id)
{
    struct buf name = {0};

    self->count++;
    if (self->named >= evicted_named_max) {
        return;
    }
    self->named++;
    buf_printf(&name, "%.*s/%.*s/%.*s/%.*s", STR_ARG(id->env), STR_ARG(id->appid),
               STR_ARG(id->zone), STR_ARG(id->hostname));
    strs_pack(&self->names, buf_str(&name));
    buf_fini(&name);
}

void evicted_say(struct evicted *self, const struct log *log, int64_t idle_ms, bool protection)
{
    if (self->count > 0) {
        log_event(log, LOG_INFO, "evicted",
                  protection ? "silent past evictor.ceiling, which counts under self-protection too"
                             : "silent past evictor.idle",
                  log_uint("count", self->count),
                  log_strs("first", (struct strs){self->named, buf_str(&self->names)}),
                  log_int("idle_ms", idle_ms));
    }
    self->count = 0;
    self->named = 0;
    self->names.len = 0;
}
