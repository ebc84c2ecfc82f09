/* Asking the HTTP API, through libcurl. */
#ifndef ACTORS_CTL_HTTP_H
#define ACTORS_CTL_HTTP_H

#include <jansson.h>

#include "actors/ctl/ctl.h"

/* Appends name=value, percent-encoded, behind "&" where one is needed. */
void form_add(struct buf *form, const char *name, const char *value);

struct http_reply {
    long status;
    struct buf body;
};
void http_reply_fini(struct http_reply *reply);

enum http_method { HTTP_GET, HTTP_POST };

/* path: from the root; form: goes into the query of a GET, the body of a POST. Says on ctl->err
 * why there is no reply: CTL_UNREACHABLE, CTL_TIMED_OUT, CTL_INTERRUPTED. CTL_OK: a reply of any
 * status is in reply. */
enum ctl_exit http_ask(struct ctl *ctl, enum http_method method, const char *path,
                       const struct buf *form, struct http_reply *reply);

/* A GET for what is only told besides: a second long, at most quiet_bytes_max, and nothing is said
 * when it fails. */
enum { quiet_bytes_max = 64 * 1024 * 1024 };
enum ctl_exit http_ask_quietly(struct ctl *ctl, const char *path, struct http_reply *reply);

/* What a reply of the API means. root (owned by the caller, may be NULL) is its JSON. CTL_OK for
 * code 0; else CTL_NEGATIVE, with the code and its message said on ctl->err. */
enum ctl_exit http_judge(struct ctl *ctl, const struct http_reply *reply, json_t **root, int *code);
/* The same, but a code other than 0 is left to the caller to say. */
enum ctl_exit http_read(struct ctl *ctl, const struct http_reply *reply, json_t **root, int *code);

/* A reply that goes on and on: on_data gets its pieces, false from it ends it. status is the HTTP
 * status, 0 when there was no reply; a body of another status than 200 goes into error.
 * silence_s: so long without a byte ends it. Returns CTL_OK when the server or on_data ended it. */
struct http_stream {
    const char *path;
    const struct buf *query;
    const char *last_event_id; /* NULL: none */
    long silence_s;
    bool (*on_data)(void *state, struct str bytes);
    void *state;
    long status;
    struct buf error; /* owned by the caller */
};
enum ctl_exit http_follow(struct ctl *ctl, struct http_stream *stream);

#endif
