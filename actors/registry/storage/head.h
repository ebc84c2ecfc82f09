/* The HEAD that every file of a data directory begins with. */
#ifndef ACTORS_REGISTRY_STORAGE_HEAD_H
#define ACTORS_REGISTRY_STORAGE_HEAD_H

#include "common/journal/reader.h"

enum { head_format = 1 };

/* Of a file at whose beginning reader stands; head's strings borrow as a body of reader_next does.
 * Errors: ERR_IO: unreadable; ERR_CORRUPT: no HEAD there; ERR_UNSUPPORTED: of another format. */
enum err head_read(struct reader *reader, struct msg_head *head);

#endif
