# SPDX-License-Identifier: BSD-2-Clause
"""TLS 1.2 after the handshake, where OpenSSL has gone: by clients that are not ours."""

import re
import socket
import ssl
import struct

import pki
from harness import equal, pattern, test, true
from http_client import request
from tls_client import V12, HandMade, TlsConnection, context
from tls_client import start as start_https

SUITES = [f"ECDHE-{key}-{cipher}" for key in ("ECDSA", "RSA") for cipher in (
    "AES128-GCM-SHA256", "AES256-GCM-SHA384", "CHACHA20-POLY1305")]


def start(t, *options):
    pairs = pki.options(pki.pair("one.test"), pki.pair("rsa.test", "rsa"))
    return start_https(t, *options, pairs=pairs)


@test(own=True, within=60)
def curl_with_every_suite(t):
    appliance = start(t)
    n = 1 << 20
    for suite in SUITES:
        name = "rsa.test" if "RSA" in suite else "one.test"
        words = t.tool(
            "curl", "-sS", "--max-time", "20", "--tlsv1.2", "--tls-max", "1.2", "--ciphers", suite,
            "--cacert", pki.authority(), "--connect-to", f"::{t.host}:443",
            "-w", "%{http_code} %{size_download} %{num_connects}",
            f"https://{name}/bytes/{n}", f"https://{name}/hello/again")
        body = pattern(n).decode("latin-1")
        true(words == f"{body}200 {n} 1Hello, again200 12 0", f"{suite}: {words[n:]}")
    appliance.stop()


@test(own=True, families=(4,), layouts=("fused",))
def renegotiation_is_refused_and_nothing_else_happens(t):
    """RFC 5246 section 7.2.2. OpenSSL's client gives up then, with an alert."""
    appliance = start(t)
    for suite in SUITES[:3]:
        words = t.tool("openssl", "s_client", "-connect", f"{t.host}:443", "-tls1_2", "-msg",
                       "-cipher", suite, "-servername", "one.test", data=b"R\n", ok=None)
        equal(words.count("ClientHello"), 2, f"{suite}: ClientHellos")
        true("warning no_renegotiation" in words, f"{suite}: {words[-1000:]}")
        equal(words.count("ServerHello\n"), 1, f"{suite}: ServerHellos")
    with TlsConnection(t, context(V12)) as c:
        equal(c.get("/").status, 200)
    appliance.stop()
    true(re.search(r"alerts_in +3\b", appliance.words(200)), "its alerts are not counted")


def finish(client):
    client.attempt(client.tls.do_handshake)
    client.tls.write(request("GET", "/bytes/300000"))
    return client.outgoing.read()


def kill(client):
    """The kernel sends a RST."""
    client.wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.wire.socket.close()


@test(own=True, within=60)
def a_hundred_killed_connections(t):
    """In the middle of a record to the server, or of an answer. All memory comes back: stop()."""
    appliance = start(t)
    for n in range(100):
        with HandMade(t, context(V12)) as client:
            words = finish(client)
            client.wire.send(words[:len(words) * n // 99])
            if n % 2:
                kill(client)
    with TlsConnection(t, context(V12)) as c:
        true(c.get("/bytes/300000").body == pattern(300_000), "wrong bytes")
    appliance.stop()


@test(own=True, families=(4,), within=60, layouts=("fused",))
def forged_and_repeated_records(t):
    appliance = start(t)
    for suite in SUITES[:3]:
        for forge in (lambda r: r[:-1] + bytes([r[-1] ^ 1]), lambda r: r + r,
                      lambda r: b"\x16" + r[1:]):
            tls = context(V12)
            tls.set_ciphers(suite)
            with HandMade(t, tls) as client:
                client.attempt(client.tls.do_handshake)
                client.tls.write(request("GET", "/"))
                client.wire.send(forge(client.outgoing.read()))
                try:
                    while client.attempt(client.tls.read, 1 << 16):
                        pass
                    raise AssertionError("a forged record was taken")
                except ssl.SSLError as error:
                    true("BAD_RECORD_MAC" in str(error).upper(), f"another alert: {error}")
    appliance.stop()
