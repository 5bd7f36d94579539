# SPDX-License-Identifier: BSD-2-Clause
"""What fuzzers of TLS say and do, record by record, and what has to come of it: by handshakes of
ours, and by OpenSSL's. Sections are RFC 8446's unless told."""

import re
import socket
import struct

from harness import equal, test, true
from lab import wait_until
from tls_client import is_served, start
from tls_raw import (
    ALERT, ALPN, AUTHORITIES, BAD_MAC, CCS, CERTIFICATE, COMPRESSIONS, DATA, DECODE, DECRYPT,
    EARLY, FAILURE, GET, GROUPS, HANDSHAKE, ILLEGAL, LIMIT, MISSING, MODES, NAME, NO_PROTOCOL,
    OVERFLOW, P256, SERVED, SHARES, SIGNATURES, TICKETS, UNEXPECTED, VERSION, VERSIONS, X25519,
    Client, Keys, expand_label, message, number, numbers, record, vector)

HELLO_REQUEST, NEW_TICKET, END_OF_EARLY_DATA, KEY_EXCHANGE, FINISHED, KEY_UPDATE = (
    0, 4, 5, 16, 20, 24)


# Whose handshake it is: a group, and whether the hello is plain.
OURS, OURS_BY_A_CURVE, OPENSSLS = (X25519, True), (P256, True), (P256, False)


def finish(c):
    c.send(HANDSHAKE, c.finished())
    c.use_keys()


def after_hello(c, hello):
    c.said = hello
    c.send(HANDSHAKE, hello)
    kind, content = c.receive()
    if kind == ALERT:
        return content[1]
    c.messages = content
    c.hear_flight()
    finish(c)
    return c.ask()


def check(t, cases, whose, run):
    for what, expected, case in cases:
        with Client(t, *whose) as c:
            equal(run(c, case), expected, f"{what}, {whose}")


# ---- hellos ----


def many_shares(c, with_ours):
    unknown = range(34, 255)  # of which nobody knows one
    shares = b"".join(numbers(g) + vector(2, bytes(64)) for g in unknown)
    ours = c.extensions()[SHARES][2:] if with_ours else b""
    return {GROUPS: vector(2, numbers(*unknown, c.group)), SHARES: vector(2, shares + ours)}


def tickets(n, n_binders):
    return (vector(2, (vector(2, b"t") + bytes(4)) * n) +
            vector(2, vector(1, bytes(32)) * n_binders))


