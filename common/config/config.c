/* Reads the command line, the environment and the file, in that order of rank, and
 * says what is wrong with them. The steps themselves are in draft.h. */
#include "common/config/config.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/file.h"
#include "common/base/heap.h"
#include "common/base/place.h"
#include "common/config/draft.h"
#include "common/config/toml.h"

extern char **environ;

enum { index_max = 63, settings_max = 256, socket_path_max = 107 };

/* A key's flag, kept until the file and the environment have been read. */
struct setting {
    const struct config_key *key;
    struct str text;
};

struct command_line {
    const char *dir;
    const char *file;
    uint32_t index;
    bool help;
    bool man;
    bool version;
    bool check;
    bool print;
    struct setting settings[settings_max];
    size_t setting_count;
};

/* ── the command line ── */

static void unknown_flag(struct config_draft *draft, struct str name)
{
    const struct config_key *nearest = config_key_nearest(name);
    struct buf meant = {0};

    if (nearest != NULL) {
        buf_add_str(&meant, STR("did you mean --"));
        config_key_name(nearest, &meant);
        buf_add_char(&meant, '?');
    } else {
        buf_add_str(&meant, STR("--help lists them all"));
    }
    config_draft_problem(draft, "--%.*s: unknown option; %.*s",
                         (int)(name.len < 128 ? name.len : 128), name.data,
                         STR_ARG(buf_str(&meant)));
    buf_fini(&meant);
}

static void read_index(struct command_line *line, struct config_draft *draft, struct str text)
{
    if (str_to_u32(text, &line->index) != ERR_OK || line->index > index_max) {
        config_draft_problem(draft, "--index=%.*s: expected a whole number from 0 to %d",
                             STR_ARG(text), index_max);
        line->index = 0;
    }
}

/* Takes the value of --name=V or --name V. */
static bool take_value(struct str *value, bool given, char **argv, int argc, int *at)
{
    if (!given && *at + 1 < argc && strncmp(argv[*at + 1], "--", 2) != 0) {
        *value = str_from(argv[++*at]);
        return true;
    }
    return given;
}

static void read_flag(struct command_line *line, struct config_draft *draft, char **argv, int argc,
                      int *at)
{
    const char *word = argv[*at] + 2;
    size_t name_len = strcspn(word, "=");
    struct str name = {word, name_len};
    bool given = word[name_len] == '=';
    struct str value = given ? str_from(word + name_len + 1) : STR("");
    const struct config_key *key = config_key_named(name);

    if (str_eq(name, STR("help")) || str_eq(name, STR("version")) || str_eq(name, STR("man")) ||
        str_eq(name, STR("check-config")) || str_eq(name, STR("settings"))) {
        line->help = line->help || word[0] == 'h';
        line->man = line->man || word[0] == 'm';
        line->version = line->version || word[0] == 'v';
        line->check = line->check || word[0] == 'c';
        line->print = line->print || word[0] == 's';
        return;
    }
    if (key != NULL && key->kind == config_kind_is_flag && !given) {
        /* a value may follow; anything else is the next option */
        value = STR("true");
        if (*at + 1 < argc &&
            (strcmp(argv[*at + 1], "true") == 0 || strcmp(argv[*at + 1], "false") == 0)) {
            value = str_from(argv[++*at]);
        }
    } else if (key == NULL && !str_eq(name, STR("dir")) && !str_eq(name, STR("config")) &&
               !str_eq(name, STR("index"))) {
        unknown_flag(draft, name);
        (void)take_value(&value, given, argv, argc, at);
        return;
    } else if (!take_value(&value, given, argv, argc, at)) {
        config_draft_problem(draft, "--%.*s: a value is missing; write --%.*s=VALUE", STR_ARG(name),
                             STR_ARG(name));
        return;
    }
    if (key != NULL && line->setting_count < settings_max) {
        line->settings[line->setting_count++] = (struct setting){key, value};
    } else if (key != NULL) {
        config_draft_problem(draft, "more than %d options; use a file", settings_max);
    } else if (word[0] == 'd') {
        line->dir = value.data;
    } else if (word[0] == 'c') {
        line->file = value.data;
    } else {
        read_index(line, draft, value);
    }
}

