/* The table of verbs: all that the command line and --help know of them. */
#include "actors/ctl/verbs.h"

#include <stddef.h>

// clang-format off
#define WITH(NAME)  OPTION_BIT(NAME)
#define ANY         (WITH(DIR) | WITH(OUTPUT) | WITH(TIMEOUT) | WITH(HELP))
#define BY_HTTP     (ANY | WITH(URL))
#define BY_BUS      (ANY | WITH(ENDPOINT) | WITH(KEYS))
#define WHO         (WITH(APPID) | WITH(ENV) | WITH(ZONE) | WITH(REGION) | WITH(HOSTNAME))

const struct ctl_verb ctl_verbs[] = {
    {"register", "[APPID]", 0, 1,
     BY_HTTP | WHO | WITH(ADDR) | WITH(METADATA) | WITH(VERSION) | WITH(STATUS) | WITH(KEEP) | WITH(EVERY),
     "10s", PRINTS_WORDS, "announce an instance",
     "Registers one instance of APPID, reachable at every --addr; a second call replaces what the "
     "first one said. Without heartbeats it is evicted after evictor.idle (90s): with --keep, "
     "heartbeats are sent until musterctl is interrupted, and the instance is registered again if "
     "the node does not know it any more (-404). It is not cancelled at the end; musterctl cancel "
     "does that.",
     instance_register},
    {"renew", "[APPID]", 0, 1, BY_HTTP | WHO | WITH(KEEP) | WITH(EVERY),
     "10s", PRINTS_WORDS, "send a heartbeat",
     "Sends one heartbeat of an instance. With --keep it goes on, every 30s or as --every says, "
     "until it is interrupted; a node that is away for a while ends nothing. An instance that is "
     "not known (-404) ends it with 1 and is not registered anew, as musterctl renew does not know "
     "its addresses; musterctl register --keep does that.",
     instance_renew},
    {"cancel", "[APPID]", 0, 1, BY_HTTP | WHO,
     "10s", PRINTS_WORDS, "take an instance out",
     "Ends an instance. Those who wait for changes of APPID are told at once.",
     instance_cancel},
    {"set", "[APPID]", 0, 1, BY_HTTP | WHO | WITH(METADATA) | WITH(STATUS),
     "10s", PRINTS_WORDS, "change status or metadata of instances",
     "Changes every --hostname of APPID, all or none. Metadata given is added to what an instance "
     "has, key by key.",
     instance_set},
    {"fetch", "[APPID]...", 0, option_arguments_max,
     BY_HTTP | WITH(APPID) | WITH(ENV) | WITH(ZONE) | WITH(STATUS),
     "10s", PRINTS_ROWS, "show instances",
     "Shows the instances of the apps named, of every status unless --status says otherwise; "
     "without APPID those of all apps and envs (in the table, --env and --zone then choose among "
     "them). RENEWED is how long ago the last heartbeat known here was.",
     document_fetch},
    {"status", "", 0, 0, BY_HTTP,
     "5s", PRINTS_ROWS, "say whether the node is well, of what answers",
     "The verdict in one sentence, worst first, then every check that is not ok, since when, and why; "
     "with -o wide all checks. All of it is asked of the processes themselves, now. Where no gateway "
     "answers, it says which actors do. The exit status is 1 when the verdict is bad, 3 when no gateway "
     "answers. (./muster status tells of processes: pids, restarts.)",
     node_status},
    {"nodes", "", 0, 0, BY_HTTP,
     "10s", PRINTS_ROWS, "show all that is known of the cluster",
     "One row a node, this one first: its name, address, zone and version; how it is linked (muster, or "
     "http to a node of the reference implementation), whether it is up and since when; whether it "
     "HOLDS the same as this one; how many bytes wait for it; and why it is of no use as it is. What "
     "the node asked does not know of others is -; a reference node knows addresses and who is up.",
     node_list},
    {"top", "", 0, 0, (ANY & ~WITH(TIMEOUT)) | WITH(COUNT),
     "1s", PRINTS_LINES, "show what the node does right now",
     "Once a second: requests, writes, heartbeats, changes and polls woken a second, polls parked and "
     "connections, and of each actor its CPU, memory, turns and longest turn; of the counters that the "
     "actors keep, so it costs them next to nothing. On a terminal it is one screen, and q ends it; "
     "else it is one line a second.",
     node_top},
    {"pollers", "[APPID]", 0, 1, BY_HTTP | WITH(APPID) | WITH(ENV),
     "10s", PRINTS_ROWS, "show who waits for news of an app",
     "Shows the polls that wait: whose they are, from where, since when, and how long they go on "
     "waiting; of APPID, or of all apps. They are those of the gateway that answers.",
     node_pollers},
    {"events", "[APPID]", 0, 1, BY_HTTP | WITH(APPID) | WITH(ENV) | WITH(KINDS) | WITH(LAST) | WITH(COUNT),
     "10s", PRINTS_LINES, "follow what happens to the node",
     "Prints what happens, until interrupted: registrations and what became of them, evictions and why, "
     "protection, nodes that come and go, the state of the disk, actors that start and end. A broken "
     "connection is made again from the position reached. With -o json, each line is an object {time, "
     "kind, actor, env, appid, zone, hostname, before, after, reason}.",
     node_events},
    {"digest", "", 0, 0, ANY,
     "10s", PRINTS_ROWS, "show whether nodes hold the same",
     "Shows the digest of what each node holds, as NAME and 32 hex digits: first this node's, then, "
     "as they said last (at most a second ago while they are up), its peers'; - for one that has "
     "none, such as a node that speaks HTTP only. Nodes with equal digests hold the same instances "
     "and tombstones. The exit status is 0 when every muster node linked to this one is up and "
     "equal, and no configured one still has to be met, else 1: while something is under way, ask "
     "again. With -o json, each line is an object "
     "{name, addr, zone, link, status, digest, equal}.",
     nodes_digest},
    {"schedule", "[APPID]", 0, 1, BY_BUS | WITH(APPID) | WITH(ENV) | WITH(FILE) | WITH(REMOVE),
     "10s", PRINTS_ROWS, "show or change how clients of an app are spread over zones",
     "Shows the schedule of APPID: of the requests of clients in zone CLIENTS, WEIGHT parts, which "
     "is SHARE, go to instances in ZONE. With -o json it is the file that --file takes: that sets "
     "the schedule of the app and env it names, and with --remove there is none any more. A change "
     "counts on all nodes, until there is a newer one; clients that wait for changes of the app are "
     "told at once. What stands in a file of registry.schedules is better changed there.",
     schedule_run},
    {"watch", "APPID...", 0, option_arguments_max,
     BY_HTTP | WITH(APPID) | WITH(ENV) | WITH(ZONE) | WITH(COUNT),
     "10s", PRINTS_LINES, "follow the changes of apps",
     "Prints the full state of each app, then every change, until interrupted: events full, change "
     "{kind, appid, zone, hostname, instance, latest_timestamp}, schedule and gone. A broken "
     "connection is made again from the position reached, so nothing is missed or printed twice; "
     "what the node can't continue begins anew with full. With -o json, each line is an object {time, actor, "
     "topic, epoch, seq, type, fields}.",
     stream_watch},
    {"tap", "[TOPIC-PREFIX]...", 0, option_arguments_max, (BY_BUS & ~WITH(TIMEOUT)) | WITH(COUNT),
     "10s", PRINTS_LINES, "follow the facts of the actors",
     "Prints the facts the actors of --dir publish, until interrupted: without a prefix those meant "
     "for people (registry.change.ENV.APPID, registry.protect, registry.storage, "
     "evictor.protection, evictor.round, replicator.nodes, store.event.KEY), with prefixes those that "
     "begin with one of them, such as registry.turn or evictor.tick. Actors may be restarted meanwhile. It "
     "shows what is published while it looks; facts may be missed under load. With -o json, each "
     "line is an object {time, actor, topic, epoch, seq, type, fields}.",
     facts_tap},
    {"ping", "[ACTOR]...", 0, option_arguments_max, BY_BUS,
     "2s", PRINTS_ROWS, "ask actors whether they are there",
     "Asks each actor, or all of the node, for its pid, version and position. The exit status is 3 "
     "if one is not running, else 4 if one is silent.",
     actor_ping},
    {"stats", "ACTOR", 0, 1, BY_BUS,
     "10s", PRINTS_ROWS, "show an actor's counters and sizes",
     "Shows every counter of the actor since its start, and the size of every collection it keeps.",
     actor_stats},
    {"snapshot", "ACTOR", 0, 1, BY_BUS,
     "10s", PRINTS_WORDS, "print an actor's state",
     "Prints the whole state as the actor would hand it to a follower: one record a line, as JSON, "
     "whatever -o says; last its standing facts.",
     actor_snapshot},
    {"log-level", "ACTOR LEVEL", 1, 2, BY_BUS,
     "10s", PRINTS_WORDS, "change how much an actor logs",
     "LEVEL is error, warn, info or debug, and holds until the actor ends.",
     actor_log_level},
    {"shutdown", "ACTOR", 0, 1, BY_BUS | WITH(LEAVE) | WITH(FORCE),
     "10s", PRINTS_WORDS, "end an actor in good order",
     "Asks the actor to end; a launcher that watches over it starts it again. With --leave, sent to "
     "the replicator, this node leaves the cluster for good. A registry that holds changes in "
     "memory only refuses, and says how many, unless --force is given.",
     actor_shutdown},
    {"storage", "", 0, 0, BY_BUS | WITH(ACKNOWLEDGE),
     "10s", PRINTS_WORDS, "show whether all changes are on disk",
     "Says whether all that was answered is on the registry's disk, or how many changes are in "
     "memory only, and why; and what damage has cost, as long as neither peers have filled it in "
     "nor --acknowledge has said that somebody knows. The exit status is 1 while changes are in "
     "memory only.",
     actor_storage},
    {"backup", "FILE", 1, 1, BY_BUS | WITH(FORCE),
     "10s", PRINTS_WORDS, "write what the naming plane holds to a file",
     "Takes a snapshot of the registry that runs: every instance, tombstone and schedule, all as they "
     "were at one moment, in the records that its journal is made of. The file takes its name when it "
     "is on the disk and has been read back; it is readable for its owner only. What is there already "
     "is not written over, unless --force is given. The store is not in it: etcdctl snapshot save "
     "takes that.",
     backup_make},
    {"check", "FILE", 1, 1, WITH(DIR) | WITH(OUTPUT) | WITH(HELP) | VERB_BEGINS_NODE,
     "10s", PRINTS_WORDS, "say whether a backup is whole",
     "Reads a file that backup wrote: every checksum, every record, and whether it has all of them. The "
     "exit status is 1 if not: where and why is said. Nothing is asked of any process. (Whether a node "
     "can start is what ./muster check says.)",
     backup_check},
    {"restore", "FILE", 1, 1, WITH(DIR) | WITH(FORCE) | WITH(HELP) | VERB_BEGINS_NODE,
     "10s", PRINTS_WORDS, "make a registry's data of a backup, with the node down",
     "Makes DIR/data/registry of a backup that is whole; one that is not is refused. The node must be "
     "down: the kernel's locks are asked, not files. Data that is there is left alone, or, with "
     "--force, kept aside under another name. A new epoch begins, so that whoever followed takes all "
     "there is anew. When instances were heard last is not known: each has evictor.idle to give a sign "
     "of life.\n"
     "In a cluster the states merge by their order, as after any absence: what another node holds that "
     "is newer wins, and what was cancelled since stays gone, as long as its tombstone lives "
     "(evictor.ceiling and 10 min). To go back on what the cluster holds, restore on one node with all "
     "others down, then start these with empty data.",
     backup_restore},
    {"debug", "FILE", 1, 1, BY_HTTP | WITH(FORCE),
     "2s", PRINTS_WORDS, "gather what somebody who helps wants to see",
     "Writes a tar archive: what answers, all counters twice and five seconds apart, the verdict, nodes "
     "and digests, the configuration in force, the ends of the logs, limits of kernel and processes, "
     "versions. Keys, tokens and passwords are not in it: files of keys are not read, settings that "
     "are secret are `set`, and what looks like one in a log is removed.",
     node_debug},
    {"export", "", 0, 0, BY_HTTP | WITH(ENV) | WITH(ZONE),
     "60s", PRINTS_WORDS, "print all instances as JSON that import takes",
     "Prints the instances of all apps, or those of --env and --zone, as the forms that register them: "
     "without what clocks said of them, and without the nodes themselves.",
     instances_export},
    {"import", "FILE", 1, 1, BY_HTTP,
     "10s", PRINTS_WORDS, "register the instances of an export",
     "Registers every instance of FILE (-: standard input) through the API, each with its own zone and "
     "env. Twice is as good as once. What the node refuses is named, the first ten with why, and the "
     "exit status is then 1. Without heartbeats instances are evicted after evictor.idle.",
     instances_import},
    {"store", "status | hash | leases | watch [KEY] | watchers | get KEY | put KEY VALUE | del KEY", 1, 3,
     BY_BUS | WITH(PREFIX) | WITH(REV) | WITH(COUNT),
     "10s", PRINTS_ROWS, "look into the store, or change a key",
     "Asks the store on its own socket, whether or not a gateway of etcd's API runs; what goes through "
     "the gateway is etcdctl's.\n"
     "status: this member and its cluster, who leads, at which revision it is, and the size of its "
     "state on disk; the exit status is 1 while there is no leader.\n"
     "hash: of all keys and revisions, as etcd's HashKV has it: members that hold the same at the "
     "same revision have the same.\n"
     "leases: each with the seconds it has left, those it was granted, and how many keys end with "
     "it.\n"
     "watch: prints what happens to KEY, with --prefix to all that begin with it, without KEY to all, "
     "with what was there before, until interrupted; from now on, or from revision --rev on.\n"
     "watchers: who watches through each process of etcd's gateway: which stream and watch, the keys, the "
     "next revision it may be told of, and whether it is synced, lags behind, or is blocked, as its "
     "client does not read.\n"
     "get, del: one key, or with --prefix all that begin with KEY; the exit status is 1 if there is "
     "none. put: sets one.\n"
     "With -o json, each line is an object; a key or value that is no UTF-8 is in it as key_hex or "
     "value_hex.",
     store_run},
    {"actors", "", 0, 0, WITH(OUTPUT) | WITH(HELP),
     "10s", PRINTS_ROWS, "list the kinds of actors a node has",
     "Lists what a node is made of, in the order it starts: how many of a kind there are, the key "
     "that makes it reachable from other hosts, and the key of where it listens beside its own "
     "sockets (- if nowhere). Nothing is asked of any process.",
     actor_list},
    {"keygen", "[DIR]", 0, 1, (ANY & ~WITH(TIMEOUT)) | WITH(NAME),
     "10s", PRINTS_WORDS, "make the keys of this host",
     "Makes DIR/node.key, which stays on this host, and DIR/NAME.pub, which is copied to the keys of "
     "every host it is to talk to. NAME is the host others reach this one at, as it stands in "
     "endpoints.* of the configuration. DIR is peers.keys, or else keys in --dir. What is there is "
     "not overwritten. Processes read keys when they start.",
     keys_make},
    {"completion", "bash | zsh", 1, 1, WITH(HELP),
     "10s", PRINTS_WORDS, "print what makes a shell complete musterctl and muster",
     "Prints a script for the shell: of bash, `. <(musterctl completion bash)`; of zsh, save it as "
     "_musterctl in a directory of $fpath. An installed muster has both in place.",
     completion_run},
    {"pages", "PAGE", 1, 1, WITH(HELP),
     "10s", PRINTS_WORDS, "", "What the build makes manual pages of; not for people.", pages_run},
    {"launch", "actors | check | bind KEY=HOST:PORT... | logs KEY=VALUE...", 1, option_arguments_max, WITH(DIR) | WITH(HELP),
     "10s", PRINTS_WORDS, "", "What the launcher asks; not for people.", launch_ask},
    {.name = NULL},
};
// clang-format on
