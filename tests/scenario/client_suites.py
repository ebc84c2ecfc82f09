"""What tests/scenario/etcd_clients runs: each suite takes a server and gives {test: what it said}. "ok" and
"failed: …" of tests that judge themselves; of the others the text itself, ids and times masked, so that two servers'
can be compared."""
import importlib
import os
import re
import signal
import subprocess
import sys
import time
import traceback
import types
import unittest

import odd_json
from node import skip, wait_until
from store_server import Server, flags_here

# What Debian's etcd itself does now and then and now and then not: judged by nobody.
UNSTEADY = {"test_get_lock_concurrency_locking_same_lock"}

TEST_SECONDS = 20
API_PATH = "/v3/"

# name -> lines of a page of the documentation; | PUT: a line of its standard input; & SECONDS: it goes on beside the
# lines that begin with two blanks, and is interrupted then. Lease ids are those of the lines before.
PAGES = {
    "write_and_read": """
put foo bar
put foo1 bar1
put foo2 bar2
put foo3 bar3
get foo
get foo --hex
get foo --print-value-only
get foo foo3
get --prefix foo
get --prefix --limit=2 foo
get --from-key foo2
get --prefix --keys-only foo
get --prefix --order=DESCEND --sort-by=MODIFY foo
get foo -w json
get foo -w fields
get nothing""",
    "past_versions": """
put foo bar
put foo1 bar1
put foo bar_new
put foo1 bar1_new
get --prefix foo
get --prefix --rev=4 foo
get --prefix --rev=3 foo
get --prefix --rev=2 foo
get --prefix --rev=1 foo
get --rev=100 foo""",
    "delete": """
put foo bar
put foo1 bar1
put foo3 bar3
put zoo val
put zoo1 val1
put zoo2 val2
put a 123
put b 456
put z 789
del foo
del foo foo9
del --prev-kv zoo
del --prefix zoo
del --from-key b
get --from-key "" """,
    "watch": """
watch foo &
  put foo bar
watch foo --hex &
  put foo bar
watch foo foo9 &
  put foo bar
  put foo1 bar1
  del foo --prefix
watch --prefix foo &
  put foo bar
  put fooz1 barz1
watch --prev-kv foo &
  put foo bar_latest
  del foo
watch -i &
  | watch foo
  | watch zoo
  put foo bar
  put zoo val
watch --rev=2 foo &
watch foo -- sh -c "echo $ETCD_WATCH_EVENT_TYPE $ETCD_WATCH_KEY $ETCD_WATCH_VALUE" &
  put foo bar""",
    "compaction": """
put foo bar
put foo bar2
put foo bar3
compaction 3
get --rev=2 foo
get --rev=3 foo
compaction 3
compaction 100
watch --rev=2 foo""",
    "leases": """
lease grant 600
put --lease=LEASE foo1 bar1
put --lease=LEASE foo2 bar2
get foo1 -w json
lease timetolive LEASE
lease timetolive --keys LEASE
lease keep-alive --once LEASE
lease keep-alive LEASE &
lease list
lease revoke LEASE
get foo1
lease revoke LEASE
lease timetolive LEASE
lease grant 2
put --lease=LEASE short life
watch short & 4
get short""",
    "transactions": """
txn -i
| mod("user1") > "0"
|
| put overwrote user1
|
| put created user1
|
put user1 good
txn -i
| value("user1") = "bad"
|
| del user1
|
| put user1 good
|
get user1
txn
| version("user1") = "2"
|
| get user1
| del user1 --prev-kv
| put user2 x
|
|
txn
| create("user1") = "0"
| value("user2") < "y"
|
| put user1 again
| get user1
|
|
txn
|
| put a 1
| put a 2
|
|
get user --prefix -w json""",
    "lock_and_elect": """
lock mutex1 echo held
lock mutex1 -- sh -c "etcdctl get mutex1 --prefix --keys-only"
lock mutex1 &
  get mutex1 --prefix --keys-only
  lease list
lock mutex1 -- sh -c "exit 4"
elect one p1 &
  get one --prefix
elect one p2 &
  elect -l one &""",
    "members_and_health": """
member list
member list -w table
endpoint status -w json
endpoint health
endpoint hashkv
auth status
alarm list
version""",
}
MASKS = (
    (r"took = [\d.]+(µs|ms|s)", "took = T"), (r'"(raft_term|raftTerm|raftIndex|raftAppliedIndex|dbSize|dbSizeInUse)":\d+', r'"\1":N'),
    (r'"ts":"[^"]*"', '"ts":T'), (r"client-[0-9a-f-]{36}", "client"),
    (r'^{"level":"(info|warn)".*?"error":("(?:[^"\\]|\\.)*").*$', r"log: \2"),
    (r'"(cluster_id|member_id|ID|id|lease)":\d{15,20}', r'"\1":I'),
    (r"remaining\(\d+s\)", "remaining(T)"),
)


