/* GET /discovery/stream?env=&appid=…[&zone=]: changes as Server-Sent Events.
 *
 * A stream holds only its position; what it missed is read from the history
 * (delta.h) when its client can take more. So a slow reader costs nobody anything:
 * it gets what the history still holds, or the full state again.
 *
 *   event: full    {appid, instances, latest_timestamp}, of every status
 *   event: gone    {appid}: the app has no instance
 *   event: change  {kind, appid, zone, hostname, instance or null, latest_timestamp}
 *   : ping         every 15 s
 *
 * id: is the position; only the last of a run of full and gone events has one, so
 * that a client cut between them gets all of them again. Several changes of one
 * instance between two writes are one event. Last-Event-ID goes on after a position
 * the history still holds, else begins with full ones.
 */
#ifndef GATEWAY_DISCOVERY_STREAM_H
#define GATEWAY_DISCOVERY_STREAM_H

#include "gateway/discovery/gateway.h"

/* Observes replica, which must outlive it. */
struct streams *streams_new(struct replica *replica);
/* After http_destroy, which has ended every stream. */
void streams_destroy(struct streams **self);

/* Once a turn, after facts were applied. Bounded like polls_turn. */
void streams_turn(struct gateway *self, const struct now *now);
/* Places for connections run short: ends the stream that has been written to longest ago. False:
 * there is none. */
bool streams_spare(struct gateway *self);
int64_t streams_due_ms(const struct streams *self);

struct streams_counts {
    uint64_t open;
    uint64_t opened_total;
    uint64_t events_total;
    uint64_t spared_total; /* ended for others' sake */
    uint64_t full_total;   /* full states sent because the history was not held */
};
void streams_counts(const struct streams *self, struct streams_counts *counts);

#endif
