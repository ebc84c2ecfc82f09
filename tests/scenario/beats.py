"""Instances that send heartbeats, actors that stand still, and cases that mostly wait."""
import contextlib
import functools
import os
import signal
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from node import main


class Heartbeats:
    """Instances of an app that send heartbeats, spread over the period, until they are silenced. One
    that is told it is not there registers no more: it stays lost, and is seen to be."""

    def __init__(self, node, appid, count, every_s):
        self.node, self.appid, self.every_s = node, appid, every_s
        self.hosts = ["%s-%02d" % (appid, i) for i in range(count)]
        for host in self.hosts:
            assert node.register(appid, host).code == 0
        self.beating = set(self.hosts)
        self.stopped = threading.Event()
        for i, host in enumerate(self.hosts):
            threading.Thread(target=self.run, args=(host, i / count), daemon=True).start()

    def run(self, host, phase):
        start, every_s = time.monotonic() + phase * self.every_s, self.every_s
        beat = 0
        while not self.stopped.is_set() and host in self.beating:
            time.sleep(max(0.0, start + beat * every_s - time.monotonic()))
            # those that were missed are not made up for
            beat = max(beat + 1, int((time.monotonic() - start) / every_s) + 1)
            with contextlib.suppress(OSError):
                self.node.renew(self.appid, host)

    def silence(self, count):
        """Returns those that fall silent, all at once."""
        gone = set(self.hosts[:count])
        self.beating -= gone
        return gone

    def held(self):
        return set(self.node.instances(self.appid))

    def end(self):
        self.stopped.set()


@contextlib.contextmanager
def stopped(node, actor):
    pid = node.kill(actor, signal.SIGSTOP)
    try:
        yield pid
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


def verbose(node):
    answer = node.get("/readyz", verbose=1)
    return answer.status, {line[3:].split()[0]: line for line in answer.text.splitlines() if line[:1] == "["}


def stays(test, seconds, what, every_s=0.1):
    """Fails as soon as test() does not hold; the time is the point here."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        assert test(), what
        time.sleep(every_s)


def in_lanes(count, cases):
    """Runs cases that mostly wait, each on a node of its own: count at a time, the first ones first."""
    def awaited(case, lanes):
        if sys.argv[1:] and case.__name__ not in sys.argv[1:]:
            return case
        future = lanes.submit(case)
        return functools.wraps(case)(lambda: future.result())

    with ThreadPoolExecutor(count) as lanes:
        main([awaited(case, lanes) for case in cases])
