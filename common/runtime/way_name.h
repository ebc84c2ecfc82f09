/* A way to a door that is given by a name: when the name is looked up, and which of its addresses
 * is connected to. Pure. libzmq gets numbers only: it would look a name up in the one thread that
 * all links of the process share, at whatever address it stands.
 *
 *   nothing gets through    looked up 2 s later, then 4, 8, 10, 10 …; each time its next address is
 *                           connected to, so that one that leads nowhere hides no other
 *   messages get through    looked up once a minute; left alone while the name has that address
 */
#ifndef COMMON_RUNTIME_WAY_NAME_H
#define COMMON_RUNTIME_WAY_NAME_H

#include "common/base/host_port.h"
#include "common/runtime/curve.h"

enum { way_at_max = 64 }; /* [v6]:port, and NUL */

enum way_found {
    WAY_STAYS,     /* where it is connected to */
    WAY_MOVES,     /* to way_name.at */
    WAY_UNKNOWN,   /* the look-up failed */
    WAY_FORBIDDEN, /* it has addresses, and none is allowed */
};

struct way_name {
    char host[256]; /* NUL behind */
    uint32_t port;
    char key[curve_key_chars + 1]; /* of who must be there; "": not encrypted */
    char at[way_at_max];           /* the number and port it is connected to; "": none yet */
    bool through;                  /* what was sent last found a connection: the shell sets it */
    bool was_through;
    bool asked;          /* its look-up is under way: the shell sets it */
    enum way_found said; /* on the log, since it was well */
    int64_t due_ms;      /* mono: the next look-up */
    int64_t pause_ms;
};

/* door: its host is shorter than way_name.host; copied. To be looked up at once. */
void way_name_init(struct way_name *self, const struct host_port *door);

/* Once a turn. True: it is to be looked up, and has been since due_ms. */
bool way_name_step(struct way_name *self, int64_t now_ms);

/* Whether a node of that name may stand at this number; NULL: at any. */
typedef bool way_allow_fn(void *state, struct str host, struct str number);

/* What the look-up that was asked for has found; none: it failed. */
enum way_found way_name_found(struct way_name *self, struct strs numbers, way_allow_fn *allow,
                              void *state, int64_t now_ms);

#endif
