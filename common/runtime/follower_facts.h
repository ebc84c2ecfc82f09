/* What facts and records do: each that follows what the copy holds is given to the owner and moves
 * the position.
 */
#ifndef COMMON_RUNTIME_FOLLOWER_FACTS_H
#define COMMON_RUNTIME_FOLLOWER_FACTS_H

#include "common/runtime/follower_state.h"

enum taken {
    TAKEN,
    TAKEN_GAP,    /* something before it is missing, or it is of another history */
    TAKEN_BROKEN, /* follower_stop was called */
};

enum record_order { ANY_ORDER, SEQ_ORDER };

enum taken follower_take_records(struct follower *self, struct msg_list list,
                                 enum record_order order, const struct now *now);
/* Those of the slice that came last. */
enum taken follower_take_slice(struct follower *self, const struct now *now);
enum taken follower_take_standing(struct follower *self, struct msg_list list,
                                  const struct now *now);
/* Of our epoch, with nothing before it outstanding. */
enum taken follower_take_fact(struct follower *self, const struct msg *fact, const struct now *now);

/* Something of that type that can't be read, or may not be skipped, ends all following. err: of
 * msg_decode; when MALFORMED the type is not known. TAKEN_BROKEN. */
enum taken follower_stop(struct follower *self, enum err err, unsigned type);

#endif