# Extensions that are others, None for one that is not there; or arguments of Client.hello().
HELLOS = (
    ("a plain one", SERVED, {}),
    ("4.1.2: no suite", DECODE, {"suites": b""}),
    ("4.1.2: half a suite", DECODE, {"suites": b"\x13\1\x13"}),
    ("4.1.2: unknown suites", FAILURE, {"suites": numbers(0xfe00, 0x1306)}),
    ("4.1.1: suites of TLS 1.2", FAILURE, {"suites": numbers(0xc02b, 0xc02f)}),
    ("9.3: 4096 unknown suites and ours", SERVED,
     {"suites": numbers(*range(0x2000, 0x3000), 0x1301)}),
    ("4.1.2: no compression", DECODE, {"compressions": b""}),
    ("4.1.2: null compression twice", ILLEGAL, {"compressions": b"\0\0"}),
    ("3.4: a byte behind the extensions", DECODE, {"behind": b"x"}),
    ("4.2.1: later versions only", VERSION, {VERSIONS: vector(1, numbers(0x0305, 0x7f1c))}),
    ("4.2.1: unknown versions, too", SERVED, {VERSIONS: vector(1, numbers(0x0a0a, 0x0304))}),
    ("9.2: no share", MISSING, {SHARES: None}),
    ("9.2: no groups", MISSING, {GROUPS: None}),
    ("9.2: neither", MISSING, {GROUPS: None, SHARES: None}),
    ("9.2: no signatures", MISSING, {SIGNATURES: None}),
    ("4.2.3: PKCS #1 only", FAILURE, {SIGNATURES: vector(2, numbers(0x0401, 0x0501))}),
    ("4.2.3: thousands of them", SERVED,
     {SIGNATURES: vector(2, numbers(*range(0x0a00, 0x1f00), 0x0403))}),
    ("4.2.4: no authority", DECODE, {AUTHORITIES: b"\0\0"}),
    ("4.2.4: an authority that is cut", DECODE, {AUTHORITIES: b"\0\3\0\2x"}),
    ("4.2.8: a share in bytes too few", ILLEGAL,
     lambda c: {SHARES: vector(2, numbers(c.group) + vector(2, c.share[:-1]))}),
    ("4.2.8: a share in bytes too many", ILLEGAL,
     lambda c: {SHARES: vector(2, numbers(c.group) + vector(2, c.share + b"x"))}),
    ("4.2.8: a share of no bytes", DECODE,
     lambda c: {SHARES: vector(2, numbers(c.group) + vector(2, b""))}),
    ("4.2.8: one for a group that nobody has", DECODE,
     lambda c: {GROUPS: vector(2, numbers(0x1300, c.group)), SHARES: vector(
         2, numbers(c.group) + vector(2, c.share) + numbers(0x1300) + vector(2, b""))}),
    ("4.2.8: one for a group that is not supported", DECODE,
     lambda c: {SHARES: vector(2, numbers(0x1300) + vector(2, b"") + c.extensions()[SHARES][2:])}),
    ("9.3: 221 unknown shares and ours", SERVED, lambda c: many_shares(c, True)),
    ("4.2.9: a ticket without modes", MISSING, {MODES: None, TICKETS: tickets(1, 1)}),
    ("4.2.9: no mode", DECODE, {MODES: b"\0"}),
    ("4.2.11: an unknown ticket", SERVED, {TICKETS: tickets(1, 1)}),
    ("4.2.11: 300 of them", SERVED, {TICKETS: tickets(300, 300)}),
    ("4.2.11: two binders for it", ILLEGAL, {TICKETS: tickets(1, 2)}),
    ("4.2.11: with more behind it", DECODE, {TICKETS: tickets(1, 1) + b"x"}),
    *((f"RFC 6066 3: {what}", ILLEGAL, {NAME: vector(2, names)}) for what, names in (
        ("two names", b"\0\0\1a\0\0\1b"),
        ("a NUL in one", b"\0\0\3a\0b"),
        ("an escape code in one", b"\0\0\7a\x1b[31mb"),
        ("one in UTF-8", b"\0\0\3\xc4\x85a"))),
    ("RFC 6066 3: more behind them", DECODE, {NAME: b"\0\4\0\0\1ab"}),
    ("RFC 6066 4: no such length", ILLEGAL, {1: b"\5"}),
    *((f"RFC 8449 4: {what}", expected, {LIMIT: limit}) for what, expected, limit in (
        ("64 bytes, and more", ILLEGAL, number(63, 2)),
        ("two bytes", DECODE, b"\x40"),
        ("and no more", DECODE, b"\x40\1\0"),
        ("65535 are as good as 16385", SERVED, number(65535, 2)))),
    *((f"RFC 8879 3: {what}", DECODE, {COMPRESSIONS: some}) for what, some in (
        ("no algorithm", b"\0"),
        ("half of one", b"\3\0\1\0"),
        ("one twice", vector(1, numbers(1, 2, 1))),
        ("more behind them", vector(1, numbers(1)) + b"x"))),
    ("RFC 8879 3: what nobody knows", SERVED, {COMPRESSIONS: vector(1, numbers(0x4001, 9))}),
    ("RFC 7301 3.1: a name of no bytes", DECODE,
     {ALPN: vector(2, vector(1, b"http/1.1") + b"\0")}),
    ("RFC 7301 3.2: none of ours", NO_PROTOCOL, {ALPN: vector(2, vector(1, b"h2"))}),
    ("9.3: 4000 unknown extensions", SERVED, {0x8000 + i: b"x" for i in range(4000)}),
)


