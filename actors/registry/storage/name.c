#include "actors/registry/storage/name.h"

#include <assert.h>

#include "common/journal/numbered.h"

static const struct numbered forms[] = {
#define NAME_FORM(NAME, prefix, suffix) {prefix, suffix},
    NAME_TABLE(NAME_FORM)
#undef NAME_FORM
};

struct name name_make(enum name_kind kind, uint64_t seq)
{
    assert(kind < NAME_OTHER);
    return numbered_name(&forms[kind], seq);
}

enum name_kind name_parse(const char *text, uint64_t *seq)
{
    for (enum name_kind kind = 0; kind < NAME_OTHER; kind++) {
        uint64_t value;

        if (numbered_read(&forms[kind], text, &value) && value <= seq_max &&
            (value > 0 || kind == NAME_SNAPSHOT || kind == NAME_SNAPSHOT_TMP)) {
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