static void read_command_line(struct command_line *line, struct config_draft *draft, int argc,
                              char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], "--", 2) == 0 && argv[i][2] != '\0') {
            read_flag(line, draft, argv, argc, &i);
        } else if (strcmp(argv[i], "-h") == 0) {
            line->help = true;
        } else {
            config_draft_problem(draft,
                                 "%.128s: no argument is expected here; options begin with "
                                 "--, see --help",
                                 argv[i]);
        }
    }
}

/* ── paths ── */

static char *format_path(const char *a, const char *b)
{
    struct buf path = {0};

    buf_printf(&path, "%s/%s", a, b);
    buf_add_char(&path, '\0');
    return path.data;
}

static void set_dirs(struct config *config, struct config_draft *draft, const char *dir)
{
    char here[PATH_MAX];
    size_t len = strlen(dir);

    while (len > 1 && dir[len - 1] == '/') {
        len--;
    }
    if (len == 0) {
        config_draft_problem(draft, "--dir: the directory's name is empty; leave --dir and "
                                    "MUSTER_DIR out for ./.muster");
    }
    if (dir[0] == '/') {
        config->dir = heap_text((struct str){dir, len});
    } else {
        struct buf path = {0};

        if (getcwd(here, sizeof(here)) == NULL) {
            config_draft_problem(draft,
                                 "the working directory can't be read: %s; give an absolute "
                                 "--dir",
                                 strerror(errno));
            here[0] = '\0';
        }
        while (len >= 2 && strncmp(dir, "./", 2) == 0) {
            dir += 2;
            len -= 2;
        }
        buf_printf(&path, "%s/%.*s", here, (int)len, dir);
        buf_add_char(&path, '\0');
        config->dir = path.data;
    }
    config->run_dir = format_path(config->dir, "run");
    config->data_dir = format_path(config->dir, "data");
    config->log_dir = format_path(config->dir, "log");
    if (strlen(config->run_dir) + strlen("/replicator.commands") > socket_path_max) {
        config_draft_problem(draft,
                             "%s: sockets in it would have names longer than the %d bytes the "
                             "system allows; choose a shorter --dir",
                             config->dir, socket_path_max);
    }
}

static bool make_dir(const char *path)
{
    char part[PATH_MAX];
    size_t len = strlen(path);

    if (len >= sizeof(part)) {
        errno = ENAMETOOLONG;
        return false;
    }
    for (size_t i = 1; i <= len; i++) {
        if (path[i] != '/' && path[i] != '\0') {
            continue;
        }
        memcpy(part, path, i);
        part[i] = '\0';
        if (mkdir(part, 0700) != 0 && errno != EEXIST) {
            return false;
        }
    }
    return true;
}

/* Nothing is made where others decide what becomes of it. */
static void make_dirs(const struct config *config, struct config_draft *draft)
{
    const char *const paths[] = {config->dir, config->run_dir, config->data_dir, config->log_dir};
    struct buf why = {0};
    enum err err = place_check_way(config->dir, &why);

    for (size_t i = 0; err == ERR_OK && i < sizeof(paths) / sizeof(paths[0]); i++) {
        if (!make_dir(paths[i])) {
            buf_printf(&why, "%s: can't be made: %s; choose another --dir or make it yourself",
                       paths[i], strerror(errno));
            err = ERR_IO;
        } else {
            err = place_check_own(paths[i], &why);
        }
    }
    if (err != ERR_OK) {
        config_draft_problem(draft, "%.*s", STR_ARG(buf_str(&why)));
    }
    buf_fini(&why);
}

/* ── the file ── */

static void load_file(struct config *config, struct config_draft *draft, const char *given)
{
    char *path =
        given != NULL ? heap_text(str_from(given)) : format_path(config->dir, "muster.toml");
    struct buf bytes = {0};

    if (file_read(path, config_toml_bytes_max, &bytes) == ERR_OK) {
        config->file = path;
        config_draft_file(draft, config->file, buf_str(&bytes));
        path = NULL;
    } else if (given != NULL || errno != ENOENT) {
        config_draft_problem(draft,
                             "%s: can't be read: %s; name a readable file with --config, or "
                             "none",
                             path, strerror(errno));
    }
    buf_fini(&bytes);
    free(path);
}

/* ── all of it ── */

