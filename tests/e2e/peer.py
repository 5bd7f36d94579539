# SPDX-License-Identifier: BSD-2-Clause
"""A TCP peer made by hand: every segment is the test's own, right or wrong.

It speaks from an address that the client's kernel does not have, so that the kernel neither
answers nor resets anything. Segments go to the appliance's MAC address directly.
"""

import itertools
import os
import random
import socket
import struct
import time
from dataclasses import dataclass

from scapy.layers.inet import ICMP, IP, TCP, UDP  # noqa: F401 (for the tests)
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Dot1Q, Ether
from scapy.packet import Raw

from lab import PORT

# linux/if_packet.h
PACKET_OUTGOING = 4
SOL_PACKET = 263
PACKET_AUXDATA = 8
TP_STATUS_VLAN_VALID = 1 << 4

MOD = 1 << 32
SEED = int(os.environ.get("E2E_SEED", "1"))
RANDOM = random.Random(SEED)
NUMBERS = itertools.count()


def after(a, b):
    """Sequence number a minus b, signed."""
    return (a - b + MOD // 2) % MOD - MOD // 2


class Wire:
    """The client's end of the link, frame by frame."""

    def __init__(self, t):
        self.t = t
        self.server_mac = t.lab.server_mac
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        self.socket.bind(("eth0", 0))
        self.vlan = None
        # The kernel takes the VLAN tag off a frame, and tells it beside.
        self.socket.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
        self.mac = ":".join(f"{byte:02x}" for byte in self.socket.getsockname()[4])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def ether(self, **fields):
        ether = Ether(**{"src": self.mac, "dst": self.server_mac, **fields})
        return ether / Dot1Q(vlan=self.vlan) if self.vlan else ether

    def ip(self, source, **fields):
        """An Ethernet and an IP header to the appliance; fields for the IP header."""
        layer = IPv6 if self.t.family == 6 else IP
        return self.ether() / layer(**{"src": source, "dst": self.t.server, **fields})

    def send(self, packet):
        self.socket.send(bytes(packet))

    def frames(self, within):
        """What comes in, as bytes, until the time is over."""
        deadline = time.monotonic() + within
        while (left := deadline - time.monotonic()) > 0:
            self.socket.settimeout(left)
            try:
                frame, beside, _, place = self.socket.recvmsg(1 << 16, 64)
            except TimeoutError:
                return
            if place[2] != PACKET_OUTGOING:
                yield with_tag(frame, beside)

    def expect(self, wanted, within, what):
        """The first packet that wanted() takes."""
        for frame in self.frames(within):
            packet = Ether(frame)
            if wanted(packet):
                return packet
        raise AssertionError(f"not within {within} s: {what}")


def with_tag(frame, beside):
    """The frame as it was on the wire; beside: what the kernel told with it."""
    for level, kind, data in beside:
        if (level, kind) == (SOL_PACKET, PACKET_AUXDATA):
            status, _, _, _, _, tag, ethertype = struct.unpack("=IIIHHHH", data[:20])
            if status & TP_STATUS_VLAN_VALID:
                return frame[:12] + struct.pack("!HH", ethertype, tag) + frame[12:]
    return frame


def new_address(family):
    """An address on the link that nobody has used before in this run."""
    n = next(NUMBERS)
    return f"fd99::{0x1000 + n:x}" if family == 6 else f"10.99.0.{100 + n % 150}"


@dataclass
class Segment:
    seq: int
    ack: int
    flags: str
    window: int
    options: dict
    data: bytes

    @classmethod
    def of(cls, packet):
        tcp = packet[TCP]
        ip = packet[IPv6] if IPv6 in packet else packet[IP]
        whole = ip.plen if IPv6 in packet else ip.len - 4 * ip.ihl
        length = whole - 4 * tcp.dataofs
        options = {str(name): value for name, value in tcp.options}
        data = bytes(tcp.payload)[:length]
        return cls(tcp.seq, tcp.ack, str(tcp.flags), tcp.window, options, data)

    @property
    def end(self):
        return (self.seq + len(self.data) + ("S" in self.flags) + ("F" in self.flags)) % MOD


class Peer(Wire):
    def __init__(self, t, port=PORT, iss=None, source=None):
        super().__init__(t)
        self.source = source or new_address(t.family)
        self.port = port
        self.sport = RANDOM.randrange(20000, 60000)
        self.iss = RANDOM.randrange(MOD) if iss is None else iss
        self.seq = self.iss  # what we send next
        self.ack = 0  # what we expect next
        self.window = 65535
        self.options = []  # in every segment but the SYN
        self.ended = False  # has the appliance's FIN come, in order?

    def packet(self, flags, data=b"", **fields):
        fields = {
            "sport": self.sport,
            "dport": self.port,
            "flags": flags,
            "seq": self.seq % MOD,
            "ack": self.ack if "A" in flags else 0,
            "window": self.window,
            "options": self.options,
            **fields,
        }
        fields["seq"] %= MOD
        fields["ack"] %= MOD
        packet = self.ip(self.source) / TCP(**fields)
        return packet / Raw(data) if data else packet

    def say(self, flags, data=b"", **fields):
        self.send(self.packet(flags, data, **fields))

    def says(self, data):
        """Data in order, and on to the next."""
        self.say("PA", data)
        self.seq = (self.seq + len(data)) % MOD

    def mine(self, packet):
        return (
            TCP in packet
            and packet[TCP].sport == self.port
            and packet[TCP].dport == self.sport
            and (packet[IPv6] if IPv6 in packet else packet[IP]).dst == self.source
        )

    def segment(self, wanted=lambda segment: True, within=3, what="a segment"):
        """The next segment of this connection that wanted() takes."""
        seen = []

        def matches(packet):
            if not self.mine(packet):
                return False
            seen.append(Segment.of(packet))
            return wanted(seen[-1])

        try:
            self.expect(matches, within, what)
        except AssertionError as error:
            raise AssertionError(f"{error}; seen: {seen[-5:]}") from None
        return seen[-1]

    def open(self, options=(("MSS", 1460),), rtt=0):
        """The handshake. rtt: how long a way, in seconds, the SYN-ACK seems to take."""
        self.say("S", options=list(options))
        syn_ack = self.segment(lambda s: s.flags == "SA", what="a SYN-ACK")
        if syn_ack.ack != (self.iss + 1) % MOD:
            raise AssertionError(f"the SYN-ACK acknowledges {syn_ack.ack}, not {self.iss + 1}")
        if rtt:
            time.sleep(rtt)
        self.seq = (self.iss + 1) % MOD
        self.ack = syn_ack.end
        self.say("A")
        return syn_ack

    def get(self, path="/"):
        self.says(b"GET %s HTTP/1.1\r\nHost: test\r\n\r\n" % path.encode())

    def read(self, enough, within=5):
        """Takes data in order, acknowledging each segment, until enough(data); returns data."""
        data = b""
        deadline = time.monotonic() + within
        while not enough(data):
            segment = self.segment(within=max(0, deadline - time.monotonic()), what="more data")
            if "R" in segment.flags:
                raise AssertionError(f"reset after {data!r}")
            old = after(self.ack, segment.seq)
            if 0 <= old and after(segment.end, self.ack) > 0:
                data += segment.data[old:]
                self.ack = segment.end
                self.ended = "F" in segment.flags
            if segment.end != segment.seq:
                self.say("A")
        return data

    def answer(self, within=5):
        """One whole HTTP response, as (head, body)."""

        def complete(data):
            head, end, body = data.partition(b"\r\n\r\n")
            return end and len(body) >= content_length(head)

        head, _, body = self.read(complete, within).partition(b"\r\n\r\n")
        return head, body

    def serves(self, name="alive"):
        """Asks for something and checks the answer: is this connection in order?"""
        self.get(f"/hello/{name}")
        head, body = self.answer()
        if not head.startswith(b"HTTP/1.1 200 ") or f"Hello, {name}".encode() not in body:
            raise AssertionError(f"a strange answer: {head!r} {body!r}")

    def reset(self):
        self.say("R", seq=self.seq)

    def __exit__(self, *_):
        self.reset()
        super().__exit__()


def content_length(head):
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.split(b":")[1])
    return 0
