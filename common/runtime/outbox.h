/* What a core wants sent. The core fills it, the shell (or the simulator) empties
 * it. Adding copies. Bounded: a full outbox answers ERR_FULL, a message over frame_max
 * ERR_TOO_LARGE, and either drops the message.
 *
 * Two lanes: NOW leaves before turn_end (reads, heartbeats, refusals: nothing that
 * a sync must come before), SYNCED after it.
 * Messages of one lane to one destination leave as one frame, in order; over 1 MiB
 * as several. A fact is a frame of its own.
 */
#ifndef COMMON_RUNTIME_OUTBOX_H
#define COMMON_RUNTIME_OUTBOX_H

#include "common/base/str.h"
#include "common/runtime/names.h"
#include "common/wire/codec.h"

/* Where an answer goes: a ROUTER's routing id. A value, copied freely. */
enum { address_key_chars = 20 };
struct address {
    uint8_t len;
    bool door; /* it came through the door for other nodes, and the answer leaves through it */
    uint8_t bytes[30];
    /* The beginning of the public key of whoever sent it, Z85, as the handshake has proved it;
     * zeros: it came without. Part of no comparison. */
    char key[address_key_chars];
};

bool address_eq(const struct address *a, const struct address *b);

enum outbox_lane { OUTBOX_NOW, OUTBOX_SYNCED, OUTBOX_LANE_COUNT };

struct outbox;
struct outbox *outbox_new(size_t max_bytes);
void outbox_destroy(struct outbox **self);

enum err outbox_reply(struct outbox *self, enum outbox_lane lane, const struct address *to,
                      const struct msg *msg);
/* A command to another actor (of index 0, but for gateways). Leaves in lane SYNCED. */
enum err outbox_command(struct outbox *self, enum actor_name to, uint32_t index,
                        const struct msg *msg);
/* The same for one that is encoded already. */
enum err outbox_command_encoded(struct outbox *self, enum actor_name to, uint32_t index,
                                struct str encoded);
/* A fact; leaves in lane SYNCED, after the replies and commands of that lane. One
 * nobody wants is dropped unencoded, and that is ERR_OK. */
enum err outbox_fact(struct outbox *self, struct str topic, const struct msg *msg);

/* ── other nodes ── in lane SYNCED, in the order of the calls. A way out has a number chosen by the
 * core, below outbox_peers_max. */
enum { outbox_peers_max = 256 };
/* Opens way `peer` to the door at endpoint: host:port, or ipc:// and the path of one of this user's
 * on this host. key: the public CURVE key of who must be
 * there, 40 characters Z85; empty: not encrypted. A node without keys of its own does not look at
 * it, one with keys opens nothing without. An open one is closed first. What is sent before there
 * is a connection is lost. */
enum err outbox_peer_open(struct outbox *self, uint32_t peer, struct str endpoint, struct str key);
enum err outbox_peer_close(struct outbox *self, uint32_t peer);
/* Opens the door for other nodes, if it waits for that; once. */
enum err outbox_door_open(struct outbox *self);
/* A command through it; each leaves as a frame of its own. */
enum err outbox_peer(struct outbox *self, uint32_t peer, const struct msg *msg);

/* Whether anybody subscribes to something that topic begins with. Facts nobody
 * wants need not be encoded. The shell keeps the set through outbox_subscribe;
 * without any call of it (tests, simulator) everything is wanted. */
bool outbox_wants(const struct outbox *self, struct str topic);
/* The same of any topic that begins so. */
bool outbox_wants_within(const struct outbox *self, struct str beginning);
/* Errors: ERR_FULL: over 10,000 different prefixes; all is wanted from then on. */
enum err outbox_subscribe(struct outbox *self, struct str prefix, bool on);
size_t outbox_subscription_count(const struct outbox *self);

/* The core has more work waiting than one turn may hold: come back at once. */
void outbox_again(struct outbox *self);
bool outbox_take_again(struct outbox *self);
/* What was taken this turn is work enough for it: the shell takes no further command before the
 * next one, which follows at once. Over when lane SYNCED is cleared. */
void outbox_enough(struct outbox *self);
bool outbox_is_enough(const struct outbox *self);
/* Much was freed: the shell gives it back to the system once this turn's messages have left. */
void outbox_trim(struct outbox *self);
bool outbox_take_trim(struct outbox *self);
/* Ask the shell to end the process in good order after this turn. */
void outbox_stop(struct outbox *self);
bool outbox_stopping(const struct outbox *self);

enum outbox_kind {
    OUTBOX_REPLY,
    OUTBOX_COMMAND,
    OUTBOX_FACT,
    OUTBOX_PEER,
    OUTBOX_PEER_OPEN,
    OUTBOX_PEER_CLOSE,
    OUTBOX_DOOR_OPEN,
};
struct outbox_item {
    enum outbox_kind kind;
    struct address address; /* of a REPLY */
    enum actor_name actor;  /* of a COMMAND */
    uint32_t index;         /* of a COMMAND; of a PEER…: its number */
    struct str topic;       /* of a FACT; of a PEER_OPEN the endpoint */
    struct str frame;       /* of a PEER_OPEN the key; borrowed until the next add or clear */
};

/* Walks a lane: replies, commands, facts, then what concerns other nodes, each in order; cursor
 * starts at 0. */
bool outbox_next(const struct outbox *self, enum outbox_lane lane, size_t *cursor,
                 struct outbox_item *item);
void outbox_clear(struct outbox *self, enum outbox_lane lane);

#endif
