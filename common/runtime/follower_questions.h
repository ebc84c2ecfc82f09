/* What a follower asks its source. A question that is lost is asked again by follower_step. */
#ifndef COMMON_RUNTIME_FOLLOWER_QUESTIONS_H
#define COMMON_RUNTIME_FOLLOWER_QUESTIONS_H

#include "common/runtime/follower_state.h"

/* What came behind our position. */
void follower_ask_history(struct follower *self, const struct now *now, struct outbox *out);
/* The same, but not in a circle: a source that twice had nothing new is given a second. */
void follower_ask_on(struct follower *self, const struct now *now, struct outbox *out);

/* The whole, from its first slice on. */
void follower_ask_snapshot(struct follower *self, const struct now *now, struct outbox *out);
/* The slice at the cursor. */
void follower_ask_slice(struct follower *self, const struct now *now, struct outbox *out);
/* The next slice asked for is the first one again. */
void follower_rewind(struct follower *self);

#endif
