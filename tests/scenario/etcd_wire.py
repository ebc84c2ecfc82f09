"""etcd's gRPC API for the scripts, over grpcio as Debian has it and by this table of messages: nothing is generated.
A message is a dict; zero values may be left out when sent, and are there when read. Nothing is tried
again by itself: what failed has failed."""
import queue
import threading

import grpc

# name -> {number: (field, kind)}; kinds: int, bool, bytes, str, a message, [kind]
MESSAGES = {
    "Header": {1: ("cluster_id", "uint"), 2: ("member_id", "uint"), 3: ("revision", "int"), 4: ("raft_term", "uint")},
    "KeyValue": {1: ("key", "bytes"), 2: ("create_revision", "int"), 3: ("mod_revision", "int"), 4: ("version", "int"),
                 5: ("value", "bytes"), 6: ("lease", "int")},
    "Event": {1: ("type", "int"), 2: ("kv", "KeyValue"), 3: ("prev_kv", "KeyValue")},
    "RangeRequest": {1: ("key", "bytes"), 2: ("range_end", "bytes"), 3: ("limit", "int"), 4: ("revision", "int"),
                     5: ("sort_order", "int"), 6: ("sort_target", "int"), 7: ("serializable", "bool"),
                     8: ("keys_only", "bool"), 9: ("count_only", "bool")},
    "RangeResponse": {1: ("header", "Header"), 2: ("kvs", ["KeyValue"]), 3: ("more", "bool"), 4: ("count", "int")},
    "PutRequest": {1: ("key", "bytes"), 2: ("value", "bytes"), 3: ("lease", "int"), 4: ("prev_kv", "bool"),
                   5: ("ignore_value", "bool"), 6: ("ignore_lease", "bool")},
    "PutResponse": {1: ("header", "Header"), 2: ("prev_kv", "KeyValue")},
    "DeleteRangeRequest": {1: ("key", "bytes"), 2: ("range_end", "bytes"), 3: ("prev_kv", "bool")},
    "DeleteRangeResponse": {1: ("header", "Header"), 2: ("deleted", "int"), 3: ("prev_kvs", ["KeyValue"])},
    "RequestOp": {1: ("request_range", "RangeRequest"), 2: ("request_put", "PutRequest"),
                  3: ("request_delete_range", "DeleteRangeRequest"), 4: ("request_txn", "TxnRequest")},
    "ResponseOp": {1: ("response_range", "RangeResponse"), 2: ("response_put", "PutResponse"),
                   3: ("response_delete_range", "DeleteRangeResponse"), 4: ("response_txn", "TxnResponse")},
    "Compare": {1: ("result", "int"), 2: ("target", "int"), 3: ("key", "bytes"), 4: ("version", "int"),
                5: ("create_revision", "int"), 6: ("mod_revision", "int"), 7: ("value", "bytes"), 8: ("lease", "int"),
                64: ("range_end", "bytes")},
    "TxnRequest": {1: ("compare", ["Compare"]), 2: ("success", ["RequestOp"]), 3: ("failure", ["RequestOp"])},
    "TxnResponse": {1: ("header", "Header"), 2: ("succeeded", "bool"), 3: ("responses", ["ResponseOp"])},
    "CompactionRequest": {1: ("revision", "int"), 2: ("physical", "bool")},
    "CompactionResponse": {1: ("header", "Header")},
    "WatchRequest": {1: ("create_request", "WatchCreateRequest"), 2: ("cancel_request", "WatchCancelRequest"),
                     3: ("progress_request", "WatchProgressRequest")},
    "WatchCreateRequest": {1: ("key", "bytes"), 2: ("range_end", "bytes"), 3: ("start_revision", "int"),
                           4: ("progress_notify", "bool"), 5: ("filters", ["int"]), 6: ("prev_kv", "bool"),
                           7: ("watch_id", "int"), 8: ("fragment", "bool")},
    "WatchCancelRequest": {1: ("watch_id", "int")},
    "WatchProgressRequest": {},
    "WatchResponse": {1: ("header", "Header"), 2: ("watch_id", "int"), 3: ("created", "bool"), 4: ("canceled", "bool"),
                      5: ("compact_revision", "int"), 6: ("cancel_reason", "str"), 7: ("fragment", "bool"),
                      11: ("events", ["Event"])},
    "LeaseGrantRequest": {1: ("TTL", "int"), 2: ("ID", "int")},
    "LeaseGrantResponse": {1: ("header", "Header"), 2: ("ID", "int"), 3: ("TTL", "int"), 4: ("error", "str")},
    "LeaseRevokeRequest": {1: ("ID", "int")},
    "LeaseRevokeResponse": {1: ("header", "Header")},
    "LeaseKeepAliveRequest": {1: ("ID", "int")},
    "LeaseKeepAliveResponse": {1: ("header", "Header"), 2: ("ID", "int"), 3: ("TTL", "int")},
    "LeaseTimeToLiveRequest": {1: ("ID", "int"), 2: ("keys", "bool")},
    "LeaseTimeToLiveResponse": {1: ("header", "Header"), 2: ("ID", "int"), 3: ("TTL", "int"), 4: ("grantedTTL", "int"),
                                5: ("keys", ["bytes"])},
    "StatusRequest": {},
    "StatusResponse": {1: ("header", "Header"), 2: ("version", "str"), 3: ("dbSize", "int"), 4: ("leader", "uint"),
                       5: ("raftIndex", "uint"), 6: ("raftTerm", "uint"), 7: ("raftAppliedIndex", "uint"),
                       8: ("errors", ["str"]), 9: ("dbSizeInUse", "int"), 10: ("isLearner", "bool")},
}
# (service, method) -> (request, response)
METHODS = {
    ("KV", "Range"): ("RangeRequest", "RangeResponse"), ("KV", "Put"): ("PutRequest", "PutResponse"),
    ("KV", "DeleteRange"): ("DeleteRangeRequest", "DeleteRangeResponse"), ("KV", "Txn"): ("TxnRequest", "TxnResponse"),
    ("KV", "Compact"): ("CompactionRequest", "CompactionResponse"),
    ("Watch", "Watch"): ("WatchRequest", "WatchResponse"),
    ("Lease", "LeaseGrant"): ("LeaseGrantRequest", "LeaseGrantResponse"),
    ("Lease", "LeaseRevoke"): ("LeaseRevokeRequest", "LeaseRevokeResponse"),
    ("Lease", "LeaseKeepAlive"): ("LeaseKeepAliveRequest", "LeaseKeepAliveResponse"),
    ("Lease", "LeaseTimeToLive"): ("LeaseTimeToLiveRequest", "LeaseTimeToLiveResponse"),
    ("Maintenance", "Status"): ("StatusRequest", "StatusResponse"),
}
EQUAL, GREATER, LESS, NOT_EQUAL = range(4)
VERSION, CREATE, MOD, VALUE, LEASE = range(5)
PUT, DELETE = range(2)
ZERO = {"int": 0, "uint": 0, "bool": False, "bytes": b"", "str": ""}
U64 = (1 << 64) - 1


