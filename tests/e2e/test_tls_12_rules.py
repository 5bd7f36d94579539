# SPDX-License-Identifier: BSD-2-Clause
"""What fuzzers of TLS 1.2 say and do, message by message, and what has to come of it: until the
handshake is complete by OpenSSL, then by us. Sections are RFC 5246's unless told."""

import os

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

import pki
from harness import equal, test, true
from http_client import Connection
from tls_client import PORT, start
from tls_raw import (
    ALERT, ALPN, BAD_MAC, CCS, COMPRESSIONS, DATA, DECODE, DECRYPT, FAILURE, FALLBACK, GET, GROUPS,
    HANDSHAKE, ILLEGAL, LIMIT, NAME, NO_PROTOCOL, OVERFLOW, P256, SERVED, SIGNATURES, UNEXPECTED,
    VERSION, X25519, message, number, numbers, record, vector)
from tls_raw_12 import (
    ECDSA_AES, ECDSA_CHACHA, MASTER_SECRET, RSA_AES_256, SUITES, TICKET, Client12)

HELLO_REQUEST, CERTIFICATE, HELLO_DONE, VERIFY, KEY_EXCHANGE, FINISHED = 0, 11, 14, 15, 16, 20
FRAGMENT, STATUS, POINTS, HEARTBEAT, ENCRYPT_THEN_MAC, RENEGOTIATION = 1, 5, 11, 15, 22, 0xff01
NO_RENEGOTIATION = 100
NEW_KEYS = "a CCS, and what follows from it"


def begin(t):
    return start(t, pairs=pki.options(pki.pair("one.test"), pki.pair("rsa.test", "rsa")))


def check(t, cases, run, **how):
    for what, expected, case in cases:
        with Client12(t, **how) as c:
            equal(run(c, case), expected, f"{what}, {how}")


def word(kind, *content):
    return lambda c: c.send(kind, *content)


def changed(words, at):
    """With another byte there."""
    words = bytearray(words)
    words[at] ^= 1
    return bytes(words)


# ---- hellos ----


def name(*names):
    return {NAME: vector(2, b"".join(number(kind, 1) + vector(2, text) for kind, text in names))}


def protocols(*names):
    return {ALPN: vector(2, b"".join(vector(1, text) for text in names))}


