# SPDX-License-Identifier: BSD-2-Clause
"""Many clients that ask for much and take a byte a second of it: each costs little, all are cut,
and nobody else notices."""

import re
import socket
import time

from harness import equal, test, true
from http_client import Connection, request
from test_site import Site

GIBIBYTE = 1 << 30
WRITE_TIMEOUT_S = 3
MOST_BYTES_EACH = 4096


def is_cut(c):
    """Takes one byte. Has the server ended the connection? What came before can still be read."""
    try:
        true(c.socket.recv(1) != b"", "FIN to a slow reader")
    except BlockingIOError:
        pass
    except ConnectionError:
        return True
    return c.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) != 0


def ask(t, path):
    c = Connection(t, receive_buffer=4096)
    c.send(request("GET", path))
    c.socket.setblocking(False)
    return c


def outlast(t, n, path, *options):
    appliance = t.start("--write-timeout", str(WRITE_TIMEOUT_S), "--max-conns", "16384", *options,
                        ready_within_s=300)
    equal(ask_one(t), 200)
    before = appliance.resident_bytes()
    slow = [ask(t, path) for _ in range(n)]
    deadline = time.monotonic() + 10 * WRITE_TIMEOUT_S
    most = 0
    while slow and time.monotonic() < deadline:
        due = time.monotonic() + 1
        most = max(most, appliance.resident_bytes() - before)
        equal(ask_one(t), 200, "status beside slow readers")
        still = []
        for c in slow:
            if is_cut(c):
                c.socket.close()
            else:
                still.append(c)
        slow = still
        time.sleep(max(0, due - time.monotonic()))  # the byte a second is what is tested
    true(not slow, f"{len(slow)} of {n} slow readers are still served")
    appliance.stop()
    cut = re.search(r"http +write_timeout +(\d+)", appliance.words(200))
    equal(int(cut[1]) if cut else 0, n, "connections that were cut")
    return most / n


def ask_one(t):
    with Connection(t) as c:
        return c.get("/").status


@test(own=True, families=(4,), layouts=("fused",))
def a_few_hundred(t):
    outlast(t, 300, f"/bytes/{GIBIBYTE}")


@test(own=True, families=(4,), layouts=("split",), long=True, sanitized=False, within=300)
def ten_thousand(t):
    """Of these, memory tells something: pages are touched one by one."""
    each = outlast(t, 10_000, f"/bytes/{GIBIBYTE}")
    true(each < MOST_BYTES_EACH, f"{each:.0f} bytes each")


@test(own=True, families=(4,), layouts=("split",), long=True, sanitized=False, within=600)
def ten_thousand_of_a_file(t):
    with Site() as site:
        with open(site.path("large"), "wb") as file:
            file.truncate(GIBIBYTE)
        each = outlast(t, 10_000, "/large", "--root", site.root)
    true(each < MOST_BYTES_EACH, f"{each:.0f} bytes each")
