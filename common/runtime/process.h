/* What every actor's main begins with: the configuration, the log, the ways to other hosts.
 *
 *   process_begin(&config, &log, …);
 *   err = process_net_begin(&net, &spec, &config, &log);
 *   … the core, which may tell others net.keys->public_key …
 *   options = (struct actor_options){.spec = …};
 *   process_net_fill(&net, &config, &log, &options);
 *   err = actor_run(&options);
 *   process_net_end(&net);
 *   process_end(&config, &log);
 *   return process_status(err);
 */
#ifndef COMMON_RUNTIME_PROCESS_H
#define COMMON_RUNTIME_PROCESS_H

#include "common/base/log.h"
#include "common/config/config.h"
#include "common/runtime/actor.h"
#include "common/runtime/curve.h"
#include "common/runtime/endpoint.h"

/* Loads the configuration (config_load), sets up the log on stderr as it says, and raises the limit
 * of descriptors to what is allowed, 65,536 at most. True: go on, and call process_end at the end.
 * False: all is said (help, or what is wrong) and freed; exit with *status. */
bool process_begin(struct config *config, struct log *log, enum actor_name actor,
                   const char *purpose, const struct clock *clock, int argc, char **argv,
                   int *status);
/* Frees both; what was borrowed from them ends before. */
void process_end(struct config *config, struct log *log);

/* Of a process that ended so. 78 (ERR_UNUSABLE): starting it again is no use before a person has
 * seen to it, so the launcher and systemd's units don't. */
enum { process_refused = 78 };
int process_status(enum err err);

struct process_net {
    struct endpoint at[ACTOR_COUNT];
    /* NULL: peers.keys names none, or this process has no socket that leaves the host. Owned, on
     * pages that no core file takes in. */
    struct curve_keys *keys;
};

/* Reads the keys, if an actor of this spec needs them. Errors, said on the log: as of curve_load;
 * process_net_end also after one. */
enum err process_net_begin(struct process_net *self, const struct actor_spec *spec,
                           const struct config *config, const struct log *log);
void process_net_end(struct process_net *self);
/* Sets run_dir, log, at and keys; and the tcp door of a spec that has one: none where it would be
 * open to anybody without keys, which is said on the log where other hosts may look for it. One on
 * loopback that every user of this host could enter waits for the first other node, unless some are
 * configured. What is set is borrowed. */
void process_net_fill(const struct process_net *self, const struct config *config, struct log *log,
                      struct actor_options *options);

#endif
