/* Requests whose answer takes a look at more than one turn may: they are parked and looked after in
 * slices, a bounded number of them, all together a few ms a turn.
 */
#ifndef GATEWAY_OPERATE_JOBS_H
#define GATEWAY_OPERATE_JOBS_H

#include "gateway/bus/parked.h"
#include "gateway/operate/state.h"

enum { jobs_max = 64 };

/* First in what a handler keeps; begun by job_begin. */
struct job {
    struct parked parked; /* first: the request's user */
    struct operate *operate;
    struct request *request;
    /* Looks at no more than *budget apps and instances and takes off what it did. True: it has
     * answered. */
    bool (*step)(struct job *self, const struct now *now, size_t *budget);
    void (*free)(struct job *self); /* with all it holds; called once, in any case */
    struct job *before;
    struct job *next;
};

/* Takes the first step at once; what is not answered by it waits for the next turns. */
void job_begin(struct job *self, struct operate *operate, const struct operate_ask *ask);

/* Once a turn. */
void jobs_turn(struct operate *self, const struct now *now, struct outbox *out);
/* Nobody is told. */
void jobs_end(struct operate *self);

#endif
