"""Rows about calls and events of the store, ours in turn with Debian's etcd."""
import os
import resource
import statistics
import time

import bench
from store_servers import SIGNALS, Both, Etcd, Failed, Fixed, Load, Ours, run

BUSY_MOST = 0.8  # of a core; a load that uses more of it measured itself


class Settings:
    """How long and how large each run is, and how many of each there are."""

    def __init__(self, quick):
        self.quick, self.pairs = quick, 1 if quick else 5
        self.crowd_pairs = 1 if quick else 9  # others use the same caches: they differ more
        self.seconds, self.stalled_s, self.watch_puts = (1, 3, 1000) if quick else (5, 30, 10000)
        self.keys, self.watches = (50000, 10000) if quick else (1000000, 100000)
        self.leases, self.lease_s = (2000, 12) if quick else (100000, 90)
        self.settle_s = 1 if quick else 10


def middle(of, loads):
    return statistics.median(map(of, loads))


def costs(loads, what):
    """CPU of every process for one call, event or lease."""
    return "CPU of %s: %s; the load used %.2f of a core" % (
        what, ", ".join("%s %.2f us" % (name, middle(lambda load: load.cpu_us[name], loads)) for name in loads[0].cpu_us),
        middle(lambda load: load.busy, loads))


def notes_of(pairs, what):
    return [pairs.measured[0].command, "muster: " + costs(pairs.measured, what), "etcd: " + costs(pairs.yardsticks, what)]


def add_rate(table, name, pairs, unit, what, at_least):
    """Judged by CPU where the load had no time left."""
    yardstick, value = pairs.figures(lambda load: load.per_s)
    cheaper = pairs.ratio(lambda load: load.server_us)
    notes, ratio = notes_of(pairs, what), pairs.ratio(lambda load: load.per_s)
    notes.append("by rate %.2f x, by CPU of the servers %.2f x" % (ratio, 1 / cheaper))
    if middle(lambda load: load.busy, pairs.measured) > BUSY_MOST:
        notes.append("the load was busy: judged by CPU")
        ratio = 1 / cheaper
    table.add(name, value, unit, yardstick=yardstick, ratio=ratio, at_least=at_least, notes=notes)


def add_p99(table, name, pairs, at_most):
    yardstick, value = pairs.figures(lambda load: load.p99_ms)
    busy = middle(lambda load: load.busy, pairs.measured) > BUSY_MOST
    table.add(name, value, "ms", yardstick=yardstick, ratio=pairs.ratio(lambda load: load.p99_ms), at_most=at_most,
              notes=["the load was busy: its own time is in it"] if busy else [])


# ── calls ────────────────────────────────────────────────────────────────────

CALLS = (  # call, clients, connections, calls a second at least × etcd's, p99 at most × etcd's
    ("put", 1, 1, 1.0, None), ("range", 1, 1, None, None), ("put", 100, 10, 2.0, None), ("range", 100, 10, 5.0, None),
    ("put", 1000, 100, 2.0, 0.5), ("range", 1000, 100, 6.0, None))


def calls(table, settings):
    with Both() as (us, them):
        for call, clients, connections, rate_bar, p99_bar in CALLS:
            options = {"clients": clients, "connections": connections, "seconds": settings.seconds}
            pairs = bench.Pairs(settings.pairs, lambda: run(them, call, **options), lambda: run(us, call, **options))
            name = "%s, %d client%s" % (call, clients, "s" if clients > 1 else "")
            add_rate(table, name, pairs, "/s", "a call", rate_bar)
            add_p99(table, name + ": p99", pairs, p99_bar)


# ── many connections ─────────────────────────────────────────────────────────

MANY, FEW, SPARE = 16000, 1000, 300  # connections; descriptors of a server's own
KEPT_LEAST = 0.9  # of the rate with FEW


