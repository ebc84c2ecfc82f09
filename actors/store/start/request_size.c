
#include "actors/store/start/stages.h"

static const int64_t usual_bytes = 1572864;

enum err stage_request_size(struct start *self)
{
    int64_t bytes = self->config->etcd_max_request;

    if (bytes > usual_bytes) {
        log_event(self->log, LOG_WARN, "large_requests",
                  "etcd.max_request is above 1.5MiB, what clients count on: one large "
                  "request holds all others up while it is written");
    }
    start_say(self, log_int("max_request_bytes", bytes));
    start_say(self, log_int("max_txn_ops", self->config->etcd_max_txn_ops));
    return ERR_OK;
}
