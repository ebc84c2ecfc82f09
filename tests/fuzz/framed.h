/* Files for the fuzzers of what is on disk. Input byte 0 says how the rest is meant:
 *   0  the file as it is, checksums and all
 *   1  a good HEAD, then for each (length u16, bytes) a frame with a right checksum,
 *      so that what is inside frames is reached without guessing CRCs
 *   2  as 1; what follows a piece of length 0 stands there as it is */
#ifndef TESTS_FUZZ_FRAMED_H
#define TESTS_FUZZ_FRAMED_H

#include <stdint.h>

#include "actors/registry/storage/head.h"
#include "common/journal/record.h"

static inline void framed_head(struct buf *file, uint64_t seq)
{
    struct msg head = {.type = MSG_TYPE_HEAD,
                       .as_head = {.format = head_format,
                                   .epoch = 77,
                                   .seq = seq,
                                   .machine_boot = STR("boot-1"),
                                   .always = true}};
    size_t mark = record_begin(file);

    msg_encode(file, &head);
    record_end(file, mark);
}

/* head: appends the good HEAD. */
static inline void framed_file_of(struct buf *file, void (*head)(struct buf *file, uint64_t seq),
                                  uint64_t seq, const uint8_t *data, size_t size)
{
    unsigned mode = size > 0 ? data[0] % 3u : 0;
    size_t at = 1;

    if (size == 0) {
        return;
    }
    if (mode == 0) {
        buf_add(file, data + 1, size - 1);
        return;
    }
    head(file, seq);
    while (size - at > 2) {
        size_t len = (size_t)data[at] << 8 | data[at + 1];
        size_t mark;

        len = len < size - at - 2 ? len : size - at - 2;
        if (len == 0) {
            break;
        }
        mark = record_begin(file);
        buf_add(file, data + at + 2, len);
        record_end(file, mark);
        at += 2 + len;
    }
    if (mode == 2 && at < size) {
        buf_add(file, data + at, size - at);
    }
}

static inline void framed_file(struct buf *file, uint64_t seq, const uint8_t *data, size_t size)
{
    framed_file_of(file, framed_head, seq, data, size);
}

#endif
