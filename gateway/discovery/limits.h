/* What one request may hold, in one table (differences row 18). Over a limit: HTTP 200
 * and code -400 with a text that names it; a body over gateway.body_max: 413. The
 * registry holds the same bounds for those who write past a gateway, and one of its own: the zones
 * of an app (zones_max in actors/registry/decide.h). */
#ifndef GATEWAY_DISCOVERY_LIMITS_H
#define GATEWAY_DISCOVERY_LIMITS_H

enum {
    limit_parameters = 1024, /* an appid's latest_timestamp is not counted apart */
    limit_name_bytes = 255,  /* appid, env, zone, hostname, region */
    limit_version_bytes = 512,
    limit_addrs = 64,
    limit_addr_bytes = 512,
    limit_metadata_keys = 64,
    limit_metadata_bytes = 16 * 1024, /* keys and values together */
    limit_appids = 1000,              /* of a poll */
};

#endif
