# SPDX-License-Identifier: BSD-2-Clause
"""A client of TLS 1.3 whose every message and record is the test's. It verifies nothing."""

import hashlib
import hmac
import os

from cryptography.hazmat.primitives.asymmetric import ec, x25519
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from http_client import Connection
from tls_client import PORT

CCS, ALERT, HANDSHAKE, DATA = 20, 21, 22, 23
MAX_PLAINTEXT = 1 << 14
X25519, P256 = 29, 23
NAME, GROUPS, SIGNATURES, ALPN, TICKETS, EARLY, VERSIONS, MODES, AUTHORITIES, SHARES = (
    0, 10, 13, 16, 41, 42, 43, 45, 47, 51)
COMPRESSIONS, LIMIT = 27, 28
EXTENSIONS, CERTIFICATE, COMPRESSED = 8, 11, 25  # messages
UNEXPECTED, BAD_MAC, OVERFLOW, FAILURE, ILLEGAL, DECODE, DECRYPT = 10, 20, 22, 40, 47, 50, 51
VERSION, FALLBACK, MISSING, NO_PROTOCOL = 70, 86, 109, 120
GET, SERVED = b"GET /hello/you HTTP/1.1\r\nHost: one.test\r\n\r\n", "served"
RETRY = hashlib.sha256(b"HelloRetryRequest").digest()  # the random of one (section 4.1.3)


def number(n, size):
    return n.to_bytes(size, "big")


def vector(size, data):
    return number(len(data), size) + data


def numbers(*values):
    return b"".join(number(v, 2) for v in values)


def message(kind, body):
    return number(kind, 1) + vector(3, body)


def record(kind, content, version=b"\3\3"):
    return number(kind, 1) + version + vector(2, content)


def expand_label(secret, label, context, n):
    info = number(n, 2) + vector(1, b"tls13 " + label) + vector(1, context)
    return hmac.digest(secret, info + b"\1", "sha256")[:n]


class Keys:
    def __init__(self, secret):
        self.seq = 0
        self.aead = AESGCM(expand_label(secret, b"key", b"", 16))
        self.iv = expand_label(secret, b"iv", b"", 12)

    def nonce(self):
        seq, self.seq = self.seq, self.seq + 1
        return number(int.from_bytes(self.iv, "big") ^ seq, 12)

    def seal(self, kind, content, padding=0):
        return self.seal_inner(content + number(kind, 1) + bytes(padding))

    def seal_inner(self, inner, outer=DATA):
        head = number(outer, 1) + b"\3\3" + number(len(inner) + 16, 2)
        return head + self.aead.encrypt(self.nonce(), inner, head)

    def open(self, head, body):
        inner = self.aead.decrypt(self.nonce(), body, head).rstrip(b"\0")
        return inner[-1], inner[:-1]


