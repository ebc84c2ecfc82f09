"""A load of many clients on keep-alive connections, in one thread of its own: writers, readers, waiting
polls, event streams. Clients never retry a request. Each is counted, and every answer is judged:

  failures      another answer than expected, or a connection that ended without a reason
  cut           in flight on a connection of a gateway process that was killed (see Kill)
  acknowledged  registrations that were answered with success and not cancelled since
"""
import asyncio
import contextlib
import json
import os
import random
import re
import select
import signal
import socket
import threading
import time
import urllib.parse

HOST = "127.0.0.1"
ANSWER_S = 20  # longest wait for an answer, beyond what a poll was told to wait
SHOWN_MAX = 20  # failures that are printed
CODE = re.compile(rb'\{"code":(-?\d+)')
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.I)


def connections_of(pid, port):
    """Client ports of the connections that a process holds on a port, and of those nobody has accepted."""
    owners, held = {}, {"0"}
    with open("/proc/net/tcp", encoding="ascii") as file:
        for line in file:
            field = line.split()
            if field[1].endswith(":%04X" % port):
                owners[int(field[2].split(":")[1], 16)] = field[9]
    with contextlib.suppress(OSError):
        for name in os.listdir("/proc/%d/fd" % pid):
            with contextlib.suppress(OSError):
                held.add(os.readlink("/proc/%d/fd/%s" % (pid, name))[8:-1])  # socket:[N]
    return {port for port, socket_number in owners.items() if socket_number in held}


class Kill:
    """A kill -9 of a gateway, and which connections it explains the end of: those the process held, those
    in a backlog, and those made while it died, for it may have been its backlog they were in."""

    def __init__(self, pid, port):
        self.began, self.gone = time.monotonic(), None
        self.pidfd = os.pidfd_open(pid)
        self.ports = connections_of(pid, port)

    def strike(self):
        """Returns when it was struck; it is gone a little later."""
        struck = time.monotonic()
        signal.pidfd_send_signal(self.pidfd, signal.SIGKILL)
        return struck

    def wait(self):
        """Until its descriptors are closed."""
        select.select([self.pidfd], [], [], 5)
        self.gone = time.monotonic()
        os.close(self.pidfd)

    def explains(self, link):
        held = link.port in self.ports and link.since < self.began
        return held or (link.until >= self.began and self.before_it_was_gone(link.since))

    def before_it_was_gone(self, since):
        return self.gone is None or since <= self.gone


class Link:
    """One client's connection, made when it is needed."""

    def __init__(self, load):
        self.load, self.sock, self.port = load, None, 0
        self.since = self.until = 0.0  # it was made between these

    def close(self):
        if self.sock:
            self.sock.close()
        self.sock = None

    def ended_idle(self):
        try:
            return not self.sock.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return False
        except OSError:
            return True

    async def ready(self):
        """False: the server could not be reached, which is a failure."""
        if self.sock and self.ended_idle():
            if not self.load.explained(self):
                self.load.fail("an idle connection was closed")
            self.close()
        while not self.sock:
            self.since = time.monotonic()
            sock = socket.socket()
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                await asyncio.get_running_loop().sock_connect(sock, (HOST, self.load.port))
                self.sock, self.port = sock, sock.getsockname()[1]
            except OSError as error:
                sock.close()
                if not self.load.may_be_refused(self.since):
                    self.load.fail("no connection: %s" % error)
                    return False
                await asyncio.sleep(0.005)
            except asyncio.CancelledError:
                sock.close()
                raise
            self.until = time.monotonic()
        return True

    async def send(self, method, path, form, headers=""):
        query = urllib.parse.urlencode(form, doseq=True)
        body = query if method == "POST" else ""
        head = "%s %s HTTP/1.1\r\nHost: %s\r\n%s" % (method, path + ("?" + query if query and not body else ""), HOST, headers)
        if body:
            head += "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n" % len(body)
        await asyncio.get_running_loop().sock_sendall(self.sock, (head + "\r\n" + body).encode())

    async def read(self):
        data = await asyncio.get_running_loop().sock_recv(self.sock, 262144)
        if not data:
            raise EOFError("the connection was closed")
        return data

    async def answer(self):
        """(status, body) of an answer with a length or in chunks."""
        data = bytearray()
        while b"\r\n\r\n" not in data:
            data += await self.read()
        end = data.index(b"\r\n\r\n")
        head, body = bytes(data[:end]), data[end + 4:]
        length = LENGTH.search(head)
        if length:
            while len(body) < int(length[1]):
                body += await self.read()
        else:
            while not body.endswith(b"\r\n0\r\n\r\n"):
                body += await self.read()
            body = body[body.index(b"\r\n") + 2:]
        return int(head[9:12]), bytes(body)


