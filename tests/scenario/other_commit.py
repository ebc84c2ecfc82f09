"""Another commit of muster, to run beside this one."""
import os
import re
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def step(*words, cwd=ROOT):
    done = subprocess.run(words, cwd=cwd, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if done.returncode != 0:
        sys.exit("%s\n%s failed" % (done.stdout[-4000:], " ".join(words)))
    return done.stdout.strip()


def packages_of(tree):
    """What building it needs, which may be more than this commit does."""
    with open(os.path.join(tree, "muster"), encoding="utf-8") as file:
        return re.search(r"^BUILD_PACKAGES=\(([^)]*)\)", file.read(), re.M).group(1).split()


def tree_of(ref):
    """Another commit, checked out beside and built as ./muster up builds; kept for the next time."""
    commit = step("git", "rev-parse", "--verify", ref + "^{commit}")
    tree = os.path.join(ROOT, "build", "against", commit[:12])
    step("git", "worktree", "prune")
    if not os.path.exists(os.path.join(tree, "CMakeLists.txt")):
        shutil.rmtree(tree, ignore_errors=True)
        step("git", "worktree", "add", "--detach", "--force", tree, commit)
    print("builds %s in %s" % (commit[:12], os.path.relpath(tree, ROOT)), flush=True)
    step(os.path.join(ROOT, "muster"), "packages", *packages_of(tree))
    if not os.path.exists(os.path.join(tree, "build", "release", "build.ninja")):
        step("cmake", "--preset", "release", cwd=tree)
    step("cmake", "--build", os.path.join(tree, "build", "release"), cwd=tree)
    return tree
