/* The keys of a node, for every ZeroMQ socket that leaves the host: CURVE (CurveZMQ, RFC 26). A
 * directory, made by `musterctl keygen`:
 *
 *   node.key   this node's: two lines, public and secret, 40 characters Z85 each; mode 0600
 *   *.pub      one public key each: who may connect. Copy every node's there.
 *
 * Read at start. Who is not in it is refused by the handshake.
 */
#ifndef COMMON_RUNTIME_CURVE_H
#define COMMON_RUNTIME_CURVE_H

#include <stdbool.h>

#include "common/base/log.h"

enum { curve_key_chars = 40, curve_allowed_max = 1024 };

struct curve_keys {
    char public_key[curve_key_chars + 1];
    char secret_key[curve_key_chars + 1];
    char (*allowed)[curve_key_chars + 1]; /* owned; with our own */
    uint32_t allowed_count;
};

/* Errors, said on the log with file and remedy: ERR_IO; ERR_INVALID (no key in it, or a secret that
 * others may read). */
enum err curve_load(struct curve_keys *self, const char *dir, const struct log *log);
void curve_fini(struct curve_keys *self);
bool curve_allows(const struct curve_keys *self, struct str public_key);

/* Before the bind or connect it is for. */
void curve_serve(const struct curve_keys *self, void *socket);
void curve_connect(const struct curve_keys *self, void *socket, const char *server_key);

/* The authenticator of a context: a REP socket bound to inproc://zeromq.zap.01, to be polled with
 * the others; curve_answer answers all that waits there. Close it before the context. */
void *curve_authenticator(void *context);
void curve_answer(const struct curve_keys *self, void *authenticator, const struct log *log);

/* Makes node.key and NAME.pub in dir. Errors: ERR_CONFLICT: there is one already; ERR_IO. */
enum err curve_make(const char *dir, const char *name, const struct log *log);

#endif