# Extensions that are others, None for one that is not there; or arguments of Client.hello().
HELLOS = (
    ("a plain one", SERVED, {}),
    *((f"E.1: version {version:04x}", SERVED, {"version": number(version, 2)})
      for version in (0x0304, 0x03fe, 0x0603, 0xfefe)),
    *((f"E.1: version {version:04x}", VERSION, {"version": number(version, 2)})
      for version in (0, 0x0002, 0x0200, 0x0301, 0x0302)),
    ("RFC 7507 3: a fallback", FALLBACK, {"suites": numbers(0x5600, ECDSA_AES)}),
    ("RFC 7507 3: another one", FALLBACK,
     {"suites": numbers(ECDSA_AES, 0x1301, 0x5600), "version": b"\3\4"}),
    ("7.4.1.2: half a suite", DECODE, {"suites": numbers(ECDSA_AES) + b"\0"}),
    ("7.4.1.2: one of 1.3", FAILURE, {"suites": numbers(0x1301)}),
    ("7.4.1.2: CBC, RSA, and no encryption", FAILURE, {"suites": numbers(0xc009, 0x9c, 0)}),
    ("7.4.1.2: 32,000 of them", SERVED,
     {"suites": numbers(*range(0x0100, 0x5600), *range(0x5601, 0x8000), ECDSA_AES)}),
    ("7.4.1.2: all compressions", SERVED, {"compressions": bytes(range(255))}),
    ("7.4.1.2: all but none", ILLEGAL, {"compressions": bytes(range(1, 255))}),
    ("7.4.1.4: 4000 unknown extensions", SERVED, {0x8000 + i: b"" for i in range(4000)}),
    ("7.4.1.4: a large one", SERVED, {0x8000: bytes(65000)}),
    ("7.4.1.4.1: no algorithm", DECODE, {SIGNATURES: b"\0\0"}),
    ("7.4.1.4.1: half of one", DECODE, {SIGNATURES: b"\0\3\4\3\4"}),
    ("7.4.1.4.1: more behind them", DECODE, {SIGNATURES: b"\0\2\4\3\4\1"}),
    ("RFC 9155 2: MD5 and SHA-1", FAILURE, {SIGNATURES: vector(2, numbers(0x0101, 0x0203))}),
    ("RFC 8422 5.1: no group", DECODE, {GROUPS: b"\0\0"}),
    ("RFC 8422 5.1: half of one", DECODE, {GROUPS: b"\0\3\0\x17\0"}),
    ("RFC 8422 5.1: none of ours", FAILURE, {GROUPS: vector(2, numbers(25, 0x1e0f))}),
    ("RFC 8422 5.1: unknown ones, too", SERVED, {GROUPS: vector(2, numbers(0x1e0f, P256))}),
    ("RFC 8422 5.1.2: no point format", DECODE, {POINTS: b"\0"}),
    ("RFC 8422 5.1.2: all of them", SERVED, {POINTS: vector(1, bytes(range(255)))}),
    ("RFC 5746 3.6: a renegotiation", FAILURE, {RENEGOTIATION: b"\1x"}),
    ("RFC 5746 3.2: more behind it", DECODE, {RENEGOTIATION: b"\0\0"}),
    ("RFC 7627 5.1: not empty", DECODE, {MASTER_SECRET: b"\0"}),
    ("RFC 6066 3: no name", DECODE, {NAME: b""}),
    ("RFC 6066 3: a name of no bytes", DECODE, name((0, b""))),
    ("RFC 6066 3: another's", SERVED, name((0, b"two.test"))),
    ("RFC 6066 3: two", ILLEGAL, name((0, b"one.test"), (0, b"two.test"))),
    ("RFC 6066 3: with a NUL", ILLEGAL, name((0, b"one.tes\0t"))),
    ("RFC 6066 3: with a BEL", ILLEGAL, name((0, b"one.tes\7t"))),
    ("RFC 6066 3: in UTF-8", ILLEGAL, name((0, b"one.tes\xc4\x85t"))),
    ("RFC 6066 4: no such length", ILLEGAL, {FRAGMENT: b"\0"}),
    ("RFC 6066 8: cut", DECODE, {STATUS: b"\1\0\0\0"}),
    ("RFC 8449 4: less than 64 bytes", ILLEGAL, {LIMIT: number(63, 2)}),
    ("RFC 8449 4: of three bytes", DECODE, {LIMIT: b"\x40\0\0"}),
    ("RFC 8449 4: more than there may be", SERVED, {LIMIT: number(65535, 2)}),
    ("RFC 8879 3: of no account, be it malformed", SERVED, {COMPRESSIONS: b"\3\0\1\0"}),
    ("RFC 7301 3.1: no name", DECODE, {ALPN: b"\0\0"}),
    ("RFC 7301 3.1: more behind them", DECODE, {ALPN: b"\0\x09\x08http/1.1\2h2"}),
    ("RFC 7301 3.1: the last is cut", DECODE, {ALPN: b"\0\x0b\x08http/1.1\2h"}),
    ("RFC 7301 3.2: the beginning of ours", NO_PROTOCOL, protocols(b"http/1.")),
    ("RFC 7301 3.2: that, and ours", SERVED, protocols(b"http/1.", b"http/1.1")),
)


def after_hello(c, case):
    how = {k: v for k, v in case.items() if isinstance(k, str)}
    c.said = c.hello({**c.extensions(), **{k: v for k, v in case.items() if k not in how}}, **how)
    c.send(HANDSHAKE, c.said)
    kind, content = c.receive()
    if kind == ALERT:
        return content[1]
    c.messages = content
    c.hear_flight()
    c.finish()
    return c.ask()


def fuzzed(at, bits):
    """A byte of a hello with nothing but a renegotiation_info is another one."""
    def run(c):
        hello = bytearray(c.hello({RENEGOTIATION: b"\0"}))
        hello[at] ^= bits
        c.send(HANDSHAKE, bytes(hello))
        return c.answer()
    return run


