/* Places run short: who gives his up. A new client may be a probe or a heartbeat that would be
 * answered within a millisecond, so some places are always kept free for it: beyond that somebody
 * who holds one and is served nothing by it makes room.
 *
 *   idle     between two requests, the longest silent first: closed
 *   parked   what the handlers say can be ended early (http_app.spare)
 *   busy     sends its request or reads its answer, the slowest first: cut off
 *
 * Nobody gives up a place he has had for less than a second: it may be the probe. */
#ifndef GATEWAY_HTTP_CROWD_H
#define GATEWAY_HTTP_CROWD_H

#include <stdbool.h>

struct http;

struct crowd {
    bool sparing; /* what is answered gives up its place */
    bool said;
};

void crowd_turn(struct http *http);

#endif
