#include "gateway/etcd/h2.h"

#include <stdlib.h>

#include "common/base/heap.h"
#include "gateway/etcd/h2_answer.h"
#include "gateway/etcd/h2_request.h"
#include "gateway/etcd/h2_web.h"

enum {
    window_bytes = 1024 * 1024, /* of a stream: a message of the usual limit comes in two */
    connection_window_bytes = 4 * 1024 * 1024,
    resets_burst = 100 * 1000,
    resets_per_s = 10 * 1000,
};

/* The client may still be sending when its call is over: it is told to stop, as RFC 9113 8.1 says.
 */
static int on_frame_sent(nghttp2_session *session, const nghttp2_frame *frame, void *state)
{
    (void)state;
    if ((frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA) &&
        (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0 &&
        nghttp2_session_get_stream_remote_close(session, frame->hd.stream_id) == 0) {
        (void)nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, frame->hd.stream_id,
                                        NGHTTP2_NO_ERROR);
    }
    return 0;
}

static int on_stream_close(nghttp2_session *session, int32_t id, uint32_t code, void *state)
{
    struct h2 *self = state;
    struct stream *stream = nghttp2_session_get_stream_user_data(session, id);

    (void)code;
    if (stream != NULL) {
        if (!stream->let_go) {
            stream->let_go = true;
            h2_cancelled(stream);
            self->app->gone(self->state, &stream->call);
        }
        h2_web_gone(stream);
        h2_stream_end(self, stream);
    }
    return 0;
}

static ssize_t on_send(nghttp2_session *session, const uint8_t *data, size_t len, int flags,
                       void *state)
{
    struct h2 *self = state;

    (void)session;
    (void)flags;
    if (self->to->len >= self->to_max) {
        return NGHTTP2_ERR_WOULDBLOCK;
    }
    buf_add(self->to, data, len);
    return (ssize_t)len;
}

static int on_send_data(nghttp2_session *session, nghttp2_frame *frame, const uint8_t *head,
                        size_t len, nghttp2_data_source *source, void *state)
{
    enum { frame_head_bytes = 9 };
    struct stream *stream = source->ptr;
    struct h2 *self = state;

    (void)session;
    (void)frame;
    if (self->to->len >= self->to_max) {
        return NGHTTP2_ERR_WOULDBLOCK;
    }
    buf_add(self->to, head, frame_head_bytes);
    buf_add(self->to, stream->out.data + stream->out_at, len);
    stream->out_at += len;
    self->taken += len;
    h2_stream_weigh(stream);
    h2_stream_sent(stream);
    return 0;
}

bool h2_has_work(const struct h2 *self)
{
    return self->over || nghttp2_session_want_write(self->session) != 0 ||
           nghttp2_session_want_read(self->session) == 0;
}

bool h2_produce(struct h2 *self, struct buf *to, size_t max)
{
    int rc;

    self->to = to;
    self->to_max = max;
    rc = nghttp2_session_send(self->session);
    self->to = NULL;
    self->over = self->over || rc != 0;
    return !self->over && (nghttp2_session_want_read(self->session) != 0 ||
                           nghttp2_session_want_write(self->session) != 0);
}

enum err h2_receive(struct h2 *self, struct str bytes)
{
    if (self->over ||
        nghttp2_session_mem_recv(self->session, (const uint8_t *)bytes.data, bytes.len) < 0) {
        self->over = true;
        return ERR_MALFORMED;
    }
    return ERR_OK;
}

void h2_drain(struct h2 *self)
{
    if (!self->draining) {
        self->draining = true;
        (void)nghttp2_submit_goaway(self->session, NGHTTP2_FLAG_NONE,
                                    nghttp2_session_get_last_proc_stream_id(self->session),
                                    NGHTTP2_NO_ERROR, NULL, 0);
        self->wake.wake(self->wake.owner);
    }
}

size_t h2_held(const struct h2 *self)
{
    return self->held + self->unsent;
}

size_t h2_owed(const struct h2 *self)
{
    return self->owed;
}

uint64_t h2_taken(const struct h2 *self)
{
    return self->taken;
}

uint32_t h2_calls(const struct h2 *self)
{
    return self->calls;
}

static void make_session(struct h2 *self)
{
    const nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, self->options->streams_max},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, window_bytes},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, h2_headers_max},
        {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES,
         1}, /* nobody uses them; the tree costs a call 5 % */
    };
    nghttp2_session_callbacks *callbacks = NULL;
    nghttp2_option *option = NULL;
    struct h2_spare *spare = self->options->spare;
    nghttp2_mem memory = {.malloc = h2_memory_take,
                          .calloc = h2_memory_take_zeroed,
                          .realloc = h2_memory_resize,
                          .free = h2_memory_give_back};
    int rc = nghttp2_session_callbacks_new(&callbacks);

    if (spare != NULL) {
        memory.mem_user_data = &spare->memory;
    }
    rc = rc != 0 ? rc : nghttp2_option_new(&option);
    assert(rc == 0);
    nghttp2_session_callbacks_set_send_callback(callbacks, on_send);
    nghttp2_session_callbacks_set_send_data_callback(callbacks, on_send_data);
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, h2_on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, h2_on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, h2_on_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, h2_on_frame);
    nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, on_frame_sent);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
    nghttp2_option_set_no_closed_streams(option, 1);
    nghttp2_option_set_no_auto_window_update(option, 1); /* h2_stream_read does */
    /* Cancelled calls are nothing out of the common (a context that ends, a keep-alive for once),
     * and cost less than whole ones; the library would end the connection at 33 a second. A flood
     * of them (CVE-2023-44487) is bounded all the same. */
    nghttp2_option_set_stream_reset_rate_limit(option, resets_burst, resets_per_s);
    /* etcdctl names an endpoint of its --cluster as a URL, in :authority too; the library's own
     * check of headers would reset that call. What is read of them is judged where it is read. */
    nghttp2_option_set_no_http_messaging(option, 1);
    rc = nghttp2_session_server_new3(&self->session, callbacks, self, option,
                                     spare != NULL ? &memory : NULL);
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_option_del(option);
    rc = rc != 0 ? rc
                 : nghttp2_submit_settings(self->session, NGHTTP2_FLAG_NONE, settings,
                                           sizeof(settings) / sizeof(settings[0]));
    rc = rc != 0 ? rc
                 : nghttp2_session_set_local_window_size(self->session, NGHTTP2_FLAG_NONE, 0,
                                                         connection_window_bytes);
    assert(rc == 0);
}

struct h2 *h2_new(const struct h2_options *options, const struct rpc_app *app, void *state,
                  struct h2_wake wake)
{
    struct h2 *self = heap_new(sizeof(*self));

    self->options = options;
    self->app = app;
    self->state = state;
    self->web_app = options->web;
    self->web_state = options->web_state;
    self->wake = wake;
    make_session(self);
    return self;
}

void h2_destroy(struct h2 **self)
{
    struct h2 *h2 = *self;

    if (h2 == NULL) {
        return;
    }
    for (struct stream *stream = h2->open; stream != NULL; stream = stream->next) {
        if (!stream->let_go) {
            stream->let_go = true;
            h2_cancelled(stream);
            h2->app->gone(h2->state, &stream->call);
        }
        h2_web_gone(stream);
    }
    nghttp2_session_del(h2->session); /* tells of no stream */
    h2_streams_fini(h2);
    free(h2);
    *self = NULL;
}
