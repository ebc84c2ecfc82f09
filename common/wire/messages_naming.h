/* Messages of the naming plane: registry, replicator, evictor, and between nodes.
 *
 * A part of messages.h, which says how it is to be read and is what is included. */
#ifndef COMMON_WIRE_MESSAGES_NAMING_H
#define COMMON_WIRE_MESSAGES_NAMING_H

// clang-format off

/* ── asked of the registry ────────────────────────────────────────────────── */

/* replication, from_zone: the form's flags, already false where the sender was not to be believed.
 * Timestamps 0: not given. */
#define MSG_REGISTER(F)                     \
    MSG_WRITE_HEAD(F) \
    F(flag,   replication,      MSG_REQUIRED) \
    F(flag,   from_zone,        MSG_REQUIRED) \
    F(str,    env,              MSG_REQUIRED) \
    F(str,    appid,            MSG_REQUIRED) \
    F(str,    zone,             MSG_REQUIRED) \
    F(str,    hostname,         MSG_REQUIRED) \
    F(str,    region,           MSG_REQUIRED) \
    F(str,    version,          MSG_REQUIRED) \
    F(strs,   addrs,            MSG_REQUIRED) \
    F(pairs,  metadata,         MSG_REQUIRED) \
    F(flag,   metadata_null,    MSG_REQUIRED) \
    F(u32,    status,           MSG_REQUIRED) \
    F(i64,    dirty_timestamp,  MSG_REQUIRED) \
    F(i64,    latest_timestamp, MSG_REQUIRED)

#define MSG_RENEW(F)                        \
    MSG_WRITE_HEAD(F) \
    F(flag,   replication,      MSG_REQUIRED) \
    F(flag,   from_zone,        MSG_REQUIRED) \
    F(str,    env,              MSG_REQUIRED) \
    F(str,    appid,            MSG_REQUIRED) \
    F(str,    zone,             MSG_REQUIRED) \
    F(str,    hostname,         MSG_REQUIRED) \
    F(i64,    dirty_timestamp,  MSG_REQUIRED)

#define MSG_CANCEL(F)                       \
    MSG_WRITE_HEAD(F) \
    F(flag,   replication,      MSG_REQUIRED) \
    F(flag,   from_zone,        MSG_REQUIRED) \
    F(str,    env,              MSG_REQUIRED) \
    F(str,    appid,            MSG_REQUIRED) \
    F(str,    zone,             MSG_REQUIRED) \
    F(str,    hostname,         MSG_REQUIRED) \
    F(i64,    latest_timestamp, MSG_REQUIRED)

/* One HOST a hostname. statuses_given, metadatas_given: whether each HOST carries one. */
#define MSG_SET(F)                          \
    MSG_WRITE_HEAD(F) \
    F(flag,   replication,      MSG_REQUIRED) \
    F(flag,   from_zone,        MSG_REQUIRED) \
    F(str,    env,              MSG_REQUIRED) \
    F(str,    appid,            MSG_REQUIRED) \
    F(str,    zone,             MSG_REQUIRED) \
    F(flag,   statuses_given,   MSG_REQUIRED) \
    F(flag,   metadatas_given,  MSG_REQUIRED) \
    F(msgs,   hosts,            MSG_REQUIRED) \
    F(i64,    set_timestamp,    MSG_REQUIRED)

/* Part of SET. metadata_null: the stored metadata is cleared, not merged into. */
#define MSG_HOST(F)                         \
    F(str,    hostname,         MSG_REQUIRED) \
    F(u32,    status,           MSG_REQUIRED) \
    F(pairs,  metadata,         MSG_REQUIRED) \
    F(flag,   metadata_null,    MSG_REQUIRED)

/* From the evictor: drop up to limit instances silent for idle_ms. epoch, boot
 * and tick are the last it heard; the registry refuses an outdated picture. */
#define MSG_EVICT(F)                        \
    MSG_COMMAND_HEAD(F) \
    F(u64,    epoch,            MSG_REQUIRED) \
    F(u64,    boot,             MSG_REQUIRED) \
    F(u64,    tick,             MSG_REQUIRED) \
    F(i64,    idle_ms,          MSG_REQUIRED) \
    F(u32,    limit,            MSG_REQUIRED)

