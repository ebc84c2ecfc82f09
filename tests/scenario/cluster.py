"""Several nodes that know of each other, on this host, and whether they hold the same."""
from concurrent.futures import ThreadPoolExecutor

from node import Node, free_port, wait_until

HOST = "127.0.0.1"


def free_ports(count):
    return [free_port() for _ in range(count)]


def together(calls):
    """Makes the calls at once; their results, or what the first of them raised."""
    with ThreadPoolExecutor(len(calls)) as pool:
        return [future.result() for future in [pool.submit(call) for call in calls]]


class Cluster:
    """count nodes that name each other in peers.nodes, each ready. each(i): further flags of node i."""

    def __init__(self, count, *flags, each=lambda i: ()):
        ports = free_ports(count)
        self.addresses = ["%s:%d" % (HOST, port) for port in ports]
        seeds = "--peers.nodes=" + ",".join(self.addresses)

        def start(i):
            return Node(seeds, *flags, *each(i), port=ports[i])
        self.nodes = together([lambda i=i: start(i) for i in range(count)])

    def __iter__(self):
        return iter(self.nodes)

    def __getitem__(self, i):
        return self.nodes[i]

    def met(self, seconds=20):
        """Waits until every node has a good link to every other."""
        wait_met(self.nodes, seconds)
        return self

    def end(self):
        together([node.end for node in self.nodes])


def wait_met(nodes, seconds=20):
    wait_until("every node is linked to every other and holds the same",
               lambda: all(len(up(node)) == len(nodes) and digests(node)[2] for node in nodes), seconds)


def up(node):
    """Addresses that a node calls up, its own too."""
    return {n["addr"] for n in node.get("/discovery/nodes").data if n["status"] == 0}


def digests(node):
    """(this node's digest, {name: digest} of all, whether musterctl calls them equal)"""
    done = node.ctl("digest")
    if done.returncode not in (0, 1):
        raise AssertionError("musterctl digest: exit %d: %s" % (done.returncode, done.stdout))
    lines = [line.split() for line in done.stdout.splitlines()]
    return lines[0][1], dict(lines), done.returncode == 0


def same(nodes):
    """Whether all hold the same, and each says so of all others."""
    found = [digests(node) for node in nodes]
    return all(own == found[0][0] and equal for own, _, equal in found) and found[0][0]


def wait_same(nodes, seconds=10):
    try:
        return wait_until("digests are equal", lambda: same(nodes), seconds)
    except AssertionError as error:
        raise AssertionError("%s: %s" % (error, "; ".join(node.ctl("digest").stdout.replace("\n", ", ") for node in nodes))) from None
