/* launch logs: the lines of a node's logs, of D/log, those that were moved aside too. What
 * `./muster logs` asks for; its words are KEY=VALUE.
 *
 *   actor=NAME    only that one's; may be repeated
 *   last=N        the newest N lines; default 40
 *   since=WHEN    none before: 5m, 22:48, 2026-11-28 22:48:22, RFC 3339
 *   level=LEVEL   none below
 *   form=json|text|colour
 *   follow=PID    goes on with what is written, while that process is there; 0: until interrupted
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "actors/ctl/log_merge.h"
#include "actors/ctl/verbs.h"
#include "common/base/file.h"
#include "common/base/heap.h"

enum { sources_max = 192, last_max = 1000000, last_default = 40 };
static const size_t read_max = (size_t)64 << 20; /* of one file: from its end */
static const int64_t look_ms = 200;

struct source {
    char name[64];     /* "gateway.0" */
    struct buf text;   /* what was read last, whole lines */
    struct buf before; /* of the file that was moved aside */
    off_t at;          /* read up to here */
};

struct logs {
    struct ctl *ctl;
    struct log_choice choice;
    enum log_form form;
    bool follow;
    pid_t pid;                      /* of whom it follows; 0: nobody's */
    struct str actors[sources_max]; /* none: all */
    size_t actor_count;
    char dir[4096];
    struct source sources[sources_max]; /* by first sight */
    size_t source_count;
};

/* ── what is asked for ── */

static bool take_word(struct logs *self, struct str key, const char *value)
{
    const struct now now = self->ctl->clock->now(self->ctl->clock);
    uint32_t number;

    if (str_eq(key, STR("actor")) && self->actor_count < sources_max) {
        self->actors[self->actor_count++] = str_from(value);
        return true;
    }
    if (str_eq(key, STR("last"))) {
        if (str_to_u32(str_from(value), &number) != ERR_OK || number > last_max) {
            ctl_say(self->ctl, "-n %s: expected a number of lines, up to %d", value, last_max);
            return false;
        }
        self->choice.last = number;
        return true;
    }
    if (str_eq(key, STR("since"))) {
        if (log_since(value, now.wall_ns, self->choice.since) != ERR_OK) {
            ctl_say(self->ctl,
                    "--since %s: expected how long ago, such as 5m, or a time, such as 22:48 or "
                    "\"2026-11-28 22:48:22\"",
                    value);
            return false;
        }
        return true;
    }
    if (str_eq(key, STR("level"))) {
        if (log_level_from(str_from(value), &self->choice.level) != ERR_OK) {
            ctl_say(self->ctl, "--level %s: one of error, warn, info, debug", value);
            return false;
        }
        return true;
    }
    if (str_eq(key, STR("form"))) {
        self->form = strcmp(value, "json") == 0   ? LOG_FORM_JSON
                     : strcmp(value, "text") == 0 ? LOG_FORM_TEXT
                                                  : LOG_FORM_COLOUR;
        return true;
    }
    if (str_eq(key, STR("follow"))) {
        self->follow = str_to_u32(str_from(value), &number) == ERR_OK && number <= INT32_MAX;
        self->pid = self->follow ? (pid_t)number : 0;
        return true;
    }
    ctl_say(self->ctl, "launch logs: %.*s is no word of it", STR_ARG(key));
    return false;
}

static bool take_words(struct logs *self)
{
    const struct options *options = &self->ctl->options;

    for (size_t i = 1; i < options->argument_count; i++) {
        const char *word = options->arguments[i];
        size_t len = strcspn(word, "=");

        if (!take_word(self, (struct str){word, len}, word[len] == '=' ? word + len + 1 : "")) {
            return false;
        }
    }
    return true;
}

/* ── files ── */

/* "gateway" is every gateway. */
static bool is_wanted(const struct logs *self, struct str name)
{
    for (size_t i = 0; i < self->actor_count; i++) {
        struct str asked = self->actors[i];

        if (str_eq(name, asked) ||
            (str_starts(name, asked) && name.len > asked.len && name.data[asked.len] == '.')) {
            return true;
        }
    }
    return self->actor_count == 0;
}

static bool is_known(const struct logs *self, struct str name)
{
    for (size_t i = 0; i < self->source_count; i++) {
        if (str_eq(name, str_from(self->sources[i].name))) {
            return true;
        }
    }
    return false;
}

/* Notes the logs that are new. Errors: ERR_IO, errno says why. */
static enum err look(struct logs *self)
{
    DIR *dir = opendir(self->dir);
    const struct dirent *entry;

