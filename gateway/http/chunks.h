/* The framing of a chunked body, read strictly (RFC 9112, 7.1): sizes in hexadecimal, every line
 * ended by CR LF, no control characters in extensions and trailers, no folded trailer, and a bound
 * on each line. What another reader might take for another end is malformed here.
 *
 *   SIZE ─► EXTENSION ─► SIZE_END ─► DATA ─► DATA_CR ─► DATA_END ─► SIZE …
 *                          │ size 0
 *                          └► TRAILER ⇄ TRAILER_NAME, TRAILER_VALUE, TRAILER_END
 *                                └► LAST ─► DONE
 */
#ifndef GATEWAY_HTTP_CHUNKS_H
#define GATEWAY_HTTP_CHUNKS_H

#include "common/base/err.h"
#include "common/base/str.h"

enum {
    chunks_line_max = 256,     /* a size with its extensions */
    chunks_trailers_max = 1024 /* together */
};

enum chunks_state {
    CHUNKS_SIZE,
    CHUNKS_EXTENSION,
    CHUNKS_SIZE_END,
    CHUNKS_DATA,
    CHUNKS_DATA_CR,
    CHUNKS_DATA_END,
    CHUNKS_TRAILER,
    CHUNKS_TRAILER_NAME,
    CHUNKS_TRAILER_VALUE,
    CHUNKS_TRAILER_END,
    CHUNKS_LAST,
    CHUNKS_DONE,
};

/* All zeros: before the first chunk. */
struct chunks {
    enum chunks_state state;
    uint64_t left; /* of the chunk's data; SIZE: its size so far */
    unsigned line; /* bytes of the line, or of all trailers, so far */
    unsigned digits;
    int status;        /* after ERR_MALFORMED: to refuse it with; 400, 413 or 431 */
    const char *wrong; /* and why; static */
};

/* Reads on. After DONE it takes no more: what follows is the next request's.
 * Errors: ERR_MALFORMED. */
enum err chunks_read(struct chunks *self, struct str bytes);

#endif
