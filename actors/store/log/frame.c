#include "actors/store/log/frame.h"

#include <assert.h>
#include <string.h>

#include "common/journal/record.h"

enum {
    id_bytes = 8,
    entry_head_bytes = 40, /* of a LOG_ENTRY without its data, at most */
    frame_head_bytes = 400 /* of LOG_WRITE and LOG_MARK, at most */
};

_Static_assert(log_entry_bytes_max + entry_head_bytes + frame_head_bytes <= frame_max,
               "the largest entry goes into a frame");

/* ── members in bytes ───────────────────────────────────────────────────────*/

static void add_members(struct buf *to, const struct raft_members *members)
{
    for (unsigned i = 0; i < members->count; i++) {
        for (int shift = 56; shift >= 0; shift -= 8) {
            buf_add_char(to, (char)(members->ids[i] >> shift));
        }
    }
}

static bool read_members(struct str bytes, struct raft_members *members)
{
    *members = (struct raft_members){0};
    if (bytes.len % id_bytes != 0 || bytes.len / id_bytes > raft_members_max) {
        return false;
    }
    for (size_t at = 0; at < bytes.len; at += id_bytes) {
        uint64_t before = members->count == 0 ? 0 : members->ids[members->count - 1];
        uint64_t id = 0;

        for (size_t i = 0; i < id_bytes; i++) {
            id = id << 8 | (unsigned char)bytes.data[at + i];
        }
        if (id <= before) {
            return false;
        }
        members->ids[members->count++] = id;
    }
    return true;
}

static bool share_one(const struct raft_config *config)
{
    for (unsigned i = 0; i < config->voters.count; i++) {
        for (unsigned k = 0; k < config->learners.count; k++) {
            if (config->voters.ids[i] == config->learners.ids[k]) {
                return true;
            }
        }
    }
    return false;
}

static bool read_mark(uint64_t index, uint64_t term, struct str voters, struct str learners,
                      struct raft_snapshot *mark)
{
    *mark = (struct raft_snapshot){.index = index, .term = term};
    return read_members(voters, &mark->config.voters) &&
           read_members(learners, &mark->config.learners) && !share_one(&mark->config) &&
           mark->config.voters.count + mark->config.learners.count <= raft_members_max &&
           (index == 0) == (term == 0) && (index == 0) == (mark->config.voters.count == 0) &&
           index < log_index_max;
}

bool log_mark_read(const struct msg_log_mark *msg, struct raft_snapshot *mark)
{
    return msg->index > 0 && read_mark(msg->index, msg->term, msg->voters, msg->learners, mark);
}

/* ── a HEAD ─────────────────────────────────────────────────────────────────*/

struct msg log_head_message(const struct log_head *head, struct buf *store)
{
    size_t voters_bytes = (size_t)head->mark.config.voters.count * id_bytes;
    struct str ids;

    add_members(store, &head->mark.config.voters);
    add_members(store, &head->mark.config.learners);
    ids = buf_str(store);
    return (struct msg){
        .type = MSG_TYPE_LOG_HEAD,
        .as_log_head = {.format = log_format,
                        .log = head->log,
                        .cluster = head->cluster,
                        .member = head->member,
                        .seq = head->seq,
                        .from = head->from,
                        .term = head->hard.term,
                        .vote = head->hard.vote,
                        .commit = head->hard.commit,
                        .last = head->last,
                        .index = head->mark.index,
                        .index_term = head->mark.term,
                        .voters = {ids.data, voters_bytes},
                        .learners = {voters_bytes == ids.len ? NULL : ids.data + voters_bytes,
                                     ids.len - voters_bytes}}};
}

enum err log_head_read(struct str body, struct log_head *head)
{
    const struct msg_log_head *from;
    struct msg msg;

    if (msg_decode(&body, &msg) != ERR_OK || msg.type != MSG_TYPE_LOG_HEAD) {
        return ERR_CORRUPT;
    }
    from = &msg.as_log_head;
    if (from->format != log_format) {
        return ERR_UNSUPPORTED;
    }
    *head = (struct log_head){.log = from->log,
                              .cluster = from->cluster,
                              .member = from->member,
                              .seq = from->seq,
                              .from = from->from,
                              .hard = {from->term, from->vote, from->commit},
                              .last = from->last};
    if (body.len != 0 || from->from > from->seq || from->commit > from->last ||
        from->last >= log_index_max || (from->log & log_id_bit) == 0 ||
        !read_mark(from->index, from->index_term, from->voters, from->learners, &head->mark) ||
        from->index > from->last || from->index_term > from->term) {
        return ERR_CORRUPT;
    }
    return ERR_OK;
}

/* ── a write ────────────────────────────────────────────────────────────────*/

static void add_mark(struct buf *to, const struct raft_snapshot *mark)
{
    struct msg msg = {.type = MSG_TYPE_LOG_MARK,
                      .as_log_mark = {.index = mark->index, .term = mark->term}};
    struct buf voters = {0};
    struct buf learners = {0};

    add_members(&voters, &mark->config.voters);
    add_members(&learners, &mark->config.learners);
    msg.as_log_mark.voters = buf_str(&voters);
    msg.as_log_mark.learners = buf_str(&learners);
    msg_encode(to, &msg);
    buf_fini(&voters);
    buf_fini(&learners);
}

void log_frame_add(struct buf *to, const struct log_frame *frame)
{
    size_t mark = record_begin(to);
    struct msg msg = {.type = MSG_TYPE_LOG_WRITE,
                      .as_log_write = {.log = frame->log,
                                       .seq = frame->seq,
                                       .synced = frame->synced,
                                       .term = frame->hard.term,
                                       .vote = frame->hard.vote,
                                       .commit = frame->hard.commit,
                                       .first = frame->first}};

    assert((frame->log & log_id_bit) != 0 && frame->synced < frame->seq);
    msg_encode(to, &msg);
    if (frame->mark != NULL) {
        add_mark(to, frame->mark);
    }
    for (unsigned i = 0; i < frame->count; i++) {
        const struct raft_entry *entry = &frame->entries[i];

        assert(entry->index == frame->first + i && entry->term <= frame->hard.term);
        msg = (struct msg){.type = MSG_TYPE_LOG_ENTRY,
                           .as_log_entry = {.index = entry->index,
                                            .term = entry->term,
                                            .kind = entry->type,
                                            .data = {entry->data, entry->len}}};
        msg_encode(to, &msg);
    }
    record_end(to, mark);
}

unsigned log_frame_fitting(const struct raft_entry *entries, unsigned count)
{
    size_t bytes = frame_head_bytes;
    unsigned fitting = 0;

    while (fitting < count) {
        assert(entries[fitting].len <= log_entry_bytes_max);
        bytes += entries[fitting].len + entry_head_bytes;
        if (fitting > 0 && bytes > frame_max) {
            break;
        }
        fitting++;
    }
    return fitting;
}

void log_frame_prefix(uint64_t log, unsigned char prefix[log_frame_prefix_bytes])
{
    /* msgpack: an array of eight, the type, a u64 of eight bytes */
    prefix[0] = 0x98;
    prefix[1] = MSG_TYPE_LOG_WRITE;
    prefix[2] = 0xcf;
    for (int i = 0; i < 8; i++) {
        prefix[3 + i] = (unsigned char)(log >> (56 - 8 * i));
    }
}