/* From the replicator: this node has what its peers have; or none can be reached
 * and none is configured. Ends init-protect. filled: a peer has given all it has, so that what
 * damage had cost is dealt with. */
#define MSG_SYNCED(F)                       \
    MSG_COMMAND_HEAD(F) \
    F(str,    reason,           MSG_REQUIRED) \
    F(flag,   filled,           MSG_OPTIONAL)

/* Whether all changes are on disk. acknowledge: a person knows of what damage has cost: it is not
 * shown any more. Answered by RESULT: text says how it is; REFUSED: changes are in memory only. */
#define MSG_KEPT(F)                         \
    MSG_COMMAND_HEAD(F) \
    F(flag,   acknowledge,      MSG_REQUIRED)

/* The schedule of an app, whole: one WEIGHT each zone clients are in and zone of instances; or
 * remove: it has none any more. dirty_timestamp: of a file it stands in, compared as it is; 0: now. */
#define MSG_SCHEDULE(F)                     \
    MSG_WRITE_HEAD(F) \
    F(str,    env,              MSG_REQUIRED) \
    F(str,    appid,            MSG_REQUIRED) \
    F(msgs,   weights,          MSG_REQUIRED) \
    F(str,    remark,           MSG_REQUIRED) \
    F(i64,    dirty_timestamp,  MSG_REQUIRED) \
    F(flag,   remove,           MSG_REQUIRED)

/* Part of SCHEDULE: how much of what clients in zone `client` ask goes to instances in zone. */
#define MSG_WEIGHT(F)                       \
    F(str,    client,           MSG_REQUIRED) \
    F(str,    zone,             MSG_REQUIRED) \
    F(u32,    weight,           MSG_REQUIRED)

/* What other nodes hold, each state judged by the order of states, each heartbeat by its age.
 * spread: of what wins here: nowhere from a node of this zone, zone from another zone's.
 * older_ms: what the ages have grown by on their way. counted: the heartbeats are clients' own, heard
 * elsewhere; else they were asked for. restore: instances of unknown age are taken in too.
 * records: PUT, GONE; of them count the state and age_ms, -1 if unknown. heartbeats: as in
 * RENEWED. At most merge_records_max and merge_heartbeats_max. Answered by MERGED, after the sync. */
#define MSG_MERGE(F)                        \
    MSG_COMMAND_HEAD(F) \
    F(u32,    spread,           MSG_REQUIRED) \
    F(i64,    older_ms,         MSG_REQUIRED) \
    F(flag,   counted,          MSG_REQUIRED) \
    F(flag,   restore,          MSG_REQUIRED) \
    F(msgs,   records,          MSG_REQUIRED) \
    F(bin,    heartbeats,       MSG_REQUIRED)

/* want: keys of heartbeats whose instance is unknown here or older: send it. newer: what is held
 * here and wins over something that was offered, as PUT and GONE. err TOO_LARGE: nothing was taken;
 * INVALID: what is no state (text: the first one) was passed over, the rest was taken: it is no use
 * to send it again. */
#define MSG_MERGED(F)                       \
    MSG_ANSWER_HEAD(F) \
    F(i64,    err,              MSG_REQUIRED) \
    F(u64,    epoch,            MSG_REQUIRED) \
    F(u64,    boot,             MSG_REQUIRED) \
    F(u64,    seq,              MSG_REQUIRED) \
    F(bin,    want,             MSG_REQUIRED) \
    F(msgs,   newer,            MSG_REQUIRED) \
    F(str,    text,             MSG_OPTIONAL)

/* What is held of these keys, 16 bytes each: the states, or (ages) only how long ago each live one
 * was heard, in heartbeats. Answered by FOUND. */
#define MSG_LOOKUP(F)                       \
    MSG_COMMAND_HEAD(F) \
    F(bin,    keys,             MSG_REQUIRED) \
    F(flag,   ages,             MSG_REQUIRED)

/* The live instances of one app, 1 MiB of them at most. Answered by FOUND. */
#define MSG_APP(F)                          \
    MSG_COMMAND_HEAD(F) \
    F(str,    env,              MSG_REQUIRED) \
    F(str,    appid,            MSG_REQUIRED)

