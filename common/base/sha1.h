/* SHA-1 (FIPS 180-4). Only to name things as others name them with it: nothing is secured by it. */
#ifndef COMMON_BASE_SHA1_H
#define COMMON_BASE_SHA1_H

#include <stddef.h>

enum { sha1_bytes = 20 };

void sha1(const void *data, size_t len, unsigned char digest[sha1_bytes]);

#endif
