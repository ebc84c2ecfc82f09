/* Names of files that a number tells apart: a prefix, the number in 16 hex digits, a suffix.
 *
 *   {"journal-", ".log"}, 516   ⇄   journal-0000000000000204.log
 */
#ifndef COMMON_JOURNAL_NUMBERED_H
#define COMMON_JOURNAL_NUMBERED_H

#include <stdbool.h>

#include "common/journal/volume.h"

struct numbered {
    const char *prefix;
    const char *suffix;
};

struct name numbered_name(const struct numbered *form, uint64_t number);
/* Whether text is such a name, written as numbered_name writes it; *number is untouched else. */
bool numbered_read(const struct numbered *form, const char *text, uint64_t *number);

#endif
