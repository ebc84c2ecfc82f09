#include "common/base/log.h"

#include <stdio.h>
#include <unistd.h>

#include "common/base/log_line.h"
#include "common/base/log_tail.h"

void log_init(struct log *self, const char *actor, int fd, const struct clock *clock)
{
    *self = (struct log){.clock = clock,
                         .node = "",
                         .actor = actor,
                         .index = -1,
                         .level = LOG_INFO,
                         .fd = fd,
                         .json = isatty(fd) == 0};
}

struct log_field log_hex(const char *name, uint64_t value, char digits[17])
{
    (void)snprintf(digits, 17, "%016llx", (unsigned long long)value);
    return log_str(name, (struct str){digits, 16});
}

void log_write(const struct log *self, enum log_level level, const char *event, const char *text,
               const struct log_field *fields)
{
    const struct log_content content = {
        .wall_ns = self->clock->now(self->clock).wall_ns,
        .level = level,
        .node = str_from(self->node),
        .actor = str_from(self->actor),
        .index = self->index,
        .event = str_from(event),
        .text = str_from(text),
        .fields = fields,
    };
    struct log_line line;

    if (!self->json) {
        log_line_text(&line, &content, false);
        (void)!write(self->fd, line.data, line.len);
    }
    if (self->json || self->tail != NULL) {
        log_line_json(&line, &content);
    }
    if (self->json) {
        (void)!write(self->fd, line.data, line.len); /* failed: nobody is left to tell */
    }
    if (self->tail != NULL) {
        log_tail_add(self->tail, level, (struct str){line.data, line.len - 1});
    }
}
