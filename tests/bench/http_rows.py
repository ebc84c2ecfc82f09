"""Rows about single requests: cached fetch against nginx, writes against bare libmicrohttpd."""
import os
import re
import socket
import subprocess
import threading
import time

import bench
import yardsticks
from bench import LOAD_CORE, SERVER_CORE, Load, Pairs


def start_node(*flags):
    """A node with its gateway on the server core, all else on the load's."""
    node = bench.Node("--log.level=error", *flags)
    bench.pin_gateway(node.pid("gateway.0"))
    node.command = "muster up %s" % " ".join(node.flags)
    return node


def add_cpu(table, name, pairs, bar, notes=()):
    ratio = pairs.ratio(lambda load: load.cpu_us("server"))
    theirs, ours = pairs.figures(lambda load: load.cpu_us("server"))
    table.add(name, ours, "us/request", at_most=bar, yardstick=theirs, ratio=ratio, notes=notes)


def add_rate(table, name, pairs, bar, notes=()):
    ratio = pairs.ratio(lambda load: load.per_s)
    theirs, ours = pairs.figures(lambda load: load.per_s)
    table.add(name, ours, "requests/s", at_least=bar, yardstick=theirs, ratio=ratio, notes=notes)


def describe(who, command, loads):
    def middle(of):
        return sorted(map(of, loads))[len(loads) // 2]

    cpu = ", ".join("%s %.2f us" % (name, middle(lambda load: load.cpu_us(name))) for name in loads[0].interval.pids)
    return ["%s: %s" % (who, command), "  " + loads[0].command,
            "  CPU a request %s; core %.0f %% busy; p50 %.2f ms, p99 %.2f ms" % (
                cpu, 100 * middle(lambda load: load.busy), middle(lambda load: load.p50_ms), middle(lambda load: load.p99_ms))]


def describe_both(pairs, yardstick, node):
    """The notes of a pair: commands, CPU a request, how busy the core was; medians of the runs."""
    return describe("yardstick", yardstick.command, pairs.yardsticks) + describe("muster", node.command, pairs.measured)


# ── fetch ────────────────────────────────────────────────────────────────────


class Heartbeats:
    """per_s renews a second for the hosts of an app, over ten connections."""

    def __init__(self, node, appid, hosts, per_s):
        self.sockets = [socket.create_connection(("127.0.0.1", node.port)) for _ in range(10)]
        self.requests = []
        for i in range(hosts):
            body = "region=sh&zone=sh001&env=dev&hostname=%s&appid=%s" % (hostname(i), appid)
            self.requests.append(("POST /discovery/renew HTTP/1.1\r\nHost: muster\r\nContent-Length: %d\r\n"
                                  "Content-Type: application/x-www-form-urlencoded\r\n\r\n%s" % (len(body), body)).encode())
        self.every_s, self.sent, self.stopped = len(self.sockets) / per_s, 0, threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.began = time.monotonic()
        self.thread.start()

    def run(self):
        due = self.began
        while not self.stopped.wait(max(0.0, due - time.monotonic())):
            for sock in self.sockets:
                sock.sendall(self.requests[self.sent % len(self.requests)])
                self.sent += 1
            for sock in self.sockets:
                assert b'"code":0' in sock.recv(4096)
            due += self.every_s

    def end(self):
        """How many there were a second."""
        self.stopped.set()
        self.thread.join()
        for sock in self.sockets:
            sock.close()
        return self.sent / (time.monotonic() - self.began)


def hostname(i):
    return "host-%06d.example" % i


def fetch_path(appid):
    return "/discovery/fetch?zone=sh001&env=dev&appid=%s&status=1" % appid


def fill(node, appid, count):
    """An app of count instances; its body as fetch gives it."""
    client = node.client()
    for i in range(count):
        answer = client.post("/discovery/register", zone="sh001", region="sh", env="dev", appid=appid, hostname=hostname(i),
                             status=1, version="v1.2.3", addrs="http://10.20.%d.%d:8000" % divmod(i, 200), metadata='{"weight":"10"}')
        assert answer.code == 0, answer
    client.close()
    return node.get(fetch_path(appid)).text


def fetch_pairs(node, nginx, appid, connections, settings):
    gateway = node.pid("gateway.0")

    def yardstick():
        return bench.busy(lambda: Load("http://127.0.0.1:%d%s" % (nginx.port, fetch_path(appid)), connections,
                                       settings.seconds, server=nginx.pid))

    def measured():
        return bench.busy(lambda: Load("http://127.0.0.1:%d%s" % (node.port, fetch_path(appid)), connections,
                                       settings.seconds, server=gateway))

    return Pairs(settings.pairs, yardstick, measured)


def fetch_10(table, settings):
    node = start_node()
    body = fill(node, "bench.ten", 10)
    nginx = yardsticks.nginx(body)
    for connections in (64, 1000):
        pairs = fetch_pairs(node, nginx, "bench.ten", connections, settings)
        notes = ["body of %d bytes" % len(body), *describe_both(pairs, nginx, node)]
        add_cpu(table, "fetch-10 %d connections: CPU" % connections, pairs, 1.25, notes)
        add_rate(table, "fetch-10 %d connections: rate" % connections, pairs, 0.8)
    nginx.end()
    node.end()


def fetch_100(table, settings):
    node = start_node()
    body = fill(node, "bench.hundred", 100)
    nginx = yardsticks.nginx(body)
    pairs = fetch_pairs(node, nginx, "bench.hundred", 64, settings)
    notes = ["body of %d bytes" % len(body), *describe_both(pairs, nginx, node)]
    add_cpu(table, "fetch-100 64 connections: CPU", pairs, 1.4, notes)
    beats = Heartbeats(node, "bench.hundred", 100, 1000)
    pairs = fetch_pairs(node, nginx, "bench.hundred", 64, settings)
    notes = ["%.0f heartbeats/s came for the app" % beats.end(), *describe_both(pairs, nginx, node)]
    add_cpu(table, "fetch-100 1000 heartbeats/s: CPU", pairs, 1.5, notes)
    nginx.end()
    node.end()


# ── writes ───────────────────────────────────────────────────────────────────


def pool_bytes():
    """What the gateway gives a connection."""
    done = subprocess.run([os.path.join(bench.BIN, "muster-gateway"), "--check-config"], text=True, env={}, stdout=subprocess.PIPE, check=True)
    return int(re.search(r'^pool = "(\d+)KiB"', done.stdout, re.MULTILINE).group(1)) * 1024


def write_load(port, connections, call, hosts, settings, core=LOAD_CORE, **pids):
    env = {"BENCH_CALL": call, "BENCH_HOSTS": str(hosts), "BENCH_APPS": str(max(hosts // 100, 1))}
    load = Load("http://127.0.0.1:%d" % port, connections, settings.seconds, os.path.join(bench.HERE, "forms.lua"), core=core, env=env, **pids)
    load.command = "%s %s" % (" ".join("%s=%s" % pair for pair in env.items()), load.command)
    return load


def answers_well(node, call):
    """wrk looks at the status only: the first and the last host of the load must be there."""
    form = {"region": "sh", "zone": "sh001", "env": "dev", "hostname": hostname(0), "appid": "bench.app.0000"}
    answer = node.post("/discovery/renew", **form)
    assert answer.code == 0, "%s left nothing to renew: %s" % (call, answer)


def writes(table, settings, call, hosts, bar):
    node = start_node()
    bare = yardsticks.bare_post(pool_bytes())
    pids = {"server": node.pid("gateway.0"), "registry": node.pid("registry")}
    write_load(node.port, 64, "register", hosts, settings, **pids)  # so that there is what to renew
    for connections in (64, 512):
        pairs = Pairs(settings.pairs,
                      lambda: bench.busy(lambda: write_load(bare.port, connections, call, hosts, settings, server=bare.pid)),
                      lambda: bench.busy(lambda: write_load(node.port, connections, call, hosts, settings, **pids)))
        answers_well(node, call)
        add_rate(table, "%s %d connections: rate" % (call, connections), pairs, bar, describe_both(pairs, bare, node))
        if call == "renew":
            add_cpu(table, "renew %d connections: gateway CPU" % connections, pairs, 2)
            gateway, registry = (pairs.figures(lambda load: load.cpu_us("server"), lambda load: load.cpu_us(name))[1]
                                 for name in ("server", "registry"))
            table.add("renew %d connections: registry CPU" % connections, registry, "us/request", at_most=0.5,
                      yardstick=gateway, notes=["the yardstick is the gateway's"])
    bare.end()
    node.end()


def renew(table, settings):
    writes(table, settings, "renew", 1000, 0.45)


def register(table, settings):
    writes(table, settings, "register", 20000, 0.4)


GROUPS = {"fetch-10": fetch_10, "fetch-100": fetch_100, "renew": renew, "register": register}
