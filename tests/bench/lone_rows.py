"""Rows about a lone connection: each request is sent when the one before is answered."""
import os
import socket
import statistics
import time

import bench
import yardsticks
from cluster import Cluster
from http_rows import fetch_path, fill, hostname, pool_bytes
from node import ACTORS

RATE, CPU_S = 8000, 10  # bars: requests a second at least, CPU seconds a 100,000 at most
BARE_MOST = 1.75  # bar of a renew: times what the libraries cost


class Settings:
    """How long each run is, and how many of each there are."""

    def __init__(self, quick):
        self.seconds, self.runs, self.changes = (1, 1, 50) if quick else (3, 3, 500)


class Nodes:
    """One node, or two that are each other's peers; the load goes to the first."""

    def __init__(self, count, *flags):
        flags = ("--log.level=error", "--security.trust_client_nodes=true", *flags)
        self.nodes = [bench.Node(*flags)] if count == 1 else Cluster(count, *flags).met()
        self.first = self.nodes[0]
        self.what = "lone node" if count == 1 else "one of %d" % count
        self.command = "muster up %s" % " ".join(self.first.flags)

    def pids(self):
        return {"%s.%d" % (actor, i): node.pid(actor) for i, node in enumerate(self.nodes) for actor in ACTORS}

    def end(self):
        for node in self.nodes:
            node.end()


def load(nodes, call, settings, more="", hosts=1):
    """A run of wrk over one connection."""
    env = {"BENCH_CALL": call, "BENCH_HOSTS": str(hosts), "BENCH_APPS": "1", "BENCH_MORE": more}
    return bench.Load("http://127.0.0.1:%d" % nodes.first.port, 1, settings.seconds, os.path.join(bench.HERE, "forms.lua"),
                      core=None, env=env, **nodes.pids())


def middle(of, loads):
    return statistics.median(map(of, loads))


def cpu_s(run):
    """CPU seconds of all processes for 100,000 requests."""
    return sum(run.interval.cpu_s.values()) / run.requests * 1e5


class Bare:
    """What libmicrohttpd and libzmq cost by themselves where a form is passed on and answered, CPU seconds of 100,000."""

    def __init__(self, settings):
        self.settings, self.server = settings, yardsticks.bare_post(pool_bytes(), core=None)

    def cpu_s(self, call):
        env = {"BENCH_CALL": call, "BENCH_HOSTS": "1", "BENCH_APPS": "1", "BENCH_MORE": ""}
        return yardsticks.bare_hop_cpu_s(self.settings.seconds) + cpu_s(
            bench.Load("http://127.0.0.1:%d" % self.server.port, 1, self.settings.seconds, os.path.join(bench.HERE, "forms.lua"),
                       core=None, env=env, server=self.server.pid))

    def end(self):
        self.server.end()


def beside_bare(table, call, nodes, settings, at_most=None):
    """The same in turn with the libraries alone: what the machine does at the time is in both."""
    bare = Bare(settings)
    pairs = bench.Pairs(settings.runs, lambda: bare.cpu_s(call), lambda: cpu_s(load(nodes, call, settings)))
    yardstick, value = pairs.figures(lambda seconds: seconds)
    table.add("%s, %s: CPU beside bare libraries" % (call, nodes.what), value, "s/100,000", yardstick=yardstick,
              ratio=pairs.ratio(lambda seconds: seconds), at_most=at_most,
              notes=["yardstick: bench_bare_hop and, of bench_bare_post, the same forms"])
    bare.end()


def add(table, name, nodes, run, settings, barred):
    """Rate, CPU and latency of runs, as rows."""
    loads = [run() for _ in range(settings.runs)]
    notes = [nodes.command, loads[0].command,
             "CPU-s/100,000: " + ", ".join("%s %.2f" % (pid, middle(lambda one: one.interval.cpu_s[pid] / one.requests * 1e5, loads))
                                           for pid in loads[0].interval.pids)]
    name = "%s, %s: " % (name, nodes.what)
    table.add(name + "rate", middle(lambda one: one.per_s, loads), "requests/s", at_least=RATE if barred else None, notes=notes)
    table.add(name + "CPU", middle(cpu_s, loads), "s/100,000", at_most=CPU_S if barred else None)
    table.add(name + "p50", middle(lambda one: one.p50_ms, loads), "ms")
    table.add(name + "p99", middle(lambda one: one.p99_ms, loads), "ms")


