/* Configuration: one table of keys. The struct, the parser's checks, --help,
 * config/muster.toml and the docs derive from it or are compared with it by a test.
 *
 * Key `a.b_c` is MUSTER_A_B_C in the environment and --a.b_c=V on the command
 * line; flag > environment > file > default. In a file: section [a], key b_c.
 * Lists are TOML arrays of strings, elsewhere separated by commas. Durations are
 * "250ms", "30s", "1h"; sizes "16KiB"; a bare number is refused, but for 0.
 * A file with [httpServer] is a bilibili discovery.toml and is mapped key by key.
 */
#ifndef COMMON_CONFIG_CONFIG_H
#define COMMON_CONFIG_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/base/str.h"

// clang-format off
/* K(section, name, kind, default, min, max, help)
 *   kind      C                      default as text
 *   text      char *  (owned)        max = longest
 *   list      struct config_list     max = most items
 *   duration  int64_t, ms            min, max in ms
 *   size      int64_t, bytes
 *   number    int64_t
 *   share     double                 min, max in percent
 *   flag      bool
 * A text with a fixed set of values names them in its help as "one of: a, b".
 */
#define CONFIG_TABLE(K)                                                                                        \
    K(node,     zone,               text,     "sh001",          1, 255,       "zone this node stands in")       \
    K(node,     region,             text,     "sh",             1, 255,       "region this node stands in")     \
    K(node,     env,                text,     "dev",            1, 255,       "env of this node's own infra.discovery instance") \
    K(node,     name,               text,     "",               0, 255,       "hostname of that instance; empty: <hostname>-<port>") \
    K(gateway,  listen,             text,     "127.0.0.1:7171", 1, 255,       "HTTP address, host:port; port 0: any free one") \
    K(gateway,  advertise,          text,     "",               0, 255,       "host:port clients and peers reach this node at; empty: listen. Required when listen is a wildcard") \
    K(gateway,  hosts,              list,     "",               0, 64,        "further names of this node, which a Host with a dot may name while it listens on loopback, and sites whose pages may write") \
    K(gateway,  processes,          number,   "1",              1, 64,        "gateway processes sharing the port") \
    K(gateway,  pool,               size,     "8KiB",           4096, 1048576,"memory per connection; bounds URL and headers together") \
    K(gateway,  poll_wait,          duration, "30s",            100, 300000,  "longest wait of a poll") \
    K(gateway,  write_deadline,     duration, "5s",             100, 60000,   "how long a write waits for a restarting registry") \
    K(gateway,  stale_limit,        duration, "60s",            1000, 86400000, "silence of the registry after which polls and readyz answer 503") \
    K(gateway,  renew_refresh,      duration, "5s",             0, 3600000,   "how far renew_timestamp in documents may lag") \
    K(gateway,  connections_max,    number,   "0",              0, 1000000,   "most connections of one gateway process; 0, or more than fit: the limit of descriptors less 256") \
    K(gateway,  memory_max,         size,     "0",              0, 1099511627776, "most memory one gateway process holds for clients: bodies, answers they do not read, polls and streams; 0: a quarter of the machine's or its cgroup's, divided by gateway.processes") \
    K(gateway,  body_max,           size,     "1MiB",           1024, 67108864, "largest request body") \
    K(registry, instances_max,      number,   "5000000",        1, 100000000, "most instances clients may register, those that went within the last hour counted too; what other nodes tell is taken in beyond") \
    K(registry, journal_sync,       text,     "always",         1, 16,        "when a change is forced to disk; one of: always, 1s, never") \
    K(registry, protect,            flag,     "false",          0, 0,         "start protected (reads answer 503) until in sync with a peer, protect_wait at most; only with peers.nodes") \
    K(registry, protect_wait,       duration, "60s",            100, 3600000, "longest init-protect") \
    K(registry, schedules,          text,     "",               0, 4096,      "directory of the schedules of apps, *.json; empty: DIR/schedules, if there is one") \
    K(evictor,  interval,           duration, "60s",            100, 3600000, "time between two rounds, and the window heartbeats are counted over") \
    K(evictor,  idle,               duration, "90s",            100, 86400000, "silence after which an instance is idle and may be evicted") \
    K(evictor,  ceiling,            duration, "1h",             100, 864000000, "silence after which it is evicted even under self-protection") \
    K(evictor,  share,              share,    "0.85",           0, 100,       "share of expected heartbeats below which nothing is evicted; and 1 - share goes per round at most") \
    K(store,    enabled,            flag,     "true",           0, 0,         "./muster up starts a store and etcd's API before it") \
    K(store,    data,               text,     "",               0, 4096,      "directory of the store's log and state, an absolute path; empty: DIR/data/store") \
    K(store,    map,                size,     "64GiB",          16777216, 17592186044416, "most that the store's state on disk may ever be; address space only, nothing is reserved") \
    K(store,    heartbeat,          duration, "100ms",          10, 10000,    "how often the leader of a store's members shows that it is there") \
    K(store,    election,           duration, "1s",             50, 50000,    "silence of the leader after which another is elected; at least five times store.heartbeat. The least time to live of a lease is one and a half of it") \
    K(store,    compaction_mode,    text,     "periodic",       1, 16,        "how compaction_retention is counted; one of: periodic, revision") \
    K(store,    compaction_retention, text,   "0",              1, 32,        "how much history is kept when the store compacts by itself: periodic: a duration, such as 1h; revision: how many revisions; 0: it does not") \
    K(store,    lease_checkpoint,   duration, "5m",             0, 86400000,  "how often what is left of long leases is written down, so that a restart does not begin them anew; 0: never") \
    K(etcd,     listen,             text,     "127.0.0.1:2379", 1, 255,       "address of etcd's API, gRPC and JSON, host:port; port 0: any free one") \
    K(etcd,     advertise,          text,     "",               0, 255,       "URL that clients are told to reach this member at; empty: http:// and etcd.listen. Required when etcd.listen is a wildcard") \
    K(etcd,     peer_urls,          list,     "http://localhost:2380", 1, 16, "URLs of this member that the ids of member and cluster are made of, once, on an empty directory") \
    K(etcd,     name,               text,     "default",        1, 255,       "name of this member, as member list tells it") \
    K(etcd,     initial_cluster_token, text,  "etcd-cluster",   1, 255,       "what else those ids are made of: clusters that must never be taken for each other have different ones") \
    K(etcd,     version,            text,     "3.5.21",         1, 32,        "version of etcd that clients are told, and whose answers they get; 3.4.0 and above") \
    K(etcd,     max_request,        size,     "1536KiB",        1024, 4194304, "largest request; gRPC takes 512KiB more for what is around it") \
    K(etcd,     max_txn_ops,        number,   "128",            1, 10000,     "most operations of a transaction, of its comparisons, or of either branch") \
    K(etcd,     progress_interval,  duration, "10m",            100, 86400000, "how often an idle watch that wants it is told how far it is") \
    K(etcd,     memory_max,         size,     "0",              0, 1099511627776, "most memory one process holds for clients, over HTTP/2 and over HTTP/1.1 each; 0: a quarter of the machine's or its cgroup's, divided by etcd.processes") \
    K(etcd,     cors,               list,     "*",              0, 64,        "sites whose pages may use the JSON API; *: all") \
    K(etcd,     processes,          number,   "1",              1, 64,        "gateway processes sharing the port of etcd.listen") \
    K(peers,    nodes,              list,     "",               0, 256,       "host:port of the HTTP address of other nodes of this zone, to begin with") \
    K(peers,    listen,             text,     "",               0, 255,       "host:port of this node's tcp door for muster peers, on the replicator's host; empty: gateway.listen's host, port + 1000, with keys or security.insecure only") \
    K(peers,    zones,              list,     "",               0, 256,       "zone=host:port of the HTTP address of nodes of other zones, to begin with") \
    K(peers,    networks,           list,     "",               0, 64,        "address/bits of a network other nodes may stand in, configured ones apart; none: all but link-local and multicast, and loopback only if this node listens there") \
    K(peers,    keys,               text,     "",               0, 4096,      "directory of keys (musterctl keygen), for every link off this host; empty: none, and such links are refused") \
    K(endpoints, registry,          text,     "",               0, 255,       "host:port other hosts of this node reach the registry at, for commands; facts are at the next port; empty: this host only") \
    K(endpoints, replicator,        text,     "",               0, 255,       "the same of the replicator") \
    K(endpoints, evictor,           text,     "",               0, 255,       "the same of the evictor") \
    K(endpoints, gateway,           text,     "",               0, 255,       "the same of gateway 0; each further one two ports above") \
    K(endpoints, store,             text,     "",               0, 255,       "the same of the store") \
    K(endpoints, etcd,              text,     "",               0, 255,       "the same of the first process of etcd's API; each further one two ports above") \
    K(security, insecure,           flag,     "false",          0, 0,         "allow tcp links without keys") \
    K(security, trust_client_nodes, flag,     "false",          0, 0,         "believe replication flags and infra.discovery registrations from any client; needed beside reference nodes") \
    K(launcher, ping_timeout,       duration, "10s",            0, 3600000,   "an actor that answers no PING for this long is restarted; 0: never") \
    K(log,      level,              text,     "info",           1, 8,         "one of: error, warn, info, debug") \
    K(log,      format,             text,     "auto",           1, 8,         "one of: auto, text, json; auto: text on a terminal")
