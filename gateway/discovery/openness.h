/* What lets more people in than those of this host and known nodes. Each is a setting somebody
 * chose: warned of at every start, and shown in readiness. */
#ifndef GATEWAY_DISCOVERY_OPENNESS_H
#define GATEWAY_DISCOVERY_OPENNESS_H

#include "common/base/log.h"
#include "common/config/config.h"

// clang-format off
/* X(NAME, name of the line in readiness, what it means) */
#define OPEN_TABLE(X)                                                                               \
    X(LISTENER, "listener",           "beyond loopback: whoever reaches it may register, change and cancel; keep it in a private network") \
    X(TRUST,    "trust_client_nodes", "on: whoever reaches the listener may do what a node may")    \
    X(INSECURE, "insecure",           "on: links between hosts have no keys; peers.keys gives them some")
// clang-format on

enum openness {
#define OPEN_ENUM(NAME, name, text) OPEN_##NAME,
    OPEN_TABLE(OPEN_ENUM)
#undef OPEN_ENUM
        OPEN_COUNT
};

const char *openness_name(enum openness at);
const char *openness_text(enum openness at);
bool gateway_is_open(const struct config *config, enum openness at);
/* One warning each. log may be NULL. */
void openness_warn(const struct config *config, const struct log *log);

#endif
