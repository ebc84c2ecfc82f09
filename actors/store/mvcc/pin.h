/* Who reads over several turns. A compaction takes nothing from those who read at its revision or
 * above: what is live there stays, and a key that goes is not. Those who began before it and read
 * below it hold it up.
 */
#ifndef ACTORS_STORE_MVCC_PIN_H
#define ACTORS_STORE_MVCC_PIN_H

#include "actors/store/mvcc/state.h"

/* At revision `at` or above; pin stays where it is until it is removed. */
void pin_add(struct mvcc *state, struct pin *pin, int64_t at);
void pin_remove(struct mvcc *state, const struct pin *pin);
bool pin_holds(const struct mvcc *state, const struct pin *pin); /* the compaction under way */
bool pin_any_holds(const struct mvcc *state);

#endif
