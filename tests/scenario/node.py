"""A node of real processes for the scripts: started through ./muster in a directory of its own,
spoken to over HTTP, ended by pid. MUSTER_BIN says which build; default build/dev/bin."""
import atexit
import contextlib
import fcntl
import glob
import http.client
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import urllib.parse

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BIN = os.environ.get("MUSTER_BIN") or os.path.join(ROOT, "build", "dev", "bin")
os.environ.setdefault("MUSTER_STORE_ENABLED", "false")  # nodes have no store, unless a test is about it
ACTORS = ("registry", "replicator", "evictor", "gateway.0")
HEADERS = {"Content-Type": "application/x-www-form-urlencoded"}


def skip(reason):
    print("skipped: %s" % reason)
    sys.exit(77)


def is_free(port):
    with socket.socket() as sock:
        try:
            sock.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


class Ports:
    """Below those the kernel gives to clients; of each the next one is free too, an actor's second endpoint, and the one a
    thousand above, a node's door. No two programs of the tests are given the same, not even one that nobody listens at yet:
    each has blocks of its own while it runs."""
    BLOCK = 100
    PLACE = os.path.join(tempfile.gettempdir(), "muster-test-ports-%d" % os.getuid())

    def __init__(self):
        self.blocks = [start for thousand in range(10000, 30000, 2000) for start in range(thousand, thousand + 1000, self.BLOCK)]
        random.shuffle(self.blocks)
        self.locked, self.ports, self.guard = [], [], threading.Lock()

    def lock_block(self):
        os.makedirs(self.PLACE, mode=0o700, exist_ok=True)
        while self.blocks:
            start = self.blocks.pop()
            with contextlib.suppress(BlockingIOError):
                file = open(os.path.join(self.PLACE, str(start)), "w", encoding="ascii")
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self.locked.append(file)
                self.ports = random.sample(range(start, start + self.BLOCK, 2), self.BLOCK // 2)
                return
        raise AssertionError("programs that run have all blocks of ports: see who locks files in %s" % self.PLACE)

    def take(self):
        with self.guard:
            while True:
                if not self.ports:
                    self.lock_block()
                port = self.ports.pop()
                if all(map(is_free, (port, port + 1, port + 1000))):
                    return port


free_port = Ports().take


def listens(port, host="127.0.0.1"):
    with socket.socket() as sock:
        return sock.connect_ex((host, port)) == 0


def wait_until(what, test, seconds=10):
    """Returns test()'s first true value; raises when it stays false. what: a text, or what tells one then."""
    deadline = time.monotonic() + seconds
    while True:
        value = test()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError("not within %g s: %s" % (seconds, what() if callable(what) else what))
        time.sleep(0.02)


class Answer:
    def __init__(self, status, headers, text, elapsed):
        self.status, self.headers, self.text, self.elapsed = status, headers, text, elapsed

    @property
    def json(self):
        return json.loads(self.text)

    @property
    def code(self):
        return self.json["code"]

    @property
    def data(self):
        return self.json.get("data")

    def __repr__(self):
        return "HTTP %d %s after %.3f s" % (self.status, self.text[:400], self.elapsed)


class Client:
    """One keep-alive connection."""

    def __init__(self, port, timeout=40, host="127.0.0.1"):
        self.connection = http.client.HTTPConnection(host, port, timeout=timeout)

    def ask(self, method, path, body=None, headers=None):
        began = time.monotonic()
        self.connection.request(method, path, body, headers or {})
        answer = self.connection.getresponse()
        text = answer.read().decode("utf-8", "surrogateescape")
        return Answer(answer.status, answer.headers, text, time.monotonic() - began)

    def get(self, path, headers=None, **query):
        query = urllib.parse.urlencode(query, doseq=True)
        return self.ask("GET", path + ("?" + query if query else ""), None, headers)

    def post(self, path, headers=None, **form):
        return self.ask("POST", path, urllib.parse.urlencode(form, doseq=True), {**HEADERS, **(headers or {})})

    def close(self):
        self.connection.close()


def built_with(program, script, of=BIN):
    """A directory to give a Node as built: the programs, one behind a script, in which $BIN has the real ones."""
    built = tempfile.mkdtemp(prefix="muster-", dir="/tmp")
    for name in os.listdir(of):
        if name.startswith("muster"):
            os.symlink(os.path.join(of, name), os.path.join(built, name))
    path = os.path.join(built, program)
    os.unlink(path)
    with open(path, "w", encoding="ascii") as file:
        file.write("#!/bin/bash\nBIN=%s\n%s" % (of, script))
        os.fchmod(file.fileno(), 0o755)
    atexit.register(shutil.rmtree, built, True)
    return built


class Node:
    """within: words before those of the launcher, such as what enters a network namespace. ready None: it
    is started and not waited for."""

    made = []

    def __init__(self, *flags, port=None, ready=True, directory=None, env=None, host="127.0.0.1", within=(),
                 tree=None, built=None):
        """tree, built: another checkout, and where it is built."""
        self.root, self.bin = tree or ROOT, built or BIN
        if not os.access(os.path.join(self.bin, "muster-gateway"), os.X_OK):
            skip("no muster-gateway in %s" % self.bin)
        self.port, self.host, self.within = port or free_port(), host, list(within)
        self.dir = directory or tempfile.mkdtemp(prefix="muster-", dir="/tmp")
        self.env = {**os.environ, "MUSTER_BIN": self.bin, **(env or {})}
        self.env.pop("MUSTER_DIR", None)
        self.flags = ["--gateway.listen=%s:%d" % (host, self.port), *flags]
        atexit.register(self.end)
        self.made.append(self)
        if ready:
            done = self.muster("up", *self.flags)
            if done.returncode != 0:
                raise AssertionError("the node does not come up:\n%s" % done.stdout)
        else:  # one that will not be ready, but answers
            up = Background(self.muster, "up", *self.flags)
            if ready is not None:
                wait_until("it listens", lambda: listens(self.port, host) or not up.running(), 30)

    def muster(self, *words, timeout=120):
        return subprocess.run([*self.within, os.path.join(self.root, "muster"), "--dir", self.dir, *words], env=self.env, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout, check=False)

    def ctl(self, *words, timeout=20):
        return subprocess.run([os.path.join(self.bin, "musterctl"), *words, "--dir", self.dir], text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout, check=False)

    def pid(self, actor):
        try:
            with open(os.path.join(self.dir, "run", actor + ".pid"), encoding="ascii") as file:
                return int(file.read())
        except (OSError, ValueError):
            return None

    def kill(self, actor, number=signal.SIGKILL):
        pid = self.pid(actor)
        os.kill(pid, number)
        return pid

    def kill_all(self, number=signal.SIGKILL):
        """Every process of the node, the launcher first, so that it starts none again."""
        for actor in ("launcher", *ACTORS):
            if self.pid(actor):
                with contextlib.suppress(ProcessLookupError):
                    self.kill(actor, number)

    def endpoint(self, actor, which):
        return "ipc://" + os.path.join(self.dir, "run", "%s.%s" % (actor, which))

    def end(self):
        if not os.path.isdir(self.dir):
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.muster("down", "--force")
        with contextlib.suppress(OSError):
            self.kill_all()  # whatever ./muster down may have left
        if os.environ.get("MUSTER_KEEP"):
            print("kept: %s" % self.dir)
        else:
            shutil.rmtree(self.dir, ignore_errors=True)

    # ── the API, each call on a connection of its own ──

    def client(self, timeout=40):
        return Client(self.port, timeout, self.host)

    def get(self, path, headers=None, **query):
        client = self.client()
        try:
            return client.get(path, headers, **query)
        finally:
            client.close()

    def post(self, path, headers=None, **form):
        client = self.client()
        try:
            return client.post(path, headers, **form)
        finally:
            client.close()

    def register(self, appid, hostname="h1", **more):
        form = {"zone": "sh001", "env": "dev", "appid": appid, "hostname": hostname, "status": 1,
                "addrs": "http://10.0.0.1:80", **more}
        return self.post("/discovery/register", **form)

    def renew(self, appid, hostname="h1", **more):
        return self.post("/discovery/renew", **{"zone": "sh001", "env": "dev", "appid": appid, "hostname": hostname, **more})

    def cancel(self, appid, hostname="h1", **more):
        return self.post("/discovery/cancel", **{"zone": "sh001", "env": "dev", "appid": appid, "hostname": hostname, **more})

    def set(self, appid, **more):
        return self.post("/discovery/set", **{"zone": "sh001", "env": "dev", "appid": appid, **more})

    def fetch(self, appid, env="dev", status=3, **more):
        return self.get("/discovery/fetch", env=env, appid=appid, status=status, **more)

    def instances(self, appid, env="dev", zone="sh001"):
        data = self.fetch(appid, env).data
        return {i["hostname"]: i for i in data["instances"].get(zone, [])} if data else {}

    def latest(self, appid, env="dev"):
        return self.fetch(appid, env).data["latest_timestamp"]

    def polls(self, appid, latest, wait_ms=5000, **more):
        """A polls that waits wait_ms at most; -304 after that."""
        return self.get("/discovery/polls", {"x1-bmspy-timeout": str(wait_ms + 20)},
                        **{"env": "dev", "hostname": "poller", "appid": appid, "latest_timestamp": latest, **more})

    def stats(self, actor):
        done = self.ctl("stats", actor, "-o", "json")
        assert done.returncode == 0, done.stdout
        stats = json.loads(done.stdout)
        return stats[0] if isinstance(stats, list) else stats

    def count(self, actor, *names):
        """The counter or size under the first of these names that the program has: an older one may know it by another."""
        stats = self.stats(actor)
        told = {**stats["counters"], **stats["sizes"]}
        return next(told[name] for name in names if name in told)


class Skipped(Exception):
    """Raised by a case that cannot run here, with the reason."""


class Background:
    """A call in a thread; result() gives its value or raises what it raised."""

    def __init__(self, call, *args, **more):
        self.value = self.error = None
        self.thread = threading.Thread(target=self.run, args=(call, args, more), daemon=True)
        self.thread.start()

    def run(self, call, args, more):
        try:
            self.value = call(*args, **more)
        except Exception as error:  # handed to result()
            self.error = error

    def running(self):
        return self.thread.is_alive()

    def result(self, seconds=45):
        self.thread.join(seconds)
        if self.thread.is_alive():
            raise AssertionError("no answer within %g s" % seconds)
        if self.error:
            raise self.error
        return self.value


def last_words(count=20):
    """The last warnings of the nodes that are there, by time, and what is no event: an assertion, a sanitizer's report."""
    events, others = [], []
    for path in (path for node in Node.made for path in glob.glob(os.path.join(node.dir, "log", "*.log"))):
        with open(path, encoding="utf-8", errors="replace") as file:
            for line in file:
                if not line.startswith("{"):
                    others.append("%s: %s" % (path, line))
                elif '"level":"warn"' in line or '"level":"error"' in line:
                    events.append(line if len(line) < 400 else line[:400] + "…\n")
    return "".join(sorted(events)[-count:] + others[-count:])


def main(tests, last="ok"):
    """Runs the named functions in order; prints what failed, and `ok` when none did."""
    failed = 0
    wanted = sys.argv[1:]
    for test in tests:
        if wanted and test.__name__ not in wanted:
            continue
        try:
            test()
            print("%s: passed" % test.__name__, flush=True)
        except Skipped as why:
            print("%s: skipped: %s" % (test.__name__, why), flush=True)
        except Exception:
            failed += 1
            print("%s: FAILED\n%s%s" % (test.__name__, traceback.format_exc(), last_words()), flush=True)
    if failed:
        print("%d failed" % failed)
        sys.exit(1)
    print(last)
