/* The manual page and the report of --check-config, from the table. */
#include <string.h>

#include "common/config/draft.h"
#include "common/config/manual.h"

static const char *placeholder(enum config_kind kind)
{
    static const char *const words[] = {
        [config_kind_is_text] = "TEXT",         [config_kind_is_list] = "ITEM,ITEM,...",
        [config_kind_is_duration] = "DURATION", [config_kind_is_size] = "SIZE",
        [config_kind_is_number] = "NUMBER",     [config_kind_is_share] = "SHARE",
        [config_kind_is_flag] = "true|false",
    };

    return words[kind];
}

static void help_key(struct manual *page, const struct config_key *key)
{
    struct buf term = {0};
    struct buf text = {0};
    struct buf range = {0};

    buf_printf(&term, "--%s.%s=%s%c", key->section, key->name, placeholder(key->kind), 0);
    config_key_range(key, &range);
    buf_printf(&text, "%s.\nDefault ", key->help);
    config_key_default(key, &text);
    buf_printf(&text, "%s%.*s. Environment ", range.len > 0 ? "; " : "", STR_ARG(buf_str(&range)));
    config_key_environment(key, &text);
    buf_add(&text, ".", 2); /* and its NUL */
    manual_blank(page);
    manual_item(page, term.data, 0, text.data);
    buf_fini(&range);
    buf_fini(&text);
    buf_fini(&term);
}

static const char *const general[][2] = {
    {"--dir=DIR", "Where this node lives: DIR/run (sockets, pids, locks), DIR/data, DIR/log; made "
                  "with mode 0700 when absent. Default ./.muster. Environment MUSTER_DIR."},
    {"--config=FILE", "The configuration file. Default DIR/muster.toml, if it is there."},
    {"--index=NUMBER", "Which of several gateways on one port this is: 0 to 63. Default 0."},
    {"--check-config", "Print every value in force with where it came from, and of a bilibili "
                       "discovery.toml what becomes of each of its keys; then exit. Starts "
                       "nothing, makes no directory."},
    {"--settings",
     "Print every value in force, a line each: SECTION.KEY=VALUE, for scripts. What is "
     "no printing character is written \\xNN; lists are separated by commas."},
    {"--help", "Print this page and exit."},
    {"--man", "Print it in the macros of man(7) and exit."},
    {"--version", "Print the version and exit."},
};

static void help_description(struct manual *page)
{
    manual_section(page, "DESCRIPTION");
    manual_text(
        page,
        "One process of a muster node. It runs in the foreground until SIGTERM or SIGINT, logs to "
        "stderr, and waits for the other processes of the node where it needs them; they may "
        "start in any order. The command ./muster up starts them all.\n"
        "\n"
        "A value comes from the command line, else the environment, else the file, else its "
        "default. A key gateway.poll_wait is written --gateway.poll_wait=30s on the command line "
        "(or with a blank instead of the =), MUSTER_GATEWAY_POLL_WAIT=30s in the environment, and "
        "in the file as poll_wait = \"30s\" in section [gateway].\n"
        "\n"
        "A DURATION is a number with ms, s, m or h, such as 250ms or 1h30m; a SIZE one with B, "
        "KiB, MiB or GiB; a SHARE lies between 0 and 1. Lists are separated by commas, in the "
        "file they are arrays. Of a true|false key, --KEY alone means true. Unknown keys and bad "
        "values are refused.");
}

static void help_end(struct manual *page)
{
    manual_section(page, "ENVIRONMENT");
    manual_item(page, "MUSTER_DIR", 0, "As --dir.");
    manual_blank(page);
    manual_item(page, "MUSTER_SECTION_KEY", 0,
                "As --SECTION.KEY, for every key above. Another variable that begins with MUSTER_ "
                "is named in a warning and not used.");
    manual_section(page, "FILES");
    manual_item(page, "DIR/muster.toml", 0,
                "The configuration. config/muster.toml of the source tree is a commented one with "
                "every key. A file with a section [httpServer] is taken as the discovery.toml of "
                "bilibili/discovery, and its keys are mapped.");
    manual_blank(page);
    manual_item(page, "DIR/run/<actor>.commands, .facts, .pid, .lock", 0,
                "The actor's sockets, its process id, and the lock that keeps a second one out.");
    manual_blank(page);
    manual_item(page, "DIR/data, DIR/log", 0,
                "The registry's journal and snapshots; logs of processes started by ./muster.");
    manual_section(page, "EXIT STATUS");
    manual_text(page,
                "0  ended in good order, or --help, --version, --check-config, --settings "
                "without a fault\n"
                "1  could not start or go on; the last line on stderr says why and what to do");
}

