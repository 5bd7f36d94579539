# SPDX-License-Identifier: BSD-2-Clause
"""A file of more than 4 GiB: whole, in part, resumed, and replaced while it is read."""

import contextlib
import hashlib
import os
import random
import re
import signal
import threading

import pki
from harness import equal, test, true
from http_client import Connection, request
from lab import wait_until
from test_site import Site
from tls_client import HTTPS, TlsConnection

SIZE = (5 << 30) + 1
MARK_BYTES = 4096
LOAD_WITHIN_S = 300
EDGES = (1 << 31, 1 << 32, SIZE)
CURL = "curl -sS -k -g --max-time 250"


def write_marks(path, seed):
    """Zeros, which take no room on the disk, but for random bytes around all that is special."""
    draw = random.Random(seed)
    places = [0, *(edge - MARK_BYTES // 2 for edge in EDGES[:-1]), SIZE - MARK_BYTES]
    places += [draw.randrange(SIZE - MARK_BYTES) for _ in range(200)]
    with open(path, "wb") as file:
        file.truncate(SIZE)
        for place in places:
            file.seek(place)
            file.write(draw.randbytes(MARK_BYTES))


def read_at(path, first, last):
    with open(path, "rb") as file:
        file.seek(first)
        return file.read(last + 1 - first)


def md5_of(t, command):
    return t.tool("sh", "-c", f"{command} | md5sum", within=250).split()[0]


@contextlib.contextmanager
def large_site():
    with Site() as site:
        write_marks(site.path("huge"), 1)
        yield site


def start(t, site, *options):
    return t.start("--root", site.root, *HTTPS, *pki.options(pki.pair("one.test")), *options,
                   ready_within_s=LOAD_WITHIN_S)


def check_range(c, path, field, first, last):
    r = c.get("/huge", f"Range: bytes={field}")
    equal((r.status, r.fields["content-range"]), (206, f"bytes {first}-{last}/{SIZE}"))
    true(r.body == read_at(path, first, last), f"bytes={field}: they are others")


@test(own=True, families=(4,), layouts=("fused",), long=True, sanitized=False, within=600)
def five_gibibytes(t):
    with large_site() as site:
        path = site.path("huge")
        appliance = start(t, site)
        expected = md5_of(t, f"cat {path}")
        equal(md5_of(t, f"{CURL} {t.url('/huge')}"), expected, "by HTTP")
        equal(md5_of(t, f"{CURL} https://{t.host}/huge"), expected, "by HTTPS")
        part = site.path("../part")  # of a download that broke off behind 4 GiB
        t.tool("cp", "--sparse=always", path, part)
        os.truncate(part, (1 << 32) + 12345)
        t.tool(*CURL.split(), "-C", "-", "-o", part, t.url("/huge"), within=250)
        equal(md5_of(t, f"cat {part}"), expected, "resumed")
        appliance.stop()


@test(own=True, layouts=("fused",), long=True, sanitized=False, within=600)
def ranges_beyond_four_gibibytes(t):
    with large_site() as site:
        path = site.path("huge")
        appliance = start(t, site)
        for connect in (Connection, TlsConnection):
            with connect(t) as c:
                for edge in EDGES:
                    for first, last in ((edge - 1, edge - 1), (edge - 700, edge + 700),
                                        (edge - 2, edge), (edge - 70000, edge - 1)):
                        check_range(c, path, f"{first}-{last}", first, min(last, SIZE - 1))
                for n in (1, 70000, MARK_BYTES):
                    check_range(c, path, f"-{n}", SIZE - n, SIZE - 1)
                check_range(c, path, f"{SIZE - 5}-", SIZE - 5, SIZE - 1)
                for field in (f"{SIZE}-", f"{SIZE}-{SIZE + 9}", "-0"):
                    r = c.get("/huge", f"Range: bytes={field}")
                    equal((r.status, r.fields["content-range"]), (416, f"bytes */{SIZE}"))
                firsts = [edge - 5 for edge in EDGES]
                r = c.get("/huge", "Range: bytes=" + ",".join(f"{n}-{n + 4}" for n in firsts))
                equal(r.status, 206)
                for n in firsts:
                    part = f"bytes {n}-{n + 4}/{SIZE}\r\n\r\n".encode() + read_at(path, n, n + 4)
                    true(part in r.body, f"no part for {n}")
                c.send(request("HEAD", "/huge"))
                equal(c.response("HEAD").fields["content-length"], str(SIZE))
        appliance.stop()


def becomes(t, appliance, size):
    """After a reload, /huge is a file of that size."""
    def is_so():
        c.send(request("HEAD", "/huge"))
        return c.response("HEAD").fields["content-length"] == str(size)
    appliance.process.send_signal(signal.SIGHUP)
    with Connection(t) as c:
        wait_until(is_so, LOAD_WITHIN_S, f"/huge has {size} bytes")


def md5_of_rest(c):
    """Of the body of a reply of SIZE bytes that has begun."""
    while b"\r\n\r\n" not in c.unread:
        c.more()
    data = c.unread.split(b"\r\n\r\n", 1)[1]
    digest, left = hashlib.md5(data), SIZE - len(data)
    while left:
        data = c.socket.recv(min(left, 1 << 20))
        true(data, f"the end comes {left} bytes early")
        digest.update(data)
        left -= len(data)
    return digest.hexdigest()


@test(own=True, families=(4,), layouts=("split",), long=True, sanitized=False, within=900)
def replaced_while_it_is_read(t):
    """What was begun goes on to the end, by HTTP and HTTPS; then its memory comes back."""
    with large_site() as site:
        path = site.path("huge")
        expected = md5_of(t, f"cat {path}")
        appliance = start(t, site)
        with Connection(t, within=60) as plain, TlsConnection(t, within=60) as secure:
            for c in (plain, secure):
                c.send(request("GET", "/huge"))
                c.more()
            site.write("../next", b"another\n")
            os.rename(site.path("../next"), path)
            becomes(t, appliance, len(b"another\n"))
            digests = {}
            readers = [threading.Thread(target=lambda c=c: digests.update({c: md5_of_rest(c)}))
                       for c in (plain, secure)]
            for reader in readers:
                reader.start()
            for reader in readers:
                reader.join()
            equal(list(digests.values()), [expected] * 2)
            true(appliance.resident_bytes() > SIZE, "nobody holds the old file")
            appliance.process.send_signal(signal.SIGHUP)
            wait_until(lambda: appliance.resident_bytes() < SIZE, 10, "its memory is given back")
        appliance.stop()


@test(own=True, families=(4,), layouts=("fused",), long=True, sanitized=False, within=600)
def memory_that_does_not_suffice_is_said(t):
    """With how much does, which then does."""
    with large_site() as site:
        try:
            start(t, site, "--content-memory", "5G")
            raise AssertionError("5 GiB are enough for more")
        except AssertionError as error:
            words = str(error)
        true("the bound is 5368709120" in words, words)
        needed = re.search(r"needs up to (\d+) bytes", words)[1]
        appliance = start(t, site, "--content-memory", needed)
        with Connection(t) as c:
            check_range(c, site.path("huge"), "-1000", SIZE - 1000, SIZE - 1)
        appliance.stop()
