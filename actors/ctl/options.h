/* The command line of a verb, read against one table of options. */
#ifndef ACTORS_CTL_OPTIONS_H
#define ACTORS_CTL_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/str.h"
#include "common/config/manual.h"

// clang-format off
/*  name      text        value       checked as  help */
#define OPTION_TABLE(X)                                                                                  \
    X(DIR,      "dir",      "DIR",      TEXT,     "where the node lives; default ./.muster, or MUSTER_DIR")                     \
    X(URL,      "url",      "URL",      URL,      "its HTTP address; default MUSTER_URL, or where the gateway listens that runs in DIR") \
    X(ENDPOINT, "endpoint", "ENDPOINT", ENDPOINT, "the ZeroMQ address to use instead of those in DIR/run, such as ipc:///x/registry.commands") \
    X(KEYS,     "keys",     "DIR",      TEXT,     "directory of keys (keygen) for a tcp:// address; default peers.keys of the configuration") \
    X(NAME,     "name",     "NAME",     TEXT,     "the host others reach this one at; default this host's name") \
    X(OUTPUT,   "output",   "FORMAT",   OUTPUT,   "table, for people (default), wide, json, csv or name; -o for short")                         \
    X(TIMEOUT,  "timeout",  "DURATION", DURATION, "longest wait for an answer, at most 24h; 0s: for ever")                      \
    X(ZONE,     "zone",     "ZONE",     TEXT,     "zone of the instances; default node.zone of the configuration; fetch: only this zone") \
    X(ENV,      "env",      "ENV",      TEXT,     "env of the instances; default node.env of the configuration")                \
    X(REGION,   "region",   "REGION",   TEXT,     "region; default node.region of the configuration")                           \
    X(APPID,    "appid",    "APPID",    TEXT,     "the same as the argument APPID")                                             \
    X(HOSTNAME, "hostname", "HOSTNAME", TEXT,     "name of the instance; default this host's; set: may be repeated")            \
    X(ADDR,     "addr",     "ADDR",     TEXT,     "address such as http://10.0.0.5:8080; may be repeated")                      \
    X(METADATA, "metadata", "KEY=VALUE",METADATA, "may be repeated; set: added to what is there")                               \
    X(VERSION,  "version",  "VERSION",  TEXT,     "version of the instance")                                                    \
    X(STATUS,   "status",   "STATUS",   STATUS,   "up (1) or waiting (2); fetch: also all (3)")                                 \
    X(KEEP,     "keep",     NULL,       NONE,     "go on with heartbeats until interrupted")                                    \
    X(EVERY,    "every",    "DURATION", PERIOD,   "time between heartbeats, 100ms to 1h; default 30s")                          \
    X(COUNT,    "count",    "NUMBER",   NUMBER,   "end after this many lines")                                                  \
    X(LEAVE,    "leave",    NULL,       NONE,     "the node goes for good: its infra.discovery instance is cancelled")           \
    X(FORCE,    "force",    NULL,       NONE,     "also if changes that are in memory only are lost by it; backup, restore: replace what is there")                      \
    X(ACKNOWLEDGE, "acknowledge", NULL, NONE,     "what damage has cost is known: it is not shown any more")                     \
    X(FILE,     "file",     "FILE",     TEXT,     "a schedule as registry.schedules holds it; -: standard input")              \
    X(REMOVE,   "remove",   NULL,       NONE,     "the app has no schedule any more")                                           \
    X(KINDS,    "kinds",    "KIND,KIND", TEXT,    "of these kinds alone: register, re-register, set, cancel, evict, round, protection, node, storage, actor, schedule") \
    X(LAST,     "last",     "NUMBER",   NUMBER,   "begin with so many that the node has kept")                                  \
    X(REV,      "rev",      "NUMBER",   NUMBER,   "from this revision on; default: from now on")                                \
    X(PREFIX,   "prefix",   NULL,       NONE,     "all keys that begin with KEY; KEY may be empty")                             \
    X(HELP,     "help",     NULL,       NONE,     "say what the verb does")
// clang-format on

enum option {
#define OPTION_ENUM(NAME, text, value, check, help) OPTION_##NAME,
    OPTION_TABLE(OPTION_ENUM)
#undef OPTION_ENUM
        OPTION_COUNT_OF
};

#define OPTION_BIT(NAME) (UINT64_C(1) << OPTION_##NAME)

enum output_form { OUTPUT_TABLE, OUTPUT_WIDE, OUTPUT_JSON, OUTPUT_CSV, OUTPUT_NAME };

enum { option_values_max = 64, option_arguments_max = 256 };

/* All texts are borrowed from the command line. */
struct options {
    const char *values[OPTION_COUNT_OF][option_values_max];
    size_t counts[OPTION_COUNT_OF];
    const char *arguments[option_arguments_max]; /* what is no option */
    size_t argument_count;
};

/* Reads what follows the verb; mask: the options it may have. Errors: ERR_INVALID, with what is
 * wrong and what to do appended to why. Order does not matter; after "--" all are arguments. */
enum err options_parse(struct options *self, uint64_t mask, int argc, char **argv, struct buf *why);

bool options_has(const struct options *self, enum option option);
/* The last value given, or otherwise. */
const char *options_text(const struct options *self, enum option option, const char *otherwise);
/* Checked when it was parsed. */
int64_t options_duration_ms(const struct options *self, enum option option, const char *otherwise);
int64_t options_number(const struct options *self, enum option option, int64_t otherwise);
/* 1, 2 or 3. */
uint32_t options_status(const struct options *self, uint32_t otherwise);

/* table when it was not given. */
enum output_form options_form(const struct options *self);

bool options_url_sound(const char *text); /* http://host:port */

/* Whether word is an option whose value is the next word, whatever the verb. */
bool options_takes_next(const char *word);

/* Items of --help for those in mask. */
void options_help(uint64_t mask, struct manual *page);
/* The names of those in mask: "--dir= --keep"; the = of those that take a value. */
void options_names(uint64_t mask, struct buf *to);

#endif
