/* TOML for C: toml++ behind one call. Nothing of C++ gets out, no exception either.
 *
 * The tree is walked depth first, keys in alphabetical order; every table and every
 * value below the root is shown once to visit.
 */
#ifndef COMMON_CONFIG_TOML_H
#define COMMON_CONFIG_TOML_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/base/str.h"

enum {
    config_toml_bytes_max = 256 * 1024,
    config_toml_dots_max = 8192, /* each may nest a table, which toml++ ends recursively */
    config_toml_depth_max = 8,   /* what lies deeper is not shown */
};

enum config_toml_type {
    CONFIG_TOML_TEXT,
    CONFIG_TOML_INTEGER,
    CONFIG_TOML_FLOAT,
    CONFIG_TOML_BOOLEAN,
    CONFIG_TOML_LIST, /* an array of strings, also an empty one */
    CONFIG_TOML_TABLE,
    CONFIG_TOML_OTHER, /* a date, a mixed array */
};

/* All of it is borrowed until visit returns. */
struct config_toml_value {
    const struct str *path; /* keys from the root, depth of them, at least one */
    size_t depth;
    uint32_t line; /* from 1 */
    enum config_toml_type type;
    const struct str *items; /* of a list its items; of a scalar its text; else none */
    size_t item_count;
};

typedef void config_toml_visit_fn(void *state, const struct config_toml_value *value);

/* Reads any bytes. Errors, with line and why (appended) filled in and nothing shown to visit:
 * ERR_MALFORMED (not TOML), ERR_TOO_LARGE (over a limit above), ERR_NO_MEMORY. */
enum err config_toml_read(struct str text, config_toml_visit_fn *visit, void *state, uint32_t *line,
                          struct buf *why);

#endif
