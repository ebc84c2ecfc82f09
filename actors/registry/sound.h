/* Whether a record that stands on disk with a good checksum is one that this registry, or a node
 * that told it, could have made: bytes that were put there by another hand may say anything. What
 * is told by nodes is judged so too (merge.c).
 */
#ifndef ACTORS_REGISTRY_SOUND_H
#define ACTORS_REGISTRY_SOUND_H

#include "actors/registry/decision.h"
#include "common/wire/codec.h"

/* Greatest timestamp on disk: above all that nodes tell or ever told. What is counted on from there
 * stays there, or the next start would not take it. */
static const int64_t timestamp_kept_max = 4100000000000000000;
bool sound_timestamp(int64_t timestamp);

/* NULL: it is; else what is wrong, static. judge: memory to work in, {0} at first. */
const char *sound_change(const struct change *change, struct decision *judge);

#endif