def connections(table, settings):
    """Each connection has a client of its own, so that all of them are in use at any time. What their memory, which is in no
    cache, costs any server, is asked of nginx in the same minute: where it keeps less than the bar by CPU, the machine's caches
    do, and the row is judged by what nginx keeps."""
    name = "put, %d connections" % MANY
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if limit < MANY + SPARE:
        table.skip(name, "%d descriptors (ulimit -n), %d are needed" % (limit, MANY + SPARE))
        return

    def put(servers, count):
        return run(servers, "put", clients=count, connections=count, seconds=settings.seconds)

    with Both() as (us, them):
        nginx = Fixed()
        pairs = bench.Pairs(settings.crowd_pairs, *(lambda count=count: (nginx.put_us(count, settings.seconds), put(us, count))
                                                    for count in (FEW, MANY)))
        nginx.end()
        try:
            etcd = [put(them, MANY) for _ in range(settings.pairs)]
            beside = "etcd, the same: %.0f/s, p99 %.0f ms; %s" % (middle(lambda load: load.per_s, etcd),
                                                                  middle(lambda load: load.p99_ms, etcd), costs(etcd, "a call"))
        except Failed as why:
            beside = "etcd fails: %s" % why
    few, many = ([load for _, load in side] for side in (pairs.yardsticks, pairs.measured))
    rate, by_cpu = pairs.ratio(lambda pair: pair[1].per_s), 1 / pairs.ratio(lambda pair: pair[1].server_us)
    machine = 1 / pairs.ratio(lambda pair: pair[0])
    yardstick, value = pairs.figures(lambda pair: pair[1].per_s)
    notes = [many[0].command, "%d: %s" % (MANY, costs(many, "a call")), "%d, the yardstick: %s" % (FEW, costs(few, "a call")), beside,
             "nginx with a fixed answer: %.2f us of CPU a call, with %d connections %.2f us" % (
                 pairs.figures(lambda pair: pair[0])[1], FEW, pairs.figures(lambda pair: pair[0])[0]),
             "of %d pairs: by rate %.2f x, by CPU of the servers %.2f x, nginx by CPU %.2f x" % (len(few), rate, by_cpu, machine)]
    ratio = rate
    if middle(lambda load: load.busy, many) > BUSY_MOST:
        notes.append("the load was busy: judged by CPU")
        ratio = by_cpu
    if machine < KEPT_LEAST:
        notes.append("nginx keeps less than the bar: judged by CPU, beside it")
        ratio = by_cpu / machine
    table.add(name, value, "/s", yardstick=yardstick, ratio=ratio, at_least=KEPT_LEAST, notes=notes)


# ── watches ──────────────────────────────────────────────────────────────────


def watchers(table, settings):
    options = {"watches": 1000, "connections": 10, "clients": 10, "puts": settings.watch_puts}
    with Both() as (us, them):
        pairs = bench.Pairs(settings.pairs, lambda: run(them, "watch", **options), lambda: run(us, "watch", **options))
    add_rate(table, "1,000 watchers of a key", pairs, "events/s", "an event", 2.0)
    add_p99(table, "1,000 watchers of a key: p99", pairs, 0.5)


def idle(table, settings):
    """The gateway's memory; of etcd the same is beside it."""
    def each(servers):
        before = sum(servers.pss_mb(servers.gateway))
        load = Load(servers, "idle", watches=settings.watches, connections=10)
        time.sleep(settings.settle_s)
        grown = sum(servers.pss_mb(servers.gateway)) - before
        load.go()  # they are there: each of some keys that are put is told
        return grown * 1e6 / settings.watches

    figures = []
    for _ in range(settings.pairs):
        with Both() as (us, them):
            figures.append((each(them), each(us)))
    theirs, ours = (statistics.median(side) for side in zip(*figures))
    table.add("idle watch, of %d" % settings.watches, ours, "bytes Pss", at_most=1024,
              notes=["etcd, the same: %.0f bytes; a key each, 10 connections of one stream" % theirs])


