# SPDX-License-Identifier: BSD-2-Clause
"""What a well-behaved client sees: curl, and a socket where curl cannot."""

import hashlib
import re
import tempfile

from harness import equal, pattern, test, true
from http_client import Connection, request

SIZES = (0, 1, 250, 251, 252, 1459, 1460, 1461, 2920, 65536, 10_000_000)


@test()
def page_at_root(t):
    words = t.curl("/", "-i")
    true(words.startswith("HTTP/1.1 200 "), words)
    true("Ringside" in words, f"the page does not say whose it is: {words}")
    for name in ("content-type", "content-length", "date", "server"):
        true(re.search(rf"^{name}: \S", words, re.I | re.M), f"no {name}: {words}")


@test()
def head_is_get_without_body(t):
    with Connection(t) as c:
        get = c.get("/bytes/5000")
        c.send(request("HEAD", "/bytes/5000"))
        head = c.response(to="HEAD")
        equal((head.status, head.body), (200, b""))
        equal(head.fields["content-length"], get.fields["content-length"], "Content-Length")
        equal(c.get("/hello/again").status, 200, "status after HEAD")


@test()
def hello_decodes_and_escapes(t):
    for path, greeting in (
        ("/hello/Ada", "Hello, Ada"),
        ("/hello/Ada%20Lovelace", "Hello, Ada Lovelace"),
        ("/hello/%41%64%61", "Hello, Ada"),
        ("/hello/Ada?lang=en", "Hello, Ada"),
        ("/hello/%C3%A9t%C3%A9", "Hello, été"),
    ):
        body = t.curl(path).encode("latin-1").decode()
        true(greeting in body, f"{path}: {body!r} lacks {greeting!r}")
    body = t.curl("/hello/%3Cscript%3E%26%22%27")
    true("<script>" not in body and "&lt;script&gt;&amp;" in body, f"not escaped: {body!r}")


@test()
def bytes_have_the_pattern(t):
    with Connection(t) as c:
        for size in SIZES:
            response = c.get(f"/bytes/{size}")
            equal(response.status, 200, f"status of {size}")
            equal(int(response.fields["content-length"]), size, "Content-Length")
            true(response.body == pattern(size), f"/bytes/{size}: wrong bytes")


@test()
def curl_downloads(t):
    with tempfile.NamedTemporaryFile() as file:
        t.curl("/bytes/10000000", "-o", file.name)
        got = hashlib.sha256(file.read()).hexdigest()
    equal(got, hashlib.sha256(pattern(10_000_000)).hexdigest(), "sha256")


def bodies_are_read(t, method, statuses):
    """The bodies must be consumed exactly: the next request on the connection tells."""
    big = b"x" * 200_000
    for body in (b"", b"a", big):
        with Connection(t) as c:
            c.send(request(method, "/hello/you", f"Content-Length: {len(body)}", body=body))
            true(c.response().status in statuses, f"{method} of {len(body)} bytes")
            chunked = b"".join(
                b"%x;note=1\r\n%s\r\n" % (len(part), part)
                for part in (body[i : i + 7000] for i in range(0, len(body), 7000))
            )
            c.send(request(method, "/hello/you", "Transfer-Encoding: chunked", body=chunked))
            c.send(b"0\r\nDigest: none\r\n\r\n")
            true(c.response().status in statuses, f"chunked {method} of {len(body)}")
            true(b"Hello, next" in c.get("/hello/next").body, "the request after the bodies")


@test()
def post_bodies(t):
    bodies_are_read(t, "POST", (200,))


@test()
def put_bodies(t):
    """Nothing takes PUT yet; its body is read all the same."""
    bodies_are_read(t, "PUT", (405,))


@test()
def curl_uploads(t):
    with tempfile.NamedTemporaryFile() as file:
        file.write(b"y" * 500_000)
        file.flush()
        code = ("-o", "/dev/null", "-w", "%{http_code}")
        post = ("-X", "POST", "--data-binary", f"@{file.name}")
        equal(t.curl("/hello/you", *code, *post), "200", "POST")
        chunked = (*post, "-H", "Transfer-Encoding: chunked")
        equal(t.curl("/hello/you", *code, *chunked), "200", "chunked POST")
        stream = ("-X", "POST", "-T", "-")
        equal(t.curl("/hello/you", *code, *stream, data=b"z" * 300_000), "200", "curl -T -")


