#include "gateway/operate/pattern.h"

#include <string.h>

#include "common/base/percent.h"

void pattern_vars_fini(struct pattern_vars *self)
{
    for (size_t i = 0; i < pattern_vars_max; i++) {
        buf_fini(&self->text[i]);
    }
    self->count = 0;
}

/* Takes "/segment" off rest. False: there is none. */
static bool next_segment(struct str *rest, struct str *segment)
{
    const char *slash;

    if (rest->len == 0 || rest->data[0] != '/') {
        return false;
    }
    *segment = (struct str){rest->data + 1, rest->len - 1};
    slash = segment->len > 0 ? memchr(segment->data, '/', segment->len) : NULL;
    if (slash != NULL) {
        segment->len = (size_t)(slash - segment->data);
    }
    rest->data += segment->len + 1;
    rest->len -= segment->len + 1;
    return true;
}

static bool is_variable(struct str segment)
{
    return segment.len > 2 && segment.data[0] == '{';
}

bool pattern_matches(const char *pattern, struct str path, struct pattern_vars *vars)
{
    struct str wanted_rest = str_from(pattern);
    struct str wanted;
    struct str got;

    vars->count = 0;
    while (next_segment(&wanted_rest, &wanted)) {
        if (!next_segment(&path, &got)) {
            return false;
        }
        if (is_variable(wanted)) {
            struct buf *to = &vars->text[vars->count++];

            assert(vars->count <= pattern_vars_max);
            to->len = 0;
            if (got.len == 0 || !percent_decode(to, got, false)) {
                return false;
            }
        } else if (!str_eq(wanted, got)) {
            return false;
        }
    }
    return path.len == 0;
}
