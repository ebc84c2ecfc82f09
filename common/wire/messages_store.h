/* Messages of the store plane: what its gateway asks, what the store tells, and the records of a
 * Raft member's log.
 *
 * A part of messages.h, which says how it is to be read and is what is included. */
#ifndef COMMON_WIRE_MESSAGES_STORE_H
#define COMMON_WIRE_MESSAGES_STORE_H

/* How long WATCHING holds. */
enum { watching_ms = 10000 };

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

/* code: gRPC's status, with its text; 0: response is the method's message. more: it is a part of
 * it: all that come under the id, put together in the order they come, are the message; one with
 * another code ends them, and makes those before it void. Each is answered by PART_TAKEN. */
#define MSG_ANSWERED(F)                     \
    MSG_ANSWER_HEAD(F) \
    F(u32,    code,             MSG_REQUIRED) \
    F(str,    text,             MSG_REQUIRED) \
    F(bin,    response,         MSG_REQUIRED) \
    F(flag,   more,             MSG_OPTIONAL)

/* Of the call `id`: so many of the parts that more follow are here; a few may be on their way.
 * wanted false: nobody waits for the rest. No answer. */
#define MSG_PART_TAKEN(F)                   \
    MSG_COMMAND_HEAD(F) \
    F(u64,    boot,             MSG_REQUIRED) \
    F(u32,    taken,            MSG_REQUIRED) \
    F(flag,   wanted,           MSG_REQUIRED)

/* What is to be watched: keys from key up to range_end; range_end empty: key alone; one byte 0: all
 * from key on. prev: what was there before is wanted too. */
#define MSG_WATCH_RANGE(F)                  \
    F(bin,    key,              MSG_REQUIRED) \
    F(bin,    range_end,        MSG_REQUIRED) \
    F(flag,   prev,             MSG_REQUIRED)

/* Whether a range may be watched, and from where on. Answered by WATCHED. Counts as WATCHING with
 * this range, too. */
#define MSG_WATCH(F)                        \
    MSG_COMMAND_HEAD(F) \
    F(u64,    boot,             MSG_REQUIRED) \
    F(str,    token,            MSG_REQUIRED) \
    F(msgs,   range,            MSG_REQUIRED)

/* code: as in ANSWERED. revision: the store's; what is watched from now on is above it. */
#define MSG_WATCHED(F)                      \
    MSG_ANSWER_HEAD(F) \
    F(u32,    code,             MSG_REQUIRED) \
    F(str,    text,             MSG_REQUIRED) \
    F(i64,    revision,         MSG_REQUIRED) \
    F(i64,    compacted,        MSG_REQUIRED)

/* Somebody watches: for watching_ms from now on EVENTS are published, whose events hold prev within
 * the ranges. No answer. */
#define MSG_WATCHING(F)                     \
    MSG_COMMAND_HEAD(F) \
    F(u64,    boot,             MSG_REQUIRED) \
    F(msgs,   ranges,           MSG_REQUIRED)

/* Events from event `sub` of revision `from` on, up to `to`, within any of the ranges, which say
 * whether prev is wanted; of more than 1,000 that do not meet every key is. Answered by
 * EVENTS_READ, in parts. */
#define MSG_READ_EVENTS(F)                  \
    MSG_COMMAND_HEAD(F) \
    F(u64,    boot,             MSG_REQUIRED) \
    F(i64,    from,             MSG_REQUIRED) \
    F(u32,    sub,              MSG_REQUIRED) \
    F(i64,    to,               MSG_REQUIRED) \
    F(msgs,   ranges,           MSG_REQUIRED)

/* next, next_sub: where to read on; all before it that was asked for is here. next above the `to`
 * that was asked: that was all. Nothing is here if code is not 0, or next is not above compacted. */
#define MSG_EVENTS_READ(F)                  \
    MSG_ANSWER_HEAD(F) \
    F(u32,    code,             MSG_REQUIRED) \
    F(str,    text,             MSG_REQUIRED) \
    F(i64,    next,             MSG_REQUIRED) \
    F(u32,    next_sub,         MSG_REQUIRED) \
    F(i64,    compacted,        MSG_REQUIRED) \
    F(msgs,   events,           MSG_REQUIRED)

/* What one revision did to a key. kind: mvccpb's EventType. kv, prev: packed KeyValue; that of a
 * deletion holds key and mod_revision. has_prev: prev says what was there (empty: nothing, or it is
 * compacted); else it was not looked for. */
#define MSG_EVENT(F)                        \
    F(i64,    revision,         MSG_REQUIRED) \
    F(u32,    kind,             MSG_REQUIRED) \
    F(bin,    key,              MSG_REQUIRED) \
    F(bin,    kv,               MSG_REQUIRED) \
    F(flag,   has_prev,         MSG_REQUIRED) \
    F(bin,    prev,             MSG_REQUIRED)

/* ── asked of etcd's gateway ──────────────────────────────────────────────── */

/* Who watches through it: watchers from number `at` of stream `stream` on; both 0: from the first.
 * Answered by WATCHER_LIST. */
#define MSG_WATCHERS(F)                     \
    MSG_COMMAND_HEAD(F) \
    F(u64,    stream,           MSG_REQUIRED) \
    F(u64,    at,               MSG_REQUIRED)

