/* What comes from other nodes, through the door and as answers, at a whole replicator with a whole
 * registry behind it, between steps of time: nothing is read past its end, nothing that others can
 * make it hold grows beyond its bound, and all of it is let go again.
 *
 * Covers: actors/replicator/inbound.c
 * Covers: actors/replicator/relay.c
 * Covers: actors/replicator/link.c
 * Covers: actors/replicator/repair.c
 * Covers: actors/replicator/last_heard.c
 * Covers: actors/registry/merge.c
 * Covers: actors/registry/peer_commands.c
 * Covers: actors/registry/anti_entropy.c
 * Covers: actors/replicator/sync.c
 */
#include <assert.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include "actors/replicator/relay.h"
#include "tests/replicator/cluster.h"
#include "tests/replicator/garbage.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { steps_max = 64, idle_ms = 9000 };

struct fuzz {
    struct cluster *cluster;
    struct replicator *replicator;
    struct garbage garbage;
    struct buf known;
};

static const char *const hosts[] = {"h1", "h2", "h3"};

static const enum msg_type questions[] = {MSG_TYPE_STATES, MSG_TYPE_LOOKUP, MSG_TYPE_DIGEST,
                                          MSG_TYPE_LEAVES, MSG_TYPE_SNAPSHOT};
static const enum msg_type answers[] = {MSG_TYPE_ACK,     MSG_TYPE_FOUND, MSG_TYPE_SUMS,
                                        MSG_TYPE_ENTRIES, MSG_TYPE_CHUNK, MSG_TYPE_RESULT};

/* ── a node, and one beside it that is the input ── */

static void meet(struct fuzz *self)
{
    struct msg merge = {.type = MSG_TYPE_MERGE};
    struct msg put = {.type = MSG_TYPE_PUT};
    struct buf texts = {0};
    struct buf record = {0};
    size_t addrs;

    strs_pack(&texts, STR("http://127.0.0.1:7171"));
    addrs = texts.len;
    strs_pack(&texts, STR("muster.peer"));
    strs_pack(&texts, STR("127.0.0.1:8171"));
    put.as_put = (struct msg_put){.kind = CHANGE_REGISTER,
                                  .env = STR("dev"),
                                  .appid = STR("infra.discovery"),
                                  .zone = STR("zonea"),
                                  .hostname = STR("n1"),
                                  .addrs = {1, {texts.data, addrs}},
                                  .metadata = {1, {texts.data + addrs, texts.len - addrs}},
                                  .status = STATUS_UP,
                                  .dirty_timestamp = 1};
    msg_list_add(&merge.as_merge.records, &record, &put);
    merge.as_merge.id = 4711;
    node_give(&self->cluster->members[0].registry, &merge);
    buf_fini(&texts);
    buf_fini(&record);
}

static void begin(struct fuzz *self, const uint8_t *data, size_t size)
{
    struct str rest;
    struct msg put;

    *self = (struct fuzz){.cluster = cluster_new("aa", 1)};
    garbage_init_from(&self->garbage, (struct str){(const char *)data, size});
    self->cluster->members[0].config.evictor_idle = idle_ms;
    self->cluster->members[0].registry.config.evictor_idle = idle_ms;
    cluster_start(self->cluster, 0);
    self->replicator = self->cluster->members[0].replicator;
    if (garbage_below(&self->garbage, 4) > 0) { /* else it looks for a snapshot */
        cluster_register(self->cluster, 0, hosts[0]);
    }
    meet(self);
    cluster_run(self->cluster, 100);
    /* one that is held, as a heartbeat; its key is the beginning of an entry too */
    put = node_register(&self->cluster->members[0].registry, hosts[0]);
    heartbeat_pack(&self->known, &(struct heartbeat){.key = identity_key(&(struct identity){
                                                         put.as_register.env, put.as_register.appid,
                                                         STR("zonea"), put.as_register.hostname}),
                                                     .dirty_timestamp =
                                                         self->cluster->members[0].clock.at.wall_ns,
                                                     .age_ms = 5});
    rest = buf_str(&self->known);
    self->garbage.known = rest;
    assert(cluster_peer(self->cluster, 0, 1) != NULL);
}

