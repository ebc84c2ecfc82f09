/* How many instances each app has lost within the last ten minutes, by cancel or eviction: what a
 * person looks for first. An app that lost its last one is known here still.
 *
 * Counted by the minute, so that it costs the same however many go. Bounded: losses_apps_max apps;
 * who loses something beyond is not counted until others are forgotten.
 */
#ifndef GATEWAY_OPERATE_LOSSES_H
#define GATEWAY_OPERATE_LOSSES_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/str.h"

enum { losses_apps_max = 10000, losses_minutes = 10 };

struct losses;

struct losses *losses_new(uint64_t seed);
void losses_destroy(struct losses **self);

void losses_add(struct losses *self, struct str env, struct str appid, int64_t now_ms);
/* Forgets what is over; bounded. Now and then. */
void losses_tick(struct losses *self, int64_t now_ms);

uint32_t losses_of(const struct losses *self, struct str env, struct str appid, int64_t now_ms);

/* Every app is below it; those that have lost something. Names are borrowed until the next add or
 * tick. False: nothing at this number. */
uint32_t losses_count(const struct losses *self);
bool losses_at(const struct losses *self, uint32_t number, struct str *env, struct str *appid);

#endif
