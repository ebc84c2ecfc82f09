/* The discovery gateway: parses, asks, prints. It holds no rule of the registry.
 *
 *   in   HTTP requests; facts of registry, replicator, evictor; RESULT, COUNTERS
 *   out  REGISTER, RENEW, CANCEL, SET to the registry; STATS to every actor
 *
 * Reads are answered from the replica; writes are parked until the registry has
 * answered and the replica has caught up with the answer.
 */
#ifndef GATEWAY_DISCOVERY_GATEWAY_H
#define GATEWAY_DISCOVERY_GATEWAY_H

#include "common/base/log.h"
#include "common/config/config.h"
#include "common/runtime/actor.h"
#include "common/runtime/publisher.h"
#include "gateway/bus/parked.h"
#include "gateway/discovery/bind.h"

struct replica;     /* replica.h: copy of the registry, caught-up state, protection, nodes */
struct polls;       /* poll.h: parked polls, by app */
struct streams;     /* stream.h: SSE clients */
struct pending;     /* pending.h: writes waiting for their answer */
struct round;       /* round.h: STATS of every actor of this node */
struct scrape;      /* scrape.h: /metrics requests waiting for a round */
struct operate;     /* gateway/operate: what the node tells of itself */
struct early;       /* early.h: who waits for the first sync */
struct neighbour;   /* neighbour.h: what browsers may ask */
struct form_origin; /* form_origin.h: whose replication flags are believed */
struct resolver;    /* resolver.h: looks up names for form_origin */
struct web;         /* web.h: the dashboard's files */

struct gateway {
    const struct config *config;     /* borrowed */
    struct log *log;                 /* borrowed */
    const struct clock *clock;       /* borrowed */
    struct http *http;               /* owns */
    struct replica *replica;         /* owns */
    struct polls *polls;             /* owns */
    struct streams *streams;         /* owns */
    struct pending *pending;         /* owns */
    struct round *round;             /* owns */
    struct scrape *scrape;           /* owns */
    struct operate *operate;         /* owns */
    struct early *early;             /* owns */
    struct form_origin *form_origin; /* owns */
    struct resolver *resolver;       /* owns */
    struct web *web;                 /* owns */
    struct publisher publisher;      /* this process's own (empty) facts */
    struct outbox *out;              /* of the turn that is running: valid inside callbacks */
    uint64_t id;                     /* random: names this run in write ids */
    struct actor_link *links;        /* owns: the replica's, and every gateway for /metrics */
    size_t link_count;
    struct neighbour *neighbour;  /* owns */
    struct durations writes_took; /* that changed something; until they were answered */
    int64_t begun_ms;
    bool listens;
    bool failed; /* the process ends with an error: it could not listen, or not follow */
};

/* seed: random. Errors: those of http_new. log: borrowed, may be NULL. */
enum err gateway_new(struct gateway **self, const struct config *config, struct log *log,
                     const struct clock *clock, uint64_t seed);
/* Parked requests are answered 503. */
void gateway_destroy(struct gateway **self);

/* Its own counters and sizes (counters.c). */
void gateway_count(void *state, const struct counting *to);

/* The core for actor_run; gateway_turn is its guest on http_fd, with always set. */
extern const struct actor_spec gateway_spec;
void gateway_turn(void *self, const struct now *now, struct outbox *out);

/* Headers of this API alone (http_app.headers). */
enum { HEADER_BMSPY_TIMEOUT = HTTP_HEADER_COUNT, HEADER_TRACEPARENT };

/* One endpoint of the API: it must answer, park or stream the request. */
typedef void route_fn(struct gateway *self, struct request *request, const struct now *now);

struct route {
    const char *path;
    bool get;
    bool post;
    bool guarded; /* refused with 503 while init-protect is on */
    route_fn *serve;
};

/* {"code":0,"message":"0","ttl":1}, and every error in that form with its
 * Kratos-Status-Code and HTTP status (err table). text: NULL: the code as text. */
void answer_err(struct request *request, enum err err, const char *text);
/* As responses that may be kept and shared. code: discovery code. */
struct response *response_json(int status, int code, struct buf *body);
/* With HTTP 200, for this request alone (request_response). */
struct response *request_json(struct request *request, int code, struct buf *body);
struct response *response_err(enum err err, const char *text);
/* An error with Retry-After. */
void answer_busy(struct request *request, enum err err, const char *text, int64_t retry_s);
/* An answer around data: answer_open writes its beginning into body, with err's code and its number
 * as message; the caller appends data's value; answer_close ends it and answers with HTTP 200,
 * taking body. Who does not call answer_close ends the body with } himself. */
void answer_open(struct buf *body, enum err err);
void answer_close(struct request *request, enum err err, struct buf *body);
/* Anything else; text is taken. */
void answer_text(struct request *request, int status, const char *content_type, struct buf *text);

/* Bytes rendered that cost as much as a look-up (request_cost). */
enum { cost_bytes = 256 };

/* handlers: write.c */
route_fn serve_register, serve_renew, serve_cancel, serve_set;
/* fetch.c */
route_fn serve_fetch, serve_fetchs, serve_fetch_all;
/* poll.c */
route_fn serve_poll, serve_polls;
/* stream.c */
route_fn serve_stream;
/* service_targets.c */
route_fn serve_targets;
/* nodes.c, probes.c */
route_fn serve_nodes, serve_livez, serve_readyz, serve_metrics;
/* ui.c */
route_fn serve_ui;

#endif
