#include "common/runtime/outbox.h"
#include "common/base/array.h"
#include "common/base/heap.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Replies, commands, facts; and in one group, as their order matters, what concerns other nodes. */
enum { group_count = OUTBOX_PEER + 1, subscriptions_max = 10000 };

/* A batch is cut here, so that a receiver's turn stays short. */
static const size_t batch_bytes = (size_t)1 << 20;
/* What is kept for the next turn: buffers of the first parcels, unless they grew large. */
static const size_t warm_parcels = 64;
static const size_t warm_bytes = 65536;

/* One frame to one destination. */
struct parcel {
    enum outbox_kind kind;
    struct address address;
    enum actor_name actor;
    uint32_t index;
    size_t topic_len; /* or an endpoint's */
    struct buf bytes; /* topic, then the messages; or endpoint, then key */
};

struct group {
    struct parcel *parcels;
    size_t count;
    size_t cap; /* parcels from count on are empty, some with a warm buffer */
};

/* Prefixes in str_cmp's order, each owned. */
struct subscriptions {
    struct str *prefixes;
    size_t count;
    size_t cap;
    bool kept;     /* somebody tells us who subscribes */
    size_t beyond; /* so many more than we hold: all is wanted */
};

struct outbox {
    size_t max_bytes;
    size_t bytes; /* in all parcels, with their own size */
    struct group lanes[OUTBOX_LANE_COUNT][group_count];
    struct subscriptions subscriptions;
    struct buf scratch;
    bool again;
    bool enough;
    bool trim;
    bool stop;
};

struct outbox *outbox_new(size_t max_bytes)
{
    struct outbox *self = heap_get(sizeof(*self));

    *self = (struct outbox){.max_bytes = max_bytes};
    return self;
}

void outbox_destroy(struct outbox **self)
{
    struct outbox *old = *self;

    if (old == NULL) {
        return;
    }
    for (unsigned i = 0; i < OUTBOX_LANE_COUNT; i++) {
        for (unsigned j = 0; j < group_count; j++) {
            struct group *group = &old->lanes[i][j];

            for (size_t k = 0; k < group->cap; k++) {
                buf_fini(&group->parcels[k].bytes);
            }
            free(group->parcels);
        }
    }
    for (size_t i = 0; i < old->subscriptions.count; i++) {
        free((void *)old->subscriptions.prefixes[i].data);
    }
    free(old->subscriptions.prefixes);
    buf_fini(&old->scratch);
    free(old);
    *self = NULL;
}

bool address_eq(const struct address *a, const struct address *b)
{
    return a->door == b->door && a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0;
}

static bool same_destination(const struct parcel *a, const struct parcel *b)
{
    return a->actor == b->actor && a->index == b->index && address_eq(&a->address, &b->address);
}

static struct parcel *open_parcel(struct outbox *self, struct group *group,
                                  const struct parcel *like)
{
    struct parcel *parcel;
    struct buf bytes;

    if (group->count == group->cap) {
        size_t cap = group->cap == 0 ? 8 : 2 * group->cap;

        group->parcels = heap_resize(group->parcels, cap * sizeof(*group->parcels));
        memset(group->parcels + group->cap, 0, (cap - group->cap) * sizeof(*group->parcels));
        group->cap = cap;
    }
    parcel = &group->parcels[group->count++];
    bytes = parcel->bytes;
    *parcel = *like;
    parcel->bytes = bytes;
    self->bytes += sizeof(*parcel);
    return parcel;
}

/* The parcel that more bytes to this destination go into. Destinations are the
 * processes connected here, a handful, and mostly the one just used. */
static struct parcel *find_parcel(struct outbox *self, struct group *group,
                                  const struct parcel *like, size_t more)
{
    for (size_t i = group->count; i-- > 0;) {
        struct parcel *parcel = &group->parcels[i];

        if (same_destination(parcel, like)) {
            if (parcel->bytes.len + more <= batch_bytes) {
                return parcel;
            }
            break;
        }
    }
    return open_parcel(self, group, like);
}

static enum err has_room(const struct outbox *self, size_t bytes)
{
    if (bytes > frame_max) {
        return ERR_TOO_LARGE;
    }
    return self->bytes + bytes + sizeof(struct parcel) > self->max_bytes ? ERR_FULL : ERR_OK;
}

/* Encodes msg into scratch if there is room for it. */
static enum err encode(struct outbox *self, const struct msg *msg)
{
    enum err err;

    self->scratch.len = 0;
    msg_encode(&self->scratch, msg);
    err = has_room(self, self->scratch.len);
    if (err == ERR_TOO_LARGE) {
        buf_fini(&self->scratch);
    }
    return err;
}