class Load:
    def __init__(self, port, seed, reconnect_s=0.0):
        """reconnect_s: how long after a gateway's kill nobody need listen."""
        self.port, self.rng, self.reconnect_s = port, random.Random(seed), reconnect_s
        self.requests = self.failures = self.cut = self.events = 0
        self.acknowledged = set()  # (appid, hostname)
        self.apps = []  # that have somebody for as long as the load runs
        self.kills = []
        self.longest = {}  # name of a request -> seconds
        self.tasks, self.workers = [], []
        self.thread, self.quiet = None, False

    # ── what the one who kills uses ──

    def killing(self, pid):
        kill = Kill(pid, self.port)
        self.kills = [*self.kills[-9:], kill]  # before it is struck: what it breaks is seen by another thread
        return kill

    def explained(self, link):
        return any(kill.explains(link) for kill in self.kills)

    def may_be_refused(self, since):
        return any(kill.before_it_was_gone(since) or since < kill.began + self.reconnect_s for kill in self.kills)

    # ── requests ──

    def fail(self, why):
        self.failures += 1
        if self.failures <= SHOWN_MAX and not self.quiet:
            print("failure: %s" % why, flush=True)

    async def ask(self, link, method, path, form, codes=(0,), headers="", patience_s=ANSWER_S):
        """The body of an answer whose code is one of `codes`, else None: it was cut, or it failed."""
        if not await link.ready():
            await asyncio.sleep(0.1)
            return None
        self.requests += 1
        began = time.monotonic()
        try:
            async with asyncio.timeout(patience_s):
                await link.send(method, path, form, headers)
                status, body = await link.answer()
        except asyncio.CancelledError:
            self.requests -= 1
            raise
        except TimeoutError:
            self.broken(link, "%s %s %s: no answer in %g s" % (method, path, form, patience_s), False)
            return None
        except (OSError, EOFError) as error:
            self.broken(link, "%s %s %s: %r" % (method, path, form, error))
            return None
        self.longest[path] = max(self.longest.get(path, 0), time.monotonic() - began)
        code = CODE.match(body)
        if status != 200 or not code or int(code[1]) not in codes:
            self.fail("%s %s %s: HTTP %d %s" % (method, path, form, status, body[:300]))
            return None
        return body

    def broken(self, link, why, may_be_cut=True):
        if may_be_cut and self.explained(link):
            self.cut += 1
        else:
            self.fail(why)
        link.close()

    async def post(self, link, verb, appid, hostname, **more):
        form = {"zone": "sh001", "env": "dev", "appid": appid, "hostname": hostname, **more}
        return await self.ask(link, "POST", "/discovery/" + verb, form)

    async def get(self, link, verb, appid, **more):
        return await self.ask(link, "GET", "/discovery/" + verb, {"env": "dev", "appid": appid, "status": 3, **more})

    async def register(self, link, appid, hostname, **more):
        done = await self.post(link, "register", appid, hostname, status=1, addrs="http://10.0.0.1:80", **more)
        if done is not None:
            self.acknowledged.add((appid, hostname))
        return done is not None

    async def cancel(self, link, appid, hostname):
        self.acknowledged.discard((appid, hostname))  # whatever becomes of it
        return await self.post(link, "cancel", appid, hostname) is not None

    async def pause(self, mean_s):
        await asyncio.sleep(self.rng.uniform(0, 2 * mean_s))

    # ── running ──

    def add(self, worker, *args):
        """worker(load, link, *args), a coroutine that goes on until it is cancelled."""
        self.workers.append((worker, args))

    async def work(self, worker, args):
        link = Link(self)
        try:
            await worker(self, link, *args)
        except asyncio.CancelledError:
            pass
        except Exception as error:  # a mistake of the load itself, or an answer that is no answer
            self.fail("%s: %r" % (worker.__name__, error))
        finally:
            link.close()

    async def main(self):
        self.tasks = [asyncio.create_task(self.work(worker, args)) for worker, args in self.workers]
        await asyncio.gather(*self.tasks)

    def run(self):
        asyncio.run(self.main())

    def start(self):
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def stop(self):
        """All clients go, whatever they wait for."""
        if not self.thread:
            return
        while self.thread.is_alive():
            for task in self.tasks:
                with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
                    task.get_loop().call_soon_threadsafe(task.cancel)
            self.thread.join(0.2)
        self.thread = None