static uint32_t below(struct fuzz *self, uint32_t bound)
{
    return garbage_below(&self->garbage, bound);
}

/* ── one step ── */

static void greet_well(struct fuzz *self, struct msg *msg)
{
    msg->as_states.to_boot = self->replicator->publisher.at.boot;
    msg->as_states.echo = self->cluster->members[0].clock.at.mono_ms;
    msg->as_states.held_ms = below(self, 3);
    msg->as_states.heartbeats.len -= msg->as_states.heartbeats.len % heartbeat_bytes;
}

/* More than inbound_max and the places of one node, of what is small; a tenth of what is not. */
static uint32_t burst_of(const struct msg *msg)
{
    const struct msg_states *states = &msg->as_states;
    bool large =
        msg->type == MSG_TYPE_STATES &&
        (states->heartbeats.len > (size_t)4 * heartbeat_bytes || states->records.count > 2);

    return large ? 60 : 600;
}

static void knock(struct fuzz *self)
{
    struct msg msg = garbage_msg(&self->garbage, questions[below(self, 5)]);

    if (msg.type == MSG_TYPE_STATES && below(self, 4) > 0) {
        greet_well(self, &msg);
    }
    for (uint32_t n = below(self, 16) == 0 ? burst_of(&msg) : 1; n > 0; n--) {
        cluster_knock(self->cluster, 0, below(self, 3), &msg);
    }
}

/* A message as it stands in the input. */
static bool raw(struct fuzz *self, struct msg *msg)
{
    struct str rest = self->garbage.input;
    bool good = msg_decode(&rest, msg) == ERR_OK;

    if (good) {
        self->garbage.input = rest;
    }
    return good;
}

static void knock_raw(struct fuzz *self)
{
    struct msg msg;

    if (raw(self, &msg)) {
        cluster_knock(self->cluster, 0, 1, &msg);
    }
}

/* What it was asked last, about. */
static enum msg_type fitting(const struct fuzz *self, const struct peer *peer)
{
    switch (peer->walk.state) {
    case WALK_BRANCHES:
    case WALK_LEAVES:
        return MSG_TYPE_SUMS;
    case WALK_ENTRIES:
        return MSG_TYPE_ENTRIES;
    case WALK_LOOKUP:
        return MSG_TYPE_FOUND;
    default:
        return self->replicator->sync.state == SYNC_SNAPSHOT ? MSG_TYPE_CHUNK : MSG_TYPE_ACK;
    }
}

/* Good enough for a link to come up and a walk to get on. */
static struct msg good_answer(struct fuzz *self, const struct peer *peer, enum msg_type type)
{
    static const char zeros[64 * 64 * 16];
    struct msg msg = garbage_msg(&self->garbage, type);
    size_t sums = peer->walk.branches.len > 0 ? 64 * peer->walk.branches.len : 64;

    switch (type) {
    case MSG_TYPE_ACK:
        msg.as_ack.err = ERR_OK;
        msg.as_ack.boot = 4711;
        break;
    case MSG_TYPE_SUMS:
        msg.as_sums.sums = (struct str){zeros, 16 * sums};
        msg.as_sums.moving = (struct str){zeros, sums};
        break;
    case MSG_TYPE_ENTRIES:
        msg.as_entries.done = below(self, 4) == 0 ? 0 : 1; /* a piece of a leaf, or all of it */
        msg.as_entries.next = msg.as_entries.done == 0 ? 1 + below(self, 3) : 0;
        msg.as_entries.entries.len -= msg.as_entries.entries.len % entry_bytes;
        break;
    case MSG_TYPE_FOUND:
        msg.as_found.done = 1;
        msg.as_found.heartbeats.len %= heartbeat_bytes + 1;
        break;
    default:
        break;
    }
    return msg;
}

