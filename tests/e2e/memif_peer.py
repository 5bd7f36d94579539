# SPDX-License-Identifier: BSD-2-Clause
"""A memif peer made by hand, without DPDK: the protocol's client, with rings of any size.

The client owns the memory: one region with a ring for each direction, and the buffers of both.
"""

import array
import mmap
import os
import socket
import struct
import time

from lab import wait_until
from peer import Peer, Wire

VERSION = 0x200
COOKIE = 0x3E31F20
MESSAGE_BYTES = 128
ACK, HELLO, INIT, ADD_REGION, ADD_RING, CONNECT, CONNECTED, DISCONNECT = range(1, 9)
TO_SERVER, TO_CLIENT = 1, 0
# In a ring: 16-bit numbers that only grow, then descriptors: flags, region, length, offset.
HEAD_AT, TAIL_AT, DESCRIPTORS_AT = 6, 64, 128
DESCRIPTOR = struct.Struct("=HHIIxxxx")
GOES_ON = 1  # in the next descriptor
POLL_S = 0.001


class Refused(Exception):
    """The server does not want us, and has said why."""


class Ring:
    def __init__(self, memory, at, buffers_at, log2_slots, buffer_bytes):
        self.memory, self.at, self.buffer_bytes = memory, at, buffer_bytes
        self.n_slots = 1 << log2_slots
        self.buffers = [buffers_at + i * buffer_bytes for i in range(self.n_slots)]
        self.n_read = 0
        struct.pack_into("=IH", memory, at, COOKIE, 1)  # 1: nobody need be interrupted
        for slot in range(self.n_slots):
            self.describe(slot, buffer_bytes)

    def describe(self, slot, length, flags=0):
        at = self.at + DESCRIPTORS_AT + (slot % self.n_slots) * DESCRIPTOR.size
        DESCRIPTOR.pack_into(self.memory, at, flags, 0, length, self.buffers[slot % self.n_slots])

    # Through a view, in one store: the other side must not see a half.
    def number(self, at):
        return memoryview(self.memory).cast("H")[(self.at + at) // 2]

    def set_number(self, at, value):
        memoryview(self.memory).cast("H")[(self.at + at) // 2] = value % 0x10000

    def send(self, frame):
        """False: there is no room."""
        size = self.buffer_bytes
        pieces = [frame[i : i + size] for i in range(0, len(frame), size)]
        head = self.number(HEAD_AT)
        if self.n_slots - (head - self.number(TAIL_AT)) % 0x10000 < len(pieces):
            return False
        for i, piece in enumerate(pieces):
            at = self.buffers[(head + i) % self.n_slots]
            self.memory[at : at + len(piece)] = piece
            self.describe(head + i, len(piece), GOES_ON if i + 1 < len(pieces) else 0)
        self.set_number(HEAD_AT, head + len(pieces))
        return True

    def lend_all(self):
        self.set_number(HEAD_AT, self.n_read + self.n_slots)

    def receive(self):
        """The next frame, or None; its buffers are lent again."""
        frame, tail = b"", self.number(TAIL_AT)
        while self.n_read != tail:
            at = self.at + DESCRIPTORS_AT + self.n_read % self.n_slots * DESCRIPTOR.size
            flags, _, length, offset = DESCRIPTOR.unpack_from(self.memory, at)
            frame += self.memory[offset : offset + length]
            self.describe(self.n_read, self.buffer_bytes)
            self.n_read = (self.n_read + 1) % 0x10000
            self.lend_all()
            if not flags & GOES_ON:
                return frame
        return None


class Link:
    def __init__(self, path, log2_slots, buffer_bytes, n_out=1, n_into=1):
        ring_bytes = DESCRIPTORS_AT + (DESCRIPTOR.size << log2_slots)
        direction_bytes = buffer_bytes << log2_slots
        n_rings = n_out + n_into
        self.fd = os.memfd_create("memif", os.MFD_ALLOW_SEALING)
        os.ftruncate(self.fd, n_rings * (ring_bytes + direction_bytes))
        self.memory = mmap.mmap(self.fd, 0)
        rings = [
            Ring(
                self.memory,
                n * ring_bytes,
                n_rings * ring_bytes + n * direction_bytes,
                log2_slots,
                buffer_bytes,
            )
            for n in range(n_rings)
        ]
        # The first ones of each direction are those that are used.
        self.out, self.into = rings[0], rings[n_out]
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.socket.settimeout(10)
        self.socket.connect(path)
        try:
            self.shake_hands(log2_slots, rings[:n_out], rings[n_out:])
        except BaseException:
            self.close()
            raise
        self.into.lend_all()

    def shake_hands(self, log2_slots, out, into):
        self.hear(HELLO)
        self.ask(struct.pack("=HHIB24s32s", INIT, VERSION, 0, 0, b"", b"peer"))
        self.ask(struct.pack("=HHQ", ADD_REGION, 0, len(self.memory)), self.fd)
        for flags, rings in ((TO_SERVER, out), (TO_CLIENT, into)):
            for n, ring in enumerate(rings):
                event = os.eventfd(0, os.EFD_NONBLOCK)
                words = struct.pack("=HHHHIBH", ADD_RING, flags, n, 0, ring.at, log2_slots, 0)
                self.ask(words, event)
                os.close(event)
        self.say(struct.pack("=H32s", CONNECT, b"peer"))
        self.hear(CONNECTED)

    def say(self, words, *fds):
        beside = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
        self.socket.sendmsg([words.ljust(MESSAGE_BYTES, b"\0")], beside)

    def hear(self, wanted):
        message = self.socket.recv(MESSAGE_BYTES)
        kind = struct.unpack_from("=H", message)[0] if message else DISCONNECT
        if kind == DISCONNECT:
            raise Refused(message[6:].rstrip(b"\0").decode())
        if kind != wanted:
            raise AssertionError(f"message {kind}, not {wanted}")

    def ask(self, words, *fds):
        self.say(words, *fds)
        self.hear(ACK)

    def close(self):
        """Without a word, as who is killed."""
        self.socket.close()
        os.close(self.fd)


class MemifPeer(Peer):
    """A TCP peer behind a memif. At its end it is gone: no FIN, no RST."""

    def __init__(self, t, path, server_mac, log2_slots=10, buffer_bytes=2048, **rings):
        super().__init__(t)
        self.server_mac = server_mac
        self.link = Link(path, log2_slots, buffer_bytes, **rings)

    def send(self, packet):
        wait_until(lambda: self.link.out.send(bytes(packet)), 10,
                   "room in the ring to the appliance")

    def frames(self, within):
        deadline = time.monotonic() + within
        while time.monotonic() < deadline:
            frame = self.link.into.receive()
            if frame is None:
                time.sleep(POLL_S)
            else:
                yield frame

    def __exit__(self, *_):
        self.link.close()
        Wire.__exit__(self)
