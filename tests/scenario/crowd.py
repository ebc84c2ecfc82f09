"""Clients of a cluster that do what SDKs do, and know what must be true of them: those that go on
sending heartbeats are held everywhere, those that are cancelled nowhere, those that fall silent for
a while at most."""
import contextlib
import http.client
import random
import threading
import time

from node import Client

BEAT_S = 2.5     # evictor.idle 9 s expects one in 3 s
TIMEOUT_S = 2.0  # then another node is tried


class Asked:
    """Calls with a short patience. None: no answer, or one of a node that can't serve now."""

    def __init__(self, node):
        self.node = node

    def post(self, what, **form):
        client = Client(self.node.port, TIMEOUT_S, self.node.host)
        try:
            answer = client.post("/discovery/" + what, zone="sh001", env="dev", **form)
            return answer if answer.status == 200 else None
        except (OSError, http.client.HTTPException):
            return None
        finally:
            client.close()

    def register(self, appid, hostname, **more):
        return self.post("register", appid=appid, hostname=hostname, status=1, addrs="http://10.0.0.1:80", **more)


class Crowd:
    """count clients spread over the nodes. Each has one instance, sends its heartbeats to one node, and goes to another one
    when that fails. Told -404 it registers again; by a node that had it before that counts as lost."""

    appid = "crowd"

    def __init__(self, nodes, count):
        self.asked = [Asked(node) for node in nodes]
        self.names = ["crowd-%02d" % i for i in range(count)]
        self.silent, self.gone = set(), set()  # gone: of the silent, those that were seen to be held nowhere
        self.lost, self.moves, self.beats = [], 0, 0
        self.stopped = threading.Event()
        for i, name in enumerate(self.names):
            answer = self.asked[i % len(nodes)].register(self.appid, name)
            assert answer and answer.code == 0, answer
            threading.Thread(target=self.run, args=(name, i % len(nodes), i / count), daemon=True).start()

    def run(self, name, home, phase):
        known = True  # this node has said that it has it
        self.stopped.wait(phase * BEAT_S)
        while not self.stopped.is_set() and name not in self.silent:
            answer = self.asked[home].post("renew", appid=self.appid, hostname=name)
            if answer and answer.code == -404:
                if known:
                    self.lost.append("%s at node %d, %s" % (name, home + 1, time.strftime("%H:%M:%S")))
                answer = self.asked[home].register(self.appid, name)
            if answer and answer.code == 0:
                known = True
                self.beats += 1
                self.stopped.wait(BEAT_S)
            else:
                home, known = (home + 1) % len(self.asked), False
                self.moves += 1
                self.stopped.wait(0.2)

    def silence(self):
        """One more falls silent."""
        self.silent.add(next(name for name in self.names if name not in self.silent))

    def alive(self):
        return {name for name in self.names if name not in self.silent}

    def end(self):
        self.stopped.set()


class Churn:
    """One client a node that registers, changes and cancels instances of its own all the time, with heartbeats for
    those that live. What became of a write without an answer is not known until the next one."""

    appid = "churn"

    def __init__(self, nodes, each=10, seed=1):
        self.random = random.Random(seed)
        self.live = [{"churn-%d-%d" % (i, j): False for j in range(each)} for i in range(len(nodes))]  # None: not known
        self.writes, self.lost, self.forgiven = 0, [], set()
        self.stopped, self.calm = threading.Event(), threading.Event()
        self.calmed = [threading.Event() for _ in nodes]
        for i, node in enumerate(nodes):
            threading.Thread(target=self.run, args=(i, Asked(node)), daemon=True).start()

    def run(self, i, asked):
        due = 0.0
        while not self.stopped.wait(0.05):
            if time.monotonic() >= due:
                due = time.monotonic() + BEAT_S
                self.beat(i, asked)
            if not self.calm.is_set():
                self.calmed[i].clear()
                self.change(i, asked, self.random.choice(list(self.live[i])))
            elif not self.calmed[i].is_set():
                self.settle(i, asked)

    def change(self, i, asked, name):
        was = self.live[i][name]
        what = self.random.choice(["register", "cancel", "set"]) if was else "register"
        self.live[i][name] = None
        if what == "register":
            answer = asked.register(self.appid, name, version=str(self.writes))
        elif what == "set":
            answer = asked.post("set", appid=self.appid, hostname=name, status=self.random.choice([1, 2]),
                                metadata='{"n":"%d"}' % self.writes)
        else:
            answer = asked.post("cancel", appid=self.appid, hostname=name)
        if answer and answer.code == 0:
            self.live[i][name] = what != "cancel"
            self.writes += 1
        elif answer and was:
            self.missed(i, "%s of %s: %s" % (what, name, answer))

    def beat(self, i, asked):
        for name, live in list(self.live[i].items()):
            answer = asked.post("renew", appid=self.appid, hostname=name) if live else None
            if answer and answer.code == -404:
                self.missed(i, name)
                self.live[i][name] = None

    def missed(self, i, what):
        if i not in self.forgiven:
            self.lost.append("%s at node %d, %s" % (what, i + 1, time.strftime("%H:%M:%S")))

    def settle(self, i, asked):
        """What is not known is made known; then nothing changes any more."""
        for name in [name for name, live in self.live[i].items() if live is None]:
            self.change(i, asked, name)
        if None not in self.live[i].values():
            self.forgiven.discard(i)
            self.calmed[i].set()

    def forgive(self, i):
        """The node loses what it has, and may not know of it for a while."""
        self.forgiven.add(i)

    @contextlib.contextmanager
    def calmly(self):
        for calmed in self.calmed:
            calmed.clear()
        self.calm.set()
        for calmed in self.calmed:
            assert calmed.wait(10), "a node answers no writes"
        try:
            yield
        finally:
            self.calm.clear()

    def alive(self):
        return {name for live in self.live for name, is_live in live.items() if is_live}

    def end(self):
        self.stopped.set()
