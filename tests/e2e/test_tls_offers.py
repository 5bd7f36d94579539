# SPDX-License-Identifier: BSD-2-Clause
"""What clients offer to have a handshake short: certificates compressed (RFC 8879), and records no
longer than they can take (RFC 8449)."""

import shutil
import signal
import zlib

import pki
from harness import equal, test, true
from http_client import request
from lab import wait_until
from tls_client import start
from tls_raw import (
    CERTIFICATE, COMPRESSED, COMPRESSIONS, DATA, EXTENSIONS, HANDSHAKE, LIMIT, P256, SERVED, X25519,
    Client, number, numbers, vector)

ZLIB, BROTLI, ZSTD = 1, 2, 3
OURS, OURS_BY_A_CURVE, OPENSSLS = (X25519, True), (P256, True), (P256, False)
BYTES = 300_000


def shake_hands(c, certificate=CERTIFICATE, **offered):
    c.say_hello({**offered.get("extensions", {}), **c.extensions()})
    c.hear_flight(certificate)
    c.send(HANDSHAKE, c.finished())
    c.use_keys()


def certificate(t, whose, *algorithms, kind=CERTIFICATE):
    """The body of the message that a client gets who offers these."""
    with Client(t, *whose) as c:
        shake_hands(c, kind, extensions={COMPRESSIONS: vector(1, numbers(*algorithms))})
        equal(c.ask(), SERVED, f"{algorithms}, {whose}")
        return c.heard[kind]


def inflate(message):
    """What a CompressedCertificate has in it."""
    equal(message[:2], number(ZLIB, 2), "the algorithm")
    equal(int.from_bytes(message[5:8], "big"), len(message) - 8, "compressed bytes")
    text = zlib.decompress(message[8:])
    equal(int.from_bytes(message[2:5], "big"), len(text), "bytes")
    return text


@test(own=True, within=60)
def certificates_are_compressed_for_who_can_do_with_it(t):
    pair = [pki.path(f"offers-{t.host}.{kind}") for kind in ("pem", "key")]

    def use(name):
        for source, target in zip(pki.pair(name), pair):
            shutil.copy(source, target)

    use("offers-before.test")
    appliance = start(t, pairs=pki.options(pair))
    plain = certificate(t, OURS, 0x4001)
    for whose in (OURS, OURS_BY_A_CURVE):
        equal(inflate(certificate(t, whose, ZLIB, kind=COMPRESSED)), plain, f"{whose}")
        all_of_them = certificate(t, whose, ZSTD, ZLIB, BROTLI, kind=COMPRESSED)
        for algorithm in (ZLIB, BROTLI, ZSTD):
            alone = certificate(t, whose, algorithm, kind=COMPRESSED)
            equal(alone[:2], number(algorithm, 2), "the algorithm")
            true(len(all_of_them) <= len(alone) < len(plain), "not the shortest")
    equal(certificate(t, OPENSSLS, ZLIB, BROTLI, ZSTD), plain, "OpenSSL's")
    use("offers-after.test")
    appliance.process.send_signal(signal.SIGHUP)
    wait_until(lambda: certificate(t, OURS, 0x4001) != plain, 5, "a reload")
    equal(inflate(certificate(t, OURS, ZLIB, kind=COMPRESSED)), certificate(t, OURS, 0x4001))
    appliance.stop()


def read_body(c, n):
    body = b""
    c.send(DATA, request("GET", f"/bytes/{n}", host="one.test"))
    while not body.partition(b"\r\n\r\n")[1] or len(body.partition(b"\r\n\r\n")[2]) < n:
        kind, content = c.receive()
        body += content if kind == DATA else b""
    return body.partition(b"\r\n\r\n")[2]


@test(own=True, within=60)
def records_are_no_longer_than_a_client_takes(t):
    appliance = start(t)
    for limit, whose, is_answered in (
        *((limit, whose, True) for whose in (OURS, OURS_BY_A_CURVE)
          for limit in (64, 600, 1 << 14, (1 << 14) + 1)),
        (512, OPENSSLS, False), (600, OPENSSLS, True), ((1 << 14) + 1, OPENSSLS, True),
    ):
        with Client(t, *whose) as c:
            shake_hands(c, extensions={LIMIT: number(limit, 2)})
            answer = number(LIMIT, 2) + vector(2, number((1 << 14) + 1, 2))
            equal(answer in c.heard[EXTENSIONS], is_answered, f"{limit} answered, {whose}")
            equal(len(read_body(c, BYTES)), BYTES, "bytes")
            equal(c.longest, limit if is_answered else (1 << 14) + 1, f"{limit}, {whose}")
    appliance.stop()
