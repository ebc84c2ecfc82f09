"""Rows about three nodes that keep each other in step: how soon a change is seen elsewhere, what
heartbeats cost between nodes, what one that hangs costs the clients of the others, how soon an empty
one has caught up. All nodes share this machine's cores, with the load."""
import contextlib
import json
import os
import re
import signal
import socket
import statistics
import subprocess
import threading
import time

import bench
from bench import Interval, Node, wait_until
from cluster import HOST, digests, free_ports, together, up, wait_met

ENV, APPS = "prod", 1000  # of bench_fill's crowd
ACTORS = ("registry", "replicator", "gateway.0")


class Settings:
    """How long each run is, and how many of each there are."""

    def __init__(self, quick):
        self.runs, self.seconds, self.crowd = (1, 2, 30000) if quick else (5, 3, 300000)
        self.joiners = 30000 if quick else 100000


class Nodes:
    """Three that name each other; one that is stopped is not ended by its launcher."""

    def __init__(self, *flags, count=3, began=3):
        self.flags, ports = flags, free_ports(2 * count)
        self.ports, self.doors = ports[:count], ports[count:]
        self.nodes = together([lambda i=i: self.start(i) for i in range(began)])

    def start(self, i, *more):
        seeds = ",".join("%s:%d" % (HOST, port) for port in self.ports)
        return Node("--log.level=error", "--launcher.ping_timeout=0", "--peers.nodes=" + seeds,
                    "--peers.listen=%s:%d" % (HOST, self.doors[i]), "--security.insecure=true", *self.flags, *more, port=self.ports[i])

    def __iter__(self):
        return iter(self.nodes)

    def __getitem__(self, i):
        return self.nodes[i]

    def met(self):
        wait_met(self.nodes, 30)
        return self

    def end(self):
        together([node.end for node in self.nodes])


def wait_same(nodes, seconds):
    """Until these hold the same; others of the cluster may not be there."""
    wait_until("digests are equal", lambda: len({digests(node)[0] for node in nodes}) == 1, seconds)


def run(name, *words, seconds=120):
    """The last line that a load of tests/bench says."""
    command = [os.path.join(os.environ["MUSTER_BIN"], "bench_" + name), *map(str, words)]
    done = subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=seconds, check=False)
    if done.returncode != 0:
        raise AssertionError("%s: %s" % (" ".join(command), done.stdout))
    return done.stdout.splitlines()[-1]


def fill(node, *words):
    """Seconds it took; each was answered well."""
    said = run("fill", node.endpoint("registry", "commands"), *words)
    return int(re.fullmatch(r"done \d+ failed 0 ms (\d+)", said).group(1)) / 1000


def ages(node):
    return json.loads(run("ages", node.endpoint("registry", "commands"), ENV))


def counters(node, actor="replicator"):
    """By their names behind that of the actor, as older programs have them."""
    return {name.removeprefix(actor + "_"): value for name, value in node.stats(actor)["counters"].items()}


def describe(name, times):
    return "%s p50 %.2f, p99 %.2f, max %.2f ms" % (name, times["p50"], times["p99"], times["max"])


def visible(nodes, writer, pollers, seconds):
    """1,000 registrations a second at one node, polls of each app parked at others."""
    ports = [nodes[i].port for i in pollers]
    return json.loads(run("visible", 200, 1000, seconds, nodes[writer].port, *ports))


# ── how soon a change is seen ────────────────────────────────────────────────


def bar_ms(own):
    return 1.5 * own["p99"] + 10

