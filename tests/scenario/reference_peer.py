#!/usr/bin/python3
"""A node of the reference implementation (bilibili/discovery), played from what was recorded of one: what it answers,
what it posts to its peers and with which headers, how it begins. With its quirks: addresses joined by commas, a client
that waits for every peer, a -409 registered with itself over HTTP, a set that is passed on even when it failed.

    reference_peer.py HOST:PORT [--zone Z] [--peer HOST:PORT]… [--other ZONE=HOST:PORT]…
"""
import argparse
import contextlib
import email.utils
import http.client
import http.server
import json
import re
import socket
import threading
import time
import urllib.parse

KEYS = ("region", "zone", "env", "appid", "hostname", "addrs", "version", "metadata", "status", "reg_timestamp",
        "up_timestamp", "renew_timestamp", "dirty_timestamp", "latest_timestamp")
OK, NOT_MODIFIED, BAD, MISSING, CONFLICT, BROKEN = 0, -304, -400, -404, -409, -500
ZERO = {**dict.fromkeys(KEYS, ""), "addrs": None, "metadata": None, **dict.fromkeys(KEYS[8:], 0)}


# ── Go's ways ──


def go_json(value):
    """As encoding/json prints it: maps that are no struct come here sorted already."""
    if isinstance(value, str):
        text = json.dumps(value, ensure_ascii=False)
        text = re.sub(r'\\\\|\\"|\\b|\\f', lambda m: {"\\b": "\\u0008", "\\f": "\\u000c"}.get(m.group(), m.group()), text)
        text = re.sub("[\udc80-\udcff]", "\\\\ufffd", text)  # a byte that is no UTF-8
        return re.sub("[<>&\u2028\u2029]", lambda m: "\\u%04x" % ord(m.group()), text)
    if isinstance(value, dict):
        return "{" + ",".join(go_json(k) + ":" + go_json(v) for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(go_json, value)) + "]"
    return json.dumps(value)


def go_form(form):
    """url.Values.Encode: sorted keys, the values of one in their order."""
    pairs = []
    for key in sorted(form):
        for value in form[key] if isinstance(form[key], list) else [form[key]]:
            text = str(value).lower() if isinstance(value, bool) else str(value)
            pairs.append(urllib.parse.quote_plus(key) + "=" + urllib.parse.quote_plus(text, safe="~"))
    return "&".join(pairs)


def go_strings(text):
    """A map[string]string from JSON: what is no string reads as empty, what is no map as an empty one."""
    value = json.loads(re.sub("[\udc80-\udcff]", "\ufffd", text))
    if not isinstance(value, dict):
        return {}
    plain = {k: re.sub("[\ud800-\udfff]", "\ufffd", v) if isinstance(v, str) else "" for k, v in value.items()}
    return dict(sorted(plain.items()))


def merge(held, text):
    """Into the instance's metadata. False: not all of it; but what can be is in."""
    try:
        value, added = json.loads(text), go_strings(text)
    except ValueError:
        return False
    held["metadata"] = dict(sorted({**(held["metadata"] or {}), **added}.items())) if value is not None else {}
    return value is None or isinstance(value, dict) and all(isinstance(v, str) for v in value.values())


class Refused(Exception):
    """A code and text other than success."""

    def __init__(self, code, text=None, **more):
        super().__init__(code)
        self.code, self.text, self.more = code, text, more


