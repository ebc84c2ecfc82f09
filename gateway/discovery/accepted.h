/* What a connection's last polls answer held of apps without an instance: SDKs
 * ignore such an app and poll on with the timestamp they had, for ever answered at
 * once. When the next request of the same connection repeats that timestamp, it
 * counts as the one the answer gave (differences row 27). */
#ifndef GATEWAY_DISCOVERY_ACCEPTED_H
#define GATEWAY_DISCOVERY_ACCEPTED_H

#include "gateway/discovery/news.h"

/* A polls request begins: sets given where its claim was answered before. */
void accepted_begin(struct request *request, struct news_asked *asked);
/* It was answered with news. */
void accepted_answer(const struct gateway *self, struct request *request,
                     const struct news_asked *asked, const struct news_answer *answer);
/* Any other request on the connection. */
void accepted_forget(struct request *request);

#endif