@test(own=True, families=(4,), within=60, layouts=("fused",))
def hellos(t):
    appliance = begin(t)
    check(t, HELLOS, after_hello)
    # Of the lengths of session id, suites, compressions (8: the rest is just that), extensions.
    for at, but in ((38, ()), (39, ()), (40, ()), (43, (9,)), (45, ()), (46, ())):
        check(t, ((f"7.4.1.2: byte {at} ^ {bits}", DECODE, fuzzed(at, bits))
                  for bits in (*range(1, 16), 32, 64, 128, 255) if bits not in but),
              lambda c, run: run(c))
    with Client12(t) as c:
        whole = c.hello()[4:]
    check(t, ((f"7.4.1.2: {len(body)} bytes", DECODE, body) for body in (
        whole[:20], whole[:34], whole[:36], whole[:-1], whole[:-5], whole + b"\0")),
          lambda c, body: (c.send(HANDSHAKE, message(1, body)), c.answer())[1])
    for kind in (0, 2, 4, 11, 12, 14, 15, 16, 20, 22, 255):
        with Client12(t) as c:
            c.send(HANDSHAKE, number(kind, 1) + c.hello()[1:])
            equal(c.answer(), UNEXPECTED, f"7.4: a message {kind} first")
    for version in (b"\3\0", b"\3\1", b"\3\xfe"):  # E.1: that of the first record
        with Client12(t) as c:
            c.said = c.hello()
            c.wire.send(record(HANDSHAKE, c.said, version))
            c.hear_flight()
            c.finish()
            equal(c.ask(), SERVED, f"E.1: a record of version {version.hex()}")
    appliance.stop()


@test(own=True, families=(4,), layouts=("fused",))
def what_is_answered(t):
    appliance = begin(t)
    offers = {MASTER_SECRET: b"", RENEGOTIATION: b"\0", POINTS: b"\1\0", TICKET: b"",
              STATUS: b"\1\0\0\0\0", ENCRYPT_THEN_MAC: b"", HEARTBEAT: b"\1", 28: b"\0\x40",
              18: b"", **protocols(b"h2", b"http/1.1")}
    for suite in SUITES:
        for group in (P256, X25519):
            host = b"rsa.test" if suite == RSA_AES_256 else b"one.test"
            with Client12(t, suite, group) as c:
                c.shake_hands({**c.extensions(), **name((0, host)), **offers,
                               GROUPS: vector(2, numbers(group, P256))})
                equal(sorted(c.answers), sorted([
                    NAME, MASTER_SECRET, RENEGOTIATION, POINTS, TICKET, ALPN]),
                      f"what is answered with suite {suite:x}")
                equal(c.answers[ALPN], protocols(b"http/1.1")[ALPN], "the protocol")
                equal(c.server_random[-8:], b"DOWNGRD\1", "RFC 8446 4.1.3: the random's end")
                equal(c.ask(), SERVED, f"suite {suite:x}, group {group}")
    with Client12(t) as c:
        c.shake_hands()
        equal(c.answers, {NAME: b""}, "what is answered where nothing is offered")
    appliance.stop()


# ---- what comes after the server's flight ----


def hand_over(*words, tampered=None):
    """A ClientKeyExchange, what is told of the rest, and a Finished if that is one of it."""
    def run(c):
        for what in words:
            if what == KEY_EXCHANGE:
                c.say(c.key_exchange())
                c.derive()
            elif what == NEW_KEYS:
                c.change_keys()
            elif what == FINISHED:
                c.send(HANDSHAKE, message(FINISHED, (tampered or bytes)(c.verify_data())))
            else:
                c.send(*what) if isinstance(what, tuple) else what(c)
    return run


def point(make):
    return lambda c: c.send(HANDSHAKE, c.key_exchange(make(c.share)))


def parity(share, first):
    """Of an uncompressed point's y: what a form whose number depends on it begins with."""
    return number(first + (share[-1] & 1), 1)


def compressed(share):
    return parity(share, 2) + share[1:33]


def say_compressed(c):
    c.say(c.key_exchange(compressed(c.share)))
    c.derive()


