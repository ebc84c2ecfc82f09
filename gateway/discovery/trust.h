/* Whose word is taken for a node's (differences row 16): a form that says replication or from_zone
 * is believed if it comes from an address of a configured or followed node and through no proxy, or
 * if security.trust_client_nodes is on, which believes everybody.
 *
 * Pure: names are looked up by the owner, who asks what is wanted and gives what was found:
 *
 *   while (trust_wanted(trust, now_ms, &name)) { look it up … }
 *   … trust_found(trust, name, addresses, now_ms);
 *
 * A name is looked up again every 30 s; after a failure sooner, and what it stood for before holds
 * on meanwhile; and when a form was not believed, for its sender may just have moved.
 */
#ifndef GATEWAY_DISCOVERY_TRUST_H
#define GATEWAY_DISCOVERY_TRUST_H

#include "common/config/config.h"
#include "common/naming/instance.h"
#include "gateway/discovery/replica.h"

struct trust;

/* Where a form comes from. */
struct trust_source {
    struct str address; /* numeric; empty: not known */
    bool forwarded;     /* a proxy has passed it on, and says so */
};

/* config: borrowed. */
struct trust *trust_new(const struct config *config);
void trust_destroy(struct trust **self);

/* The nodes that are followed now; this one, and those that are gone, are left out. Cheap while
 * they stay the same. */
void trust_follow(struct trust *self, const struct replica_node *nodes, size_t count);

/* A name to be looked up now, borrowed until the next call here; it is asked for once until
 * trust_found, whatever comes of it. False: none, for now. */
bool trust_wanted(struct trust *self, int64_t now_ms, struct str *name);
/* Numeric addresses, as inet_ntop writes them, IPv4 never as IPv6. None: the look-up failed. */
void trust_found(struct trust *self, struct str name, const struct strs *addresses, int64_t now_ms);
/* Every name has been looked up at least once, in vain or not. */
bool trust_is_settled(const struct trust *self);

bool trust_believes(const struct trust *self, const struct trust_source *source);

/* A form that called itself a node's was not believed. What to tell people: each address is named
 * once, and no more than trust_said_max of them. */
enum { trust_said_max = 256 };
enum trust_say { TRUST_SAY_NOTHING, TRUST_SAY_ADDRESS, TRUST_SAY_LAST };
enum trust_say trust_doubt(struct trust *self, const struct trust_source *source, int64_t now_ms);
uint64_t trust_doubts_total(const struct trust *self);

#endif
