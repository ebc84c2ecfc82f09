#include "gateway/http/uri.h"

#include <string.h>
#include <strings.h>

#include "common/base/percent.h"

/* Drops the last segment of path[0 … len): "/a/b" → "/a". */
static size_t parent(const char *path, size_t len)
{
    while (len > 0 && path[len - 1] != '/') {
        len--;
    }
    return len > 0 ? len - 1 : 0;
}

/* "//" and "/./" are one slash, "/x/.." goes, a trailing slash stays. */
static void clean(struct buf *path)
{
    char *data = path->data;
    size_t len = 0;
    size_t at = 0;
    bool slash = path->len > 0 && data[path->len - 1] == '/';

    while (at < path->len) {
        size_t from = at;

        while (at < path->len && data[at] != '/') {
            at++;
        }
        if (at - from == 2 && data[from] == '.' && data[from + 1] == '.') {
            len = parent(data, len);
        } else if (at > from && !(at - from == 1 && data[from] == '.')) {
            /* len < from: a kept segment had a slash before it, or there was none before the first
             */
            memmove(data + len + 1, data + from, at - from);
            data[len] = '/';
            len += at - from + 1;
        }
        at++;
    }
    if (slash || len == 0) {
        data[len++] = '/';
    }
    path->len = len;
}

/* "http://host:port/x" → "/x" */
static struct str without_authority(struct str uri)
{
    static const struct str schemes[] = {{"http://", 7}, {"https://", 8}};

    for (size_t i = 0; i < 2; i++) {
        if (uri.len >= schemes[i].len &&
            strncasecmp(uri.data, schemes[i].data, schemes[i].len) == 0) {
            uri.data += schemes[i].len;
            uri.len -= schemes[i].len;
            while (uri.len > 0 && *uri.data != '/' && *uri.data != '?') {
                uri.data++;
                uri.len--;
            }
            break;
        }
    }
    return uri;
}

bool uri_split(struct str uri, struct buf *path, struct str *query)
{
    struct str rest = without_authority(uri);
    const char *mark = rest.len > 0 ? memchr(rest.data, '?', rest.len) : NULL;

    *query = (struct str){0};
    if (mark != NULL) {
        *query = (struct str){mark + 1, (size_t)(rest.data + rest.len - mark) - 1};
        rest.len = (size_t)(mark - rest.data);
    }
    path->len = 0;
    buf_add_char(path, '/'); /* clean needs it where the path has none; else it is one of two */
    buf_reserve(path, rest.len + 1);
    if (uri.len > 0 && memchr(uri.data, ' ', uri.len) != NULL) {
        return false;
    }
    if (rest.len > 0 && !percent_decode(path, rest, false)) {
        return false;
    }
    clean(path);
    return true;
}