# ── bytes ──

def varint(value):
    value &= U64
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def encode_one(kind, value):
    """(wire type, bytes)"""
    if kind in ("int", "uint", "bool"):
        return 0, varint(int(value))
    data = value if kind == "bytes" else value.encode() if kind == "str" else encode(kind, value)
    return 2, varint(len(data)) + data


def encode(name, message):
    out, left = [], dict(message)
    for number, (field, kind) in MESSAGES[name].items():
        value = left.pop(field, None)
        if value is None:
            continue
        for one in value if isinstance(kind, list) else [value]:
            wire, data = encode_one(kind[0] if isinstance(kind, list) else kind, one)
            # zero is left out, but not where it stands in a list or says which of several it is
            if one or isinstance(kind, list) or kind in MESSAGES or name == "Compare":
                out.append(varint(number << 3 | wire) + data)
    if left:
        raise KeyError("%s has no %s" % (name, ", ".join(left)))
    return b"".join(out)


def read_varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7


def decode_one(kind, value):
    if kind == "int":
        return value - (1 << 64) if value >> 63 else value
    if kind == "uint":
        return value
    if kind == "bool":
        return bool(value)
    if kind == "bytes":
        return value
    return value.decode() if kind == "str" else decode(kind, value)


def decode(name, data):
    fields = MESSAGES[name]
    message = {field: [] if isinstance(kind, list) else ZERO.get(kind) for field, kind in fields.values()}
    at, end = 0, len(data)
    while at < end:
        tag, at = read_varint(data, at)
        value, at = read_varint(data, at)
        if tag & 7 == 2:
            value, at = data[at:at + value], at + value
        field, kind = fields.get(tag >> 3, (None, None))
        if isinstance(kind, list):
            message[field].append(decode_one(kind[0], value))
        elif field:
            message[field] = decode_one(kind, value)
    return message


