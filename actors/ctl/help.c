#include "actors/ctl/help.h"

#include "common/config/draft.h"

static const char exit_status[] = "0    done; interrupted, for verbs that go on until then\n"
                                  "1    an answer that says no: a code other than 0; output lost\n"
                                  "2    wrong usage\n"
                                  "3    nobody there\n"
                                  "4    no answer in time\n"
                                  "130  interrupted while waiting for an answer";

static const char forms[] =
    "-o table: columns for people, as wide as a terminal shows them. -o wide: all there are. "
    "-o json: what an API answers as it is; else an object a row, a line each. -o csv: a line of "
    "names, then one a row. -o name: of each row only what tells it from the others. Times are "
    "local, with their zone; in JSON and CSV they are UTC.";

static void section(struct manual *page, const char *title, const char *text)
{
    manual_section(page, title);
    manual_text(page, text);
}

static void verb_details(const struct ctl_verb *verb, struct manual *page)
{
    struct buf text = {0};

    buf_printf(&text, "%s %s%c", verb->name, verb->arguments, 0);
    manual_part(page, text.data);
    text.len = 0;
    buf_printf(&text, "%s\n\nOptions: ", verb->description);
    options_names(verb->options, &text);
    buf_printf(&text, ". %s%s%c",
               (verb->options & OPTION_BIT(TIMEOUT)) != 0 ? "The default of --timeout is " : "",
               (verb->options & OPTION_BIT(TIMEOUT)) != 0 ? verb->timeout : "", 0);
    manual_text(page, text.data);
    buf_fini(&text);
}

static void list_verbs(struct manual *page, const struct ctl_verb *verbs, enum help_depth depth)
{
    manual_section(page, "VERBS");
    for (const struct ctl_verb *verb = verbs; verb->name != NULL; verb++) {
        struct buf term = {0};

        if (ctl_verb_hidden(verb)) {
            continue;
        }
        if (depth == HELP_WITH_VERBS) {
            verb_details(verb, page);
        } else {
            buf_printf(&term, "%s%s%s%c", verb->name, verb->arguments[0] != '\0' ? " " : "",
                       verb->arguments, 0);
            manual_item(page, term.data, 28, verb->summary);
        }
        buf_fini(&term);
    }
}

void help_all(struct manual *page, const struct ctl_verb *verbs, enum help_depth depth)
{
    manual_begin(page, "musterctl", 1, "ask a muster node, by hand or from a script");
    manual_section(page, "SYNOPSIS");
    manual_lines(page, "musterctl [--dir=DIR] VERB [ARGUMENT]... [OPTION]...\n"
                       "musterctl VERB --help\n"
                       "musterctl --help | --version");
    section(
        page, "DESCRIPTION",
        "register to fetch, status to events, watch, export and import speak the HTTP API of the "
        "node; the "
        "others speak to its actors on their sockets in DIR/run. ACTOR is registry, replicator, "
        "evictor, gateway.0, store or etcd.0; of a second gateway gateway.1.");
    list_verbs(page, verbs, depth);
    section(page, "OPTIONS", "Each verb has some of these; VERB --help says which.");
    manual_blank(page);
    options_help(UINT64_MAX, page);
    section(page, "OUTPUT", forms);
    section(
        page, "ENVIRONMENT",
        "MUSTER_DIR is used where --dir is not given, MUSTER_URL where neither --url nor --dir "
        "is. MUSTER_SECTION_KEY, such as MUSTER_NODE_ENV, stands for a key of the configuration "
        "of a node that does not run.");
    section(page, "FILES",
            "DIR/run/gateway.0.toml: what the node's gateway runs with; the address of the HTTP "
            "API, the zone, the env and the region come from it, and where actors on other hosts "
            "are. DIR/muster.toml: the same, where no gateway runs.\nDIR/run: the sockets of the "
            "actors.");
    manual_section(page, "EXIT STATUS");
    manual_lines(page, exit_status);
    manual_section(page, "EXAMPLES");
    manual_lines(page, "musterctl register demo.hello --addr=http://10.0.0.5:8080 --keep\n"
                       "musterctl fetch demo.hello -o json\n"
                       "musterctl watch demo.hello\n"
                       "musterctl tap registry.change.dev. -o json\n"
                       "musterctl ping");
}

void help_verb(const struct ctl_verb *verb, struct manual *page)
{
    struct buf text = {0};

    buf_printf(&text, "musterctl %s%c", verb->name, 0);
    manual_begin(page, text.data, 1, verb->summary);
    manual_section(page, "SYNOPSIS");
    text.len = 0;
    buf_printf(&text, "musterctl %s%s%s [OPTION]...%c", verb->name,
               verb->arguments[0] != '\0' ? " " : "", verb->arguments, 0);
    manual_lines(page, text.data);
    section(page, "DESCRIPTION", verb->description);
    manual_section(page, "OPTIONS");
    options_help(verb->options, page);
    if ((verb->options & OPTION_BIT(TIMEOUT)) != 0) {
        text.len = 0;
        buf_printf(&text, "The default of --timeout is %s.%c", verb->timeout, 0);
        manual_blank(page);
        manual_text(page, text.data);
    }
    manual_section(page, "EXIT STATUS");
    manual_lines(page, exit_status);
    buf_fini(&text);
}

void help_config(struct manual *page)
{
    manual_begin(page, "muster.toml", 5, "the configuration of a muster node");
    section(page, "DESCRIPTION",
            "A TOML file: sections with keys. It is DIR/muster.toml, or what --config names. A "
            "value on the command line (--SECTION.KEY=VALUE) and one in the environment "
            "(MUSTER_SECTION_KEY) come before it. Unknown keys and bad values are refused. The "
            "programs' --check-config prints what is in force, and where each value is from.\n\n"
            "A duration is \"250ms\", \"30s\", \"1h30m\"; a size \"16KiB\"; a list an array of "
            "texts.");
    for (size_t i = 0; i < config_key_count; i++) {
        const struct config_key *key = &config_keys[i];
        struct buf text = {0};
        struct buf range = {0};

        if (i == 0 || strcmp(key->section, config_keys[i - 1].section) != 0) {
            buf_printf(&text, "[%s]%c", key->section, 0);
            manual_section(page, text.data);
            text.len = 0;
        } else {
            manual_blank(page);
        }
        config_key_range(key, &range);
        buf_printf(&text, "%s. Default ", key->help);
        config_key_default(key, &text);
        buf_printf(&text, "%s%.*s.%c", range.len > 0 ? "; " : "", STR_ARG(buf_str(&range)), 0);
        manual_item(page, key->name, 0, text.data);
        buf_fini(&range);
        buf_fini(&text);
    }
    section(page, "SEE ALSO", "muster(1), musterctl(1), muster-registry(8)");
}