/* stream, at: where to ask on; 0: that was all. */
#define MSG_WATCHER_LIST(F)                 \
    MSG_ANSWER_HEAD(F) \
    F(u64,    stream,           MSG_REQUIRED) \
    F(u64,    at,               MSG_REQUIRED) \
    F(msgs,   watchers,         MSG_REQUIRED)

/* Part of WATCHER_LIST. stream: which of the gateway's, in the order they came; range_end: as in
 * WATCH_RANGE. next: the first revision that it may be told of. state: synced; lags, reads: it reads
 * what it has missed; blocked: its client does not read. */
#define MSG_WATCHER(F)                      \
    F(u64,    stream,           MSG_REQUIRED) \
    F(i64,    watch_id,         MSG_REQUIRED) \
    F(bin,    key,              MSG_REQUIRED) \
    F(bin,    range_end,        MSG_REQUIRED) \
    F(i64,    next,             MSG_REQUIRED) \
    F(str,    state,            MSG_REQUIRED) \
    F(flag,   prev,             MSG_REQUIRED) \
    F(flag,   progress,         MSG_REQUIRED)

/* ── facts ────────────────────────────────────────────────────────────────── */

/* Topic store.events: whole revisions, those above before up to revision, in order. seq: revision.
 * whole false: they are too large for a fact and are to be read. Published while somebody watches.
 */
#define MSG_EVENTS(F)                       \
    MSG_FACT_HEAD(F) \
    F(i64,    before,           MSG_REQUIRED) \
    F(i64,    revision,         MSG_REQUIRED) \
    F(i64,    compacted,        MSG_REQUIRED) \
    F(flag,   whole,            MSG_REQUIRED) \
    F(msgs,   events,           MSG_REQUIRED)

/* Topic store.revision, ten times a second: where this member stands. lead: the leader it knows, 0:
 * none. cluster, member: its ids. */
#define MSG_REVISION(F)                     \
    MSG_FACT_HEAD(F) \
    F(i64,    revision,         MSG_REQUIRED) \
    F(i64,    compacted,        MSG_REQUIRED) \
    F(u64,    cluster,          MSG_REQUIRED) \
    F(u64,    member,           MSG_REQUIRED) \
    F(u64,    term,             MSG_REQUIRED) \
    F(u64,    lead,             MSG_REQUIRED)

/* Topic store.event.<key>, percent-encoded. For people and scripts: kind by name; what a deletion
 * has not is 0 or empty. */
#define MSG_KEY_EVENT(F)                    \
    MSG_FACT_HEAD(F) \
    F(i64,    revision,         MSG_REQUIRED) \
    F(str,    kind,             MSG_REQUIRED) \
    F(bin,    key,              MSG_REQUIRED) \
    F(bin,    value,            MSG_REQUIRED) \
    F(i64,    create_revision,  MSG_REQUIRED) \
    F(i64,    version,          MSG_REQUIRED) \
    F(i64,    lease,            MSG_REQUIRED)

/* Topic store.leader, when leader or term changes. lead: 0: none is known. */
#define MSG_LEADER(F)                       \
    MSG_FACT_HEAD(F) \
    F(u64,    term,             MSG_REQUIRED) \
    F(u64,    lead,             MSG_REQUIRED) \
    F(u64,    member,           MSG_REQUIRED)

/* ── on disk: who this member is (actors/store/start) ─────────────────────── */

/* All of the file identity: the ids that were made on the empty directory. */
#define MSG_MEMBER_IDS(F)                   \
    F(u32,    format,           MSG_REQUIRED) \
    F(u64,    cluster,          MSG_REQUIRED) \
    F(u64,    member,           MSG_REQUIRED)

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
    M(watch,      WATCH,       86, COMMAND) \
    M(watched,    WATCHED,     87, ANSWER) \
    M(member_ids, MEMBER_IDS,  89, FILE) \
    M(log_head,   LOG_HEAD,    90, FILE) \
    M(log_write,  LOG_WRITE,   91, FILE) \
    M(log_mark,   LOG_MARK,    92, FILE) \
    M(log_entry,  LOG_ENTRY,   93, FILE) \
    M(log_call,   LOG_CALL,    94, PART) \
    M(log_change, LOG_CHANGE,  95, PART) \
    M(watching,   WATCHING,    96, COMMAND) \
    M(read_events, READ_EVENTS, 97, COMMAND) \
    M(events_read, EVENTS_READ, 98, ANSWER) \
    M(watch_range, WATCH_RANGE, 99, PART) \
    M(event,      EVENT,      100, PART) \
    M(events,     EVENTS,     101, FACT) \
    M(revision,   REVISION,   102, FACT) \
    M(part_taken, PART_TAKEN, 103, COMMAND) \
    M(watchers,   WATCHERS,   110, COMMAND) \
    M(watcher_list, WATCHER_LIST, 111, ANSWER) \
    M(watcher,    WATCHER,    112, PART) \
    M(key_event,  KEY_EVENT,  132, FACT) \
    M(leader,     LEADER,     133, FACT)
// clang-format on

#endif
