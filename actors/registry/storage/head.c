#include "actors/registry/storage/head.h"

#include <assert.h>
#include <errno.h>

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

enum err head_begin(struct journal *journal, struct volume *volume, const struct msg_head *head,
                    uint64_t allocate_bytes)
{
    struct name name = name_make(NAME_SEGMENT, head->seq + 1);
    struct name unfinished = name_make(NAME_SEGMENT_TMP, head->seq + 1);
    struct msg msg = {.type = MSG_TYPE_HEAD, .as_head = *head};
    enum err err;

    if (head->seq >= seq_max) { /* no start would find it */
        *journal = (struct journal){.file = -1};
        return volume_failed(volume, "number changes in", unfinished.text, -EOVERFLOW);
    }
    err = journal_create(journal, volume, name, unfinished, head->epoch, head->seq, allocate_bytes);
    if (err == ERR_OK) {
        msg.as_head.place = journal_place(journal);
        err = journal_head(journal, &msg);
    }
    return err;
}

enum err foot_finish(struct journal *journal)
{
    const struct segment *segment = &journal->segment;
    struct msg foot = {
        .type = MSG_TYPE_FOOT,
        .as_foot = {.count = segment->last_seq - segment->prev_seq, .seq = segment->last_seq}};

    return journal_finish(journal, &foot);
}
