/* Structs for every row of messages.h, and the way to bytes and back.
 *
 * Decoding is in place: it allocates nothing, checks every length before it
 * looks, and the result borrows from the frame: both die together. What a header
 * claims is never trusted. msgpack-c packs, and its decoder is the oracle this
 * one is tested and fuzzed against.
 */
#ifndef COMMON_WIRE_CODEC_H
#define COMMON_WIRE_CODEC_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/base/str.h"
#include "common/wire/messages.h"

/* A map str → int: count pairs, in their msgpack encoding. */
struct msg_counts {
    uint32_t count;
    struct str bytes;
};

/* Messages inside a message: count of them, one after the other. */
struct msg_list {
    uint32_t count;
    struct str bytes;
};

typedef struct str wire_str;
typedef struct str wire_bin;
typedef int64_t wire_i64;
typedef uint64_t wire_u64;
typedef uint32_t wire_u32;
typedef bool wire_flag;
typedef struct strs wire_strs;
typedef struct strs wire_pairs;
typedef struct msg_counts wire_counts;
typedef struct msg_list wire_msgs;
typedef struct str wire_any;

enum msg_type {
#define MSG_ENUM(lower, UPPER, number, CLASS) MSG_TYPE_##UPPER = (number),
    MSG_TABLE(MSG_ENUM)
#undef MSG_ENUM
};

#define MSG_FIELD(kind, name, need) wire_##kind name;
#define MSG_STRUCT(lower, UPPER, number, CLASS)                                                    \
    struct msg_##lower {                                                                           \
        MSG_##UPPER(MSG_FIELD)                                                                     \
    };
MSG_TABLE(MSG_STRUCT)
#undef MSG_STRUCT
#undef MSG_FIELD

/* What all messages of a class begin with, for who looks at no more: codec.c checks that they do.
 */
#define MSG_FIELD(kind, name, need) wire_##kind name;
#define MSG_HEAD_STRUCT(lower, UPPER)                                                              \
    struct msg_##lower##_head {                                                                    \
        MSG_##UPPER##_HEAD(MSG_FIELD)                                                              \
    };
MSG_HEADS(MSG_HEAD_STRUCT)
#undef MSG_HEAD_STRUCT
#undef MSG_FIELD

enum msg_class {
    MSG_CLASS_UNKNOWN,
    MSG_CLASS_COMMAND,
    MSG_CLASS_WRITE,
    MSG_CLASS_ANSWER,
    MSG_CLASS_CHANGE,
    MSG_CLASS_FILE,
    MSG_CLASS_FACT,
    MSG_CLASS_PART,
};

struct msg {
    enum msg_type type;
    union {
#define MSG_HEAD_MEMBER(lower, UPPER) struct msg_##lower##_head as_##lower;
        MSG_HEADS(MSG_HEAD_MEMBER)
#undef MSG_HEAD_MEMBER
#define MSG_MEMBER(lower, UPPER, number, CLASS) struct msg_##lower as_##lower;
        MSG_TABLE(MSG_MEMBER)
#undef MSG_MEMBER
    };
    struct str unknown; /* fields after the known ones, as they came: passed on by msg_encode */
    uint32_t unknown_count;
};

/* Takes the first message off rest. Errors: ERR_MALFORMED (rest untouched);
 * ERR_UNSUPPORTED: well formed, but of a type not in the table (taken off rest;
 * msg->type holds the number and, where its first field is a u64, that is in
 * msg->as_command.id, else 0; all its fields are unknown ones, so msg_encode passes
 * it on). At an empty rest: ERR_MALFORMED. After ERR_MALFORMED msg holds nothing
 * of use. Arrays and maps nest at most 16 deep. */
enum err msg_decode(struct str *rest, struct msg *msg);

/* Appends the message. Strings may hold any byte, but `str` kinds are passed on
 * as they are. */
void msg_encode(struct buf *to, const struct msg *msg);

/* The messages of a list, one after the other: the list was checked when its
 * message was decoded. False at its end. An unknown type is skipped. */
bool msg_next(struct str *rest, struct msg *msg);

/* Both keep the list's bytes at the end of store (a list begun as {0} may stand
 * behind other bytes); the list borrows from store and is current after the call. */
void msg_list_add(struct msg_list *list, struct buf *store, const struct msg *msg);

void counts_add(struct msg_counts *counts, struct buf *store, const char *name, int64_t value);
bool counts_next(struct str *rest, struct str *name, int64_t *value); /* false at the end */

enum msg_class msg_type_class(enum msg_type type);
const char *msg_type_name(enum msg_type type); /* "PING"; NULL when unknown */
bool msg_type_skippable(unsigned type);        /* an unknown fact of it may be skipped */

/* Id of a command or an answer, also of an unknown one; 0 of what has none. */
uint64_t msg_id(const struct msg *msg);

#endif
