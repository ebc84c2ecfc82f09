/* What libmicrohttpd lets through and a proxy in front might read otherwise: two
 * lengths, a length with chunks, "Foo :", unknown codings, a missing Host; and lines
 * it reads in ways of its own.
 *
 * It takes the header apart in place, so the pieces it gives must lie one behind the
 * other with nothing but their separators between them. Where they do not, it has cut
 * a value at a NUL, ended the header at a line that begins with ':' or NUL, or glued a
 * folded line to the name of the one before. */
#include "gateway/http/header.h"

#include <assert.h>
#include <string.h>

#include "gateway/http/server.h"
#include "gateway/http/token.h"

/* From 1.0 on it refuses all of that itself, and may move what it reads. */
static const bool reads_in_place = MHD_VERSION < 0x01000000;

enum {
    version_len = 8, /* HTTP/1.1 */
    line_end_len = 2,
    record_bytes = 64,   /* what libmicrohttpd keeps of a header beside its text */
    answer_bytes = 1024, /* an answer's header needs what the request's leaves over */
    length_digits = 18,
};

struct block {
    struct request *request;
    const struct header_names *names;
    const char *at; /* where the next name should begin */
    unsigned count;
    unsigned lengths;
    unsigned codings;
    unsigned hosts;
    size_t cookie_bytes;
    bool bad_length;
    bool unknown_coding;
    bool bad_name;
    bool bad_line;
};

static bool is_token(const char *text, size_t len)
{
    size_t at = 0;

    while (at < len && is_token_char((unsigned char)text[at])) {
        at++;
    }
    return at > 0 && at == len;
}

/* Whether value is what stands behind name and its colon; the colon is a NUL by now. */
static bool follows(const char *name, size_t name_len, const char *value)
{
    do {
        value--;
    } while (*value == ' ' || *value == '\t');
    return value == name + name_len;
}

void header_names_init(struct header_names *self, const struct http_app *app)
{
#define HEADER_NAME(name, text) {text, sizeof(text) - 1},
    static const struct str names[HTTP_HEADER_COUNT] = {HTTP_HEADERS(HEADER_NAME)};
#undef HEADER_NAME

    assert(app->header_count <= http_app_headers_max);
    memcpy(self->at, names, sizeof(names));
    for (unsigned i = 0; i < app->header_count; i++) {
        self->at[HTTP_HEADER_COUNT + i] = app->headers[i];
    }
    self->count = HTTP_HEADER_COUNT + app->header_count;
}

/* Names are told apart by their length first: hardly two of them share it. */
static unsigned header_of(const struct header_names *self, struct str name)
{
    unsigned at = 0;

    while (at < self->count && !str_eq_nocase(name, self->at[at])) {
        at++;
    }
    return at;
}

static bool is_length(const char *value, size_t len)
{
    return len > 0 && len <= length_digits && strspn(value, "0123456789") == len;
}

static void note(struct block *self, unsigned header, struct str value)
{
    struct str *noted = &self->request->headers[header];

    switch (header) {
    case HTTP_HEADER_CONTENT_LENGTH:
        self->lengths++;
        self->bad_length |= !is_length(value.data, value.len);
        break;
    case HTTP_HEADER_TRANSFER_ENCODING:
        self->codings++;
        self->unknown_coding |= !str_eq_nocase(value, STR("chunked"));
        break;
    case HTTP_HEADER_HOST:
        self->hosts++;
        break;
    case HTTP_HEADER_COOKIE:
        self->cookie_bytes += value.len;
        break;
    default:
        break;
    }
    *noted = noted->data == NULL ? value : *noted;
}

