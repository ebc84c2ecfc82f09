/* The node a verb speaks to: that of --dir, as it runs. */
#ifndef ACTORS_CTL_NODE_H
#define ACTORS_CTL_NODE_H

#include "actors/ctl/ctl.h"

/* Fills in config: what a gateway of this node that runs has left of its settings, else what the
 * directory's muster.toml and the environment say. CTL_USAGE, said: no node lives in the directory
 * that was named, or in the default one when no address was given instead; CTL_UNREACHABLE, said:
 * it belongs to somebody else. */
enum ctl_exit node_find(struct ctl *ctl);

/* What --url says, or without --dir MUSTER_URL; NULL: neither does. */
const char *node_given_url(const struct ctl *ctl);

/* Fills in url, once: the one that was given, or where the gateway listens that runs in the
 * directory, or, when none does, the address on another host that is configured. CTL_UNREACHABLE,
 * said: there is none. Never a default: another node may be there. */
enum ctl_exit node_find_url(struct ctl *ctl);

/* Says that the directory can't be looked at, and whose it is. errno: why. */
void node_say_denied(const struct ctl *ctl, const char *dir);

#endif
