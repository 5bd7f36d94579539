# SPDX-License-Identifier: BSD-2-Clause
"""The access log: one line a reply, none lost in normal times, none that deceives."""

import datetime
import json
import os
import re
import signal
import socket
import tempfile
import time

import pki
from harness import equal, test, true
from http_client import Connection, request
from lab import wait_until
from tls_client import TlsConnection


def lines(path):
    with open(path, encoding="utf-8") as file:
        return file.read().splitlines()


@test(own=True)
def every_reply_has_its_line(t):
    with tempfile.TemporaryDirectory(prefix="ringside-log-") as folder:
        path = os.path.join(folder, "access.log")
        appliance = t.start("--access-log", path, "--https", "443",
                            *pki.options(pki.pair("one.test")))
        for connect in (Connection, TlsConnection):
            with connect(t) as c:
                c.get("/hello/you?a=1", "User-Agent: test/1", "Referer: http://a/")
                for _ in range(2):  # the second one is a repeated reply
                    c.get("/bytes/7")
                c.get("/none")
                c.send(request("HEAD", "/bytes/100", 'User-Agent: "\\'))
                c.response("HEAD")
                c.get("/bytes/100000")
                c.send(b"NONSENSE\r\n\r\n")
                c.response()
        start = (rf'{re.escape(t.client)} - - '
                 r'\[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d \+0000\] ')
        expected = [
            r'"GET /hello/you\?a=1 HTTP/1.1" 200 10 "http://a/" "test/1"',
            r'"GET /bytes/7 HTTP/1.1" 200 7 "-" "-"',
            r'"GET /bytes/7 HTTP/1.1" 200 7 "-" "-"',
            r'"GET /none HTTP/1.1" 404 \d+ "-" "-"',
            r'"HEAD /bytes/100 HTTP/1.1" 200 - "-" "\\"\\\\"',
            r'"GET /bytes/100000 HTTP/1.1" 200 100000 "-" "-"',
            r'"NONSENSE" 400 \d+ "-" "-"',
        ] * 2
        wait_until(lambda: len(lines(path)) >= len(expected), 5, "all lines")
        for line, pattern in zip(lines(path), expected):
            true(re.fullmatch(start + pattern, line), f"{line!r} is not {pattern!r}")
        equal(len(lines(path)), len(expected))
        os.rename(path, path + ".1")
        appliance.process.send_signal(signal.SIGHUP)
        wait_until(lambda: os.path.exists(path), 5, "a new file")
        with Connection(t) as c:
            c.get("/")
        appliance.stop()
        equal(len(lines(path)), 1)


# What a client sends, and what the log has of it behind the time.
REFUSED = [
    (b"GET /x HTTP/1.1\r\n\r\n", r'"GET /x HTTP/1\.1" 400 \d+ "-" "-"'),
    (b"PROPFIND /x HTTP/1.1\r\nHost: a\r\n\r\n", r'"PROPFIND /x HTTP/1\.1" 501 \d+ "-" "-"'),
    (b"GET /x HTTP/1.1\r\nHost: a\r\nUser-Agent: b\r\nExpect: tea\r\n\r\n",
     r'"GET /x HTTP/1\.1" 417 \d+ "-" "b"'),
    (b"CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\n\r\n",
     r'"CONNECT a\.test:443 HTTP/1\.1" 501 \d+ "-" "-"'),
    (b"GET http://a.test/none?b HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n",
     r'"GET http://a\.test/none\?b HTTP/1\.1" 404 \d+ "-" "-"'),
    (b"GET /x HTTP/2.0\r\n\r\n", r'"GET /x HTTP/2\.0" 505 \d+ "-" "-"'),
    (b"GET /x y HTTP/1.1\r\nHost: a\r\n\r\n", r'"GET /x y HTTP/1\.1" 400 \d+ "-" "-"'),
    (b"\x16\x03\x01\x02\x00\n", r'"\\x16\\x03\\x01\\x02\\x00" 400 \d+ "-" "-"'),
    (b"POST /hello/a HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nb",
     r'"POST /hello/a HTTP/1\.1" 400 \d+ "-" "-"'),
]


@test(own=True, layouts=("fused",))
def what_is_refused_has_its_line(t):
    with tempfile.TemporaryDirectory(prefix="ringside-log-") as folder:
        path = os.path.join(folder, "access.log")
        t.start("--access-log", path)
        for data, _ in REFUSED:
            with Connection(t) as c:
                c.send(data)
                if data.endswith(b"\r\n\r\nb"):  # half of a body, and no more
                    c.socket.shutdown(socket.SHUT_WR)
                c.response()
        wait_until(lambda: len(lines(path)) == len(REFUSED), 5, "all lines")
        for line, (_, pattern) in zip(lines(path), REFUSED):
            true(re.search(r"\] " + pattern + "$", line), f"{line!r} is not {pattern!r}")


CHROME = ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
          "Chrome/131.0.0.0 Safari/537.36")


@test(own=True, layouts=("fused",))
def what_browsers_send_is_not_cut(t):
    """Of 1,910 bytes all is there; of more, each text has its share, and it is said."""
    with tempfile.TemporaryDirectory(prefix="ringside-log-") as folder:
        path = os.path.join(folder, "access.log")
        appliance = t.start("--access-log", path, "--access-format", "json")
        target = "/articles/2024/11/how-we-made-it-faster?utm_source=newsletter&utm_campaign=11"
        referer = "https://www.example.com/search?q=" + "how+to+make+it+faster+" * 40
        long = "/" + "x" * 7000
        with Connection(t) as c:
            c.get(target, f"Referer: {referer}", f"User-Agent: {CHROME}")
            c.get("/bytes/1000000", f"Referer: {referer}", f"User-Agent: {CHROME}")
            c.get(long, f"Referer: {referer}", f"User-Agent: {CHROME}")
        appliance.stop()
        records = [json.loads(line) for line in lines(path)]
        equal(len(records), 3)
        for r, its_target in zip(records[:2], (target, "/bytes/1000000")):
            equal((r["target"], r["referer"], r["user_agent"], r["truncated"]),
                  (its_target, referer, CHROME, False))
        r = records[2]
        equal((r["user_agent"], r["truncated"]), (CHROME, True))
        true(long.startswith(r["target"]) and len(r["target"]) > 1000, r["target"])
        true(referer.startswith(r["referer"]) and len(r["referer"]) == 384, r["referer"])
        words = appliance.words(200)
        true(re.search(r"log +truncated +1 ", words), words)


