"""The servers of etcd's API that tests/bench/store measures, ours and Debian's etcd, and the load on them."""
import atexit
import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time

import bench

START_S, END_S, READY_S = 120, 60, 900


class Servers:
    """The processes behind one port, on a directory that goes with them."""

    name = None

    def __init__(self):
        self.dir, self.port, self.processes = tempfile.mkdtemp(prefix="muster-bench-", dir="/tmp"), bench.free_port(), {}
        atexit.register(self.end)
        self.start()

    def commands(self):
        """{process: words}"""
        raise NotImplementedError

    def start(self):
        """Seconds until it is healthy."""
        began = time.monotonic()
        with open(os.path.join(self.dir, "said"), "a", encoding="utf-8") as log:
            for name, words in self.commands().items():
                self.processes[name] = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        while not self.healthy():
            ended = [name for name, process in self.processes.items() if process.poll() is not None]
            if ended or time.monotonic() - began > START_S:
                with open(os.path.join(self.dir, "said"), encoding="utf-8", errors="replace") as log:
                    raise AssertionError("%s does not start (%s ended): %s" % (self.name, ended, log.read()[-2000:]))
            time.sleep(0.005)
        return time.monotonic() - began

    def ask(self, method, path, body=None):
        """The JSON of a 200; else None."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, body)
            answer = connection.getresponse()
            return json.load(answer) if answer.status == 200 else None
        except (OSError, ValueError, http.client.HTTPException):
            return None
        finally:
            connection.close()

    def healthy(self):
        return (self.ask("GET", "/health") or {}).get("health") == "true"

    def keys(self):
        """How many there are."""
        answer = self.ask("POST", "/v3/kv/range", json.dumps({"key": "AA==", "range_end": "AA==", "count_only": True}))
        return int((answer or {}).get("count", 0))

    def kill(self, number):
        """Seconds until all have ended."""
        began = time.monotonic()
        for process in self.processes.values():
            process.send_signal(number)
        for process in self.processes.values():
            process.wait(END_S)
        self.processes = {}
        return time.monotonic() - began

    def cpu_s(self):
        """{process: CPU so far}"""
        return {name: bench.cpu_ns(process.pid) / 1e9 for name, process in self.processes.items()}

    def pss_mb(self, *names):
        """(anonymous, file-backed) Pss of the processes."""
        anonymous = files = 0
        for name in names or self.processes:
            pid = self.processes[name].pid
            anonymous += bench.memory_bytes(pid, "Pss_Anon") / 1e6
            files += (bench.memory_bytes(pid, "Pss_File") + bench.memory_bytes(pid, "Pss_Shmem")) / 1e6
        return anonymous, files

    def end(self):
        for process in self.processes.values():
            if process.poll() is None:
                process.terminate()
        for process in self.processes.values():
            try:
                process.wait(END_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.processes = {}
        shutil.rmtree(self.dir, ignore_errors=True)


class Ours(Servers):
    name, gateway = "muster", "etcd.0"

    def commands(self):
        words = ("--dir", self.dir, "--log.level=error", "--etcd.listen=127.0.0.1:%d" % self.port)
        return {"store": [os.path.join(bench.BIN, "muster-store"), *words],
                "etcd.0": [os.path.join(bench.BIN, "muster-etcd"), "--index", "0", *words]}


class Etcd(Servers):
    name, gateway = "etcd", "etcd"

    def __init__(self):
        self.peers = "http://127.0.0.1:%d" % bench.free_port()
        super().__init__()

    def commands(self):
        clients = "http://127.0.0.1:%d" % self.port
        return {"etcd": ["etcd", "--data-dir", os.path.join(self.dir, "etcd"), "--log-level", "error",
                         "--quota-backend-bytes", str(8 << 30),
                         "--listen-client-urls", clients, "--advertise-client-urls", clients, "--listen-peer-urls", self.peers,
                         "--initial-advertise-peer-urls", self.peers, "--initial-cluster", "default=" + self.peers]}


class Both:
    """One of each, on new directories, until the block ends."""

    def __enter__(self):
        self.us, self.them = Ours(), Etcd()
        return self.us, self.them

    def __exit__(self, *_):
        self.us.end()
        self.them.end()


class Failed(AssertionError):
    pass


class Load:
    """bench_grpc_load, begun; go() measures. What it told is there by name, and:
    cpu_us: {process: CPU of a call, an event or a lease}; busy: of a core, the load itself."""

    def __init__(self, servers, mode, **options):
        words = [word for name, value in options.items() if value is not None for word in ("--" + name.replace("_", "-"), str(value))]
        self.words = [bench.program("grpc_load"), mode, "--port", str(servers.port), *words]
        self.servers, self.command = servers, " ".join(["bench_grpc_load", mode, *words])
        self.started = bench.Started(*self.words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.pipes = self.started.process.stdin, self.started.process.stdout
        self.expect("ready")

    def expect(self, word=None):
        line = self.pipes[1].readline().strip()
        if word is not None and line != word or not line:
            self.started.process.wait(END_S)
            raise Failed("%s on %s: %s" % (self.command, self.servers.name, (line + self.started.process.stderr.read()).strip()))
        return line

    def go(self):
        before = self.servers.cpu_s()
        self.pipes[0].write("go\n")
        self.pipes[0].flush()
        said = json.loads(self.expect())
        after = self.servers.cpu_s()
        code = self.started.process.wait(END_S)
        self.started.end()
        if code != 0:
            raise Failed("%s on %s: exit %d: %s" % (self.command, self.servers.name, code, said))
        self.__dict__.update(said)
        count = said.get("events") or said.get("leases") or said["calls"]
        self.cpu_us = {name: (after[name] - before[name]) * 1e6 / count for name in after}
        self.busy = self.cpu_s / self.seconds
        return self

    @property
    def server_us(self):
        return sum(self.cpu_us.values())


def run(servers, mode, **options):
    return Load(servers, mode, **options).go()


def file_system(path="/tmp"):
    """Of the servers' directories, as the mounts call it."""
    device = os.stat(path).st_dev
    with open("/proc/self/mountinfo", encoding="utf-8") as file:
        for line in file:
            fields = line.split()
            if fields[2] == "%d:%d" % (os.major(device), os.minor(device)):
                return re.search(r" - (\S+)", line).group(1)
    return "unknown"