class Args:
    """A form, bound as the reference binds it: scalars take the first value, slices all, empty is absent."""

    def __init__(self, body, query):
        self.all = {}
        for text in (body, query):
            for pair in text.split("&"):
                if ";" not in pair and not re.search("%(?![0-9A-Fa-f]{2})", pair):
                    key, _, value = (urllib.parse.unquote_plus(part, errors="surrogateescape") for part in pair.partition("="))
                    self.all.setdefault(key, []).append(value)

    def text(self, name):
        return self.all.get(name, [""])[0]

    def list(self, name):
        return [v for v in self.all.get(name, []) if v]

    def flag(self, name):
        return self.text(name) in ("1", "t", "T", "TRUE", "true", "True")

    def numbers(self, name):
        return [self.integer(text) for text in self.list(name)]

    def number(self, name, signed=True):
        return self.integer(self.text(name) or "0", signed)

    @staticmethod
    def integer(text, signed=True):
        """An int64, or a uint32."""
        kind = "ParseInt" if signed else "ParseUint"
        good = re.fullmatch("[-+]?[0-9]+" if signed else "[0-9]+", text)
        if not good or not -2 ** 63 <= int(text) < (2 ** 63 if signed else 2 ** 32):
            why = "value out of range" if good else "invalid syntax"
            raise Refused(BAD, 'strconv.%s: parsing "%s": %s' % (kind, text, why))
        return int(text)

    def need(self, struct, *names):
        """A name with [] is a list of at least one."""
        rows = []
        for name in names:
            field = {"appid": "AppID", "appid[]": "AppID"}.get(name, name.strip("[]").capitalize())
            if name.endswith("[]"):
                if not self.list(name[:-2]):
                    rows.append((struct, field, field, "gt"))
            elif name == "status" and self.number("status", signed=False) == 0 or not self.text(name):
                rows.append((struct, field, field, "required"))
        if rows:
            raise Refused(BAD, "\n".join("Key: '%s.%s' Error:Field validation for '%s' failed on the '%s' tag" % row
                                         for row in rows))


# ── the registry ──


class Registry:
    def __init__(self, clock=time.time_ns):
        self.clock = clock
        self.apps = {}  # appid-env: {"zones": {zone: {hostname: instance}}, "latest": n}
        self.changed = threading.Condition()

    def app(self, appid, env):
        return self.apps.get("%s-%s" % (appid, env))

    def bump(self, app, latest):
        app["latest"] = max(latest, app["latest"] + 1)
        self.changed.notify_all()

    def put(self, instance, latest):
        with self.changed:
            key = "%s-%s" % (instance["appid"], instance["env"])
            app = self.apps.setdefault(key, {"zones": {}, "latest": 0})
            zone = app["zones"].setdefault(instance["zone"], {})
            held = zone.get(instance["hostname"])
            if held:
                instance["up_timestamp"] = held["up_timestamp"]
                if instance["dirty_timestamp"] < held["dirty_timestamp"]:
                    instance = held
            zone[instance["hostname"]] = instance
            self.bump(app, latest)

    def find(self, args, hostname):
        app = self.app(args.text("appid"), args.text("env"))
        zone = app["zones"].get(args.text("zone")) if app else None
        return app, zone, zone.get(hostname) if zone else None

    def renew(self, args):
        """Returns code and data."""
        with self.changed:
            _, zone, held = self.find(args, args.text("hostname"))
            if zone is None or held is None:
                return MISSING, None if zone is None else ZERO
            held["renew_timestamp"] = self.clock()
            dirty = args.number("dirty_timestamp")
            code = OK
            if args.flag("replication") and dirty != held["dirty_timestamp"]:
                code = MISSING if dirty > held["dirty_timestamp"] else CONFLICT
            return code, dict(held)

    def cancel(self, args):
        with self.changed:
            app, zone, held = self.find(args, args.text("hostname"))
            if held is None:
                return None
            del zone[held["hostname"]]
            if not zone:
                del app["zones"][args.text("zone")]
            if not app["zones"]:
                del self.apps["%s-%s" % (held["appid"], held["env"])]
            self.bump(app, args.number("latest_timestamp"))
            return held

    def set(self, args):
        hosts, statuses, metadata = args.list("hostname"), args.list("status"), args.list("metadata")
        if not hosts or (statuses and len(statuses) != len(hosts)) or (metadata and len(metadata) != len(hosts)):
            return False
        at = args.number("set_timestamp") or self.clock()
        with self.changed:
            for i, host in enumerate(hosts):  # those before one that fails stay changed
                app, _, held = self.find(args, host)
                if held is None:
                    return False
                if statuses:
                    status = int(statuses[i]) % 2 ** 32
                    if status not in (1, 2):
                        return False
                    held["status"] = status
                    held["up_timestamp"] = at if status == 1 else held["up_timestamp"]
                if metadata and not merge(held, metadata[i]):
                    return False
                held["latest_timestamp"] = held["dirty_timestamp"] = at
                self.changed.notify_all()  # but the app's latest_timestamp stays
        return True

    def fetch(self, appid, env, zone, status):
        with self.changed:
            app = self.app(appid, env)
            if app is None:
                return None
            zones = {z: [{**i, "metadata": i["metadata"] or {}} for i in hosts.values() if i["status"] & status]
                     for z, hosts in sorted(app["zones"].items()) if zone in ("", z)}
            return {"instances": zones, "latest_timestamp": app["latest"]}

    def all(self):
        with self.changed:
            data = {}
            for app in self.apps.values():
                for zone in app["zones"].values():
                    for instance in zone.values():
                        data.setdefault(instance["appid"], []).append(dict(instance))
            return dict(sorted(data.items()))