def renew(table, settings):
    for count in (1, 2):
        nodes = Nodes(count, "--registry.journal_sync=never")
        load(nodes, "register", settings, "&dirty_timestamp=7")
        add(table, "renew", nodes, lambda: load(nodes, "renew", settings), settings, count == 1)
        if count == 1:
            beside_bare(table, "renew", nodes, settings, BARE_MOST)
        else:  # as a node of the reference sends it, which waits for the answer
            more = "&replication=true&from_zone=true&dirty_timestamp=7"
            add(table, "renew as a node's form", nodes, lambda: load(nodes, "renew", settings, more), settings, False)
        nodes.end()


def register(table, settings):
    for sync in ("never", "always"):
        for count in (1, 2):
            nodes = Nodes(count, "--registry.journal_sync=" + sync)
            add(table, "register, sync %s" % sync, nodes, lambda: load(nodes, "register", settings), settings,
                count == 1 and sync == "never")
            if count == 1 and sync == "never":
                beside_bare(table, "register", nodes, settings)
            nodes.end()


def fetch(table, settings):
    for count in (1, 2):
        nodes = Nodes(count)
        fill(nodes.first, "bench.ten", 10)
        url = "http://127.0.0.1:%d%s" % (nodes.first.port, fetch_path("bench.ten"))
        add(table, "fetch", nodes, lambda: bench.Load(url, 1, settings.seconds, core=None, **nodes.pids()), settings, count == 1)
        nodes.end()


class Raw:
    """A connection without the cost of a library."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), 10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, method, path, body=""):
        self.socket.sendall(("%s %s HTTP/1.1\r\nHost: muster\r\nContent-Type: application/x-www-form-urlencoded\r\n"
                             "Content-Length: %d\r\n\r\n%s" % (method, path, len(body), body)).encode())

    def answer(self):
        """The body of one answer with a Content-Length."""
        text = b""
        while b"\r\n\r\n" not in text:
            text += self.receive()
        head, _, body = text.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
        while len(body) < length:
            body += self.receive()
        return body

    def receive(self):
        data = self.socket.recv(65536)
        assert data, "the connection was closed"
        return data


def change_times(writer, pollers, latest, count):
    """For each poller, in ms from a registration's leaving to its answer, count times; latest: what each
    of them has, kept up."""
    form = "zone=sh001&env=dev&appid=bench.app&hostname=%s&status=1&addrs=http://10.0.0.1:80" % hostname(0)
    took = [[] for _ in pollers]
    for _ in range(count):
        for at, poller in enumerate(pollers):
            poller.send("GET", "/discovery/polls?env=dev&hostname=p&appid=bench.app&latest_timestamp=%d" % latest[at])
        time.sleep(0.005)  # they are parked
        began = time.monotonic()
        writer.send("POST", "/discovery/register", form)
        for at, poller in enumerate(pollers):
            text = poller.answer()
            took[at].append((time.monotonic() - began) * 1000)
            latest[at] = int(text.rpartition(b'"latest_timestamp":')[2].partition(b"}")[0])
        assert b'"code":0' in writer.answer()
    return took


def change_to_poll(table, settings):
    """The pollers wait at each of the nodes."""
    for count in (1, 2):
        nodes = Nodes(count, "--registry.journal_sync=never")
        writer, latest = Raw(nodes.first.port), [0] * count
        pollers = [Raw(node.port) for node in nodes.nodes]
        change_times(writer, pollers, latest, 2)  # the first is answered at once
        for at, times in enumerate(change_times(writer, pollers, latest, settings.changes)):
            name = "change -> poll, %s%s: " % (nodes.what, ": the other" if at else "")
            times.sort()
            table.add(name + "p50", statistics.median(times), "ms", at_most=2 if at else 1)
            table.add(name + "p99", times[len(times) * 99 // 100], "ms")
        nodes.end()


GROUPS = {"renew": renew, "register": register, "fetch": fetch, "change": change_to_poll}
