"""What the scripts about the launcher share: a place for nodes, ./muster as any user."""
import os
import shutil
import subprocess
import tempfile

from node import BIN, ROOT
from users import as_user, tree_for

TOP = tempfile.mkdtemp(prefix="muster-launch-", dir="/tmp")
os.chmod(TOP, 0o755)
ENV = {**os.environ, "MUSTER_BIN": BIN}
ENV.pop("MUSTER_DIR", None)


def at(name):
    return os.path.join(TOP, name)


def muster(directory, *words, uid=None, cwd="/", env=None, program=None, timeout=100):
    become = as_user(uid) if uid else []
    if uid and not program:
        root, built = tree_for(uid)
        program, env = root + "/muster", {**(env or ENV), "MUSTER_BIN": built}
    return subprocess.run([*become, program or os.path.join(ROOT, "muster"), "--dir", directory, *words], env=env or ENV,
                          text=True, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout, check=False)


def pid_of(directory, actor):
    try:
        with open("%s/run/%s.pid" % (directory, actor), encoding="ascii") as file:
            return int(file.read())
    except (OSError, ValueError):
        return None


def alive(pid):
    try:
        with open("/proc/%d/stat" % pid, encoding="latin-1") as file:
            return file.read().rsplit(") ", 1)[1][0] not in "ZX"
    except OSError:
        return False


def end():
    for name in os.listdir(TOP):
        if os.path.exists(at(name) + "/run"):
            uid = os.stat(at(name)).st_uid
            muster(at(name), "down", uid=uid if uid != os.getuid() else None)
    shutil.rmtree(TOP, ignore_errors=True)