# ── HTTP ──


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True

    def setup(self):
        super().setup()
        self.server.peer.sockets.add(self.connection)

    def finish(self):
        with contextlib.suppress(OSError, ValueError):
            super().finish()
        self.server.peer.sockets.discard(self.connection)

    def handle(self):
        with contextlib.suppress(OSError, ValueError):
            super().handle()

    def log_message(self, *_):
        pass

    def serve(self):
        peer = self.server.peer
        path, _, query = self.path.partition("?")
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode("utf-8", "surrogateescape")
        if path.startswith("/discovery/"):
            peer.received.append((self.command, self.path, body, self.headers, self.client_address))
        peer.going.wait()  # hangs
        if peer.answer is not None:
            text = peer.answer(self.command, self.path, body)
            if text is not None:
                self.say(200, text, "application/json; charset=utf-8")
                return
        route = peer.routes.get(path)
        if route is None:
            self.say(404, "404 page not found", "text/plain")
        elif route[0] != self.command:
            self.say(405, "Method Not Allowed", "text/plain")
        else:
            kind = (self.headers.get("Content-Type") or "").partition(";")[0].strip().lower()
            posted = self.command == "POST" and kind == "application/x-www-form-urlencoded"
            self.reply(route[1], Args(body if posted else "", query))

    do_GET = do_POST = do_HEAD = do_PUT = do_DELETE = do_OPTIONS = serve

    def reply(self, call, args):
        code, text, more = OK, None, {}
        try:
            data = call(args, self)
            if isinstance(data, str):
                self.say(200, data, "application/json; charset=utf-8" if data else None, OK if data else None)
                return
            more = {} if data is None else {"data": data[0]}
        except Refused as refused:
            code, text, more = refused.code, refused.text, refused.more
        answer = {"code": code, "message": str(code) if text is None else text, "ttl": 1, **more}
        self.say(200, go_json(answer), "application/json; charset=utf-8", None if text else code)

    def say(self, status, text, kind, code=None):
        body = text.encode("utf-8", "surrogateescape")
        lines = ["HTTP/1.1 %d %s" % (status, http.client.responses[status]), "Content-Type: %s" % kind][:2 if kind else 1]
        if code is not None:
            lines += ["Kratos-Status-Code: %d" % code, "Kratos-Trace-Id: "]
        lines.append("Date: " + email.utils.formatdate(usegmt=True))
        if len(body) > 2048:
            lines.append("Transfer-Encoding: chunked")
            body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
        else:
            lines.append("Content-Length: %d" % len(body))
        self.wfile.write(("\r\n".join(lines) + "\r\n\r\n").encode() + (b"" if self.command == "HEAD" else body))
        self.wfile.flush()


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 256
    peer = None

    def handle_error(self, *_):
        pass


# ── the node ──


