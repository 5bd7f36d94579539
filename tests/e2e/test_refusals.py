# SPDX-License-Identifier: BSD-2-Clause
"""Requests that must be refused (RFC 9112 sections 3, 5, 6, 7 and 11), and with which status."""

from harness import equal, test, true
from http_client import Connection, request

HOST = b"Host: test\r\n"
GET = b"GET / HTTP/1.1\r\n" + HOST
POST = b"POST /hello/you HTTP/1.1\r\n" + HOST


def get(*lines):
    return GET + b"".join(line + b"\r\n" for line in lines) + b"\r\n"


def post(*lines, body=b""):
    return POST + b"".join(line + b"\r\n" for line in lines) + b"\r\n" + body


def chunked(body):
    return post(b"Transfer-Encoding: chunked", body=body)


# Name, what is sent, the status. After each of these the server must close: where the next
# request would begin is not certain.
REFUSED = [
    ("no Host", b"GET / HTTP/1.1\r\n\r\n", 400),
    ("two Hosts", get(b"Host: other"), 400),
    ("two equal Hosts", get(b"Host: test"), 400),
    ("an empty Host", b"GET / HTTP/1.1\r\nHost: \r\n\r\n", 400),
    ("a bad Host", b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400),
    ("a Host with a path", b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400),
    ("both lengths", post(b"Content-Length: 3", b"Transfer-Encoding: chunked"), 400),
    ("differing lengths", post(b"Content-Length: 3", b"Content-Length: 4", body=b"abcd"), 400),
    ("a list of differing lengths", post(b"Content-Length: 3, 4", body=b"abcd"), 400),
    ("a negative length", post(b"Content-Length: -1"), 400),
    ("a signed length", post(b"Content-Length: +3", body=b"abc"), 400),
    ("a hexadecimal length", post(b"Content-Length: 0x3", body=b"abc"), 400),
    ("an empty length", post(b"Content-Length:"), 400),
    ("a length beyond 64 bits", post(b"Content-Length: 99999999999999999999"), (400, 413)),
    ("a length that wraps to 0", post(b"Content-Length: 18446744073709551616"), (400, 413)),
    ("a chunk size without digits", chunked(b"\r\n\r\n"), 400),
    ("a chunk size that is no number", chunked(b"xyz\r\nabc\r\n0\r\n\r\n"), 400),
    ("a negative chunk size", chunked(b"-1\r\n\r\n"), 400),
    ("a chunk size with 0x", chunked(b"0x3\r\nabc\r\n0\r\n\r\n"), 400),
    ("a chunk size beyond 64 bits", chunked(b"11111111111111111\r\nabc"), (400, 413)),
    ("a chunk longer than it says", chunked(b"3\r\nabcd\r\n0\r\n\r\n"), 400),
    ("a chunk size ended by LF", chunked(b"3\nabc\r\n0\r\n\r\n"), 400),
    ("a space before the chunk size", chunked(b" 3\r\nabc\r\n0\r\n\r\n"), 400),
    ("chunked not last", post(b"Transfer-Encoding: chunked, gzip"), 400),
    ("chunked twice", post(b"Transfer-Encoding: chunked, chunked"), 400),
    ("an empty coding before", post(b"Transfer-Encoding: , chunked"), 400),  # docs/content.md
    ("an empty coding behind", post(b"Transfer-Encoding: chunked,"), 400),
    ("an unknown coding", post(b"Transfer-Encoding: gzip, chunked"), 501),
    ("an unknown coding alone", post(b"Transfer-Encoding: identity"), 400),
    ("chunked in HTTP/1.0", b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    ("obs-fold", get(b"X: a", b" b"), 400),
    ("a first field that begins with a space", b"GET / HTTP/1.1\r\n Host: test\r\n\r\n", 400),
    ("a space before the colon", get(b"X : a"), 400),
    ("a space in a field name", get(b"X Y: a"), 400),
    ("no colon", get(b"XY"), 400),
    ("no field name", get(b": a"), 400),
    ("a bare CR in a value", get(b"X: a\rb"), 400),
    ("a bare LF in a value", get(b"X: a\nY: b"), 400),
    ("NUL in a value", get(b"X: a\0b"), 400),
    ("a control character in a value", get(b"X: a\x01b"), 400),
    ("DEL in a field name", get(b"X\x7f: a"), 400),
    ("lines ended by LF", b"GET / HTTP/1.1\nHost: test\n\n", 400),
    ("a target without slash", b"GET index HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    ("a space in the target", b"GET /a b HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    ("a control character in the target", b"GET /\x01 HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    ("a fragment in the target", b"GET /a#b HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    ("no target", b"GET HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    ("two spaces", b"GET  / HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    ("asterisk with GET", b"GET * HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    ("no version", b"GET /\r\n\r\n", 400),
    ("a version without minor", b"GET / HTTP/1\r\n" + HOST + b"\r\n", 400),
    ("a lower-case version", b"GET / http/1.1\r\n" + HOST + b"\r\n", 400),
    ("a strange method name", b"GE(T / HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    ("bytes that are no HTTP", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
    ("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", (400, 505)),
    ("version 2.0", b"GET / HTTP/2.0\r\n" + HOST + b"\r\n", 505),
    ("version 0.9", b"GET / HTTP/0.9\r\n" + HOST + b"\r\n", 505),
    ("a long target", b"GET /" + b"a" * 60000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", 414),
    ("a method without end", b"A" * 60000 + b" / HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    ("a long field", get(b"X: " + b"a" * 60000), 431),
    ("many fields", get(*[b"X%d: a" % i for i in range(5000)]), 431),
    ("an expectation", post(b"Content-Length: 3", b"Expect: magic"), 417),
    ("a body above the limit", post(b"Content-Length: 10000000000"), 413),
]

# The framing of these is certain: closing is allowed, not asked for.
DECLINED = [
    ("nothing there", request("GET", "/nothing/there"), 404),
    ("no number of bytes", request("GET", "/bytes/many"), (400, 404)),
    ("a negative number of bytes", request("GET", "/bytes/-1"), (400, 404)),
    ("more bytes than 64 bits count", request("GET", "/bytes/99999999999999999999"), (400, 404)),
    ("half an escape", request("GET", "/hello/%4"), 400),
    ("no escape", request("GET", "/hello/%zz"), 400),
    ("a method that the path lacks", request("DELETE", "/hello/you"), 405),
    ("an unknown method", request("BREW", "/"), 501),
    ("POST without length", request("POST", "/hello/you"), 411),
]


@test()
def refused_and_closed(t):
    wrong = []
    for name, data, status in REFUSED:
        wrong += refuse(t, name, data, status, must_close=True)
    true(not wrong, "\n".join(wrong))


@test()
def refused_byte_by_byte(t):
    wrong = []
    for name, data, status in REFUSED:
        if len(data) < 1000:
            wrong += refuse(t, name, data, status, must_close=True, step=1)
    true(not wrong, "\n".join(wrong))


@test()
def declined(t):
    wrong = []
    for name, data, status in DECLINED:
        wrong += refuse(t, name, data, status, must_close=False)
    true(not wrong, "\n".join(wrong))


def refuse(t, name, data, status, must_close, step=None):
    statuses = status if isinstance(status, tuple) else (status,)
    with Connection(t) as c:
        try:
            for i in range(0, len(data), step or len(data)):
                c.send(data[i : i + (step or len(data))])
        except ConnectionError:
            pass  # refused before the end: the answer must be there all the same
        try:
            response = c.response()
            if response.status not in statuses:
                return [f"{name}: {response.status}, not {status}"]
            if response.status == 405 and "GET" not in response.fields.get("allow", ""):
                return [f"{name}: no Allow"]
            if must_close and response.fields.get("connection", "").lower() != "close":
                return [f"{name}: the answer does not say that it closes"]
            if must_close and not c.ends():
                return [f"{name}: the connection stays open"]
        except (AssertionError, OSError) as error:
            return [f"{name}: {error!r}"]
    return []


@test()
def a_refused_request_poisons_none_behind_it(t):
    """What stands behind a bad request is not taken for another one."""
    with Connection(t) as c:
        bad = post(b"Content-Length: 3", b"Transfer-Encoding: chunked")
        c.send(bad + request("GET", "/hello/x"))
        equal(c.response().status, 400, "status")
        true(c.ends(), "something came behind the refusal")


@test()
def the_next_client_is_served(t):
    with Connection(t) as c:
        c.send(b"\0" * 100)
        with Connection(t) as other:
            equal(other.get("/").status, 200, "status")
