#include "actors/ctl/http.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

#include "actors/ctl/node.h"
#include "actors/ctl/progress.h"
#include "common/base/percent.h"

enum { reply_bytes_max = 512 * 1024 * 1024, error_bytes_max = 4096 };

void form_add(struct buf *form, const char *name, const char *value)
{
    buf_printf(form, "%s%s=", form->len > 0 ? "&" : "", name);
    percent_add(form, str_from(value), percent_unreserved, false);
}

void http_reply_fini(struct http_reply *reply)
{
    buf_fini(&reply->body);
}

/* Runs one transfer; body: what comes, to tell how far it is, or NULL. libcurl's own wait takes our
 * descriptor along, so that an interrupt ends it at once. */
static CURLcode run(const struct ctl *ctl, CURL *easy, const struct buf *body, bool *interrupted)
{
    struct progress progress;
    CURLM *multi = curl_multi_init();
    CURLcode result = CURLE_OUT_OF_MEMORY;
    int running = 1;

    *interrupted = false;
    if (multi == NULL || curl_multi_add_handle(multi, easy) != CURLM_OK) {
        curl_multi_cleanup(multi);
        return result;
    }
    progress_begin(&progress, ctl, "bytes of the answer");
    while (running > 0 && !*interrupted && curl_multi_perform(multi, &running) == CURLM_OK) {
        struct curl_waitfd stop = {.fd = ctl->stop_fd, .events = CURL_WAIT_POLLIN};

        if (running > 0) {
            (void)curl_multi_poll(multi, &stop, ctl->stop_fd >= 0 ? 1 : 0, 1000, NULL);
            *interrupted = stop.revents != 0;
            if (body != NULL) {
                progress_tell(&progress, body->len, 0);
            }
        }
    }
    progress_end(&progress);
    for (int left = 1; left > 0;) {
        const CURLMsg *message = curl_multi_info_read(multi, &left);

        if (message != NULL && message->msg == CURLMSG_DONE) {
            result = message->data.result;
        }
    }
    (void)curl_multi_remove_handle(multi, easy);
    curl_multi_cleanup(multi);
    return result;
}

static enum ctl_exit no_reply(const struct ctl *ctl, CURLcode result, bool interrupted)
{
    if (interrupted) {
        return CTL_INTERRUPTED;
    }
    if (result == CURLE_OPERATION_TIMEDOUT) {
        ctl_say(ctl,
                "%s: no answer within %" PRId64 " ms; see ./muster status, or wait longer with "
                "--timeout",
                ctl->url.data, ctl_timeout_ms(ctl));
        return CTL_TIMED_OUT;
    }
    ctl_say(ctl, "%s: %s; is the node up (./muster status), and is this its address (--url)?",
            ctl->url.data, curl_easy_strerror(result));
    return CTL_UNREACHABLE;
}

static size_t on_body(char *data, size_t size, size_t count, void *state)
{
    struct buf *body = state;

    if (body->len + size * count > reply_bytes_max) {
        return 0; /* libcurl ends the transfer */
    }
    buf_add(body, data, size * count);
    return size * count;
}

/* url: NUL behind. NULL when out of memory. */
static CURL *easy_new(const struct ctl *ctl, const char *path, const struct buf *query,
                      struct buf *url)
{
    CURL *easy = curl_easy_init();

    buf_printf(url, "%s%s%s%.*s", ctl->url.data, path, query != NULL && query->len > 0 ? "?" : "",
               query != NULL ? (int)query->len : 0, query != NULL ? query->data : "");
    buf_add_char(url, '\0');
    if (easy == NULL) {
        abort();
    }
    (void)curl_easy_setopt(easy, CURLOPT_URL, url->data);
    (void)curl_easy_setopt(easy, CURLOPT_USERAGENT, "musterctl/" MUSTER_VERSION);
    (void)curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
    (void)curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)ctl_timeout_ms(ctl));
    return easy;
}

enum ctl_exit http_ask(struct ctl *ctl, enum http_method method, const char *path,
                       const struct buf *form, struct http_reply *reply)
{
    enum ctl_exit outcome = node_find_url(ctl);
    struct buf url = {0};
    bool interrupted;
    CURLcode result;
    CURL *easy;

    *reply = (struct http_reply){0};
    if (outcome != CTL_OK) {
        return outcome;
    }
    easy = easy_new(ctl, path, method == HTTP_GET ? form : NULL, &url);
    (void)curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)ctl_timeout_ms(ctl));
    (void)curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "");
    (void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEDATA, &reply->body);
    if (method == HTTP_POST) {
        (void)curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long)form->len);
        (void)curl_easy_setopt(easy, CURLOPT_POSTFIELDS, form->data);
    }
    result = run(ctl, easy, &reply->body, &interrupted);
    if (interrupted || result != CURLE_OK) {
        outcome = no_reply(ctl, result, interrupted);
    }
    (void)curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &reply->status);
    curl_easy_cleanup(easy);
    buf_fini(&url);
    return outcome;
}

