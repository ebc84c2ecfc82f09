"""The same measured at two commits in turn, so that what else the machine does is in both: the figures
of a pair are close together in time, and only their ratio is judged."""
import os
import statistics

import bench
from bench import Load
from http_rows import fetch_path, fill, write_load
from lone_rows import Raw, change_times
from other_commit import tree_of
from poll_rows import APPID, WAIT, Pollers, Side, all_wait, latest, poll_path, whole_answer

PAIRS, WORSE_MIN = 9, 8          # a row fails when so many pairs are worse, …
CPU_MAX, LATENCY_MAX = 1.03, 1.10  # … and the median ratio is above this
BUSY_S = 1.0                     # each run of a load


# ── what is measured: each gives, for a node, a function that gives its figures ──


class One:
    """A node of one of the commits, its gateway on the server core as in the other benchmarks."""

    def __init__(self, tree, *flags, pinned=True):
        built = os.path.join(tree, "build", "release", "bin") if tree else None
        self.node = bench.Node("--log.level=error", *flags, tree=tree, built=built)
        self.gateway = self.node.pid("gateway.0")
        if pinned:
            bench.pin_gateway(self.gateway)

    def pids(self):
        return {"server": self.gateway, "registry": self.node.pid("registry")}

    def end(self):
        self.node.end()


class Quick:
    seconds = BUSY_S


def fetch(instances):
    def begin(tree):
        one = One(tree)
        fill(one.node, "bench.some", instances)
        url = "http://127.0.0.1:%d%s" % (one.node.port, fetch_path("bench.some"))

        def run():
            load = Load(url, 64, BUSY_S, **one.pids())
            return {"gateway CPU": load.cpu_us("server")}
        return run, one.end
    return begin


def write(call, hosts):
    def begin(tree):
        one = One(tree)
        write_load(one.node.port, 64, "register", hosts, Quick, **one.pids())  # so that there is what to renew

        def run():
            load = write_load(one.node.port, 64, call, hosts, Quick, **one.pids())
            return {"gateway CPU": load.cpu_us("server"), "registry CPU": load.cpu_us("registry")}
        return run, one.end
    return begin


def push(tree):
    """2,000 parked polls, and a change that answers them all."""
    one, count = One(tree, WAIT), 2000
    fill(one.node, APPID, 5)
    answer = whole_answer(one.node.port, poll_path(APPID) + "0").decode()
    pollers = Pollers(one.node.port, count, latest(answer))
    side = Side(one.gateway, pollers, lambda: all_wait(one.node, count))

    def run():
        side.round()
        return {"CPU a poll": side.rounds[-1]["cpu_us"], "latency of the last": side.rounds[-1]["last"]}

    def end():
        pollers.end()
        one.end()
    return run, end


def lone(call):
    def begin(tree):
        one = One(tree, "--registry.journal_sync=never", pinned=False)
        write_load(one.node.port, 1, "register", 1, Quick, **one.pids())

        def run():
            load = write_load(one.node.port, 1, call, 1, Quick, core=None, **one.pids())
            return {"CPU": load.cpu_us("server") + load.cpu_us("registry"), "latency": load.p50_ms}
        return run, one.end
    return begin


def change(tree):
    """A lone change, and one poll parked for it."""
    one = One(tree, "--registry.journal_sync=never", pinned=False)
    writer, poller, at = Raw(one.node.port), Raw(one.node.port), [0]

    def run():
        return {"latency": statistics.median(change_times(writer, [poller], at, 100)[0])}
    return run, one.end


ROWS = {"fetch-10": fetch(10), "fetch-100": fetch(100), "renew": write("renew", 1000), "register": write("register", 20000),
        "push": push, "lone-renew": lone("renew"), "lone-register": lone("register"), "change": change}


# ── pairs, and the table ─────────────────────────────────────────────────────


def pairs(begin, tree, count):
    """Figures of `count` pairs: [(theirs, ours)]."""
    sides = [begin(tree), begin(None)]
    figures = []
    for run, _ in sides:
        run()  # connections and pools in use
    for at in range(count):
        order = (0, 1) if at % 2 == 0 else (1, 0)
        one = [None, None]
        for side in order:
            one[side] = sides[side][0]()
        figures.append(one)
    for _, end in sides:
        end()
    return figures


def judge(name, figures):
    """A line, and whether it fails."""
    ratios = [ours / theirs for theirs, ours in figures]
    ratio, worse = statistics.median(ratios), sum(one > 1 for one in ratios)
    bar = LATENCY_MAX if "latency" in name else CPU_MAX
    # of fewer pairs (--quick) as great a share
    fails = ratio > bar and worse * PAIRS >= WORSE_MIN * len(ratios)
    theirs, ours = (statistics.median(side) for side in zip(*figures))
    return "%-32s %10.3f %10.3f %8.3f x %4d of %d %8.2f  %s" % (
        name, theirs, ours, ratio, worse, len(ratios), bar, "WORSE" if fails else "ok"), fails


def run(ref, wanted, quick):
    """Exit code: 0 when no row is worse."""
    tree = tree_of(ref)
    lines, failed = [], []
    head = "%-32s %10s %10s %10s %9s %8s" % ("against " + ref, "theirs", "ours", "ratio", "worse", "bar")
    print(head, flush=True)
    for row in wanted:
        figures = pairs(ROWS[row], tree, 1 if quick else PAIRS)
        for what in figures[0][0]:
            name = "%s: %s" % (row, what)
            line, fails = judge(name, [(theirs[what], ours[what]) for theirs, ours in figures])
            print(line, flush=True)
            lines.append(line)
            failed += [name] if fails else []
    print("\n%s\n%s\n%d rows, %d worse%s" % (head, "\n".join(lines), len(lines), len(failed),
                                             ": " + ", ".join(failed) if failed else ""))
    return 1 if failed else 0
