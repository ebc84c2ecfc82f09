"""HTTP for the replay: requests go out byte for byte as recorded, also broken ones."""
import socket
import time


class Answer:
    def __init__(self, status, headers, body, elapsed_ms):
        self.status, self.headers, self.body, self.elapsed_ms = status, headers, body, elapsed_ms

    def header(self, name):
        values = [v for k, v in self.headers if k.lower() == name.lower()]
        return values[0] if values else None


class Stream:
    """What a socket gives, by line and by length."""

    def __init__(self, sock):
        self.sock, self.held = sock, b""

    def more(self):
        got = self.sock.recv(65536)
        self.held += got
        return bool(got)

    def line(self):
        while b"\n" not in self.held:
            if len(self.held) > 1 << 20 or not self.more():
                raise ConnectionError("the connection ended inside the header: %r" % self.held[:80])
        line, self.held = self.held.split(b"\n", 1)
        return line.rstrip(b"\r").decode("latin-1")

    def take(self, count):
        while len(self.held) < count:
            if not self.more():
                raise ConnectionError("the connection ended inside the body")
        taken, self.held = self.held[:count], self.held[count:]
        return taken

    def rest(self):
        while self.more():
            pass
        return self.held


def read_answer(stream, method, began):
    while True:
        status = int(stream.line().split(" ")[1])
        headers = []
        while True:
            line = stream.line()
            if not line:
                break
            name, value = line.split(":", 1)
            headers.append((name, value.strip()))
        if status != 100:
            break
    answer = Answer(status, headers, b"", 0)
    if method != "HEAD":
        if (answer.header("Transfer-Encoding") or "").lower() == "chunked":
            while True:
                size = int(stream.line().split(";")[0], 16)
                answer.body += stream.take(size)
                stream.line()
                if size == 0:
                    break
        elif answer.header("Content-Length") is not None:
            answer.body = stream.take(int(answer.header("Content-Length")))
        else:
            answer.body = stream.rest()
    answer.elapsed_ms = (time.monotonic() - began) * 1000
    return answer


def exchange(address, method, path, headers, body, version="HTTP/1.1", host=True, timeout=45):
    """Sends one request on a connection of its own. A server may answer and hang up before it has
    read everything, so a failing send still looks for the answer."""
    lines = ["%s %s %s" % (method, path, version)]
    if host:
        lines.append("Host: %s:%d" % address)
    lines += ["%s: %s" % (name, value) for name, value in headers]
    head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
    began = time.monotonic()
    with socket.create_connection(address, timeout=timeout) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            sock.sendall(head + body)
        except (ConnectionResetError, BrokenPipeError):
            pass
        return read_answer(Stream(sock), method, began)
