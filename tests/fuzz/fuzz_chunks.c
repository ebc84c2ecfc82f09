/* The framing of chunked bodies: however the bytes come in pieces, it is read alike, and what
 * follows its end is left alone.
 *
 * Covers: gateway/http/chunks.c
 */
#include <assert.h>
#include <stdint.h>

#include "gateway/http/chunks.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct chunks whole = {0};
    struct chunks pieces = {0};
    enum err expected = chunks_read(&whole, (struct str){(const char *)data, size});
    enum err err = ERR_OK;

    for (size_t i = 0; i < size && err == ERR_OK; i++) {
        enum chunks_state before = pieces.state;

        err = chunks_read(&pieces, (struct str){(const char *)data + i, 1});
        assert(before != CHUNKS_DONE || pieces.state == CHUNKS_DONE);
    }
    assert(err == expected);
    assert(whole.state == pieces.state && whole.left == pieces.left && whole.line == pieces.line);
    assert(err == ERR_OK || (pieces.wrong == whole.wrong && pieces.status == whole.status &&
                             pieces.status >= 400 && pieces.status <= 431));
    return 0;
}
