#include "actors/registry/storage/head.h"

#include <assert.h>

#include "actors/registry/storage/name.h"
#include "common/naming/sound.h"

enum err head_read(struct reader *reader, struct msg_head *head)
{
    struct str body;
    struct msg msg;
    uint64_t at;
    enum record_state state;

    assert(reader->offset == 0);
    state = reader_next(reader, &body, &at);
    if (reader->unreadable) {
        return ERR_IO;
    }
    if (state != RECORD_OK || msg_decode(&body, &msg) != ERR_OK || msg.type != MSG_TYPE_HEAD) {
        return ERR_CORRUPT;
    }
    if (msg.as_head.format != head_format) {
        return ERR_UNSUPPORTED;
    }
    if (body.len != 0 || msg.as_head.seq > seq_max || msg.as_head.epoch == 0 ||
        !sound_timestamp(msg.as_head.highest_at)) {
        return ERR_CORRUPT;
    }
    *head = msg.as_head;
    return ERR_OK;
}