    if (dir == NULL) {
        return ERR_IO;
    }
    while ((entry = readdir(dir)) != NULL) {
        struct str name = str_from(entry->d_name);

        if (name.len <= 4 || name.len - 4 >= sizeof(self->sources[0].name) ||
            strcmp(entry->d_name + name.len - 4, ".log") != 0) {
            continue;
        }
        name.len -= 4;
        if (is_wanted(self, name) && !is_known(self, name) && self->source_count < sources_max) {
            struct source *source = &self->sources[self->source_count++];

            *source = (struct source){.at = 0};
            memcpy(source->name, name.data, name.len);
        }
    }
    (void)closedir(dir);
    return ERR_OK;
}

/* What the file has from at on, up to the end of its last line; at moves there. A file that is
 * shorter was cut: it begins anew. */
static void read_on(const struct logs *self, const char *name, const char *ending, off_t *at,
                    struct buf *text)
{
    char path[sizeof(self->dir) + 80];
    struct stat about;
    const char *feed;
    int fd;

    text->len = 0;
    (void)snprintf(path, sizeof(path), "%s/%s%s", self->dir, name, ending);
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        return;
    }
    if (fstat(fd, &about) == 0 && S_ISREG(about.st_mode)) {
        *at = about.st_size < *at ? 0 : *at;
        if (about.st_size - *at > (off_t)read_max) {
            *at = about.st_size - (off_t)read_max;
        }
        if (about.st_size > *at && lseek(fd, *at, SEEK_SET) == *at) {
            (void)file_read_open(fd, read_max, text);
        }
    }
    (void)close(fd);
    feed = text->len > 0 ? memrchr(text->data, '\n', text->len) : NULL;
    text->len = feed != NULL ? (size_t)(feed + 1 - text->data) : 0;
    *at += (off_t)text->len;
}

static void show_last(struct logs *self)
{
    struct log_merge merge;

    log_merge_init(&merge, &self->choice);
    for (size_t i = 0; i < self->source_count; i++) {
        struct source *source = &self->sources[i];
        off_t at = 0;

        read_on(self, source->name, ".log", &source->at, &source->text);
        if (!log_merge_add(&merge, source->name, buf_str(&source->text))) {
            read_on(self, source->name, ".log.1", &at, &source->before);
            (void)log_merge_add(&merge, source->name, buf_str(&source->before));
        }
    }
    log_merge_print(&merge, self->form, self->ctl->out);
    ctl_put(self->ctl, STR(""));
    log_merge_fini(&merge);
}

static void show_new(struct logs *self)
{
    struct log_merge merge;

    log_merge_init(&merge, &self->choice);
    (void)look(self);
    for (size_t i = 0; i < self->source_count; i++) {
        struct source *source = &self->sources[i];

        read_on(self, source->name, ".log", &source->at, &source->text);
        (void)log_merge_add(&merge, source->name, buf_str(&source->text));
    }
    log_merge_print(&merge, self->form, self->ctl->out);
    ctl_put(self->ctl, STR(""));
    log_merge_fini(&merge);
}

/* Whether there is to be more. */
static bool goes_on(const struct logs *self)
{
    return self->follow && ferror(self->ctl->out) == 0 &&
           (self->pid == 0 || kill(self->pid, 0) == 0 || errno != ESRCH);
}

static enum ctl_exit show(struct logs *self)
{
    if (look(self) != ERR_OK) {
        ctl_say(self->ctl, "%s: %s; name the node's directory with --dir", self->dir,
                strerror(errno));
        return CTL_NEGATIVE;
    }
    if (self->source_count == 0 && !self->follow) {
        ctl_say(self->ctl, "there is no log of that name in %s", self->dir);
        return CTL_NEGATIVE;
    }
    show_last(self);
    self->choice.last = last_max; /* from now on all that is new */
    while (goes_on(self) && ctl_wait(self->ctl, look_ms)) {
        show_new(self);
    }
    return CTL_OK;
}

enum ctl_exit launch_logs(struct ctl *ctl)
{
    struct logs *self = heap_new(sizeof(*self));
    enum ctl_exit outcome = CTL_USAGE;

    self->ctl = ctl;
    self->choice = (struct log_choice){.level = LOG_DEBUG, .last = last_default};
    self->form = LOG_FORM_JSON;
    (void)snprintf(self->dir, sizeof(self->dir), "%s/log",
                   options_text(&ctl->options, OPTION_DIR, "./.muster"));
    if (take_words(self)) {
        outcome = show(self);
    }
    for (size_t i = 0; i < self->source_count; i++) {
        buf_fini(&self->sources[i].text);
        buf_fini(&self->sources[i].before);
    }
    free(self);
    return outcome;
}
