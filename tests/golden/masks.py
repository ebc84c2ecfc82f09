"""Recorded texts of etcd compared with live ones.

A recorded text becomes a pattern: what must be equal stands in it as it is, what cannot be (ids that a server
makes up, terms, times) as a group with a rule. The rules are named by etcd-notes.json; a text that no rule
speaks of is compared exactly. Ids are bound one to one, the recorded to the live one, where they are first seen;
hex, decimal and base64 are forms of one number."""
import base64
import binascii
import json
import re

HEX_ID = r"(?<![0-9a-f])[0-9a-f]{15,16}(?![0-9a-f])"
DECIMAL_ID = r"(?<![\d.])\d{17,20}(?![\d.])"
BASE64_ID = r'(?<=")[A-Za-z0-9+/]{20,}={0,2}(?=")'
# rule -> ((name, what is found in the recorded text, with the value in its last group, what may stand there instead), ...)
NUMBER = r"[0-9]+"
SPANS = {
    "id": (("base64", "(%s)" % BASE64_ID, r"[A-Za-z0-9+/]+={0,2}"), ("decimal", "(%s)" % DECIMAL_ID, NUMBER),
           ("hex", "(%s)" % HEX_ID, r"[ 0-9a-f]{1,16}")),
    "term": (("term", r'("raft_term":"?|"raftTerm":"?|"RaftTerm" : )([1-9]\d*)', NUMBER),),
    "index": (("index", r'("raftIndex":"?|"RaftIndex" : )(\d+)', NUMBER),
              ("applied", r'("raftAppliedIndex":"?|"RaftAppliedIndex" : )(\d+)', NUMBER),
              ("term", r"((?:true|false)(?:, | \| )(?:true|false)(?:, | \| ))(\d+)(?=, \d| \| \d)", NUMBER),
              ("index", r"((?<=\d, )|(?<=\d \| ))(\d+)(?=, \d| \| \d)", NUMBER),
              ("applied", r"((?<=\d, )|(?<=\d \| ))(\d+)(?=, | \|)", NUMBER)),
    "size": (("positive", r'("dbSize":"?|"dbSizeInUse":"?|"DBSize" : |"totalSize":"?)(\d+)', NUMBER),
             ("positive", r"(\d+)(?= [kMG]?B\b)", NUMBER), ("any", r"(?<= )([kMG]?B)(?=,| \|)", r"[kMG]?B")),
    "took": (("any", r"((?:\d+(?:\.\d+)?(?:ns|µs|ms|s|m|h))+)(?=\W)", r"(?:\d+(?:\.\d+)?(?:ns|µs|ms|s|m|h))+"),),
    "ttl": (("ttl", r'(remaining\(|"ttl":|"TTL" : |"TTL":"?)(\d+)', NUMBER),),
    "hash": (("hash", r'("hash":)(\d+)', NUMBER),),
    "token": (("token", r"(\b[A-Za-z]{16}\.\d+)", r"[A-Za-z]{16}\.[0-9]+"),),
}
TTL_SLACK = 2
DEADLINE = re.compile(r"(rpc error: code = (?:Unknown|DeadlineExceeded) desc = )*"
                      r"(latest (balancer|connection) error: (?:[^\"\\\n]|\\.)*|context deadline exceeded)")