def seen(table, settings):
    nodes = Nodes().met()
    visible(nodes, 0, (0, 1, 2), 1)  # connections, pools and links in use
    runs = []
    for i in range(settings.runs):
        writer = i % 3
        runs.append(visible(nodes, writer, (writer, (writer + 1) % 3, (writer + 2) % 3), settings.seconds))
    own, one, other = ([run["seen"][i] for run in runs] for i in range(3))
    away = [{name: max(a[name], b[name]) for name in a} for a, b in zip(one, other)]
    table.add("seen: at another node, p99", statistics.median(a["p99"] for a in away), "ms", at_most=1,
              yardstick=statistics.median(bar_ms(o) for o in own),
              ratio=statistics.median(a["p99"] / bar_ms(o) for a, o in zip(away, own)), notes=[
                  "bench_visible: 1,000 registrations/s at one node of three in turn, %d runs of %d s; 200 apps, polls parked at all"
                  % (settings.runs, settings.seconds),
                  "yardstick: 1.5 times the p99 of polls at its own node (%.2f ms), and 10 ms; the slower of the other two counts; "
                  "stray answers: %d" % (statistics.median(o["p99"] for o in own), sum(run["stray"] for run in runs)),
                  *("%s; %s; %s; %s" % (describe("answered", run["accepted"]), describe("own", o), describe("one", a),
                                        describe("other", b)) for run, o, a, b in zip(runs, own, one, other))])
    nodes.end()


# ── heartbeats ───────────────────────────────────────────────────────────────


def wire_bytes(node, doors):
    """What went both ways over the links this node opened, without the kernel's headers."""
    done = subprocess.run(["ss", "-tinpHO", "state", "established"], text=True, stdout=subprocess.PIPE, check=True)
    total = found = 0
    for line in done.stdout.splitlines():
        if "pid=%d," % node.pid("replicator") in line and re.search(r" 127\.0\.0\.1:(%s) " % "|".join(map(str, doors)), line):
            if re.search(r"\d+ +\S+:(\d+) +\S+:(\d+)", line).group(2) not in map(str, doors):
                continue  # one that came in
            total += sum(int(number) for number in re.findall(r"bytes_(?:sent|received):(\d+)", line))
            found += 1
    assert found == len(doors), "%d links of %d in\n%s" % (found, len(doors), done.stdout)
    return total


def at_tick(node):
    """Counters right after the replicator has sent a tick's message."""
    before = counters(node)["states_sent_total"]
    return wait_until("a tick is sent", lambda: (c := counters(node))["states_sent_total"] > before and c, 5)


