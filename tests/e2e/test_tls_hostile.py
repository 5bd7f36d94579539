# SPDX-License-Identifier: BSD-2-Clause
"""TLS as scanners and floods speak it: what comes back, and that others are served meanwhile."""

import re
import ssl

import pki
from harness import equal, pattern, test, true
from http_client import Connection, request
from lab import wait_until
from tls_client import V12, V13, HandMade, TlsConnection, context, is_served, start

HANDSHAKE, ALERT = 22, 21
UNEXPECTED, OVERFLOW, FAILURE, ILLEGAL, DECODE, VERSION = 10, 22, 40, 47, 50, 70
SERVER_NAME, STATUS, TICKETS, VERSIONS, COOKIE, AUTHORITIES, KEY_SHARE = 0, 5, 41, 43, 44, 47, 51


def record(kind, content, version=b"\x03\x03"):
    return bytes([kind]) + version + len(content).to_bytes(2, "big") + content


def hello_message(t):
    with HandMade(t) as client:
        return client.client_hello()[5:]


def old_hello(version):
    """A ClientHello of SSL 3.0 to TLS 1.1: no extensions."""
    body = version + bytes(32) + b"\0" + b"\0\x04\xc0\x09\0\x2f" + b"\x01\0"
    return record(HANDSHAKE, b"\x01" + len(body).to_bytes(3, "big") + body, b"\x03\x01")


def with_compression(message):
    """Another method beside null, which 1.3 forbids (RFC 8446 section 4.1.2)."""
    at = 4 + 2 + 32
    at += 1 + message[at]
    at += 2 + int.from_bytes(message[at:at + 2], "big")
    body = message[4:at] + b"\x02\x01\x00" + message[at + 2:]
    return b"\x01" + len(body).to_bytes(3, "big") + body


def split(message):
    """A ClientHello's bytes before its extensions, and these: (type, body)."""
    at = 4 + 2 + 32
    at += 1 + message[at]
    at += 2 + int.from_bytes(message[at:at + 2], "big")
    at += 1 + message[at]
    head, rest, found = message[4:at], message[at + 2:], []
    while rest:
        kind, n = (int.from_bytes(rest[i:i + 2], "big") for i in (0, 2))
        found.append((kind, rest[4:4 + n]))
        rest = rest[4 + n:]
    return head, found


def with_extension(message, kind, body):
    """That extension with another body; or one more, the last."""
    head, found = split(message)
    found = [(k, body if k == kind else b) for k, b in found]
    if kind not in dict(found):
        found.append((kind, body))
    extensions = b"".join(
        k.to_bytes(2, "big") + len(b).to_bytes(2, "big") + b for k, b in found)
    whole = head + len(extensions).to_bytes(2, "big") + extensions
    return b"\x01" + len(whole).to_bytes(3, "big") + whole


def with_one_more(message, kind, body):
    """That extension before all others, whether it is there or not."""
    head, found = split(message)
    extensions = b"".join(
        k.to_bytes(2, "big") + len(b).to_bytes(2, "big") + b for k, b in [(kind, body), *found])
    whole = head + len(extensions).to_bytes(2, "big") + extensions
    return b"\x01" + len(whole).to_bytes(3, "big") + whole


def with_share(message, group):
    """One more share, of a byte."""
    shares = dict(split(message)[1])[KEY_SHARE][2:] + group + b"\0\x01\x09"
    return with_extension(message, KEY_SHARE, len(shares).to_bytes(2, "big") + shares)


def first_record(c):
    """Its type, and the second byte of it: an alert's description. () where there is none."""
    got = b""
    try:
        while len(got) < 7:
            data = c.socket.recv(1 << 16)
            if not data:
                return ()
            got += data
    except ConnectionResetError:
        return ()
    return (got[0], got[6])


