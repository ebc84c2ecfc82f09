/* A configuration in the making: the values, where each came from, and all that is
 * wrong with them. The steps below are called in this order, each overrides the one
 * before. Nothing here reads a file, the environment or the clock: it is handed in.
 */
#ifndef COMMON_CONFIG_DRAFT_H
#define COMMON_CONFIG_DRAFT_H

#include "common/config/manual.h"
#include "common/config/table.h"

enum { config_problem_max = 20 };

enum config_origin {
    CONFIG_DEFAULT,
    CONFIG_DERIVED, /* from other values: node.name, gateway.advertise */
    CONFIG_FILE,
    CONFIG_REFERENCE_VARIABLE, /* one that counts beside a discovery.toml */
    CONFIG_ENVIRONMENT,
    CONFIG_FLAG,
};

struct config_source {
    enum config_origin origin;
    uint32_t line;        /* of the file */
    const char *variable; /* the reference's */
};

struct config_draft {
    struct config *config; /* borrowed */
    const char *file;      /* its name for messages, borrowed; NULL without one */
    bool reference_form;   /* the file is a bilibili discovery.toml */
    struct config_source sources[config_key_count];
    struct buf problems; /* a line each, at most config_problem_max; none: all is well */
    uint32_t problem_count;
    struct buf warnings; /* a line each */
    struct buf mapping;  /* of a discovery.toml: a line a key of the file */
};

/* Fills in the defaults. config is overwritten, and freed by the caller's config_fini. */
void config_draft_init(struct config_draft *self, struct config *config);
void config_draft_fini(struct config_draft *self); /* not the config */

void config_draft_problem(struct config_draft *self, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* "muster.toml:12", "MUSTER_A_B_C", "--a.b_c", "the default". */
void config_draft_where(const struct config_draft *self, const struct config_key *key,
                        struct buf *to);
/* Stores and remembers the source, or adds a problem in which wrote is the value as written. */
void config_draft_set(struct config_draft *self, const struct config_key *key,
                      struct config_source source, struct str wrote, const struct str *items,
                      size_t count);
void config_draft_set_text(struct config_draft *self, const struct config_key *key,
                           struct config_source source, struct str text);

/* The bytes of a file, either form. name: for messages; borrowed like file. */
void config_draft_file(struct config_draft *self, const char *name, struct str bytes);
/* "NAME=VALUE", NULL-terminated; others than MUSTER_* are passed over, but for those that go with a
 * discovery.toml. */
void config_draft_environment(struct config_draft *self, char *const *environment);
/* What hangs together: fills in what was left to be derived and checks the rest. */
void config_draft_finish(struct config_draft *self, const char *hostname);

struct config_toml_value;
/* A value of a discovery.toml; and, after the last, the lists that were gathered. */
struct config_discovery {
    struct config_draft *draft; /* borrowed */
    struct buf zones;           /* zone=host:port, comma-separated */
    struct config_source zones_source;
};
void config_discovery_value(void *state, const struct config_toml_value *value);
void config_discovery_end(struct config_discovery *self);
/* Variables that the reference reads: REGION, ZONE, DEPLOY_ENV, where the file says nothing. */
void config_discovery_environment(struct config_draft *draft, char *const *environment);

/* Manual page and --check-config. */
void config_manual(struct manual *page, const char *program, const char *purpose);
void config_report(struct buf *to, const char *program, const struct config_draft *draft);
/* All keys as SECTION.KEY=VALUE, a line each, without quotes. */
void config_settings(struct buf *to, const struct config *config);
/* All keys, as a file of the configuration. */
void config_print(struct buf *to, const struct config *config);

#endif