def again(c):
    c.send(HANDSHAKE, c.key_exchange())


def hello(c):
    c.send(HANDSHAKE, c.hello())


BEFORE_FINISHED = (
    ("7.3: no ClientKeyExchange", UNEXPECTED, word(CCS, b"\1")),
    ("7.3: no CCS", UNEXPECTED, hand_over(KEY_EXCHANGE, FINISHED)),
    ("7.3: no Finished", UNEXPECTED, hand_over(KEY_EXCHANGE, NEW_KEYS, (DATA, GET))),
    ("7.3: data at once", UNEXPECTED, word(DATA, GET)),
    ("7.3: data before a CCS", UNEXPECTED, hand_over(KEY_EXCHANGE, (DATA, GET))),
    ("7.3: a hello again", UNEXPECTED, hello),
    ("7.3: and that after the ClientKeyExchange", UNEXPECTED, hand_over(KEY_EXCHANGE, hello)),
    ("7.3: and after a CCS", UNEXPECTED, hand_over(KEY_EXCHANGE, NEW_KEYS, hello)),
    ("7.3: two ClientKeyExchanges", UNEXPECTED, hand_over(KEY_EXCHANGE, again)),
    ("7.3: the second after a CCS", UNEXPECTED, hand_over(KEY_EXCHANGE, NEW_KEYS, again)),
    ("7.3: two CCS", UNEXPECTED, hand_over(KEY_EXCHANGE, NEW_KEYS, (CCS, b"\1"))),
    ("7.4.1.1: a HelloRequest", UNEXPECTED, word(HANDSHAKE, message(HELLO_REQUEST, b""))),
    ("7.4.6: a certificate", UNEXPECTED, word(HANDSHAKE, message(CERTIFICATE, b"\0\0\0"))),
    ("7.4.8: a proof of none", UNEXPECTED,
     hand_over(KEY_EXCHANGE, (HANDSHAKE, message(VERIFY, b"\4\3\0\0")))),
    ("7.4.5: the server's", UNEXPECTED, word(HANDSHAKE, message(HELLO_DONE, b""))),
    ("7.1: a CCS of two bytes", UNEXPECTED, hand_over(KEY_EXCHANGE, (CCS, b"\1\1"))),
    ("7.1: a CCS of 2", UNEXPECTED, hand_over(KEY_EXCHANGE, (CCS, b"\2"))),
    ("6.2.1: no known type", UNEXPECTED, hand_over(KEY_EXCHANGE, (24, b"hello"))),
    ("7.2: an error", b"", word(ALERT, b"\2\x28")),
    ("7.2: 40 warnings", UNEXPECTED, lambda c: c.wire.send(record(ALERT, b"\1\x5a") * 40)),
    ("RFC 8422 5.7: no key at all", DECODE, word(HANDSHAKE, message(KEY_EXCHANGE, b""))),
    ("RFC 8422 5.4: a point of no bytes", DECODE, point(lambda share: b"")),
    ("RFC 8422 5.7: cut", DECODE,
     lambda c: c.send(HANDSHAKE, message(KEY_EXCHANGE, vector(1, c.share)[:-1]))),
    ("RFC 8422 5.7: more behind it", DECODE,
     lambda c: c.send(HANDSHAKE, message(KEY_EXCHANGE, vector(1, c.share) + b"\0"))),
    *((f"RFC 8422 5.4: {n} bytes, and {said} as their number", DECODE, word(
        HANDSHAKE, message(KEY_EXCHANGE, number(said, 1) + b"\5" * n)))
      for n, said in ((32, 31), (32, 33), (32, 255), (33, 32), (64, 65), (66, 65))),
    ("7.2.2: one of 64 KiB", DECODE, word(HANDSHAKE, message(KEY_EXCHANGE, bytes(65536))[:9])),
    ("RFC 8422 5.11: a short point", ILLEGAL, point(lambda share: share[:-1])),
    ("RFC 8422 5.11: a long one", ILLEGAL, point(lambda share: share + b"\0")),
    ("RFC 8422 5.11: (0, 0)", ILLEGAL, point(lambda share: b"\4" + bytes(64))),
    ("RFC 8422 5.11: off the curve", ILLEGAL, point(lambda share: changed(share, -1))),
    ("RFC 8422 5.11: at infinity", ILLEGAL, point(lambda share: b"\0")),
    ("RFC 8422 5.4: compressed", ILLEGAL, point(compressed)),
    ("RFC 8422 5.4: and all the rest", ILLEGAL,
     hand_over(say_compressed, NEW_KEYS, FINISHED)),
    ("RFC 8422 5.4: hybrid", ILLEGAL, point(lambda share: parity(share, 6) + share[1:])),
    *((f"7.4.9: a Finished, {what}", alert, hand_over(
        KEY_EXCHANGE, NEW_KEYS, FINISHED, tampered=tampered)) for what, alert, tampered in (
            ("wrong", DECRYPT, lambda data: changed(data, -1)),
            ("cut", DECODE, lambda data: data[:-1]),
            ("empty", DECODE, lambda data: b""),
            ("padded", DECODE, lambda data: data + b"\0"),
            ("padded to 100 bytes", DECODE, lambda data: data + bytes(88)),
            ("padded to 16,000", DECODE, lambda data: data + bytes(15_988)))),
    *((f"6.2.3.3: {n} sealed bytes", BAD_MAC, hand_over(
        KEY_EXCHANGE, NEW_KEYS, lambda c, n=n: c.wire.send(record(HANDSHAKE, bytes(n)))))
      for n in (0, 1, 15, 16, 40)),
)
X25519_SHARES = (
    ("RFC 8422 5.11: of order 4", ILLEGAL, point(lambda share: b"\1" + bytes(31))),
    ("RFC 8422 5.11: 0", ILLEGAL, point(lambda share: bytes(32))),
    ("RFC 8422 5.11: a short share", ILLEGAL, point(lambda share: share[:-1])),
    ("RFC 8422 5.11: a long one", ILLEGAL, point(lambda share: share + b"\0")),
)


