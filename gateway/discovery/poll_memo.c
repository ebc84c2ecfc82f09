#include "gateway/discovery/poll_memo.h"

#include "gateway/discovery/replica.h"

void poll_memo_fini(struct poll_memo *self)
{
    if (self->response != NULL) {
        response_unref(&self->response);
    }
    buf_fini(&self->key);
    buf_fini(&self->asked);
}

static bool is_there(const struct poll_memo *self, const struct replica *replica,
                     const struct now *now)
{
    return self->response != NULL && self->version == replica_version(replica) &&
           self->ms == now->mono_ms && /* later, the cache knows what is fresh enough */
           str_eq(buf_str(&self->key), buf_str(&self->asked));
}

void poll_memo_compose(struct poll_memo *self, const struct gateway *gateway,
                       const struct updates_asked *asked, bool full, const struct now *now)
{
    struct updates_answer answer;

    self->asked.len = 0;
    updates_key(gateway, asked, full, &self->asked);
    if (is_there(self, gateway->replica, now)) {
        return;
    }
    updates_write(gateway, asked, full, now, &answer);
    if (self->response != NULL) {
        response_unref(&self->response);
    }
    if (answer.app == REGISTRY_NONE) {
        self->composed_bytes += answer.body.len;
        self->response = response_json(200, answer.code, &answer.body);
    } else {
        struct cache *cache = replica_cache(gateway->replica);

        self->response = response_ref(asked->form == UPDATES_POLL
                                          ? cache_fetch(cache, answer.app, &asked->query.key, now)
                                          : cache_polls(cache, answer.app, &asked->query.key, now));
    }
    self->answer = answer;
    self->answer.body = (struct buf){0};
    self->version = replica_version(gateway->replica);
    self->ms = now->mono_ms;
    self->key.len = 0;
    buf_add_str(&self->key, buf_str(&self->asked));
}