def heed_interrupts():
    """What a shell has begun in the background ignores them, and so does all that this begins."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Shell:
    """etcdctl lines against a server."""

    def __init__(self, server):
        self.server, self.lease, self.ids = server, "0", {}
        self.environment = {**os.environ, "ETCDCTL_ENDPOINTS": server.address}

    def masked(self, text):
        for regex, instead in MASKS:
            text = re.sub(regex, instead, text, flags=re.M)
        # an id stands with leading zeros in one place and without in another
        text = re.sub(r"\b[0-9a-f]{13,16}\b", lambda m: self.ids.setdefault(m.group().lstrip("0"), "ID%d" % len(self.ids)), text)
        text = re.sub(r"keys\(\[([^]]*)\]\)", lambda m: "keys([%s])" % " ".join(sorted(m.group(1).split())), text)
        lines = text.split("\n")
        if text.startswith("found "):  # a list of leases is in no order
            lines = [lines[0], *("a lease" for line in lines[1:] if line)]
        if any("keepalived" in line for line in lines):  # how many depends on the time it ran
            lines = list(dict.fromkeys(lines))
        return "\n".join(lines)

    def begin(self, line, stdin):
        child = subprocess.Popen(["bash", "-c", "exec etcdctl " + line.replace("LEASE", self.lease)], env=self.environment,
                                 stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                 preexec_fn=heed_interrupts)
        if stdin:
            child.stdin.write(stdin)
            child.stdin.flush()
        return child

    def end(self, child):
        out, errors = child.communicate(timeout=30)
        granted = re.match(r"lease ([0-9a-f]+) granted", out)
        if granted:
            self.lease = granted.group(1)
        return "%s%s(%d)" % (self.masked(out), self.masked(errors), child.returncode)

    def play(self, lines):
        """What each line of a page said."""
        found, at = [], 0
        while at < len(lines):
            line, at = lines[at], at + 1
            inside, stdin = [], []
            while at < len(lines) and lines[at].startswith(("  ", "|")):
                (stdin if lines[at].strip().startswith("|") else inside).append(lines[at])
                at += 1
            stdin = "".join(text.strip()[1:].strip() + "\n" for text in stdin)
            command, beside, seconds = line.partition(" &")
            child = self.begin(command, stdin)
            if beside:
                time.sleep(0.6)
                found += self.play([text[2:] for text in inside])
                time.sleep(float(seconds.strip() or 0.5))
                child.send_signal(signal.SIGINT)
                child.wait(timeout=30)  # or one that reads may see the end of its input first
            found.append("%s -> %s" % (line, self.end(child)))
        return found


def etcdctl(server):
    """The pages, each on fresh keys of one server: revisions go on, so pages run in their order."""
    found = {}
    for page, text in PAGES.items():
        server.kill(number=signal.SIGTERM)
        fresh = Server(server.kind, server.flags).start()
        for number, said in enumerate(Shell(fresh).play([line for line in text.strip("\n").split("\n") if line.strip()])):
            found["%s %02d" % (page, number)] = said
        fresh.end()
    return found


def mirror(server):
    """make-mirror into Debian's etcd and from it: what is there, and what comes while it runs."""
    other, found = Server("etcd", flags_here("mirror")).start(), {}
    for name, source, target in (("from", server, other), ("into", other, server)):
        for number in range(30):
            source.ctl("put", "%s/%02d" % (name, number), "v%d" % number)
        run = subprocess.Popen(["etcdctl", "--endpoints", source.address, "make-mirror", "--prefix", name + "/",
                                target.address], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, preexec_fn=heed_interrupts)
        time.sleep(0.8)
        source.ctl("put", name + "/late", "x")
        source.ctl("del", name + "/00")
        source.ctl("txn", stdin="\nput %s/t1 1\nput %s/t2 2\n\n\n" % (name, name))

        def contents(of, prefix=name + "/"):
            return of.ctl("get", "--prefix", prefix).stdout
        try:
            wait_until("the mirror is equal", lambda s=source, t=target: contents(s) == contents(t), 8)
            found[name] = "ok"
        except AssertionError:
            found[name] = "failed: source\n%s\ntarget\n%s" % (contents(source), contents(target))
        run.send_signal(signal.SIGINT)
        run.communicate(timeout=30)
    other.end()
    return found


# ── suites of Python's unittest ──

