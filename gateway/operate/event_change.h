/* A change of the registry as events keep it. Every write makes one and few are ever read, so it is
 * kept as it comes, in a few bytes, and becomes JSON where somebody reads it.
 */
#ifndef GATEWAY_OPERATE_EVENT_CHANGE_H
#define GATEWAY_OPERATE_EVENT_CHANGE_H

#include "common/naming/change.h"

/* Appends what to tell of it beside its app and its time. before: what stood there, NULL: nothing
 * that lived. Bounded: what is long is left out. */
void event_change_pack(struct buf *to, const struct change *change, const struct instance *before);

/* Members of a JSON object: zone and hostname of an instance, before, after and reason. packed: as
 * event_change_pack made it. Of the two states it tells what differs, their status always; all of
 * one where there is no other, without metadata. Of a schedule, weights and remark. */
void event_change_print(struct buf *to, struct str packed);

#endif
