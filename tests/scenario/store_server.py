"""A member of the store for the scripts, ours or Debian's etcd, behind one handle: started with etcd's own flags,
ended by signal, begun again on its directory. The yardstick and what is measured by it run through the same test."""
import atexit
import os
import shutil
import signal
import socket
import subprocess
import tempfile

from node import BIN, free_port, skip, wait_until

# What etcd calls it, and what the configuration does. None: it has no key, as there is nothing to set.
KEYS = {
    "--name": "etcd.name",
    "--data-dir": None,  # --dir
    "--listen-client-urls": "etcd.listen",
    "--advertise-client-urls": "etcd.advertise",
    "--listen-peer-urls": None,
    "--initial-advertise-peer-urls": "etcd.peer_urls",
    "--initial-cluster": None,  # one member, of --name at --initial-advertise-peer-urls
    "--initial-cluster-state": None,
    "--initial-cluster-token": "etcd.initial_cluster_token",
    "--experimental-watch-progress-notify-interval": "etcd.progress_interval",
    "--max-txn-ops": "etcd.max_txn_ops",
}
VERSION = "3.4.23"  # whose strings and shapes the recordings have
READY_SECONDS = 30


def flags_of(line):
    """A recorded `etcd --name x …` as {flag: value}."""
    words, flags = line.split()[1:], {}
    while words:
        name, equal, value = words.pop(0).partition("=")
        flags[name] = value if equal else words.pop(0)
    return flags


def flags_here(name="default"):
    """One member on free ports."""
    client, peer = free_port(), free_port()
    return {"--name": name, "--data-dir": "DATA/" + name,
            "--listen-client-urls": "http://127.0.0.1:%d" % client,
            "--advertise-client-urls": "http://127.0.0.1:%d" % client,
            "--listen-peer-urls": "http://127.0.0.1:%d" % peer,
            "--initial-advertise-peer-urls": "http://127.0.0.1:%d" % peer,
            "--initial-cluster": "%s=http://127.0.0.1:%d" % (name, peer)}


def ours(flags, directory):
    """The words for muster-store and muster-etcd."""
    words = ["--dir", directory, "--etcd.version=" + VERSION]
    for flag, value in flags.items():
        key = KEYS[flag]
        if key is not None:
            words.append("--%s=%s" % (key, value.partition("://")[2] if key == "etcd.listen" else value))
    return [[os.path.join(BIN, "muster-store"), *words], [os.path.join(BIN, "muster-etcd"), "--index", "0", *words]]


class Server:
    """kind: "etcd" or "ours". The directory goes when the script ends, unless it was given."""

    def __init__(self, kind, flags=None, directory=None):
        self.kind, self.flags, self.processes = kind, flags or flags_here(), []
        self.dir = directory or tempfile.mkdtemp(prefix="muster-store-", dir="/tmp")
        self.address = self.flags["--listen-client-urls"].partition("://")[2]
        self.port = int(self.address.rpartition(":")[2])
        if kind == "etcd":
            self.commands = [["etcd", *(word.replace("DATA", self.dir) for flag in self.flags.items() for word in flag)]]
        else:
            self.commands = ours(self.flags, self.dir)
        for command in self.commands:
            if not shutil.which(command[0]):
                skip("no %s here" % command[0])
        atexit.register(self.end, directory is None)

    def start(self, seconds=READY_SECONDS):
        self.begin()
        try:
            wait_until("the member serves", self.serves, seconds)
        except AssertionError as error:
            raise AssertionError("%s; its last words:\n%s" % (error, self.words())) from None
        return self

    def begin(self):
        with open(os.path.join(self.dir, "server.log"), "ab") as log:
            self.processes = [subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
                              for command in self.commands]

    def serves(self):
        for command, process in zip(self.commands, self.processes):
            if process.poll() is not None:
                raise AssertionError("%s ended with %d" % (os.path.basename(command[0]), process.returncode))
        with socket.socket() as sock:
            if sock.connect_ex(("127.0.0.1", self.port)) != 0:
                return False
        return self.ctl("get", "ready", "--command-timeout=1s").returncode == 0

    def ctl(self, *words, stdin=None, timeout=30):
        """One etcdctl against it."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("ETCDCTL_")}
        return subprocess.run(["etcdctl", "--endpoints", self.address, *words], input=stdin, capture_output=True, text=True,
                              env=environment, timeout=timeout, check=False)

    def words(self):
        with open(os.path.join(self.dir, "server.log"), encoding="utf-8", errors="replace") as log:
            return log.read()[-3000:]

    def kill(self, which=None, number=signal.SIGKILL):
        """Ends all processes, or one by its place (ours: 0 the store, 1 the gateway), and waits for that."""
        for process in self.processes if which is None else [self.processes[which % len(self.processes)]]:
            if process.poll() is None:
                process.send_signal(number)
        for process in self.processes if which is None else [self.processes[which % len(self.processes)]]:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def revive(self):
        """Starts those of the processes again that have ended; does not wait until they serve."""
        with open(os.path.join(self.dir, "server.log"), "ab") as log:
            for place, process in enumerate(self.processes):
                if process.poll() is not None:
                    self.processes[place] = subprocess.Popen(self.commands[place], stdin=subprocess.DEVNULL, stdout=log,
                                                             stderr=log)

    def end(self, remove=True):
        self.kill(number=signal.SIGTERM)
        if remove and not os.environ.get("MUSTER_KEEP"):
            shutil.rmtree(self.dir, ignore_errors=True)

    def rss_bytes(self):
        total = 0
        for process in self.processes:
            with open("/proc/%d/statm" % process.pid, encoding="ascii") as file:
                total += int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")
        return total


def kind_of(words):
    """Which kind `--server KIND` among the words of a command line names; the words without it."""
    if "--server" in words:
        at = words.index("--server")
        kind = words[at + 1]
        if kind not in ("etcd", "ours"):
            raise SystemExit("--server etcd, or ours")
        return kind, words[:at] + words[at + 2:]
    return "ours", words


