/* What a gateway that listens leaves beside its sockets: D/run/gateway.<i>.toml, every setting in
 * force, gateway.listen with the port it has. Who asks this node from D finds it so, whatever flags
 * and files it was started with. */
#ifndef GATEWAY_DISCOVERY_SETTINGS_H
#define GATEWAY_DISCOVERY_SETTINGS_H

#include "common/base/log.h"
#include "common/config/config.h"

/* Whole or not at all, which is said on the log: the gateway serves its clients without it. */
void settings_leave(const struct config *config, uint16_t port, const struct log *log);
void settings_remove(const struct config *config);

#endif
