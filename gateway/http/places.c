#include "gateway/http/places.h"

#include <sys/resource.h>

enum {
    other_fds = 256, /* sockets of the bus, files, the log */
    kept_max = 64,   /* more than one turn accepts */
    kept_share = 8,
};

static uint64_t descriptors(void)
{
    struct rlimit limit = {0};

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur > 1u << 20) {
        limit.rlim_cur = 1u << 20;
    }
    return limit.rlim_cur;
}

void places_init(struct places *self, uint64_t asked, const char *section, const struct log *log)
{
    uint64_t limit = descriptors();
    uint64_t possible = limit / 2 > other_fds ? limit - other_fds : limit / 2;

    self->max = asked == 0 || asked > possible ? possible : asked;
    self->kept = self->max / kept_share < kept_max ? self->max / kept_share : kept_max;
    if (asked > possible) {
        log_event(log, LOG_WARN, "connections_bounded",
                  "fewer connections than connections_max fit the limit of descriptors: "
                  "raise it (ulimit -n, LimitNOFILE)",
                  log_text("section", section), log_uint("connections_max", asked),
                  log_uint("possible", possible), log_uint("descriptors", limit));
    }
}

void places_remove(struct places *self, struct placed *it)
{
    struct place_list *list = &self->list[it->at];

    if (it->at == PLACE_NONE) {
        return;
    }
    *(it->before != NULL ? &it->before->next : &list->first) = it->next;
    *(it->next != NULL ? &it->next->before : &list->last) = it->before;
    it->at = PLACE_NONE;
}

void places_move(struct places *self, struct placed *it, enum place to, int64_t now_ms)
{
    struct place_list *list = &self->list[to];

    places_remove(self, it);
    if (to == PLACE_NONE) {
        return;
    }
    *it = (struct placed){.at = to, .since_ms = now_ms, .before = list->last};
    *(list->last != NULL ? &list->last->next : &list->first) = it;
    list->last = it;
}
