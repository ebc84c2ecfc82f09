#include "gateway/discovery/openness.h"

#include "common/base/host_port.h"
#include "common/runtime/endpoint.h"

static const struct {
    const char *name;
    const char *text;
} rows[OPEN_COUNT] = {
#define OPEN_ROW(NAME, name, text) [OPEN_##NAME] = {name, text},
    OPEN_TABLE(OPEN_ROW)
#undef OPEN_ROW
};

const char *openness_name(enum openness at)
{
    return rows[at].name;
}

const char *openness_text(enum openness at)
{
    return rows[at].text;
}

bool gateway_is_open(const struct config *config, enum openness at)
{
    switch (at) {
    case OPEN_LISTENER:
        return !host_is_loopback(host_of(str_from(config->gateway_listen)));
    case OPEN_TRUST:
        return config->security_trust_client_nodes;
    case OPEN_INSECURE:
        return config->security_insecure;
    case OPEN_COUNT:
        break;
    }
    return false;
}

void openness_warn(const struct config *config, const struct log *log)
{
    for (enum openness at = 0; at < OPEN_COUNT; at++) {
        if (gateway_is_open(config, at)) {
            log_event(log, LOG_WARN, "open", rows[at].text, log_text("what", rows[at].name));
        }
    }
}