def hello_with(c, case):
    case = case(c) if callable(case) else case
    how = {k: v for k, v in case.items() if isinstance(k, str)}
    # Those that are in all hellos stay where they are: a ticket comes last.
    others = {k: v for k, v in case.items() if isinstance(k, int) and k != TICKETS}
    extensions = {**{k: None for k in others}, **c.extensions(), **case}
    return c.hello(
        {k: v for k, v in extensions.items() if isinstance(k, int) and v is not None}, **how)


@test(own=True, families=(4,), within=60, layouts=("fused",))
def hellos(t):
    appliance = start(t)
    for whose in (OURS, OURS_BY_A_CURVE, OPENSSLS):
        check(t, HELLOS, whose, lambda c, case: after_hello(c, hello_with(c, case)))
        check(t, (
            ("5.1: more in its record", UNEXPECTED, lambda c: c.hello() + b"\x14"),
            ("5.1: another message in its record", UNEXPECTED, lambda c: c.hello() * 2),
        ), whose, lambda c, case: after_hello(c, case(c)))
        for version in (b"\0\0", b"\2\0", b"\3\4", b"\x7f\x1c"):  # 5.1: it is of no account
            with Client(t, *whose) as c:
                c.said = c.hello()
                c.wire.send(record(HANDSHAKE, c.said, version))
                c.hear_flight()
                finish(c)
                equal(c.ask(), SERVED, f"5.1: version {version.hex()}, {whose}")
        for what, words in (
            ("5: an empty CCS", record(CCS, b"")),
            ("5: a CCS", record(CCS, b"\1")),
            *((f"5: type {kind}", record(kind, b"x" * n, b"\3\1"))
              for kind, n in ((24, 1), (0x81, 200), (0xfe, 1), (0xff, 1))),
        ):
            with Client(t, *whose) as c:
                c.wire.send(words + record(HANDSHAKE, c.hello()))
                kind, content = c.receive()
                equal((kind, content[1]), (ALERT, UNEXPECTED), f"{what}, {whose}")
    with Client(t) as c:  # SSL 2.0: of a ClientHello no more than its version
        c.wire.send(b"\x80\3\1\3\3")
        kind, content = c.receive()
        equal((kind, content[1]), (ALERT, DECODE), "a hello of SSL 2.0 that is cut")
    for case in (lambda c: {SHARES: vector(2, b"")}, lambda c: many_shares(c, False)):
        with Client(t) as c:
            c.say_hello({**c.extensions(), **case(c)})
            c.hear_hello()
            true(c.is_retry, "no HelloRetryRequest")
    appliance.stop()


# ---- the second flight ----


def sealed(kind, content, **how):
    return lambda c: c.tx.seal(kind, content, **how)