@test(own=True, families=(4,), within=60, layouts=("fused",))
def first_words_of_scanners(t):
    """None ends its side of TCP: it is the server that has to answer."""
    appliance = start(t)
    hello = hello_message(t)
    for what, words, alerts in (
        ("a hello of SSL 2", b"\x80\x1c\x01\0\x02\0\x03\0\0\0\x10\x01\0\x80" + bytes(16), None),
        ("SSL 3.0", old_hello(b"\x03\0"), (VERSION,)),  # RFC 8446 appendix D.5
        ("TLS 1.0", old_hello(b"\x03\x01"), (VERSION,)),
        ("TLS 1.1", old_hello(b"\x03\x02"), (VERSION,)),
        ("compression", record(HANDSHAKE, with_compression(hello)), (ILLEGAL,)),
        ("data first", record(23, bytes(100)), (UNEXPECTED,)),
        ("CCS first", record(20, b"\x01"), (UNEXPECTED,)),
        ("a Finished first", record(HANDSHAKE, b"\x14\0\0\x0c" + bytes(12)), (UNEXPECTED,)),
        ("an empty hello", record(HANDSHAKE, b"\x01\0\0\0"), (DECODE,)),
        ("a hello cut short", record(HANDSHAKE, b"\x01\0\0\x14" + hello[4:24]), (DECODE,)),
        ("a huge hello", record(HANDSHAKE, b"\x01\xff\xff\xff" + hello[4:]), (ILLEGAL, DECODE)),
        ("a long record", record(HANDSHAKE, hello + bytes(16640 + 1 - len(hello))), (OVERFLOW,)),
        ("an empty record", record(HANDSHAKE, b""), (UNEXPECTED,)),
        ("empty records", record(HANDSHAKE, b"") * 40, (UNEXPECTED,)),
        ("one within a hello", record(HANDSHAKE, hello[:9]) + record(HANDSHAKE, b""),
         (UNEXPECTED,)),
        ("warnings", record(ALERT, b"\x01\x5a") * 40, (UNEXPECTED,)),
    ):
        with Connection(t, port=443) as c:
            c.send(words)
            c.socket.settimeout(5)
            try:
                got = first_record(c)
            except TimeoutError:
                raise AssertionError(f"{what}: no answer") from None
            true(got == () or got[0] == ALERT, f"{what}: a record of type {got and got[0]}")
            true(not alerts or (got and got[1] in alerts), f"{what}: {got}, not {alerts}")
            true(c.drops(), f"{what}: the connection stays")
    with Connection(t, port=443) as c:  # allowed, if odd
        c.send(b"".join(record(HANDSHAKE, hello[i:i + 1]) for i in range(len(hello))))
        c.socket.settimeout(5)
        equal(first_record(c)[0], HANDSHAKE, "answer to a hello of one byte a record")
    appliance.stop()


@test(own=True, families=(4,), layouts=("fused",))
def http_to_the_port_of_https(t):
    """Answered in the clear, as nginx does; a large body to it is no reason to lose the answer."""
    body = pki.path("body")
    with open(body, "wb") as file:
        file.write(bytes(1 << 20))
    for records in ("lean", "openssl"):
        appliance = start(t, "--tls-records", records)
        for options in ((), ("-T", body), ("-H", "Expect:", "-d", f"@{body}")):
            words = t.tool("curl", "-sS", "-i", "-g", "--max-time", "20", *options,
                           t.url("/hello/you", 443))
            true(words.startswith("HTTP/1.1 400 Bad Request\r\n"), words)
            true("The plain HTTP request was sent to HTTPS port" in words, words)
        with Connection(t, port=443) as c:
            for byte in request("GET", "/hello/you"):
                c.send(bytes([byte]))
            equal(c.response().status, 400)
            true(c.ends(), "the connection stays")
        with Connection(t, port=443) as c:
            c.send(request("HEAD", "/hello/you"))
            answer = c.response("HEAD")
            true(answer.status == 400 and int(answer.fields["content-length"]) > 0, answer)
            true(c.ends(), "a body behind the reply to HEAD")
        appliance.stop()
        true(re.search(r"plain_http +5\b", appliance.words(200)), "they are not counted")


@test(own=True, families=(4,), within=60, layouts=("fused",))
def hellos_that_break_a_rule(t):
    """RFC 8446: sections 4.1.2, 4.2, 4.2.1, 4.2.2, 4.2.8, 4.2.11; RFC 6066. Whoever reads them."""
    ticket, binder = b"\0\x01t" + bytes(4), b"\x20" + bytes(32)
    for records in ("lean", "openssl"):
        appliance = start(t, "--tls-records", records)
        hello = hello_message(t)
        at = 4 + 2 + 32 + 1 + hello[4 + 2 + 32]
        at += 2 + int.from_bytes(hello[at:at + 2], "big")
        for what, message, alert in (
            ("deflate only", hello[:at] + b"\x01\x01" + hello[at + 2:], ILLEGAL),
            ("a name of no bytes", with_extension(hello, SERVER_NAME, b"\0\3\0\0\0"), DECODE),
            ("no versions", with_extension(hello, VERSIONS, b"\0"), DECODE),
            ("an odd list of them", with_extension(hello, VERSIONS, b"\3\3\4\3"), DECODE),
            ("a share of no group", with_share(hello, b"\x1a\x1a"), ILLEGAL),
            ("a status request for garbage",
             with_extension(hello, STATUS, b"\1\0\3\0\5a\0\0"), DECODE),
            ("a broken list of authorities", with_extension(hello, AUTHORITIES, b"\0\5ab"), DECODE),
            ("two names", with_one_more(hello, SERVER_NAME, b"\0\4\0\0\1a"), ILLEGAL),
            ("an unknown extension twice",
             with_one_more(with_extension(hello, 0x3333, b""), 0x3333, b"x"), ILLEGAL),
            ("a cookie of nobody", with_extension(hello, COOKIE, b"\0\1c"), ILLEGAL),
            ("two shares of X25519", with_share(hello, b"\0\x1d"), ILLEGAL),
            ("no binder", with_extension(hello, TICKETS, b"\0\x07" + ticket + b"\0\0"), DECODE),
            ("two tickets, one binder",
             with_extension(hello, TICKETS, b"\0\x0e" + ticket * 2 + b"\0\x21" + binder), ILLEGAL),
        ):
            with Connection(t, port=443) as c:
                c.send(record(HANDSHAKE, message))
                c.socket.settimeout(5)
                equal(first_record(c), (ALERT, alert), f"{what}, {records} records")
        appliance.stop()


