# SPDX-License-Identifier: BSD-2-Clause
"""Slow clients are cut, busy ones are not."""

import concurrent.futures
import contextlib
import socket
import time

import pki
from harness import equal, test, true
from http_client import Connection, request
from tls_client import HTTPS, HandMade, TlsConnection

SHORT = ("--header-timeout", "1", "--idle-timeout", "2")


@test(options=SHORT)
def trickling_head_is_cut(t):
    started = time.monotonic()
    with Connection(t) as c:
        c.send(b"GET / HTTP/1.1\r\nHost: test\r\n")
        c.socket.settimeout(0.1)
        end = None
        while end is None and time.monotonic() - started < 8:
            try:
                c.send(b"X")
                if not c.more():
                    end = time.monotonic()
                elif b"\r\n\r\n" in c.unread:
                    equal(c.response().status, 408, "status")
            except TimeoutError:
                pass
            except OSError:
                end = time.monotonic()
        true(end is not None, "a head that trickles is read for ever")
        true(end - started >= 0.9, f"cut after {end - started:.2f} s, before its time")


@test(options=SHORT)
def half_a_head_gets_408(t):
    with Connection(t) as c:
        c.send(b"GET / HTTP/1.1\r\nHost: te")
        equal(c.response().status, 408, "status")
        true(c.ends(), "the connection stays open")


@test(options=SHORT)
def idle_connections_are_closed(t):
    started = time.monotonic()
    with Connection(t) as never_used, Connection(t) as used:
        equal(used.get("/").status, 200, "status")
        true(never_used.ends(within=8), "a connection without a request stays open")
        true(used.ends(within=8), "a connection after a request stays open")
        true(time.monotonic() - started >= 1.5, "closed before the idle timeout")


@test(options=SHORT)
def an_empty_line_is_no_late_request(t):
    """RFC 9112 section 2.2: some clients send one behind a body. Then they are idle."""
    started = time.monotonic()
    with Connection(t) as c:
        c.send(request("POST", "/hello/you", "Content-Length: 3", body=b"abc\r\n"))
        equal(c.response().status, 200, "status")
        true(c.ends(within=8), "another byte, or the connection stays open")
        true(time.monotonic() - started >= 1.5, "closed before the idle timeout")


@test(options=SHORT)
def a_busy_connection_outlives_the_idle_timeout(t):
    with Connection(t) as c:
        started = time.monotonic()
        while time.monotonic() - started < 3:
            equal(c.get("/hello/you").status, 200, "status")


@test(options=SHORT)
def a_long_download_outlives_the_timeouts(t):
    """A client that reads slowly, but reads, keeps its connection."""
    with Connection(t, receive_buffer=65536) as c:
        c.send(request("GET", "/bytes/3000000"))
        started, left = time.monotonic(), 3_000_000
        while b"\r\n\r\n" not in c.unread:
            c.more()
        left -= len(c.unread.split(b"\r\n\r\n", 1)[1])
        while left:
            # 1 MB a second.
            due = started + (3_000_000 - left) / 1_000_000
            pause = due - time.monotonic()
            if pause > 0:
                time.sleep(pause)
            left -= len(c.socket.recv(min(left, 20_000)))


def reads_slowly(wire, seconds):
    """8192 bytes in three of them: twice what --write-timeout 3 asks for."""
    a_second = 8192 / 3
    started, taken = time.monotonic(), 0
    while taken < seconds * a_second:
        taken += len(wire.recv(2048))
        time.sleep(max(0, started + taken / a_second - time.monotonic()))


@test(own=True, families=(4,), layouts=("fused",), within=60)
def a_slow_reader_is_let_alone(t):
    """Whatever its bytes are part of: replies as they are, short records, or long ones."""
    large = request("GET", "/bytes/10000000")
    for records in ("lean", "openssl"):
        appliance = t.start("--write-timeout", "3", "--tls-records", records, *HTTPS,
                            *pki.options(pki.pair("one.test")))
        with contextlib.ExitStack() as stack:
            plain = stack.enter_context(Connection(t, receive_buffer=4096))
            plain.send(large)
            secret = stack.enter_context(HandMade(t, receive_buffer=4096))
            secret.attempt(secret.tls.do_handshake)
            secret.attempt(secret.tls.write, large)
            with concurrent.futures.ThreadPoolExecutor() as threads:
                for done in [threads.submit(reads_slowly, one.socket, 16)
                             for one in (plain, secret.wire)]:
                    done.result()
        appliance.stop()


@test(own=True, families=(4,), layouts=("fused",), within=60)
def requests_that_dawdle_keep_nobody_out(t):
    """More of them than there are buffers for requests in pieces: 1,026 a core."""
    n_slow, n_buffers = 1040, 1026
    half = b"POST /hello/you HTTP/1.1\r\nHost: test\r\nContent-Length: 4\r\n\r\nab"
    appliance = t.start("--max-conns", "2048", "--body-timeout", "60", "--tls-cores", "same",
                        "--https", "443", *pki.options(pki.pair("one.test")))
    for connect in (Connection, TlsConnection):
        with contextlib.ExitStack() as stack:
            slow = []
            for _ in range(n_slow):
                slow.append(stack.enter_context(connect(t)))
                slow[-1].send(half)
            c = stack.enter_context(connect(t))
            c.send(half)
            for first in slow[:n_slow + 1 - n_buffers]:
                equal(first.response().status, 503, "status of the first ones")
                true(first.ends(), "the first ones stay open")
            for one in (c, slow[-1], slow[n_slow + 1 - n_buffers]):
                one.send(b"cd")
                equal(one.response().status, 200, "status of the others")
    appliance.stop()
    words = " ".join(appliance.words(100_000).split())
    true(f"head_lost {2 * (n_slow + 1 - n_buffers)} " in words, words)


@test()
def a_reset_in_mid_download_harms_nobody(t):
    for _ in range(50):
        with Connection(t) as c:
            c.send(request("GET", "/bytes/10000000"))
            c.more()
            # Closing with bytes unread and no lingering sends RST.
            c.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    with Connection(t) as c:
        equal(c.get("/").status, 200, "status afterwards")
