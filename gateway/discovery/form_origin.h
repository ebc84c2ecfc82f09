/* Whose word is taken for a node's (differences row 16): a form that says replication or from_zone
 * is believed if it comes from an address of a configured or followed node and through no proxy, or
 * if security.trust_client_nodes is on, which believes everybody.
 *
 * Pure: names are looked up by the owner, who asks what is wanted and gives what was found:
 *
 *   while (form_origin_wanted(origin, now_ms, &name)) { look it up … }
 *   … form_origin_found(origin, name, addresses, now_ms);
 *
 * A name is looked up again every 30 s; after a failure sooner, and what it stood for before holds
 * on meanwhile; and when a form was not believed, for its sender may just have moved.
 */
#ifndef GATEWAY_DISCOVERY_FORM_ORIGIN_H
#define GATEWAY_DISCOVERY_FORM_ORIGIN_H

#include "common/config/config.h"
#include "common/naming/instance.h"
#include "gateway/discovery/replica.h"

struct form_origin;

/* Where a form comes from. */
struct form_origin_source {
    struct str address; /* numeric; empty: not known */
    bool forwarded;     /* a proxy has passed it on, and says so */
};

/* config: borrowed. */
struct form_origin *form_origin_new(const struct config *config);
void form_origin_destroy(struct form_origin **self);

/* The nodes that are followed now; this one, and those that are gone, are left out. Cheap while
 * they stay the same. */
void form_origin_follow(struct form_origin *self, const struct replica_node *nodes, size_t count);

/* A name to be looked up now, borrowed until the next call here; it is asked for once until
 * form_origin_found, whatever comes of it. False: none, for now. */
bool form_origin_wanted(struct form_origin *self, int64_t now_ms, struct str *name);
/* Numeric addresses, as inet_ntop writes them, IPv4 never as IPv6. None: the look-up failed. */
void form_origin_found(struct form_origin *self, struct str name, const struct strs *addresses,
                       int64_t now_ms);
/* Every name has been looked up at least once, in vain or not. */
bool form_origin_is_settled(const struct form_origin *self);

bool form_origin_believes(const struct form_origin *self, const struct form_origin_source *source);

/* A form that called itself a node's was not believed. What to tell people: each address is named
 * once, and no more than trust_said_max of them. */
enum { trust_said_max = 256 };
enum trust_say { TRUST_SAY_NOTHING, TRUST_SAY_ADDRESS, TRUST_SAY_LAST };
enum trust_say form_origin_doubt(struct form_origin *self, const struct form_origin_source *source,
                                 int64_t now_ms);
uint64_t form_origin_doubts_total(const struct form_origin *self);

#endif