# ── clients ──

async def writer(load, link, name, pause_s):
    """Registers more and more, in apps of 40; renews, changes and cancels some; reads its own writes."""
    beacon = "%s.0" % name
    mine, number = [], 0
    while not await load.register(link, beacon, "beacon"):
        await asyncio.sleep(0.1)
    load.apps.append(beacon)
    while True:
        kind = load.rng.random()
        if kind < 0.3 or not mine:
            number += 1
            one = ("%s.%d" % (name, number // 40), "h%d" % number)
            if await load.register(link, *one, metadata=json.dumps({"weight": str(number)})):
                mine.append(one)
                await reads_own(load, link, *one)
        elif kind < 0.6:
            await load.post(link, "renew", *load.rng.choice(mine))
        elif kind < 0.75:
            await load.post(link, "set", beacon, "beacon", status=1, metadata=json.dumps({"n": str(number)}))
        elif kind < 0.8:
            one = mine.pop(load.rng.randrange(len(mine)))
            await load.cancel(link, *one)
        else:
            await load.get(link, "fetch", load.rng.choice(mine)[0])
        await load.pause(pause_s)


async def reads_own(load, link, appid, hostname):
    """What was answered is seen through the same gateway at once."""
    same = link.since
    body = await load.get(link, "fetch", appid)
    if body is not None and link.since == same and b'"hostname":"%s"' % hostname.encode() not in body:
        load.fail("%s of %s is not there right after its registration" % (hostname, appid))


async def an_app(load):
    while not load.apps:
        await asyncio.sleep(0.05)
    return load.rng.choice(load.apps)


async def reader(load, link, pause_s):
    while True:
        appid = await an_app(load)
        kind = load.rng.random()
        if kind < 0.8:
            await load.get(link, "fetch", appid)
        elif kind < 0.95:
            await load.get(link, "fetchs", [appid, await an_app(load)])
        else:
            await load.ask(link, "GET", "/discovery/nodes", {})
        await load.pause(pause_s)


async def poller(load, link, wait_s, delta):
    """Waits for changes of one app for ever, from its last time stamp or position."""
    appid, latest, position = await an_app(load), 0, None
    while True:
        form = {"env": "dev", "appid": appid, "hostname": "poller", "latest_timestamp": latest}
        if delta:
            form.update({"delta": 1, **({"position": position} if position else {})})
        body = await load.ask(link, "GET", "/discovery/polls", form, (0, -304),
                              "x1-bmspy-timeout: %d\r\n" % (wait_s * 1000 + 20), wait_s + ANSWER_S)
        if body is None:
            continue
        answer = json.loads(body)
        position = answer.get("position", position)
        if answer["code"] == 0:
            latest = answer["data"][appid]["latest_timestamp"]


async def streamer(load, link):
    """An event stream, begun anew when it was cut; one request each."""
    appid = await an_app(load)
    while True:
        if not await link.ready():
            await asyncio.sleep(0.1)
            continue
        load.requests += 1
        try:
            await link.send("GET", "/discovery/stream", {"env": "dev", "appid": appid})
            data = await link.read()
            if not data.startswith(b"HTTP/1.1 200 "):
                load.fail("stream of %s: %s" % (appid, data[:300]))
                link.close()
            while link.sock:
                load.events += data.count(b"event: change")
                data = await link.read()
        except (OSError, EOFError) as error:
            load.broken(link, "stream of %s: %r" % (appid, error))
