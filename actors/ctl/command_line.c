#include "actors/ctl/command_line.h"

#include <string.h>
#include <unistd.h>

#include "actors/ctl/help.h"
#include "actors/ctl/node.h"
#include "actors/ctl/suggest.h"
#include "actors/ctl/verbs.h"

static const struct ctl_verb *verb_named(const char *name)
{
    for (const struct ctl_verb *verb = ctl_verbs; verb->name != NULL; verb++) {
        if (strcmp(verb->name, name) == 0) {
            return verb;
        }
    }
    return NULL;
}

static void say_unknown(const struct ctl *ctl, const char *name)
{
    struct suggestion suggestion;
    struct buf meant = {0};

    suggest_begin(&suggestion, str_from(name));
    for (const struct ctl_verb *verb = ctl_verbs; verb->name != NULL; verb++) {
        if (!ctl_verb_hidden(verb)) {
            suggest_offer(&suggestion, str_from(verb->name));
        }
    }
    suggest_print(&suggestion, "", &meant);
    ctl_say(ctl, "%s: no such verb; musterctl --help lists them%.*s", name,
            STR_ARG(buf_str(&meant)));
    buf_fini(&meant);
}

/* Whether the verb can write in the form that was asked for. */
static bool has_form(const struct ctl *ctl)
{
    enum output_form form = ctl_form(ctl);
    bool one_row_a_line = form == OUTPUT_CSV || form == OUTPUT_NAME;

    if (ctl->verb->prints == PRINTS_ROWS || !one_row_a_line) {
        return true;
    }
    ctl_say(ctl, "%s: -o %s is for verbs that show rows, such as fetch; here it is %s",
            ctl->verb->name, form == OUTPUT_CSV ? "csv" : "name",
            ctl->verb->prints == PRINTS_LINES ? "table, wide or json" : "table or json");
    return false;
}

/* Index of the verb, argc without one: options may come before it. */
static int find_verb(int argc, char **argv)
{
    int at = 1;

    while (at < argc && argv[at][0] == '-') {
        at += options_takes_next(argv[at]) ? 2 : 1;
    }
    return at < argc ? at : argc;
}

static enum ctl_exit without_verb(struct ctl *ctl, int argc, char **argv)
{
    struct buf page = {0};
    struct buf why = {0};

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--version") == 0) {
            ctl_print(ctl, STR("musterctl " MUSTER_VERSION));
            return CTL_OK;
        }
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            help_all(&(struct manual){MANUAL_TEXT, &page}, ctl->verbs, HELP_OVERVIEW);
            ctl_put(ctl, buf_str(&page));
            buf_fini(&page);
            return CTL_OK;
        }
    }
    if (options_parse(&ctl->options, UINT64_MAX, argc - 1, argv + 1, &why) != ERR_OK) {
        ctl_say(ctl, "%.*s", STR_ARG(buf_str(&why)));
    } else {
        ctl_say(ctl,
                "a verb is missing, such as fetch, watch or ping; musterctl --help lists them");
    }
    buf_fini(&why);
    return CTL_USAGE;
}

static enum ctl_exit read_options(struct ctl *ctl, int argc, char **argv, int at)
{
    const struct ctl_verb *verb = ctl->verb;
    struct buf why = {0};
    enum err err = options_parse(&ctl->options, verb->options, at - 1, argv + 1, &why);

    if (err == ERR_OK) {
        err = options_parse(&ctl->options, verb->options, argc - at - 1, argv + at + 1, &why);
    }
    if (err != ERR_OK) {
        ctl_say(ctl, "%s: %.*s", verb->name, STR_ARG(buf_str(&why)));
    } else if (!options_has(&ctl->options, OPTION_HELP) &&
               (ctl->options.argument_count < verb->arguments_min ||
                ctl->options.argument_count > verb->arguments_max)) {
        ctl_say(ctl, "%s: %zu arguments; expected: musterctl %s %s", verb->name,
                ctl->options.argument_count, verb->name, verb->arguments);
        err = ERR_INVALID;
    } else if (!has_form(ctl)) {
        err = ERR_INVALID;
    }
    buf_fini(&why);
    return err == ERR_OK ? CTL_OK : CTL_USAGE;
}

static enum ctl_exit run_verb(struct ctl *ctl)
{
    const struct ctl_verb *verb = ctl->verb;
    bool has_dir = !ctl_verb_hidden(verb) && (verb->options & OPTION_BIT(DIR)) != 0;
    enum ctl_exit outcome = has_dir ? node_find(ctl) : CTL_OK;

    if (outcome == CTL_OK &&
        (verb->prints == PRINTS_LINES || options_has(&ctl->options, OPTION_KEEP))) {
        ctl_catch_stop(ctl);
    }
    if (outcome == CTL_OK) {
        outcome = verb->run(ctl);
    }
    if (ctl->stop_fd >= 0) {
        (void)close(ctl->stop_fd);
    }
    if (!ctl_verb_hidden(verb)) {
        config_fini(&ctl->config);
    }
    buf_fini(&ctl->url);
    return outcome;
}

enum ctl_exit command_line_run(struct ctl *ctl, int argc, char **argv)
{
    int at = find_verb(argc, argv);
    enum ctl_exit outcome;

    ctl->verbs = ctl_verbs;
    if (at == argc) {
        return without_verb(ctl, argc, argv);
    }
    ctl->verb = verb_named(argv[at]);
    if (ctl->verb == NULL) {
        say_unknown(ctl, argv[at]);
        return CTL_USAGE;
    }
    outcome = read_options(ctl, argc, argv, at);
    if (outcome != CTL_OK) {
        return outcome;
    }
    if (options_has(&ctl->options, OPTION_HELP)) {
        struct buf page = {0};

        help_verb(ctl->verb, &(struct manual){MANUAL_TEXT, &page});
        ctl_put(ctl, buf_str(&page));
        buf_fini(&page);
        return CTL_OK;
    }
    return run_verb(ctl);
}
