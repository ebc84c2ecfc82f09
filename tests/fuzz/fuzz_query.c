/* A query or form text: nothing is read past its end, what is bound stays readable
 * when more is added, and binding in two pieces at a '&' equals binding the whole.
 * And as a JSON body.
 *
 * Covers: gateway/discovery/params.c gateway/http/uri.c
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/discovery/params.h"
#include "gateway/http/uri.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { max = 200 };

static void check_pieces(struct str text)
{
    const char *amp =
        text.len > 0 ? memchr(text.data + text.len / 2, '&', text.len - text.len / 2) : NULL;
    struct params whole = {0};
    struct params pieces = {0};
    enum err err = params_add_form(&whole, text, max);
    enum err err_pieces;

    assert(err == ERR_OK || (err == ERR_TOO_LARGE && whole.count == max));
    if (amp != NULL) {
        struct str first = {text.data, (size_t)(amp - text.data)};
        struct str second = {amp + 1, text.len - first.len - 1};

        err_pieces = params_add_form(&pieces, first, max);
        err_pieces = err_pieces == ERR_OK ? params_add_form(&pieces, second, max) : err_pieces;
        assert(err == err_pieces && whole.count == pieces.count);
        for (size_t i = 0; i < whole.count; i++) {
            assert(str_eq(whole.items[i].name, pieces.items[i].name));
            assert(str_eq(whole.items[i].value, pieces.items[i].value));
        }
    }
    params_fini(&whole);
    params_fini(&pieces);
}

static void check_uri(struct str text)
{
    struct buf path = {0};
    struct str query;

    if (uri_split(text, &path, &query)) {
        assert(path.len > 0 && path.data[0] == '/');
        assert(memmem(path.data, path.len, "//", 2) == NULL);
        assert(memmem(path.data, path.len, "/../", 4) == NULL);
        assert(query.len < text.len || query.len == 0);
    }
    buf_fini(&path);
}

/* The same bytes as a JSON body: bound or refused with a reason, never half of both. */
static void check_json(struct str text)
{
    struct params params = {0};
    struct buf why = {0};
    enum err err = params_add_json(&params, text, 64, &why);

    assert((err == ERR_MALFORMED) == (why.len > 0));
    assert(params.count <= 64);
    for (size_t i = 0; i < params.count; i++) {
        struct str value = params_get(&params, params.items[i].name);

        assert(value.len == 0 || memchr(value.data, value.data[0], value.len) != NULL);
    }
    params_fini(&params);
    buf_fini(&why);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = {(const char *)data, size};

    check_pieces(text);
    check_uri(text);
    check_json(text);
    return 0;
}