@test(own=True, families=(6,), layouts=("fused",))
def json_and_samples(t):
    with tempfile.TemporaryDirectory(prefix="ringside-log-") as folder:
        path = os.path.join(folder, "access.log")
        appliance = t.start("--access-log", path, "--access-format", "json", "--log-sample", "10")
        with Connection(t) as c:
            for n in range(100):
                c.get(f"/bytes/{n}", "User-Agent: \xff\"")
        appliance.stop()
        records = [json.loads(line) for line in lines(path)]
        true(1 <= len(records) <= 30, f"{len(records)} of 100 are drawn, where one of 10 is to be")
        r = records[-1]
        equal((r["client"], r["status"], r["method"], r["host"], r["tls"], r["user_agent"]),
              (t.client, 200, "GET", "test", False, "\xff\""))


@test(own=True, families=(4,), layouts=("fused",))
def how_long_replies_took(t):
    with tempfile.TemporaryDirectory(prefix="ringside-log-") as folder:
        path = os.path.join(folder, "access.log")
        appliance = t.start("--access-log", path, "--access-format", "json", "--https", "443",
                            "--drain-timeout", "1", *pki.options(pki.pair("one.test")))
        pause, big = 0.3, 4_000_000
        before = time.time()
        for connect in (Connection, TlsConnection):
            with connect(t, receive_buffer=16384) as c:
                c.get("/bytes/7")
                # In two pieces: it began with the first.
                c.send(b"GET /bytes/8 HTTP/1.1\r\n")
                time.sleep(pause)
                c.send(b"Host: test\r\n\r\n")
                c.response()
                # A client that takes its time.
                c.send(request("GET", f"/bytes/{big}"))
                c.take(100)
                time.sleep(pause)
                c.take(big // 2)
            # … and is gone before the end.
        with Connection(t) as c:
            c.get(f"/bytes/{big}", "Connection: close")
        wait_until(lambda: len(lines(path)) == 7, 5, "all lines")
        after = time.time()
        with Connection(t, receive_buffer=16384) as c:
            c.send(request("GET", f"/bytes/{big}"))
            c.take(100)
            appliance.stop()
        records = [json.loads(line) for line in lines(path)]
        us = pause * 1e6
        left_open = records.pop()
        equal((len(records), left_open["aborted"]), (7, True))
        for r in records:
            came = datetime.datetime.fromisoformat(r["time"].replace("Z", "+00:00")).timestamp()
            true(before - 0.05 <= came <= came + r["duration_us"] / 1e6 <= after + 0.05, f"{r}")
            fast, slow = r["duration_us"] < us, r["duration_us"] >= us * 0.9
            if r["target"] == "/bytes/7":
                true((r["bytes"], r["aborted"], r["reused"]) == (7, False, False) and fast, f"{r}")
            elif r["target"] == "/bytes/8":
                true((r["bytes"], r["aborted"], r["reused"]) == (8, False, True) and slow, f"{r}")
            elif r["aborted"]:  # of what it took, the last may not have been acknowledged
                true(slow and big // 2 - 65536 <= r["bytes"] < big, f"{r}")
            else:
                true(r["bytes"] == big and 0 < r["duration_us"], f"{r}")
        expected = [(f"/bytes/{n}", n == big, tls) for n in (7, 8, big) for tls in (False, True)]
        equal(sorted((r["target"], r["aborted"], r["tls"]) for r in records),
              sorted([*expected, (f"/bytes/{big}", False, False)]))


@test(own=True, families=(4,), within=60, layouts=("fused",))
def a_reader_that_does_not_read_holds_up_nobody(t):
    with tempfile.TemporaryDirectory(prefix="ringside-log-") as folder:
        path = os.path.join(folder, "pipe")
        os.mkfifo(path)
        reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        appliance = t.start("--access-log", path)
        words = t.tool("h2load", "--h1", "-n", "20000", "-c", "10", t.url("/bytes/10"))
        true("20000 2xx" in words, words)
        os.close(reader)
        appliance.process.send_signal(signal.SIGHUP)
        wait_until(lambda: "nobody reads from that pipe; the old" in appliance.words(), 5, "words")
        appliance.stop()
        lost = re.search(r"log +lost_(slow|no_reader) +\d", appliance.words(200))
        true(lost, "losses are not counted")


@test(own=True, families=(4,), layouts=("fused",))
def what_is_lost_at_the_end_is_told(t):
    appliance = t.start("--access-log", "/dev/full")
    with Connection(t) as c:
        equal(c.get("/").status, 200)
    appliance.stop()
    true("--access-log /dev/full: the last 1 lines were lost (lost_no_space)"
         in appliance.words(200), appliance.words(200))


@test(families=(4,), layouts=("fused",))
def bad_formats_are_named(t):
    words = t.tool(t.binary, "--", "--ip", "10.9.9.9/24", "--check", "--access-format", "%h %Z",
                   ok=(2,))
    true('"%Z" at byte 4' in words and len(words.splitlines()) == 1, words)