void config_manual(struct manual *page, const char *program, const char *purpose)
{
    struct buf synopsis = {0};

    manual_begin(page, program, 8, purpose);
    manual_section(page, "SYNOPSIS");
    buf_printf(&synopsis,
               "%s [--dir=DIR] [--config=FILE] [--SECTION.KEY=VALUE]...\n"
               "%s --check-config | --settings | --help | --man | --version%c",
               program, program, 0);
    manual_lines(page, synopsis.data);
    buf_fini(&synopsis);
    help_description(page);
    manual_section(page, "OPTIONS");
    for (size_t i = 0; i < sizeof(general) / sizeof(general[0]); i++) {
        if (i > 0) {
            manual_blank(page);
        }
        manual_item(page, general[i][0], 0, general[i][1]);
    }
    for (size_t i = 0; i < config_key_count; i++) {
        help_key(page, &config_keys[i]);
    }
    help_end(page);
}

static void report_source(struct buf *to, const struct config_draft *draft,
                          const struct config_key *key)
{
    buf_add_str(to, STR("  # "));
    if (draft->sources[key - config_keys].origin == CONFIG_DEFAULT) {
        buf_add_str(to, STR("default"));
    } else if (strcmp(key->section, "node") != 0 &&
               draft->sources[key - config_keys].origin == CONFIG_DERIVED) {
        buf_printf(to, "from %s.listen", strcmp(key->section, "etcd") == 0 ? "etcd" : "gateway");
    } else if (draft->sources[key - config_keys].origin == CONFIG_DERIVED) {
        buf_add_str(to, STR("from the host's name and gateway.listen"));
    } else {
        config_draft_where(draft, key, to);
    }
    buf_add_char(to, '\n');
}

/* draft: says where each value came from; NULL: unsaid. */
static void print_keys(struct buf *to, const struct config *config,
                       const struct config_draft *draft)
{
    const char *section = "";

    for (size_t i = 0; i < config_key_count; i++) {
        const struct config_key *key = &config_keys[i];

        if (strcmp(section, key->section) != 0) {
            section = key->section;
            buf_printf(to, "\n[%s]\n", section);
        }
        buf_printf(to, "%s = ", key->name);
        config_key_print(key, config, to);
        if (draft != NULL) {
            report_source(to, draft, key);
        } else {
            buf_add_char(to, '\n');
        }
    }
}

void config_report(struct buf *to, const char *program, const struct config_draft *draft)
{
    const struct config *config = draft->config;

    buf_printf(to, "# %s " MUSTER_VERSION "\n# dir  %s\n# file %s%s\n", program, config->dir,
               draft->file != NULL ? draft->file : "none",
               draft->reference_form ? " (a discovery.toml of bilibili/discovery)" : "");
    if (draft->reference_form) {
        struct str rest = buf_str(&draft->mapping);

        buf_add_str(to, STR("#\n# What becomes of its keys:\n"));
        while (rest.len > 0) {
            const char *end = memchr(rest.data, '\n', rest.len);
            size_t len = end != NULL ? (size_t)(end - rest.data) : rest.len;

            buf_printf(to, "#   %.*s\n", (int)len, rest.data);
            rest = (struct str){rest.data + len + 1, rest.len - len - 1};
        }
    }
    print_keys(to, config, draft);
}

void config_print(struct buf *to, const struct config *config)
{
    print_keys(to, config, NULL);
}

void config_settings(struct buf *to, const struct config *config)
{
    for (size_t i = 0; i < config_key_count; i++) {
        struct buf value = {0};

        buf_printf(to, "%s.%s=", config_keys[i].section, config_keys[i].name);
        config_key_plain(&config_keys[i], config, &value);
        for (size_t at = 0; at < value.len; at++) {
            unsigned char c = (unsigned char)value.data[at];

            if (c < ' ' || c == 0x7f) {
                buf_printf(to, "\\x%02x", c);
            } else {
                buf_add_char(to, (char)c);
            }
        }
        buf_add_char(to, '\n');
        buf_fini(&value);
    }
}
