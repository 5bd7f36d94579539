# SPDX-License-Identifier: BSD-2-Clause
"""A client of TLS 1.2 whose every message and record is the test's. It verifies nothing."""

import hashlib
import hmac

from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305

from tls_raw import (
    CCS, GROUPS, HANDSHAKE, NAME, P256, SIGNATURES, Client, message, number, numbers, record,
    vector)

TICKET, MASTER_SECRET = 35, 23  # extensions
ECDSA_AES, ECDSA_CHACHA, RSA_AES_256 = 0xc02b, 0xcca9, 0xc030
SUITES = {ECDSA_AES: ("sha256", 16, AESGCM), ECDSA_CHACHA: ("sha256", 32, ChaCha20Poly1305),
          RSA_AES_256: ("sha384", 32, AESGCM)}


def prf(algorithm, secret, label, seed, n):
    """RFC 5246 section 5."""
    a, out = label + seed, b""
    while len(out) < n:
        a = hmac.digest(secret, a, algorithm)
        out += hmac.digest(secret, a + label + seed, algorithm)
    return out[:n]


class Keys:
    """Of one direction. ChaCha20's nonce is the number of the record (RFC 7905), GCM's carries it
    (RFC 5288)."""

    def __init__(self, aead, key, iv):
        self.aead, self.iv, self.seq = aead(key), iv, 0

    def begin(self, head, n):
        """The number of a record, and what is vouched for beside its n bytes of text."""
        seq, self.seq = number(self.seq, 8), self.seq + 1
        return seq, seq + head + number(n, 2)

    def seal(self, kind, content):
        head = number(kind, 1) + b"\3\3"
        seq, more = self.begin(head, len(content))
        if len(self.iv) == 4:
            return head + vector(2, seq + self.aead.encrypt(self.iv + seq, content, more))
        return head + vector(2, self.aead.encrypt(self.nonce(seq), content, more))

    def open(self, head, body):
        seq, more = self.begin(head[:3], len(body) - (24 if len(self.iv) == 4 else 16))
        if len(self.iv) == 4:
            return head[0], self.aead.decrypt(self.iv + body[:8], body[8:], more)
        return head[0], self.aead.decrypt(self.nonce(seq), body, more)

    def nonce(self, seq):
        return number(int.from_bytes(self.iv, "big") ^ int.from_bytes(seq, "big"), 12)


class Client12(Client):
    def __init__(self, t, suite=ECDSA_AES, group=P256):
        super().__init__(t, group)
        self.suite = suite
        self.session = self.asked = b""

    def receive(self):
        head = self.wire.take(5)
        body = self.wire.take(int.from_bytes(head[3:], "big"))
        if self.rx:
            return self.rx.open(head, body)
        if head[0] == CCS:
            self.rx = self.next_rx
        return head[0], body

    def extensions(self):
        return {
            NAME: vector(2, b"\0" + vector(2, b"one.test")),
            GROUPS: vector(2, numbers(self.group)),
            SIGNATURES: vector(2, numbers(0x0403, 0x0804)),
        }

    def hello(self, extensions=None, suites=None, **how):
        return super().hello(
            extensions, numbers(self.suite) if suites is None else suites, **how)

    def hear_flight(self, asks=False):
        """From the ServerHello to its end. asks: for a certificate."""
        self.hear_hello()
        self.hear(11)
        body = self.hear(12)
        if asks:
            self.asked = self.hear(13)
        self.hear(14)
        self.theirs = body[4:4 + body[3]]

    def key_exchange(self, share=None):
        return message(16, vector(1, self.share if share is None else share))

    def say(self, words):
        self.said += words
        self.send(HANDSHAKE, words)

    def hash(self):
        return hashlib.new(SUITES[self.suite][0], self.said).digest()

    def derive(self):
        """When the key exchange is said."""
        agreed, algorithm = self.agree(self.theirs), SUITES[self.suite][0]
        if MASTER_SECRET in self.answers:
            self.master = prf(algorithm, agreed, b"extended master secret", self.hash(), 48)
        else:
            self.master = prf(algorithm, agreed, b"master secret",
                              self.random + self.server_random, 48)
        self.make_keys()

    def make_keys(self):
        algorithm, n, aead = SUITES[self.suite]
        n_iv = 4 if aead is AESGCM else 12
        block = prf(algorithm, self.master, b"key expansion", self.server_random + self.random,
                    2 * (n + n_iv))
        self.next_tx = Keys(aead, block[:n], block[2 * n:2 * n + n_iv])
        self.next_rx = Keys(aead, block[n:2 * n], block[2 * n + n_iv:])

    def change_keys(self):
        self.wire.send(record(CCS, b"\1"))
        self.tx = self.next_tx

    def verify_data(self):
        return prf(SUITES[self.suite][0], self.master, b"client finished", self.hash(), 12)

    def finish(self):
        self.say(self.key_exchange())
        self.derive()
        self.change_keys()
        self.say(message(20, self.verify_data()))
        if TICKET in self.answers:
            self.ticket = self.hear(4)[6:]
        self.hear(20)

    def shake_hands(self, extensions=None):
        self.say_hello(extensions)
        self.hear_flight()
        self.finish()

    def resumes(self, master):
        """Goes on from a ServerHello with the secret of an older session. False: it is another."""
        self.hear_hello()
        if self.session_of_server != self.session:
            return False
        self.master = master
        self.make_keys()
        if TICKET in self.answers:
            self.ticket = self.hear(4)[6:]
        self.hear(20)
        self.change_keys()
        self.say(message(20, self.verify_data()))
        return True