@test()
def expect_100_continue(t):
    with Connection(t) as c:
        c.send(request("POST", "/hello/you", "Content-Length: 5", "Expect: 100-continue"))
        equal(c.response().status, 100, "the first status")
        c.send(b"12345")
        true(c.response().status == 200, "the last status")
    words = t.curl("/hello/you", "-v", "-H", "Expect: 100-continue", "-d", "12345")
    true("100 Continue" in words, "curl saw no 100 Continue")


@test()
def curl_reuses_its_connection(t):
    words = t.curl("/hello/a", "-v", t.url("/hello/b"))
    true("Re-using existing connection" in words, words)


@test()
def options_tells_the_methods(t):
    with Connection(t) as c:
        c.send(request("OPTIONS", "/hello/you"))
        response = c.response()
        true(response.status in (200, 204), f"status {response.status}")
        true("GET" in response.fields.get("allow", ""), f"Allow: {response.fields}")
        c.send(request("OPTIONS", "*"))
        true(c.response().status in (200, 204), "OPTIONS *")


@test()
def connection_close(t):
    with Connection(t) as c:
        equal(c.get("/", "Connection: close").fields.get("connection"), "close", "Connection")
        true(c.ends(), "the server did not close")


@test()
def http_1_0(t):
    with Connection(t) as c:
        c.send(b"GET /hello/old HTTP/1.0\r\n\r\n")
        true(b"Hello, old" in c.response().body, "the greeting")
        true(c.ends(), "HTTP/1.0 without keep-alive stays open")
    with Connection(t) as c:
        for _ in range(2):
            c.send(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            response = c.response()
            equal(response.fields.get("connection", "").lower(), "keep-alive", "Connection")


@test()
def absolute_form(t):
    with Connection(t) as c:
        true(b"Hello, proxy" in c.get("http://test/hello/proxy").body, "absolute-form")
        for target in ("https://test/hello/proxy", "ftp://test/hello/proxy"):  # RFC 9110, 7.4
            equal(c.get(target).status, 421, target)


@test()
def pipelining(t):
    with Connection(t) as c:
        names = [f"n{i}" for i in range(100)]
        c.send(b"".join(request("GET", f"/hello/{name}") for name in names))
        for name in names:
            true(f"Hello, {name}".encode() in c.response().body, f"the answer to {name}")


@test()
def pipelining_behind_a_large_answer(t):
    with Connection(t) as c:
        c.send(request("GET", "/bytes/2000000") * 3 + request("GET", "/hello/last"))
        for _ in range(3):
            true(c.response().body == pattern(2_000_000), "wrong bytes")
        true(b"Hello, last" in c.response().body, "the answer behind them")


@test()
def pipelining_to_a_slow_reader(t):
    """Far more answers than may wait in the server: it must hold back, and lose nothing."""
    with Connection(t, receive_buffer=32768) as c:
        c.socket.setblocking(False)
        block, sent = request("GET", "/bytes/4000") * 50, 0
        try:
            while sent < 40 * len(block):
                sent += c.socket.send(block[sent % len(block) :])
        except BlockingIOError:
            pass
        c.socket.settimeout(10)
        whole, rest = divmod(sent, len(request("GET", "/bytes/4000")))
        if rest:
            c.send(request("GET", "/bytes/4000")[rest:])
        for _ in range(whole + bool(rest)):
            true(c.response().body == pattern(4000), "wrong bytes")


@test()
def one_byte_at_a_time(t):
    with Connection(t) as c:
        for byte in request("POST", "/hello/you", "Content-Length: 3", body=b"abc"):
            c.send(bytes([byte]))
        true(c.response().status == 200, "POST byte by byte")
        for byte in request("GET", "/hello/slow"):
            c.send(bytes([byte]))
        true(b"Hello, slow" in c.response().body, "GET byte by byte")


@test()
def half_close_still_gets_the_answer(t):
    with Connection(t) as c:
        c.send(request("GET", "/bytes/3000000"))
        c.socket.shutdown(1)
        true(c.response().body == pattern(3_000_000), "wrong bytes")
        true(c.ends(), "the server did not close")


@test()
def many_requests_on_one_connection(t):
    with Connection(t) as c:
        for i in range(2000):
            equal(c.get(f"/bytes/{i % 7}").body, pattern(i % 7), f"answer {i}")
