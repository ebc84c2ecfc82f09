/* Every message between our processes and every record on our disks, each
 * defined once, here. Structs, encoder, decoder, printer and the check of
 * docs/protocol.md, docs/protocol-naming.md and docs/protocol-store.md derive from this table.
 *
 * A message is a msgpack array [type, field, field, …] in table order. Fields are
 * only ever appended, never moved or retyped: an older reader skips the extra
 * ones, a newer reader sees MSG_OPTIONAL ones as zero. Types are never reused.
 * A frame is one or more messages one after the other, at most frame_max bytes.
 *
 *   kind    in msgpack        in C
 *   str     str               struct str       borrowed from the frame
 *   bin     bin               struct str
 *   i64     int               int64_t
 *   u64     int ≥ 0           uint64_t
 *   u32     int ≥ 0           uint32_t
 *   flag    true, false       bool
 *   strs    array of str      struct strs
 *   pairs   map str → str     struct strs      count of pairs; as it came, unsorted
 *   counts  map str → int     struct msg_counts
 *   msgs    array of messages struct msg_list  checked to be well formed, decoded by msg_next
 *   any     one value         struct str       its encoding; nil when empty
 *
 * A type from 128 on may be skipped by a follower that does not know it; an
 * unknown fact below stops the follower with an error.
 */
#ifndef COMMON_WIRE_MESSAGES_H
#define COMMON_WIRE_MESSAGES_H

enum { protocol_version = 1, frame_max = 8 * 1024 * 1024, fact_frame_max = 64 * 1024 };
enum { merge_records_max = 256, merge_heartbeats_max = 2048 }; /* of one MERGE */
enum { MSG_REQUIRED, MSG_OPTIONAL };

// clang-format off

/* ── what the messages of a class begin with ─────────────────────────────────
 *
 * Commands ask and carry an id that the sender chose; an answer carries it back. A write is a
 * command that changes what is registered: id with gateway names it, so that sent twice it is done
 * once; expires: wall ns after which it must not be done; origin: enum origin. A fact is what a PUB
 * socket sends. A change is one of a registry's history, on its way and on disk. FILE: the other
 * records of files. A part stands only within another message. */
#define MSG_COMMAND_HEAD(F)                 \
    F(u64,    id,               MSG_REQUIRED)

#define MSG_ANSWER_HEAD(F)                  \
    F(u64,    id,               MSG_REQUIRED)

#define MSG_WRITE_HEAD(F)                   \
    F(u64,    id,               MSG_REQUIRED) \
    F(u64,    gateway,          MSG_REQUIRED) \
    F(i64,    expires,          MSG_REQUIRED) \
    F(u32,    origin,           MSG_REQUIRED)

#define MSG_CHANGE_HEAD(F)                  \
    F(u32,    kind,             MSG_REQUIRED) \
    F(u64,    seq,              MSG_REQUIRED) \
    F(u32,    spread,           MSG_REQUIRED) \
    F(u64,    gateway,          MSG_REQUIRED) \
    F(u64,    number,           MSG_REQUIRED) \
    F(i64,    at,               MSG_REQUIRED) \
    F(i64,    latest_of_app,    MSG_REQUIRED) \
    F(i64,    age_ms,           MSG_REQUIRED) \
    F(str,    env,              MSG_REQUIRED) \
    F(str,    appid,            MSG_REQUIRED) \
    F(str,    zone,             MSG_REQUIRED) \
    F(str,    hostname,         MSG_REQUIRED)

#define MSG_FACT_HEAD(F)                    \
    F(u64,    epoch,            MSG_REQUIRED) \
    F(u64,    boot,             MSG_REQUIRED) \
    F(u64,    seq,              MSG_REQUIRED)

#define MSG_FILE_HEAD(F)
#define MSG_PART_HEAD(F)

/* H(lower, UPPER): the classes that have a head. */
#define MSG_HEADS(H)    \
    H(command, COMMAND) \
    H(write,   WRITE)   \
    H(answer,  ANSWER)  \
    H(change,  CHANGE)  \
    H(fact,    FACT)

// clang-format on

#include "common/wire/messages_naming.h"
#include "common/wire/messages_node.h"
#include "common/wire/messages_store.h"

#define MSG_TABLE(M) MSG_NODE_TABLE(M) MSG_NAMING_TABLE(M) MSG_STORE_TABLE(M)

// clang-format off
/* Who a command comes from; bounded by the sender's role. Numbers travel. STRANGER: who called
 * itself a node and is not believed: judged as a client, but what it says goes nowhere. */
#define ORIGIN_TABLE(X)  \
    X(CLIENT,    0)      \
    X(HTTP_PEER, 1)      \
    X(PEER,      2)      \
    X(SELF,      3)      \
    X(STRANGER,  4)
// clang-format on

enum origin {
#define ORIGIN_ENUM(NAME, number) ORIGIN_##NAME = (number),
    ORIGIN_TABLE(ORIGIN_ENUM)
#undef ORIGIN_ENUM
};

#endif
