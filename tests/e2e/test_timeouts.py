# SPDX-License-Identifier: BSD-2-Clause
"""Slow clients are cut, busy ones are not."""

import socket
import time

from harness import equal, test, true
from http_client import Connection, request

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
