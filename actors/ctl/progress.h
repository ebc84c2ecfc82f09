/* How far something is that takes longer than a second: one line on a terminal, which is written
 * over and gone at the end; nothing where there is none.
 */
#ifndef ACTORS_CTL_PROGRESS_H
#define ACTORS_CTL_PROGRESS_H

#include "actors/ctl/ctl.h"

struct progress {
    const struct ctl *ctl; /* borrowed */
    const char *what;      /* "instances" */
    int64_t began_ms;
    int64_t told_ms;
    bool shown;
};

void progress_begin(struct progress *self, const struct ctl *ctl, const char *what);
/* whole 0: not known. */
void progress_tell(struct progress *self, uint64_t done, uint64_t whole);
void progress_end(struct progress *self);

#endif
