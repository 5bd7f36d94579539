# SPDX-License-Identifier: BSD-2-Clause
"""What Pktgen, TRex and dperf would send, sent to the appliance: does it answer as they expect?

The frames and requests come from tests/generators, where doubles of the generators play the scripts
and profiles that are used with the real ones; dperf's segments are made here.
"""

import contextlib
import os
import re
import signal
import socket
import sys
import tempfile

from scapy.utils import rdpcap

from harness import equal, test, true
from lab import TREE, wait_until
from peer import ICMP, IP, MOD, TCP, Ether, Peer, Wire, content_length

sys.path.insert(0, os.path.join(TREE, "tests", "generators"))

import doubles  # noqa: E402

IPV4 = {"families": (4,)}
WITHIN_S = 10


def counters(appliance):
    """What SIGUSR1 prints: one more set of lines, of which the last one of each name is the new."""

    def lines():
        return re.findall(r"^(\w+) +(\w+) +(\d+) ", appliance.words(100_000), re.MULTILINE)

    def sets():
        return sum(line[:2] == ("net", "frames_in") for line in lines())

    before = sets()
    appliance.process.send_signal(signal.SIGUSR1)
    wait_until(lambda: sets() > before, WITHIN_S, "the counters are printed")
    return {(group, name): int(n) for group, name, n in lines()}


class Stream(Wire):
    """A stateless generator: frames out, and those that come back, to nobody's surprise."""

    def settings(self, client_ip, **more):
        """For the Pktgen scripts and make-pcaps: this lab instead of their defaults.

        Clients from client_ip on are of no other test: what these leave half-open stays so a while.
        """
        more = {"client_ip": client_ip, "client_mac": self.mac, **more}
        return {"mac": self.server_mac, **more}

    def answers_to(self, frames, wanted):
        """The answer to each frame, in their order; wanted(packet) says which packet it is to."""
        waiting = {self.key(Ether(frame)): n for n, frame in enumerate(frames)}
        equal(len(waiting), len(frames), "frames that differ in address or port")
        answers = {}
        for start in range(0, len(frames), 32):
            for frame in frames[start : start + 32]:
                self.send(frame)
            expected = min(start + 32, len(frames))
            for answer in self.frames(WITHIN_S):
                packet = Ether(answer)
                key = wanted(packet)
                if key in waiting:
                    answers[waiting[key]] = packet
                if len(answers) == expected:
                    break
            equal(len(answers), expected, "frames answered")
        return [answers[n] for n in range(len(frames))]

    @staticmethod
    def key(packet):
        """What the answer names again: address and port, or an echo's identifier and number."""
        if ICMP in packet:
            return packet[IP].src, packet[ICMP].id, packet[ICMP].seq
        return packet[IP].src, packet[TCP].sport


def tcp_answer(packet):
    # The appliance's first connections, by which the lab sees that it runs, may still end in IPv6.
    return (packet[IP].dst, packet[TCP].dport) if IP in packet and TCP in packet else None


def echo_reply(packet):
    if ICMP in packet and packet[ICMP].type == 0:
        return packet[IP].dst, packet[ICMP].id, packet[ICMP].seq
    return None


def pktgen(script, pcap=None, **settings):
    """The frames of the first step of a script."""
    run = doubles.run_pktgen(script, pcap, seconds=1, rates=1, **settings)
    equal(run.status, 0, f"{script}: {run.words}")
    return run.bursts[1]


@test(**IPV4)
def pktgens_syn_flood_is_answered(t):
    """Its SYNs are padded to the smallest frame, and the padding counts as data."""
    with Stream(t) as stream:
        frames = pktgen("syn-flood.lua", **stream.settings("10.98.1.1", clients=23))
        answers = stream.answers_to(frames, tcp_answer)
        for frame, answer in zip(frames, answers, strict=True):
            syn = Ether(frame)[TCP]
            equal(str(answer[TCP].flags), "SA", "flags")
            true(
                answer[TCP].ack in (syn.seq + 1, syn.seq + 7),
                f"ack {answer[TCP].ack} of a SYN {syn.seq}",
            )
    with Peer(t) as p:
        p.open()
        p.serves("meanwhile")


