"""A node's disk: its files, what is said of it, and mounts of its own."""
import json
import os
import re
import subprocess
import sys
import tempfile

from beats import verbose
from node import wait_until

HOSTS = ["h%02d" % i for i in range(20)]


def own_mounts():
    """Begins the script again where its mounts are nobody else's and end with it. Returns why it can't."""
    if "OWN_MOUNTS" in os.environ:
        return None
    for flags in (["-m"], ["-Urm"]):
        done = subprocess.run(["unshare", *flags, "mount", "-t", "tmpfs", "tmpfs", "/mnt"],
                              stderr=subprocess.PIPE, text=True, check=False)
        if done.returncode == 0:
            os.environ["OWN_MOUNTS"] = "1"
            os.execvp("unshare", ["unshare", *flags, sys.executable, *sys.argv])
    return "no tmpfs can be mounted here: %s" % done.stderr.strip()


def shim(source):
    """A library to preload into an actor, in a directory of its own: calls of the system's that fail."""
    directory = tempfile.mkdtemp(prefix="muster-shim-", dir="/tmp")
    os.chmod(directory, 0o755)
    with open(os.path.join(directory, "shim.c"), "w", encoding="ascii") as file:
        file.write(source)
    made = os.path.join(directory, "shim.so")
    subprocess.run(["gcc", "-shared", "-fPIC", "-w", "-o", made, file.name, "-ldl"], check=True)
    return made


def data(node):
    return os.path.join(node.dir, "data", "registry")


def journals(node):
    return sorted(os.path.join(data(node), name) for name in os.listdir(data(node)) if re.fullmatch(r"journal-\w+\.log", name))


def ping(node):
    return json.loads(node.ctl("ping", "registry", "-o", "json").stdout)


def log_of(node):
    with open(os.path.join(node.dir, "log", "registry.log"), encoding="utf-8") as file:
        return [json.loads(line) for line in file if line.startswith("{")]


def logged(node, event):
    return [line for line in log_of(node) if line["event"] == event]


def storage_ok(node):
    """What readyz and the metric say; None while they differ."""
    ready = verbose(node)[1]["storage"].startswith("[+]")
    metric = "\nmuster_registry_storage_ok %d\n" % ready in node.get("/metrics").text
    return ready if metric else None


def register_all(node, appid, **more):
    for i, host in enumerate(HOSTS):
        assert node.register(appid, host, version="v%d" % i, metadata='{"number":"%d"}' % i, **more).code == 0


def check_served(node, appid, hosts):
    """Exactly these, as they were registered, and the same in the registry as in the gateway."""
    wait_until("%s holds %s, not %s" % (appid, hosts, sorted(node.instances(appid))), lambda: sorted(node.instances(appid)) == sorted(hosts), 5)
    assert held_by_registry(node, appid) == sorted(hosts)
    served = node.instances(appid)
    for host, instance in served.items():
        i = HOSTS.index(host)
        assert instance["version"] == "v%d" % i and instance["metadata"] == {"number": str(i)}, instance
        assert instance["addrs"] == ["http://10.0.0.1:80"] and instance["status"] == 1, instance


def followers_are_current(node):
    def current():
        status, parts = verbose(node)
        return status == 200 and all(parts[name].startswith("[+]") for name in ("replica", "registry", "replicator", "evictor"))
    wait_until("gateway and followers have caught up", current)


def held_by_registry(node, appid):
    done = node.ctl("snapshot", "registry")
    assert done.returncode == 0, done.stdout
    records = [json.loads(line) for line in done.stdout.splitlines()]
    return sorted(r["hostname"] for r in records if r["type"] == "PUT" and r["appid"] == appid)


def ended(pid):
    """Waits until a killed one is gone, or a zombie without threads: its files and sockets are closed."""
    def gone():
        try:
            with open("/proc/%d/stat" % pid, encoding="utf-8", errors="replace") as file:
                state = file.read().rpartition(")")[2].split()[0]
            return state in "ZX" and len(os.listdir("/proc/%d/task" % pid)) <= 1
        except OSError:
            return True
    wait_until("%d has ended" % pid, gone)


def restart_after(node, change):
    """The registry dies, its files change, and it starts again; gateway and followers live on."""
    gateway = node.pid("gateway.0")
    ended(node.kill("launcher"))
    registry = node.kill("registry")
    ended(registry)
    change()
    done = node.muster("up", *node.flags)
    assert done.returncode == 0, done.stdout
    assert node.pid("gateway.0") == gateway and node.pid("registry") != registry
