#include "gateway/http/tally.h"

#include <assert.h>
#include <stddef.h>

#define CODE_NUMBER(code) code,
static const int codes[] = {TALLY_CODES(CODE_NUMBER)};
#undef CODE_NUMBER
#define CODE_TEXT(code) #code,
static const char *const texts[] = {TALLY_CODES(CODE_TEXT) "other"};
#undef CODE_TEXT

_Static_assert(sizeof(texts) / sizeof(texts[0]) == tally_codes, "each has its text");

void http_tally_init(struct http_tally *self)
{
    *self = (struct http_tally){.routes = {"other"}, .route_count = 1};
}

uint8_t http_tally_code(int code)
{
    uint8_t at = 0;

    while (at < tally_codes - 1 && codes[at] != code) {
        at++;
    }
    return at;
}

/* Those asked most come first: they were asked first. */
static uint32_t row_of(struct http_tally *self, const char *route)
{
    for (uint32_t i = 1; i < self->route_count; i++) {
        if (self->routes[i] == route) {
            return i;
        }
    }
    if (route == NULL || self->route_count == tally_routes) {
        return 0;
    }
    self->routes[self->route_count] = route;
    return self->route_count++;
}

void http_tally_add(struct http_tally *self, const char *route, uint8_t code, int64_t us)
{
    assert(code < tally_codes);
    durations_add(&self->rows[row_of(self, route)][code], us);
}

bool http_tally_next(const struct http_tally *self, uint32_t *cursor, struct http_tally_row *row)
{
    for (; *cursor < self->route_count * tally_codes; ++*cursor) {
        uint32_t route = *cursor / tally_codes;
        uint32_t code = *cursor % tally_codes;
        const struct durations *took = &self->rows[route][code];

        if (durations_count(took) > 0) {
            *row = (struct http_tally_row){self->routes[route], texts[code], took};
            ++*cursor;
            return true;
        }
    }
    return false;
}