// clang-format on

struct config_list {
    char **items; /* owned, NUL-terminated */
    uint32_t count;
};

typedef char *config_text;
typedef int64_t config_duration;
typedef int64_t config_size;
typedef int64_t config_number;
typedef double config_share;
typedef bool config_flag;

/* A value is reached as config.<section>_<name>, e.g. config.gateway_listen. node_name,
 * gateway_advertise and etcd_advertise are never empty after config_load. */
struct config {
#define config_kind_text config_text
#define config_kind_list struct config_list
#define config_kind_duration config_duration
#define config_kind_size config_size
#define config_kind_number config_number
#define config_kind_share config_share
#define config_kind_flag config_flag
#define CONFIG_FIELD(section, name, kind, default_text, min, max, help)                            \
    config_kind_##kind section##_##name;
    CONFIG_TABLE(CONFIG_FIELD)
#undef CONFIG_FIELD

    /* from the command line only */
    char *dir;      /* --dir D or MUSTER_DIR, default ./.muster, made absolute; owned */
    char *run_dir;  /* D/run; owned */
    char *data_dir; /* D/data; owned */
    char *log_dir;  /* D/log; owned */
    char *file;     /* --config F; owned; NULL: D/muster.toml if it is there */
    uint32_t index; /* --index I, of a gateway */

    /* Where each value is from, one text for each key of the table, in its order: "muster.toml:12",
     * "MUSTER_A_B_C", "--a.b_c", "the default"; owned. NULL until config_load has returned
     * CONFIG_RUN. */
    char **origins;
};

enum config_outcome {
    CONFIG_RUN,    /* go on with config */
    CONFIG_EXIT,   /* --help, --version, --check-config or --settings: all said, exit 0 */
    CONFIG_FAILED, /* said why on stderr, with file, line and remedy: exit 1 */
};

/* purpose: one line for --help, e.g. "the truth about who is registered". Directories are made
 * (0700) on CONFIG_RUN. On any outcome call config_fini. */
enum config_outcome config_load(struct config *config, const char *purpose, int argc, char **argv);
void config_fini(struct config *config);

#endif
