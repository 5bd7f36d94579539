# SPDX-License-Identifier: BSD-2-Clause
"""Routers that mark instead of dropping (RFC 3168): the kernel as peer, and one made by hand."""

import contextlib

from harness import equal, test, true
from peer import IP, MOD, TCP, IPv6, Peer, Segment
from test_generators import counters
from test_loss import bad_link, download

CE = 3
ASKED_BY_CLIENTS = "/proc/sys/net/ipv4/tcp_ecn"


def set_asked(value):
    with open(ASKED_BY_CLIENTS, "w", encoding="ascii") as file:
        file.write(value)


@contextlib.contextmanager
def asking_kernel():
    with open(ASKED_BY_CLIENTS, encoding="ascii") as file:
        before = file.read()
    set_asked("1")
    try:
        yield
    finally:
        set_asked(before)


def received(name):
    """What the client's kernel has counted of IP packets, of both families."""
    with open("/proc/net/netstat", encoding="ascii") as file:
        lines = [line.split() for line in file if line.startswith("IpExt:")]
    with open("/proc/net/snmp6", encoding="ascii") as file:
        v6 = dict(line.split() for line in file)
    return int(dict(zip(*lines))[name]) + int(v6[f"Ip6{name}"])


def rise(after, before, name):
    return after.get(("tcp", name), 0) - before.get(("tcp", name), 0)


@test(within=60)
def marks_slow_down_and_are_no_losses(t):
    before, marked = counters(t.appliance), received("InCEPkts")
    with asking_kernel(), bad_link(t, "marking"):
        download(t, 16 << 20, within=50)
    after = counters(t.appliance)
    n_marked = received("InCEPkts") - marked
    true(n_marked > 200, "nearly nothing was marked")
    equal(rise(after, before, "ecn_agreed"), 1, "connections with ECN")
    true(rise(after, before, "ecn_reductions") > 5, "the window did not become smaller")
    # A busy machine delays and loses frames by itself; were marks taken for losses, each would
    # have something sent again.
    again = rise(after, before, "retransmitted") - rise(after, before, "tail_probes")
    true(again < n_marked / 2, f"{again} segments sent again for {n_marked} marks")


@test()
def who_does_not_ask_is_sent_nothing_new(t):
    before = received("InECT0Pkts")
    download(t, 1 << 20, within=8)
    equal(received("InECT0Pkts"), before, "packets that may be marked")


def ask(p, flags="SEC"):
    p.say(flags, options=[("MSS", 1460)])
    syn_ack = p.segment(lambda s: set("SA") <= set(s.flags), what="a SYN-ACK")
    p.seq, p.ack = (p.iss + 1) % MOD, syn_ack.end
    p.say("A")
    return syn_ack


def next_flight(p, flags="A", n=None):
    """Data in order until there is no more to come, or of n segments; then one ACK for all."""
    got = []
    while n is None or len(got) < n:
        try:
            segment = p.segment(lambda s: s.data and s.seq == p.ack, 0.15)
        except AssertionError:
            break
        got.append(segment)
        p.ack = segment.end
    p.say(flags)
    return got


@test()
def both_kinds_of_askers_are_answered(t):
    """RFC 3168 section 6.1.1. With the third flag it is AccECN that is tried (RFC 9768)."""
    for flags, answer in (("SEC", "SAE"), ("SECN", "SAE"), ("SE", "SA"), ("SC", "SA"),
                          ("S", "SA")):
        with Peer(t) as p:
            equal(ask(p, flags).flags, answer, f"the answer to {flags}")
            p.serves()


@test()
def the_next_flight_is_smaller_and_says_so(t):
    with Peer(t) as p:
        ask(p)
        p.get("/bytes/100000")
        equal(len(next_flight(p, "AE", n=10)), 10, "the first flight")
        flight = next_flight(p)
        true(len(flight) <= 7, f"{len(flight)} segments after a mark")
        flags = [set(s.flags) & set("EC") for s in flight]
        equal(flags, [{"C"}] + [set()] * (len(flight) - 1), "CWR in the flight")


def marked(t, packet):
    if t.family == 6:
        packet[IPv6].tc = CE
    else:
        packet[IP].tos = CE
    return packet


@test()
def marks_are_told_until_cwr(t):
    with Peer(t) as p:
        ask(p)
        half = b"GET /hello/half HTTP/1.1\r\n"
        p.send(marked(t, p.packet("PA", half)))
        p.seq = (p.seq + len(half)) % MOD
        told = p.segment(lambda s: s.ack == p.seq, what="an ACK")
        equal(told.flags, "AE", "the answer to a mark")
        rest = b"Host: test\r\n\r\n"
        p.say("PAC", rest)
        p.seq = (p.seq + len(rest)) % MOD
        answer = p.segment(lambda s: s.data, what="data")
        true("E" not in answer.flags, f"{answer.flags} after CWR")


@test()
def what_may_be_marked(t):
    """Data that is new, and nothing else."""
    with Peer(t) as p:
        ask(p)
        p.get("/hello/you")
        first = p.expect(lambda f: p.mine(f) and Segment.of(f).data, 3, "data")
        equal(ecn_of(first), 2, "ECN of new data")
        again = p.expect(lambda f: p.mine(f) and f[TCP].seq == first[TCP].seq, 3, "data again")
        equal(ecn_of(again), 0, "ECN of what goes again")


def ecn_of(frame):
    return (frame[IPv6].tc if IPv6 in frame else frame[IP].tos) & 3
