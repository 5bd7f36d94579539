# SPDX-License-Identifier: BSD-2-Clause
"""Many connections at once, and more than there is room for."""

import re
import socket
import struct

from harness import equal, test, true
from http_client import Connection, request
from lab import wait_until
from peer import MOD, RANDOM, Peer, Wire


def no_errors(words):
    true("Requests/sec" in words, words)
    true("Socket errors" not in words, words)
    true("Non-2xx" not in words, words)
    requests = int(re.search(r"(\d+) requests in", words)[1])
    true(requests > 0, f"no request was answered: {words}")


@test()
def wrk(t):
    no_errors(t.tool("wrk", "-t", "1", "-c", "64", "-d", "2", t.url("/hello/you")))


@test()
def wrk_with_large_answers(t):
    no_errors(t.tool("wrk", "-t", "1", "-c", "16", "-d", "2", t.url("/bytes/100000")))


@test()
def wrk_with_a_connection_for_each_request(t):
    close = ("-H", "Connection: close")
    no_errors(t.tool("wrk", "-t", "1", "-c", "64", "-d", "2", *close, t.url("/hello/you")))


@test(long=True, within=90)
def wrk_for_half_a_minute(t):
    no_errors(t.tool("wrk", "-t", "1", "-c", "256", "-d", "30", t.url("/"), within=60))


@test()
def h2load_speaks_http_1_1(t):
    # Left to itself it writes an IPv6 address into Host without its brackets.
    host = ("-H", ":authority: test")
    url = t.url("/hello/you")
    words = t.tool("h2load", "--h1", "-n", "5000", "-c", "50", "-m", "4", *host, url)
    true("5000 succeeded, 0 failed, 0 errored, 0 timeout" in words, words)


@test()
def a_thousand_connections(t):
    connections = [Connection(t) for _ in range(1000)]
    try:
        for turn in range(2):
            for i, c in enumerate(connections):
                c.send(request("GET", f"/hello/{turn}-{i}"))
            for i, c in enumerate(connections):
                true(f"Hello, {turn}-{i}<".encode() in c.response().body + b"<", f"connection {i}")
    finally:
        for c in connections:
            c.socket.close()


def try_to_connect(t):
    """A connection that answers, or None where it is refused or ignored."""
    try:
        c = Connection(t, within=0.3)
    except OSError:
        return None
    try:
        c.get("/")
        c.socket.settimeout(10)
        return c
    except (OSError, AssertionError):
        c.socket.close()
        return None


@test(options=("--max-conns", "100", "--time-wait", "1"))
def more_connections_than_there_is_room_for(t):
    """New ones are refused, established ones go on, and room that is given back is used."""
    kept = []
    try:
        while len(kept) < 100:
            # Connections of the test before may still be on their way out.
            kept.append(wait_until(lambda: try_to_connect(t), 10, f"connection {len(kept)}"))
        for _ in range(5):
            true(try_to_connect(t) is None, "a connection beyond --max-conns")
        for c in kept:
            equal(c.get("/hello/you").status, 200, "status of an established connection")
        for c in kept[:10]:
            c.socket.close()
        kept[:10] = []
        kept.append(wait_until(lambda: try_to_connect(t), 10, "a connection in the room made"))
    finally:
        for c in kept:
            c.socket.close()


def syn_frame(peer):
    """The SYN as bytes, and where in it the port and the TCP checksum stand."""
    frame = bytearray(bytes(peer.packet("S", options=[("MSS", 1460)], sport=0, seq=0)))
    transport = 14 + (40 if peer.t.family == 6 else 20)
    return frame, transport


def flood(wire, peer, n):
    """n SYNs from as many ports and sequence numbers."""
    frame, at = syn_frame(peer)
    for i in range(n):
        send_patched(wire, frame, at, 1024 + i % 60000, RANDOM.randrange(MOD))


def send_patched(wire, frame, at, port, seq):
    """A SYN of syn_frame() with this port and number; its checksum is carried along (RFC 1624)."""
    patched = bytearray(frame)
    total = (~struct.unpack_from("!H", frame, at + 16)[0] & 0xFFFF)
    total += port + (seq >> 16) + (seq & 0xFFFF)
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    struct.pack_into("!H", patched, at, port)
    struct.pack_into("!I", patched, at + 4, seq)
    struct.pack_into("!H", patched, at + 16, ~total & 0xFFFF)
    wire.socket.send(patched)