@contextlib.contextmanager
def replay(t, script, kind, address, n):
    """A stream from address on, a file of n frames of a kind, and what the script sends of it."""
    with Stream(t) as stream, tempfile.TemporaryDirectory() as folder:
        settings = stream.settings(address, clients=23)
        pcap = doubles.make_pcaps(folder, frames=n, **settings)[kind]
        yield stream, pcap, pktgen(script, pcap)


@test(**IPV4)
def pktgens_syns_from_a_file_are_answered(t):
    with replay(t, "syn-replay.lua", "syn", "10.98.5.1", 100) as (stream, _, frames):
        for frame, answer in zip(frames, stream.answers_to(frames, tcp_answer), strict=True):
            equal(str(answer[TCP].flags), "SA", "flags")
            equal(answer[TCP].ack, (Ether(frame)[TCP].seq + 1) % MOD, "acknowledged")


@test(**IPV4)
def pktgens_few_syns_are_answered_each_time(t):
    """Over memif Pktgen 24.07 sends a burst of SYNs again and again, and waits for no answer."""
    with Stream(t) as stream:
        frames = pktgen("syn-flood.lua", **stream.settings("10.98.6.1", clients=7))[:7]
        for _ in range(5):
            for answer in stream.answers_to(frames, tcp_answer):
                equal(str(answer[TCP].flags), "SA", "flags")


@test(families=(4,), own=True)
def pktgens_syn_flood_meets_cookies(t):
    appliance = t.start("--syn-backlog", "16")
    with Stream(t) as stream:
        frames = pktgen("syn-flood.lua", **stream.settings("10.98.1.1", clients=23))
        before = counters(appliance).get(("tcp", "syn_cookies_sent"), 0)
        for answer in stream.answers_to(frames, tcp_answer):
            equal(str(answer[TCP].flags), "SA", "flags")
        sent = counters(appliance).get(("tcp", "syn_cookies_sent"), 0) - before
        true(sent >= len(frames) - 16, f"only {sent} of {len(frames)} SYN-ACKs carry a cookie")
    with Peer(t) as p:
        p.open()
        p.serves("in-spite-of-it")
    appliance.stop()


@test(**IPV4)
def pktgens_requests_of_no_connection_are_reset(t):
    """RFC 9293 section 3.10.7.1: <SEQ=SEG.ACK><CTL=RST>."""
    with replay(t, "http-get.lua", "http-get", "10.98.2.1", 100) as (stream, pcap, frames):
        equal(frames, [bytes(packet) for packet in rdpcap(pcap)], "what is replayed")
        for frame, answer in zip(frames, stream.answers_to(frames, tcp_answer), strict=True):
            equal(str(answer[TCP].flags), "R", "flags")
            equal(answer[TCP].seq, Ether(frame)[TCP].ack, "the RST's sequence number")


@test(**IPV4)
def pktgens_echo_requests_are_answered(t):
    with replay(t, "icmp.lua", "icmp", "10.98.3.1", 50) as (stream, _, frames):
        for frame, answer in zip(frames, stream.answers_to(frames, echo_reply), strict=True):
            equal(bytes(answer[ICMP].payload), bytes(Ether(frame)[ICMP].payload), "payload")


def arrive(t, frames, n):
    """Sends the frames n times over; the appliance must count all of them in."""
    with Stream(t) as stream:
        before = counters(t.appliance)
        for _ in range(n):
            for frame in frames(stream):
                stream.send(frame)

    def more(name):
        return counters(t.appliance).get(("net", name), 0) - before.get(("net", name), 0)

    wait_until(lambda: more("frames_in") >= n, 5, f"{n} frames more")


@test(**IPV4)
def pktgens_rate_frames_are_taken_in(t):
    for size in (64, 1514 + 4):
        arrive(t, lambda s: pktgen("rate.lua", **s.settings("10.99.0.250", sizes=size)), 20)