def stalled(table, settings):
    """1 KiB puts at half the most, without and with watches of all keys that nobody reads; which comes first changes from pair to
    pair, as a store is not the same after a gigabyte of puts."""
    crowd = {"clients": 100, "connections": 10, "value": 1024}
    figures = {Etcd: [], Ours: []}
    rates = {Etcd: [], Ours: []}
    for pair in range(settings.pairs):
        for kind in (Etcd, Ours):
            servers = kind()
            rate = int(run(servers, "put", seconds=settings.seconds, **crowd).per_s / 2)
            halves = {count: run(servers, "put", seconds=settings.stalled_s, rate=rate, stalled=count, **crowd)
                      for count in ((None, 100) if pair % 2 == 0 else (100, None))}
            servers.end()
            rates[kind].append(rate)
            figures[kind].append((halves[None], halves[100]))
    for kind in (Etcd, Ours):
        without, beside = zip(*figures[kind])
        ratio = statistics.median(b.p99_ms / w.p99_ms for w, b in figures[kind])
        notes = [beside[0].command, "%.0f puts/s, half the most; for %d s" % (statistics.median(rates[kind]), settings.stalled_s),
                 "beside them: " + costs(beside, "a call"), "without: " + costs(without, "a call")]
        name = "put beside 100 stalled watches: p99%s" % (", etcd" if kind is Etcd else "")
        table.add(name, middle(lambda load: load.p99_ms, beside), "ms", yardstick=middle(lambda load: load.p99_ms, without),
                  ratio=ratio, at_most=1.2 if kind is Ours else None, notes=notes)


# ── a million keys ───────────────────────────────────────────────────────────


def restarted(servers, number, count):
    """Seconds from the start of its processes to healthy, all keys there."""
    ended_s = servers.kill(number)
    seconds = servers.start()
    assert servers.keys() == count, "%s has %d of %d keys" % (servers.name, servers.keys(), count)
    return seconds, ended_s


def filled(servers, settings):
    load = run(servers, "put", clients=1000, connections=100, calls=settings.keys, keys=settings.keys, width=16, value=16)
    assert servers.keys() == settings.keys, "%s has %d keys" % (servers.name, servers.keys())
    time.sleep(10)
    anonymous, files = servers.pss_mb()
    times = {name: restarted(servers, number, settings.keys) for name, number in SIGNALS.items()}
    return {"load": load, "anonymous": anonymous, "files": files, "pss": anonymous + files, "times": times}


def keys(table, settings):
    figures = []
    for _ in range(settings.pairs):
        pair = []
        for kind in (Etcd, Ours):
            servers = kind()
            pair.append(filled(servers, settings))
            servers.end()
        figures.append(pair)
    theirs, ours = zip(*figures)

    def ratio(of):
        return statistics.median(of(our) / of(their) for their, our in figures)

    size = "%d keys" % settings.keys
    notes = ["%s: anonymous %.1f MB, file-backed %.1f MB; fill: %.0f/s; %s" % (
        name, middle(lambda one: one["anonymous"], side), middle(lambda one: one["files"], side),
        middle(lambda one: one["load"].per_s, side), costs([one["load"] for one in side], "a put"))
             for name, side in (("muster", ours), ("etcd", theirs))]
    table.add("memory, " + size, middle(lambda one: one["pss"], ours), "MB Pss", yardstick=middle(lambda one: one["pss"], theirs),
              ratio=ratio(lambda one: one["pss"]), at_most=0.5, notes=notes)
    for name in SIGNALS:
        def seconds(one):
            return one["times"][name][0]
        table.add("restart, %s, %s" % (size, name), middle(seconds, ours), "s", yardstick=middle(seconds, theirs), ratio=ratio(seconds),
                  at_most=0.25, notes=["from the start to healthy; ending before it took %.2f s, etcd %.2f s" % tuple(
                      middle(lambda one: one["times"][name][1], side) for side in (ours, theirs))])


# ── leases ───────────────────────────────────────────────────────────────────


def leases(table, settings):
    """Granted so that they end within a second of each other."""
    figures = []
    for _ in range(settings.pairs):
        with Both() as (us, them):
            figures.append([run(servers, "leases", keys=settings.leases, seconds=settings.lease_s, value=16) for servers in (them, us)])
    theirs, ours = zip(*figures)
    notes = ["%s, the same: gone after %.1f s, p99 of %d calls %.1f ms; %s" % (
        name, middle(lambda load: load.gone_s, side), side[0].calls, middle(lambda load: load.p99_ms, side), costs(side, "a lease's end and the calls beside it"))
             for name, side in (("muster", ours), ("etcd", theirs))]
    table.add("%d leases end together: gone after" % settings.leases, middle(lambda load: load.gone_s, ours), "s", at_most=10,
              notes=[ours[0].command, *notes])
    table.add("%d leases end together: p99 of calls" % settings.leases, middle(lambda load: load.p99_ms, ours), "ms", at_most=50)