@test(own=True, families=(4,), within=60, layouts=("fused",))
def what_comes_before_a_finished(t):
    appliance = begin(t)

    def run(c, case):
        c.say_hello({**c.extensions(), GROUPS: vector(2, numbers(c.group, P256))})
        c.hear_flight()
        case(c)
        return c.answer()

    for suite in (ECDSA_AES, ECDSA_CHACHA):
        check(t, BEFORE_FINISHED, run, suite=suite)
    check(t, X25519_SHARES, run, group=X25519)
    with Client12(t) as c:  # RFC 7627: not where nobody has asked for it
        c.say_hello()
        c.hear_flight()
        c.answers[MASTER_SECRET] = b""
        hand_over(KEY_EXCHANGE, NEW_KEYS, FINISHED)(c)
        equal(c.answer(), BAD_MAC, "an extended master secret that was not negotiated")
    for n in (1, 5, 50):  # 6.2.1: messages in pieces of n bytes
        with Client12(t) as c:
            whole = c.send

            def cut(kind, content, whole=whole, n=n):
                for at in range(0, len(content), n):
                    whole(kind, content[at:at + n])

            c.send = cut
            c.shake_hands()
            c.send = whole
            equal(c.ask(), SERVED, f"6.2.1: in pieces of {n} bytes")
    with Connection(t, port=PORT) as wire:
        wire.send(record(HANDSHAKE, message(KEY_EXCHANGE, vector(1, b"\4" + bytes(64)))))
        true(wire.take(7) == record(ALERT, number(2, 1) + number(UNEXPECTED, 1)), "7.3: no hello")
    appliance.stop()


# ---- when the session is open ----


def forged(at):
    return lambda c: c.wire.send(changed(c.tx.seal(DATA, GET), at))


