#include "actors/replicator/curl.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <errno.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "common/base/heap.h"

enum {
    connect_timeout_ms = 500,
    head_bytes_max = 64 * 1024,
    body_kept_bytes = 256 * 1024, /* room for answers that a transfer keeps */
    events_max = posts_under_way_max + 1,
};

struct transfer {
    CURL *easy;
    struct curl_slist *headers; /* of the request */
    uint64_t id;
    const struct networks *networks; /* NULL: whatever it is called by is meant */
    bool forbidden;                  /* an address of its name is … */
    bool allowed;                    /* … and another is not */
    size_t answer_max;
    size_t head_bytes; /* of the answer, so far */
    int64_t date_ns;   /* its Date; 0: none */
    struct buf body;
};

struct curl {
    struct posts *posts;
    const struct networks *networks;
    CURLM *multi;
    int epoll;
    int timer;
    struct transfer transfers[posts_under_way_max];
    struct transfer *idle[posts_under_way_max];
    size_t idle_count;
};

/* ── what libcurl calls ─────────────────────────────────────────────────────*/

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *state, void *socket_state)
{
    struct curl *self = state;
    struct epoll_event event = {.data.fd = fd};

    (void)easy;
    (void)socket_state;
    if (what == CURL_POLL_REMOVE) {
        (void)epoll_ctl(self->epoll, EPOLL_CTL_DEL, fd, NULL);
        return 0;
    }
    event.events =
        ((what & CURL_POLL_IN) != 0 ? EPOLLIN : 0U) | ((what & CURL_POLL_OUT) != 0 ? EPOLLOUT : 0U);
    if (epoll_ctl(self->epoll, EPOLL_CTL_MOD, fd, &event) != 0 && errno == ENOENT) {
        (void)epoll_ctl(self->epoll, EPOLL_CTL_ADD, fd, &event);
    }
    return 0;
}

static int on_timer(CURLM *multi, long timeout_ms, void *state)
{
    struct curl *self = state;
    struct itimerspec at = {0};

    (void)multi;
    if (timeout_ms >= 0) { /* 0 would disarm it */
        at.it_value.tv_sec = timeout_ms / 1000;
        at.it_value.tv_nsec = timeout_ms > 0 ? timeout_ms % 1000 * 1000000 : 1;
    }
    (void)timerfd_settime(self->timer, 0, &at, NULL);
    return 0;
}

static size_t on_body(char *data, size_t size, size_t count, void *state)
{
    struct transfer *transfer = state;

    if (transfer->body.len + size * count > transfer->answer_max) {
        return 0; /* ends the transfer */
    }
    buf_add(&transfer->body, data, size * count);
    return size * count;
}

static size_t on_header(char *data, size_t size, size_t count, void *state)
{
    struct transfer *transfer = state;
    size_t len = size * count;
    char text[64];

    transfer->head_bytes += len;
    if (transfer->head_bytes > head_bytes_max) {
        return 0;
    }
    if (len > 5 && len < sizeof(text) && strncasecmp(data, "Date:", 5) == 0) {
        time_t date;

        memcpy(text, data + 5, len - 5);
        text[len - 5] = '\0';
        date = curl_getdate(text, NULL);
        transfer->date_ns = date > 0 && date < INT64_MAX / 1000000000 ? date * 1000000000 : 0;
    }
    return len;
}

/* The address that a name was found to stand for, just before it is connected to: no other look-up
 * can come between. */