@test(own=True, families=(4,), within=60, layouts=("fused",))
def plain_requests_beside_a_flood_of_handshakes(t):
    backlog = 8
    appliance = start(t, "--tls-cores", "1", "--net-cores", "0", "--tls-backlog", str(backlog))
    message = hello_message(t)
    whole, half = record(HANDSHAKE, message), record(HANDSHAKE, message)[:100]
    held = []
    with Connection(t) as plain:
        for n in range(20 * backlog):
            held.append(Connection(t, port=443))
            held[-1].send(whole if n % 2 else half)
            equal(plain.get("/hello/you").status, 200, "a plain request beside the flood")
            if n % 5 == 4:  # some go, and others come in their place
                held.pop(n % len(held)).socket.close()
    for c in held:
        c.socket.close()
    wait_until(lambda: is_served(t), 5, "the flood is over, and nobody is served")
    appliance.stop()
    shed = re.search(r"handshakes_shed +(\d+)", appliance.words(200))
    true(shed and int(shed[1]) > 0, "no handshake was shed")


@test(own=True, families=(4,), within=60, layouts=("fused",))
def hellos_that_are_large_or_ask_again(t):
    appliance = start(t)
    for n in (70, 250):  # ClientHellos of 18 and 64 kB, in several records
        many = tuple(f"{i:0255}" for i in range(n))
        with TlsConnection(t, context(alpn=(*many, "http/1.1"))) as c:
            equal(c.socket.selected_alpn_protocol(), "http/1.1")
            equal(c.get("/hello/large").body, b"Hello, large")
    words = t.tool("openssl", "s_client", "-connect", f"{t.host}:443", "-tls1_3", "-msg",
                   "-groups", "P-521:P-256", "-ign_eof",
                   data=request("GET", "/hello/again", "Connection: close"))
    equal(words.count("ServerHello\n"), 2, "ServerHellos, of which one is a HelloRetryRequest")
    true("Hello, again" in words, words)
    appliance.stop()


@test(own=True, families=(4,), within=60, layouts=("fused",))
def what_follows_a_close_notify_is_ignored(t):
    """RFC 8446 section 6.1: and the answer to what came before it arrives as a whole."""
    appliance = start(t)
    n = 2_000_000
    for version in (V12, V13):
        for after in (0, 100, 50_000):
            with HandMade(t, context(version)) as client:
                client.wire.socket.settimeout(10)
                client.attempt(client.tls.do_handshake)
                client.tls.write(request("GET", f"/bytes/{n}"))
                try:
                    client.tls.unwrap()
                except ssl.SSLWantReadError:
                    pass
                client.wire.send(client.outgoing.read() + b"\x17\x03\x03" + bytes(after))
                got = b""
                while len(got) < got.find(b"\r\n\r\n") + 4 + n:
                    more = client.attempt(client.tls.read, 1 << 20)
                    true(more, f"{version.name}, {after} bytes: it ends after {len(got)}")
                    got += more
                true(got.endswith(pattern(n)[-1000:]), "wrong bytes")
    appliance.stop()


@test(own=True, families=(4,), within=60, layouts=("fused",))
def records_may_be_padded(t):
    """RFC 8446 section 5.4: all that are encrypted, those of the handshake included."""
    appliance = start(t)
    for block in (64, 512, 4096, 16384):
        words = t.tool("openssl", "s_client", "-connect", f"{t.host}:443", "-tls1_3",
                       "-record_padding", str(block), "-ign_eof",
                       data=request("GET", "/hello/padded", "Connection: close"), ok=None)
        true("Hello, padded" in words, f"blocks of {block} bytes: {words[-300:]}")
    appliance.stop()
