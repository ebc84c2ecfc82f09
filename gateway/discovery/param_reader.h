/* A request's parameters as typed values. Whatever is wrong is noted and reading
 * goes on, so that the answer names every wrong parameter:
 *
 *   param_reader_init(&form, request_params(request));
 *   zone = param_name(&form, "zone", PARAM_REQUIRED); …
 *   if (param_refused(&form, request)) { return; }
 *
 * Values borrow from the request's parameters. What is wrong reads as empty or 0.
 */
#ifndef GATEWAY_DISCOVERY_PARAM_READER_H
#define GATEWAY_DISCOVERY_PARAM_READER_H

#include "gateway/discovery/gateway.h"

/* Of one request; an appid's latest_timestamp is not counted apart. */
enum { limit_parameters = 1024 };

struct param_reader {
    const struct params *params;
    struct buf why; /* "zone is required; status must be …" */
};

enum param_need { PARAM_OPTIONAL, PARAM_REQUIRED };

void param_reader_init(struct param_reader *self, const struct params *params);
void param_reader_fini(struct param_reader *self);

/* Notes that a parameter is wrong: "name " and the formatted text. */
void param_wrong(struct param_reader *self, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
bool param_ok(const struct param_reader *self);
/* Nothing wrong: false. Else the request is answered -400 with all that is, and true.
 * The form is finished either way. */
bool param_refused(struct param_reader *self, struct request *request);

/* appid, env, zone, hostname, region: at most limit_name_bytes. */
struct str param_name(struct param_reader *self, const char *name, enum param_need need);
struct str param_text(struct param_reader *self, const char *name, size_t max);
/* False: it is given as JSON that is none, and said to be wrong. */
bool param_is_text(struct param_reader *self, const char *name);
/* 0 … timestamp_told_max; absent: 0. */
int64_t param_timestamp(struct param_reader *self, const char *name);
/* Go's ParseBool; anything else is false. */
bool param_flag(const struct param_reader *self, const char *name);
/* STATUS_UP or STATUS_WAITING. */
uint32_t param_status(struct param_reader *self);
/* The same for one of several (text: its value). */
uint32_t param_status_of(struct param_reader *self, struct str text, bool quoted);
/* At least one; split: also at commas. store keeps the bytes. */
struct strs param_addrs(struct param_reader *self, bool split, struct buf *store);
/* Sorted, each key once; *is_null: none given, or null. store keeps the bytes. */
struct strs param_metadata(struct param_reader *self, struct str text, struct buf *store,
                           bool *is_null);

#endif
