#include <assert.h>
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
            log_event(self->log, level, "stage_undone", NULL, log_uint("stage", self->reached),
                      log_text("name", stage->name), log_int("ms", mono_ms(self) - began_ms));
        }
    }
}

static void say_failed(const struct start *self, unsigned number, enum err err, int64_t ms)
{
    log_event(self->log, LOG_ERROR, "stage_failed",
              "the lines before it say why and what to do; the stages before it are "
              "undone",
              log_uint("stage", number), log_text("name", stages[number - 1].name),
              log_int("ms", ms), log_text("error", err_text(err)));
}

/* What every line of a stage begins with. */
enum { SAID_STAGE, SAID_NAME, SAID_MS };

static void begin_line(struct start *self, const struct stage *stage)
{
    self->said.count = 0;
    start_say(self, log_uint("stage", self->reached + 1));
    start_say(self, log_text("name", stage->name));
    start_say(self, log_int("ms", 0)); /* known at its end */
    if (stage->note != NULL) {
        start_say(self, log_text("note", stage->note));
    }
}

static enum err run_one(struct start *self)
{
    const struct stage *stage = &stages[self->reached];
    int64_t began_ms = mono_ms(self);
    enum err err = ERR_OK;
    int64_t ms;

    begin_line(self, stage);
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
    self->said.fields[SAID_MS] = log_int("ms", ms);
    if (log_tells(self->log, LOG_INFO)) {
        log_write(self->log, LOG_INFO, "stage", NULL, self->said.fields);
    }
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
}
