#include "gateway/etcd/h2_request.h"

#include <stdio.h>

#include "gateway/etcd/h2_answer.h"
#include "gateway/etcd/h2_web.h"

static bool is(const uint8_t *at, size_t len, const char *text)
{
    return len == strlen(text) && memcmp(at, text, len) == 0;
}

static void note_content_type(struct request_head *head, struct str value)
{
    struct str kind = STR("application/grpc");

    head->grpc = str_starts(value, kind) && (value.len == kind.len || value.data[kind.len] == '+' ||
                                             value.data[kind.len] == ';');
}

/* What only a request of plain HTTP has. */
static void note_encoding(struct request_head *head, struct str value)
{
    bool is_none = value.len == 0 || str_eq(value, STR("identity"));

    (void)snprintf(head->encoding, sizeof(head->encoding), "%.*s", is_none ? 0 : (int)value.len,
                   value.data);
}

static void note_plain(struct stream *stream, const uint8_t *name, size_t len, struct str value)
{
    static const char *const names[H2_WEB_WORDS] = {
        [H2_WEB_ORIGIN] = "origin",
        [H2_WEB_AUTHORIZATION] = "authorization",
        [H2_WEB_TOKEN] = "grpc-metadata-token",
        [H2_WEB_LEADER] = "grpc-metadata-hasleader",
    };

    for (unsigned i = 0; i < H2_WEB_WORDS; i++) {
        if (is(name, len, names[i])) {
            h2_web_note(stream, (enum h2_web_word)i, value);
        }
    }
}

int h2_on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
                 size_t name_len, const uint8_t *value_at, size_t value_len, uint8_t flags,
                 void *state)
{
    struct stream *stream = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    struct str value = {(const char *)value_at, value_len};
    struct request_head *head;

    (void)flags;
    (void)state;
    if (stream == NULL || frame->headers.cat != NGHTTP2_HCAT_REQUEST) {
        return 0; /* trailers: gRPC knows none of a client's */
    }
    head = &stream->head;
    head->bytes += name_len + value_len;
    if (head->bytes > h2_headers_max) {
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    }
    if (is(name, name_len, ":path")) {
        head->method_known = etcd_method_find(value, &stream->call.method) == ERR_OK;
        if (!head->method_known) {
            buf_add_str(&head->path, value);
        }
    } else if (is(name, name_len, ":method")) {
        head->post = str_eq(value, STR("POST"));
        if (!head->post) {
            h2_web_note_verb(stream, value);
        }
    } else if (is(name, name_len, "content-type")) {
        note_content_type(head, value);
    } else if (is(name, name_len, "grpc-timeout")) {
        head->bad_timeout = grpc_timeout(value, &stream->call.timeout_ms) != ERR_OK;
        if (!head->grpc) { /* it may stand before the content's type */
            h2_web_note_timeout(stream, value);
        }
    } else if (is(name, name_len, "grpc-encoding")) {
        note_encoding(head, value);
    } else if (is(name, name_len, "token")) {
        stream->token.len = 0;
        buf_add_str(&stream->token, value);
    } else if (is(name, name_len, "hasleader")) {
        stream->call.needs_leader = str_eq(value, STR("true"));
    } else {
        note_plain(stream, name, name_len, value);
    }
    return 0;
}

int h2_on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *state)
{
    struct h2 *self = state;
    struct stream *stream;

    if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST) {
        return 0;
    }
    stream = h2_stream_new(self, frame->hd.stream_id);
    if (stream == NULL ||
        nghttp2_session_set_stream_user_data(session, frame->hd.stream_id, stream) != 0) {
        if (stream != NULL) {
            h2_stream_end(self, stream);
        }
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    }
    /* Answers of a connection take turns, frame by frame: without it RFC 9218 (4.2) has each wait
     * for the one before, and a small one for as long as a large one takes. */
    (void)nghttp2_session_change_extpri_stream_priority(
        session, frame->hd.stream_id,
        &(nghttp2_extpri){.urgency = NGHTTP2_EXTPRI_DEFAULT_URGENCY, .inc = 1}, 1);
    return 0;
}

static void refuse_path(struct stream *stream)
{
    struct str path = buf_str(&stream->head.path);
    size_t slash = path.len;

    while (slash > 1 && path.data[slash - 1] != '/') {
        slash--;
    }
    if (slash <= 1) {
        h2_refuse(stream, GRPC_UNIMPLEMENTED, "malformed method name: \"%.*s\"", STR_ARG(path));
        return;
    }
    for (unsigned i = 1; i < ETCD_METHOD_END; i++) {
        struct str service = etcd_method_row((enum etcd_method)i)->service;

        if (str_eq(service, (struct str){path.data + 1, slash - 2})) {
            h2_refuse(stream, GRPC_UNIMPLEMENTED, "unknown method %.*s for service %.*s",
                      (int)(path.len - slash), path.data + slash, STR_ARG(service));
            return;
        }
    }
    h2_refuse(stream, GRPC_UNIMPLEMENTED, "unknown service %.*s", (int)(slash - 2), path.data + 1);
}