class Collect(unittest.TestResult):
    def __init__(self):
        super().__init__()
        self.said = {}

    def startTest(self, test):
        super().startTest(test)
        signal.alarm(TEST_SECONDS)  # some wait for ever for what does not come

    def stopTest(self, test):
        signal.alarm(0)
        super().stopTest(test)

    def note(self, test, said):
        name = test.id().rsplit(".", 1)[-1]
        self.said[name] = "skipped: judged by nobody" if name in UNSTEADY else said

    def addSuccess(self, test):
        self.note(test, "ok")

    def addFailure(self, test, err=None, details=None):
        self.note(test, "failed: " + self.text(err, details))

    addError = addFailure

    def addSkip(self, test, reason=None, details=None):
        self.note(test, "skipped")

    @staticmethod
    def text(error, details):
        if details:
            return "\n".join(content.as_text() for content in details.values())[-1500:]
        return "".join(traceback.format_exception(*error))[-1500:] if error else ""


def too_long(*_):
    raise AssertionError("not within %d s" % TEST_SECONDS)


def unittests(module):
    signal.signal(signal.SIGALRM, too_long)
    result = Collect()
    unittest.defaultTestLoader.loadTestsFromModule(importlib.import_module(module)).run(result)
    return result.said


def need(module, package):
    try:
        return importlib.import_module(module)
    except ImportError as error:
        return skip("no %s here: %s" % (package, error))


def etcd3gw(_):
    """Its own tests; they ask for oslotest's TestCase, of which they use what unittest has, and for a path of the API
    that etcd 3.4 has no more."""
    client = need("etcd3gw.client", "python3-etcd3gw").Etcd3Client
    client.__init__.__defaults__ = (*client.__init__.__defaults__[:-1], API_PATH)
    base = types.ModuleType("oslotest.base")
    base.BaseTestCase = need("testtools", "python3-testtools").TestCase
    sys.modules["oslotest"], sys.modules["oslotest.base"] = types.ModuleType("oslotest"), base
    sys.modules["oslotest"].base = base
    return unittests("etcd3gw.tests.test_etcd3gw")


def tooz(scheme):
    """Its own tests. It gives etcd3gw's client a path, which Debian's version of that does not take by this name."""
    def suite(server):
        need("fixtures", "python3-fixtures")
        need("tooz.coordination", "python3-tooz")
        need("etcd3gw", "python3-etcd3gw").client = importlib.import_module("etcd3gw.client").Etcd3Client
        os.environ["TOOZ_TEST_URL"] = "%s://%s?api_version=%s" % (scheme, server.address, API_PATH.strip("/"))
        return unittests("tooz.tests.test_coordination")
    return suite


# ── python3-etcd3, each of its calls ──

