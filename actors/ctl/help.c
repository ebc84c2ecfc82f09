#include "actors/ctl/help.h"

#include "actors/ctl/verbs.h"
#include "common/config/text_wrap.h"

static const char exit_status[] = "0    done; interrupted, for verbs that go on until then\n"
                                  "1    an answer that says no: a code other than 0\n"
                                  "2    wrong usage\n"
                                  "3    nobody there\n"
                                  "4    no answer in time\n"
                                  "130  interrupted while waiting for an answer";

static void section(struct buf *to, const char *title, const char *text)
{
    buf_printf(to, "\n%s\n", title);
    text_wrap(to, 0, 2, text);
}

/* Keeps the columns, which text_wrap would fold. */
static void exit_section(struct buf *to)
{
    buf_add_str(to, STR("\nEXIT STATUS\n  "));
    for (const char *at = exit_status; *at != '\0'; at++) {
        buf_add_char(to, *at);
        buf_add_str(to, *at == '\n' ? STR("  ") : STR(""));
    }
    buf_add_char(to, '\n');
}

void help_all(struct buf *to)
{
    buf_add_str(to, STR("NAME\n  musterctl - ask a muster node, by hand or from a script\n"
                        "\nSYNOPSIS\n  musterctl [--dir=DIR] VERB [ARGUMENT]... [OPTION]...\n"
                        "  musterctl VERB --help\n  musterctl --help | --version\n"));
    section(
        to, "DESCRIPTION",
        "register to nodes, and watch, speak the HTTP API of the node; digest, schedule and tap to "
        "shutdown speak to its actors on their sockets in DIR/run. ACTOR is registry, replicator, "
        "evictor, gateway.0, store or etcd.0; of a second gateway gateway.1.");
    buf_add_str(to, STR("\nVERBS\n"));
    for (const struct ctl_verb *verb = ctl_verbs; verb->name != NULL; verb++) {
        size_t from = to->len;

        if (ctl_verb_hidden(verb)) {
            continue;
        }
        buf_printf(to, "  %s %s ", verb->name, verb->arguments);
        text_wrap(to, to->len - from, 28, verb->summary);
    }
    buf_add_str(to, STR("\nOPTIONS\n  Each verb has some of these; VERB --help says which.\n\n"));
    options_help(UINT64_MAX, to);
    section(
        to, "ENVIRONMENT",
        "MUSTER_DIR is used where --dir is not given, MUSTER_URL where neither --url nor --dir is. "
        "MUSTER_SECTION_KEY, such as "
        "MUSTER_NODE_ENV, stands for a key of the configuration of a node that does not run.");
    section(
        to, "FILES",
        "DIR/run/gateway.0.toml: what the node's gateway runs with; the address of the HTTP API, "
        "the zone, the env and the region come from it, and where actors on other hosts are. "
        "DIR/muster.toml: the same, where no gateway runs.\nDIR/run: the sockets of the "
        "actors.");
    exit_section(to);
    buf_add_str(to, STR("\nEXAMPLES\n"
                        "  musterctl register demo.hello --addr=http://10.0.0.5:8080 --keep\n"
                        "  musterctl fetch demo.hello -o json\n"
                        "  musterctl watch demo.hello\n"
                        "  musterctl tap registry.change.dev. -o json\n"
                        "  musterctl ping\n"));
}

void help_verb(const struct ctl_verb *verb, struct buf *to)
{
    buf_printf(to, "NAME\n  musterctl %s - %s\n\nSYNOPSIS\n  musterctl %s%s%s [OPTION]...\n",
               verb->name, verb->summary, verb->name, verb->arguments[0] != '\0' ? " " : "",
               verb->arguments);
    section(to, "DESCRIPTION", verb->description);
    buf_add_str(to, STR("\nOPTIONS\n"));
    options_help(verb->options, to);
    if ((verb->options & OPTION_BIT(TIMEOUT)) != 0) {
        buf_printf(to, "\n  The default of --timeout is %s.\n", verb->timeout);
    }
    exit_section(to);
}