class Bound:
    """What is known of one cluster: its ids, and the last term told. own: ids that are never bound."""

    def __init__(self, own=()):
        self.live, self.recorded, self.own, self.term = {}, {}, set(own), 0
        self.applied, self.hash = 0, None
        self.elapsed_s = 0  # since the first lease was asked for: what is left of one may be that much less

    def copy(self):
        other = Bound(self.own)
        other.elapsed_s = self.elapsed_s
        other.live, other.recorded, other.term, other.hash = dict(self.live), dict(self.recorded), self.term, self.hash
        return other

    def take(self, other):
        self.live, self.recorded, self.term, self.hash = other.live, other.recorded, other.term, other.hash

    def same(self, recorded, live, learn):
        """Whether they are one id; of a pair that was never seen they become one if learn."""
        if recorded in self.own or live in self.own:
            return recorded == live
        if recorded in self.live or live in self.recorded:
            return self.live.get(recorded) == live
        if learn:
            self.live[recorded], self.recorded[live] = live, recorded
        return True

    # ── what is sent ──

    def substituted(self, text):
        """Ids known by now, in each of their forms."""
        def change(match, read, write):
            value = read(match.group())
            return write(self.live[value]) if value in self.live else match.group()
        text = re.sub(HEX_ID, lambda m: change(m, lambda t: int(t, 16), lambda v: "%x" % v), text)
        text = re.sub(DECIMAL_ID, lambda m: change(m, int, str), text)
        text = re.sub(SPANS["token"][0][1], lambda m: str(self.live.get(m.group(), m.group())), text)
        return re.sub(BASE64_ID, self.substituted_base64, text)

    def substituted_base64(self, match):
        name, value = base64_id(match.group())
        if value in self.live:
            return base64.b64encode(b"%s/%x" % (name, self.live[value])).decode()
        return match.group()


def base64_id(text):
    """(name, id) of base64 of name/hex; (None, None) of any other."""
    try:
        name, slash, digits = base64.b64decode(text, validate=True).rpartition(b"/")
        return (name, int(digits, 16)) if slash and re.fullmatch(b"[0-9a-f]{1,16}", digits) else (None, None)
    except (binascii.Error, ValueError):
        return None, None


def pieces(recorded, rules):
    """[(literal, None, None) or (value, name, pattern)] of a text, from its start to its end."""
    spans = [span for rule in rules for span in SPANS.get(rule, ())]
    spans.sort(key=lambda span: span[0] in ("base64", "decimal", "hex"))  # fields first: their digits are no ids
    found, at = [], 0
    while at < len(recorded):
        best = None
        for name, regex, instead in spans:
            match = next((m for m in re.compile(regex).finditer(recorded, at)
                          if name != "base64" or base64_id(m.group())[1] is not None), None)
            if match and (best is None or match.start(match.re.groups) < best[0].start(best[0].re.groups)):
                best = (match, name, instead)
        if best is None:
            break
        match, name, instead = best
        group = match.re.groups
        if match.start(group) > at:
            found.append((recorded[at:match.start(group)], None, None))
        found.append((match.group(group), name, instead))
        at = match.end(group)
    found.append((recorded[at:], None, None))
    return found


def holds(name, recorded, live, bound, learn):
    """Whether a live value may stand for a recorded one."""
    if name == "hex":
        return bound.same(int(recorded, 16), int(live.strip() or "0", 16), learn)
    if name == "decimal":
        return bound.same(int(recorded), int(live), learn)
    if name == "base64":
        mine, value = base64_id(recorded)
        other, got = base64_id(live)
        return mine == other and bound.same(value, got, learn)
    if name == "token":
        return bound.same(recorded, live, learn)
    if name == "ttl":
        return int(recorded) - TTL_SLACK - bound.elapsed_s <= int(live) <= int(recorded)
    if name == "term":
        fits, bound.term = int(live) >= max(1, bound.term), int(live)
        return fits
    if name == "hash":
        known, bound.hash = bound.hash, live
        return known in (None, live)
    if name in ("index", "positive"):
        bound.applied = int(live) if name == "index" else bound.applied
        return int(live) > 0
    if name == "applied":
        return 0 < int(live) <= bound.applied
    return True


def fits(recorded, live, rules, bound, learn=True):
    """Whether live is what was recorded, under the rules; what it binds is kept only when it fits."""
    parts = pieces(recorded, rules)
    regex = "".join(re.escape(text) if name is None else "(%s)" % instead for text, name, instead in parts)
    match = re.fullmatch(regex, live, re.S)
    if not match:
        return False
    tried = bound.copy()
    values = [(text, name) for text, name, _ in parts if name is not None]
    if not all(holds(name, text, got, tried, learn) for (text, name), got in zip(values, match.groups())):
        return False
    bound.take(tried)
    return True