/* done: how many of the keys this answers; ask again for the rest. records: PUT and GONE with
 * their ages, -1: unknown. A key of nobody is left out. */
#define MSG_FOUND(F)                        \
    MSG_ANSWER_HEAD(F) \
    F(u32,    done,             MSG_REQUIRED) \
    F(msgs,   records,          MSG_REQUIRED) \
    F(bin,    heartbeats,       MSG_REQUIRED)

/* The digests' tree: 64 branches of 64 leaves. branches: one byte each; of each its 64 leaves are
 * asked for; none: the 64 branches themselves. Answered by SUMS. */
#define MSG_DIGEST(F)                       \
    MSG_COMMAND_HEAD(F) \
    F(bin,    branches,         MSG_REQUIRED)

/* sums: 16 bytes each, in the order asked. moving: one byte each, 1: changed in the last two ticks. */
#define MSG_SUMS(F)                         \
    MSG_ANSWER_HEAD(F) \
    F(bin,    root,             MSG_REQUIRED) \
    F(bin,    sums,             MSG_REQUIRED) \
    F(bin,    moving,           MSG_REQUIRED)

/* What is in these leaves, two bytes each big-endian. cursor: 0, or next of the ENTRIES before: there
 * the first of the leaves goes on. Answered by ENTRIES. */
#define MSG_LEAVES(F)                       \
    MSG_COMMAND_HEAD(F) \
    F(bin,    leaves,           MSG_REQUIRED) \
    F(u64,    cursor,           MSG_OPTIONAL)

/* done: how many of the leaves this answers; 0: the first in part, next says how to go on. entries:
 * 33 bytes each, big-endian: key hi, key lo, dirty_timestamp, instance_hash, flags (1 gone; 2 vague:
 * of unknown age, or past the idle limit). */
#define MSG_ENTRIES(F)                      \
    MSG_ANSWER_HEAD(F) \
    F(u32,    done,             MSG_REQUIRED) \
    F(bin,    entries,          MSG_REQUIRED) \
    F(u64,    next,             MSG_OPTIONAL)

/* Which of somebody's entries win over what is held here. Answered by WANTED. */
#define MSG_COMPARE(F)                      \
    MSG_COMMAND_HEAD(F) \
    F(bin,    entries,          MSG_REQUIRED)

#define MSG_WANTED(F)                       \
    MSG_ANSWER_HEAD(F) \
    F(bin,    keys,             MSG_REQUIRED)

/* ── asked of the replicator ──────────────────────────────────────────────── */

/* Every node it knows of, itself first. Answered by NODE_LIST. */
#define MSG_PEERS(F)                        \
    MSG_COMMAND_HEAD(F)

#define MSG_NODE_LIST(F)                    \
    MSG_ANSWER_HEAD(F) \
    F(msgs,   nodes,            MSG_REQUIRED)

/* ── between nodes: replicator to replicator ──────────────────────────────── */

/* States, never operations. Answered by ACK once the receiver's registry has taken it all.
 * node, zone, node_id: who sends; names and addresses may change, node_id is its identity.
 * boot, stamp: the sender's run and its clock, for the receiver to send back.
 * to_boot, echo, held_ms: the receiver's run and stamp as they were heard last, held_ms ago, less
 * what the oldest of the content has waited here since its age was told. So the receiver knows how
 * long this was on its way at most. to_boot 0: a greeting, without records and heartbeats.
 * protect: the sender's registry is under init-protect. digest: the root of its digests.
 * records and heartbeats as in MERGE; over 32,768 records or 4 MiB of heartbeats are refused. */
#define MSG_STATES(F)                       \
    MSG_COMMAND_HEAD(F) \
    F(str,    node,             MSG_REQUIRED) \
    F(str,    zone,             MSG_REQUIRED) \
    F(u64,    boot,             MSG_REQUIRED) \
    F(u64,    to_boot,          MSG_REQUIRED) \
    F(i64,    stamp,            MSG_REQUIRED) \
    F(i64,    echo,             MSG_REQUIRED) \
    F(i64,    held_ms,          MSG_REQUIRED) \
    F(flag,   protect,          MSG_REQUIRED) \
    F(bin,    digest,           MSG_REQUIRED) \
    F(msgs,   records,          MSG_REQUIRED) \
    F(bin,    heartbeats,       MSG_REQUIRED) \
    F(str,    node_id,          MSG_OPTIONAL)

