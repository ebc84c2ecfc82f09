#include "gateway/etcd/h2_stream.h"

#include <stdlib.h>

enum {
    spare_max = 1024,   /* calls whose memory is kept for the next */
    spare_bytes = 4096, /* a buffer larger than this is given back */
    unsent_reading_max = 1024 * 1024,
};

static void web_free(struct stream *stream)
{
    struct h2_web *web = stream->web;

    stream->web = NULL;
    if (web == NULL) {
        return;
    }
    buf_fini(&web->verb);
    buf_fini(&web->timeout);
    for (unsigned i = 0; i < H2_WEB_WORDS; i++) {
        buf_fini(&web->words[i]);
    }
    buf_fini(&web->body);
    free(web);
}

static size_t body_held(const struct stream *stream)
{
    return stream->web != NULL ? stream->web->body.len : 0;
}

/* What a stream in which both sides speak has to say is bounded by who serves it. */
static bool bounds_itself(const struct stream *stream)
{
    return stream->plain
               ? stream->web->web.patient
               : stream->begun && etcd_method_row(stream->call.method)->shape == ETCD_SHAPE_BOTH;
}

static void count(struct stream *stream, size_t weight, size_t unsent)
{
    struct h2 *self = stream->h2;
    struct h2_load *load = self->options->load;

    self->held += weight - stream->weight;
    self->unsent += unsent - stream->unsent;
    if (load != NULL) {
        load->held += weight - stream->weight + unsent - stream->unsent;
    }
    stream->weight = weight;
    stream->unsent = unsent;
}

void h2_stream_weigh(struct stream *stream)
{
    struct h2 *self = stream->h2;
    size_t owed = stream->owed;

    count(stream, stream->reader.bytes.len + body_held(stream), stream->out.len - stream->out_at);
    stream->owed = bounds_itself(stream) ? 0 : stream->unsent;
    self->owed += stream->owed - owed;
}

static bool is_taken_in(const struct stream *stream)
{
    return !bounds_itself(stream) || stream->let_go || stream->unsent <= unsent_reading_max;
}

void h2_stream_read(struct stream *stream, size_t bytes)
{
    nghttp2_session *session = stream->h2->session;

    (void)nghttp2_session_consume_connection(session, bytes);
    stream->unread += bytes;
    h2_stream_sent(stream);
}

void h2_stream_sent(struct stream *stream)
{
    if (stream->unread > 0 && is_taken_in(stream)) {
        (void)nghttp2_session_consume_stream(stream->h2->session, stream->id, stream->unread);
        stream->unread = 0;
    }
}

static size_t largest_unsent(const struct h2 *self)
{
    size_t largest = 0;

    for (const struct stream *it = self->open; it != NULL; it = it->next) {
        largest = it->unsent > largest ? it->unsent : largest;
    }
    return largest;
}

bool h2_is_full(const struct h2 *self)
{
    const struct h2_options *options = self->options;

    return self->held > options->held_max ||
           (self->unsent > options->unsent_max &&
            self->unsent - largest_unsent(self) > options->unsent_max) ||
           (options->load != NULL && options->load->held > options->load->max);
}

struct stream *h2_stream_new(struct h2 *self, int32_t id)
{
    struct h2_spare *spare = self->options->spare;
    struct stream *stream = spare != NULL ? spare->first : NULL;

    if (stream != NULL) {
        spare->first = stream->next;
        spare->count--;
    } else {
        stream = calloc(1, sizeof(*stream));
        if (stream == NULL) {
            return NULL;
        }
    }
    stream->h2 = self;
    stream->id = id;
    stream->call.timeout_ms = -1;
    stream->let_go = true;
    stream->before = NULL;
    stream->next = self->open;
    if (self->open != NULL) {
        self->open->before = stream;
    }
    self->open = stream;
    self->calls++;
    return stream;
}

static void keep_small(struct buf *buf)
{
    buf->len = 0;
    if (buf->cap > spare_bytes) {
        buf_fini(buf);
    }
}

static void stream_free(struct stream *stream)
{
    web_free(stream);
    buf_fini(&stream->head.path);
    buf_fini(&stream->reader.bytes);
    buf_fini(&stream->token);
    buf_fini(&stream->out);
    buf_fini(&stream->text);
    free(stream);
}

/* Its buffers stay with it. */
static void keep(struct h2_spare *spare, struct stream *stream)
{
    struct stream clean = {0};

    keep_small(&stream->head.path);
    keep_small(&stream->reader.bytes);
    keep_small(&stream->token);
    keep_small(&stream->out);
    keep_small(&stream->text);
    clean.head.path = stream->head.path;
    clean.reader.bytes = stream->reader.bytes;
    clean.token = stream->token;
    clean.out = stream->out;
    clean.text = stream->text;
    clean.next = spare->first;
    *stream = clean;
    spare->first = stream;
    spare->count++;
}

void h2_stream_end(struct h2 *self, struct stream *stream)
{
    struct h2_spare *spare = self->options->spare;

    if (self->open == stream) {
        self->open = stream->next;
    } else {
        stream->before->next = stream->next;
    }
    if (stream->next != NULL) {
        stream->next->before = stream->before;
    }
    self->calls--;
    self->owed -= stream->owed;
    count(stream, 0, 0);
    web_free(stream);
    if (spare == NULL || spare->count == spare_max) {
        stream_free(stream);
    } else {
        keep(spare, stream);
    }
}

static void free_all(struct stream *stream)
{
    while (stream != NULL) {
        struct stream *next = stream->next;

        stream_free(stream);
        stream = next;
    }
}

void h2_streams_fini(struct h2 *self)
{
    for (struct stream *stream = self->open; stream != NULL; stream = stream->next) {
        count(stream, 0, 0);
    }
    free_all(self->open);
}

void h2_spare_fini(struct h2_spare *self)
{
    free_all(self->first);
    h2_memory_fini(&self->memory);
    *self = (struct h2_spare){0};
}
