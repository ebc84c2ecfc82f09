#include "actors/ctl/suggest.h"

#include "common/base/distance.h"

void suggest_begin(struct suggestion *self, struct str word)
{
    *self = (struct suggestion){.word = word,
                                .away = word.len < 3    ? 0
                                        : word.len < 6  ? 1
                                        : word.len < 10 ? 2
                                                        : 3};
}

void suggest_offer(struct suggestion *self, struct str name)
{
    bool begins = self->word.len >= 2 && str_starts(name, self->word);
    size_t away;

    if (self->word.len > distance_bytes_max || name.len > distance_bytes_max) {
        return;
    }
    away = begins ? 1 : distance(self->word, name);
    if (away < self->away || (self->best.len == 0 && (begins || away == self->away))) {
        self->away = away;
        self->best = name;
    }
}

void suggest_print(const struct suggestion *self, const char *before, struct buf *to)
{
    if (self->best.len > 0) {
        buf_printf(to, "; did you mean %s%.*s?", before, STR_ARG(self->best));
    }
}
