/* Carries posts.h's requests: libcurl as a guest of the actor's loop. Nothing here blocks: sockets
 * and libcurl's one timer hang in one epoll descriptor, which is readable when there is something
 * to do; connections are kept for the next request.
 *
 * Names are resolved by libcurl in a thread of its own (Debian's has no c-ares), and one that
 * doesn't come back is left behind, not waited for; posts.h tries a peer that fails once a second,
 * so few are. Addresses of digits need none.
 */
#ifndef ACTORS_REPLICATOR_CURL_H
#define ACTORS_REPLICATOR_CURL_H

#include "actors/replicator/posts.h"
#include "common/config/networks.h"
#include "common/runtime/actor.h"

struct curl;

/* posts and networks (where peers may stand that are not configured) are borrowed for its life.
 * NULL: no descriptor is to be had. */
struct curl *curl_new(struct posts *posts, const struct networks *networks);
/* What is under way is cut; posts hears of it no more. */
void curl_destroy(struct curl **self);

/* For actor_options.guests; borrows self. */
struct actor_guest curl_guest(struct curl *self);

/* What the guest's two functions do, and its descriptor, for other loops. */
int curl_fd(const struct curl *self);
void curl_receive(struct curl *self, const struct now *now);
void curl_send(struct curl *self, const struct now *now, struct outbox *out);

#endif
