#!/usr/bin/python3
"""usage: tests/scenario/tap.py ENDPOINT [PREFIX]

Prints the registry's changes as they are published, one JSON object a line, until interrupted:
  tests/scenario/tap.py ipc://$PWD/.muster/run/registry.facts registry.change.dev.

Nothing here is muster's: a plain ZeroMQ SUB socket and msgpack (python3-zmq, python3-msgpack). A
fact is two frames: the topic, and a msgpack array [type, epoch, boot, seq, field…]; the types and
their fields are in docs/protocol-naming.md. A subscription is a prefix of the topic.
"""
import json
import signal
import sys

import msgpack
import zmq

CHANGED = 130
FIELDS = ("kind", "env", "appid", "zone", "hostname", "instance", "latest_timestamp")


def decode(topic, body):
    """One readable change as a dict; None for a fact of another type."""
    kind, epoch, boot, seq, *fields = msgpack.unpackb(body, strict_map_key=False, unicode_errors="surrogateescape")
    if kind != CHANGED:
        return None
    return {"topic": topic.decode(), "epoch": "%x" % epoch, "boot": "%x" % boot, "seq": seq,
            **dict(zip(FIELDS, fields))}


def subscribe(endpoint, prefix):
    sub = zmq.Context.instance().socket(zmq.SUB)
    sub.setsockopt(zmq.LINGER, 0)
    sub.setsockopt(zmq.RCVHWM, 100000)  # the default of 1000 loses most of a burst
    sub.setsockopt_string(zmq.SUBSCRIBE, prefix)
    sub.connect(endpoint)
    return sub


def main():
    if len(sys.argv) not in (2, 3) or sys.argv[1].startswith("-"):
        print(__doc__.split("\n\n", maxsplit=1)[0], file=sys.stderr)
        sys.exit(2)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    sys.stdout.reconfigure(errors="backslashreplace")  # names may be no UTF-8
    sub = subscribe(sys.argv[1], sys.argv[2] if len(sys.argv) == 3 else "registry.change.")
    while True:
        topic, body = sub.recv_multipart()
        change = decode(topic, body)
        if change:
            print(json.dumps(change, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main()
