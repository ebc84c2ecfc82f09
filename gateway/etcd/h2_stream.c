#include "gateway/etcd/h2_stream.h"

#include <stdlib.h>

enum {
    kept_max = 16,     /* streams' memory kept for the next */
    kept_bytes = 4096, /* a buffer larger than this is given back */
};

void h2_stream_weigh(struct stream *stream)
{
    size_t weight = stream->reader.bytes.len + stream->out.len - stream->out_at;

    stream->h2->held += weight - stream->weight;
    stream->weight = weight;
}

struct stream *h2_stream_new(struct h2 *self, int32_t id)
{
    struct stream *stream = self->kept;

    if (stream != NULL) {
        self->kept = stream->next;
        self->kept_count--;
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
    if (buf->cap > kept_bytes) {
        buf_fini(buf);
    }
}

static void stream_free(struct stream *stream)
{
    buf_fini(&stream->head.path);
    buf_fini(&stream->reader.bytes);
    buf_fini(&stream->token);
    buf_fini(&stream->out);
    buf_fini(&stream->text);
    free(stream);
}

void h2_stream_end(struct h2 *self, struct stream *stream)
{
    struct stream clean = {0};

    if (self->open == stream) {
        self->open = stream->next;
    } else {
        stream->before->next = stream->next;
    }
    if (stream->next != NULL) {
        stream->next->before = stream->before;
    }
    self->calls--;
    self->held -= stream->weight;
    if (self->kept_count == kept_max) {
        stream_free(stream);
        return;
    }
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
    clean.next = self->kept;
    *stream = clean;
    self->kept = stream;
    self->kept_count++;
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
    free_all(self->open);
    free_all(self->kept);
}