static void add_encoded(struct outbox *self, struct group *group, const struct parcel *like,
                        struct str encoded)
{
    struct parcel *parcel = find_parcel(self, group, like, encoded.len);

    buf_add_str(&parcel->bytes, encoded);
    self->bytes += encoded.len;
}

static enum err add(struct outbox *self, struct group *group, const struct parcel *like,
                    const struct msg *msg)
{
    enum err err = encode(self, msg);

    if (err == ERR_OK) {
        add_encoded(self, group, like, buf_str(&self->scratch));
    }
    return err;
}

enum err outbox_reply(struct outbox *self, enum outbox_lane lane, const struct address *to,
                      const struct msg *msg)
{
    return add(self, &self->lanes[lane][OUTBOX_REPLY],
               &(struct parcel){.kind = OUTBOX_REPLY, .address = *to}, msg);
}

enum err outbox_command(struct outbox *self, enum actor_name to, uint32_t index,
                        const struct msg *msg)
{
    return add(self, &self->lanes[OUTBOX_SYNCED][OUTBOX_COMMAND],
               &(struct parcel){.kind = OUTBOX_COMMAND, .actor = to, .index = index}, msg);
}

enum err outbox_command_encoded(struct outbox *self, enum actor_name to, uint32_t index,
                                struct str encoded)
{
    enum err err = has_room(self, encoded.len);

    if (err == ERR_OK) {
        add_encoded(self, &self->lanes[OUTBOX_SYNCED][OUTBOX_COMMAND],
                    &(struct parcel){.kind = OUTBOX_COMMAND, .actor = to, .index = index}, encoded);
    }
    return err;
}

enum err outbox_fact(struct outbox *self, struct str topic, const struct msg *msg)
{
    struct parcel *parcel;
    enum err err;

    if (!outbox_wants(self, topic)) {
        return ERR_OK;
    }
    err = encode(self, msg);
    if (err != ERR_OK) {
        return err;
    }
    parcel = open_parcel(self, &self->lanes[OUTBOX_SYNCED][OUTBOX_FACT],
                         &(struct parcel){.kind = OUTBOX_FACT, .topic_len = topic.len});
    buf_add_str(&parcel->bytes, topic);
    buf_add_str(&parcel->bytes, buf_str(&self->scratch));
    self->bytes += parcel->bytes.len;
    return ERR_OK;
}

/* What concerns way `peer`: a parcel of its own, so that all of them stay in order. */
static void add_peer(struct outbox *self, enum outbox_kind kind, uint32_t peer, struct str topic,
                     struct str frame)
{
    struct parcel *parcel =
        open_parcel(self, &self->lanes[OUTBOX_SYNCED][OUTBOX_PEER],
                    &(struct parcel){.kind = kind, .index = peer, .topic_len = topic.len});

    buf_add_str(&parcel->bytes, topic);
    buf_add_str(&parcel->bytes, frame);
    self->bytes += parcel->bytes.len;
}

enum err outbox_peer_open(struct outbox *self, uint32_t peer, struct str endpoint, struct str key)
{
    enum err err = has_room(self, endpoint.len + key.len);

    assert(peer < outbox_peers_max);
    if (err == ERR_OK) {
        add_peer(self, OUTBOX_PEER_OPEN, peer, endpoint, key);
    }
    return err;
}

enum err outbox_peer_close(struct outbox *self, uint32_t peer)
{
    enum err err = has_room(self, 0);

    assert(peer < outbox_peers_max);
    if (err == ERR_OK) {
        add_peer(self, OUTBOX_PEER_CLOSE, peer, STR(""), STR(""));
    }
    return err;
}

enum err outbox_door_open(struct outbox *self)
{
    enum err err = has_room(self, 0);

    if (err == ERR_OK) {
        add_peer(self, OUTBOX_DOOR_OPEN, 0, STR(""), STR(""));
    }
    return err;
}

enum err outbox_peer(struct outbox *self, uint32_t peer, const struct msg *msg)
{
    enum err err = encode(self, msg);

    assert(peer < outbox_peers_max);
    if (err == ERR_OK) {
        add_peer(self, OUTBOX_PEER, peer, STR(""), buf_str(&self->scratch));
    }
    return err;
}

