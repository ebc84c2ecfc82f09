#include "gateway/http/chunks.h"

#include "gateway/http/token.h"

enum { digits_max = 15 }; /* fit 63 bits */

static enum err fail_with(struct chunks *self, int status, const char *wrong)
{
    self->status = status;
    self->wrong = wrong;
    return ERR_MALFORMED;
}

static enum err fail(struct chunks *self, const char *wrong)
{
    return fail_with(self, 400, wrong);
}

static int hex_digit(unsigned char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool is_text(unsigned char c)
{
    return c == '\t' || (c >= 0x20 && c != 0x7f);
}

static enum err to(struct chunks *self, enum chunks_state state)
{
    self->state = state;
    return ERR_OK;
}

static enum err in_size(struct chunks *self, unsigned char c)
{
    int digit = hex_digit(c);

    if (digit >= 0 && self->digits < digits_max) {
        self->left = self->left << 4 | (unsigned)digit;
        self->digits++;
        return ERR_OK;
    }
    if (self->digits > 0 && (c == ';' || c == '\r')) {
        return to(self, c == ';' ? CHUNKS_EXTENSION : CHUNKS_SIZE_END);
    }
    if (digit >= 0) {
        return fail_with(self, 413, "the size of a chunk is too large");
    }
    return fail(self, "a chunk begins with its size in hexadecimal, then CR LF");
}

static enum err in_extension(struct chunks *self, unsigned char c)
{
    if (c == '\r') {
        return to(self, CHUNKS_SIZE_END);
    }
    return is_text(c) ? ERR_OK : fail(self, "a chunk's first line is ended by CR LF alone");
}

static enum err in_trailer(struct chunks *self, unsigned char c)
{
    switch (self->state) {
    case CHUNKS_TRAILER:
        if (c == '\r') {
            return to(self, CHUNKS_LAST);
        }
        return is_token_char(c) ? to(self, CHUNKS_TRAILER_NAME)
                                : fail(self, "a trailer is one line of name, colon and value");
    case CHUNKS_TRAILER_NAME:
        if (c == ':') {
            return to(self, CHUNKS_TRAILER_VALUE);
        }
        return is_token_char(c) ? ERR_OK
                                : fail(self, "a trailer is one line of name, colon and value");
    default:
        if (c == '\r') {
            return to(self, CHUNKS_TRAILER_END);
        }
        return is_text(c) ? ERR_OK : fail(self, "a trailer is ended by CR LF alone");
    }
}

/* The second half of CR LF. */
static enum err at_end(struct chunks *self, unsigned char c, enum chunks_state next)
{
    if (c != '\n') {
        return fail(self, "a CR without LF");
    }
    if (next == CHUNKS_SIZE) {
        *self = (struct chunks){0};
        return ERR_OK;
    }
    if (next == CHUNKS_DATA) {
        self->line = 0;
        return to(self, self->left > 0 ? CHUNKS_DATA : CHUNKS_TRAILER);
    }
    return to(self, next);
}

static enum err read_char(struct chunks *self, unsigned char c)
{
    switch (self->state) {
    case CHUNKS_SIZE:
        return in_size(self, c);
    case CHUNKS_EXTENSION:
        return in_extension(self, c);
    case CHUNKS_SIZE_END:
        return at_end(self, c, CHUNKS_DATA);
    case CHUNKS_DATA_CR:
        return c == '\r' ? to(self, CHUNKS_DATA_END)
                         : fail(self, "a chunk's data is followed by CR LF");
    case CHUNKS_DATA_END:
        return at_end(self, c, CHUNKS_SIZE);
    case CHUNKS_TRAILER_END:
        return at_end(self, c, CHUNKS_TRAILER);
    case CHUNKS_LAST:
        return at_end(self, c, CHUNKS_DONE);
    default:
        return in_trailer(self, c);
    }
}

static bool is_too_long(struct chunks *self)
{
    bool trailers = self->state >= CHUNKS_TRAILER;

    if (self->state == CHUNKS_DATA_CR || self->state == CHUNKS_DATA_END) {
        return false;
    }
    return ++self->line > (trailers ? chunks_trailers_max : chunks_line_max);
}

enum err chunks_read(struct chunks *self, struct str bytes)
{
    size_t at = 0;

    while (at < bytes.len && self->state != CHUNKS_DONE) {
        if (self->state == CHUNKS_DATA) {
            size_t len = bytes.len - at < self->left ? bytes.len - at : (size_t)self->left;

            self->left -= len;
            at += len;
            if (self->left == 0) {
                self->state = CHUNKS_DATA_CR;
            }
            continue;
        }
        if (is_too_long(self)) {
            return self->state >= CHUNKS_TRAILER
                       ? fail_with(self, 431, "the trailers are longer than 1,024 bytes")
                       : fail(self, "a chunk's first line is longer than 256 bytes");
        }
        if (read_char(self, (unsigned char)bytes.data[at++]) != ERR_OK) {
            return ERR_MALFORMED;
        }
    }
    return ERR_OK;
}
