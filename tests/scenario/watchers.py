"""The ways to learn of a change, each as an iterator-like object with next(seconds)."""
import atexit
import http.client
import json
import os
import queue
import subprocess
import threading

from node import BIN, ROOT, Client


class Silent(AssertionError):
    """It printed nothing."""


class Lines:
    """A process that prints one JSON object a line."""

    def __init__(self, *command):
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        atexit.register(self.process.kill)
        self.lines = queue.Queue()
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            self.lines.put(line)

    def next(self, seconds=5):
        try:
            line = self.lines.get(timeout=seconds)
        except queue.Empty:
            raise Silent("%s printed nothing for %g s" % (self.process.args[0], seconds)) from None
        try:
            return json.loads(line)
        except ValueError:
            raise AssertionError("%s printed %r" % (self.process.args[0], line)) from None

    def end(self):
        self.process.kill()
        self.process.wait()


def tap_script(node, prefix):
    return Lines(os.path.join(ROOT, "tests", "scenario", "tap.py"), node.endpoint("registry", "facts"), prefix)


def tap_command(node, prefix):
    return Lines(os.path.join(BIN, "musterctl"), "tap", prefix, "-o", "json", "--dir", node.dir)


def watch_command(node, appid):
    return Lines(os.path.join(BIN, "musterctl"), "watch", appid, "--env", "dev", "-o", "json",
                 "--url", "http://127.0.0.1:%d" % node.port)


class Stream:
    """Server-Sent Events of /discovery/stream."""

    def __init__(self, node, appid, last_event_id=None, timeout=20):
        self.connection = http.client.HTTPConnection("127.0.0.1", node.port, timeout=timeout)
        headers = {"Last-Event-ID": last_event_id} if last_event_id else {}
        self.connection.request("GET", "/discovery/stream?env=dev&appid=" + appid, headers=headers)
        self.answer = self.connection.getresponse()
        assert self.answer.status == 200, self.answer.status
        self.id = None

    def next(self, seconds=5):
        """(event, data)"""
        self.connection.sock.settimeout(seconds)
        event, data = None, ""
        while True:
            line = self.answer.readline().decode().rstrip("\n")
            if line.startswith("event:"):
                event = line[6:].strip()
            elif line.startswith("data:"):
                data += line[5:].strip()
            elif line.startswith("id:"):
                self.id = line[3:].strip()
            elif not line and event:
                return event, json.loads(data)

    def end(self):
        self.connection.close()


class Delta:
    """Delta polls, one after the other from the position of the last answer."""

    def __init__(self, node, appid):
        self.client, self.appid, self.position = Client(node.port), appid, None
        self.full = self.poll(0)

    def poll(self, latest):
        query = {"env": "dev", "hostname": "poller", "appid": self.appid, "latest_timestamp": latest, "delta": 1}
        if self.position:
            query["position"] = self.position
        answer = self.client.get("/discovery/polls", {"x1-bmspy-timeout": "5020"}, **query)
        assert answer.code == 0, answer
        self.position = answer.json["position"]
        self.latest = answer.data[self.appid]["latest_timestamp"] if answer.data.get(self.appid) else latest
        return answer.data.get(self.appid)

    def next(self, seconds=5):
        return self.poll(self.latest)

    def end(self):
        self.client.close()