WHEN_OPEN = (
    ("6.2.1: no data at all", SERVED, lambda c: [c.send(DATA, b"") for _ in range(20)]),
    ("6.2.1: no message at all", UNEXPECTED, word(HANDSHAKE, b"")),
    ("6.2.1: no alert at all", UNEXPECTED, word(ALERT, b"")),
    ("6.2.1: half an alert", DECODE, word(ALERT, b"\1")),
    ("6.2.1: 2^14 + 1 bytes", OVERFLOW, word(DATA, bytes(16385))),
    ("6.2.3: 2^14 + 2049 bytes", OVERFLOW, lambda c: c.wire.send(record(DATA, bytes(18433)))),
    ("6.2.3.3: 15 bytes", BAD_MAC, lambda c: c.wire.send(record(DATA, bytes(15)))),
    *((f"6.2.3.3: byte {at} is another one", BAD_MAC, forged(at)) for at in (5, 13, -17, -1)),
    ("6.2.1: a heartbeat", UNEXPECTED, word(24, b"\1\0\x10" + bytes(32))),
    ("7.1: a CCS", UNEXPECTED, word(CCS, b"\1")),
    ("7.4.1.1: a HelloRequest", UNEXPECTED, word(HANDSHAKE, message(HELLO_REQUEST, b""))),
    ("7.4.7: a ClientKeyExchange", UNEXPECTED, again),
    ("7.4.9: a Finished", UNEXPECTED, hand_over(FINISHED)),
    ("7.2: warnings", SERVED, lambda c: [c.send(ALERT, b"\1\x5a") for _ in range(4)]),
    ("7.2: an error", b"", word(ALERT, b"\2\x28")),
    ("6.2.1: data in a hello", UNEXPECTED,
     lambda c: (c.send(HANDSHAKE, c.hello()[:20]), c.send(DATA, GET))),
)


def renegotiate(c, before, after):
    """Section 7.2.2, RFC 5746 section 3.7: refused, and what was begun goes on."""
    if before:
        c.send(DATA, before)
    hello = c.hello({**c.extensions(), RENEGOTIATION: vector(1, c.verify_data())})
    for at in range(0, len(hello), 50):
        c.send(HANDSHAKE, hello[at:at + 50])
    equal(c.receive(), (ALERT, bytes([1, NO_RENEGOTIATION])), "the answer to a hello")
    c.send(DATA, after)
    return c.answer()


@test(own=True, families=(4,), within=60, layouts=("fused",))
def what_comes_when_the_session_is_open(t):
    appliance = begin(t)

    def run(c, case):
        c.shake_hands()
        case(c)
        return c.ask()

    for suite in (ECDSA_AES, ECDSA_CHACHA):
        check(t, WHEN_OPEN, run, suite=suite)
        for at in (0, 10):
            with Client12(t, suite) as c:
                c.shake_hands({**c.extensions(), RENEGOTIATION: b"\0"})
                equal(renegotiate(c, GET[:at], GET[at:]), SERVED, "7.2.2: renegotiation")
    appliance.stop()


# ---- certificates of clients ----


class Person:
    """A certificate as it is said, and its key."""

    def __init__(self):
        certificate, key = pki.pair("person.test")
        with open(certificate, "rb") as file:
            self.words = vector(3, x509.load_pem_x509_certificate(file.read()).public_bytes(
                serialization.Encoding.DER))
        with open(key, "rb") as file:
            self.key = serialization.load_pem_private_key(file.read(), None)

    def sign(self, said, algorithm):
        return self.key.sign(said, ec.ECDSA(algorithm))


def proof(algorithm, signature):
    return number(algorithm, 2) + vector(2, signature)


SHA256, SHA384, SHA1 = (0x0403, hashes.SHA256()), (0x0503, hashes.SHA384()), (0x0203, hashes.SHA1())
PROOFS = (  # the algorithm that is told, what signs, and what becomes of the two
    ("SHA-256", SERVED, SHA256, None),
    ("SHA-384", SERVED, SHA384, None),
    ("7.4.8: SHA-1, which was not asked for", ILLEGAL, SHA1, None),
    ("7.4.8: of RSA", ILLEGAL, (0x0401, SHA256[1]), None),
    ("7.4.8: another hash than it says", DECRYPT, (SHA256[0], SHA384[1]), None),
    ("7.4.8: another byte", DECRYPT, SHA256, lambda words: changed(words, -1)),
    ("7.4.8: another length", DECODE, SHA256, lambda words: changed(words, 3)),
    ("7.4.8: cut", DECODE, SHA256, lambda words: words[:-1]),
    ("7.4.8: more behind it", DECODE, SHA256, lambda words: words + b"\0"),
    ("7.4.8: no signature", DECODE, SHA256, lambda words: words[:2]),
    ("7.4.8: one of no bytes", DECRYPT, SHA256, lambda words: words[:2] + b"\0\0"),
    ("7.4.8: no proof at all", UNEXPECTED, SHA256, lambda words: None),
)


