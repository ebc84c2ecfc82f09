"""Rows about waiting polls: how long a change takes to reach them all, and what they cost meanwhile."""
import json
import re
import socket
import statistics
import subprocess
import time
import urllib.parse

import bench
import yardsticks
from bench import SERVER_CORE, Interval
from http_rows import fill, hostname, pool_bytes, start_node

APPID = "bench.polls"
WAIT = "--gateway.poll_wait=5m"  # none ends while others are measured
TIMESTAMP = re.compile(r'"latest_timestamp":(\d+)')


def poll_path(appid):
    return "/discovery/polls?env=dev&appid=%s&hostname=poller.example&latest_timestamp=" % appid


def change_of(appid):
    """The SDK's register of an instance there is: a change each time."""
    return urllib.parse.urlencode({"addrs": "http://10.20.0.0:8000", "env": "dev", "hostname": hostname(0), "appid": appid,
                                   "metadata": '{"weight":"10"}', "region": "sh", "status": 1, "version": "v1.2.3",
                                   "zone": "sh001"})


class Pollers:
    """Polls of an app from a process of their own, spread over source addresses of their own."""

    sources = 0

    def __init__(self, port, count, timestamp, appid=APPID):
        Pollers.sources += 1
        self.count = count
        self.load = bench.Started(bench.program("pollers"), str(port), str(count), str(Pollers.sources), str(timestamp),
                                  poll_path(appid), change_of(appid), stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def tell(self, word):
        self.load.process.stdin.write(word + "\n")
        self.load.process.stdin.flush()

    def heard(self):
        line = self.load.process.stdout.readline()
        assert line, "%s ended" % self.load.command
        return line

    def poll(self):
        self.tell("poll")
        assert self.heard() == "sent\n"

    def fired(self):
        """A change, and every answer to it, in ms since."""
        self.tell("fire")
        return self.times(json.loads(self.heard()))

    def times(self, told, since=None):
        since = since or told["fired"]
        return {name: (told[name] - since) / 1e6 for name in ("accepted", "first", "p50", "last")}

    def end(self):
        self.load.end()


def waiting(node, gateways=1):
    return sum(node.count("gateway.%d" % i, "http_parked_polls", "polls_waiting") for i in range(gateways))


def all_wait(node, count, gateways=1):
    bench.wait_until("%d polls wait" % count, lambda: waiting(node, gateways) == count, 60)


def latest(body):
    return int(TIMESTAMP.findall(body)[-1])


def whole_answer(port, path):
    """As it goes over the wire."""
    with socket.create_connection(("127.0.0.1", port)) as sock:
        sock.sendall(("GET %s HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\n\r\n" % path).encode())
        data = b""
        while b"\r\n\r\n" not in data:
            data += sock.recv(65536)
        size = data.index(b"\r\n\r\n") + 4 + int(re.search(rb"Content-Length: (\d+)", data).group(1))
        while len(data) < size:
            data += sock.recv(65536)
    return data


# ── one change, everybody's answer ───────────────────────────────────────────


class Side:
    """A server with all its polls waiting; a round is a change and its answers."""

    def __init__(self, pid, pollers, await_all):
        self.pid, self.pollers, self.await_all = pid, pollers, await_all
        self.rounds = []
        self.pollers.poll()

    def round(self):
        self.await_all()
        time.sleep(0.1)  # the cores come to rest
        with Interval(server=self.pid) as interval:
            times = self.pollers.fired()
        times["cpu_us"] = interval.cpu_s["server"] * 1e6 / self.pollers.count
        times["busy"] = interval.cpu_s["server"] * 1e5 / times["last"]
        self.rounds.append(times)
        self.pollers.poll()

    def middle(self, name):
        return statistics.median(one[name] for one in self.rounds)

    def describe(self, who, command):
        return ["%s: %s" % (who, command), "  " + self.pollers.load.command,
                "  first %.2f ms, half %.1f ms, last %.1f ms; CPU a poll %.2f us; core %.0f %% busy; the change took %.2f ms" % tuple(
                    self.middle(name) for name in ("first", "p50", "last", "cpu_us", "busy", "accepted"))]


def push(table, settings, name, instances):
    count = 10000
    node = start_node(WAIT)
    body = fill(node, APPID, instances)
    answer = whole_answer(node.port, poll_path(APPID) + "0")
    bare = yardsticks.bare_epoll(answer)
    client = bench.Client(bare.port)
    theirs = Side(bare.pid, Pollers(bare.port, count, 1), lambda: bench.wait_until(
        "all wait", lambda: client.get("/waiting").text == str(count), 20))
    ours = Side(node.pid("gateway.0"), Pollers(node.port, count, latest(body)), lambda: all_wait(node, count))
    for side in (theirs, ours):  # connections and pools in use
        side.round()
        side.rounds.clear()
    for _ in range(settings.latency_pairs):
        theirs.round()
        ours.round()
    notes = ["%d polls, answers of %d bytes" % (count, len(answer)), *theirs.describe("yardstick", bare.command),
             *ours.describe("muster", node.command)]
    table.add("%s: change to last answer" % name, ours.middle("last"), "ms", at_most=2.5, yardstick=theirs.middle("last"), notes=notes)
    table.add("%s: the registering client waits" % name, ours.middle("accepted"), "ms", at_most=5)
    client.close()
    for side in (theirs, ours):
        side.pollers.end()
    bare.end()
    node.end()


def push_1kb(table, settings):
    push(table, settings, "push-1kB", 2)


def push_20kb(table, settings):
    push(table, settings, "push-20kB", 52)


def push_50000(table, settings):
    """Three gateways that share a port and a core; three loads; one of them makes the change."""
    gateways, each = 3, 16667
    node = bench.Node("--log.level=error", "--gateway.processes=3", WAIT)
    pids = {"gateway%d" % i: node.pid("gateway.%d" % i) for i in range(gateways)}
    for pid in pids.values():
        bench.pin_gateway(pid)
    body = fill(node, APPID, 2)
    loads = [Pollers(node.port, each, latest(body)) for _ in range(gateways)]
    rounds = []
    for _ in range(1 + min(settings.latency_pairs, 3)):
        for load in loads:
            load.poll()
        all_wait(node, gateways * each, gateways)
        for load in loads[1:]:
            load.tell("collect")
        time.sleep(0.2)
        with Interval(**pids) as interval:
            loads[0].tell("fire")
            told = [json.loads(load.heard()) for load in loads]
        times = [load.times(one, told[0]["fired"]) for load, one in zip(loads, told)]
        rounds.append((max(one["last"] for one in times), min(one["first"] for one in times), times[0]["accepted"],
                       sum(interval.cpu_s.values()) * 1e6 / (gateways * each)))
    last, first, accepted, cpu_us = (statistics.median(figures) for figures in zip(*rounds[1:]))
    table.add("push-50000: change to last answer", last, "ms", notes=[
        "%d polls over 3 gateway processes, %d each in 3 loads; muster up %s" % (gateways * each, each, " ".join(node.flags)),
        "first %.2f ms; CPU a poll %.2f us; the registering client waits %.2f ms" % (first, cpu_us, accepted)])
    for load in loads:
        load.end()
    node.end()


# ── what waiting costs ───────────────────────────────────────────────────────


def memory(table, settings):
    """19,000 in one process, each connection in its second poll: all of its pool is in use then."""
    count = 19000
    node = start_node(WAIT)
    gateway = node.pid("gateway.0")
    body = fill(node, APPID, 2)
    before = bench.memory_bytes(gateway)
    pollers = Pollers(node.port, count, latest(body))
    for _ in range(2):
        pollers.poll()
        all_wait(node, count)
        held = waiting(node)
        pollers.fired()
    pollers.poll()
    all_wait(node, count)
    each = (bench.memory_bytes(gateway) - before) / count
    table.add("wait-memory: polls in one process", held, "polls", at_least=count)
    table.add("wait-memory: of a poll", each, "bytes", at_most=pool_bytes() + 2048, notes=[
        "gateway.pool is %d bytes; RSS of the gateway before %d kB; %s" % (pool_bytes(), before // 1024, node.command)])
    pollers.end()
    node.end()


def others(table, settings):
    """Changes of one app while polls of another wait; then one of theirs, which wakes all."""
    count, changes = 1000, 1000
    node = start_node(WAIT)
    body = fill(node, APPID, 2)
    pollers = Pollers(node.port, count, latest(body))
    pollers.poll()
    all_wait(node, count)
    before = node.count("gateway.0", "gateway_polls_woken_total", "polls_woken")
    client = node.client()
    for i in range(changes):
        answer = client.post("/discovery/register", zone="sh001", env="dev", appid="bench.other", hostname=hostname(i % 10),
                             status=1, addrs="http://10.0.0.1:%d" % (i + 1))
        assert answer.code == 0, answer
    client.close()
    woken = node.count("gateway.0", "gateway_polls_woken_total", "polls_woken") - before
    pollers.fired()
    own = node.count("gateway.0", "gateway_polls_woken_total", "polls_woken") - before - woken
    assert own == count, "%d polls woken by a change of their own app, of %d" % (own, count)
    table.add("wait-others: woken by another app", woken, "polls", at_most=0, notes=[
        "%d changes of one app, %d polls of another; one change of theirs woke %d" % (changes, count, own)])
    pollers.end()
    node.end()


GROUPS = {"push-1kB": push_1kb, "push-20kB": push_20kb, "push-50000": push_50000, "wait-memory": memory, "wait-others": others}
