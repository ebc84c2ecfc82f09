/* The rows of CONFIG_TABLE at run time: reading a value's text, checking it, printing
 * it, and finding the key somebody meant.
 */
#ifndef COMMON_CONFIG_TABLE_H
#define COMMON_CONFIG_TABLE_H

#include <stddef.h>

#include "common/config/config.h"

enum config_kind {
    config_kind_is_text,
    config_kind_is_list,
    config_kind_is_duration,
    config_kind_is_size,
    config_kind_is_number,
    config_kind_is_share,
    config_kind_is_flag,
};

struct config_key {
    const char *section;
    const char *name;
    enum config_kind kind;
    const char *default_text;
    int64_t min;
    int64_t max;
    const char *help;
    size_t offset; /* of the value in struct config */
};

enum {
#define CONFIG_ONE(section, name, kind, default_text, min, max, help) +1
    config_key_count = 0 CONFIG_TABLE(CONFIG_ONE)
#undef CONFIG_ONE
};

extern const struct config_key config_keys[config_key_count];

/* "gateway.listen". NULL when there is none. */
const struct config_key *config_key_find(struct str section, struct str name);
const struct config_key *config_key_named(struct str full);
/* The key most like what was written, by edit distance; NULL when none is close. */
const struct config_key *config_key_nearest(struct str full);

void config_key_name(const struct config_key *key, struct buf *to);        /* gateway.listen */
void config_key_environment(const struct config_key *key, struct buf *to); /* MUSTER_GATEWAY_… */

/* Reads and stores a value, the old one is freed. count is 1 but for a list.
 * Errors: ERR_INVALID, with what was expected appended to why, ending in a remedy. */
enum err config_key_set(const struct config_key *key, struct config *config,
                        const struct str *items, size_t count, struct buf *why);
/* From one text: a list is split at commas, blanks around items are dropped. */
enum err config_key_set_text(const struct config_key *key, struct config *config, struct str text,
                             struct buf *why);

/* "30s", "1h30m". Errors: ERR_MALFORMED, ERR_TOO_LARGE. */
enum err config_duration_parse(struct str text, int64_t *ms);

/* store.compaction_retention as store.compaction_mode has it: ms, or revisions; 0: never; -1: it is
 * neither. */
int64_t config_retention(const struct config *config);

/* As TOML: "30s" with its quotes, 4, true, ["a", "b"]. */
void config_key_print(const struct config_key *key, const struct config *config, struct buf *to);
/* As it would be given on the command line: 30s, 4, true, a,b. */
void config_key_plain(const struct config_key *key, const struct config *config, struct buf *to);
void config_key_default(const struct config_key *key, struct buf *to); /* as TOML */
void config_key_range(const struct config_key *key, struct buf *to); /* "100ms to 5m"; may be "" */
void config_key_free(const struct config_key *key, struct config *config);

/* A double-quoted string as TOML and people read it. */
void config_quote(struct str text, struct buf *to);

#endif
