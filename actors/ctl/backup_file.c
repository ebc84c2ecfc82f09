#include "actors/ctl/backup_file.h"

#include "common/journal/head.h"
#include "common/journal/record.h"
#include "common/naming/convert.h"
#include "common/naming/sound.h"

struct reading {
    backup_each_fn *each;
    void *state;
    struct backup_info *info; /* borrowed */
    struct msg_foot foot;
    bool ended;
    struct buf work; /* owned */
};

/* NULL, or what is wrong with it. */
static const char *read_head(struct str body, struct backup_info *info, enum err *err)
{
    struct msg msg;

    if (msg_decode(&body, &msg) != ERR_OK || msg.type != MSG_TYPE_HEAD) {
        return "it does not begin as a backup does";
    }
    if (msg.as_head.format != head_format) {
        *err = ERR_UNSUPPORTED;
        return "it was written by another version of muster";
    }
    if (body.len != 0 || msg.as_head.epoch == 0 || msg.as_head.seq > seq_max ||
        !sound_timestamp(msg.as_head.highest_at)) {
        return "it does not begin as a backup does";
    }
    info->epoch = msg.as_head.epoch;
    info->seq = msg.as_head.seq;
    info->taken_ns = msg.as_head.highest_at;
    return NULL;
}

static const char *read_change(struct reading *self, const struct msg *msg)
{
    struct change change;

    if (change_from_msg(msg, &change) != ERR_OK) {
        return "a record that is none of a registry's";
    }
    if (change.seq > seq_max || sound_change(&change, &self->work) != NULL) {
        return "a record that no registry has made";
    }
    self->info->count++;
    return self->each == NULL || self->each(self->state, &change) ? NULL : "it was read no further";
}

static const char *read_frame(struct reading *self, struct str body)
{
    const char *fault = NULL;
    bool first = true;

    for (; fault == NULL && body.len > 0; first = false) {
        struct msg msg;

        if (msg_decode(&body, &msg) != ERR_OK) {
            return "a record that can't be read";
        }
        if (msg.type == MSG_TYPE_FOOT) {
            self->foot = msg.as_foot;
            self->ended = first && body.len == 0;
            return self->ended ? NULL : "a record that is none of a registry's";
        }
        fault = read_change(self, &msg);
    }
    return fault;
}

static const char *read_frames(struct reading *self, struct str *rest)
{
    struct backup_info *info = self->info;
    size_t whole = rest->len + info->bytes;
    const char *fault = NULL;
    enum record_state state;
    struct str body;

    while (fault == NULL && !self->ended && (state = record_next(rest, &body)) != RECORD_END) {
        if (state != RECORD_OK) {
            return state == RECORD_TORN ? "it was cut short" : "a bad checksum";
        }
        fault = read_frame(self, body);
        info->bytes = fault == NULL ? whole - rest->len : info->bytes;
    }
    if (fault != NULL) {
        return fault;
    }
    if (!self->ended) {
        return "it was cut short";
    }
    if (rest->len > 0) {
        return "there is something behind its end";
    }
    if (self->foot.count != info->count || self->foot.seq < info->seq || self->foot.seq > seq_max) {
        return "it has not as many records as its end says";
    }
    info->seq = self->foot.seq;
    return NULL;
}

enum err backup_read(struct str bytes, backup_each_fn *each, void *state, struct backup_info *info)
{
    struct reading reading = {.each = each, .state = state, .info = info};
    struct str rest = bytes;
    enum err err = ERR_CORRUPT;
    struct str body;

    *info = (struct backup_info){.fault = "it does not begin as a backup does"};
    if (record_next(&rest, &body) == RECORD_OK) {
        info->fault = read_head(body, info, &err);
        info->bytes = info->fault == NULL ? bytes.len - rest.len : 0;
    }
    if (info->fault == NULL) {
        info->fault = read_frames(&reading, &rest);
    }
    buf_fini(&reading.work);
    return info->fault == NULL ? ERR_OK : err;
}

void backup_frame(struct buf *to, const struct msg *msg)
{
    size_t mark = record_begin(to);

    msg_encode(to, msg);
    record_end(to, mark);
}
