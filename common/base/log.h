/* One line an event. Text on a terminal, JSON lines otherwise. Nothing per
 * request and nothing per heartbeat is ever logged.
 *
 *   2026-11-22T02:30:00.123Z WARN  registry journal_damaged file=… offset=…
 *   {"time":"…","level":"warn","actor":"registry","event":"journal_damaged","text":"file=… …"}
 */
#ifndef COMMON_BASE_LOG_H
#define COMMON_BASE_LOG_H

#include "common/base/clock.h"
#include "common/base/err.h"
#include "common/base/str.h"

// clang-format off
#define LOG_LEVEL_TABLE(X) \
    X(ERROR, "error")      \
    X(WARN,  "warn")       \
    X(INFO,  "info")       \
    X(DEBUG, "debug")
// clang-format on

enum log_level {
#define LOG_ENUM(NAME, text) LOG_##NAME,
    LOG_LEVEL_TABLE(LOG_ENUM)
#undef LOG_ENUM
};

struct log {
    const struct clock *clock; /* borrowed for the log's life */
    const char *actor;         /* borrowed for the log's life */
    enum log_level level;
    int fd;
    bool json;
};

/* Writes to fd; JSON unless fd is a terminal. */
void log_init(struct log *self, const char *actor, int fd, const struct clock *clock);

/* One write(2) a line; control characters in the text are escaped; a line is cut
 * at 4 KiB. A log that can't be written is given up silently. log may be NULL. */
void log_event(const struct log *self, enum log_level level, const char *event, const char *format,
               ...) __attribute__((format(printf, 4, 5)));

/* Errors: ERR_INVALID for a name that is not in the table. */
enum err log_level_from(struct str name, enum log_level *level);
const char *log_level_name(enum log_level level);

#endif
