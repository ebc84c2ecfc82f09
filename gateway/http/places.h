/* Places for connections: how many there may be, and who has had his for how long. Who gives his
 * up when they run short is crowd.h's. */
#ifndef GATEWAY_HTTP_PLACES_H
#define GATEWAY_HTTP_PLACES_H

#include <stdint.h>

#include "common/base/log.h"

enum place {
    PLACE_NONE, /* parked or streaming: the handlers know; or leaving */
    PLACE_IDLE, /* between two requests */
    PLACE_BUSY, /* its request or its answer is on the way */
    PLACE_COUNT,
};

/* Of one connection. */
struct placed {
    enum place at;
    int64_t since_ms; /* it is there */
    struct placed *before;
    struct placed *next;
};

struct place_list {
    struct placed *first; /* the longest there */
    struct placed *last;
};

struct places {
    uint64_t max;     /* connections there may be */
    uint64_t kept;    /* of them, for who comes next */
    uint64_t leaving; /* have none any more, and are not closed yet */
    struct place_list list[PLACE_COUNT];
};

/* asked: 0: as many as fit the limit of descriptors, else no more than those; if that is fewer it
 * is said on the log, with the key of section. Between this and the start of the daemon nobody may
 * change that limit. */
void places_init(struct places *self, uint64_t asked, const char *section, const struct log *log);
/* To the end of a list; PLACE_NONE: off all. */
void places_move(struct places *self, struct placed *it, enum place to, int64_t now_ms);
void places_remove(struct places *self, struct placed *it);

#endif
