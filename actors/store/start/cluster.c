/* New: the ids are made and kept. Known: they stay, whatever is asked for now. */

#include "actors/store/start/stages.h"

enum err stage_cluster(struct start *self)
{
    const struct config *config = self->config;
    struct identity asked = identity_of(config->etcd_peer_urls.items, config->etcd_peer_urls.count,
                                        config->etcd_initial_cluster_token);
    enum err err = ERR_OK;

    if (self->fresh) {
        self->identity = asked;
        err = identity_write(&self->dir, &self->identity);
    } else if (asked.member != self->identity.member) {
        log_event(self->log, LOG_WARN, "ids_kept",
                  "etcd.peer_urls and etcd.initial_cluster_token are not what this directory "
                  "was begun with: its ids stay; put them back, or begin an empty directory");
    }
    self->options.cluster_id = self->identity.cluster;
    self->options.member_id = self->identity.member;
    start_say_id(self, "cluster", self->identity.cluster);
    start_say_id(self, "member", self->identity.member);
    start_say(self, log_text("found", self->fresh ? "new" : "existing"));
    return err;
}