def checks(client, server):
    """(name, call) whose values are compared; ids and revisions of the cluster's own are not in them."""
    import etcd3
    import grpc
    key, pairs = "etcd3/", [("etcd3/%d" % i, "v%d" % i) for i in range(5)]

    def values(found):
        return [(value, meta.key, meta.version, meta.create_revision, meta.mod_revision, meta.lease_id) for value, meta in found]

    def error(call):
        try:
            return repr(call())
        except grpc.RpcError as failure:
            return "%s: %s" % (failure.code(), failure.details())
        except Exception as failure:  # its kind and words are what is compared
            return "%s: %s" % (type(failure).__name__, failure)

    def lease_life():
        lease = client.lease(30)
        client.put("leased", "x", lease=lease)
        said = [lease.ttl, lease.granted_ttl, lease.remaining_ttl in (29, 30), lease.keys,
                [answer.TTL for answer in lease.refresh()], client.get_lease_info(lease.id).grantedTTL]
        lease.revoke()
        return [*said, client.get("leased"), error(lease.revoke)]

    def watch_some():
        events, cancel = client.watch_prefix("w/")
        client.put("w/1", "a")
        client.put("w/2", "b")
        client.delete("w/1")
        got = [next(events) for _ in range(3)]
        cancel()
        return [(type(e).__name__, e.key, e.value) for e in got]

    def watch_back():
        revision = client.get_response("w/2").header.revision
        events, cancel = client.watch_prefix("w/", start_revision=revision - 2, prev_kv=True)
        got = [next(events) for _ in range(3)]
        cancel()
        return [(type(e).__name__, e.key, e.value, e.prev_value) for e in got]

    def watch_callback():
        seen = []
        number = client.add_watch_callback("wc", lambda response: seen.extend(response.events))
        client.put("wc", "1")
        wait_until("the callback", lambda: seen)
        client.cancel_watch(number)
        client.put("wc", "2")
        time.sleep(0.3)
        return [(e.key, e.value) for e in seen]

    def watch_once():
        import threading
        threading.Timer(0.3, client.put, ("once", "now")).start()
        event = client.watch_once("once", timeout=5)
        return event.key, event.value, error(lambda: client.watch_once("never", timeout=0.3))

    def locks():
        with client.lock("l", ttl=10) as lock:  # a second holder waits in a way that this version cannot
            held, kept = lock.is_acquired(), lock.refresh()[0].TTL
        return held, kept, lock.is_acquired(), client.get("/locks/l")

    def transactions():
        t = client.transactions
        done = client.transaction(compare=[t.value(key + "0") == "v0", t.version(key + "1") > 0, t.create("none") == 0],
                                  success=[t.put("t/1", "s"), t.get("t/1"), t.delete("t/none")], failure=[t.put("t/1", "f")])
        other = client.transaction(compare=[t.mod(key + "0") < 1], success=[t.put("t/1", "s2")],
                                   failure=[t.get("t/1"), t.txn(compare=[], success=[t.put("t/2", "n")], failure=[])])
        return done[0], [type(part).__name__ for part in done[1]], other[0], len(other[1]), client.get("t/1")[0], client.get("t/2")[0]

    def compactions():
        revision = client.put(key + "c", "1").header.revision
        client.put(key + "c", "2")
        client.compact(revision + 1)
        return [error(lambda: client.compact(revision)), error(lambda: client.compact(revision + 1000)),
                error(lambda: client.watch_prefix_once_response(key, timeout=1, start_revision=1)), ]

    return [
        ("put", lambda: [client.put(*pair).header.revision for pair in pairs]),
        ("put_prev_kv", lambda: client.put(key + "0", "v0", prev_kv=True).prev_kv.value),
        ("get", lambda: values([client.get(key + "1")])), ("get_nothing", lambda: client.get("none")),
        ("get_serializable", lambda: client.get_response(key + "1", serializable=True).count),
        ("get_prefix", lambda: values(client.get_prefix(key))),
        ("get_prefix_sorted", lambda: values(client.get_prefix(key, sort_order="descend", sort_target="mod"))),
        ("get_prefix_keys", lambda: values(client.get_prefix(key, keys_only=True))),
        ("get_range", lambda: values(client.get_range(key + "1", key + "3"))),
        ("get_all", lambda: values(client.get_all())),
        ("put_if_not_exists", lambda: [client.put_if_not_exists(key + "0", "x"), client.put_if_not_exists("new", "x")]),
        ("replace", lambda: [client.replace("new", "y", "z"), client.replace("new", "x", "z"), client.get("new")[0]]),
        ("delete", lambda: [client.delete("new"), client.delete("new"),
                            [kv.value for kv in client.delete(key + "4", prev_kv=True, return_response=True).prev_kvs]]),
        ("transaction", transactions), ("duplicate", lambda: error(lambda: client.transaction(
            compare=[], success=[client.transactions.put("d", "1"), client.transactions.put("d", "2")], failure=[]))),
        ("empty_key", lambda: error(lambda: client.put("", "x"))), ("lease", lease_life),
        ("lease_of_an_id", lambda: [client.lease(30, 4711).id, error(lambda: client.lease(30, 4711))]),
        ("watch", watch_some), ("watch_back", watch_back), ("watch_callback", watch_callback), ("watch_once", watch_once),
        ("lock", locks), ("compact", compactions), ("delete_prefix", lambda: client.delete_prefix(key).deleted),
        ("members", lambda: [(m.name, list(m.peer_urls), list(m.client_urls)) for m in client.members]),
        ("status", lambda: [client.status().version, client.status().leader.name, client.status().raft_term > 0]),
        ("unknown_method", lambda: error(lambda: client.channel.unary_unary("/etcdserverpb.KV/Nothing")(b"", timeout=3))[:60]),
        ("two_clients", lambda: etcd3.client(port=server.port).get("w/2")[0]),
    ]


def etcd3(server):
    client = need("etcd3", "python3-etcd3").client(port=server.port, timeout=10)
    found = {}
    for name, call in checks(client, server):
        try:
            found[name] = repr(call())
        except Exception as error:  # compared like an answer, so that both servers' are seen
            found[name] = "failed: %s: %s" % (type(error).__name__, str(error)[:300])
    return found


SUITES = {"etcdctl": etcdctl, "mirror": mirror, "etcd3": etcd3, "etcd3gw": etcd3gw, "tooz_etcd3": tooz("etcd3"),
          "tooz_etcd3gw": tooz("etcd3+http"), "json": odd_json.suite}
