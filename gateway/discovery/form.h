/* A request's parameters as typed values. Whatever is wrong is noted and reading
 * goes on, so that the answer names every wrong parameter:
 *
 *   form_init(&form, request_params(request));
 *   zone = form_name(&form, "zone", FORM_REQUIRED); …
 *   if (form_refused(&form, request)) { return; }
 *
 * Values borrow from the request's parameters. What is wrong reads as empty or 0.
 */
#ifndef GATEWAY_DISCOVERY_FORM_H
#define GATEWAY_DISCOVERY_FORM_H

#include "gateway/discovery/gateway.h"

enum {
    limit_parameters = 1024
}; /* of one request; an appid's latest_timestamp is not counted apart */

struct form {
    const struct params *params;
    struct buf why; /* "zone is required; status must be …" */
};

enum form_need { FORM_OPTIONAL, FORM_REQUIRED };

void form_init(struct form *self, const struct params *params);
void form_fini(struct form *self);

/* Notes that a parameter is wrong: "name " and the formatted text. */
void form_wrong(struct form *self, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
bool form_ok(const struct form *self);
/* Nothing wrong: false. Else the request is answered -400 with all that is, and true.
 * The form is finished either way. */
bool form_refused(struct form *self, struct request *request);

/* appid, env, zone, hostname, region: at most limit_name_bytes. */
struct str form_name(struct form *self, const char *name, enum form_need need);
struct str form_text(struct form *self, const char *name, size_t max);
/* 0 … timestamp_told_max; absent: 0. */
int64_t form_timestamp(struct form *self, const char *name);
/* Go's ParseBool; anything else is false. */
bool form_flag(const struct form *self, const char *name);
/* STATUS_UP or STATUS_WAITING. */
uint32_t form_status(struct form *self);
/* The same for one of several (text: its value). */
uint32_t form_status_of(struct form *self, struct str text, bool quoted);
/* At least one; split: also at commas. store keeps the bytes. */
struct strs form_addrs(struct form *self, bool split, struct buf *store);
/* Sorted, each key once; *is_null: none given, or null. store keeps the bytes. */
struct strs form_metadata(struct form *self, struct str text, struct buf *store, bool *is_null);

#endif