static void give(struct fuzz *self, uint32_t peer, const struct msg *msg)
{
    const struct member *member = &self->cluster->members[0];
    struct buf frame = {0};
    struct str rest;
    struct msg copy;

    msg_encode(&frame, msg);
    rest = buf_str(&frame);
    if (msg_decode(&rest, &copy) == ERR_OK) {
        replicator_spec.peer_answer(self->replicator, peer, &copy, &member->clock.at, member->out);
    }
    buf_fini(&frame);
    self->cluster->members[0].due = true;
}

static void answer(struct fuzz *self)
{
    struct peer *peer = cluster_peer(self->cluster, 0, 1);
    uint32_t how = below(self, 16);
    uint32_t skip = how < 4 ? below(self, 8) : 0;
    uint32_t count = how < 8 ? 1 : 4; /* else the newest few: the walk's is among them */
    struct msg msg;

    if (peer == NULL || (how == 0 && !raw(self, &msg))) {
        return;
    }
    if (how == 1) {
        msg = garbage_msg(&self->garbage, garbage_type(&self->garbage));
    } else if (how > 1) {
        msg = good_answer(self, peer, how < 6 ? answers[below(self, 6)] : fitting(self, peer));
    }
    for (uint64_t id = self->replicator->last_id; id > 0 && count > 0; id--) {
        uint32_t number = peers_number(self->replicator, peer);

        if (inflight_of(self->replicator->inflight, id, ASK_PEER, number) && skip-- == 0) {
            garbage_set_id(&msg, id);
            give(self, number, &msg);
            skip = 0;
            count--;
        }
    }
}

static void write_here(struct fuzz *self)
{
    const char *host = hosts[below(self, 3)];

    if (below(self, 2) == 0) {
        cluster_register(self->cluster, 0, host);
    } else {
        cluster_cancel(self->cluster, 0, host);
    }
}

static void check(struct fuzz *self)
{
    assert(inflight_count(self->replicator->inflight) <= inflight_max);
    assert(inbound_count(self->replicator) <= inbound_max);
    assert(self->replicator->relays <= relays_max);
    for (struct peer *peer = NULL; (peer = peers_next(self->replicator, peer)) != NULL;) {
        assert(link_queued(&peer->link) <= link_queue_bytes);
        assert(peer->link.want.len <= want_bytes_max);
        assert(peer->link.under_way <= link_window);
        assert(peer->link.greetings <= link_greetings);
        assert(peer->walk.keys.len <= (size_t)1 << 20);
    }
}

static void step(struct fuzz *self)
{
    static const int64_t times[] = {1, 5, 1000, 4000};

    switch (below(self, 8)) {
    case 0:
    case 1:
        knock(self);
        break;
    case 2:
        knock_raw(self);
        break;
    case 3:
    case 4:
        answer(self);
        break;
    case 5:
        cluster_run(self->cluster, times[below(self, 4)]);
        break;
    case 6:
        write_here(self);
        break;
    default:
        self->cluster->members[0].deaf = below(self, 4) == 0;
        break;
    }
    cluster_run(self->cluster, 2);
    check(self);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz fuzz;

    begin(&fuzz, data, size);
    for (unsigned i = 0; i < steps_max && garbage_left(&fuzz.garbage); i++) {
        step(&fuzz);
    }
    fuzz.cluster->members[0].deaf = false;
    if (fuzz.replicator->relays > 0 || inbound_count(fuzz.replicator) > 0) {
        cluster_run(fuzz.cluster, 7000);
    }
    assert(fuzz.replicator->relays == 0 && inbound_count(fuzz.replicator) == 0);
    garbage_fini(&fuzz.garbage);
    buf_fini(&fuzz.known);
    cluster_destroy(&fuzz.cluster);
    return 0;
}
