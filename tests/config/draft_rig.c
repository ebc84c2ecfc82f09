#include "tests/config/draft_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

char *no_environment[] = {NULL};

void make(struct made *made, const char *file, char *const *environment)
{
    config_draft_init(&made->draft, &made->config);
    if (file != NULL) {
        config_draft_file(&made->draft, "node.toml", str_from(file));
    }
    config_draft_environment(&made->draft, environment);
    if (made->draft.problem_count == 0) {
        config_draft_finish(&made->draft, "box");
    }
}

void made_fini(struct made *made)
{
    config_draft_fini(&made->draft);
    config_fini(&made->config);
}

void text_end(struct buf *text)
{
    buf_add_char(text, '\0');
    text->len--;
}

void assert_has(struct buf *text, const char *part)
{
    text_end(text);
    if (strstr(text->data, part) == NULL) {
        fail_msg("\"%s\" is not in:\n%s", part, text->data);
    }
}

void refused(const char *file, const char *a, const char *b, const char *c)
{
    struct made made;

    make(&made, file, no_environment);
    assert_true(made.draft.problem_count > 0);
    assert_has(&made.draft.problems, a);
    assert_has(&made.draft.problems, b);
    assert_has(&made.draft.problems, c);
    made_fini(&made);
}
