/* What one side of an exchange sends at most, and what the other takes: each pair must fit, or what
 * is sent is refused each time it is sent. All of them stand here and in a table of
 * docs/protocol-naming.md; tests/wire/exchange_test.c compares both, and that each pair fits. */
#ifndef COMMON_WIRE_EXCHANGE_H
#define COMMON_WIRE_EXCHANGE_H

#include "common/wire/messages.h"

enum {
    /* a PUT or GONE: names, version, addresses, 16 KiB of metadata; or a schedule */
    record_bytes_max = 56 * 1024,
    turn_head_bytes_max = 1024, /* what a fact has around its records or keys */

    merge_bytes_max = 1024 * 1024, /* of the records of one MERGE, unless it is one */
    newer_bytes_max = 256 * 1024,  /* of MERGED, and one record */
    found_bytes_max = 256 * 1024,  /* of FOUND, and one record */
    found_keys_max = 2048,         /* that one FOUND answers */
    app_bytes_max = 1024 * 1024,   /* of the FOUND of an APP, and one record */
    asked_keys_max = 1024,         /* of one LOOKUP */
    walk_keys_max = 256,           /* … whose states go into one MERGE */
    expiring_keys_max = 2048,      /* of one EXPIRING */
    question_bytes_max = 64 << 10, /* that is relayed */

    walk_leaves_max = 64,                 /* of one LEAVES */
    entries_bytes_max = 256 * 1024,       /* of ENTRIES */
    walk_entries_bytes_max = 1024 * 1024, /* that a walk keeps until they are compared */
    compare_bytes_max = 256 * 1024,       /* of COMPARE */

    states_records_bytes_max = 256 << 10, /* of STATES, unless it is one record */
    states_records_max = 32768,           /* that are taken */
    states_heartbeats_bytes_max = 4 << 20,
    ack_newer_bytes_max = 1 << 20,
    ack_want_bytes_max = 1 << 20,
    want_bytes_max = 1 << 20, /* keys a link keeps until it looks them up */

    chunk_bytes_max = 256 * 1024, /* of the records of CHUNK and HISTORY, and one record */
    chunk_records_max = 4096,     /* of a CHUNK */
};

/* Whatever there is of one kind is at least so long: so many fit into bytes. */
enum { record_bytes_min = 24 };

// clang-format off
/*  message    what                               sent at most                                 taken */
#define EXCHANGES(X)                                                                               \
    X("PUT",      "bytes of one",                 record_bytes_max,                                fact_frame_max - turn_head_bytes_max) \
    X("EXPIRING", "bytes of keys",                expiring_keys_max * 16,                          fact_frame_max - turn_head_bytes_max) \
    X("MERGE",    "records, of a walk",           walk_keys_max,                                   merge_records_max) \
    X("MERGE",    "heartbeats, of a LOOKUP",      asked_keys_max,                                  merge_heartbeats_max) \
    X("MERGE",    "bytes",                        merge_bytes_max + merge_heartbeats_max * 36 + turn_head_bytes_max, frame_max) \
    X("MERGED",   "bytes of `newer`",             newer_bytes_max + record_bytes_max,              ack_newer_bytes_max) \
    X("MERGED",   "bytes of `want`",              merge_heartbeats_max * 16,                       ack_want_bytes_max) \
    X("ACK",      "bytes of `want`",              ack_want_bytes_max,                              want_bytes_max) \
    X("ACK",      "records of `newer`",           states_records_max,                              states_records_max) \
    X("ACK",      "bytes",                        ack_newer_bytes_max + ack_want_bytes_max + turn_head_bytes_max, frame_max) \
    X("STATES",   "records",                      states_records_bytes_max / record_bytes_min,     states_records_max) \
    X("STATES",   "bytes of `heartbeats`",        states_heartbeats_bytes_max,                          states_heartbeats_bytes_max) \
    X("STATES",   "bytes",                        states_records_bytes_max + states_heartbeats_bytes_max + turn_head_bytes_max, frame_max) \
    X("LOOKUP",   "keys",                         asked_keys_max,                                  found_keys_max) \
    X("LOOKUP",   "bytes, relayed",               asked_keys_max * 16 + turn_head_bytes_max,       question_bytes_max) \
    X("FOUND",    "bytes",                        found_bytes_max + found_keys_max * 36 + record_bytes_max, frame_max) \
    X("FOUND",    "bytes, of an APP",             app_bytes_max + record_bytes_max,                frame_max) \
    X("LEAVES",   "bytes, relayed",               walk_leaves_max * 2 + turn_head_bytes_max,       question_bytes_max) \
    X("ENTRIES",  "bytes",                        entries_bytes_max,                               walk_entries_bytes_max) \
    X("COMPARE",  "bytes",                        compare_bytes_max,                               compare_bytes_max) \
    X("WANTED",   "bytes",                        compare_bytes_max / 33 * 16 + turn_head_bytes_max, frame_max) \
    X("SUMS",     "bytes",                        64 * 64 * 17 + turn_head_bytes_max,              frame_max) \
    X("SCHEDULE", "bytes",                        1024 * (2 * 258 + 6) + turn_head_bytes_max,      frame_max) \
    X("NODES",    "bytes",                        256 * (512 + 255 + 16) + turn_head_bytes_max,    frame_max) \
    X("CHUNK",    "records",                      chunk_records_max,                               states_records_max) \
    X("CHUNK",    "bytes",                        chunk_bytes_max + record_bytes_max + turn_head_bytes_max, frame_max)
// clang-format on

#endif
