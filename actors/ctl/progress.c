#include "actors/ctl/progress.h"

#include <inttypes.h>
#include <unistd.h>

enum { patience_ms = 1000, every_ms = 200 };

void progress_begin(struct progress *self, const struct ctl *ctl, const char *what)
{
    int fd = fileno(ctl->err); /* -1: of a test */
    int64_t now_ms = ctl->clock->now(ctl->clock).mono_ms;

    *self = (struct progress){.ctl = fd >= 0 && isatty(fd) == 1 ? ctl : NULL, .what = what};
    self->began_ms = now_ms;
    self->told_ms = now_ms + patience_ms - every_ms;
}

void progress_tell(struct progress *self, uint64_t done, uint64_t whole)
{
    int64_t now_ms;

    if (self->ctl == NULL) {
        return;
    }
    now_ms = self->ctl->clock->now(self->ctl->clock).mono_ms;
    if (now_ms - self->told_ms < every_ms) {
        return;
    }
    self->told_ms = now_ms;
    self->shown = true;
    (void)fprintf(self->ctl->err, "\r\033[K%" PRIu64 " %s", done, self->what);
    if (whole > 0) {
        (void)fprintf(self->ctl->err, " of %" PRIu64 " (%u%%)", whole,
                      (unsigned)(done * 100 / whole));
    }
    (void)fprintf(self->ctl->err, ", %" PRId64 " s", (now_ms - self->began_ms) / 1000);
    (void)fflush(self->ctl->err);
}

void progress_end(struct progress *self)
{
    if (self->shown) {
        (void)fprintf(self->ctl->err, "\r\033[K");
        (void)fflush(self->ctl->err);
    }
}
