#include "actors/ctl/tar.h"

#include <inttypes.h>
#include <stdio.h>

enum { block_bytes = 512, name_bytes = 100 };

/* Where the fields of a header stand. */
enum {
    mode_at = 100,
    owner_at = 108,
    group_at = 116,
    size_at = 124,
    time_at = 136,
    sum_at = 148,
    kind_at = 156,
    magic_at = 257
};

static void zeros(struct buf *to, size_t count)
{
    memset(buf_reserve(to, count), 0, count);
    to->len += count;
}

static void octal(char *header, size_t at, int digits, uint64_t value)
{
    char text[32];

    (void)snprintf(text, sizeof(text), "%0*" PRIo64, digits, value);
    memcpy(header + at, text, (size_t)digits);
}

void tar_add(struct buf *to, const char *name, int64_t wall_ns, struct str content)
{
    char header[block_bytes] = {0};
    size_t name_len = strlen(name);
    unsigned sum = 0;

    assert(name_len < name_bytes);
    memcpy(header, name, name_len);
    octal(header, mode_at, 7, 0600);
    octal(header, owner_at, 7, 0);
    octal(header, group_at, 7, 0);
    octal(header, size_at, 11, content.len);
    octal(header, time_at, 11, (uint64_t)(wall_ns / 1000000000));
    header[kind_at] = '0';
    memcpy(header + magic_at, "ustar\00000", 8);
    memset(header + sum_at, ' ', 8);
    for (size_t i = 0; i < block_bytes; i++) {
        sum += (unsigned char)header[i];
    }
    octal(header, sum_at, 6, sum);
    header[sum_at + 6] = '\0';
    buf_add(to, header, block_bytes);
    buf_add_str(to, content);
    zeros(to, (block_bytes - content.len % block_bytes) % block_bytes);
}

void tar_end(struct buf *to)
{
    zeros(to, (size_t)2 * block_bytes);
}