/* err STALE: to_boot is not the receiver's run: greet it anew. boot, stamp, protect, digest: the
 * receiver's. want, newer: as in MERGED. node_id: who answers. */
#define MSG_ACK(F)                          \
    MSG_ANSWER_HEAD(F) \
    F(i64,    err,              MSG_REQUIRED) \
    F(u64,    boot,             MSG_REQUIRED) \
    F(i64,    stamp,            MSG_REQUIRED) \
    F(flag,   protect,          MSG_REQUIRED) \
    F(bin,    digest,           MSG_REQUIRED) \
    F(bin,    want,             MSG_REQUIRED) \
    F(msgs,   newer,            MSG_REQUIRED) \
    F(str,    text,             MSG_OPTIONAL) \
    F(str,    node_id,          MSG_OPTIONAL)

/* ── records: journal, snapshot, TURN, CHUNK, HISTORY ─────────────────────── */

/* struct change with a live instance (REGISTER, SET). renew_timestamp: of the
 * heartbeat known when it was written. zone and hostname empty: the schedule of the app, with
 * addrs and version as identity_is_schedule says. */
#define MSG_PUT(F)                          \
    MSG_CHANGE_HEAD(F) \
    F(str,    region,           MSG_REQUIRED) \
    F(str,    version,          MSG_REQUIRED) \
    F(strs,   addrs,            MSG_REQUIRED) \
    F(pairs,  metadata,         MSG_REQUIRED) \
    F(flag,   metadata_null,    MSG_REQUIRED) \
    F(u32,    status,           MSG_REQUIRED) \
    F(i64,    reg_timestamp,    MSG_REQUIRED) \
    F(i64,    up_timestamp,     MSG_REQUIRED) \
    F(i64,    renew_timestamp,  MSG_REQUIRED) \
    F(i64,    dirty_timestamp,  MSG_REQUIRED) \
    F(i64,    latest_timestamp, MSG_REQUIRED)

/* struct change of one that went (CANCEL, EVICT, FORGET); in a snapshot, a tombstone. */
#define MSG_GONE(F)                         \
    MSG_CHANGE_HEAD(F) \
    F(i64,    dirty_timestamp,  MSG_REQUIRED)

/* First record of every journal segment and snapshot. seq: of the last change
 * before this file (segment), or when writing began (snapshot). machine_boot: the
 * kernel's boot id, to tell a restarted process from a restarted machine.
 * always: every change in this file was synced before it was published. place: the
 * disk's name for the file this was written to, which a copy of it has not. */
#define MSG_HEAD(F)                         \
    F(u32,    format,           MSG_REQUIRED) \
    F(u64,    epoch,            MSG_REQUIRED) \
    F(u64,    seq,              MSG_REQUIRED) \
    F(str,    machine_boot,     MSG_REQUIRED) \
    F(i64,    highest_at,       MSG_REQUIRED) \
    F(flag,   always,           MSG_OPTIONAL) \
    F(u64,    place,            MSG_OPTIONAL)

/* Last record of a snapshot, and of a segment that was closed in order: how many
 * PUT and GONE came before it, so that a file cut short is never taken for a small
 * registry. seq: of the last change when it was written. */
#define MSG_FOOT(F)                         \
    F(u64,    count,            MSG_REQUIRED) \
    F(u64,    seq,              MSG_REQUIRED)

/* The one record of the file "lost": what damage has cost that nobody has dealt with yet. count
 * changes, seqs from … to; more: there may have been others. to 0: none is known. */
#define MSG_LOST(F)                         \
    F(u64,    count,            MSG_REQUIRED) \
    F(u64,    from,             MSG_REQUIRED) \
    F(u64,    to,               MSG_REQUIRED) \
    F(flag,   more,             MSG_REQUIRED)

/* ── facts of the registry ────────────────────────────────────────────────── */

/* Topic registry.turn. Changes of one turn, seqs prev + 1 … seq, in at most fact_frame_max
 * bytes. */