# ── both planes ──────────────────────────────────────────────────────────────


PLANES_MOST = 1.5  # p99 beside the other plane, of that alone


class Plane:
    """A node with both; the load of the discovery plane is wrk's, with a wait between a connection's requests."""

    clients, renewers, hosts = 100, 64, 1000

    def __init__(self):
        self.name, self.port = "muster", bench.free_port()
        self.node = bench.Node("--log.level=error", "--etcd.listen=127.0.0.1:%d" % self.port, env={"MUSTER_STORE_ENABLED": "true"})

    def cpu_s(self):
        return {name: bench.cpu_ns(self.node.pid(name)) / 1e9 for name in ("gateway.0", "registry", "etcd.0", "store")}

    def renews(self, seconds, call="renew", delay_ms=0):
        env = {"BENCH_CALL": call, "BENCH_HOSTS": str(self.hosts), "BENCH_APPS": "10", "BENCH_DELAY_MS": str(delay_ms)}
        return bench.Load("http://127.0.0.1:%d" % self.node.port, self.renewers, seconds, os.path.join(bench.HERE, "forms.lua"),
                          core=None, env=env, **{name: self.node.pid(name) for name in ("gateway.0", "registry")})

    def puts(self, seconds, rate=None):
        return run(self, "put", clients=self.clients, connections=10, seconds=seconds, rate=rate)


def planes(table, settings):
    """At a quarter of what each can do alone, as servers and loads share the machine: more would measure its cores. Each pair
    has a third run, in which the other plane's load goes to another node. Where that alone is beyond the bar, these cores can't
    show whether the planes of one node disturb each other but by that run, and the row is judged by it; both are printed."""
    node, apart, seconds = Plane(), Plane(), settings.seconds
    node.renews(1, "register")
    rate = int(node.puts(seconds).per_s / 4)
    delay_ms = max(1, round(Plane.renewers * 1000 / (node.renews(seconds).per_s / 4)))
    alone, together, neighbours = [], [], []

    def beside(puts_at):
        puts = bench.Background(puts_at.puts, seconds, rate)
        renews = node.renews(seconds, delay_ms=delay_ms)
        return renews, puts.result(seconds + 60)

    for _ in range(settings.pairs):
        alone.append((node.renews(seconds, delay_ms=delay_ms), node.puts(seconds, rate)))
        together.append(beside(node))
        neighbours.append(beside(apart))
    for at, name in enumerate(("renew", "put")):
        one, both, others = ([loads[at] for loads in of] for of in (alone, together, neighbours))

        def ratio(of, to):
            return statistics.median(a.p99_ms / b.p99_ms for a, b in zip(of, to))

        machine, yardstick, figure = ratio(others, one), one, ratio(both, one)
        notes = ["beside the other: %.0f/s, alone %.0f/s; %d core%s" % (
            middle(lambda load: load.per_s, both), middle(lambda load: load.per_s, one), os.cpu_count(),
            "s" if os.cpu_count() != 1 else ""),
            "p50 %.2f ms, alone %.2f ms; p99 %.2f x alone, beside another node's %.2f x" % (
                middle(lambda load: load.p50_ms, both), middle(lambda load: load.p50_ms, one), figure, machine)]
        if machine > PLANES_MOST:
            notes.append("the cores are too few: judged by the runs beside another node's")
            yardstick, figure = others, ratio(both, others)
        if name == "put":
            notes.append(costs(both, "a put, of all processes beside renews"))
        else:
            notes.append("CPU of a renew: " + ", ".join("%s %.2f us" % (pid, middle(lambda load: load.cpu_us(pid), both))
                                                        for pid in ("gateway.0", "registry")))
        table.add("%s beside the other plane: p99" % name, middle(lambda load: load.p99_ms, both), "ms",
                  yardstick=middle(lambda load: load.p99_ms, yardstick), ratio=figure, at_most=PLANES_MOST, notes=notes)
    node.node.end()
    apart.node.end()


GROUPS = {"calls": calls, "connections": connections, "watchers": watchers, "stalled": stalled, "keys": keys, "planes": planes,
          "idle": idle, "leases": leases}
