#include "common/runtime/notify.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const int64_t words_every_ms = 5000;
static const int64_t us_per_half_ms = 2000; /* a ping twice as often as one is awaited */

static bool say(const struct notify *self, struct str text)
{
    return self->fd >= 0 &&
           sendto(self->fd, text.data, text.len, MSG_NOSIGNAL | MSG_DONTWAIT,
                  (const struct sockaddr *)&self->to, self->to_len) == (ssize_t)text.len;
}

static int64_t ping_ms_asked(void)
{
    const char *pid = getenv("WATCHDOG_PID");
    const char *usec = getenv("WATCHDOG_USEC");
    int64_t value = 0;

    if (usec == NULL || str_to_i64(str_from(usec), &value) != ERR_OK || value <= 0) {
        return 0;
    }
    if (pid != NULL) {
        int64_t whose;

        if (str_to_i64(str_from(pid), &whose) != ERR_OK || whose != (int64_t)getpid()) {
            return 0;
        }
    }
    return value < us_per_half_ms ? 1 : value / us_per_half_ms;
}

enum err notify_init(struct notify *self)
{
    const char *name = getenv("NOTIFY_SOCKET");
    size_t len = name != NULL ? strlen(name) : 0;

    *self = (struct notify){.fd = -1};
    if (len == 0) {
        return ERR_OK;
    }
    if ((name[0] != '/' && name[0] != '@') || len < 2 || len >= sizeof(self->to.sun_path)) {
        return ERR_INVALID;
    }
    self->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    self->to.sun_family = AF_UNIX;
    memcpy(self->to.sun_path, name, len);
    if (name[0] == '@') {
        self->to.sun_path[0] = '\0';
    }
    self->to_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
    self->ping_ms = ping_ms_asked();
    return ERR_OK;
}

void notify_fini(struct notify *self)
{
    if (self->fd >= 0) {
        close(self->fd);
    }
    buf_fini(&self->words);
    *self = (struct notify){.fd = -1};
}

void notify_ping(struct notify *self, int64_t mono_ms)
{
    if (mono_ms >= notify_due_ms(self) && say(self, STR("WATCHDOG=1"))) {
        self->ping_due_ms = mono_ms + self->ping_ms;
    }
}

int64_t notify_due_ms(const struct notify *self)
{
    return self->fd >= 0 && self->ping_ms > 0 ? self->ping_due_ms : INT64_MAX;
}

bool notify_asks(const struct notify *self, int64_t mono_ms)
{
    return self->fd >= 0 && (!self->ready || mono_ms >= self->words_due_ms);
}

void notify_tell(struct notify *self, bool ready, struct str words, int64_t mono_ms)
{
    bool begins = ready && !self->ready;
    struct buf text = {0};

    self->words_due_ms = mono_ms + words_every_ms;
    if (!begins && str_eq(words, buf_str(&self->words))) {
        return;
    }
    if (begins) {
        buf_add_str(&text, STR("READY=1\n"));
    }
    buf_add_str(&text, STR("STATUS="));
    for (size_t i = 0; i < words.len; i++) { /* a line break would begin another NAME= */
        buf_add_char(&text, words.data[i] == '\n' ? ' ' : words.data[i]);
    }
    if (say(self, buf_str(&text))) {
        self->ready = self->ready || ready;
        self->words.len = 0;
        buf_add_str(&self->words, words);
    }
    buf_fini(&text);
}

void notify_stopping(struct notify *self)
{
    (void)say(self, STR("STOPPING=1\nSTATUS=stopping"));
}
