#include "common/runtime/names.h"

#include <assert.h>

enum { ONE = false, MANY = true };

static const struct actor_kind kinds[ACTOR_COUNT] = {
#define ACTOR_KIND(NAME, lower, count, listens) [ACTOR_##NAME] = {#lower, (count), (listens)},
    ACTOR_TABLE(ACTOR_KIND)
#undef ACTOR_KIND
};

const struct actor_kind *actor_kind(enum actor_name name)
{
    assert((unsigned)name < ACTOR_COUNT);
    return &kinds[name];
}

const char *actor_name_text(enum actor_name name)
{
    return actor_kind(name)->text;
}

void actor_name_print(struct buf *to, enum actor_name name, uint32_t index)
{
    const struct actor_kind *kind = actor_kind(name);

    assert(kind->many || index == 0);
    buf_add_str(to, str_from(kind->text));
    if (kind->many) {
        buf_printf(to, ".%u", index);
    }
    *buf_reserve(to, 1) = '\0';
}

enum err actor_name_from(struct str text, enum actor_name *name, uint32_t *index)
{
    for (unsigned i = 0; i < ACTOR_COUNT; i++) {
        struct str kind = str_from(kinds[i].text);

        if (str_eq(text, kind)) {
            *name = (enum actor_name)i;
            *index = 0;
            return ERR_OK;
        }
        if (kinds[i].many && text.len > kind.len && str_starts(text, kind) &&
            text.data[kind.len] == '.') {
            struct str digits = {text.data + kind.len + 1, text.len - kind.len - 1};

            if (str_to_u32(digits, index) == ERR_OK) {
                *name = (enum actor_name)i;
                return ERR_OK;
            }
        }
    }
    return ERR_NOT_FOUND;
}