def beats(table, settings):
    nodes = Nodes().met()
    node, others, peers = nodes[0], (nodes[1], nodes[2]), 2
    at_tick(node)
    quiet = wire_bytes(node, nodes.doors[1:])
    for _ in range(3):
        at_tick(node)
    table.add("beats: a tick without any, to a peer", (wire_bytes(node, nodes.doors[1:]) - quiet) / 3 / peers, "bytes",
              notes=["the message and its answer"])
    fill(node, "register", APPS, 0, settings.crowd)
    wait_same(nodes, 60)
    per_s, seconds = 30000, max(2 * settings.crowd // 30000, 10)
    load = bench.Started(os.path.join(os.environ["MUSTER_BIN"], "bench_fill"), node.endpoint("registry", "commands"), "renew",
                         str(APPS), "0", str(settings.crowd), str(per_s), str(seconds), stdout=subprocess.PIPE)
    time.sleep(1.5)
    pids = {"%s %d" % (actor, i): nodes[i].pid(actor) for i in range(3) for actor in ACTORS}
    received = [counters(other)["heartbeats_received_total"] for other in others]
    before, began, bytes_before = at_tick(node), time.monotonic(), wire_bytes(node, nodes.doors[1:])
    with Interval(**pids) as cost:
        time.sleep(seconds - 5)
        after, took_s, bytes_after = at_tick(node), time.monotonic() - began, wire_bytes(node, nodes.doors[1:])
    said = load.process.communicate(timeout=30)[0]
    assert re.search(r"failed 0 ms", said), said
    ended = time.monotonic()
    sent, messages = (after[name] - before[name] for name in ("heartbeats_sent_total", "states_sent_total"))
    notes = ["bench_fill: %d instances, %d heartbeats/s at one node for %.1f s; to each of two peers %.0f/s" % (
        settings.crowd, per_s, took_s, sent / took_s / peers),
        "CPU, cores: " + ", ".join("%s %.3f" % (name, cost.busy(name)) for name in pids)]
    table.add("beats: bytes on the wire, each", (bytes_after - bytes_before) / sent, "bytes", at_most=40, notes=notes)
    table.add("beats: messages a peer and tick", messages / peers / round(took_s), "messages", at_most=1)
    for i in range(3):
        table.add("beats: replicator, %s" % ("sends" if i == 0 else "receives, %d" % i), cost.busy("replicator %d" % i), "cores",
                  at_most=0.3)
    time.sleep(2.5)
    lost = [counters(node)["heartbeats_sent_total"] // peers]
    for i, other in enumerate(others):
        found, late_ms = ages(other), (time.monotonic() - ended) * 1000
        lost.append(counters(other)["heartbeats_received_total"])
        assert found["instances"] == settings.crowd, found
        table.add("beats: oldest age at receiver %d" % (i + 1), found["oldest_ms"] - late_ms, "ms",
                  at_most=settings.crowd / per_s * 1000 + 1500,
                  notes=["%d instances, %d of unknown age; %d heartbeats heard meanwhile" % (
                      found["instances"], found["vague"], counters(other)["heartbeats_received_total"] - received[i])])
    table.add("beats: dropped", sum(counters(n)["heartbeats_dropped_total"] for n in nodes), "heartbeats", at_most=0)
    nodes.end()


# ── one that hangs ───────────────────────────────────────────────────────────


@contextlib.contextmanager
def stopped(node, actors):
    pids = [pid for pid in map(node.pid, actors) if pid]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


@contextlib.contextmanager
def unreachable(nodes):
    """A node in infra.discovery whose door takes no connection: nothing answers a SYN."""
    door = socket.socket()
    door.bind((HOST, 0))
    door.listen(0)
    port = door.getsockname()[1]
    held = []
    for _ in range(4):
        held.append(socket.socket())
        held[-1].setblocking(False)
        held[-1].connect_ex((HOST, port))
    mine = {"zone": nodes[0].get("/discovery/nodes").data[0]["zone"], "env": "dev", "appid": "infra.discovery", "hostname": "far-away"}
    answer = nodes[0].post("/discovery/register", status=1, addrs="http://%s:%d" % (HOST, port), version="1", region="r",
                           metadata=json.dumps({"muster.peer": "%s:%d" % (HOST, port)}), **mine)
    assert answer.code == 0, answer
    try:
        wait_until("it is among the nodes", lambda: all(
            "%s:%d" % (HOST, port) in {n["addr"] for n in node.get("/discovery/nodes").data} for node in nodes))
        yield
    finally:
        nodes[0].post("/discovery/cancel", **mine)
        for sock in (door, *held):
            sock.close()


def hung(table, settings):
    def load():
        return visible(nodes, 0, (0, 1), 2)

    nodes = Nodes("--security.trust_client_nodes=true").met()
    third = nodes[2]
    cases = {
        "its replicator hangs": lambda: stopped(third, ("replicator",)),
        "it hangs": lambda: stopped(third, ("launcher", *bench_actors(third))),
        "unreachable": lambda: unreachable(nodes),
    }
    visible(nodes, 0, (0, 1), 1)
    runs = {name: [] for name in cases}
    well = load()
    for _ in range(settings.runs):
        for name, case in cases.items():
            before = well
            with case():
                time.sleep(0.2)
                found = load()
            wait_until("all are well again", lambda: len(up(nodes[0])) == 3 and len(up(nodes[1])) == 3, 30)
            well = load()
            runs[name].append((before, found, well))
    for name, found in runs.items():
        for what, of in (("answered", lambda r: r["accepted"]), ("seen by the other", lambda r: r["seen"][1])):
            trios = [tuple(map(of, trio)) for trio in found]
            pairs = [((b["p99"] + a["p99"]) / 2, h["p99"]) for b, h, a in trios]
            table.add("hung: %s, %s, p99" % (name, what), statistics.median(h for _, h in pairs), "ms", at_most=1.25,
                      yardstick=statistics.median(w for w, _ in pairs), ratio=statistics.median(h / w for w, h in pairs),
                      notes=["%s; %s; %s" % (describe("before", b), describe(name, h), describe("after", a)) for b, h, a in trios])
    overfill(table, settings, nodes)
    nodes.end()


def bench_actors(node):
    return [name[:-4] for name in os.listdir(os.path.join(node.dir, "run")) if name.endswith(".pid") and name != "launcher.pid"]


def overfill(table, settings, nodes):
    """More than a queue may hold goes by while a node hangs; then it is mended."""
    node, third = nodes[0], nodes[2]
    pid = node.pid("replicator")
    before = bench.memory_bytes(pid) / 1e6
    with stopped(third, ("replicator",)):
        took_s = fill(node, "register", APPS, 0, settings.joiners)
        time.sleep(0.5)
        longest = node.count("replicator", "replicator_queue_highest_bytes", "queue_bytes_max")
        queued = node.count("replicator", "replicator_queue_bytes", "queue_bytes")
        grown = bench.memory_bytes(pid) / 1e6 - before
        wait_same(nodes.nodes[:2], 20)
    began = time.monotonic()
    wait_same(nodes, 60)
    table.add("hung: queue at its longest", longest / 1e6, "MB", at_most=4.3, notes=[
        "%d registrations in %.1f s at one node while the replicator of another hangs; %d bytes queued after that" % (
            settings.joiners, took_s, queued),
        "dropped %d records; digests equal %.1f s after it went on" % (counters(node)["records_dropped_total"], time.monotonic() - began)])
    table.add("hung: the replicator grows by", grown, "MB RSS", at_most=32)


# ── one that joins ───────────────────────────────────────────────────────────


def started_s(pid):
    """When a process was started, on the monotonic clock."""
    with open("/proc/%d/stat" % pid, encoding="ascii") as file:
        ticks = int(file.read().rsplit(")", 1)[1].split()[19])
    return ticks / os.sysconf("SC_CLK_TCK") + time.monotonic() - time.clock_gettime(time.CLOCK_BOOTTIME)


class Times:
    """When each of some tests was first true, watched in a thread of its own."""

    def __init__(self, **tests):
        self.tests, self.at = tests, {}
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        deadline = time.monotonic() + 60
        while len(self.at) < len(self.tests) and time.monotonic() < deadline:
            for name, test in self.tests.items():
                with contextlib.suppress(OSError, AssertionError, ValueError, KeyError):
                    if name not in self.at and test():
                        self.at[name] = time.monotonic()
            time.sleep(0.03)  # asking takes time of the cores too

    def all(self):
        self.thread.join(60)
        assert len(self.at) == len(self.tests), "not within 60 s: %s" % sorted(set(self.tests) - set(self.at))
        return self.at


def joins(table, settings):
    took, notes = [], []
    nodes = Nodes(began=2)
    fill(nodes[0], "register", APPS, 0, settings.joiners)
    wait_same(nodes, 30)
    for _ in range(1 if settings.runs == 1 else 3):
        before = time.monotonic()
        joined = nodes.start(2, "--registry.protect=true")  # ready: it is in sync
        began = started_s(joined.pid("launcher"))
        held = settings.joiners
        at = Times(ready=lambda: joined.get("/readyz").status == 200,
                   registry=lambda: joined.count("registry", "registry_instances", "instances") >= held,
                   gateway=lambda: joined.count("gateway.0", "gateway_replica_instances", "replica_instances") >= held).all()
        took.append(max(at.values()) - began)
        notes.append("ready %.2f s, all in the registry %.2f s, in the gateway %.2f s after its launcher's start; ./muster up took %.2f s more; "
                     "CPU: %s" % (at["ready"] - began, at["registry"] - began, at["gateway"] - began, began - before, ", ".join(
                         "%s %.2f s" % (actor, bench.cpu_ns(joined.pid(actor)) / 1e9) for actor in ACTORS)))
        same_at = time.monotonic()
        wait_same([*nodes, joined], 30)
        notes.append("digests seen equal %.2f s later" % (time.monotonic() - same_at))
        count = sum(len(joined.instances("app-%05d" % i, env=ENV)) for i in range(0, APPS, 100))
        assert count == held * 10 // APPS, "%d instances are found of %d" % (count, held * 10 // APPS)
        joined.end()
    table.add("joins: an empty node serves %d" % settings.joiners, statistics.median(took), "s", at_most=3, notes=notes)
    nodes.end()


GROUPS = {"seen": seen, "beats": beats, "hung": hung, "joins": joins}