#define MSG_TURN(F)                         \
    MSG_FACT_HEAD(F) \
    F(u64,    prev,             MSG_REQUIRED) \
    F(msgs,   records,          MSG_REQUIRED)

/* Topic registry.turn.renewed, once a tick (1 s) also when nothing happened; in parts of
 * at most fact_frame_max bytes, more = others of this tick follow. heartbeats:
 * heard from clients and peers since boot; those of one instance within 10 s (min(evictor.interval /
 * 6, evictor.idle / 9)) as one, whoever brought them. expected_per_min: 2 × live instances.
 * nowhere, zone, everywhere: by how far they spread, the heartbeats since the last tick, packed, each 36
 * bytes big-endian: key hi, key lo, dirty_timestamp, renew_timestamp, age in ms (u32) when this was sent.
 * digest: 16 bytes, the root of the registry's digests (in the last part of a tick). */
#define MSG_RENEWED(F)                      \
    MSG_FACT_HEAD(F) \
    F(u64,    tick,             MSG_REQUIRED) \
    F(flag,   more,             MSG_REQUIRED) \
    F(u64,    heartbeats,       MSG_REQUIRED) \
    F(u64,    live,             MSG_REQUIRED) \
    F(u64,    expected_per_min, MSG_REQUIRED) \
    F(bin,    nowhere,          MSG_REQUIRED) \
    F(bin,    zone,             MSG_REQUIRED) \
    F(bin,    everywhere,       MSG_REQUIRED) \
    F(bin,    digest,           MSG_OPTIONAL)

/* Topic registry.turn.expiring. Live instances whose heartbeat's age came past two thirds of the idle
 * limit, said again at seven and eight ninths: somebody else may have heard them since. keys: 16
 * bytes each, big-endian. */
#define MSG_EXPIRING(F)                     \
    MSG_FACT_HEAD(F) \
    F(bin,    keys,             MSG_REQUIRED)

/* Topic registry.protect. Init-protect: reads are refused while on. syncing: the registry started
 * without a state of its own and has not taken over its peers' yet. */
#define MSG_PROTECT(F)                      \
    MSG_FACT_HEAD(F) \
    F(flag,   on,               MSG_REQUIRED) \
    F(i64,    left_ms,          MSG_REQUIRED) \
    F(str,    reason,           MSG_REQUIRED) \
    F(flag,   syncing,          MSG_OPTIONAL)

/* Topic registry.storage. ok false: changes are in memory only, and why. damaged: damage was found
 * that nobody has dealt with yet, damage: what it has cost, in words. */
#define MSG_STORAGE(F)                      \
    MSG_FACT_HEAD(F) \
    F(flag,   ok,               MSG_REQUIRED) \
    F(str,    reason,           MSG_REQUIRED) \
    F(flag,   damaged,          MSG_OPTIONAL) \
    F(str,    damage,           MSG_OPTIONAL)

/* Topic registry.change.<env>.<appid>, percent-encoded. For people and scripts:
 * kind by name; instance: a map with the API's names, nil when it went. */
#define MSG_CHANGED(F)                      \
    MSG_FACT_HEAD(F) \
    F(str,    kind,             MSG_REQUIRED) \
    F(str,    env,              MSG_REQUIRED) \
    F(str,    appid,            MSG_REQUIRED) \
    F(str,    zone,             MSG_REQUIRED) \
    F(str,    hostname,         MSG_REQUIRED) \
    F(any,    instance,         MSG_REQUIRED) \
    F(i64,    latest_timestamp, MSG_REQUIRED)

/* ── facts of the other actors ────────────────────────────────────────────── */

/* Topic evictor.protection, when it changes and at every round's end. Self-protection
 * and the numbers behind it. reason: "", "below share", "window incomplete", … */
#define MSG_PROTECTION(F)                   \
    MSG_FACT_HEAD(F) \
    F(flag,   on,               MSG_REQUIRED) \
    F(str,    reason,           MSG_REQUIRED) \
    F(u64,    heard,            MSG_REQUIRED) \
    F(u64,    expected,         MSG_REQUIRED) \
    F(u64,    threshold,        MSG_REQUIRED) \
    F(u64,    live,             MSG_REQUIRED) \
    F(i64,    next_round_ms,    MSG_REQUIRED)

