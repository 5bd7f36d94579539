# SPDX-License-Identifier: BSD-2-Clause
"""TLS clients that read slowly, and those that do not, share a net core's buffers."""

import re
import socket
import time

from harness import equal, test, true
from http_client import request
from tls_client import TlsConnection, start

N_SLOW = 300
BYTES = 20_000_000
LEAST_SPEED = 1 / 4  # of what it is without slow readers
MOST_TRIES = 12  # other tests may have the machine meanwhile


def seconds(t):
    """How long a client takes that reads as fast as it can."""
    with TlsConnection(t) as c:
        started = time.monotonic()
        c.send(request("GET", f"/bytes/{BYTES}"))
        equal(len(c.response().body), BYTES, "bytes")
        return time.monotonic() - started


def ask(t):
    c = TlsConnection(t, receive_buffer=4096)
    c.send(request("GET", "/bytes/1073741824"))
    return c


def is_served(c):
    """It has got something, and may go on."""
    true(c.socket.recv(1000) != b"", "the end of a slow reader")
    return c.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0


@test(own=True, families=(4,), within=120)
def fast_and_slow_side_by_side(t):
    appliance = start(t, "--tls-backlog", "1000")
    alone = min(seconds(t) for _ in range(6))
    slow = [ask(t) for _ in range(N_SLOW)]
    beside = [seconds(t) for _ in range(3)]
    equal(sum(is_served(c) for c in slow), N_SLOW, "slow readers that are served")
    while len(beside) < 6 or (alone / min(beside) <= LEAST_SPEED and len(beside) < MOST_TRIES):
        beside.append(seconds(t))
    equal(sum(is_served(c) for c in slow), N_SLOW, "slow readers that are served")
    for c in slow:
        c.socket.close()
    speed = alone / min(beside)
    true(speed > LEAST_SPEED, f"{speed:.2f} of the speed: {min(beside):.2f} s")
    appliance.stop()
    for counter in ("write_timeout", "reply_timeout", "no_buffer"):
        true(not re.search(rf"\b{counter} +[1-9]", appliance.words(300)), f"some {counter}")
