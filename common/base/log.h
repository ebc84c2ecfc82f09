/* One line an event: its name, a sentence for a person, and the values as typed fields. Text on a
 * terminal, JSON lines otherwise. Nothing per request and nothing per heartbeat is told above
 * debug.
 *
 *   log_event(self->log, LOG_WARN, "peer_lost", "tried again and again",
 *             log_str("peer", peer->addr), log_int("heard_ms_ago", ago_ms));
 *
 *   2026-11-28 22:48:22.123+08:00 WARN replicator peer_lost tried again and again
 * peer=10.0.0.2:7171 heard_ms_ago=812
 *   {"time":"2026-11-28T14:48:22.123Z","level":"warn","node":"n1","actor":"replicator","index":0,
 *    "event":"peer_lost","text":"tried again and again","peer":"10.0.0.2:7171","heard_ms_ago":812}
 *
 * The sentence says what it means and what to do; it is no format: a value is a field. Names of
 * fields are keys of the JSON object, so those of the head above and "cut" are taken.
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

struct log_tail;

struct log {
    const struct clock *clock; /* borrowed for the log's life */
    const char *node;          /* its name; borrowed; "" while it is not known */
    const char *actor;         /* borrowed for the log's life */
    int64_t index;             /* which of several it is; -1: there is only one */
    enum log_level level;
    int fd;
    bool json;
    struct log_tail *tail; /* keeps the last lines (log_tail.h); borrowed; NULL: nobody asks */
};

enum log_kind { LOG_END, LOG_STR, LOG_INT, LOG_UINT, LOG_FLAG, LOG_STRS };

/* A value with its name, which is static text; borrows until the line is written. */
struct log_field {
    const char *name;
    enum log_kind kind;
    union {
        struct str str;
        int64_t number;
        uint64_t count;
        bool flag;
        struct strs strs;
    } as;
};

static inline struct log_field log_str(const char *name, struct str value)
{
    return (struct log_field){.name = name, .kind = LOG_STR, .as.str = value};
}

static inline struct log_field log_text(const char *name, const char *value) /* NULL: empty */
{
    return log_str(name, str_from(value));
}

static inline struct log_field log_buf(const char *name, const struct buf *value)
{
    return log_str(name, buf_str(value));
}

static inline struct log_field log_int(const char *name, int64_t value)
{
    return (struct log_field){.name = name, .kind = LOG_INT, .as.number = value};
}

static inline struct log_field log_uint(const char *name, uint64_t value)
{
    return (struct log_field){.name = name, .kind = LOG_UINT, .as.count = value};
}

static inline struct log_field log_flag(const char *name, bool value)
{
    return (struct log_field){.name = name, .kind = LOG_FLAG, .as.flag = value};
}

static inline struct log_field log_strs(const char *name, struct strs value)
{
    return (struct log_field){.name = name, .kind = LOG_STRS, .as.strs = value};
}

/* An epoch or an id: 16 hex digits, in a buffer that lives as long as the block around the call. */
#define LOG_HEX(name, value) log_hex((name), (value), (char[17]){0})
struct log_field log_hex(const char *name, uint64_t value, char digits[17]);

/* Writes to fd; JSON unless fd is a terminal. Of the only one of its kind, on a node without a
 * name. */
void log_init(struct log *self, const char *actor, int fd, const struct clock *clock);

/* Whether a line of this level is written. log may be NULL: none is. */
static inline bool log_tells(const struct log *self, enum log_level level)
{
    return self != NULL && level <= self->level;
}

/* log_event(log, level, event, text, field…). event and text: NUL-terminated; text may be NULL.
 * A macro, so that no argument but the first two is evaluated for a line that is not written.
 * One write(2) a line; what could move a cursor is escaped; a line is cut at 4 KiB, and says so. A
 * log that can't be written is given up silently. log may be NULL. */
#define log_event(log, level, event, ...)                                                          \
    log_event_with((log), (level), (event), __VA_ARGS__, (struct log_field){.kind = LOG_END})
#define log_event_with(log, level, event, text, ...)                                               \
    do {                                                                                           \
        if (log_tells((log), (level))) {                                                           \
            log_write((log), (level), (event), (text), (const struct log_field[]){__VA_ARGS__});   \
        }                                                                                          \
    } while (0)

/* What log_event calls. fields end with one of LOG_END. */
void log_write(const struct log *self, enum log_level level, const char *event, const char *text,
               const struct log_field *fields);

/* Errors: ERR_INVALID for a name that is not in the table. */
enum err log_level_from(struct str name, enum log_level *level);
const char *log_level_name(enum log_level level);

#endif
