"""Hosts of a cluster as network namespaces on one bridge. All of it hangs in a namespace of the
script's own and goes with its processes; nothing of the machine's is touched.

Ways are cut with nothing but iproute2: a host that is given a wrong hardware address for another
sends into the void, silently and one way; a port of the bridge that is down cuts the host off as a
pulled cable does."""
import os
import subprocess
import sys

from node import skip

NOBODY = "02:de:ad:00:00:00"


def run(*words):
    done = subprocess.run(words, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if done.returncode != 0:
        raise AssertionError("%s: %s" % (" ".join(words), done.stdout.strip()))
    return done.stdout


def enter_own():
    """Begins the script anew in a network namespace of its own; skips where that can't be."""
    if os.environ.get("MUSTER_NETNS"):
        run("ip", "link", "set", "lo", "up")
        return
    if os.geteuid() != 0:
        skip("needs root, to make network namespaces")
    try:
        run("unshare", "-n", "ip", "link", "add", "muster0", "type", "bridge")
        run("unshare", "-n", "ip", "link", "add", "muster1", "type", "veth", "peer", "name", "muster2")
    except (OSError, AssertionError) as error:
        skip("no network namespaces here: %s" % error)
    os.execvpe("unshare", ["unshare", "-n", sys.executable, *sys.argv], {**os.environ, "MUSTER_NETNS": "1"})


def alone():
    """Words that begin a command in a network namespace of its own, with a loopback; its ports are all free."""
    for words in (["unshare", "-n"], ["unshare", "-rn"]):
        try:
            run(*words, "ip", "link", "set", "lo", "up")
        except (OSError, AssertionError):
            continue
        return [*words, "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]
    return skip("no network namespaces here")


class Host:
    """One address on the bridge, in a namespace that lives as long as its holder."""

    def __init__(self, net, number):
        self.net, self.address, self.port = net, "%s.%d" % (net.prefix, number), "port%d" % number
        self.holder = subprocess.Popen(["unshare", "-n", "sh", "-c", "echo; exec cat"], stdin=subprocess.PIPE,
                                       stdout=subprocess.PIPE)
        self.holder.stdout.readline()  # it is in there
        self.within = ("nsenter", "-t", str(self.holder.pid), "-n")
        run("ip", "link", "add", self.port, "type", "veth", "peer", "name", "eth0", "netns", str(self.holder.pid))
        run("ip", "link", "set", self.port, "master", net.bridge, "up")
        for words in ("link set lo up", "addr add %s/24 dev eth0" % self.address, "link set eth0 up"):
            run(*self.within, "ip", *words.split())

    def cut(self, other):
        """Nothing it sends reaches other any more."""
        run(*self.within, "ip", "neigh", "replace", other.address, "lladdr", NOBODY, "dev", "eth0", "nud", "permanent")

    def heal(self, other):
        run(*self.within, "ip", "neigh", "del", other.address, "dev", "eth0")

    def unplug(self):
        run("ip", "link", "set", self.port, "down")

    def plug(self):
        run("ip", "link", "set", self.port, "up")

    def end(self):
        self.holder.stdin.close()
        self.holder.wait()


class Net:
    """prefix.1 … prefix.count on a bridge; the script is prefix.254."""

    def __init__(self, count, prefix="10.77.0"):
        self.prefix, self.bridge = prefix, "bridge0"
        run("ip", "link", "add", self.bridge, "type", "bridge")
        run("ip", "link", "set", self.bridge, "up")
        run("ip", "addr", "add", prefix + ".254/24", "dev", self.bridge)
        self.hosts = [Host(self, i + 1) for i in range(count)]

    def end(self):
        for host in self.hosts:
            host.end()