static curl_socket_t on_open(void *state, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct transfer *transfer = state;
    char text[INET6_ADDRSTRLEN] = "";
    const void *bytes =
        address->family == AF_INET6
            ? (const void *)&((struct sockaddr_in6 *)(void *)&address->addr)->sin6_addr
            : (const void *)&((struct sockaddr_in *)(void *)&address->addr)->sin_addr;
    uint8_t number[16];

    (void)purpose;
    if (transfer->networks != NULL &&
        (inet_ntop(address->family, bytes, text, sizeof(text)) == NULL ||
         !networks_number(str_from(text), number) || !networks_allow(transfer->networks, number))) {
        transfer->forbidden = true;
        return CURL_SOCKET_BAD;
    }
    transfer->allowed = true;
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* ── transfers ──────────────────────────────────────────────────────────────*/

static void set_up(struct transfer *transfer)
{
    CURL *easy = curl_easy_init();

    if (easy == NULL) {
        abort();
    }
    transfer->easy = easy;
    (void)curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
    (void)curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http");
    (void)curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
    (void)curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    (void)curl_easy_setopt(easy, CURLOPT_PROXY, ""); /* whatever the environment says */
    (void)curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L); /* don't wait for a resolver's thread */
    (void)curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)connect_timeout_ms);
    (void)curl_easy_setopt(easy, CURLOPT_USERAGENT, "muster/" MUSTER_VERSION);
    (void)curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open);
    (void)curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, transfer);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
    (void)curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    (void)curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
}

static struct curl_slist *add_header(struct curl_slist *list, const char *line)
{
    struct curl_slist *longer = curl_slist_append(list, line);

    if (longer == NULL) {
        abort();
    }
    return longer;
}

/* As the reference's own nodes send them; curl adds the form's Content-Type to a POST. */
static struct curl_slist *headers_of(const struct post *post)
{
    struct curl_slist *list;
    struct buf line = {0};

    buf_printf(&line, "X1-Bmspy-Timeout: ");
    buf_add_i64(&line, post->timeout_ms);
    buf_add_char(&line, '\0');
    list = add_header(NULL, line.data);
    list = add_header(list, "X1-Bmspy-User;"); /* empty */
    list = add_header(list, "Expect:");        /* no waiting for 100 Continue */
    buf_fini(&line);
    return list;
}

static void start(struct curl *self, const struct post *post)
{
    struct transfer *transfer = self->idle[--self->idle_count];
    CURL *easy;
    CURLMcode code;

    if (transfer->easy == NULL) {
        set_up(transfer);
    }
    easy = transfer->easy;
    transfer->id = post->id;
    transfer->networks = post->configured ? NULL : self->networks;
    transfer->forbidden = transfer->allowed = false;
    transfer->answer_max = post->answer_max;
    transfer->head_bytes = 0;
    transfer->date_ns = 0;
    transfer->headers = headers_of(post);
    (void)curl_easy_setopt(easy, CURLOPT_URL, post->url);
    (void)curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer->headers);
    (void)curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)post->timeout_ms);
    if (post->body.data != NULL) {
        (void)curl_easy_setopt(easy, CURLOPT_POST, 1L);
        (void)curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)post->body.len);
        (void)curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, post->body.data);
    } else {
        (void)curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
    }
    code = curl_multi_add_handle(self->multi, easy);
    assert(code == CURLM_OK);
    (void)code;
}

static void end(struct curl *self, struct transfer *transfer, CURLcode result,
                const struct now *now)
{
    long status = 0;

    (void)curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    (void)curl_multi_remove_handle(self->multi, transfer->easy);
    posts_answer(self->posts, transfer->id,
                 result == CURLE_OK                          ? (int)status
                 : transfer->forbidden && !transfer->allowed ? posts_forbidden
                                                             : 0,
                 transfer->date_ns, &transfer->body, now);
    curl_slist_free_all(transfer->headers);
    transfer->headers = NULL;
    transfer->body.len = 0;
    if (transfer->body.cap > body_kept_bytes) {
        buf_fini(&transfer->body);
    }
    self->idle[self->idle_count++] = transfer;
}

/* ── turns ──────────────────────────────────────────────────────────────────*/