# ── texts whose parts may come in any order ──

def elements(text, close="]"):
    """The elements of an array's inside, or None where it ends."""
    depth, quoted, start, found = 0, False, 0, []
    at = 0
    while at < len(text):
        char = text[at]
        if quoted:
            at += char == "\\"
            quoted = char != '"' or text[at] != '"'
        elif char == '"':
            quoted = True
        elif char in "[{":
            depth += 1
        elif char in "]}":
            if depth == 0 and char == close:
                return found + [text[start:at]], at
            depth -= 1
        elif char == "," and depth == 0:
            found.append(text[start:at])
            start = at + 1
        at += 1
    return None, at


def split(text):
    """(what stands before, elements, what stands after) of a text that lists things."""
    listed = re.search(r"keys\(\[([^\]]*)\]\)", text)
    if listed:
        return text[:listed.start(1)], listed.group(1).split(" "), text[listed.end(1):]
    if text[:1] in "[{" and "[" in text:
        begin = text.index("[") + 1
        found, end = elements(text[begin:])
        if found is not None:
            return text[:begin], found, text[begin + end:]
    return "", text.split("\n"), ""


def fits_unordered(recorded, live, rules, bound):
    before, want, after = split(recorded)
    got_before, got, got_after = split(live)
    if len(want) != len(got) or not fits(before, got_before, rules, bound) or not fits(after, got_after, rules, bound):
        return False

    def unseen(text):
        return sum(name in ("hex", "decimal", "base64") and holds(name, value, "0", bound.copy(), False)
                   for value, name, _ in pieces(text, rules))
    for element in sorted(want, key=unseen):
        hit = next((i for i, other in enumerate(got) if fits(element, other, rules, bound, learn=False)), None)
        if hit is None:
            return False
        got.pop(hit)
    return True


# ── texts as they are compared ──

def log_lines(text):
    """etcdctl's own log: of each line above level info its message and error, equal ones in a row once."""
    kept = []
    for line in text.split("\n"):
        if line.startswith('{"level"'):
            entry = json.loads(line)
            if entry["level"] == "info":
                continue
            line = "log: %s: %s" % (entry["msg"], entry.get("error"))
        elif re.fullmatch(r"<\d+ more retry log lines left out>", line):
            continue
        if not (kept and line.startswith("log: ") and kept[-1] == line):
            kept.append(line)
    return "\n".join(kept)


def once(text):
    """Equal lines in a row once."""
    lines = text.split("\n")
    return "\n".join(line for i, line in enumerate(lines) if i == 0 or line != lines[i - 1])


def progress(text):
    """The lines of a check, their numbers masked."""
    lines = [re.sub(r"[\d.]+", "N", line) for line in re.split(r"[\r\n]", text)]
    return "\n".join(line for line in lines if line.startswith(("PASS", "FAIL", "Start")))


REWRITES = (
    ("log", log_lines),
    ("deadline", lambda text: DEADLINE.sub("DEADLINE", text)),
    ("repeat", once),
    ("progress", progress),
    ("trace", lambda text: "\n".join(line for line in text.split("\n") if line.startswith("panic:"))),
    ("debug", lambda text: "\n".join(line for line in text.split("\n") if line.startswith("ETCDCTL_"))),
    ("table", lambda text: re.sub(r"-+", "-", re.sub(r" +", " ", text))),
)


def rewritten(text, rules):
    for rule, rewrite in REWRITES:
        if rule in rules:
            text = rewrite(text)
    return text


def same(recorded, live, rules, bound):
    recorded, live = rewritten(recorded, rules), rewritten(live, rules)
    if fits(recorded, live, rules, bound):
        return True
    return "order" in rules and fits_unordered(recorded, live, rules, bound)
