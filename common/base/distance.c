#include "common/base/distance.h"

#include <ctype.h>

static int letter(char c)
{
    return c == '-' ? '_' : tolower((unsigned char)c);
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Rows of the table of all prefixes' distances, of which the last three are held. */
size_t distance(struct str a, struct str b)
{
    size_t rows[3][distance_bytes_max + 1];
    size_t *before = rows[0];
    size_t *above = rows[1];
    size_t *row = rows[2];

    assert(a.len <= distance_bytes_max && b.len <= distance_bytes_max);
    for (size_t j = 0; j <= b.len; j++) {
        above[j] = before[j] = j;
    }
    for (size_t i = 1; i <= a.len; i++) {
        size_t *spare = before;

        row[0] = i;
        for (size_t j = 1; j <= b.len; j++) {
            bool same = letter(a.data[i - 1]) == letter(b.data[j - 1]);

            row[j] = least(above[j - 1] + !same, least(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && letter(a.data[i - 1]) == letter(b.data[j - 2]) &&
                letter(a.data[i - 2]) == letter(b.data[j - 1])) {
                row[j] = least(row[j], before[j - 2] + 1);
            }
        }
        before = above;
        above = row;
        row = spare;
    }
    return above[b.len];
}
