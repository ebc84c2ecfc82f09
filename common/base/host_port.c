#include "common/base/host_port.h"

#include <ctype.h>
#include <string.h>

enum err host_port_parse(struct str text, struct host_port *to)
{
    const char *colon = text.len > 0 ? memrchr(text.data, ':', text.len) : NULL;
    struct host_port parsed;
    size_t host_len;

    if (colon == NULL) {
        return ERR_MALFORMED;
    }
    host_len = (size_t)(colon - text.data);
    parsed.host = (struct str){text.data, host_len};
    if (host_len >= 2 && text.data[0] == '[' && text.data[host_len - 1] == ']') {
        parsed.host = (struct str){text.data + 1, host_len - 2};
    } else if (memchr(text.data, ':', host_len) != NULL) {
        return ERR_MALFORMED; /* IPv6 needs its brackets */
    }
    for (size_t i = 0; i < parsed.host.len; i++) { /* of names, numbers, a v6 scope, a wildcard */
        char c = parsed.host.data[i];

        if (!isalnum((unsigned char)c) && (c == '\0' || strchr(".:-_%*", c) == NULL)) {
            return ERR_MALFORMED;
        }
    }
    if (str_to_u32((struct str){colon + 1, text.len - host_len - 1}, &parsed.port) != ERR_OK ||
        parsed.port > UINT16_MAX) {
        return ERR_MALFORMED;
    }
    parsed.wildcard = parsed.host.len == 0 || str_eq(parsed.host, STR("0.0.0.0")) ||
                      str_eq(parsed.host, STR("::")) || str_eq(parsed.host, STR("*"));
    *to = parsed;
    return ERR_OK;
}

struct str host_of(struct str host_port)
{
    struct host_port parsed;

    return host_port_parse(host_port, &parsed) == ERR_OK ? parsed.host : STR("");
}

bool host_is_loopback(struct str host)
{
    bool number = str_starts(host, STR("127."));

    for (size_t i = 0; i < host.len; i++) {
        number = number && (host.data[i] == '.' || (host.data[i] >= '0' && host.data[i] <= '9'));
    }
    return number || str_eq(host, STR("localhost")) || str_eq(host, STR("::1"));
}