static enum MHD_Result look(void *context, enum MHD_ValueKind kind, const char *name,
                            size_t name_len, const char *value, size_t value_len)
{
    static const struct str none = {"", 0};
    struct block *self = context;
    struct str text = value != NULL ? (struct str){value, value_len} : none;
    unsigned header = header_of(self->names, (struct str){name, name_len});

    (void)kind;
    self->count++;
    self->bad_line |= memchr(text.data, '\r', text.len) != NULL;
    if (reads_in_place) {
        self->bad_line |= name != self->at || value == NULL || !follows(name, name_len, value);
        self->at = text.data + text.len + line_end_len;
    }
    if (header < self->names->count) {
        note(self, header, text);
    } else {
        self->bad_name |= !is_token(name, name_len);
    }
    return MHD_YES;
}

static size_t header_bytes(struct MHD_Connection *mhd)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);

    return info != NULL ? info->header_size : 0;
}

const char *header_end(const struct request *self, const char *method)
{
    return method + header_bytes(self->connection->mhd);
}

/* 0, or the status for what is wrong with the lines as such. */
static int check_lines(const struct request *self, const char *method, const char *version,
                       const struct block *block, const char **why)
{
    const char *uri = method + strlen(method) + 1;
    const char *end = header_end(self, method);

    if (!is_token(method, strlen(method))) {
        *why = "malformed method";
        return MHD_HTTP_BAD_REQUEST;
    }
    if (strcmp(version, "HTTP/1.1") != 0 && strcmp(version, "HTTP/1.0") != 0) {
        *why = "only HTTP/1.1 and HTTP/1.0 are spoken";
        return MHD_HTTP_HTTP_VERSION_NOT_SUPPORTED;
    }
    if (reads_in_place && (self->line != uri || uri + self->uri.len + 1 != version)) {
        *why = "malformed request line";
        return MHD_HTTP_BAD_REQUEST;
    }
    if (block->bad_line || (reads_in_place && block->at + line_end_len != end)) {
        *why = "malformed header line: each is one line of name, colon and value, ended by CR LF";
        return MHD_HTTP_BAD_REQUEST;
    }
    return 0;
}

/* Cookies are copied and taken apart beside the header they came in. */
static bool leaves_room(const struct request *self, const struct block *block)
{
    struct MHD_Connection *mhd = self->connection->mhd;
    size_t bytes = header_bytes(mhd) + (size_t)block->count * record_bytes;
    size_t room = self->http->options.pool_bytes - answer_bytes;

    if (bytes > room / 2) {
        int cookies = MHD_get_connection_values(mhd, MHD_COOKIE_KIND, NULL, NULL);

        bytes += cookies > 0 ? block->cookie_bytes + (size_t)cookies * record_bytes : 0;
    }
    return bytes <= room;
}

int header_check(struct request *self, const char *method, const char *version, const char **why)
{
    struct block block = {.request = self,
                          .names = &self->http->header_names,
                          .at = version + version_len + line_end_len};
    int status;

    (void)MHD_get_connection_values_n(self->connection->mhd, MHD_HEADER_KIND, look, &block);
    status = check_lines(self, method, version, &block, why);
    if (status != 0) {
        return status;
    }
    if (!leaves_room(self, &block)) {
        *why = "the header leaves no room for an answer";
        return MHD_HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE;
    }
    if (block.bad_name) {
        *why = "malformed header name";
    } else if (block.lengths > 1 || block.bad_length) {
        *why = "more than one Content-Length, or a malformed one";
    } else if (block.codings > 0 && block.lengths > 0) {
        *why = "Content-Length beside Transfer-Encoding";
    } else if (block.codings > 1 || block.unknown_coding) {
        *why = "unknown Transfer-Encoding: only chunked is read";
        return MHD_HTTP_NOT_IMPLEMENTED;
    } else if (block.codings > 0 && strcmp(version, "HTTP/1.0") == 0) {
        *why = "Transfer-Encoding in HTTP/1.0";
    } else if (block.hosts > 1 || (block.hosts == 0 && strcmp(version, "HTTP/1.0") != 0)) {
        *why = "exactly one Host header is required";
    } else {
        return 0;
    }
    return MHD_HTTP_BAD_REQUEST;
}
