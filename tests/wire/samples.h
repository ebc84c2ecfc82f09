/* Every message of the table with values in it, made from the table itself: a new
 * message or field is in every test of this folder without another line.
 */
#ifndef TESTS_WIRE_SAMPLES_H
#define TESTS_WIRE_SAMPLES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/wire/codec.h"

/* zeros and empty; what is usual; the greatest of everything */
enum sample_variant { SAMPLE_EMPTY, SAMPLE_USUAL, SAMPLE_EXTREME, SAMPLE_VARIANTS };

extern const enum msg_type sample_types[];
extern const size_t sample_count;

/* Borrows from static storage; no two fields of a message have the same value
 * (but for flags and in SAMPLE_EMPTY). */
struct msg sample(enum msg_type type, enum sample_variant variant);

/* Same type, fields and unknown fields. */
bool sample_equal(const struct msg *a, const struct msg *b);

/* The usual sample of every type, encoded; the caller frees. */
struct buf sample_encoded(enum msg_type type, enum sample_variant variant);

#endif
