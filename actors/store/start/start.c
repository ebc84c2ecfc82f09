#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

#include "actors/store/start/stages.h"

struct stage {
    const char *name;
    stage_fn *begin;
    stage_undo_fn *undo;
    const char *note;
};

static const struct stage stages[] = {
#define STAGE_ROW(number, name, begin, undo, note) [(number)-1] = {name, begin, undo, note},
    STAGE_TABLE(STAGE_ROW)
#undef STAGE_ROW
};

enum { stage_count = sizeof(stages) / sizeof(stages[0]) };

static int64_t mono_ms(const struct start *self)
{
    return self->clock->now(self->clock).mono_ms;
}

/* Undoes quietly: what stands last on the log is why. */
static void undo(struct start *self, enum log_level level)
{
    for (; self->reached > 0; self->reached--) {
        const struct stage *stage = &stages[self->reached - 1];
        int64_t began_ms = mono_ms(self);

        if (stage->undo != NULL) {
            stage->undo(self);
            log_event(self->log, level, "stage_undone", "stage=%u name=%s ms=%" PRId64,
                      self->reached, stage->name, mono_ms(self) - began_ms);
        }
    }
}

static void say_failed(const struct start *self, unsigned number, enum err err, int64_t ms)
{
    log_event(self->log, LOG_ERROR, "stage_failed",
              "stage=%u name=%s ms=%" PRId64 " error=\"%s\": the lines before it say why and what "
              "to do; the stages before it are undone",
              number, stages[number - 1].name, ms, err_text(err));
}

static enum err run_one(struct start *self)
{
    const struct stage *stage = &stages[self->reached];
    int64_t began_ms = mono_ms(self);
    enum err err = ERR_OK;
    int64_t ms;

    self->said.len = 0;
    if (stage->begin != NULL) {
        err = stage->begin(self);
    }
    ms = mono_ms(self) - began_ms;
    if (err != ERR_OK) {
        unsigned number = self->reached + 1;

        undo(self, LOG_DEBUG);
        say_failed(self, number, err, ms);
        return err;
    }
    self->reached++;
    log_event(self->log, LOG_INFO, "stage", "stage=%u name=%s ms=%" PRId64 "%s%s%.*s",
              self->reached, stage->name, ms, stage->note != NULL ? " note=" : "",
              stage->note != NULL ? stage->note : "", STR_ARG(buf_str(&self->said)));
    return ERR_OK;
}

enum err start_run(struct start *self, const struct config *config, const struct log *log,
                   const struct clock *clock)
{
    enum err err = ERR_OK;

    *self = (struct start){.config = config, .log = log, .clock = clock, .lock = -1};
    while (err == ERR_OK && self->reached < stage_loop - 1) {
        err = run_one(self);
    }
    /* what a start would only find again */
    return err == ERR_CORRUPT || err == ERR_UNSUPPORTED ? ERR_UNUSABLE : err;
}

void start_serving(struct start *self)
{
    while (self->reached < stage_count) {
        enum err err = run_one(self);

        assert(err == ERR_OK); /* nothing is left that could fail */
        (void)err;
    }
}

void start_failed(struct start *self, enum err err)
{
    if (self->reached < stage_count) {
        say_failed(self, self->reached + 1, err, 0);
    }
}

void start_end(struct start *self)
{
    undo(self, LOG_INFO);
    free(self->path);
    buf_fini(&self->said);
}