@test(**IPV4)
def trexs_rx_limit_frames_are_taken_in(t):
    def frames(stream):
        for frame in doubles.stateless("rx_limit", client="10.99.0.250")[0].frames(1):
            packet = Ether(frame)
            packet.dst, packet.src = stream.server_mac, stream.mac
            yield bytes(packet)

    arrive(t, frames, 20)


@test(**IPV4)
def trexs_syn_flood_is_answered(t):
    with Stream(t) as stream:
        (syns,) = doubles.stateless("syn_flood", clients="10.98.4.1-10.98.4.23")
        packets = [Ether(frame) for frame in syns.frames(100)]
        for packet in packets:
            packet.dst, packet.src = stream.server_mac, stream.mac
        frames = list({Stream.key(packet): bytes(packet) for packet in packets}.values())
        for frame, answer in zip(frames, stream.answers_to(frames, tcp_answer), strict=True):
            equal(str(answer[TCP].flags), "SA", "flags")
            equal(answer[TCP].ack, Ether(frame)[TCP].seq + 1, "acknowledged")


def play(t, profile, n_responses):
    """Does what a client of the profile does; each response must begin where the last one ended."""
    server = (t.server, profile.client.port)
    with socket.create_connection(server, timeout=WITHIN_S) as connection:
        n = 0
        for step, what in profile.client.program.steps():
            if step == "send":
                connection.sendall(what)
                continue
            response = b""
            while len(response) < what:
                piece = connection.recv(what - len(response))
                true(piece, f"closed after {len(response)} of {what} bytes of response {n}")
                response += piece
            true(response.startswith(b"HTTP/1.1 200 "), f"response {n}: {response[:200]!r}")
            length = int(re.search(rb"Content-Length: (\d+)", response)[1])
            head, _, body = response.partition(b"\r\n\r\n")
            equal(len(body), length, f"body of response {n} within its response_bytes")
            equal(len(head) + 4 + length, what, "length of the whole response")
            n += 1
        equal(n, n_responses, "responses")
        connection.shutdown(socket.SHUT_WR)
        equal(connection.recv(1), b"", "bytes after the last response")


@test(**IPV4)
def trexs_profiles_are_served_with_their_exact_length(t):
    play(t, doubles.stateful("keepalive", requests=50), 50)
    play(t, doubles.stateful("connection_per_request"), 1)
    play(t, doubles.stateful("large_objects", requests=3), 3)


@test(**IPV4)
def trexs_length_is_that_of_curl(t):
    """As docs/benchmarking.md says it is found out."""
    for path in ("/", "/hello/x", "/bytes/0", "/bytes/1000"):
        n = len(t.curl(path, "-i"))
        play(t, doubles.stateful("keepalive", path=path, requests=2, response_bytes=n), 2)


class Trex(Peer):
    """A connection of TRex's client: a TCP of BSD's making, with a window of 32 KiB. seconds: how
    long TRex has been running, which is what its timestamps tell."""

    def begin(self, iss, seconds):
        self.iss = self.seq = iss
        self.ack = 0
        self.window = 32768
        self.stamp(seconds, 0)
        self.say("S", options=[("MSS", 1460), ("NOP", None), ("WScale", 0), *self.options])

    def stamp(self, seconds, echoed):
        self.stamps = (seconds * 1000, echoed)
        self.options = [("NOP", None), ("NOP", None), ("Timestamp", self.stamps)]

    def establish(self, iss, seconds):
        wanted = ("SA", (iss + 1) % MOD)
        syn_ack = self.segment(lambda s: (s.flags, s.ack) == wanted, what="a SYN-ACK")
        equal(syn_ack.options["Timestamp"][1], seconds * 1000, "timestamp echoed")
        true("WScale" in syn_ack.options, f"no window scale: {syn_ack}")
        self.seq, self.ack = (iss + 1) % MOD, syn_ack.end
        self.stamp(seconds, syn_ack.options["Timestamp"][0])
        self.say("A")

    def play(self, profile):
        """The program, whose length is that of the response; then it closes."""
        for step, what in profile.client.program.steps():
            if step == "send":
                self.says(what)
            else:
                answer = self.read(lambda data, wanted=what: len(data) >= wanted)
                equal(len(answer), what, "bytes received")
        self.say("FA")
        self.seq = (self.seq + 1) % MOD
        if not self.ended:
            self.read(lambda _: self.ended)


