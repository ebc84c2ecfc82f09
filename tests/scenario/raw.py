"""Clients that libraries do not let one be: bytes as they are, thousands of connections in one
thread, sockets that are never read; and what a process holds meanwhile."""
import os
import re
import resource
import select
import socket
import struct
import time

RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close() sends a reset
PER_ADDRESS = 4000  # connections from one 127.0.0.x; beyond, finding a free port takes long


def raise_limit(count):
    """So many descriptors for this process and those it starts; the number really allowed."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    count = count if hard == resource.RLIM_INFINITY else min(count, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (count, hard))
    return count


class Use:
    """Open descriptors and resident KB of a process."""

    def __init__(self, pid):
        self.fds = len(os.listdir("/proc/%d/fd" % pid))
        with open("/proc/%d/smaps_rollup" % pid, encoding="ascii") as file:
            self.rss = int(re.search(r"^Rss:\s*(\d+)", file.read(), re.M).group(1))

    def __repr__(self):
        return "%d fds, %d KB" % (self.fds, self.rss)


def replies(data):
    """The answers in what a server sent: (status, headers, body), the last maybe without its end."""
    found = []
    while data.startswith(b"HTTP/1."):
        head, _, rest = data.partition(b"\r\n\r\n")
        status = int(head[9:12])
        headers = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:] if b": " in line)
        size = int(headers.get(b"content-length", 0))
        if headers.get(b"transfer-encoding") == b"chunked":
            size = rest.find(b"0\r\n\r\n") + 5 if b"0\r\n\r\n" in rest else len(rest)
        found.append((status, headers, rest[:size]))
        data = rest[size:]
    return found


class Raw:
    def __init__(self, port, seconds=10, small=False):
        self.sock = socket.socket()
        if small:  # so that little is sent ahead of what is read
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.sock.settimeout(seconds)
        self.sock.connect(("127.0.0.1", port))
        self.seconds, self.data, self.closed = seconds, b"", False

    def send(self, *pieces, pause=0.0):
        """Stops when the server has closed."""
        try:
            for piece in pieces:
                self.sock.sendall(piece)
                if pause:
                    time.sleep(pause)
        except OSError:
            pass
        return self

    def half_close(self):
        self.sock.shutdown(socket.SHUT_WR)
        return self

    def read(self, enough=None, quiet=0.3):
        """All that comes, until it is closed, enough(replies) says so, or nothing came for a while."""
        deadline = time.monotonic() + self.seconds
        while not self.closed and time.monotonic() < deadline:
            self.sock.settimeout(quiet if enough is None and self.data else max(0.01, deadline - time.monotonic()))
            try:
                got = self.sock.recv(1 << 20)
            except TimeoutError:
                break
            except OSError:
                got = b""
            self.closed = not got
            self.data += got
            if enough is not None and enough(replies(self.data)):
                break
        return replies(self.data)

    def answers(self, count=1):
        return self.read(lambda got: len(got) >= count)

    def close(self, reset=False):
        if reset:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self.sock.close()


def exchange(port, *pieces, seconds=10, **more):
    """What one connection gets for these bytes: (answers, closed by the server, seconds)."""
    began = time.monotonic()
    client = Raw(port, seconds)
    got = client.send(*pieces, **more).read()
    client.close()
    return got, client.closed, time.monotonic() - began


class Swarm:
    """Many connections, none of which is ever waited for alone."""

    def __init__(self, port, count, first=b""):
        self.socks, self.port, self.first = [], port, first
        self.got = {}
        self.grow(count)

    def grow(self, count):
        waiting = select.epoll()
        pending = {}
        for i in range(count):
            sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
            if count > PER_ADDRESS:
                sock.setsockopt(socket.IPPROTO_IP, 24, 1)  # IP_BIND_ADDRESS_NO_PORT
                sock.bind(("127.0.0.%d" % (2 + i // PER_ADDRESS), 0))
            sock.connect_ex(("127.0.0.1", self.port))
            waiting.register(sock, select.EPOLLOUT)
            pending[sock.fileno()] = sock
            self.socks.append(sock)
            if i % 500 == 499:
                self.connected(waiting, pending, 0)
        deadline = time.monotonic() + 20
        while pending and time.monotonic() < deadline:
            self.connected(waiting, pending, 1)
        waiting.close()
        assert not pending, "%d of %d connections were not made" % (len(pending), count)

    def connected(self, waiting, pending, seconds):
        for fd, _ in waiting.poll(seconds):
            waiting.unregister(fd)
            sock = pending.pop(fd)
            if self.first:
                sock.send(self.first)

    def send(self, data, socks=None):
        for sock in self.socks if socks is None else socks:
            try:
                sock.send(data)
            except OSError:
                pass

    def read(self, seconds, enough=None):
        """Until all (or enough) have an answer or were closed; what each got, by descriptor."""
        enough = len(self.socks) if enough is None else enough
        waiting = select.epoll()
        for sock in self.socks:
            waiting.register(sock, select.EPOLLIN)
        by_fd = {sock.fileno(): sock for sock in self.socks}
        deadline = time.monotonic() + seconds
        while len(self.got) < enough and time.monotonic() < deadline:
            for fd, _ in waiting.poll(max(0, deadline - time.monotonic())):
                try:
                    data = by_fd[fd].recv(65536)
                except OSError:
                    data = b""
                self.got[fd] = self.got.get(fd, b"") + data
                waiting.unregister(fd)
        waiting.close()
        return self.got

    def close(self, resets=False, count=None):
        """The first count of them, all by default."""
        gone, self.socks = self.socks[:count], self.socks[count:] if count else []
        for i, sock in enumerate(gone):
            if resets or i % 2 == 0:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            sock.close()


# ── ZMTP 3.0, as far as one must speak it to be let in ──

GREETING = b"\xff" + bytes(8) + b"\x7f\x03\x00" + b"NULL".ljust(20, b"\0") + bytes(32)


def zmtp_frame(body, more=False, size=None):
    """size: what the frame claims to hold."""
    return struct.pack(">BQ", 2 | more, len(body) if size is None else size) + body


def zmtp_ready(kind):
    def field(name, value):
        return bytes([len(name)]) + name + struct.pack(">I", len(value)) + value

    body = b"\x05READY" + field(b"Socket-Type", kind) + field(b"Identity", b"")
    return bytes([4, len(body)]) + body


class Zmtp:
    """A connection to an ipc endpoint as a socket of this kind; kind None: without a greeting."""

    def __init__(self, endpoint, kind=b"DEALER"):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(5)
        self.sock.connect(endpoint.removeprefix("ipc://"))
        if kind:
            self.sock.sendall(GREETING)
            got = b""
            while len(got) < len(GREETING):
                got += self.sock.recv(4096)
            self.sock.sendall(zmtp_ready(kind))

    def send(self, data):
        """False: the other side has closed, or takes no more for 5 s."""
        try:
            self.sock.sendall(data)
            return True
        except OSError:
            return False

    def is_closed(self, seconds=3):
        self.sock.settimeout(seconds)
        try:
            while self.sock.recv(65536):
                pass
            return True
        except TimeoutError:
            return False
        except OSError:
            return True

    def close(self):
        self.sock.close()
