#include "actors/ctl/stream.h"

#include <inttypes.h>

#include "actors/ctl/node.h"

enum { silence_s = 45, retry_default_ms = 1000, retry_max_ms = 30000 };

static bool on_data(void *state, struct str bytes)
{
    struct stream *self = state;

    self->too_large = sse_feed(&self->sse, bytes, self->on_event, self->state) != ERR_OK;
    return !self->too_large && self->lines_left > 0;
}

/* What the server said instead of a stream. */
static enum ctl_exit refused(struct ctl *ctl, const struct http_stream *stream)
{
    struct http_reply reply = {stream->status, stream->error};
    json_t *said = json_loadb(reply.body.data != NULL ? reply.body.data : "", reply.body.len,
                              JSON_ALLOW_NUL, NULL);
    const char *error = json_string_value(json_object_get(said, "error"));
    json_t *root = NULL;
    enum ctl_exit outcome = CTL_NEGATIVE;
    int code;

    if (error != NULL) { /* of /muster/v1 */
        ctl_say(ctl, "%ld: %s", stream->status, error);
    } else {
        outcome = http_judge(ctl, &reply, &root, &code);
    }
    json_decref(said);
    json_decref(root);
    return outcome == CTL_OK ? CTL_NEGATIVE : outcome;
}

static enum ctl_exit unreachable(const struct ctl *ctl, enum ctl_exit outcome)
{
    ctl_say(ctl, "%s: %s; is the node up (./muster status), and is this its address (--url)?",
            ctl->url.data, outcome == CTL_TIMED_OUT ? "no answer" : "no connection");
    return outcome;
}

static enum ctl_exit follow(struct stream *self, struct http_stream *stream)
{
    struct ctl *ctl = self->ctl;
    int64_t wait_ms = retry_default_ms;
    bool once = false; /* a stream was open: from then on it is waited for */

    for (;;) {
        struct buf id = {0};
        enum ctl_exit outcome;

        buf_add_str(&id, buf_str(&self->sse.id));
        buf_add_char(&id, '\0');
        stream->last_event_id = id.len > 1 ? id.data : NULL;
        sse_restart(&self->sse);
        outcome = http_follow(ctl, stream);
        buf_fini(&id);
        if (outcome == CTL_INTERRUPTED || self->lines_left == 0) {
            return CTL_OK;
        }
        if (self->too_large) {
            ctl_say(ctl, "an event is larger than 64 MiB; watch fewer apps");
            return CTL_NEGATIVE;
        }
        if (outcome == CTL_OK && stream->status != 200 && (!once || stream->status < 500)) {
            return refused(ctl, stream);
        }
        if (outcome != CTL_OK && !once) {
            return unreachable(ctl, outcome);
        }
        if (outcome == CTL_OK && stream->status == 200) {
            once = true;
            wait_ms = self->sse.retry_ms >= 0 ? self->sse.retry_ms : retry_default_ms;
        }
        ctl_say(ctl, "the stream ended; asks for it again in %" PRId64 " ms", wait_ms);
        if (!ctl_wait(ctl, wait_ms)) {
            return CTL_OK;
        }
        wait_ms = wait_ms * 2 < retry_max_ms ? wait_ms * 2 + 100 : retry_max_ms;
    }
}

enum ctl_exit stream_follow(struct stream *self)
{
    struct http_stream stream = {.path = self->path,
                                 .query = self->query,
                                 .silence_s = silence_s,
                                 .on_data = on_data,
                                 .state = self};
    enum ctl_exit outcome = node_find_url(self->ctl);

    sse_init(&self->sse);
    outcome = outcome == CTL_OK ? follow(self, &stream) : outcome;
    sse_fini(&self->sse);
    buf_fini(&stream.error);
    return outcome;
}
