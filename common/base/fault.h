/* Switches that tests throw, one table. Two kinds: reference.* brings back what
 * the reference server does where we differ on purpose (docs/differences.md), so that
 * the test of the difference can be seen to fail; the others make a part fail.
 *
 * A build without -DMUSTER_FAULTS (release) has none: fault_on is a constant
 * false and the code behind it is gone. A process takes its set from the
 * environment variable MUSTER_FAULTS (comma-separated names) in config_load, and
 * hands it down in its configuration; there is no global.
 */
#ifndef COMMON_BASE_FAULT_H
#define COMMON_BASE_FAULT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/base/str.h"

// clang-format off
/*         name                       text                                                  */
#define FAULT_TABLE(X)                                                                      \
    X(REFERENCE_ROW_1,  "reference.row1")   X(REFERENCE_ROW_2,  "reference.row2")           \
    X(REFERENCE_ROW_3,  "reference.row3")   X(REFERENCE_ROW_4,  "reference.row4")           \
    X(REFERENCE_ROW_5,  "reference.row5")   X(REFERENCE_ROW_6,  "reference.row6")           \
    X(REFERENCE_ROW_7,  "reference.row7")   X(REFERENCE_ROW_8,  "reference.row8")           \
    X(REFERENCE_ROW_9,  "reference.row9")   X(REFERENCE_ROW_10, "reference.row10")          \
    X(REFERENCE_ROW_11, "reference.row11")  X(REFERENCE_ROW_12, "reference.row12")          \
    X(REFERENCE_ROW_13, "reference.row13")  X(REFERENCE_ROW_14, "reference.row14")          \
    X(REFERENCE_ROW_15, "reference.row15")  X(REFERENCE_ROW_16, "reference.row16")          \
    X(REFERENCE_ROW_17, "reference.row17")  X(REFERENCE_ROW_18, "reference.row18")          \
    X(REFERENCE_ROW_19, "reference.row19")  X(REFERENCE_ROW_20, "reference.row20")          \
    X(REFERENCE_ROW_21, "reference.row21")  X(REFERENCE_ROW_22, "reference.row22")          \
    X(REFERENCE_ROW_23, "reference.row23")  X(REFERENCE_ROW_24, "reference.row24")          \
    X(REFERENCE_ROW_25, "reference.row25")  X(REFERENCE_ROW_26, "reference.row26")          \
    X(REFERENCE_ROW_27, "reference.row27")  X(REFERENCE_ROW_28, "reference.row28")          \
    X(REFERENCE_ROW_29, "reference.row29")  X(REFERENCE_ROW_30, "reference.row30")          \
    X(REFERENCE_ROW_31, "reference.row31")  X(REFERENCE_ROW_32, "reference.row32")          \
    X(SYNC_FAILS,       "registry.sync_fails")                                              \
    X(GONE_LOSES_TIES,  "merge.gone_loses_ties")                                            \
    X(NO_TOMBSTONE,     "registry.no_tombstone")                                            \
    X(AGE_RESET,        "merge.age_reset")                                                  \
    X(ACK_EARLY,        "replicator.ack_early")                                             \
    X(DIGEST_IDLE,      "digest.idle")
// clang-format on

enum fault {
#define FAULT_ENUM(NAME, text) FAULT_##NAME,
    FAULT_TABLE(FAULT_ENUM)
#undef FAULT_ENUM
        FAULT_COUNT
};

struct faults {
    uint64_t bits; /* bit N: enum fault N is on */
};

static inline bool fault_on(struct faults faults, enum fault fault)
{
#ifdef MUSTER_FAULTS
    return (faults.bits >> (unsigned)fault & 1) != 0;
#else
    (void)faults;
    (void)fault;
    return false;
#endif
}

/* Reads a comma-separated list; NULL is none. Errors: ERR_INVALID for a name not
 * in the table, ERR_UNSUPPORTED for any name in a build without faults. */
enum err faults_parse(const char *list, struct faults *faults);

#endif
