"""What the two replays of etcd's recordings share: records and how each is treated, exceptions, what is left out,
groups that run side by side in network namespaces of their own, and the count at the end."""
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "scenario"))
from net import alone  # noqa: E402
from store_server import Server, flags_of, kind_of  # noqa: E402

EXCEPTIONS_MAX = 30


def load(name):
    with open(os.path.join(HERE, name), encoding="utf-8") as file:
        return json.load(file)


def numbers(text):
    """The numbers of "3 5-7"."""
    found = set()
    for part in text.split():
        first, _, last = part.partition("-")
        found |= set(range(int(first), int(last or first) + 1))
    return found


class Recording:
    """part: "etcdctl" or "json". counts: the entries that notes say are of each treatment."""

    def __init__(self, part, file):
        with open(os.path.join(HERE, file), encoding="utf-8") as lines:
            self.records = {r["n"]: r for r in map(json.loads, lines)}
        notes = load("etcd-notes.json")
        self.notes = {int(n): note for n, note in notes[part].items()}
        self.exceptions = {int(n): e for n, e in load("etcd-exceptions.json")[part].items()}
        self.owner = {m: n for n, note in self.notes.items() for m in note.get("background", {}).get("members", [])}
        self.check_counts(notes["counts"][part])
        self.left_out = self.read_left_out(load("etcd-leftout.json")[part])
        self.setup = {n for n, note in self.notes.items() if note["treat"] == "setup"}
        self.checked = set(self.records) - self.left_out - self.setup

    def check_counts(self, counts):
        if set(self.records) != set(self.notes):
            raise SystemExit("the recording and its notes name different records")
        for treat, count in counts.items():
            found = sum(note["treat"] == treat for note in self.notes.values())
            if found != count:
                raise SystemExit("the notes hold %d entries of %s, not %d" % (found, treat, count))
        if len(self.exceptions) > EXCEPTIONS_MAX:
            raise SystemExit("%d exceptions, at most %d" % (len(self.exceptions), EXCEPTIONS_MAX))

    def read_left_out(self, parts):
        left = set()
        for part in parts:
            mine = {n for n in numbers(part["records"]) if n in self.notes and self.notes[n]["treat"] != "setup"}
            if len(mine) != part["count"] or mine & left:
                raise SystemExit("left out for %s: %d entries, not %d" % (part["part"], len(mine), part["count"]))
            left |= mine
        return left


class Verdicts:
    """Counts one process's entries; kind "etcd": exceptions, which are ours, are not looked at."""

    def __init__(self, recording, kind, verbose):
        self.recording, self.kind, self.verbose = recording, kind, verbose
        self.seen, self.used, self.differ = set(), set(), 0

    def exception(self, number):
        if self.kind == "etcd":
            return None
        found = self.recording.exceptions.get(number)
        if found:
            self.used.add(number)
        return found

    def say(self, number, what, found):
        self.seen.add(number)
        if found:
            self.differ += 1
            print("%d: %s\n  %s" % (number, what[:200], "\n  ".join(found)), flush=True)
        elif self.verbose:
            print("%d: as expected" % number, flush=True)

    def close(self, wanted):
        """Prints what was not checked, or not used, of what this process was to do, and the last line."""
        if wanted - self.seen:
            print("not checked: %s" % " ".join(map(str, sorted(wanted - self.seen))))
        unused = set() if self.kind == "etcd" else (set(self.recording.exceptions) & wanted) - self.used
        for number in sorted(unused):
            print("exception %d was not used" % number)
        differ = self.differ + len(wanted - self.seen) + len(unused)
        print("%d checked, %d differ" % (len(self.seen), differ), flush=True)
        return differ


def near(recorded, live):
    """The two texts about where they part."""
    at = next((i for i, (x, y) in enumerate(zip(recorded, live)) if x != y), min(len(recorded), len(live)))
    at = max(0, at - 80)
    return "\n    expected %r\n    got      %r" % (recorded[at:at + 260], live[at:at + 260])


def signals_as_usual():
    """A shell that starts a script in its background has it ignore SIGINT, and its children with it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def begin(kind, line):
    """The server of a recorded line, on fresh data."""
    return Server(kind, flags_of(line), tempfile.mkdtemp(prefix="muster-golden-", dir="/tmp")).start()


def end(server):
    server.end()
    if not os.environ.get("MUSTER_KEEP"):
        shutil.rmtree(server.dir, ignore_errors=True)


def run_groups(script, groups, words, expected, seconds):
    """Runs the groups side by side, each `script --group G` in a namespace of its own, and adds up."""
    within = alone()
    runs = [(group, subprocess.Popen([*within, script, "--group", group, *words], stdout=subprocess.PIPE, text=True))
            for group in groups]
    checked = differ = 0
    for group, run in runs:
        try:
            output = run.communicate(timeout=seconds)[0]
        except subprocess.TimeoutExpired:
            run.kill()
            output = run.communicate()[0] + "\nkilled: took longer than %d s\n" % seconds
        match = re.search(r"(\d+) checked, (\d+) differ\s*$", output)
        print("%s: %s" % (group, output), end="")
        checked += int(match.group(1)) if match else 0
        differ += int(match.group(2)) if match else 1
    if checked != expected:
        print("%d entries are to be checked, not %d" % (expected, checked))
        differ += 1
    print("%d checked, %d differ" % (checked, differ))
    sys.exit(1 if differ else 0)


def words_of(argv):
    """(kind, group or None, long, verbose) of a command line."""
    kind, words = kind_of(argv)
    group = words[words.index("--group") + 1] if "--group" in words else None
    return kind, group, "--long" in words, "-v" in words
