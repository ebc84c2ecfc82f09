/* A configuration made of texts, all steps but the command line. */
#ifndef TESTS_CONFIG_DRAFT_RIG_H
#define TESTS_CONFIG_DRAFT_RIG_H

#include "common/config/draft.h"

struct made {
    struct config config;
    struct config_draft draft;
};

extern char *no_environment[];

/* file NULL: none. */
void make(struct made *made, const char *file, char *const *environment);
void made_fini(struct made *made);

/* A NUL behind it, which does not count. */
void text_end(struct buf *text);
void assert_has(struct buf *text, const char *part);
/* The file is refused with a problem that holds all the parts. */
void refused(const char *file, const char *a, const char *b, const char *c);

#endif
