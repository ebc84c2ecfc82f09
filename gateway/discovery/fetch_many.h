/* The rest of an answer of fetchs that is too large to be made at once. */
#ifndef GATEWAY_DISCOVERY_FETCH_MANY_H
#define GATEWAY_DISCOVERY_FETCH_MANY_H

#include "gateway/discovery/read_params.h"

/* Beyond, an answer is not made in one piece: it is produced as the socket takes it (fetchs,
 * fetch/all), or the rest is left for the next poll. */
enum { answer_piece_max = 4 * 1024 * 1024 };

/* Answers with body (taken), in which the apps before `from` stand and at least one, and goes on
 * with the others, sorted, one at a time: memory holds one of them. */
void fetch_many(struct gateway *self, struct request *request, const struct read_params *args,
                uint32_t from, struct buf *body, const struct now *now);

/* "appid":{…}, after a comma if more; nothing for an app that has none in the zone asked for.
 * False: nothing was added. */
bool fetch_add(const struct gateway *self, const struct app_query *query, struct str appid,
               bool more, const struct now *now, struct buf *to);

#endif
