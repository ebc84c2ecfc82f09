/* The one framing of everything that is kept: journal segments, snapshot files.
 *
 *   offset  size  what
 *   0       4     length of the body, big-endian, 1 … frame_max
 *   4       4     CRC-32 (zlib) over length and body
 *   8       n     body: one or more messages (one command's changes), applied all or none
 *
 * A file that was preallocated goes on with zeros.
 */
#ifndef COMMON_JOURNAL_RECORD_H
#define COMMON_JOURNAL_RECORD_H

#include "common/wire/codec.h"

enum { record_head_bytes = 8 };

/* Begins a frame at the end of to; messages are then encoded behind it; end fills
 * in the head. begin returns the mark that end needs. */
size_t record_begin(struct buf *to);
void record_end(struct buf *to, size_t mark);

/* What stands at the beginning of rest. On RECORD_OK body is set and rest moved behind it. */
enum record_state {
    RECORD_OK,
    RECORD_END,     /* nothing, or only zeros to the end */
    RECORD_TORN,    /* a damaged or incomplete frame followed only by zeros: the last write */
    RECORD_DAMAGED, /* anything else */
};

/* A torn tail is cut without a word, so a bad frame is TORN only where that is certain. It is taken
 * to be as long as its length says, or frame_max where that is impossible (0, or above frame_max);
 * behind it stand only zeros. It is DAMAGED all the same
 *   - if a whole frame begins inside it: then the length itself is wrong;
 *   - if a search of about a second has not ruled that out;
 *   - if its last byte was written, or a single wrong byte explains its checksum.
 * rest and body are untouched unless RECORD_OK. */
enum record_state record_next(struct str *rest, struct str *body);

/* So much of a file record_next must be shown to find the frame that begins with head, its first
 * record_head_bytes, or fewer where the file has no more. */
size_t record_wants(struct str head);

bool record_only_zeros(struct str bytes);

/* How far behind the beginning of rest, at least one byte, the next whole frame begins; 0: there is
 * none, or a search of about a second has not found one. */
size_t record_seek(struct str rest);

#endif
