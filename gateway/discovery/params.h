/* A request's parameters, bound as the reference binds them: form body first,
 * then query string; empty values count as absent; commas are not split;
 * malformed %zz pairs and pairs containing ';' are dropped, the rest is used;
 * names are case-sensitive. A JSON body (object; documented lower-case names, in
 * any case) becomes the same list: numbers and booleans as their text, null as
 * absent, arrays as repeated parameters, an object as its JSON text.
 */
#ifndef GATEWAY_DISCOVERY_PARAMS_H
#define GATEWAY_DISCOVERY_PARAMS_H

#include "common/base/err.h"
#include "common/base/str.h"

struct param {
    struct str name;
    struct str value;
    bool quoted; /* a JSON string: no number, whatever it holds */
    bool nested; /* an object of JSON, or a list within a list: no text */
};

/* Items borrow from store or from the bytes that were parsed. {0} is empty. */
struct params {
    struct param *items;
    size_t count;
    size_t cap;
    struct buf store; /* decoded bytes */
};

void params_fini(struct params *self);
void params_clear(struct params *self); /* keeps the memory for the next request */

/* Appends a form-encoded text's pairs, at most max in all. Errors: ERR_TOO_LARGE. */
enum err params_add_form(struct params *self, struct str form, size_t max);

/* Appends a JSON object's members; what follows the object is ignored.
 * Errors: ERR_TOO_LARGE, ERR_MALFORMED with a text for the client in why (position
 * and what was expected). */
enum err params_add_json(struct params *self, struct str json, size_t max, struct buf *why);

/* First value of a name; empty when absent. */
struct str params_get(const struct params *self, struct str name);
/* The first with a value; NULL when absent. */
const struct param *params_find(const struct params *self, struct str name);
/* Whether the name is there, with a value or without. */
bool params_has(const struct params *self, struct str name);
/* Values of a name in order: *at starts at 0. */
bool params_each(const struct params *self, struct str name, size_t *at, struct str *value);
/* The first that is nested; NULL: none is. */
const struct param *params_nested(const struct params *self, struct str name);
size_t params_count(const struct params *self, struct str name);

#endif