class Client:
    """One connection. What is sent goes out at once, sealed if there are keys. plain: the hello is
    one for a handshake of ours; else it names an authority, and is OpenSSL's to answer."""

    def __init__(self, t, group=X25519, plain=True):
        self.wire = Connection(t, port=PORT)
        self.group, self.plain = group, plain
        self.make_share()
        self.random, self.session = os.urandom(32), os.urandom(32)
        self.said = b""  # the transcript
        self.tx = self.rx = None
        self.messages = b""  # of the server, not taken
        self.heard = {}  # those of its flight, by kind
        self.longest = 0  # record that was opened, with its type and padding

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.wire.socket.close()

    # ---- records ----

    def send(self, kind, content, **how):
        if self.tx:
            self.wire.send(self.tx.seal(kind, content, **how))
            return
        for at in range(0, len(content), MAX_PLAINTEXT):
            self.wire.send(record(kind, content[at:at + MAX_PLAINTEXT]))

    def receive(self):
        """The next record, opened: (kind, content)."""
        head = self.wire.take(5)
        body = self.wire.take(int.from_bytes(head[3:], "big"))
        if not self.rx or head[0] == CCS or (head[0] == ALERT and len(body) == 2):
            return head[0], body
        self.longest = max(self.longest, len(body) - 16)
        return self.rx.open(head, body)

    def hear(self, wanted):
        """The next handshake message, which has to be this one: its body."""
        while len(self.messages) < 4 or len(self.messages) < 4 + self.bytes_of_message():
            kind, content = self.receive()
            if kind == HANDSHAKE:
                self.messages += content
            elif kind != CCS:
                raise AssertionError(f"{kind}, {content.hex()}, and no message {wanted}")
        n = 4 + self.bytes_of_message()
        heard, self.messages = self.messages[:n], self.messages[n:]
        if heard[0] != wanted:
            raise AssertionError(f"a message {heard[0]}, not {wanted}")
        self.said += heard
        return heard[4:]

    def bytes_of_message(self):
        return int.from_bytes(self.messages[1:4], "big")

    def outcome(self):
        """What it comes to: an alert's number, data, b"" for an end in order, None for a reset."""
        try:
            while True:
                kind, content = self.receive()
                if kind == ALERT:
                    return content[1]
                if kind == DATA and content:
                    return content
        except AssertionError:
            return b""
        except TimeoutError:
            return "silence"
        except ConnectionResetError:
            return None

    def answer(self):
        """As outcome(), or SERVED."""
        got = self.outcome()
        return SERVED if isinstance(got, bytes) and got.startswith(b"HTTP/1.1 200") else got

    def ask(self):
        self.send(DATA, GET)
        return self.answer()

    # ---- hellos ----

    def make_share(self):
        if self.group == X25519:
            self.private = x25519.X25519PrivateKey.generate()
            self.share = self.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        else:
            self.private = ec.generate_private_key(ec.SECP256R1())
            self.share = self.private.public_key().public_bytes(
                Encoding.X962, PublicFormat.UncompressedPoint)

    def agree(self, theirs):
        if self.group == X25519:
            return self.private.exchange(x25519.X25519PublicKey.from_public_bytes(theirs))
        point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), theirs)
        return self.private.exchange(ec.ECDH(), point)

    def extensions(self):
        return {
            **({} if self.plain else {AUTHORITIES: vector(2, vector(2, b"0\0"))}),
            NAME: vector(2, b"\0" + vector(2, b"one.test")),
            GROUPS: vector(2, numbers(self.group)),
            SIGNATURES: vector(2, numbers(0x0403, 0x0804)),
            VERSIONS: vector(1, numbers(0x0304)),
            MODES: vector(1, b"\1"),
            SHARES: vector(2, numbers(self.group) + vector(2, self.share)),
        }

    def hello(self, extensions=None, suites=numbers(0x1301), compressions=b"\0", behind=b"",
              version=b"\3\3"):
        pairs = (extensions or self.extensions()).items()
        block = vector(2, b"".join(number(k, 2) + vector(2, v) for k, v in pairs))
        return message(1, version + self.random + vector(1, self.session) + vector(2, suites) +
                       vector(1, compressions) + block + behind)

    def say_hello(self, extensions=None):
        hello = self.hello(extensions)
        self.said += hello
        self.send(HANDSHAKE, hello)

    # ---- what the server says, and what follows from it ----

    def derive(self, secret, label, context):
        return expand_label(secret, label, hashlib.sha256(context).digest(), 32)

    def hear_hello(self):
        before, body = self.said, self.hear(2)
        at = 35 + body[34]
        self.server_random, self.session_of_server = body[2:34], body[35:at]
        self.is_retry = self.server_random == RETRY
        if self.is_retry:  # section 4.4.1
            self.said = message(254, hashlib.sha256(before).digest()) + self.said[len(before):]
        self.answers, rest = {}, body[at + 5:]
        while rest:
            kind, n = (int.from_bytes(rest[i:i + 2], "big") for i in (0, 2))
            self.answers[kind], rest = rest[4:4 + n], rest[4 + n:]

    def keys_of_handshake(self):
        early = hmac.digest(bytes(32), bytes(32), "sha256")
        shared = self.agree(self.answers[SHARES][4:])
        self.secret = hmac.digest(self.derive(early, b"derived", b""), shared, "sha256")
        self.hs_tx = self.derive(self.secret, b"c hs traffic", self.said)
        self.tx = Keys(self.hs_tx)
        self.rx = Keys(self.derive(self.secret, b"s hs traffic", self.said))

    def hear_flight(self, certificate=CERTIFICATE):
        """From the ServerHello to the Finished of a full handshake."""
        self.hear_hello()
        self.keys_of_handshake()
        for kind in (EXTENSIONS, certificate, 15, 20):
            self.heard[kind] = self.hear(kind)
        self.to_finish = self.said
        master = hmac.digest(self.derive(self.secret, b"derived", b""), bytes(32), "sha256")
        self.app_tx = self.derive(master, b"c ap traffic", self.said)
        self.app_rx = self.derive(master, b"s ap traffic", self.said)
        self.rx = Keys(self.app_rx)

    def finished(self):
        key = expand_label(self.hs_tx, b"finished", b"", 32)
        return message(20, hmac.digest(key, hashlib.sha256(self.to_finish).digest(), "sha256"))

    def use_keys(self):
        self.tx = Keys(self.app_tx)