NGINX = """
daemon off;
user root;
pid {dir}/pid;
error_log {dir}/error;
worker_processes 1;
worker_rlimit_nofile 40000;
events {{ worker_connections 20000; }}
http {{
    access_log off;
    keepalive_requests 1000000000;
    keepalive_timeout 600s;
    client_body_temp_path {dir}/body; proxy_temp_path {dir}/proxy; fastcgi_temp_path {dir}/fastcgi;
    uwsgi_temp_path {dir}/uwsgi; scgi_temp_path {dir}/scgi;
    open_file_cache max=10;
    default_type application/grpc;
    http2_max_concurrent_streams 1000;
    server {{
        listen 127.0.0.1:{port} http2 backlog=4096;
        root {dir};
        error_page 405 =200 /answer;
        location / {{ return 405; }}
        location = /answer {{ add_trailer grpc-status 0; }}
    }}
}}
"""


class Fixed:
    """nginx, which reads no request and answers all with the same few bytes: what connections alone cost a server."""

    def __init__(self):
        self.dir, self.port = bench.scratch(), bench.free_port()
        with open(os.path.join(self.dir, "answer"), "wb") as file:
            file.write(bytes(5))
        config = os.path.join(self.dir, "nginx.conf")
        with open(config, "w", encoding="ascii") as file:
            file.write(NGINX.format(dir=self.dir, port=self.port))
        self.master = bench.Started("/usr/sbin/nginx", "-e", os.path.join(self.dir, "error"), "-p", self.dir, "-c", config)
        bench.wait_until("nginx listens", lambda: bench.listens(self.port))
        with open("/proc/%d/task/%d/children" % (self.master.pid, self.master.pid), encoding="ascii") as file:
            self.worker = int(file.read().split()[0])

    def put_us(self, connections, seconds):
        """Its CPU of a call, with a client a connection. Its answers are no call's: all count as failed."""
        load = bench.Started(bench.program("grpc_load"), "put", "--port", str(self.port), "--clients", str(connections),
                             "--connections", str(connections), "--seconds", str(seconds), stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE)
        assert load.process.stdout.readline() == "ready\n", "no load"
        before = bench.cpu_ns(self.worker)
        said = json.loads(load.process.communicate("go\n")[0])
        return (bench.cpu_ns(self.worker) - before) / 1e3 / said["calls"]

    def end(self):
        self.master.end()


SIGNALS = {"SIGTERM": signal.SIGTERM, "kill -9": signal.SIGKILL}
