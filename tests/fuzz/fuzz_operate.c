/* What a request for /muster/v1 says: its path, up to the first line feed, and its parameters
 * behind it, one name=value a line. What is read keeps to its bounds, and a cursor's parts are
 * those that were put in.
 *
 * Covers: gateway/operate/pattern.c gateway/operate/params.c gateway/operate/cursor.c
 */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "gateway/operate/cursor.h"
#include "gateway/operate/routes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { pairs_max = 16 };

static struct str take_line(struct str *rest)
{
    const char *end = rest->len > 0 ? memchr(rest->data, '\n', rest->len) : NULL;
    struct str line = {rest->data, end != NULL ? (size_t)(end - rest->data) : rest->len};

    rest->data += line.len + (end != NULL);
    rest->len -= line.len + (end != NULL);
    return line;
}

static size_t count_routes(struct str path)
{
    struct pattern_vars vars = {0};
    size_t count = 0;

    for (size_t i = 0; i < operate_route_count; i++) {
        if (pattern_matches(operate_routes[i].path, path, &vars)) {
            count++;
            for (size_t k = 0; k < vars.count; k++) {
                assert(vars.text[k].len > 0 && vars.text[k].len <= path.len);
            }
        }
    }
    pattern_vars_fini(&vars);
    return count;
}

static void read_args(struct str lines)
{
    struct operate_pair pairs[pairs_max];
    struct operate_args args;
    struct str wrong = {0};
    struct buf why = {0};
    size_t count = 0;

    while (lines.len > 0 && count < pairs_max) {
        struct str line = take_line(&lines);
        const char *equals = line.len > 0 ? memchr(line.data, '=', line.len) : NULL;
        size_t len = equals != NULL ? (size_t)(equals - line.data) : line.len;

        pairs[count++] = (struct operate_pair){
            {line.data, len},
            {line.data + len + (equals != NULL), line.len - len - (equals != NULL)}};
    }
    if (operate_args_read(&args, UINT32_MAX, pairs, count, INT64_C(1764370102123000000), &wrong,
                          &why)) {
        assert(args.number[OPERATE_LIMIT] >= 1 && args.number[OPERATE_LIMIT] <= 500);
        assert(args.number[OPERATE_SORT] >= 0 && args.number[OPERATE_SORT] <= 2);
        assert(args.text[OPERATE_ENV].len <= 255);
        assert(why.len == 0);
    } else {
        assert(why.len > 0);
    }
    buf_fini(&why);
}

static void read_cursor(struct str text)
{
    struct buf cursor = {0};
    struct buf again = {0};

    if (cursor_read(text, &cursor)) {
        cursor_print(buf_str(&cursor), &again);
        assert(str_eq(text, buf_str(&again)));
    }
    buf_fini(&cursor);
    buf_fini(&again);
}

static void cut_number(struct str bytes)
{
    struct str rest = bytes;
    struct buf again = {0};
    uint64_t number;

    if (cursor_part_number(&rest, &number)) {
        cursor_add_number(&again, number);
        assert(memcmp(again.data, bytes.data, again.len) == 0);
    }
    buf_fini(&again);
}

static void cut_cursor(struct str bytes)
{
    struct str rest = bytes;
    struct buf again = {0};
    struct str part;

    while (cursor_part(&rest, &part)) {
        cursor_add(&again, part);
    }
    assert(again.len + rest.len == bytes.len);
    assert(again.len == 0 || memcmp(again.data, bytes.data, again.len) == 0);
    buf_fini(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str rest = {(const char *)data, size};
    struct str path;

    cut_cursor(rest);
    cut_number(rest);
    path = take_line(&rest);
    read_cursor(path);
    assert(count_routes(path) <= 1); /* no request has two */
    read_args(rest);
    return 0;
}
