/* What musterctl writes. Anybody may register any text: nothing of it commands the terminal, or
 * ends a line that is none of its own, whatever verb shows it. */
#ifndef ACTORS_CTL_OUTPUT_H
#define ACTORS_CTL_OUTPUT_H

#include "common/base/str.h"

struct ctl;

/* Appends text with a ? for each character that commands (str_commands) and each byte that is none
 * of UTF-8. */
void output_clean(struct buf *to, struct str text);
/* The same for JSON, which it leaves the same to who reads it: escapes, and U+FFFD. Between values
 * a control becomes a blank, but for the end of a line. */
void output_clean_json(struct buf *to, struct str json);

/* "musterctl: " and the text on ctl->err. */
void ctl_say(const struct ctl *ctl, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The text as it is on ctl->out, flushed. */
void ctl_put(const struct ctl *ctl, struct str text);
/* Whether all of it could be written; says so when not, but where the reader has gone: a head has
 * seen enough. */
bool ctl_all_written(const struct ctl *ctl);
/* The line, cleaned, then a line feed, on ctl->out, flushed: for those who read us through a pipe.
 */
void ctl_print(const struct ctl *ctl, struct str line);
/* The same of several lines, the last without its end. */
void ctl_page(const struct ctl *ctl, struct str page);

#endif
