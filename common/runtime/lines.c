#include "common/runtime/lines.h"

#include "common/base/log_tail.h"

void lines_answer(const struct log *log, struct str name, const struct position *at,
                  const struct address *to, const struct msg_lines *asked, struct outbox *out)
{
    const struct log_tail *tail = log != NULL ? log->tail : NULL;
    struct msg msg = {.type = MSG_TYPE_TAIL};
    struct buf store = {0};
    uint64_t first = tail != NULL ? tail->first : 1;
    uint64_t end = tail != NULL ? tail->next : 1;
    enum log_level level;

    if (asked->after >= first) {
        first = asked->after < end ? asked->after + 1 : end;
    }
    for (uint64_t number = first; number < end; number++) {
        strs_pack(&store, log_tail_line(tail, number, &level));
    }
    msg.as_tail = (struct msg_tail){.id = asked->id,
                                    .name = name,
                                    .boot = at->boot,
                                    .first = first,
                                    .lines = {(uint32_t)(end - first), buf_str(&store)}};
    outbox_reply(out, OUTBOX_NOW, to, &msg);
    buf_fini(&store);
}

void lines_publish(const struct log *log, struct str name, const struct position *at,
                   uint64_t *next, struct outbox *out)
{
    const struct log_tail *tail = log != NULL ? log->tail : NULL;
    struct msg msg = {.type = MSG_TYPE_LINE};
    struct buf topic = {0};

    if (tail == NULL || *next == tail->next) {
        return;
    }
    if (!outbox_wants_within(out, STR("log."))) {
        *next = tail->next;
        return;
    }
    msg.as_line = (struct msg_line){.epoch = at->epoch, .boot = at->boot, .seq = at->seq};
    for (*next = *next > tail->first ? *next : tail->first; *next < tail->next; ++*next) {
        enum log_level level;

        msg.as_line.number = *next;
        msg.as_line.line = log_tail_line(tail, *next, &level);
        msg.as_line.level = str_from(log_level_name(level));
        topic.len = 0;
        buf_printf(&topic, "log.%.*s.%s", STR_ARG(name), log_level_name(level));
        outbox_fact(out, buf_str(&topic), &msg); /* full: its number is missed, and asked for */
    }
    buf_fini(&topic);
}
