/* What libmicrohttpd lets through and a proxy in front might read otherwise: two
 * lengths, a length with chunks, "Foo :", unknown codings, a missing Host. */
#include <string.h>
#include <strings.h>

#include "gateway/http/server.h"

struct block {
    unsigned lengths;
    unsigned codings;
    unsigned hosts;
    bool bad_length;
    bool unknown_coding;
    bool bad_name;
};

/* RFC 9110 token: letters, digits and !#$%&'*+-.^_`|~ */
static bool is_token(const char *text)
{
    static const uint64_t allowed[2] = {0x3ff6cfa00000000, 0x57ffffffc7fffffe};
    const char *at = text;

    while (*at != '\0' && (unsigned char)*at < 0x80 &&
           (allowed[(unsigned char)*at >> 6] >> (*at & 63) & 1) != 0) {
        at++;
    }
    return at > text && *at == '\0';
}

static enum MHD_Result look(void *context, enum MHD_ValueKind kind, const char *name,
                            const char *value)
{
    struct block *self = context;

    (void)kind;
    if (!is_token(name)) {
        self->bad_name = true;
    } else if (strcasecmp(name, MHD_HTTP_HEADER_CONTENT_LENGTH) == 0) {
        self->lengths++;
        self->bad_length |= value == NULL || value[0] == '\0' ||
                            strspn(value, "0123456789") != strlen(value) || strlen(value) > 18;
    } else if (strcasecmp(name, MHD_HTTP_HEADER_TRANSFER_ENCODING) == 0) {
        self->codings++;
        self->unknown_coding |= value == NULL || strcasecmp(value, "chunked") != 0;
    } else if (strcasecmp(name, MHD_HTTP_HEADER_HOST) == 0) {
        self->hosts++;
    }
    return MHD_YES;
}

int header_check(struct MHD_Connection *mhd, const char *method, const char *version,
                 const char **why)
{
    struct block block = {0};

    (void)MHD_get_connection_values(mhd, MHD_HEADER_KIND, look, &block);
    if (!is_token(method)) {
        *why = "malformed method";
    } else if (block.bad_name) {
        *why = "malformed header name";
    } else if (block.lengths > 1 || block.bad_length) {
        *why = "more than one Content-Length, or a malformed one";
    } else if (block.codings > 0 && block.lengths > 0) {
        *why = "Content-Length beside Transfer-Encoding";
    } else if (block.codings > 1 || block.unknown_coding) {
        *why = "unknown Transfer-Encoding: only chunked is read";
        return MHD_HTTP_NOT_IMPLEMENTED;
    } else if (block.hosts > 1 || (block.hosts == 0 && strcmp(version, "HTTP/1.0") != 0)) {
        *why = "exactly one Host header is required";
    } else {
        return 0;
    }
    return MHD_HTTP_BAD_REQUEST;
}
