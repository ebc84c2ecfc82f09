"""Bodies that no client of etcd sends on purpose, for its JSON gateway: what of each is taken, and what is said of what is wrong with
it. One that etcd itself answers now one way and now another (two members of a oneof), or that ends it, is none of them."""
import http.client
import re

PUT, RANGE, TXN, LEADER = "/v3/kv/put", "/v3/kv/range", "/v3/kv/txn", "/v3/maintenance/transfer-leadership"

# Of a lease's number, in a put.
NUMBERS = r"""1 0 -1 null true [] {} 1.0 1e0 1.5 9223372036854775808 -9223372036854775809 "1" " 1 " "" " " "null" "true" "007" "7x" "-" "- 1"
"1.5" "tru" "nulll" "[" "[]" "{}" "\"1\"" "\u0031" "\u12" "9223372036854775808" "abc" "+1" """

# Of a key's bytes.
BYTES = r""""YQ==" "YQ" "Y" "YQ=" "-_8=" "\/\/8=" "\u0059Q==" "not base64!!" 1 true {} [] [97,98] [97,null] [256] [-1] [1.5] ["x"] null"""

BODIES = [
    # no JSON
    "{", "[", "\"", "{\"key\"", "{\"key\":", "{\"key\": nul", "{\"key\": -", "{\"key\": trie}", "{\"key\": nulL}", "{\"key\": \"a\nb\"}",
    "{\"key\": \"\\x\"}", "{\"key\": \"\\u00g0\"}", "{\"key\": -}", "{\"key\": 1.}", "{\"key\": 1e}", "{\"key\": 01}", "{\"key\": 1 '}", "[1 \"",
    "{\"a\":1,}", "{\"a\":1 \"b\"}", "{\"a\" 1}", "{1}", "{bad", "\x01", "'", "nope", b"\x80", b"\xff", b"\xad", b"{\x00}", b"{\"key\":\"\xff\"}",
    # no message
    "null", "  ", "", "5", "true", "\"x\"", "[]",
    # what stands beside it, twice, or under another name
    "{\"key\":\"YQ==\"} trailing", "{\"key\":\"YQ==\"}}", "{\"key\":\"YQ==\",\"key\":\"Yg==\"}", "{\"key\":\"YQ==\",\"key\":null}",
    "{\"key\":\"YQ==\",\"x\":1e999,\"y\":99999999999999999999,\"z\":[{\"a\":[]}]}", "{\"key\":\"YQ==\",\"x\":\"\\ud800\"}",
    b"{\"key\":\"YQ==\",\"x\":\"\xff\"}", "{\"\\u006bey\":\"YQ==\"}", "{\"Key\":\"YQ==\"}", "{\"prevKv\":true,\"key\":\"YQ==\"}",
    "{\"prev_Kv\":true,\"key\":\"YQ==\"}", "{\"prev_kv\":1}", "{\"prev_kv\":\"x\"}", "{\"prev_kv\":null,\"key\":\"YQ==\"}",
]

OTHERS = [
    (RANGE, body) for body in (
        "{\"sort_order\":4294967297}", "{\"sort_order\":\"1\"}", "{\"sort_order\":\"BAD\"}", "{\"sort_order\":1.5}", "{\"sort_order\":true}",
        "{\"sort_order\":-1,\"key\":\"YQ==\"}", "{\"sort_order\":9,\"key\":\"YQ==\"}", "{\"sort_order\":\"DESCEND\",\"key\":\"YQ==\"}",
        "{\"limit\":\"1\",\"key\":\"YQ==\",\"rangeEnd\":\"Yg==\"}", "{\"revision\":\"-5\",\"key\":\"YQ==\"}")
] + [
    (TXN, body) for body in (
        "{\"success\":{}}", "{\"success\":[1]}", "{\"success\":null}", "{\"success\":[{}]}", "{\"success\":[{\"request_put\":{\"key\":\"YQ==\"}}],\"success\":[]}",
        "{\"compare\":[{\"key\":\"bm8=\",\"version\":0}]}", "{\"compare\":[{\"key\":\"YQ==\",\"target\":\"VALUE\",\"value\":null}]}",
        "{\"success\":[{\"requestRange\":{\"key\":\"YQ==\",\"keysOnly\":true}}]}")
] + [
    (LEADER, "{\"targetID\":%s}" % number) for number in (
        "18446744073709551615", "18446744073709551616", "-0", "-1", "\"12\"", "\"-1\"", "12297829382473034410")
]


def say(server, path, body):
    client = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    client.request("POST", path, body)
    response = client.getresponse()
    text = response.read().decode(errors="backslashreplace")
    client.close()
    return "%d %s" % (response.status, re.sub(r'"(cluster_id|member_id|raft_term)":"\d+",?', "", text))


def suite(server):
    """What is asked → what is answered."""
    bodies = ["{\"key\":\"YQ==\",\"lease\":%s}" % number for number in re.findall(r'"(?:\\.|[^"\\])*"|\S+', NUMBERS)]
    bodies += ["{\"key\":%s}" % key for key in re.findall(r'"(?:\\.|[^"\\])*"|\S+', BYTES)]
    asked = [(PUT, body) for body in BODIES + bodies] + OTHERS
    return {"%03d %s %r" % (i, path, body): say(server, path, body if isinstance(body, bytes) else body.encode())
            for i, (path, body) in enumerate(asked)}
