#include "actors/registry/storage/history.h"

#include <errno.h>

#include "common/journal/reader.h"

struct stretch {
    struct buf *records;
    size_t began; /* records' length at first */
    size_t max_bytes;
    uint64_t seq; /* of the last one taken */
    uint32_t count;
    bool full;
};

/* False: it is not the record that follows. */
static bool take(struct stretch *self, struct str body)
{
    while (body.len > 0 && !self->full) {
        const char *begins = body.data;
        struct msg msg;
        uint64_t seq;
        size_t len;

        if (msg_decode(&body, &msg) != ERR_OK) {
            return false;
        }
        if (msg.type == MSG_TYPE_FOOT) {
            return true;
        }
        if (msg_type_class(msg.type) != MSG_CLASS_CHANGE) {
            return false;
        }
        seq = msg.as_change.seq;
        if (seq <= self->seq) {
            continue; /* the point of the index lies before what was asked */
        }
        len = (size_t)(body.data - begins);
        self->full = self->count > 0 && self->records->len - self->began + len > self->max_bytes;
        if (!self->full) {
            if (seq != self->seq + 1) {
                return false;
            }
            buf_add(self->records, begins, len);
            self->seq = seq;
            self->count++;
        }
    }
    return true;
}

enum err history_read(struct volume *volume, const struct segment *segment, uint64_t end,
                      uint64_t after_seq, size_t max_bytes, struct buf *records, uint32_t *count,
                      uint64_t *last_seq)
{
    const char *name = segment->name.text;
    struct stretch stretch = {
        .records = records, .began = records->len, .max_bytes = max_bytes, .seq = after_seq};
    struct reader reader;
    struct str body;
    uint64_t at;
    bool good = true;
    enum err err = reader_init(&reader, volume, name, segment_offset(segment, after_seq + 1), end);

    if (err != ERR_OK) {
        return err;
    }
    while (good && !stretch.full && reader_next(&reader, &body, &at) == RECORD_OK) {
        good = take(&stretch, body);
    }
    reader_fini(&reader);
    if (!good || stretch.count == 0) {
        records->len = stretch.began;
        (void)volume_failed(volume, "read back", name, -EIO);
        return ERR_CORRUPT;
    }
    *count = stretch.count;
    *last_seq = stretch.seq;
    return ERR_OK;
}
