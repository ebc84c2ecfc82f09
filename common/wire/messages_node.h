/* Messages that every actor has, whatever it does: how it is, its state and its history.
 *
 * A part of messages.h, which says how it is to be read and is what is included. */
#ifndef COMMON_WIRE_MESSAGES_NODE_H
#define COMMON_WIRE_MESSAGES_NODE_H

// clang-format off

/* ── asked of every actor ─────────────────────────────────────────────────── */

#define MSG_PING(F)                         \
    MSG_COMMAND_HEAD(F)

#define MSG_STATS(F)                        \
    MSG_COMMAND_HEAD(F)

/* The state as records, a slice at a time; cursor 0 begins. Answered by CHUNK. */
#define MSG_SNAPSHOT(F)                     \
    MSG_COMMAND_HEAD(F) \
    F(u64,    cursor,           MSG_REQUIRED)

/* History after seq `from` of epoch. Answered by HISTORY, or RESULT STALE. */
#define MSG_FACTS(F)                        \
    MSG_COMMAND_HEAD(F) \
    F(u64,    epoch,            MSG_REQUIRED) \
    F(u64,    from,             MSG_REQUIRED)

#define MSG_LOG_LEVEL(F)                    \
    MSG_COMMAND_HEAD(F) \
    F(str,    level,            MSG_REQUIRED)

/* The lines of its log after number `after` that it still holds. Answered by TAIL. */
#define MSG_LINES(F)                        \
    MSG_COMMAND_HEAD(F) \
    F(u64,    after,            MSG_REQUIRED)

/* leave: this node goes for good; the replicator cancels its infra.discovery. force: even if changes
 * are in memory only, for which the registry refuses it else (REFUSED, how many). */
#define MSG_SHUTDOWN(F)                     \
    MSG_COMMAND_HEAD(F) \
    F(flag,   leave,            MSG_REQUIRED) \
    F(flag,   force,            MSG_OPTIONAL)

/* ── answers ──────────────────────────────────────────────────────────────── */

#define MSG_PONG(F)                         \
    MSG_ANSWER_HEAD(F) \
    F(str,    name,             MSG_REQUIRED) \
    F(str,    version,          MSG_REQUIRED) \
    F(u32,    protocol,         MSG_REQUIRED) \
    F(u64,    epoch,            MSG_REQUIRED) \
    F(u64,    boot,             MSG_REQUIRED) \
    F(u64,    seq,              MSG_REQUIRED) \
    F(u32,    pid,              MSG_REQUIRED) \
    F(i64,    uptime_ms,        MSG_REQUIRED)

#define MSG_COUNTERS(F)                     \
    MSG_ANSWER_HEAD(F) \
    F(str,    name,             MSG_REQUIRED) \
    F(u64,    epoch,            MSG_REQUIRED) \
    F(u64,    boot,             MSG_REQUIRED) \
    F(u64,    seq,              MSG_REQUIRED) \
    F(i64,    uptime_ms,        MSG_REQUIRED) \
    F(u64,    rss_bytes,        MSG_REQUIRED) \
    F(i64,    turn_cpu_us_max,  MSG_REQUIRED) \
    F(counts, counters,         MSG_REQUIRED) \
    F(counts, sizes,            MSG_REQUIRED) \
    F(str,    version,          MSG_OPTIONAL) \
    F(u32,    pid,              MSG_OPTIONAL) \
    F(u32,    restarts,         MSG_OPTIONAL) \
    F(str,    restart_reason,   MSG_OPTIONAL)

/* A slice of the state. seq: the publisher's when it was read; next: the cursor
 * of the following slice, 0 after the last. standing: with the last slice, the
 * facts that are no history but the present state (PROTECT, STORAGE, PROTECTION, NODES). */
#define MSG_CHUNK(F)                        \
    MSG_ANSWER_HEAD(F) \
    F(u64,    epoch,            MSG_REQUIRED) \
    F(u64,    boot,             MSG_REQUIRED) \
    F(u64,    seq,              MSG_REQUIRED) \
    F(u64,    next,             MSG_REQUIRED) \
    F(msgs,   records,          MSG_REQUIRED) \
    F(msgs,   standing,         MSG_REQUIRED)

/* A stretch of history: PUT and GONE with consecutive seqs after the `from` that was asked.
 * head: the publisher's seq now; until the last record's seq reaches it, ask on. */
#define MSG_HISTORY(F)                      \
    MSG_ANSWER_HEAD(F) \
    F(u64,    epoch,            MSG_REQUIRED) \
    F(u64,    boot,             MSG_REQUIRED) \
    F(u64,    head,             MSG_REQUIRED) \
    F(msgs,   records,          MSG_REQUIRED) \
    F(msgs,   standing,         MSG_REQUIRED)

/* Lines of a log as JSON objects, in order; their numbers are first, first + 1, … of this boot. */
#define MSG_TAIL(F)                         \
    MSG_ANSWER_HEAD(F) \
    F(str,    name,             MSG_REQUIRED) \
    F(u64,    boot,             MSG_REQUIRED) \
    F(u64,    first,            MSG_REQUIRED) \
    F(strs,   lines,            MSG_REQUIRED)

/* The outcome of any other command. err: enum err. epoch, seq: the state that
 * holds it. timestamp: RENEW: renew_timestamp now in force. text: for a person. */
#define MSG_RESULT(F)                       \
    MSG_ANSWER_HEAD(F) \
    F(i64,    err,              MSG_REQUIRED) \
    F(u64,    epoch,            MSG_REQUIRED) \
    F(u64,    boot,             MSG_REQUIRED) \
    F(u64,    seq,              MSG_REQUIRED) \
    F(i64,    timestamp,        MSG_OPTIONAL) \
    F(str,    text,             MSG_OPTIONAL)

/* ── facts ────────────────────────────────────────────────────────────────── */

/* Topic <actor>.tick, once a second: alive, and the seq its standing facts are at. */
#define MSG_TICK(F)                         \
    MSG_FACT_HEAD(F)

/* Topic log.<actor>.<level>: a line of its log, as a JSON object; number: one more with each. seq:
 * the actor's, which a line does not move. */
#define MSG_LINE(F)                         \
    MSG_FACT_HEAD(F) \
    F(u64,    number,           MSG_REQUIRED) \
    F(str,    level,            MSG_REQUIRED) \
    F(str,    line,             MSG_REQUIRED)

/* M(lower, UPPER, type, class) */
#define MSG_NODE_TABLE(M)                \
    M(ping,       PING,         1, COMMAND) \
    M(stats,      STATS,        2, COMMAND) \
    M(snapshot,   SNAPSHOT,     3, COMMAND) \
    M(facts,      FACTS,        4, COMMAND) \
    M(log_level,  LOG_LEVEL,    5, COMMAND) \
    M(shutdown,   SHUTDOWN,     6, COMMAND) \
    M(lines,      LINES,      104, COMMAND) \
    M(pong,       PONG,        10, ANSWER) \
    M(counters,   COUNTERS,    11, ANSWER) \
    M(chunk,      CHUNK,       12, ANSWER) \
    M(history,    HISTORY,     13, ANSWER) \
    M(result,     RESULT,      14, ANSWER) \
    M(tail,       TAIL,       105, ANSWER) \
    M(tick,       TICK,        60, FACT) \
    M(line,       LINE,       134, FACT)
// clang-format on

#endif
