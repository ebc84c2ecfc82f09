/* Followers' SNAPSHOT and FACTS, in the order they came. They are kept for after the commit: only
 * then is it sure which epoch the state is of, and only there the work of all followers together
 * can be bounded. */
#ifndef ACTORS_REGISTRY_QUESTIONS_H
#define ACTORS_REGISTRY_QUESTIONS_H

#include "common/runtime/actor.h"

enum { questions_max = 64 };

struct question {
    struct address from;
    struct msg msg; /* holds no strings */
};

struct questions {
    struct question ring[questions_max];
    uint32_t first;
    uint32_t count;
};

/* Over questions_max it is dropped: the asker asks again. */
void questions_add(struct questions *self, const struct address *from, const struct msg *msg);
/* The oldest, valid until questions_drop; NULL: there is none. */
const struct question *questions_first(const struct questions *self);
void questions_drop(struct questions *self);

#endif