IN_PLACE_OF_FINISHED = (
    ("5: a CCS of 2", UNEXPECTED, lambda c: record(CCS, b"\2")),
    ("5: a CCS of two bytes", UNEXPECTED, lambda c: record(CCS, b"\1\1")),
    ("5: a sealed CCS", UNEXPECTED, sealed(CCS, b"\1")),
    ("5: no known type", UNEXPECTED, sealed(99, b"x")),
    ("5: no known type outside", UNEXPECTED, lambda c: c.tx.seal_inner(b"x\x16", outer=0xff)),
    ("5.1: data", UNEXPECTED, sealed(DATA, b"x")),
    ("5.2: 2^14 + 257 bytes", OVERFLOW, lambda c: record(DATA, bytes(16384 + 257))),
    ("5.2: nothing", BAD_MAC, lambda c: record(DATA, b"")),
    ("5.2: under the keys of data", BAD_MAC, lambda c: Keys(c.app_tx).seal(DATA, GET)),
    ("5.4: nothing but zeros", UNEXPECTED, lambda c: c.tx.seal_inner(bytes(20))),
    ("5.4: nothing of a handshake", UNEXPECTED, sealed(HANDSHAKE, b"", padding=30)),
    ("5.4: nothing of an alert", UNEXPECTED, sealed(ALERT, b"", padding=30)),
    ("5.4: 2^14 + 2 bytes", OVERFLOW, lambda c: c.tx.seal(HANDSHAKE, c.finished(), padding=16349)),
    ("4.4.4: a Finished in the clear", UNEXPECTED, lambda c: record(HANDSHAKE, c.finished())),
    ("4.4.4: a wrong one", DECRYPT, sealed(HANDSHAKE, message(FINISHED, bytes(32)))),
    ("6.2: a short one", DECODE, sealed(HANDSHAKE, message(FINISHED, bytes(31)))),
    ("6.2: a long one", DECODE, sealed(HANDSHAKE, message(FINISHED, bytes(16380)))),
    ("5.1: more in its record", UNEXPECTED,
     lambda c: c.tx.seal(HANDSHAKE, c.finished() + message(KEY_UPDATE, b"\0"))),
    ("4: a ClientHello", UNEXPECTED, lambda c: c.tx.seal(HANDSHAKE, c.hello())),
    ("4: a ClientHello in the clear", UNEXPECTED, lambda c: record(HANDSHAKE, c.hello())),
    ("4: a HelloRequest", UNEXPECTED, sealed(HANDSHAKE, message(HELLO_REQUEST, b""))),
    ("4: an EndOfEarlyData", UNEXPECTED, sealed(HANDSHAKE, message(END_OF_EARLY_DATA, b""))),
    ("4: a Certificate", UNEXPECTED, sealed(HANDSHAKE, message(CERTIFICATE, bytes(4)))),
    ("4: a ClientKeyExchange", UNEXPECTED, sealed(HANDSHAKE, message(KEY_EXCHANGE, b"\0"))),
    ("4: a KeyUpdate", UNEXPECTED, sealed(HANDSHAKE, message(KEY_UPDATE, b"\0"))),
    ("6: an alert of error level", b"", lambda c: record(ALERT, b"\2\x28")),
    ("6: its level means nothing", b"", sealed(ALERT, b"\1\x28")),
)
LEFT_BY_OPENSSL = ("5.4: 2^14 + 2 bytes",)  # it does not count padding


@test(own=True, families=(4,), within=60, layouts=("fused",))
def what_comes_instead_of_a_finished(t):
    appliance = start(t)

    def run(c, case):
        c.say_hello()
        c.hear_flight()
        c.wire.send(case(c))
        return c.answer()

    check(t, IN_PLACE_OF_FINISHED, OURS, run)
    check(t, (case for case in IN_PLACE_OF_FINISHED if case[0] not in LEFT_BY_OPENSSL),
          OPENSSLS, run)
    with Client(t) as c:  # what may come: two CCS, a Finished of one byte a record, padding
        c.say_hello()
        c.hear_flight()
        c.wire.send(record(CCS, b"\1") * 2)
        for byte in c.finished():
            c.send(HANDSHAKE, number(byte, 1), padding=byte)
        c.use_keys()
        equal(c.ask(), SERVED)
    appliance.stop()


# ---- early data that is not taken (4.2.10), and what is not ----


def early(c, **others):
    """A ticket that nobody knows, as if early data were behind it."""
    return {**c.extensions(), EARLY: b"", **others, TICKETS: tickets(1, 1)}


def after_early_data(c, records):
    c.said = c.hello(early(c))
    c.wire.send(record(HANDSHAKE, c.said) + b"".join(records))
    c.hear_flight()
    finish(c)
    return c.ask()


