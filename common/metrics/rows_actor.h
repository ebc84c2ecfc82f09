/* What every actor tells of itself, by the common shell; labelled with actor and index. And what
 * the gateway that is asked adds of each.
 *
 * A part of metrics.h, which says how it is to be read and is what is included. */
#ifndef COMMON_METRICS_ROWS_ACTOR_H
#define COMMON_METRICS_ROWS_ACTOR_H

// clang-format off
#define METRIC_ACTOR_ROWS(M) \
    M(UP,                         "up",                               GAUGE,     PLAIN, "",   "Whether the actor answered within half a second: 1, or 0.") \
    M(BUILD_INFO,                 "build_info",                       GAUGE,     PLAIN, "version,commit", "1 for the version and commit of the gateway that is asked.") \
    M(ACTOR_RESTARTS,             "actor_restarts_total",             COUNTER,   PLAIN, "",   "Times the launcher has started the process again.") \
    M(ACTOR_UPTIME,               "actor_uptime_seconds",             GAUGE,     MS,    "",   "For how long the process has been running.") \
    M(ACTOR_RSS,                  "actor_rss_bytes",                  GAUGE,     PLAIN, "",   "Memory of the process that is resident.") \
    M(ACTOR_OPEN_FDS,             "actor_open_fds",                   GAUGE,     PLAIN, "",   "Descriptors the process has open.") \
    M(ACTOR_MAX_FDS,              "actor_max_fds",                    GAUGE,     PLAIN, "",   "Descriptors the process may have open.") \
    M(ACTOR_TURN,                 "actor_turn_seconds",               HISTOGRAM, US,    "",   "CPU time of the turns of the actor's loop.") \
    M(ACTOR_TURN_MAX,             "actor_turn_max_seconds",           GAUGE,     US,    "",   "CPU time of the longest turn since the start.") \
    M(ACTOR_FULL_TURNS,           "actor_full_turns_total",           COUNTER,   PLAIN, "",   "Turns that left work waiting for the next one.") \
    M(ACTOR_PAUSES,               "actor_pauses_total",               COUNTER,   PLAIN, "",   "Short pauses that let the work of many come together.") \
    M(ACTOR_CLOCK_SETS,           "actor_clock_sets_total",           COUNTER,   PLAIN, "",   "Times somebody set the clock of the machine.") \
    M(ACTOR_SEQ,                  "actor_seq",                        GAUGE,     PLAIN, "",   "Number of the newest fact that the actor has published.") \
    M(ACTOR_COMMANDS,             "actor_commands_total",             COUNTER,   PLAIN, "",   "Commands taken from actors and tools of this node.") \
    M(ACTOR_ANSWERS,              "actor_answers_total",              COUNTER,   PLAIN, "",   "Answers to its own commands that it has taken.") \
    M(ACTOR_FACTS,                "actor_facts_total",                COUNTER,   PLAIN, "",   "Facts of other actors that it has taken.") \
    M(ACTOR_DOOR_COMMANDS,        "actor_door_commands_total",        COUNTER,   PLAIN, "",   "Commands taken from other nodes.") \
    M(ACTOR_PEER_ANSWERS,         "actor_peer_answers_total",         COUNTER,   PLAIN, "",   "Answers of other nodes that it has taken.") \
    M(ACTOR_UNSUPPORTED,          "actor_unsupported_commands_total", COUNTER,   PLAIN, "",   "Commands it does not know, and has refused.") \
    M(ACTOR_MALFORMED,            "actor_malformed_frames_total",     COUNTER,   PLAIN, "",   "Frames that hold no message, and were dropped.") \
    M(ACTOR_FRAMES_IN,            "actor_received_frames_total",      COUNTER,   PLAIN, "",   "Frames received on its sockets.") \
    M(ACTOR_FRAMES_OUT,           "actor_sent_frames_total",          COUNTER,   PLAIN, "",   "Frames sent on its sockets.") \
    M(ACTOR_BYTES_IN,             "actor_received_bytes_total",       COUNTER,   PLAIN, "",   "Bytes received on its sockets.") \
    M(ACTOR_BYTES_OUT,            "actor_sent_bytes_total",           COUNTER,   PLAIN, "",   "Bytes sent on its sockets.") \
    M(ACTOR_DROPPED,              "actor_dropped_frames_total",       COUNTER,   PLAIN, "",   "Frames dropped since who they were for did not take them: of ways to other nodes and to actors. Facts and answers that a client of the bus does not read are dropped uncounted.") \
    M(ACTOR_CATCH_UPS,            "actor_catch_ups_total",            COUNTER,   PLAIN, "of", "Times it caught up with what it follows, by history or snapshot.") \
    M(ACTOR_SNAPSHOTS,            "actor_catch_up_snapshots_total",   COUNTER,   PLAIN, "of", "Times it took a whole snapshot to catch up with what it follows.") \
    M(ACTOR_SUBSCRIPTIONS,        "actor_subscriptions",              GAUGE,     PLAIN, "",   "Different topics of its facts that somebody subscribes to.") \
    M(ACTOR_WAYS,                 "actor_ways",                       GAUGE,     PLAIN, "",   "Ways it holds open to other nodes.") \
    M(ACTOR_LISTENER_CONNECTIONS, "actor_listener_connections",       GAUGE,     PLAIN, "",   "Connections at its tcp ports for actors and nodes.") \
    M(ACTOR_LISTENER_CONNECTIONS_MAX, "actor_listener_connections_max", GAUGE,   PLAIN, "",   "Connections its tcp ports may have.") \
    M(ACTOR_LISTENERS_DEAF,       "actor_listeners_deaf_total",       COUNTER,   PLAIN, "",   "Times its tcp ports took no connection since there were too many.") \
    M(ACTOR_KEYS_ACCEPTED,        "actor_keys_accepted_total",        COUNTER,   PLAIN, "",   "Handshakes of keys that are known.") \
    M(ACTOR_KEYS_REFUSED,         "actor_keys_refused_total",         COUNTER,   PLAIN, "",   "Handshakes of keys that are not known, and were refused.")
// clang-format on

#endif