# ── calls ──

def prefix_end(prefix):
    return prefix[:-1] + bytes([prefix[-1] + 1])


class Client:
    """One connection."""

    def __init__(self, address, timeout=10):
        self.timeout = timeout
        self.channel = grpc.insecure_channel(address, options=[
            ("grpc.enable_retries", 0), ("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1),
            ("grpc.use_local_subchannel_pool", 1), ("grpc.enable_http_proxy", 0),
            ("grpc.initial_reconnect_backoff_ms", 50), ("grpc.min_reconnect_backoff_ms", 2000),
            ("grpc.max_reconnect_backoff_ms", 200)])
        self.calls = {}

    def method(self, service, name):
        if (service, name) not in self.calls:
            request, response = METHODS[service, name]
            make = self.channel.stream_stream if name in ("Watch", "LeaseKeepAlive") else self.channel.unary_unary
            self.calls[service, name] = make("/etcdserverpb.%s/%s" % (service, name),
                                             request_serializer=lambda message: encode(request, message),
                                             response_deserializer=lambda data: decode(response, data))
        return self.calls[service, name]

    def call(self, service, name, **message):
        return self.method(service, name)(message, timeout=self.timeout)

    def range(self, key, end=b"", **more):
        return self.call("KV", "Range", key=key, range_end=end, **more)

    def prefix(self, prefix, **more):
        return self.range(prefix, prefix_end(prefix), **more)

    def put(self, key, value, **more):
        return self.call("KV", "Put", key=key, value=value, **more)

    def delete(self, key, end=b"", **more):
        return self.call("KV", "DeleteRange", key=key, range_end=end, **more)

    def txn(self, compare, success, failure=()):
        return self.call("KV", "Txn", compare=compare, success=success, failure=list(failure))

    def compact(self, revision, **more):
        return self.call("KV", "Compact", revision=revision, **more)

    def grant(self, ttl, lease=0):
        return self.call("Lease", "LeaseGrant", TTL=ttl, ID=lease)

    def revoke(self, lease):
        return self.call("Lease", "LeaseRevoke", ID=lease)

    def keep_alive(self, lease):
        """One renewal on a stream of its own."""
        stream = self.method("Lease", "LeaseKeepAlive")(iter([{"ID": lease}]), timeout=self.timeout)
        answers = list(stream)
        if not answers:
            raise AssertionError("a stream of keep-alives ended without an answer and without an error")
        return answers[0]

    def status(self):
        return self.call("Maintenance", "Status")

    def wait(self, seconds):
        """Until the connection stands, or not. The library makes one only while somebody waits for something."""
        ready = grpc.channel_ready_future(self.channel)
        try:
            ready.result(seconds)
        except grpc.FutureTimeoutError:
            ready.cancel()

    def close(self):
        self.channel.close()


class Watches:
    """A stream of watches. on(response) is called in its thread; over: set when it has ended, error says why (None:
    we ended it)."""

    def __init__(self, client, on):
        self.on, self.error, self.over = on, None, threading.Event()
        self.requests = queue.SimpleQueue()
        self.stream = client.method("Watch", "Watch")(iter(self.requests.get, None), metadata=(("hasleader", "true"),))
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        try:
            for response in self.stream:
                self.on(response)
        except grpc.RpcError as error:
            self.error = error if error.code() != grpc.StatusCode.CANCELLED or not self.over.is_set() else None
        self.over.set()

    def create(self, key, end=b"", **more):
        self.requests.put({"create_request": {"key": key, "range_end": end, **more}})

    def cancel(self, watch_id):
        self.requests.put({"cancel_request": {"watch_id": watch_id}})

    def progress(self):
        self.requests.put({"progress_request": {}})

    def close(self):
        self.over.set()
        self.stream.cancel()
        self.requests.put(None)
        self.thread.join(10)


def code_of(error):
    """The name of a call's status, such as UNAVAILABLE."""
    return error.code().name


def compare_mod(key, revision, result=EQUAL):
    return {"result": result, "target": MOD, "key": key, "mod_revision": revision}


def op_put(key, value, **more):
    return {"request_put": {"key": key, "value": value, **more}}


def op_range(key, end=b"", **more):
    return {"request_range": {"key": key, "range_end": end, **more}}


def op_delete(key, end=b"", **more):
    return {"request_delete_range": {"key": key, "range_end": end, **more}}