def splice_into_finished(c, records):
    """What is in the clear, when something that is not has come."""
    c.said = c.hello(early(c))
    c.wire.send(record(HANDSHAKE, c.said) + b"".join(records))
    c.hear_flight()
    words = c.finished()
    c.send(HANDSHAKE, words[:16])
    c.wire.send(record(DATA, bytes(64)))
    return c.answer()


def after_retry(c, behind_second):
    unknown = numbers(0x1300)
    c.said = c.hello({**early(c), GROUPS: vector(2, unknown + numbers(c.group)),
                      SHARES: vector(2, unknown + vector(2, bytes(32)))})
    c.wire.send(record(HANDSHAKE, c.said) + record(DATA, bytes(4096)))
    c.hear_hello()
    true(c.is_retry, "no HelloRetryRequest")
    extensions = {**early(c), GROUPS: vector(2, unknown + numbers(c.group))}
    extensions.pop(EARLY)
    c.say_hello(extensions)
    c.hear_flight()
    if behind_second:
        c.wire.send(record(DATA, bytes(64)))
        return c.answer()
    finish(c)
    return c.ask()


@test(own=True, families=(4,), within=60, layouts=("fused",))
def early_data_for_nobody(t):
    garbage = record(DATA, bytes(2048))
    for options in ((), ("--early-data", "16384")):
        appliance = start(t, *options)
        for whose in (OURS, OPENSSLS):
            check(t, (
                ("a record", SERVED, (garbage,)),
                ("two, and a CCS between", SERVED, (garbage, record(CCS, b"\1"), garbage)),
                ("16 KiB", SERVED, (record(DATA, bytes(16384)),)),
            ), whose, after_early_data)
            check(t, (("with a Finished", BAD_MAC, (garbage,)),), whose, splice_into_finished)
            check(t, (
                ("before a retry", SERVED, False),
                ("behind the second hello", BAD_MAC, True),
            ), whose, after_retry)
        appliance.stop()


# ---- when the session is open ----


def update(c, how, n=1):
    for _ in range(n):
        c.send(HANDSHAKE, message(KEY_UPDATE, how))
        c.app_tx = expand_label(c.app_tx, b"traffic upd", b"", 32)
        c.use_keys()


def say(*records):
    """(type, content) or (type, content, padding)."""
    def run(c):
        for kind, content, *padding in records:
            c.send(kind, content, **dict(zip(("padding",), padding)))
    return run


def request_of(n):
    head, end = b"GET / HTTP/1.1\r\nHost: a\r\nX: ", b"\r\n\r\n"
    return head + b"x" * (n - len(head) - len(end)) + end


HALVES = message(KEY_UPDATE, b"\0")[:2], message(KEY_UPDATE, b"\0")[2:]
WHEN_OPEN = (
    ("5: a CCS", UNEXPECTED, lambda c: c.wire.send(record(CCS, b"\1"))),
    ("5.1: no data at all", SERVED, say((DATA, b"", 0), (DATA, b"", 30), (DATA, b"", 16384))),
    ("5.4: of no type", UNEXPECTED, lambda c: c.wire.send(c.tx.seal_inner(bytes(43)))),
    ("5.4: not even a type", UNEXPECTED, lambda c: c.wire.send(c.tx.seal_inner(b""))),
    ("5.4: an alert of no bytes", UNEXPECTED, say((ALERT, b"", 5))),
    ("6: of one", DECODE, say((ALERT, b"\1"))),
    ("5.2: 2^14 + 1 bytes", OVERFLOW, say((DATA, request_of(16385)))),
    ("5.4: 2^14 + 2 bytes with padding", OVERFLOW, say((DATA, request_of(16376), 9))),
    ("5.2: 2^14 + 257 bytes", OVERFLOW, lambda c: c.wire.send(record(DATA, bytes(16641)))),
    ("4.6.3: no KeyUpdate", DECODE, say((HANDSHAKE, message(KEY_UPDATE, b"")))),
    ("4.6.3: more than one", DECODE, say((HANDSHAKE, message(KEY_UPDATE, b"\0\0")))),
    ("4.6.3: one of 2", ILLEGAL, say((HANDSHAKE, message(KEY_UPDATE, b"\2")))),
    ("4.6.3: one of 255", ILLEGAL, say((HANDSHAKE, message(KEY_UPDATE, b"\xff")))),
    ("5.1: with data in it", UNEXPECTED,
     say((HANDSHAKE, HALVES[0]), (DATA, GET), (HANDSHAKE, HALVES[1]))),
    ("4.6.3: 32 of them", SERVED, lambda c: update(c, b"\0", 32)),
)