static void take_events(struct curl *self)
{
    struct epoll_event events[events_max];
    int count = epoll_wait(self->epoll, events, events_max, 0);
    int running;

    for (int i = 0; i < count; i++) {
        uint32_t event = events[i].events;
        uint64_t ticks;

        if (events[i].data.fd == self->timer) {
            (void)!read(self->timer, &ticks, sizeof(ticks));
            (void)curl_multi_socket_action(self->multi, CURL_SOCKET_TIMEOUT, 0, &running);
            continue;
        }
        (void)curl_multi_socket_action(
            self->multi, events[i].data.fd,
            ((event & EPOLLIN) != 0 ? CURL_CSELECT_IN : 0) |
                ((event & EPOLLOUT) != 0 ? CURL_CSELECT_OUT : 0) |
                ((event & (EPOLLERR | EPOLLHUP)) != 0 ? CURL_CSELECT_ERR : 0),
            &running);
    }
}

void curl_receive(struct curl *self, const struct now *now)
{
    const CURLMsg *message;
    int left;

    take_events(self);
    while ((message = curl_multi_info_read(self->multi, &left)) != NULL) {
        char *transfer = NULL;

        (void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
        end(self, (struct transfer *)(void *)transfer, message->data.result, now);
    }
}

void curl_send(struct curl *self, const struct now *now, struct outbox *out)
{
    struct post post;

    if (posts_step(self->posts, now)) {
        outbox_again(out);
    }
    while (self->idle_count > 0 && posts_next(self->posts, now, &post)) {
        start(self, &post);
    }
}

static void on_ready(void *state, const struct now *now, struct outbox *out)
{
    (void)out;
    curl_receive(state, now);
}

static void on_turn_end(void *state, const struct now *now, struct outbox *out)
{
    curl_send(state, now, out);
}

struct actor_guest curl_guest(struct curl *self)
{
    return (struct actor_guest){
        .fd = self->epoll, .ready = on_ready, .turn_end = on_turn_end, .state = self};
}

int curl_fd(const struct curl *self)
{
    return self->epoll;
}

/* ── life ───────────────────────────────────────────────────────────────────*/

static bool open_descriptors(struct curl *self)
{
    struct epoll_event event = {.events = EPOLLIN};

    self->epoll = epoll_create1(EPOLL_CLOEXEC);
    self->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    event.data.fd = self->timer;
    return self->epoll >= 0 && self->timer >= 0 &&
           epoll_ctl(self->epoll, EPOLL_CTL_ADD, self->timer, &event) == 0;
}

struct curl *curl_new(struct posts *posts, const struct networks *networks)
{
    struct curl *self = heap_new(sizeof(*self));

    if (curl_global_init(CURL_GLOBAL_NOTHING) != CURLE_OK) {
        abort();
    }
    self->posts = posts;
    self->networks = networks;
    self->multi = curl_multi_init();
    if (self->multi == NULL) {
        abort();
    }
    if (!open_descriptors(self)) {
        curl_destroy(&self);
        return NULL;
    }
    for (size_t i = 0; i < posts_under_way_max; i++) {
        self->idle[self->idle_count++] = &self->transfers[posts_under_way_max - 1 - i];
    }
    (void)curl_multi_setopt(self->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    (void)curl_multi_setopt(self->multi, CURLMOPT_SOCKETDATA, self);
    (void)curl_multi_setopt(self->multi, CURLMOPT_TIMERFUNCTION, on_timer);
    (void)curl_multi_setopt(self->multi, CURLMOPT_TIMERDATA, self);
    (void)curl_multi_setopt(self->multi, CURLMOPT_MAXCONNECTS, (long)posts_under_way_max);
    return self;
}

void curl_destroy(struct curl **self)
{
    struct curl *gone = *self;

    if (gone == NULL) {
        return;
    }
    for (size_t i = 0; i < posts_under_way_max; i++) {
        struct transfer *transfer = &gone->transfers[i];

        if (transfer->easy != NULL) {
            (void)curl_multi_remove_handle(gone->multi, transfer->easy);
            curl_easy_cleanup(transfer->easy);
        }
        curl_slist_free_all(transfer->headers);
        buf_fini(&transfer->body);
    }
    (void)curl_multi_cleanup(gone->multi);
    if (gone->timer >= 0) {
        (void)close(gone->timer);
    }
    if (gone->epoll >= 0) {
        (void)close(gone->epoll);
    }
    curl_global_cleanup();
    free(gone);
    *self = NULL;
}
