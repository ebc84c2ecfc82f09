#include "actors/ctl/sse.h"

#include <string.h>

void sse_init(struct sse *self)
{
    *self = (struct sse){.retry_ms = -1};
}

void sse_fini(struct sse *self)
{
    buf_fini(&self->line);
    buf_fini(&self->type);
    buf_fini(&self->data);
    buf_fini(&self->id);
    buf_fini(&self->next_id);
}

void sse_restart(struct sse *self)
{
    self->line.len = 0;
    self->type.len = 0;
    self->data.len = 0;
    self->after_cr = false;
    self->has_data = false;
    self->has_id = false;
}

static void set(struct buf *to, struct str value)
{
    to->len = 0;
    buf_add_str(to, value);
}

static void end_event(struct sse *self, sse_event_fn *on_event, void *state)
{
    struct sse_event event;

    if (self->has_id) {
        set(&self->id, buf_str(&self->next_id));
    }
    if (self->has_data) {
        event.type = self->type.len > 0 ? buf_str(&self->type) : STR("message");
        event.data = buf_str(&self->data);
        event.id = buf_str(&self->id);
        on_event(state, &event);
    }
    self->type.len = 0;
    self->data.len = 0;
    self->has_data = false;
    self->has_id = false;
}

static void end_line(struct sse *self, sse_event_fn *on_event, void *state)
{
    struct str line = buf_str(&self->line);
    const char *colon = line.len > 0 ? memchr(line.data, ':', line.len) : NULL;
    struct str name = line;
    struct str value = STR("");

    if (line.len == 0) {
        end_event(self, on_event, state);
        return;
    }
    if (colon != NULL) {
        name.len = (size_t)(colon - line.data);
        value = (struct str){colon + 1, line.len - name.len - 1};
        if (value.len > 0 && value.data[0] == ' ') {
            value = (struct str){value.data + 1, value.len - 1};
        }
    }
    if (str_eq(name, STR("data"))) {
        if (self->has_data) {
            buf_add_char(&self->data, '\n');
        }
        buf_add_str(&self->data, value);
        self->has_data = true;
    } else if (str_eq(name, STR("event"))) {
        set(&self->type, value);
    } else if (str_eq(name, STR("id")) && value.len <= 256) {
        set(&self->next_id, value);
        self->has_id = true;
    } else if (str_eq(name, STR("retry"))) {
        (void)str_to_i64(value, &self->retry_ms);
    }
    self->line.len = 0;
}

enum err sse_feed(struct sse *self, struct str bytes, sse_event_fn *on_event, void *state)
{
    while (bytes.len > 0) {
        size_t len = 0;

        if (self->after_cr && bytes.data[0] == '\n') {
            self->after_cr = false;
            bytes = (struct str){bytes.data + 1, bytes.len - 1};
            continue;
        }
        self->after_cr = false;
        while (len < bytes.len && bytes.data[len] != '\n' && bytes.data[len] != '\r') {
            len++;
        }
        if (self->line.len + self->data.len + len > sse_bytes_max) {
            return ERR_TOO_LARGE;
        }
        buf_add(&self->line, bytes.data, len);
        if (len < bytes.len) {
            self->after_cr = bytes.data[len] == '\r';
            end_line(self, on_event, state);
            len++;
        }
        bytes = (struct str){bytes.data + len, bytes.len - len};
    }
    return ERR_OK;
}
