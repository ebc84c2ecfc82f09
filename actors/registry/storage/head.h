/* The HEAD that every file of a data directory begins with, and the FOOT of a segment. */
#ifndef ACTORS_REGISTRY_STORAGE_HEAD_H
#define ACTORS_REGISTRY_STORAGE_HEAD_H

#include "common/journal/head.h"
#include "common/journal/journal.h"
#include "common/journal/reader.h"

/* Of a file at whose beginning reader stands; head's strings borrow as a body of reader_next does.
 * Errors: ERR_IO: unreadable; ERR_CORRUPT: no HEAD there; ERR_UNSUPPORTED: of another format. */
enum err head_read(struct reader *reader, struct msg_head *head);

/* Makes the segment that goes on after head->seq, with its HEAD, which gets the file's own place;
 * still a .tmp. Errors: as journal_create. */
enum err head_begin(struct journal *journal, struct volume *volume, const struct msg_head *head,
                    uint64_t allocate_bytes);

/* Ends the segment in order: what the file holds is all there was to be in it. Errors: as
 * journal_finish. */
enum err foot_finish(struct journal *journal);

#endif