/* Topic evictor.round: what one round asked and what came of it. */
#define MSG_ROUND(F)                        \
    MSG_FACT_HEAD(F) \
    F(i64,    idle_ms,          MSG_REQUIRED) \
    F(u32,    limit,            MSG_REQUIRED) \
    F(i64,    err,              MSG_REQUIRED) \
    F(str,    text,             MSG_REQUIRED)

/* Topic replicator.nodes: this node and its peers. in_step: at the registry's last tick every peer
 * was up, had been sent all there was, and held the same (also: there are none). */
#define MSG_NODES(F)                        \
    MSG_FACT_HEAD(F) \
    F(msgs,   nodes,            MSG_REQUIRED) \
    F(flag,   in_step,          MSG_OPTIONAL)

/* Part of NODES and NODE_LIST. addr host:port; status 0 up, 1 lost. In NODE_LIST also: name, of its
 * infra.discovery instance; link: self, muster, http, none (of another zone, told by others),
 * unknown; digest: the root of its digests heard last, empty: none. node_id: empty of a reference
 * node. trouble: in words, why it is of no use as it is; then status is 1. queue_bytes, in NODE_LIST:
 * what waits to be sent to it. */
#define MSG_NODE(F)                         \
    F(str,    addr,             MSG_REQUIRED) \
    F(u32,    status,           MSG_REQUIRED) \
    F(str,    zone,             MSG_REQUIRED) \
    F(flag,   self,             MSG_REQUIRED) \
    F(str,    name,             MSG_OPTIONAL) \
    F(str,    link,             MSG_OPTIONAL) \
    F(bin,    digest,           MSG_OPTIONAL) \
    F(str,    node_id,          MSG_OPTIONAL) \
    F(str,    trouble,          MSG_OPTIONAL) \
    F(u64,    queue_bytes,      MSG_OPTIONAL)

/* M(lower, UPPER, type, class) */
#define MSG_NAMING_TABLE(M)              \
    M(node_list,  NODE_LIST,    9, ANSWER) \
    M(merged,     MERGED,      15, ANSWER) \
    M(found,      FOUND,       16, ANSWER) \
    M(sums,       SUMS,        17, ANSWER) \
    M(entries,    ENTRIES,     18, ANSWER) \
    M(wanted,     WANTED,      19, ANSWER) \
    M(register,   REGISTER,    20, WRITE) \
    M(renew,      RENEW,       21, WRITE) \
    M(cancel,     CANCEL,      22, WRITE) \
    M(set,        SET,         23, WRITE) \
    M(host,       HOST,        24, PART) \
    M(evict,      EVICT,       25, COMMAND) \
    M(synced,     SYNCED,      26, COMMAND) \
    M(merge,      MERGE,       27, COMMAND) \
    M(lookup,     LOOKUP,      28, COMMAND) \
    M(app,        APP,         29, COMMAND) \
    M(digest,     DIGEST,      30, COMMAND) \
    M(leaves,     LEAVES,      31, COMMAND) \
    M(compare,    COMPARE,     32, COMMAND) \
    M(peers,      PEERS,       33, COMMAND) \
    M(schedule,   SCHEDULE,    34, WRITE) \
    M(weight,     WEIGHT,      35, PART) \
    M(kept,       KEPT,        36, COMMAND) \
    M(put,        PUT,         40, CHANGE) \
    M(gone,       GONE,        41, CHANGE) \
    M(head,       HEAD,        42, FILE) \
    M(foot,       FOOT,        43, FILE) \
    M(lost,       LOST,        44, FILE) \
    M(turn,       TURN,        50, FACT) \
    M(renewed,    RENEWED,     51, FACT) \
    M(protect,    PROTECT,     52, FACT) \
    M(storage,    STORAGE,     53, FACT) \
    M(expiring,   EXPIRING,    54, FACT) \
    M(changed,    CHANGED,    130, FACT) \
    M(protection, PROTECTION,  61, FACT) \
    M(round,      ROUND,      131, FACT) \
    M(nodes,      NODES,       70, FACT) \
    M(node,       NODE,        71, PART) \
    M(states,     STATES,      80, COMMAND) \
    M(ack,        ACK,         81, ANSWER)
// clang-format on

#endif
