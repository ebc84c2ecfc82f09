/* What the evictor tells of self-protection, and the replicator of the other nodes.
 *
 * A part of metrics.h, which says how it is to be read and is what is included. */
#ifndef COMMON_METRICS_ROWS_CLUSTER_H
#define COMMON_METRICS_ROWS_CLUSTER_H

// clang-format off
#define METRIC_CLUSTER_ROWS(M) \
    M(PROTECTION_ON,               "protection_on",                         GAUGE,   PLAIN, "", "Whether self-protection keeps idle instances: 1, or 0.") \
    M(PROTECTION_HEARD,            "protection_heard",                      GAUGE,   PLAIN, "", "Heartbeats heard in the last window of self-protection.") \
    M(PROTECTION_EXPECTED,         "protection_expected",                   GAUGE,   PLAIN, "", "Heartbeats expected in that window.") \
    M(PROTECTION_THRESHOLD,        "protection_threshold",                  GAUGE,   PLAIN, "", "Heartbeats below which that window is protected.") \
    M(EVICTOR_ROUNDS,              "evictor_rounds_total",                  COUNTER, PLAIN, "", "Rounds in which the registry was asked to evict.") \
    M(EVICTOR_PROTECTED_ROUNDS,    "evictor_protected_rounds_total",        COUNTER, PLAIN, "", "Of these, rounds under self-protection.") \
    M(EVICTOR_REFUSED_ROUNDS,      "evictor_refused_rounds_total",          COUNTER, PLAIN, "", "Rounds that the registry has refused.") \
    M(PEER_UP,                     "peer_up",                               GAUGE,   PLAIN, "peer", "Whether exchanges with the node succeed: 1, or 0.") \
    M(PEER_DIGEST_EQUAL,           "peer_digest_equal",                     GAUGE,   PLAIN, "peer", "Whether the node held the same as this one at the last tick: 1, or 0.") \
    M(PEER_QUEUE,                  "peer_queue_bytes",                      GAUGE,   PLAIN, "peer", "Bytes that wait for the node.") \
    M(PEER_LAG,                    "peer_lag_seconds",                      HISTOGRAM, MS,  "peer", "From a batch of changes at hand until the node's registry has taken it.") \
    M(REPLICATOR_NODES,            "replicator_nodes",                      GAUGE,   PLAIN, "", "Nodes that are known, with this one.") \
    M(REPLICATOR_PEERS_UP,         "replicator_peers_up",                   GAUGE,   PLAIN, "", "Other nodes that this one exchanges with and that answer.") \
    M(REPLICATOR_STATES_SENT,      "replicator_states_sent_total",          COUNTER, PLAIN, "", "Batches of states sent to peers.") \
    M(REPLICATOR_STATES_RECEIVED,  "replicator_states_received_total",      COUNTER, PLAIN, "", "Batches of states that peers sent.") \
    M(REPLICATOR_RECORDS_SENT,     "replicator_records_sent_total",         COUNTER, PLAIN, "", "States of instances sent to peers.") \
    M(REPLICATOR_RECORDS_RECEIVED, "replicator_records_received_total",     COUNTER, PLAIN, "", "States of instances that peers sent.") \
    M(REPLICATOR_RECORDS_DROPPED,  "replicator_records_dropped_total",      COUNTER, PLAIN, "", "States thrown away for peers that did not take them; the digests bring them back.") \
    M(REPLICATOR_HEARTBEATS_SENT,  "replicator_heartbeats_sent_total",      COUNTER, PLAIN, "", "Heartbeats sent to peers.") \
    M(REPLICATOR_HEARTBEATS_RECEIVED, "replicator_heartbeats_received_total", COUNTER, PLAIN, "", "Heartbeats that peers sent.") \
    M(REPLICATOR_HEARTBEATS_DROPPED, "replicator_heartbeats_dropped_total", COUNTER, PLAIN, "", "Heartbeats not sent to peers that were slow.") \
    M(REPLICATOR_ACKS_SENT,        "replicator_acks_sent_total",            COUNTER, PLAIN, "", "Batches acknowledged to peers.") \
    M(REPLICATOR_ACKS_RECEIVED,    "replicator_acks_received_total",        COUNTER, PLAIN, "", "Batches that peers have acknowledged.") \
    M(REPLICATOR_ACK_TIMEOUTS,     "replicator_ack_timeouts_total",         COUNTER, PLAIN, "", "Batches that peers have not acknowledged in time.") \
    M(REPLICATOR_STALE_LINKS,      "replicator_stale_links_total",          COUNTER, PLAIN, "", "Times a peer said that it knows nothing of the link to it.") \
    M(REPLICATOR_GREETINGS_SENT,   "replicator_greetings_sent_total",       COUNTER, PLAIN, "", "Greetings sent to peers.") \
    M(REPLICATOR_INBOUND_FAILED,   "replicator_inbound_failed_total",       COUNTER, PLAIN, "", "Batches of peers that the registry did not take.") \
    M(REPLICATOR_INBOUND_REFUSED,  "replicator_inbound_refused_total",      COUNTER, PLAIN, "", "Batches of peers that were refused.") \
    M(REPLICATOR_RELAYED,          "replicator_relayed_questions_total",    COUNTER, PLAIN, "", "Questions of peers passed on to the registry.") \
    M(REPLICATOR_RELAYS_REFUSED,   "replicator_refused_questions_total",    COUNTER, PLAIN, "", "Questions of peers refused since too many were under way.") \
    M(REPLICATOR_AGES_ASKED,       "replicator_ages_asked_total",           COUNTER, PLAIN, "", "Ages of instances asked of peers before they turned idle.") \
    M(REPLICATOR_WALKS,            "replicator_repair_walks_total",         COUNTER, PLAIN, "", "Comparisons of differing digests.") \
    M(REPLICATOR_WALKS_CUT,        "replicator_repair_walks_cut_total",     COUNTER, PLAIN, "", "Comparisons of digests that were broken off.") \
    M(REPLICATOR_PULLED,           "replicator_repair_pulled_total",        COUNTER, PLAIN, "", "States taken from peers since the digests differed.") \
    M(REPLICATOR_SYNCED_RECORDS,   "replicator_synced_records_total",       COUNTER, PLAIN, "", "Instances taken from reference nodes.") \
    M(REPLICATOR_ASKS_REFUSED,     "replicator_asks_refused_total",         COUNTER, PLAIN, "", "Questions not asked since too many were under way.") \
    M(REPLICATOR_POSTS_SENT,       "replicator_posts_sent_total",           COUNTER, PLAIN, "", "Forms posted to reference nodes.") \
    M(REPLICATOR_POSTS_FAILED,     "replicator_posts_failed_total",         COUNTER, PLAIN, "", "Forms that reference nodes did not answer well.") \
    M(REPLICATOR_POSTS_DROPPED,    "replicator_posts_dropped_total",        COUNTER, PLAIN, "", "Forms thrown away for reference nodes that did not take them.") \
    M(REPLICATOR_POSTS_PASSED,     "replicator_posts_passed_over_total",    COUNTER, PLAIN, "", "Instances of reference nodes that break a limit, and were passed over.") \
    M(REPLICATOR_ASKED,            "replicator_asked_total",                COUNTER, PLAIN, "", "Commands sent to the registry and to peers.") \
    M(REPLICATOR_ASKS,             "replicator_asks",                       GAUGE,   PLAIN, "", "Commands that wait for an answer.") \
    M(REPLICATOR_RELAYS,           "replicator_relays",                     GAUGE,   PLAIN, "", "Questions of peers that wait for the registry.") \
    M(REPLICATOR_INBOUND,          "replicator_inbound_batches",            GAUGE,   PLAIN, "", "Batches of peers that wait for the registry.") \
    M(REPLICATOR_QUEUE,            "replicator_queue_bytes",                GAUGE,   PLAIN, "", "Bytes that wait for all peers.") \
    M(REPLICATOR_QUEUE_MAX,        "replicator_queue_highest_bytes",        GAUGE,   PLAIN, "", "The most that has waited for one peer since the start.") \
    M(REPLICATOR_QUEUE_LIMIT,      "replicator_queue_max_bytes",            GAUGE,   PLAIN, "", "Bytes that may wait for one peer; over it all is thrown away.") \
    M(REPLICATOR_POSTS_WAITING,    "replicator_posts_waiting",              GAUGE,   PLAIN, "", "Forms that wait for reference nodes.") \
    M(REPLICATOR_POSTS_UNDER_WAY,  "replicator_posts_under_way",            GAUGE,   PLAIN, "", "Forms that reference nodes are answering.") \
    M(REPLICATOR_TOLD,             "replicator_told_instances",             GAUGE,   PLAIN, "", "Instances that reference nodes told and the registry has to take.")
// clang-format on

#endif