static void keep_origins(struct config *config, const struct config_draft *draft)
{
    struct buf where = {0};

    config->origins = heap_array(config_key_count, sizeof(*config->origins));
    for (size_t i = 0; i < config_key_count; i++) {
        where.len = 0;
        config_draft_where(draft, &config_keys[i], &where);
        config->origins[i] = heap_text(buf_str(&where));
    }
    buf_fini(&where);
}

static void print_lines(FILE *to, const char *program, const char *kind, struct str lines)
{
    while (lines.len > 0) {
        const char *end = memchr(lines.data, '\n', lines.len);
        size_t len = end != NULL ? (size_t)(end - lines.data) + 1 : lines.len;

        (void)fprintf(to, "%s: %s%.*s", program, kind, (int)len, lines.data);
        lines = (struct str){lines.data + len, lines.len - len};
    }
}

static enum config_outcome tell_problems(const char *program, const struct config_draft *draft)
{
    print_lines(stderr, program, "", buf_str(&draft->problems));
    if (draft->problem_count > config_problem_max) {
        (void)fprintf(stderr, "%s: and %u more\n", program,
                      draft->problem_count - config_problem_max);
    }
    return CONFIG_FAILED;
}

static void load_values(struct config *config, struct config_draft *draft,
                        const struct command_line *line)
{
    const char *dir = line->dir != NULL ? line->dir : getenv("MUSTER_DIR");
    char hostname[256] = "";

    config->index = line->index;
    set_dirs(config, draft, dir != NULL && (line->dir != NULL || dir[0] != '\0') ? dir : ".muster");
    load_file(config, draft, line->file);
    config_draft_environment(draft, environ);
    for (size_t i = 0; i < line->setting_count; i++) {
        config_draft_set_text(draft, line->settings[i].key,
                              (struct config_source){.origin = CONFIG_FLAG},
                              line->settings[i].text);
    }
    if (gethostname(hostname, sizeof(hostname) - 1) != 0 || hostname[0] == '\0') {
        memcpy(hostname, "localhost", sizeof("localhost"));
    }
    if (draft->problem_count == 0) { /* else it would complain about what follows from them */
        config_draft_finish(draft, hostname);
    }
}

enum config_outcome config_load(struct config *config, const char *purpose, int argc, char **argv)
{
    const char *slash = argc > 0 ? strrchr(argv[0], '/') : NULL;
    const char *program = slash != NULL ? slash + 1 : argc > 0 ? argv[0] : "muster";
    struct command_line line = {0};
    struct config_draft draft;
    struct buf page = {0};
    enum config_outcome outcome = CONFIG_RUN;

    config_draft_init(&draft, config);
    read_command_line(&line, &draft, argc, argv);
    if (line.help || line.man) {
        config_manual(&(struct manual){line.man ? MANUAL_MAN : MANUAL_TEXT, &page}, program,
                      purpose);
        outcome = CONFIG_EXIT;
    } else if (line.version) {
        buf_printf(&page, "%s " MUSTER_VERSION "\n", program);
        outcome = CONFIG_EXIT;
    } else {
        load_values(config, &draft, &line);
        print_lines(stderr, program, "warning: ", buf_str(&draft.warnings));
        if (draft.problem_count == 0 && (line.check || line.print)) {
            if (line.check) {
                config_report(&page, program, &draft);
            } else {
                config_settings(&page, config);
            }
            outcome = CONFIG_EXIT;
        } else if (draft.problem_count == 0) {
            make_dirs(config, &draft);
            keep_origins(config, &draft);
        }
        if (draft.problem_count > 0) {
            outcome = tell_problems(program, &draft);
        }
    }
    (void)fwrite(page.data != NULL ? page.data : "", 1, page.len, stdout);
    (void)fflush(stdout);
    buf_fini(&page);
    config_draft_fini(&draft);
    return outcome;
}

void config_fini(struct config *config)
{
    for (size_t i = 0; i < config_key_count; i++) {
        config_key_free(&config_keys[i], config);
        if (config->origins != NULL) {
            free(config->origins[i]);
        }
    }
    free(config->origins);
    free(config->dir);
    free(config->run_dir);
    free(config->data_dir);
    free(config->log_dir);
    free(config->file);
    *config = (struct config){0};
}
