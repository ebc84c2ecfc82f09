/* The posts and questions of one discovery node to another, byte for byte as the reference sends
 * them: keys sorted, escaped as Go's url.Values.Encode does, from_zone=true always and
 * replication=true to a node of the own zone only. One difference: addrs is repeated where the
 * reference joins them by commas (differences row 6).
 */
#ifndef ACTORS_REPLICATOR_FORMS_H
#define ACTORS_REPLICATOR_FORMS_H

#include "common/wire/codec.h"

enum forms_reach { FORMS_ZONE, FORMS_OTHER_ZONE }; /* the node stands in our zone, in another */

/* Each appends a body. */
void forms_register(struct buf *to, const struct msg_put *record, enum forms_reach reach);
void forms_renew(struct buf *to, const struct msg_put *record, enum forms_reach reach);
void forms_cancel(struct buf *to, const struct msg_gone *record, enum forms_reach reach);

/* Appends "name=value", with a '&' before it unless to is empty. */
void forms_text(struct buf *to, const char *name, struct str value);

#endif