@test(own=True, families=(4,), within=60, layouts=("fused",))
def what_comes_when_the_session_is_open(t):
    appliance = start(t)

    def open_session(c):
        c.say_hello()
        c.hear_flight()
        finish(c)

    def run(c, case):
        open_session(c)
        case(c)
        return c.ask()

    for whose in (OURS, OURS_BY_A_CURVE, OPENSSLS):
        check(t, WHEN_OPEN, whose, run)
        with Client(t, *whose) as c:  # each that asks for one is answered (4.6.3)
            open_session(c)
            update(c, b"\1", 32)
            c.hear(NEW_TICKET)
            for _ in range(32):
                equal(c.receive(), (HANDSHAKE, message(KEY_UPDATE, b"\0")), "the answer")
                c.app_rx = expand_label(c.app_rx, b"traffic upd", b"", 32)
                c.rx = Keys(c.app_rx)
            equal(c.ask(), SERVED)
    appliance.stop()


# ---- tickets ----


def gets_ticket(t, whose, modes):
    with Client(t, *whose) as c:
        c.say_hello({k: v for k, v in {**c.extensions(), MODES: modes}.items() if v is not None})
        c.hear_flight()
        finish(c)
        c.send(DATA, GET)
        return c.receive()[0] == HANDSHAKE


@test(own=True, families=(4,), within=60, layouts=("fused",))
def tickets_that_are_of_use(t):
    """4.2.9: to clients that name a way to resume which is ours, too."""
    for options in ((), ("--psk-ke",)):
        appliance = start(t, *options)
        for whose in (OURS, OPENSSLS):
            for modes, is_of_use in (
                    (None, False), (b"\x7f", False), (b"\0", bool(options)), (b"\1", True),
                    (b"\x7f\0\1", True)):
                equal(gets_ticket(t, whose, modes and vector(1, modes)), is_of_use,
                      f"a ticket for {modes}, {whose}, {options}")
        appliance.stop()


# ---- those who go ----


def leave(c, n, abruptly):
    """After n bytes of its words: of the hello, then of what answers the flight."""
    hello = record(HANDSHAKE, c.hello())
    c.wire.send(hello[:n])
    if n > len(hello):
        c.said = hello[5:]
        c.hear_flight()
        c.wire.send((record(CCS, b"\1") + c.tx.seal(HANDSHAKE, c.finished()))[:n - len(hello)])
    if abruptly:
        c.wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@test(own=True, families=(4,), within=120, layouts=("fused",))
def clients_that_leave_in_the_middle(t):
    """At every byte of a handshake, by FIN and by RST; the process ends with all that it had."""
    appliance = start(t)
    for whose in (OURS, OPENSSLS):
        with Client(t, *whose) as c:
            n = len(record(HANDSHAKE, c.hello())) + 6 + 58
        for i in range(1, n):
            with Client(t, *whose) as c:
                leave(c, i, abruptly=i % 2)
    wait_until(lambda: is_served(t), 5, "they are gone, and nobody is served")
    appliance.stop()
    failed = re.search(r"handshakes_failed +(\d+)", appliance.words(200))
    true(failed and int(failed[1]) > 0, "none has failed")
