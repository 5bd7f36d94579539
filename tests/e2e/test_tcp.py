# SPDX-License-Identifier: BSD-2-Clause
"""Segments that a kernel would never send, from a peer made by hand; and some that it would."""

import time

from harness import equal, pattern, test, true
from http_client import Connection
from peer import MOD, RANDOM, TCP, Peer, Raw

TIMESTAMP = ("Timestamp", (1000, 0))
ASK = b"GET /hello/pieces HTTP/1.1\r\nHost: test\r\nX-Fill: " + b"f" * 300 + b"\r\n\r\n"


def is_pure_ack(p):
    return lambda s: s.flags == "A" and not s.data and s.ack == p.seq


@test()
def handshake_and_get(t):
    for iss in (0, 1, MOD - 1, MOD - 30, MOD // 2 - 1, MOD // 2):
        with Peer(t, iss=iss) as p:
            p.open()
            p.serves(f"at-{iss}")


@test()
def a_bad_checksum_is_ignored(t):
    with Peer(t) as p:
        p.open()
        wrong = p.packet("PA", b"GET /hello/wrong HTTP/1.1\r\nHost: test\r\n\r\n")
        wrong[TCP].chksum = 0x1234
        p.send(wrong)
        p.serves("right")


@test()
def rst_outside_the_window_is_ignored(t):
    with Peer(t) as p:
        p.open()
        for seq in (p.seq - 1, p.seq - 100000, p.seq + 2**30, p.seq + 2**31):
            p.say("R", seq=seq)
        p.serves()


@test()
def rst_inside_the_window_is_challenged(t):
    """RFC 5961 section 3.2."""
    with Peer(t) as p:
        p.open()
        p.say("R", seq=p.seq + 100)
        p.segment(is_pure_ack(p), what="a challenge ACK")
        p.serves()


@test()
def rst_in_its_place_resets(t):
    with Peer(t) as p:
        p.open()
        p.say("R")
        p.say("A")
        rst = p.segment(lambda s: "R" in s.flags, what="RST: the connection is gone")
        equal(rst.seq, p.ack, "the RST's sequence number")


@test()
def syn_in_established_is_challenged(t):
    """RFC 5961 section 4.2, whatever its sequence number."""
    for offset in (0, 10, -1000, 2**31):
        with Peer(t) as p:
            p.open()
            p.say("S", seq=p.seq + offset)
            p.segment(is_pure_ack(p), what=f"a challenge ACK to SYN at {offset}")
            p.serves()


@test()
def data_beyond_the_window_is_not_taken(t):
    with Peer(t) as p:
        scale = p.open(options=[("MSS", 1460), ("WScale", 0)]).options.get("WScale", 0)
        p.serves()
        p.say("A")
        # The largest window that it can have offered.
        p.say("PA", b"x" * 100, seq=p.seq + (65535 << scale) + 1)
        p.segment(is_pure_ack(p), what="an ACK that says what is expected")
        p.serves()


@test()
def old_data_is_acknowledged_again(t):
    """RFC 9293 section 3.10.7.4: an unacceptable segment is answered with an ACK."""
    with Peer(t) as p:
        p.open()
        p.serves()
        p.say("PA", b"GET / HTTP/1.1\r\n", seq=p.seq - 16)
        p.segment(is_pure_ack(p), what="an ACK")
        p.serves()


@test()
def pieces_in_any_order(t):
    """A request cut into overlapping segments, shuffled."""
    for size in (1, 7, 50):
        with Peer(t) as p:
            p.open()
            cuts = list(range(0, len(ASK), size))
            RANDOM.shuffle(cuts)
            for cut in cuts:
                p.say("PA", ASK[cut : cut + size + 3], seq=p.seq + cut)
            p.seq = (p.seq + len(ASK)) % MOD
            true(b"Hello, pieces" in p.answer()[1], f"pieces of {size}")
            p.serves()


@test()
def fin_before_the_data(t):
    """The end of the stream arrives first; it counts only when all before it is there."""
    with Peer(t) as p:
        p.open()
        p.say("FA", seq=p.seq + len(ASK))
        p.say("PA", ASK[100:], seq=p.seq + 100)
        p.segment(is_pure_ack(p), what="a duplicate ACK")
        p.say("PA", ASK[:100])
        p.seq = (p.seq + len(ASK) + 1) % MOD
        true(b"Hello, pieces" in p.answer()[1], "the answer")
        p.read(lambda _: p.ended)


@test()
def data_with_fin_in_one_segment(t):
    with Peer(t) as p:
        p.open()
        p.say("FPA", ASK)
        p.seq = (p.seq + len(ASK) + 1) % MOD
        true(b"Hello, pieces" in p.answer()[1], "the answer")
        p.read(lambda _: p.ended)


@test()
def urgent_data_is_data(t):
    """RFC 9293 section 3.8.5 allows it; nothing may be lost or moved."""
    with Peer(t) as p:
        p.open()
        for pointer in (0, 1, len(ASK), 65535):
            p.say("PAU", ASK, urgptr=pointer)
            p.seq = (p.seq + len(ASK)) % MOD
            true(b"Hello, pieces" in p.answer()[1], f"urgent pointer {pointer}")


@test()
def a_closed_window_is_probed(t):
    with Peer(t) as p:
        p.open()
        p.window = 0
        p.get("/bytes/5000")
        # Nothing but an ACK may come now; then probes, of one byte or none.
        for i in range(2):
            probe = p.segment(lambda s: len(s.data) == 1 or s.seq != p.ack, 8, f"probe {i}")
            true(len(probe.data) <= 1, f"{len(probe.data)} bytes into a closed window")
            p.say("A")
        p.window = 65535
        p.say("A")
        _, body = p.answer(within=8)
        true(body == pattern(5000), "wrong bytes")


@test()
def a_tiny_window_is_respected(t):
    with Peer(t) as p:
        p.window = 100
        p.open()
        p.get("/bytes/1000")
        got = b""
        while not got.endswith(pattern(1000)[-50:]):
            segment = p.segment(lambda s: s.data, 8, "more data")
            true(len(segment.data) <= 100, f"{len(segment.data)} bytes into a window of 100")
            if segment.seq == p.ack:
                got += segment.data
                p.ack = segment.end
            p.say("A")
        true(got.endswith(b"\r\n\r\n" + pattern(1000)), "wrong bytes")


@test()
def window_scaling_is_honoured(t):
    """Scaled by 2^7, a window field of 40 is 5120 bytes."""
    with Peer(t) as p:
        p.window = 40
        syn_ack = p.open(options=[("MSS", 1460), ("WScale", 7)])
        true("WScale" in syn_ack.options, f"no window scaling: {syn_ack.options}")
        p.get("/bytes/100000")
        in_flight = 0
        while in_flight < 2 * 1400:
            in_flight += len(p.segment(lambda s: s.data, 5, "more data").data)
        true(in_flight <= 40 << 7, f"{in_flight} bytes into a window of {40 << 7}")


@test()
def mss_is_respected(t):
    for options, limit in (([("MSS", 536)], 536), ([("MSS", 1000)], 1000),
                           ([], 536 if t.family == 4 else 1220)):
        with Peer(t) as p:
            p.open(options=options)
            p.get("/bytes/20000")
            first = p.segment(lambda s: s.data, what="data")
            true(len(first.data) <= limit, f"{len(first.data)} bytes, with {options}")
            p.ack = first.end
            p.say("A")
            p.read(lambda data: len(data) > 15000)


@test()
def a_silly_mss_does_no_harm(t):
    for mss in (0, 1, 40):
        with Peer(t) as p:
            p.open(options=[("MSS", mss)])
            p.serves()


@test()
def odd_options_in_syn(t):
    """RFC 9293 MUST-6 and MUST-7: unknown options are skipped, illegal lengths survived."""
    known = (2, b"\x05\xb4")
    for name, options, must_answer in (
        ("unknown", [(200, b"abcd"), known], True),
        ("unknown and empty", [(200, b"")], True),
        ("experimental", [(253, b"\0\1abcd")], True),
        ("all padding", [("NOP", None)] * 40, True),
        ("end, then rubbish", [("EOL", None), (0x7F, b"\xff\xff")], True),
        ("MSS too long", [(2, b"\1\2\3\4")], False),
        ("MSS too short", [(2, b"\1")], False),
        ("scale of 255", [("WScale", 255), ("MSS", 1460)], True),
        ("SACK blocks", [(5, b"\0" * 8)], True),
        ("two MSS", [known, known], True),
    ):
        with Peer(t) as p:
            p.say("S", options=options)
            if must_answer:
                syn_ack = p.segment(lambda s: s.flags == "SA", what=f"SYN-ACK to {name}")
                p.seq, p.ack = p.iss + 1, syn_ack.end
                p.say("A")
                p.serves()
    with Peer(t) as p:
        p.open()
        p.serves()


@test()
def broken_option_lengths(t):
    """The bytes of the options written raw: lengths of 0 and 1, and beyond the header."""
    for raw in (b"\2\0\5\xb4", b"\2\1\5\xb4", b"\2\x28\5\xb4", b"\3\3", b"\x08\x0a\0\0", b"\2"):
        with Peer(t) as p:
            p.send(with_raw_options(p.packet("S", options=[]), raw))
        with Peer(t) as p:
            p.open()
            p.send(with_raw_options(p.packet("PA", b"x", options=[]), raw))
    with Peer(t) as p:
        p.open()
        p.serves()


def with_raw_options(packet, raw):
    """To scapy they are the beginning of the payload; the header's length makes them options."""
    raw += b"\1" * (-len(raw) % 4)
    payload = bytes(packet[TCP].payload)
    packet[TCP].remove_payload()
    packet[TCP].dataofs = 5 + len(raw) // 4
    return packet / Raw(raw + payload)


@test()
def impossible_flags(t):
    with Peer(t) as p:
        for flags in ("", "F", "FS", "SR", "FSRPAUEC", "FPU", "SFA", "RA", "U", "P"):
            p.say(flags)
        p.open()
        for flags in ("", "F", "P", "U", "FPU", "FS"):
            p.say(flags, seq=p.seq + 5)
            p.say(flags, b"abc", seq=p.seq + 5)
        p.serves()


@test()
def headers_with_impossible_lengths(t):
    with Peer(t) as p:
        for offset in (0, 4, 15):
            p.send(p.packet("S", dataofs=offset))
        p.open()
        for offset in (0, 4, 15):
            p.send(p.packet("PA", b"x", dataofs=offset))
        p.serves()


@test()
def ports_of_zero(t):
    with Peer(t) as p:
        p.say("S", sport=0)
        p.say("S", dport=0)
        p.open()
        p.serves()


@test()
def land(t):
    """A SYN that seems to come from the appliance itself, from the very port that it goes to."""
    with Peer(t, source=t.server) as p:
        p.sport = p.port
        for flags in ("S", "SA", "A", "R"):
            p.say(flags)
    with Peer(t) as p:
        p.open()
        p.serves()


@test()
def a_closed_port_answers_rst(t):
    with Peer(t, port=81) as p:
        p.say("S")
        rst = p.segment(lambda s: "R" in s.flags, what="RST to a SYN")
        equal((rst.seq, rst.ack), (0, (p.iss + 1) % MOD), "the RST's numbers")
        p.say("A", ack=12345)
        rst = p.segment(lambda s: "R" in s.flags, what="RST to an ACK")
        equal(rst.seq, 12345, "the RST's sequence number")
        # RST is never answered with RST. The SYN behind it marks the place.
        p.say("R")
        p.say("S", seq=777)
        rst = p.segment(lambda s: "R" in s.flags, what="RST to a SYN")
        equal(rst.ack, 778, "what the next RST acknowledges")


@test()
def the_kernel_is_refused_at_a_closed_port(t):
    try:
        Connection(t, port=81)
    except ConnectionRefusedError:
        return
    raise AssertionError("not refused")


@test()
def an_ack_for_no_connection_answers_rst(t):
    with Peer(t) as p:
        p.ack = 424242
        p.say("A")
        equal(p.segment(lambda s: "R" in s.flags, what="RST").seq, 424242, "sequence number")
        p.say("FA")
        equal(p.segment(lambda s: "R" in s.flags, what="RST").seq, 424242, "sequence number")


@test()
def an_ack_of_what_was_never_sent(t):
    """RFC 5961 section 5: answered with an ACK, and dropped."""
    with Peer(t) as p:
        p.open()
        p.say("A", ack=p.ack + 1_000_000)
        p.segment(is_pure_ack(p), what="a challenge ACK")
        p.serves()


@test()
def a_wrong_ack_in_the_handshake(t):
    """RFC 9293 section 3.10.7.4, SYN-RECEIVED: RST, and the connection does not open."""
    with Peer(t) as p:
        p.say("S")
        syn_ack = p.segment(lambda s: s.flags == "SA", what="a SYN-ACK")
        p.seq, p.ack = (p.iss + 1) % MOD, syn_ack.end
        p.say("A", ack=p.ack + 77)
        rst = p.segment(lambda s: "R" in s.flags, what="RST")
        equal(rst.seq, (p.ack + 77) % MOD, "sequence number")


@test()
def syn_again_gets_the_same_syn_ack(t):
    with Peer(t) as p:
        p.say("S")
        first = p.segment(lambda s: s.flags == "SA", what="a SYN-ACK")
        p.say("S")
        again = p.segment(lambda s: s.flags == "SA", what="the SYN-ACK again")
        equal((again.seq, again.ack), (first.seq, first.ack), "the numbers")


@test()
def syn_ack_is_sent_again(t):
    with Peer(t) as p:
        p.say("S")
        first = p.segment(lambda s: s.flags == "SA", what="a SYN-ACK")
        again = p.segment(lambda s: s.flags == "SA", 5, "the SYN-ACK again, by itself")
        equal(again.seq, first.seq, "the sequence number")


@test()
def unacknowledged_data_is_sent_again_and_backs_off(t):
    with Peer(t) as p:
        p.open()
        p.get("/hello/you")
        times = []
        first = p.segment(lambda s: s.data, what="data")
        for _ in range(4):
            again = p.segment(lambda s: s.data and s.seq == first.seq, 10, "the data again")
            true(again.data.startswith(first.data), "other data in the same place")
            times.append(time.monotonic())
        # 400, 800 and 1600 ms, and whatever a busy machine adds; it would be 600 without back-off.
        true(times[-1] - times[0] > 2, f"no back-off: {times}")


@test()
def three_duplicate_acks_bring_the_lost_segment(t):
    """Fast retransmit. A round trip of 0.5 s makes the timeout far longer than the test waits."""
    with Peer(t) as p:
        p.open(rtt=0.5)
        p.get("/bytes/14000")
        lost = p.segment(lambda s: s.data, what="data")
        for _ in range(3):
            p.segment(lambda s: s.data and s.seq != lost.seq, what="the data behind it")
            p.say("A")
        started = time.monotonic()
        p.segment(lambda s: s.data and s.seq == lost.seq, 3, "the lost segment")
        true(time.monotonic() - started < 0.4, "only the timeout brought it")


@test()
def the_last_segment_is_sent_again_before_the_timeout(t):
    """RFC 8985 section 7.3: so that we tell what we lack. Then section 6.2: that comes at once."""
    with Peer(t) as p:
        p.open(options=[("MSS", 1460), ("NOP", None), ("NOP", None), ("SAckOK", b"")], rtt=0.1)
        p.get("/bytes/4000")
        whole = [p.segment(lambda s: s.data, what="data")]
        while not whole[-1].data.endswith(pattern(4000)[-100:]):
            whole.append(p.segment(lambda s: s.data, what="the data behind it"))
        again = p.segment(lambda s: s.data, 3, "a probe")
        true(again.end == whole[-1].end and again.seq != whole[0].seq, f"no probe: {again}")
        nops = [("NOP", None), ("NOP", None)]
        p.say("A", options=[*nops, ("SAck", (whole[-1].seq, whole[-1].end))])
        lost = p.segment(lambda s: s.data, 3, "what is lost")
        equal(lost.seq, whole[0].seq, "what is sent again")
        p.ack = whole[-1].end
        p.say("A")
        p.serves("more")


@test()
def timestamps_are_echoed(t):
    """RFC 7323 section 3."""
    with Peer(t) as p:
        syn_ack = p.open(options=[("MSS", 1460), TIMESTAMP])
        equal(syn_ack.options["Timestamp"][1], 1000, "TSecr of the SYN-ACK")
        p.options = [("NOP", None), ("NOP", None), ("Timestamp", (1234, 0))]
        p.get("/hello/you")
        answer = p.segment(lambda s: s.data, what="data")
        equal(answer.options["Timestamp"][1], 1234, "TSecr of the answer")


@test()
def an_old_timestamp_is_not_taken(t):
    """PAWS, RFC 7323 section 5."""
    with Peer(t) as p:
        p.open(options=[("MSS", 1460), ("Timestamp", (100_000, 0))])
        nops = [("NOP", None), ("NOP", None)]
        p.options = [*nops, ("Timestamp", (100_001, 0))]
        p.serves("first")
        p.say("PA", b"GET /hello/stale HTTP/1.1\r\nHost: test\r\n\r\n",
              options=[*nops, ("Timestamp", (50_000, 0))])
        p.segment(is_pure_ack(p), what="an ACK, and no more")
        p.options = [*nops, ("Timestamp", (100_002, 0))]
        p.serves("fresh")


@test()
def no_timestamps_unless_asked(t):
    with Peer(t) as p:
        syn_ack = p.open(options=[("MSS", 1460)])
        unasked = {"Timestamp", "WScale", "SAckOK"} & set(syn_ack.options)
        equal(unasked, set(), "options that were not in the SYN")


@test()
def closing_goes_through_its_states(t):
    """The appliance closes first. Its FIN comes again until acknowledged; ours is acknowledged."""
    with Peer(t) as p:
        p.open()
        p.says(b"GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n")
        fin = p.segment(lambda s: "F" in s.flags, what="FIN")
        again = p.segment(lambda s: "F" in s.flags, 5, "FIN again")
        equal(again.end, fin.end, "its place")
        p.ack = fin.end
        p.say("A")
        p.say("FA")
        p.seq += 1
        p.segment(is_pure_ack(p), what="an ACK of our FIN")
        # Lost, say: TIME-WAIT acknowledges it once more.
        p.say("FA", seq=p.seq - 1)
        p.segment(is_pure_ack(p), what="an ACK of our FIN, from TIME-WAIT")


@test()
def time_wait_gives_way_to_a_new_syn(t):
    """RFC 9293 section 3.6.1 and RFC 6191: a SYN with a higher number may reopen it."""
    with Peer(t) as p:
        p.open()
        p.says(b"GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n")
        fin = p.segment(lambda s: "F" in s.flags, what="FIN")
        p.ack = fin.end
        p.say("FA")
        p.seq = (p.seq + 1) % MOD
        p.segment(is_pure_ack(p), what="an ACK of our FIN")
        p.iss = p.seq = (p.seq + 100_000) % MOD
        p.open()
        p.serves("reborn")


@test()
def both_close_at_once(t):
    with Peer(t) as p:
        p.open()
        p.says(b"GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n")
        fin = p.segment(lambda s: "F" in s.flags, what="FIN")
        # Our FIN does not acknowledge theirs: they crossed. All before it is acknowledged.
        p.ack = fin.end - 1
        p.say("FA")
        p.seq = (p.seq + 1) % MOD
        p.segment(is_pure_ack(p), what="an ACK of our FIN")
        p.ack = fin.end
        p.say("A")
        p.say("FA", seq=p.seq - 1)
        p.segment(is_pure_ack(p), what="an ACK from TIME-WAIT")


@test(within=60)
def hostile_rubbish(t):
    """Right segments with bytes changed at random, checksums right or wrong; then a right one."""
    with Peer(t) as p:
        p.open()
        whole = bytes(p.packet("PA", ASK))
        for _ in range(3000):
            frame = bytearray(whole)
            for _ in range(RANDOM.randrange(1, 6)):
                frame[RANDOM.randrange(12, len(frame))] = RANDOM.randrange(256)
            p.socket.send(bytes(frame[: RANDOM.randrange(14, len(frame) + 1)]))
    with Connection(t) as c:
        equal(c.get("/").status, 200, "status afterwards")


@test(within=60)
def hostile_rubbish_with_right_checksums(t):
    """TCP headers at random, checksums right: the state machine sees them all."""
    with Peer(t) as p:
        p.open()
        flags = ["A", "PA", "S", "SA", "R", "RA", "F", "FA", "FPA", "", "FSRPAU"]
        for _ in range(1500):
            p.say(
                RANDOM.choice(flags),
                RANDOM.choice([b"", b"x", ASK]),
                seq=p.seq + RANDOM.choice([0, 1, -1, 100, 65535, RANDOM.randrange(MOD)]),
                ack=p.ack + RANDOM.choice([0, 1, -1, 100, RANDOM.randrange(MOD)]),
                window=RANDOM.choice([0, 1, 65535, RANDOM.randrange(65536)]),
            )
            if RANDOM.randrange(100) == 0:
                p.iss = p.seq = RANDOM.randrange(MOD)
                p.say("S")
    with Connection(t) as c:
        equal(c.get("/").status, 200, "status afterwards")