class ReferencePeer:
    """Runs in threads of its own until stop(). received: what it was asked, oldest first. sent: what it asked others:
    (address, method, path, body, code of the answer or None)."""

    def __init__(self, port, zone="sh001", peers=(), others=None, env="dev", hostname=None, renew_s=30, region="sh"):
        self.port, self.addr = port, "127.0.0.1:%d" % port
        self.zone, self.env, self.region, self.renew_s = zone, env, region, renew_s
        self.hostname = hostname or "reference-%d" % port
        self.configured = {zone: [p for p in peers if p != self.addr], **(others or {})}
        self.registry = Registry()
        self.received, self.sent, self.sockets = [], [], set()
        self.going = threading.Event()
        self.going.set()
        self.prefers = None  # the node of another zone it posts to, where the reference draws one
        self.answer = None  # a function of method, path, body: what it answers instead; None: as ever
        self.protected = False
        self.server = None
        self.ended = threading.Event()
        self.members = {}  # zone: [addr]
        self.status = {}  # addr: 0 up, 1 lost
        self.routes = {"/discovery/" + name: (method, call) for name, method, call in (
            ("register", "POST", self.on_register), ("renew", "POST", self.on_renew), ("cancel", "POST", self.on_cancel),
            ("set", "POST", self.on_set), ("fetch", "GET", self.on_fetch), ("fetchs", "GET", self.on_fetchs),
            ("fetch/all", "GET", self.on_fetch_all), ("polls", "GET", self.on_polls), ("nodes", "GET", self.on_nodes))}

    # ── life ──

    def listen(self):
        self.server = Server(("127.0.0.1", self.port), Handler)
        self.server.peer = self
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def start(self):
        """As the reference begins: all from its peers, then its own registration."""
        self.ended = threading.Event()
        self.members = {zone: list(addrs) for zone, addrs in self.configured.items()}
        self.listen()
        for zone, addrs in sorted(self.members.items()):
            for addr in addrs if zone == self.zone else addrs[:1]:
                answer = self.ask(addr, "GET", "/discovery/fetch/all?", None)
                if answer and answer.get("code") == OK:
                    for instances in (answer["data"] or {}).values():
                        for instance in instances:
                            self.registry.put(dict(instance), self.registry.clock())
        self.self_register()
        threading.Thread(target=self.renew_self, args=(self.ended,), daemon=True).start()
        return self

    def stop(self, leave=False):
        if leave:
            self.post_cancel({"zone": self.zone, "env": self.env, "appid": "infra.discovery",
                              "hostname": self.hostname, "region": self.region}, 0)
        self.ended.set()
        self.going.set()
        if self.server:
            self.server.shutdown()
            self.server.server_close()
            for sock in list(self.sockets):
                with contextlib.suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)
            self.server = None

    def hang(self):
        self.going.clear()

    def resume(self):
        self.going.set()

    def self_register(self):
        now = self.registry.clock()
        own = {"region": self.region, "zone": self.zone, "env": self.env, "appid": "infra.discovery",
               "hostname": self.hostname, "addrs": ["http://" + self.addr], "version": "", "metadata": None, "status": 1,
               **dict.fromkeys(KEYS[9:], now)}
        self.registry.put(own, now)
        self.follow()
        self.replicate("register", own, False)

    def renew_self(self, ended):
        while not ended.wait(self.renew_s):
            args = Args(go_form({"zone": self.zone, "env": self.env, "appid": "infra.discovery",
                                 "hostname": self.hostname, "region": self.region}), "")
            code, held = self.registry.renew(args)
            if code == MISSING:
                self.self_register()
            else:
                self.replicate("renew", held, False)

    def follow(self):
        """The peers are those infra.discovery holds: http addresses of the own env."""
        found = self.registry.fetch("infra.discovery", self.env, "", 1)
        members = {zone: [] for zone in self.configured}
        for zone, instances in (found["instances"] if found else {}).items():
            for instance in instances:
                members.setdefault(zone, []).extend(
                    a[len("http://"):] for a in instance["addrs"] if a.startswith("http://") and a != "http://" + self.addr)
        if any(members.values()):
            changed = members != self.members
            self.members = members
            if changed:
                self.status = {addr: 1 for addr in members.get(self.zone, [])}

    # ── what it posts ──

    def ask(self, addr, method, path, form, timeout=40):
        """The answer as an object; None: there was none."""
        body = None if form is None else go_form(form)
        headers = {"User-Agent": "blademastergo1.19.8 vm ", "X1-Bmspy-Timeout": "40000", "X1-Bmspy-User": "",
                   "Accept-Encoding": "gzip"}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        answer = None
        host, _, port = addr.partition(":")
        connection = http.client.HTTPConnection(host, int(port), timeout=timeout)
        try:
            connection.request(method, path, body, headers)
            reply = connection.getresponse()
            text = reply.read()
            answer = json.loads(text) if reply.status < 400 else None
        except (OSError, ValueError, http.client.HTTPException):
            pass
        finally:
            connection.close()
        self.sent.append((addr, method, path, body, answer and answer.get("code")))
        return answer

    def targets(self, from_zone, foreign):
        """(addr, replication) of everyone a client's write goes to."""
        for addr in self.members.get(self.zone, []):
            yield addr, True
        if not from_zone and not foreign:
            for zone, addrs in self.members.items():
                if zone != self.zone and addrs:
                    yield self.prefers if self.prefers in addrs else addrs[0], False

    def replicate(self, kind, instance, from_zone, extra=None):
        foreign = kind in ("renew", "cancel") and instance["zone"] != self.zone
        threads = [threading.Thread(target=self.post, args=(addr, kind, instance, replication, extra), daemon=True)
                   for addr, replication in self.targets(from_zone, foreign)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def post(self, addr, kind, instance, replication, extra=None):
        form = {"from_zone": True, "replication": replication,
                **{key: instance[key] for key in ("appid", "env", "hostname", "region", "zone")}}
        if kind == "register":
            form.update(addrs=",".join(instance["addrs"]), metadata=go_json(instance["metadata"]),
                        **{key: instance[key] for key in ("dirty_timestamp", "latest_timestamp", "reg_timestamp", "status", "version")})
        elif kind == "renew":
            form["dirty_timestamp"] = instance["dirty_timestamp"]
        elif kind == "cancel":
            form["latest_timestamp"] = extra
        else:
            form.update(extra)
        answer = self.ask(addr, "POST", "/discovery/" + kind, form)
        if kind == "renew":
            self.judge(addr, answer, instance, replication)

    def judge(self, addr, answer, instance, replication):
        code = answer.get("code") if answer else None
        self.status[addr] = 1 if code == BROKEN else 0
        if code == MISSING:
            self.post(addr, "register", instance, replication)
        elif code == CONFLICT and answer.get("data"):
            self.post(self.addr, "register", answer["data"], True)

    def post_cancel(self, args, latest):
        held = {key: args[key] for key in ("appid", "env", "hostname", "region", "zone")}
        self.replicate("cancel", held, False, latest)

    # ── what it answers ──

    def on_register(self, args, _):
        dirty, _ = args.number("dirty_timestamp"), args.number("latest_timestamp")
        args.need("ArgRegister", "zone", "env", "appid", "hostname", "status", "addrs[]")
        if args.number("status", signed=False) > 2:
            return ""
        text = args.text("metadata")
        try:
            metadata = go_strings(text) if text and text.strip() != "null" else None
        except ValueError:
            raise Refused(BAD, None) from None
        now = self.registry.clock()
        instance = {"region": args.text("region"), **{k: args.text(k) for k in ("zone", "env", "appid", "hostname")},
                    "addrs": args.list("addrs"), "version": args.text("version"), "metadata": metadata,
                    "status": args.number("status"), **dict.fromkeys(KEYS[9:], now)}
        instance["dirty_timestamp"] = dirty if dirty > 0 else now
        self.registry.put(instance, now)
        self.pass_on("register", instance, args)
        return None

    def pass_on(self, kind, instance, args, extra=None):
        if instance["appid"] == "infra.discovery":
            self.follow()
        if not args.flag("replication"):
            self.replicate(kind, instance, args.flag("from_zone"), extra)

    def on_renew(self, args, _):
        args.need("ArgRenew", "zone", "env", "appid", "hostname")
        code, held = self.registry.renew(args)
        if code != OK:
            raise Refused(code, None, data=held)
        self.pass_on("renew", held, args)
        return ({**held, "metadata": held["metadata"] or {}},)

    def on_cancel(self, args, _):
        args.need("ArgCancel", "zone", "env", "appid", "hostname")
        held = self.registry.cancel(args)
        if held is None:
            raise Refused(MISSING, None)
        self.pass_on("cancel", held, args, args.number("latest_timestamp"))
        return None

    def on_set(self, args, _):
        args.need("ArgSet", "zone", "env", "appid")
        at, _ = self.registry.clock(), args.numbers("status")
        args.all.setdefault("set_timestamp", [str(at)])
        good = self.registry.set(args)
        extra = {"set_timestamp": args.number("set_timestamp"),
                 **{k: args.list(k) for k in ("hostname", "status", "metadata") if args.list(k)}}
        self.pass_on("set", {**{k: args.text(k) for k in ("appid", "env", "region", "zone")}, "hostname": ""}, args, extra)
        if not good:
            raise Refused(BAD, None)

    def guarded(self):
        if self.protected:
            raise Refused(BROKEN, None)

    def on_fetch(self, args, _):
        self.guarded()
        args.need("ArgFetch", "env", "appid", "status")
        found = self.registry.fetch(args.text("appid"), args.text("env"), args.text("zone"), args.number("status", False))
        if found is None or (args.text("zone") and not found["instances"]):
            raise Refused(MISSING, None, data=found)
        return (found,)

    def on_fetchs(self, args, _):
        self.guarded()
        args.need("ArgFetchs", "env", "appid[]", "status")
        found = {a: self.registry.fetch(a, args.text("env"), args.text("zone"), args.number("status", False))
                 for a in sorted(args.list("appid"))}
        return ({a: f for a, f in found.items() if f and (f["instances"] or not args.text("zone"))},)

    def on_fetch_all(self, _, __):
        self.guarded()
        return (self.registry.all(),)

    def on_polls(self, args, handler):
        self.guarded()
        args.need("ArgPolls", "env", "appid[]", "hostname")
        appids, known = args.list("appid"), args.numbers("latest_timestamp")
        if len(appids) != len(known):
            raise Refused(BAD, None)
        wait_s = min(30.0, max(0.0, (int(handler.headers.get("x1-bmspy-timeout") or 40000) - 20) / 1000))
        deadline = time.monotonic() + wait_s
        with self.registry.changed:
            while True:
                found = {a: self.registry.fetch(a, args.text("env"), args.text("zone"), 1) for a in appids}
                news = {a: found[a] for a, t in zip(appids, known) if found[a] and found[a]["latest_timestamp"] > t}
                if news:
                    lost = [a for a in appids if not found[a]] or None
                    return go_json({"code": 0, "data": dict(sorted(news.items())), "error": {"-404": lost}, "message": "0"})
                left = deadline - time.monotonic()
                if left <= 0:
                    raise Refused(NOT_MODIFIED, None)
                self.registry.changed.wait(left)

    def on_nodes(self, _, __):
        self.guarded()
        nodes = [{"addr": self.addr, "status": 0, "zone": self.zone}]
        return (nodes + [{"addr": a, "status": self.status.get(a, 1), "zone": self.zone}
                         for a in self.members.get(self.zone, [])],)


def run():
    parser = argparse.ArgumentParser(description="Plays a node of the reference implementation.")
    parser.add_argument("listen")
    parser.add_argument("--zone", default="sh001")
    parser.add_argument("--env", default="dev")
    parser.add_argument("--peer", action="append", default=[])
    parser.add_argument("--other", action="append", default=[], help="ZONE=HOST:PORT")
    words = parser.parse_args()
    others = {}
    for other in words.other:
        zone, _, addr = other.partition("=")
        others.setdefault(zone, []).append(addr)
    peer = ReferencePeer(int(words.listen.rpartition(":")[2]), words.zone, words.peer, others, words.env).start()
    print("ready http://%s" % peer.addr, flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        threading.Event().wait()
    peer.stop(leave=True)


if __name__ == "__main__":
    run()
