/* What may have been meant by a word that is none of those there are. */
#ifndef ACTORS_CTL_SUGGEST_H
#define ACTORS_CTL_SUGGEST_H

#include "common/base/str.h"

/* Borrows the word and what is offered. */
struct suggestion {
    struct str word;
    struct str best; /* empty: none is near */
    size_t away;     /* of best; before there is one: the farthest that is near */
};

void suggest_begin(struct suggestion *self, struct str word);
/* One that begins with the word is near, too. */
void suggest_offer(struct suggestion *self, struct str name);
/* Appends "; did you mean NAME?", or nothing. before: "" or "--". */
void suggest_print(const struct suggestion *self, const char *before, struct buf *to);

#endif