@test(own=True, families=(4,), within=60, layouts=("fused",))
def certificates_of_clients(t):
    appliance = start(t, "--client-ca", pki.authority(), "--client-cert", "required")
    person = Person()

    def show(c, words):
        c.say_hello()
        c.hear_flight(asks=True)
        equal(c.asked[:3], b"\2\1\x40", "7.4.4: RSA and ECDSA, and no other kind")
        n = int.from_bytes(c.asked[3:5], "big")
        true(not set(c.asked[6:5 + n:2]) & {2, 3} - {3}, "7.4.4: no signature by DSA")
        c.say(message(CERTIFICATE, words))

    def prove(c, how):
        (algorithm, signs), change = how
        show(c, vector(3, person.words))
        c.say(c.key_exchange())
        c.derive()
        words = proof(algorithm, person.sign(c.said, signs))
        words = change(words) if change else words
        if words is not None:
            c.say(message(VERIFY, words))
        c.change_keys()
        c.send(HANDSHAKE, message(FINISHED, c.verify_data()))
        kind, content = c.receive()
        if kind == ALERT:
            return content[1]
        c.receive()
        return c.ask()

    check(t, ((what, expected, how) for what, expected, *how in PROOFS), prove)
    check(t, (
        ("7.4.6: none", FAILURE, b"\0\0\0"),
        ("7.4.6: no list", DECODE, b""),
        ("7.4.6: a short list", DECODE, changed(vector(3, person.words), 2)),
        ("7.4.6: one of no bytes", DECODE, vector(3, bytes(3))),
        ("7.4.6: more behind it", DECODE, vector(3, person.words) + b"\0"),
        ("7.4.6: too long", DECODE, vector(3, vector(3, bytes(1 << 17)))),
    ), lambda c, words: (show(c, words), c.answer())[1])
    appliance.stop()


# ---- tickets (RFC 5077, RFC 7627 section 5.3) ----


def resume(t, first, second, tampered=None):
    with Client12(t) as old:
        old.shake_hands({**old.extensions(), TICKET: b"", **first})
        equal(old.ask(), SERVED, "a full handshake")
        if tampered is not None:
            old.ticket = changed(old.ticket, tampered)
    with Client12(t) as c:
        c.session = os.urandom(32)
        c.say_hello({**c.extensions(), TICKET: old.ticket, **second})
        kind, content = c.receive()
        if kind == ALERT:
            return content[1]
        c.messages = content
        if not c.resumes(old.master):
            return "full"
        return c.ask()


@test(own=True, families=(4,), layouts=("fused",))
def tickets(t):
    appliance = begin(t)
    extended = {MASTER_SECRET: b""}
    for what, expected, arguments in (
        ("one", SERVED, ({}, {})),
        ("one with an extended master secret", SERVED, (extended, extended)),
        ("the second without", FAILURE, (extended, {})),
        ("the first without", "full", ({}, extended)),
        ("another byte in its name", "full", ({}, {}, 0)),
        ("in its middle", "full", ({}, {}, 60)),
        ("at its end", "full", ({}, {}, -1)),
        ("RFC 6066 4: fragments as before", SERVED, ({FRAGMENT: b"\1"}, {FRAGMENT: b"\1"})),
        ("RFC 6066 4: others", "full", ({FRAGMENT: b"\1"}, {FRAGMENT: b"\2"})),
        ("RFC 6066 4: none any more", "full", ({FRAGMENT: b"\1"}, {})),
        ("RFC 6066 4: none before", "full", ({}, {FRAGMENT: b"\1"})),
    ):
        equal(resume(t, *arguments), expected, what)
    appliance.stop()
