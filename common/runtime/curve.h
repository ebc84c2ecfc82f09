/* The keys of a node, for every ZeroMQ socket that leaves the host: CURVE (CurveZMQ, RFC 26). A
 * directory, made by `musterctl keygen`:
 *
 *   node.key    ours: two lines, public and secret, 40 characters Z85 each; nobody else may read it
 *   NAME.pub    one public key each: who may connect. NAME: the host others reach its owner at, as
 *               written in endpoints.*; owners that only connect may have any.
 *
 * Read at start: a process learns of a new or removed .pub when it is started again. Who is not
 * among them is refused by the handshake, and tries again every few seconds until it is.
 *
 * A process that has read a secret leaves no core file: libzmq keeps copies of it that we can't
 * hide one by one.
 */
#ifndef COMMON_RUNTIME_CURVE_H
#define COMMON_RUNTIME_CURVE_H

#include <stdbool.h>

#include "common/base/log.h"

enum { curve_key_chars = 40, curve_allowed_max = 1024, curve_name_max = 200 };

struct curve_allowed {
    char name[curve_name_max + 1]; /* of its file, without .pub; "" is our own */
    char public_key[curve_key_chars + 1];
};

struct curve_keys {
    char public_key[curve_key_chars + 1];
    char secret_key[curve_key_chars + 1];
    struct curve_allowed *allowed; /* owned; the first is our own */
    uint32_t allowed_count;
};

/* Errors, appended to why with file and remedy: ERR_IO; ERR_UNUSABLE (err_of_file); ERR_INVALID (no
 * key in it, or a secret that others may read); ERR_UNSUPPORTED (a libzmq without CURVE).
 * curve_fini also after an error.
 */
enum err curve_load(struct curve_keys *self, const char *dir, struct buf *why);
void curve_fini(struct curve_keys *self);
bool curve_allows(const struct curve_keys *self, struct str public_key);
/* Copies a key with its NUL, if it is one. */
bool curve_key_from(struct str text, char *key);
/* The key of who is at host: of <host>.pub, else our own, for hosts that share a node.key. */
const char *curve_key_of(const struct curve_keys *self, struct str host);

/* Whether <host>.pub is there and says another key than this. */
bool curve_is_anothers(const struct curve_keys *self, struct str host, const char *key);

/* Before the bind or connect it is for. What was bound before stays as it is. Who serves needs a
 * guard, open before: libzmq lets every key in where there is none. */
void curve_serve(const struct curve_keys *self, void *socket);
void curve_connect(const struct curve_keys *self, void *socket, const char *server_key);

/* Says on behalf of a context's sockets who is let in: the REP socket at inproc://zeromq.zap.01, to
 * be polled with the others, made before the first of them is bound and closed before the context.
 */
struct curve_guard {
    const struct curve_keys *keys; /* borrowed */
    void *socket;                  /* NULL: closed */
    uint64_t let_in;
    uint64_t refused;
    int64_t quiet_until_ms; /* mono: until then refusals are only counted */
};
void curve_guard_open(struct curve_guard *self, const struct curve_keys *keys, void *context);
void curve_guard_close(struct curve_guard *self);
/* Answers what waits there, bounded; says on the log who was refused, every 10 s at most. */
void curve_guard_answer(struct curve_guard *self, const struct log *log);

/* Makes the keys node.key and NAME.pub in dir, and dir. Errors, appended to why: ERR_CONFLICT:
 * there is one already; ERR_INVALID: no name for a file; ERR_IO. */
enum err curve_make(const char *dir, const char *name, struct buf *why);

#endif
