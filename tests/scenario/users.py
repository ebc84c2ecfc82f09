"""Another user than root, who can be kept from this tree: below a home directory nobody else gets in."""
import atexit
import functools
import os
import shutil
import subprocess
import tempfile

from node import BIN, ROOT


def as_user(uid):
    return ["setpriv", "--reuid=%d" % uid, "--regid=%d" % uid, "--clear-groups"]


def gets_in(uid, *paths):
    return all(subprocess.run([*as_user(uid), "test", "-x", path], check=False).returncode == 0 for path in paths)


@functools.lru_cache(None)
def tree_for(uid):
    """(root, bin) of a tree that the user gets into: this one, or a copy of what runs."""
    if gets_in(uid, ROOT + "/muster", BIN + "/musterctl"):
        return ROOT, BIN
    copy = tempfile.mkdtemp(prefix="muster-tree-", dir="/tmp")
    atexit.register(shutil.rmtree, copy, True)
    os.chmod(copy, 0o755)
    shutil.copy2(ROOT + "/muster", copy)
    shutil.copytree(ROOT + "/launcher", copy + "/launcher")
    os.mkdir(copy + "/bin")
    for name in os.listdir(BIN):
        if name.startswith("muster"):
            shutil.copy2(os.path.join(BIN, name), copy + "/bin")
    subprocess.run(["chmod", "-R", "a+rX", copy], check=True)
    return copy, copy + "/bin"