enum ctl_exit http_ask_quietly(struct ctl *ctl, const char *path, struct http_reply *reply)
{
    enum { patience_ms = 1000 };
    struct buf url = {0};
    bool interrupted;
    CURLcode result;
    CURL *easy;

    *reply = (struct http_reply){0};
    if (ctl->url.len == 0) {
        return CTL_UNREACHABLE;
    }
    easy = easy_new(ctl, path, NULL, &url);
    (void)curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)patience_ms);
    (void)curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "");
    (void)curl_easy_setopt(easy, CURLOPT_MAXFILESIZE, (long)quiet_bytes_max);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEDATA, &reply->body);
    result = run(ctl, easy, &reply->body, &interrupted);
    (void)curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &reply->status);
    curl_easy_cleanup(easy);
    buf_fini(&url);
    return result == CURLE_OK && !interrupted ? CTL_OK : CTL_UNREACHABLE;
}

enum ctl_exit http_read(struct ctl *ctl, const struct http_reply *reply, json_t **root, int *code)
{
    json_t *json = json_loadb(reply->body.data != NULL ? reply->body.data : "", reply->body.len,
                              JSON_ALLOW_NUL, NULL);
    const json_t *number = json_object_get(json, "code");

    *root = json;
    *code = json_is_integer(number) ? (int)json_integer_value(number) : -500;
    if (!json_is_integer(number)) {
        ctl_say(ctl,
                "%s: HTTP status %ld and no answer of the discovery API; is this the address "
                "of a muster node?",
                ctl->url.data, reply->status);
        return CTL_NEGATIVE;
    }
    return CTL_OK;
}

enum ctl_exit http_judge(struct ctl *ctl, const struct http_reply *reply, json_t **root, int *code)
{
    enum ctl_exit outcome = http_read(ctl, reply, root, code);
    const char *message = json_string_value(json_object_get(*root, "message"));
    char text[16];

    if (outcome != CTL_OK || *code == 0) {
        return outcome;
    }
    (void)snprintf(text, sizeof(text), "%d", *code);
    ctl_say(ctl, "%d: %s", *code,
            message != NULL && strcmp(message, text) != 0 ? message
            : *code == -404                               ? "no such instance or app"
            : *code == -409                               ? "conflicts with a newer state"
                                                          : "refused");
    return CTL_NEGATIVE;
}

struct following {
    struct http_stream *stream;
    CURL *easy;
};

static size_t on_piece(char *data, size_t size, size_t count, void *state)
{
    struct following *self = state;
    size_t len = size * count;

    (void)curl_easy_getinfo(self->easy, CURLINFO_RESPONSE_CODE, &self->stream->status);
    if (self->stream->status != 200) {
        if (self->stream->error.len + len <= error_bytes_max) {
            buf_add(&self->stream->error, data, len);
        }
        return len;
    }
    return self->stream->on_data(self->stream->state, (struct str){data, len}) ? len : 0;
}

enum ctl_exit http_follow(struct ctl *ctl, struct http_stream *stream)
{
    struct buf url = {0};
    struct buf header = {0};
    CURL *easy = easy_new(ctl, stream->path, stream->query, &url);
    struct following following = {stream, easy};
    struct curl_slist *headers = curl_slist_append(NULL, "Accept: text/event-stream");
    enum ctl_exit outcome = CTL_OK;
    bool interrupted;
    CURLcode result;

    stream->status = 0;
    stream->error.len = 0;
    if (stream->last_event_id != NULL) {
        buf_printf(&header, "Last-Event-ID: %s", stream->last_event_id);
        buf_add_char(&header, '\0');
        headers = curl_slist_append(headers, header.data);
    }
    (void)curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_piece);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEDATA, &following);
    (void)curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
    (void)curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, stream->silence_s);
    result = run(ctl, easy, NULL, &interrupted);
    (void)curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &stream->status);
    if (interrupted) {
        outcome = CTL_INTERRUPTED;
    } else if (stream->status == 0) {
        outcome = result == CURLE_OPERATION_TIMEDOUT ? CTL_TIMED_OUT : CTL_UNREACHABLE;
    }
    curl_slist_free_all(headers);
    curl_easy_cleanup(easy);
    buf_fini(&url);
    buf_fini(&header);
    return outcome;
}
