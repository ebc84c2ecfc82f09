/* Messages of the store plane: what its gateway asks, and the records of a Raft member's log.
 *
 * A part of messages.h, which says how it is to be read and is what is included. */
#ifndef COMMON_WIRE_MESSAGES_STORE_H
#define COMMON_WIRE_MESSAGES_STORE_H

// clang-format off

/* ── asked of the store ───────────────────────────────────────────────────── */

/* One call of etcd's API. boot: the store's as the gateway knows it: another one refuses the call.
 * method: enum etcd_method. left_ms: until it must not be begun any more. request: the method's
 * message as it came, in protobuf. Answered by ANSWERED. */
#define MSG_CALL(F)                         \
    MSG_COMMAND_HEAD(F) \
    F(u64,    boot,             MSG_REQUIRED) \
    F(u32,    method,           MSG_REQUIRED) \
    F(i64,    left_ms,          MSG_REQUIRED) \
    F(str,    token,            MSG_REQUIRED) \
    F(bin,    request,          MSG_REQUIRED)

/* code: gRPC's status, with its text; 0: response is the method's message. */
#define MSG_ANSWERED(F)                     \
    MSG_ANSWER_HEAD(F) \
    F(u32,    code,             MSG_REQUIRED) \
    F(str,    text,             MSG_REQUIRED) \
    F(bin,    response,         MSG_REQUIRED)

/* ── on disk: a member's log (actors/store/log) ───────────────────────────────
 *
 * log: names this log, random, at least 2^63. seq: counts its frames. A mark says that a state
 * machine holds the log up to index, durably; voters, learners: the members then, 8 bytes each,
 * big-endian, ascending. */

/* First record of a segment. seq: of the last frame before it; from: frames up to it are not needed
 * any more. The rest is how it stood then: term, vote and commit of the member, the index of the
 * last entry, and the mark. */
#define MSG_LOG_HEAD(F)                     \
    F(u32,    format,           MSG_REQUIRED) \
    F(u64,    log,              MSG_REQUIRED) \
    F(u64,    cluster,          MSG_REQUIRED) \
    F(u64,    member,           MSG_REQUIRED) \
    F(u64,    seq,              MSG_REQUIRED) \
    F(u64,    from,             MSG_REQUIRED) \
    F(u64,    term,             MSG_REQUIRED) \
    F(u64,    vote,             MSG_REQUIRED) \
    F(u64,    commit,           MSG_REQUIRED) \
    F(u64,    last,             MSG_REQUIRED) \
    F(u64,    index,            MSG_REQUIRED) \
    F(u64,    index_term,       MSG_REQUIRED) \
    F(bin,    voters,           MSG_REQUIRED) \
    F(bin,    learners,         MSG_REQUIRED)

/* First of every other frame. synced: of the last frame that was on disk for good before this one
 * was written. first: entries from it on are void, but for those that follow. */
#define MSG_LOG_WRITE(F)                    \
    F(u64,    log,              MSG_REQUIRED) \
    F(u64,    seq,              MSG_REQUIRED) \
    F(u64,    synced,           MSG_REQUIRED) \
    F(u64,    term,             MSG_REQUIRED) \
    F(u64,    vote,             MSG_REQUIRED) \
    F(u64,    commit,           MSG_REQUIRED) \
    F(u64,    first,            MSG_REQUIRED)

#define MSG_LOG_MARK(F)                     \
    F(u64,    index,            MSG_REQUIRED) \
    F(u64,    term,             MSG_REQUIRED) \
    F(bin,    voters,           MSG_REQUIRED) \
    F(bin,    learners,         MSG_REQUIRED)

/* kind: enum raft_entry_type */
#define MSG_LOG_ENTRY(F)                    \
    F(u64,    index,            MSG_REQUIRED) \
    F(u64,    term,             MSG_REQUIRED) \
    F(u32,    kind,             MSG_REQUIRED) \
    F(bin,    data,             MSG_REQUIRED)

/* ── within an entry ──────────────────────────────────────────────────────── */

/* One call of those packed into an entry: it was taken by this run of that member. */
#define MSG_LOG_CALL(F)                     \
    F(u64,    member,           MSG_REQUIRED) \
    F(u64,    boot,             MSG_REQUIRED) \
    F(u64,    number,           MSG_REQUIRED) \
    F(bin,    body,             MSG_REQUIRED)

/* What an entry that changes the members says. kind: enum raft_change_type */
#define MSG_LOG_CHANGE(F)                   \
    F(u32,    kind,             MSG_REQUIRED) \
    F(u64,    member,           MSG_REQUIRED)

/* M(lower, UPPER, type, class) */
#define MSG_STORE_TABLE(M)                  \
    M(call,       CALL,        84, COMMAND) \
    M(answered,   ANSWERED,    85, ANSWER) \
    M(log_head,   LOG_HEAD,    90, FILE) \
    M(log_write,  LOG_WRITE,   91, FILE) \
    M(log_mark,   LOG_MARK,    92, FILE) \
    M(log_entry,  LOG_ENTRY,   93, FILE) \
    M(log_call,   LOG_CALL,    94, PART) \
    M(log_change, LOG_CHANGE,  95, PART)
// clang-format on

#endif
