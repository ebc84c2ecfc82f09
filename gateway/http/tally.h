/* How long requests took, by route and by what they were told. Its memory is static: a route beyond
 * the last row is counted with others. */
#ifndef GATEWAY_HTTP_TALLY_H
#define GATEWAY_HTTP_TALLY_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/durations.h"

/* Codes of answers: those of an API that has its own (negative, and 0), and HTTP's. */
// clang-format off
#define TALLY_CODES(C) \
    C(0)   C(-304) C(-400) C(-401) C(-403) C(-404) C(-409) C(-429) C(-500) C(-503) \
    C(101) C(200) C(204) C(301) C(302) C(303) C(304) C(307) C(308) \
    C(400) C(401) C(403) C(404) C(405) C(406) C(409) C(413) C(414) C(421) C(429) C(431) \
    C(500) C(501) C(503)
// clang-format on

#define TALLY_ONE(code) +1
enum { tally_codes = TALLY_CODES(TALLY_ONE) + 1, tally_routes = 48 }; /* the last code: any other */
#undef TALLY_ONE

struct http_tally {
    const char *routes[tally_routes]; /* static texts; the first: others */
    uint32_t route_count;
    struct durations rows[tally_routes][tally_codes];
};

void http_tally_init(struct http_tally *self);

/* What a code is counted under, for http_tally_add. */
uint8_t http_tally_code(int code);

/* route: static text, told apart by its address; NULL: others. */
void http_tally_add(struct http_tally *self, const char *route, uint8_t code, int64_t us);

struct http_tally_row {
    const char *route;
    const char *code; /* "-304", "other" */
    const struct durations *took;
};
/* The rows that are not empty; cursor begins at 0. */
bool http_tally_next(const struct http_tally *self, uint32_t *cursor, struct http_tally_row *row);

#endif
