
#include "actors/store/start/stages.h"

static const int64_t flush_ms = 100;
static const size_t flush_bytes = (size_t)16 << 20;

static uint64_t draw_boot(struct prng *prng)
{
    uint64_t boot = 0;

    while (boot == 0) {
        boot = prng_next(prng);
    }
    return boot;
}

enum err stage_server_config(struct start *self)
{
    const struct config *config = self->config;

    prng_init(&self->prng, prng_seed_os());
    self->options =
        (struct store_options){.member_name = config->etcd_name,
                               .client_url = config->etcd_advertise,
                               .peer_urls = config->etcd_peer_urls.items,
                               .peer_url_count = config->etcd_peer_urls.count,
                               .version = config->etcd_version,
                               .boot = draw_boot(&self->prng),
                               .election_ms = (int)config->store_election,
                               .heartbeat_ms = (int)config->store_heartbeat,
                               .limits = {.request_bytes_max = (size_t)config->etcd_max_request,
                                          .txn_ops_max = (size_t)config->etcd_max_txn_ops},
                               .flush_ms = flush_ms,
                               .flush_bytes = flush_bytes,
                               .flush_clock = self->clock,
                               .lease_checkpoint_ms = config->store_lease_checkpoint,
                               .compaction_mode = self->compaction_mode,
                               .compaction_retention = self->compaction_retention,
                               .prng = &self->prng,
                               .log = self->log};
    start_say(self, log_text("version", config->etcd_version));
    start_say(self, log_int("heartbeat_ms", self->options.heartbeat_ms));
    start_say(self, log_int("election_ms", self->options.election_ms));
    start_say_id(self, "boot", self->options.boot);
    return ERR_OK;
}
