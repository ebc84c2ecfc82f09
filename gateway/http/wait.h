/* Requests whose answers are not there yet: in a list, and out of libmicrohttpd's hands. */
#ifndef GATEWAY_HTTP_WAIT_H
#define GATEWAY_HTTP_WAIT_H

struct request;

/* In http->parked: parked and streaming ones. */
void wait_link(struct request *self);
void wait_unlink(struct request *self);

/* From its connection nothing is read or written meanwhile; its client's end is noticed. */
void wait_suspend(struct request *self);
void wait_resume(struct request *self); /* one that is not suspended stays so */

/* Not suspended, and asked for its answer whenever the daemon runs, for some ms. */
void wait_await(struct request *self);
void wait_stop_awaiting(struct request *self);

#endif
