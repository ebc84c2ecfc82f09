"""What the benchmarks share: the build that is measured, processes and what they cost, loads from
wrk, runs in pairs with a yardstick, and the table.

CPU time is what the scheduler gave all threads of a process. It moves a few per cent from run to run
where requests per second move twofold; both figures of a pair come from runs that alternate.
MUSTER_BIN names another build to measure."""
import atexit
import contextlib
import fcntl
import json
import os
import re
import resource
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
HERE = os.path.join(ROOT, "tests", "bench")
BUILD = os.path.join(ROOT, "build", "bench")
os.environ["MUSTER_BIN"] = os.path.abspath(os.environ.get("MUSTER_BIN") or os.path.join(BUILD, "bin"))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(ROOT, "tests", "scenario"))
from node import BIN, Background, Client, Node, free_port, listens, wait_until  # noqa: E402,F401  for the benchmarks

BUSY = 0.9  # of a core; a run below it measured the load or a neighbour
REPEATS = 3
SERVER_CORE, LOAD_CORE = 0, max(os.cpu_count() or 1, 2) - 1


def prepare(*packages):
    """Installs the named packages and the build's, builds preset bench; says what failed and exits 1."""
    steps = [[os.path.join(ROOT, "muster"), "packages", "gcc", "g++", "cmake", "ninja-build", "pkg-config",
              "libzmq3-dev", "libczmq-dev", "libmsgpack-dev", "libmicrohttpd-dev", "libjansson-dev",
              "libtomlplusplus-dev", "libcurl4-openssl-dev", "libdeflate-dev", "curl",
              "libnghttp2-dev", "protobuf-c-compiler", "libprotobuf-c-dev", "liblmdb-dev", *packages]]
    if not os.path.exists(os.path.join(BUILD, "build.ninja")):
        steps.append(["cmake", "--preset", "bench"])
    steps.append(["cmake", "--build", BUILD])
    for step in steps:
        done = subprocess.run(step, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        if done.returncode != 0:
            sys.exit("%s\n%s failed" % (done.stdout[-4000:], shlex.join(step)))
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))  # for all that is started from here


def program(name):
    """The path of tests/bench/NAME.c, built."""
    return os.path.join(BUILD, "bin", "bench_" + name)


# ── processes ────────────────────────────────────────────────────────────────


def tasks(pid):
    with contextlib.suppress(OSError):
        return [int(task) for task in os.listdir("/proc/%d/task" % pid)]
    return []


def cpu_ns(pid):
    """CPU time of all threads so far."""
    total = 0
    for task in tasks(pid):
        with contextlib.suppress(OSError), open("/proc/%d/task/%d/schedstat" % (pid, task), encoding="ascii") as file:
            total += int(file.read().split()[0])
    return total


def memory_bytes(pid, what="Rss"):
    """Rss or Pss of a process."""
    with open("/proc/%d/smaps_rollup" % pid, encoding="ascii") as file:
        return int(re.search(r"^%s:\s+(\d+) kB" % what, file.read(), re.MULTILINE).group(1)) * 1024


def pin(pid, *cores):
    """Threads it starts later go there too."""
    for task in tasks(pid):
        with contextlib.suppress(ProcessLookupError):
            os.sched_setaffinity(task, cores)


def pin_gateway(pid):
    """The thread that serves; libzmq's own, which a bare server has not, run where there is time."""
    pin(pid, SERVER_CORE, LOAD_CORE)
    os.sched_setaffinity(pid, {SERVER_CORE})