@test(options=("--syn-backlog", "64"), within=60)
def a_syn_flood_shuts_nobody_out(t):
    """Far more half-open connections than the backlog: cookies serve those who answer."""
    with Wire(t) as wire, Peer(t) as nobody:
        for _ in range(5):
            flood(wire, nobody, 2000)
            with Connection(t) as c:
                equal(c.get("/hello/you").status, 200, "status during the flood")
            with Connection(t) as c:
                equal(len(c.get("/bytes/300000").body), 300000, "bytes during the flood")
    with Peer(t) as p:
        # Without timestamps too; the cookie then says less, and the connection works.
        p.open(options=[("MSS", 1000)])
        p.get("/bytes/5000")
        first = p.segment(lambda s: s.data, what="data")
        true(len(first.data) <= 1000, "the cookie lost the MSS")
        p.ack = first.end
        p.say("A")
        p.read(lambda data: len(first.data) + len(data) > 5000)
    with Peer(t) as p:
        # A cookie that we never got.
        p.ack = RANDOM.randrange(MOD)
        p.say("A")
        p.segment(lambda s: "R" in s.flags, what="RST to a cookie made up")


@test(options=("--syn-backlog", "64"))
def a_flood_of_bytes_without_connections(t):
    with Wire(t) as wire, Peer(t) as nobody:
        frame, at = syn_frame(nobody)
        frame[at + 13] = 0x10  # ACK; the checksum is wrong for most, right for none
        for i in range(5000):
            struct.pack_into("!H", frame, at, 1024 + i)
            wire.socket.send(frame)
        with Connection(t) as c:
            equal(c.get("/hello/you").status, 200, "status")


@test()
def connections_that_come_and_go(t):
    """Each closed in another way; none may stay behind (the end of the run counts them)."""
    for i in range(300):
        with Connection(t) as c:
            if i % 5 == 1:
                c.send(b"GET /hel")
            elif i % 5 == 2:
                equal(c.get("/").status, 200, "status")
            elif i % 5 == 3:
                c.send(request("GET", "/bytes/1000000"))
            elif i % 5 == 4:
                c.send(request("GET", "/bytes/1000000"))
                c.socket.setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
                )


def open_by_hand(wire, address, ports):
    """Opens a connection from each of the ports (IPv4); returns how many were answered."""
    with Peer(wire.t, source=address) as maker:
        frame, at = syn_frame(maker)
    opened = 0
    for start in range(0, len(ports), 200):
        pending = set(ports[start : start + 200])
        for port in pending:
            send_patched(wire, frame, at, port, seq=port)
        opened += complete(wire, pending)
    return opened


def complete(wire, pending):
    """Answers SYN-ACKs to the ports in pending until all have come, or none comes any more."""
    done = 0
    for frame in wire.frames(2):
        if len(frame) < 54 or frame[23] != 6 or frame[47] & 0x17 != 0x12:
            continue
        port = struct.unpack_from("!H", frame, 36)[0]
        if port in pending:
            pending.remove(port)
            wire.socket.send(ack_of(frame))
            done += 1
        if not pending:
            break
    return done


def ack_of(frame):
    """The ACK that answers a SYN-ACK (IPv4), by turning it round."""
    seq, ack = struct.unpack_from("!II", frame, 38)
    ip = bytearray(frame[14:34])
    ip[2:4] = struct.pack("!H", 40)
    ip[12:16], ip[16:20] = frame[30:34], frame[26:30]
    ip[10:12] = b"\0\0"
    ip[10:12] = struct.pack("!H", checksum(ip))
    tcp = bytearray(frame[36:38] + frame[34:36])
    tcp += struct.pack("!IIBBHHH", ack, (seq + 1) % MOD, 0x50, 0x10, 65535, 0, 0)
    tcp[16:18] = struct.pack("!H", checksum(ip[12:20] + struct.pack("!HH", 6, 20) + tcp))
    return frame[6:12] + frame[0:6] + frame[12:14] + bytes(ip) + bytes(tcp)


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


@test(own=True, long=True, families=(4,), sanitized=False, within=300)
def a_hundred_thousand_idle_connections(t):
    """In less than 2 GiB, and new clients are served meanwhile."""
    n = 100_000
    options = ("--max-conns", str(n + 1000), "--idle-timeout", "600", "--drain-timeout", "1")
    appliance = t.start(*options, memory_mb=2048)
    with Wire(t) as wire:
        ports = range(10_000, 20_000)
        opened = sum(open_by_hand(wire, f"10.99.0.{100 + i}", ports) for i in range(10))
        equal(opened, n, "connections that opened")
        for _ in range(20):
            with Connection(t) as c:
                equal(c.get("/hello/you").status, 200, "status of a new connection")
        no_errors(t.tool("wrk", "-t", "1", "-c", "64", "-d", "2", t.url("/")))
        resident_mb = appliance.resident_bytes() >> 20
        true(resident_mb < 2048, f"{resident_mb} MB resident")
        equal(open_by_hand(wire, "10.99.0.100", ports[:1]), 0, "connections opened twice")
    appliance.stop()