static void refuse_error(struct stream *stream, enum etcd_error error)
{
    h2_refuse(stream, etcd_error_code(error), "%.*s", STR_ARG(etcd_error_text(error)));
}

static void begin_plain(struct h2 *self, struct stream *stream)
{
    stream->plain = true;
    h2_web_begin(stream);
    if (h2_is_full(self)) {
        h2_web_refuse(stream, 503, STR("too many requests"));
    }
}

static void begin(struct h2 *self, struct stream *stream)
{
    stream->call.token = buf_str(&stream->token);
    if (self->web_app != NULL && !stream->head.grpc) {
        begin_plain(self, stream);
    } else if (!stream->head.post) {
        h2_refuse_http(stream, 405);
    } else if (!stream->head.grpc) {
        h2_refuse_http(stream, 415);
    } else if (!stream->head.method_known) {
        refuse_path(stream);
    } else if (stream->head.encoding[0] != '\0') {
        h2_refuse(stream, GRPC_UNIMPLEMENTED,
                  "grpc: Decompressor is not installed for grpc-encoding \"%s\"",
                  stream->head.encoding);
    } else if (stream->head.bad_timeout) {
        h2_refuse(stream, GRPC_INTERNAL, "malformed grpc-timeout");
    } else if (stream->token.len > rpc_token_max) {
        refuse_error(stream, ETCD_ERROR_INVALID_AUTH_TOKEN);
    } else if (h2_is_full(self)) {
        refuse_error(stream, ETCD_ERROR_TOO_MANY_REQUESTS);
    } else {
        stream->call.caller = &h2_caller;
        stream->begun = true;
        if (self->options->tally != NULL) {
            self->options->tally->rows[stream->call.method].started++;
        }
        stream->let_go = false;
        self->app->begin(self->state, &stream->call);
    }
}

static bool takes_one(const struct stream *stream)
{
    return etcd_method_row(stream->call.method)->shape != ETCD_SHAPE_BOTH;
}

static void pass_message(struct h2 *self, struct stream *stream, struct str message)
{
    if (self->options->tally != NULL) {
        self->options->tally->rows[stream->call.method].received++;
    }
    self->app->message(self->state, &stream->call, message);
}

/* The client sends no more. */
static void end_of_input(struct h2 *self, struct stream *stream)
{
    if (stream->let_go) {
        return;
    }
    if (grpc_read_cut(&stream->reader)) {
        h2_refuse(stream, GRPC_INTERNAL, "unexpected EOF");
    } else if (!takes_one(stream)) {
        self->app->half_closed(self->state, &stream->call);
    } else if (!stream->reader.whole) {
        h2_refuse(stream, GRPC_INTERNAL, "the call ended without a message");
    } else {
        struct str message = buf_str(&stream->reader.bytes);

        message.data += grpc_prefix_bytes;
        message.len -= grpc_prefix_bytes;
        pass_message(self, stream, message);
    }
}

static void take_data(struct h2 *self, struct stream *stream, struct str data)
{
    struct str message;

    while (!stream->let_go && data.len > 0) {
        if (stream->reader.whole && takes_one(stream)) {
            h2_refuse(stream, GRPC_INTERNAL, "more than one message in a call that takes one");
            return;
        }
        switch (grpc_read(&stream->reader, &data, self->options->message_max, &message)) {
        case GRPC_READ_MORE:
            break;
        case GRPC_READ_MESSAGE:
            if (!takes_one(stream)) {
                pass_message(self, stream, message);
            }
            break;
        case GRPC_READ_COMPRESSED:
            h2_refuse(stream, GRPC_INTERNAL,
                      "grpc: compressed flag set with identity or empty encoding");
            return;
        case GRPC_READ_TOO_LARGE:
            h2_refuse(stream, GRPC_RESOURCE_EXHAUSTED,
                      "grpc: received message larger than max (%zu vs. %u)", message.len,
                      self->options->message_max);
            return;
        }
    }
}

int h2_on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *data, size_t len,
               void *state)
{
    struct h2 *self = state;
    struct stream *stream = nghttp2_session_get_stream_user_data(session, id);

    (void)flags;
    if (stream == NULL) {
        (void)nghttp2_session_consume(session, id, len);
        return 0;
    }
    if (stream->plain) {
        h2_web_data(stream, (struct str){(const char *)data, len});
        h2_stream_read(stream, len);
        return 0;
    }
    take_data(self, stream, (struct str){(const char *)data, len});
    h2_stream_weigh(stream);
    h2_stream_read(stream, len);
    if (!stream->let_go && self->held > self->options->held_max) {
        refuse_error(stream, ETCD_ERROR_TOO_MANY_REQUESTS);
    }
    return 0;
}

int h2_on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *state)
{
    struct h2 *self = state;
    struct stream *stream;

    if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA) {
        return 0;
    }
    stream = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    if (stream == NULL || stream->refused) {
        return 0;
    }
    if (frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
        begin(self, stream);
    }
    if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) == 0) {
        return 0;
    }
    if (stream->plain) {
        h2_web_end_of_input(stream);
    } else {
        end_of_input(self, stream);
    }
    return 0;
}
