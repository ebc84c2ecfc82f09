/* More memory is held for clients than may be: those who hold most are ended. */
#ifndef GATEWAY_HTTP_RELIEF_H
#define GATEWAY_HTTP_RELIEF_H

#include <stdbool.h>

struct http;

struct relief {
    bool said;
};

void relief_turn(struct http *http);

#endif
