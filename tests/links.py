#!/usr/bin/python3
"""What the product's object files say of each other, by nm: which files call each other in a circle, and which
external names two files define. A line a finding; none: all is well. exit 3: there is no build to look at.

    tests/links.py circles|names [BUILD]     build/dev by default
"""
import collections
import json
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PRODUCT = ("common/", "gateway/", "actors/")


def objects(build):
    """(source, object) of each of the product's files."""
    with open(os.path.join(build, "compile_commands.json"), encoding="utf-8") as file:
        for entry in json.load(file):
            source = os.path.relpath(entry["file"], ROOT)
            if source.startswith(PRODUCT):
                yield source, os.path.join(entry["directory"], re.search(r" -o (\S+)", entry["command"]).group(1))


def symbols(build):
    """Which files define an external name, and which names a file asks others for."""
    defined, wanted = collections.defaultdict(set), {}
    for source, path in objects(build):
        listed = subprocess.run(["nm", "--extern-only", "--no-demangle", path], check=True, capture_output=True, text=True)
        wanted[source] = set()
        for line in listed.stdout.splitlines():
            kind, name = line.split()[-2:]
            if kind == "U":
                wanted[source].add(name)
            elif kind in "TDBRC" and name != "main":
                defined[name].add(source)
    return defined, wanted


def circles(calls):
    """Tarjan's strongly connected components of more than one file."""
    index, low, stack, found = {}, {}, [], []

    def visit(file):
        index[file] = low[file] = len(index)
        stack.append(file)
        for other in sorted(calls[file]):
            if other not in index:
                visit(other)
                low[file] = min(low[file], low[other])
            elif other in stack:
                low[file] = min(low[file], index[other])
        if low[file] == index[file]:
            at = stack.index(file)
            if len(stack) - at > 1:
                found.append(sorted(stack[at:]))
            del stack[at:]

    sys.setrecursionlimit(10000)
    for file in sorted(calls):
        if file not in index:
            visit(file)
    return found


def main():
    what, build = sys.argv[1], (sys.argv[2:] or [os.path.join(ROOT, "build", "dev")])[0]
    try:
        defined, wanted = symbols(build)
    except (OSError, subprocess.CalledProcessError):
        sys.exit(3)
    if what == "names":
        for name, files in sorted(defined.items()):
            if len(files) > 1:
                print("%s is defined in %s" % (name, " and ".join(sorted(files))))
        return
    calls = {file: {other for name in names for other in defined.get(name, ()) if other != file}
             for file, names in wanted.items()}
    for circle in circles(calls):
        print("in a circle: " + " ".join(circle))
        for file in circle:
            for other in sorted(calls[file] & set(circle)):
                names = sorted(name for name in wanted[file] if other in defined.get(name, ()))
                print("    %s calls %s: %s" % (file, other, " ".join(names)))


main()