@test(**IPV4)
def trexs_connections_take_their_turn_with_a_port(t):
    """Whoever has closed first. TRex's sequence numbers go round within seconds; its time does not,
    and by this a SYN to a connection in TIME-WAIT is known for a new one (RFC 6191)."""
    keepalive = doubles.stateful("keepalive", requests=3)
    one_each = doubles.stateful("connection_per_request")
    numbers = (MOD - 5000, 1000, 4_000_000_000, 2_000_000_000, 1_999_999_999, 0)
    with Trex(t) as client:
        for seconds, iss in enumerate(numbers, 1):
            client.ended = False
            client.begin(iss, seconds)
            client.establish(iss, seconds)
            client.play(one_each if seconds % 2 else keepalive)


@test(**IPV4)
def trexs_next_run_finds_what_the_last_one_left(t):
    """It ends without closing. Its new SYN is answered by an ACK, that by a RST, and the second SYN
    opens the connection (RFC 9293 section 3.5.3)."""
    profile = doubles.stateful("keepalive", requests=2)
    with Trex(t) as client:
        client.begin(100_000, 50)
        client.establish(100_000, 50)
        client.begin(1000, 1)
        ack = client.segment(lambda s: s.flags == "A" and s.ack == 100_001, what="an ACK")
        client.say("R", seq=ack.ack, options=[])
        client.begin(1000, 2)
        client.establish(1000, 2)
        client.play(profile)


class Dperf(Peer):
    """A connection of dperf's client (perf/dperf/client.conf). It drops each segment that is not
    the very next one, and asks for none again."""

    FIELDS = ("User-Agent: dperf", "Host: dperf", "Accept: */*", "P: aa")
    REQUEST = "\r\n".join(("GET / HTTP/1.1", *FIELDS, "", "")).encode()

    def __init__(self, t, sport):
        super().__init__(t)
        self.sport = sport
        self.window = 40 * 1460  # never another one

    def next(self, wanted, what):
        def is_next(segment):
            return (segment.seq, segment.ack) == (self.ack, self.seq) and wanted(segment)

        segment = self.segment(is_next, what=what)
        self.ack = segment.end
        return segment

    def connect(self):
        """No option but the MSS; the request is what acknowledges the SYN-ACK."""
        self.say("S", options=[("MSS", 1460)])
        self.seq = (self.seq + 1) % MOD
        wanted = ("SA", self.seq)
        syn_ack = self.segment(lambda s: (s.flags, s.ack) == wanted, what="a SYN-ACK")
        self.ack = syn_ack.end

    def ask(self):
        """Takes the first segment with data for the whole answer, a success by its tenth byte."""
        self.says(self.REQUEST)
        answer = self.next(lambda s: s.data, "the answer").data
        equal(answer[9:10], b"2", "tenth byte")
        head, _, body = answer.partition(b"\r\n\r\n")
        equal(len(body), content_length(head), "the body's bytes in the first segment")

    def close(self):
        """Its FIN is what acknowledges the last answer; then it knows nothing of the connection."""
        self.say("FA")
        self.seq = (self.seq + 1) % MOD
        self.next(lambda s: "F" in s.flags, "the FIN")
        self.say("A")


@test()
def dperfs_client_is_served(t):
    """One request a connection, its sequence numbers going on behind those of the connection that
    had the same ports a moment before; and several, each acknowledging the answer before."""
    for sport in (1, 65535):
        with Dperf(t, sport) as client:
            for n_requests in (1, 1, 3, 1):
                client.connect()
                for _ in range(n_requests):
                    client.ask()
                client.close()
                client.seq = (client.seq + 1) % MOD