class Started:
    """A program of ours or a yardstick, ended with the script at the latest."""

    def __init__(self, *words, core=None, **more):
        self.command = shlex.join(words)
        self.process = subprocess.Popen(pinned(core, *words), text=True, **more)
        self.pid = self.process.pid
        atexit.register(self.end)

    def end(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe:
                with contextlib.suppress(OSError):
                    pipe.close()


def pinned(core, *words):
    return list(words) if core is None else ["taskset", "-c", str(core), *words]


def scratch():
    """A directory that goes with the script."""
    path = tempfile.mkdtemp(prefix="muster-bench-", dir="/tmp")
    atexit.register(shutil.rmtree, path, True)
    return path


class Interval:
    """CPU and wall time of processes between with and its end; pids by name."""

    def __init__(self, **pids):
        self.pids, self.cpu_s, self.wall_s = pids, {}, 0.0

    def __enter__(self):
        self.before = {name: cpu_ns(pid) for name, pid in self.pids.items()}
        self.began = time.monotonic()
        return self

    def __exit__(self, *_):
        self.wall_s = time.monotonic() - self.began
        self.cpu_s = {name: (cpu_ns(pid) - self.before[name]) / 1e9 for name, pid in self.pids.items()}

    def busy(self, name):
        """Share of one core; above 1 with several threads."""
        return self.cpu_s[name] / self.wall_s


# ── loads ────────────────────────────────────────────────────────────────────


class Load:
    """A run of wrk against processes given by name; the first of them is the one that is to be busy."""

    def __init__(self, url, connections, seconds, script=None, core=LOAD_CORE, env=None, **pids):
        words = ["wrk", "-t1", "-c%d" % connections, "-d%ds" % seconds, "--latency"]
        words += ["-s", os.path.relpath(script, ROOT)] if script else []
        self.command = shlex.join([*words, url])
        with Interval(**pids) as self.interval:
            done = subprocess.run(pinned(core, *words, url), cwd=ROOT, text=True, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, env={**os.environ, **(env or {})}, check=False)
        requests = re.search(r"(\d+) requests in ([\d.]+)(ms|s|m),", done.stdout)
        if done.returncode != 0 or not requests or int(requests.group(1)) == 0:
            raise AssertionError("%s\n%s" % (self.command, done.stdout))
        bad = re.search(r"Non-2xx.*: (\d+)|Socket errors: (.*)|(\d+) refused", done.stdout)
        if bad:
            raise AssertionError("not all were answered: %s\n%s" % (self.command, done.stdout))
        self.requests = int(requests.group(1))
        self.per_s = float(re.search(r"Requests/sec:\s*([\d.]+)", done.stdout).group(1))
        self.p50_ms, self.p99_ms = (latency_ms(done.stdout, share) for share in ("50%", "99%"))
        self.busy = self.interval.busy(next(iter(pids)))

    def cpu_us(self, name):
        """CPU time a request."""
        return self.interval.cpu_s[name] * 1e6 / self.requests


def latency_ms(text, share):
    number, unit = re.search(r"^\s+%s\s+([\d.]+)(us|ms|s|m)" % re.escape(share), text, re.MULTILINE).groups()
    return float(number) * {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60000.0}[unit]


def busy(run):
    """run() again while its server's core was not busy; the busiest if none was."""
    best = None
    for _ in range(REPEATS):
        load = run()
        if best is None or load.busy > best.busy:
            best = load
        if best.busy >= BUSY:
            break
    return best


class Pairs:
    """Runs of a yardstick and of what is measured against it, in turn. Figures are medians; a ratio is
    the median of the pairs' ratios."""

    def __init__(self, count, yardstick, measured):
        self.runs = [(yardstick(), measured()) for _ in range(count)]
        self.yardsticks, self.measured = zip(*self.runs)

    def ratio(self, of_yardstick, of_measured=None):
        of_measured = of_measured or of_yardstick
        return statistics.median(of_measured(m) / of_yardstick(y) for y, m in self.runs)

    def figures(self, of_yardstick, of_measured=None):
        of_measured = of_measured or of_yardstick
        return (statistics.median(map(of_yardstick, self.yardsticks)), statistics.median(map(of_measured, self.measured)))


# ── the table ────────────────────────────────────────────────────────────────


def shown(value):
    return "-" if value is None else "%d" % value if abs(value) >= 1000 else "%.3g" % value


class Table:
    """Rows {name, value, unit, bar, yardstick, ok}. value and yardstick are in unit; with a yardstick
    the bar is a multiple of it, else in unit; bar null: a figure without one."""

    def __init__(self, title):
        self.title, self.rows, self.ratios = title, [], []
        print(title, flush=True)

    def add(self, name, value, unit, at_most=None, at_least=None, yardstick=None, ratio=None, notes=()):
        """notes are lines under it: commands, CPU per request, how busy the core was. ratio, where it
        is not value / yardstick, is what the bar judges."""
        judged = value if yardstick is None else ratio if ratio is not None else value / yardstick
        ok = (at_most is None or judged <= at_most) and (at_least is None or judged >= at_least)
        bar = None
        if at_most is not None or at_least is not None:
            bar = ("<= %g" % at_most if at_most is not None else ">= %g" % at_least) + (" x" if yardstick is not None else "")
        self.rows.append({"name": name, "value": round(value, 4), "unit": unit, "bar": bar,
                          "yardstick": None if yardstick is None else round(yardstick, 4), "ok": bool(ok)})
        self.ratios.append(None if yardstick is None else judged)
        print("\n%s" % self.line(len(self.rows) - 1), *("  " + note for note in notes), sep="\n", flush=True)

    def skip(self, name, reason):
        """A row that this machine cannot show: neither met nor missed."""
        self.rows.append({"name": name, "value": None, "unit": "skipped: " + reason, "bar": None, "yardstick": None, "ok": None})
        self.ratios.append(None)
        print("\n%s" % self.line(len(self.rows) - 1), flush=True)

    def line(self, i):
        row, ratio = self.rows[i], self.ratios[i]
        if row["ok"] is None:
            return "%-44s %s" % (row["name"], row["unit"])
        return "%-44s %10s %-12s %10s %8s %10s  %s" % (
            row["name"], shown(row["value"]), row["unit"], shown(row["yardstick"]),
            "-" if ratio is None else "%.2f x" % ratio, row["bar"] or "-", "ok" if row["ok"] else "NOT MET")

    def save(self):
        """Into build/bench.json, where the rows of other benchmarks stay."""
        os.makedirs(os.path.join(ROOT, "build"), exist_ok=True)
        with open(os.path.join(ROOT, "build", "bench.json"), "a+", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            try:
                kept = [row for row in json.load(file) if row["name"] not in {r["name"] for r in self.rows}]
            except ValueError:  # new
                kept = []
            file.truncate(0)
            json.dump(kept + self.rows, file, indent=1)
            file.write("\n")

    def end(self):
        """Prints all rows once more, saves them, and exits: 0 when every bar is met."""
        self.save()
        print("\n%-44s %10s %-12s %10s %8s %10s" % (self.title, "value", "unit", "yardstick", "ratio", "bar"))
        for i in range(len(self.rows)):
            print(self.line(i))
        missed = [row["name"] for row in self.rows if row["ok"] is False]
        print("%d rows, %d not met%s" % (len(self.rows), len(missed), ": " + ", ".join(missed) if missed else ""))
        sys.exit(1 if missed or not self.rows else 0)