/* Where the first prefix greater than text is. */
static size_t after(const struct subscriptions *set, struct str text)
{
    size_t low = 0;
    size_t high = set->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (str_cmp(set->prefixes[middle], text) <= 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* A prefix p of topic sorts before it, and what lies between the two begins with p.
 * So p also begins the greatest entry that is not above topic: if that one does
 * not fit, only what it shares with topic can be longer than p: look below that.
 *
 *   {"a", "ab.x", "b"}, topic "ab.z": "ab.x" no, share "ab."; below "ab.": "a" yes
 */
bool outbox_wants(const struct outbox *self, struct str topic)
{
    const struct subscriptions *set = &self->subscriptions;

    if (!set->kept || set->beyond > 0) {
        return true;
    }
    for (;;) {
        size_t shared = 0;
        size_t next = after(set, topic);
        struct str below;

        if (next == 0) {
            return false;
        }
        below = set->prefixes[next - 1];
        if (str_starts(topic, below)) {
            return true;
        }
        while (shared < topic.len && topic.data[shared] == below.data[shared]) {
            shared++;
        }
        topic.len = shared;
    }
}

bool outbox_wants_within(const struct outbox *self, struct str beginning)
{
    const struct subscriptions *set = &self->subscriptions;
    size_t at = after(set, beginning);

    return outbox_wants(self, beginning) ||
           (at < set->count && str_starts(set->prefixes[at], beginning));
}

enum err outbox_subscribe(struct outbox *self, struct str prefix, bool on)
{
    struct subscriptions *set = &self->subscriptions;
    size_t at = after(set, prefix);
    bool held = at > 0 && str_eq(set->prefixes[at - 1], prefix);
    char *copy;

    set->kept = true;
    if (held == on) {
        set->beyond -= !on && set->beyond > 0; /* each is told of once, and taken back once */
        return ERR_OK;
    }
    if (!on) {
        free((void *)set->prefixes[at - 1].data);
        memmove(&set->prefixes[at - 1], &set->prefixes[at],
                (set->count - at) * sizeof(*set->prefixes));
        set->count--;
        return ERR_OK;
    }
    if (set->count == subscriptions_max) {
        set->beyond++;
        return ERR_FULL;
    }
    ARRAY_ROOM(set->prefixes, set->count, set->cap, 16);
    copy = heap_text(prefix);
    memmove(&set->prefixes[at + 1], &set->prefixes[at], (set->count - at) * sizeof(*set->prefixes));
    set->prefixes[at] = (struct str){copy, prefix.len};
    set->count++;
    return ERR_OK;
}

size_t outbox_subscription_count(const struct outbox *self)
{
    return self->subscriptions.count;
}

void outbox_again(struct outbox *self)
{
    self->again = true;
}

bool outbox_take_again(struct outbox *self)
{
    bool again = self->again;

    self->again = false;
    return again;
}

void outbox_enough(struct outbox *self)
{
    self->enough = true;
}

bool outbox_is_enough(const struct outbox *self)
{
    return self->enough;
}

void outbox_trim(struct outbox *self)
{
    self->trim = true;
}

bool outbox_take_trim(struct outbox *self)
{
    bool trim = self->trim;

    self->trim = false;
    return trim;
}

void outbox_stop(struct outbox *self)
{
    self->stop = true;
}

bool outbox_stopping(const struct outbox *self)
{
    return self->stop;
}

bool outbox_next(const struct outbox *self, enum outbox_lane lane, size_t *cursor,
                 struct outbox_item *item)
{
    size_t at = *cursor;

    for (unsigned i = 0; i < group_count; i++) {
        const struct group *group = &self->lanes[lane][i];

        if (at < group->count) {
            const struct parcel *parcel = &group->parcels[at];
            const char *data = parcel->bytes.data;

            *item = (struct outbox_item){
                .kind = parcel->kind,
                .address = parcel->address,
                .actor = parcel->actor,
                .index = parcel->index,
                .topic = {data, parcel->topic_len},
                .frame = {data + parcel->topic_len, parcel->bytes.len - parcel->topic_len},
            };
            ++*cursor;
            return true;
        }
        at -= group->count;
    }
    return false;
}

void outbox_clear(struct outbox *self, enum outbox_lane lane)
{
    for (unsigned kind = 0; kind < group_count; kind++) {
        struct group *group = &self->lanes[lane][kind];

        for (size_t i = 0; i < group->count; i++) {
            struct buf *bytes = &group->parcels[i].bytes;

            self->bytes -= bytes->len + sizeof(struct parcel);
            bytes->len = 0;
            if (i >= warm_parcels || bytes->cap > warm_bytes) {
                buf_fini(bytes);
            }
        }
        group->count = 0;
    }
    if (self->scratch.cap > warm_bytes) {
        buf_fini(&self->scratch);
    }
    self->enough = self->enough && lane != OUTBOX_SYNCED;
}
