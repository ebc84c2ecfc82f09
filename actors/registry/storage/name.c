#include "actors/registry/storage/name.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *prefix;
    const char *suffix;
} forms[] = {
#define NAME_FORM(NAME, prefix, suffix) {prefix, suffix},
    NAME_TABLE(NAME_FORM)
#undef NAME_FORM
};

enum { digits = 16 };

struct name name_make(enum name_kind kind, uint64_t seq)
{
    struct name name;

    assert(kind < NAME_OTHER);
    (void)snprintf(name.text, sizeof(name.text), "%s%016" PRIx64 "%s", forms[kind].prefix, seq,
                   forms[kind].suffix);
    return name;
}

static int hex_value(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

enum name_kind name_parse(const char *text, uint64_t *seq)
{
    for (enum name_kind kind = 0; kind < NAME_OTHER; kind++) {
        size_t prefix = strlen(forms[kind].prefix);
        uint64_t value = 0;
        size_t i = 0;

        if (strncmp(text, forms[kind].prefix, prefix) != 0) {
            continue;
        }
        for (; i < digits && hex_value(text[prefix + i]) >= 0; i++) {
            value = value << 4 | (unsigned)hex_value(text[prefix + i]);
        }
        if (i == digits && strcmp(text + prefix + digits, forms[kind].suffix) == 0 &&
            value <= seq_max && (value > 0 || kind == NAME_SNAPSHOT || kind == NAME_SNAPSHOT_TMP)) {
            *seq = value;
            return kind;
        }
    }
    return NAME_OTHER;
}

uint64_t name_seq(struct name name)
{
    uint64_t seq = 0;
    enum name_kind kind = name_parse(name.text, &seq);

    assert(kind != NAME_OTHER);
    (void)kind;
    return seq;
}

struct name name_unfinished(struct name name)
{
    uint64_t seq = 0;
    enum name_kind kind = name_parse(name.text, &seq);

    assert(kind == NAME_SEGMENT || kind == NAME_SNAPSHOT);
    return name_make(kind == NAME_SEGMENT ? NAME_SEGMENT_TMP : NAME_SNAPSHOT_TMP, seq);
}
