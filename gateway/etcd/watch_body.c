#include "gateway/etcd/watch_body.h"

#include <stdlib.h>

#include "common/base/array.h"
#include "common/etcdapi/protobuf.h"
#include "gateway/etcd/rpc.h"

/* A tag is a field's number and its wire type: 0 varint, 2 bytes behind their length. */
enum {
    tag_header = 1 << 3 | 2,
    tag_id = 2 << 3,
    tag_created = 3 << 3,
    tag_canceled = 4 << 3,
    tag_compacted = 5 << 3,
    tag_reason = 6 << 3 | 2,
    tag_fragment = 7 << 3,
    tag_events = 11 << 3 | 2,

    tag_cluster = 1 << 3, /* of the header */
    tag_member = 2 << 3,
    tag_revision = 3 << 3,
    tag_term = 4 << 3,

    tag_type = 1 << 3, /* of an event */
    tag_kv = 2 << 3 | 2,
    tag_prev = 3 << 3 | 2,

    header_max = 4 * (1 + pb_varint_max),
    /* before events: header, id, fragment */
    room_bytes = 2 + header_max + 1 + pb_varint_max + 2,
};

static char *put_number(char *to, char tag, uint64_t value)
{
    if (value == 0) {
        return to;
    }
    *to = tag;
    return pb_put_varint(to + 1, value);
}

static char *put_header(char *to, const struct watch_source *source, int64_t revision)
{
    char *at = to + 2; /* the length is one byte */

    at = put_number(at, tag_cluster, source->cluster);
    at = put_number(at, tag_member, source->member);
    at = put_number(at, tag_revision, (uint64_t)revision);
    at = put_number(at, tag_term, source->term);
    to[0] = tag_header;
    to[1] = (char)(at - to - 2);
    return at;
}

void watch_head_add(struct buf *to, const struct watch_source *source,
                    const struct watch_head *head)
{
    char *begin = buf_reserve(to, room_bytes + 3 * (1 + pb_varint_max) + 1 + pb_varint_max);
    char *at = put_header(begin, source, head->revision);

    at = put_number(at, tag_id, (uint64_t)head->id);
    at = put_number(at, tag_created, head->created);
    at = put_number(at, tag_canceled, head->canceled);
    at = put_number(at, tag_compacted, (uint64_t)head->compacted);
    if (head->reason.len > 0) {
        *at++ = tag_reason;
        at = pb_put_varint(at, head->reason.len);
    }
    to->len += (size_t)(at - begin);
    buf_add_str(to, head->reason);
    if (head->fragment) {
        buf_add(to, (char[]){tag_fragment, 1}, 2);
    }
}

static size_t varint_len(uint64_t value)
{
    size_t len = 1;

    while (value >= 0x80) {
        value >>= 7;
        len++;
    }
    return len;
}

static size_t bytes_len(struct str bytes)
{
    return 1 + varint_len(bytes.len) + bytes.len;
}

static char *put_bytes(char *to, char tag, struct str bytes)
{
    *to = tag;
    to = pb_put_varint(to + 1, bytes.len);
    (void)str_put(&to, bytes);
    return to;
}

void watch_event_add(struct buf *to, const struct msg_event *event, bool with_prev)
{
    bool has_prev = with_prev && event->has_prev && event->prev.len > 0;
    size_t len = (event->kind != 0 ? 1 + varint_len(event->kind) : 0) + bytes_len(event->kv) +
                 (has_prev ? bytes_len(event->prev) : 0);
    size_t whole = 1 + varint_len(len) + len;
    char *at = buf_reserve(to, whole);

    *at = tag_events;
    at = pb_put_varint(at + 1, len);
    at = put_number(at, tag_type, event->kind);
    at = put_bytes(at, tag_kv, event->kv);
    if (has_prev) {
        (void)put_bytes(at, tag_prev, event->prev);
    }
    to->len += whole;
}

/* ── bodies ── */

void watch_body_fini(struct watch_body *self)
{
    buf_fini(&self->bytes);
    free(self->parts);
    *self = (struct watch_body){0};
}

void watch_body_clear(struct watch_body *self)
{
    self->bytes.len = 0;
    self->count = self->events = 0;
}

void watch_body_add(struct watch_body *self, int64_t revision, struct str event)
{
    if (self->bytes.len == 0) {
        (void)buf_reserve(&self->bytes, room_bytes + event.len);
        self->bytes.len = room_bytes;
    }
    if (self->count == 0 || self->parts[self->count - 1].revision != revision) {
        assert(self->count == 0 || self->parts[self->count - 1].revision < revision);
        ARRAY_ROOM(self->parts, self->count, self->cap, 4);
        self->parts[self->count++] =
            (struct watch_body_part){revision, self->bytes.len, self->events};
    }
    buf_add_str(&self->bytes, event);
    self->events++;
}

size_t watch_body_from(const struct watch_body *self, int64_t next)
{
    size_t low = 0;
    size_t high = self->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (self->parts[middle].revision < next) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

void watch_body_cut(struct watch_body *self, int64_t revision)
{
    size_t part = watch_body_from(self, revision);

    if (part < self->count) {
        self->bytes.len = self->parts[part].at;
        self->events = self->parts[part].before;
        self->count = part;
    }
}

/* The head takes the place of what stands before the events, and gives it back. */
static void send_bytes(struct watch_body *self, size_t from, size_t to_at, struct rpc *to,
                       const struct watch_source *source, const struct watch_head *head,
                       bool fragment)
{
    char bytes[room_bytes];
    char saved[room_bytes];
    char *end = put_header(bytes, source, head->revision);
    size_t len;
    char *begin;

    end = put_number(end, tag_id, (uint64_t)head->id);
    end = put_number(end, tag_fragment, fragment);
    len = (size_t)(end - bytes);
    begin = self->bytes.data + from - len;
    memcpy(saved, begin, len);
    memcpy(begin, bytes, len);
    rpc_send(to, (struct str){begin, len + to_at - from});
    memcpy(begin, saved, len);
}

/* The end of the event at `at`. */
static size_t event_end(const struct watch_body *self, size_t at)
{
    uint64_t len = 0;
    unsigned shift = 0;
    unsigned char byte;

    at++; /* the tag */
    do {
        byte = (unsigned char)self->bytes.data[at++];
        len |= (uint64_t)(byte & 0x7f) << shift;
        shift += 7;
    } while ((byte & 0x80) != 0);
    return at + (size_t)len;
}

void watch_body_send(struct watch_body *self, size_t part, struct rpc *to,
                     const struct watch_source *source, const struct watch_head *head,
                     size_t fragment_max)
{
    size_t from = self->parts[part].at;
    size_t end = self->bytes.len;

    assert(part < self->count);
    while (fragment_max != 0 && end - from + room_bytes > fragment_max) {
        size_t at = event_end(self, from);

        while (at < end && event_end(self, at) - from + room_bytes <= fragment_max) {
            at = event_end(self, at);
        }
        if (at == end) {
            break; /* one that is larger by itself */
        }
        send_bytes(self, from, at, to, source, head, true);
        from = at;
    }
    send_bytes(self, from, end, to, source, head, false);
}
