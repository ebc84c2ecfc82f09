/* The characters of names in HTTP (RFC 9110, token): letters, digits and !#$%&'*+-.^_`|~ */
#ifndef GATEWAY_HTTP_TOKEN_H
#define GATEWAY_HTTP_TOKEN_H

#include <stdbool.h>
#include <stdint.h>

static inline bool is_token_char(unsigned char c)
{
    static const uint64_t allowed[2] = {0x3ff6cfa00000000, 0x57ffffffc7fffffe};

    return c < 0x80 && (allowed[c >> 6] >> (c & 63) & 1) != 0;
}

#endif
