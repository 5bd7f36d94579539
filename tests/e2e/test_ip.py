# SPDX-License-Identifier: BSD-2-Clause
"""Everything below TCP: neighbours, echo, errors, and packets that must go nowhere."""

import ipaddress
import re
import socket

from scapy.layers.inet import fragment
from scapy.layers.inet6 import (
    ICMPv6DestUnreach,
    ICMPv6EchoReply,
    ICMPv6EchoRequest,
    ICMPv6MLQuery,
    ICMPv6MLQuery2,
    ICMPv6MLReport,
    ICMPv6MLReport2,
    ICMPv6ND_NA,
    ICMPv6ND_NS,
    ICMPv6NDOptDstLLAddr,
    ICMPv6NDOptSrcLLAddr,
    HBHOptUnknown,
    ICMPv6PacketTooBig,
    ICMPv6ParamProblem,
    IPv6ExtHdrDestOpt,
    IPv6ExtHdrFragment,
    IPv6ExtHdrHopByHop,
    PadN,
    RouterAlert,
)
from scapy.layers.l2 import ARP, Dot1Q, Ether

from harness import equal, pattern, test, true
from lab import CLIENT, PREFIX, SERVER, wait_until
from peer import ICMP, IP, RANDOM, TCP, UDP, IPv6, Peer, Raw, Wire, new_address


def echo(t, wire, number, data=b"ringside" * 4, source=None, **ip):
    """An echo request with a number to know its reply by."""
    message = ICMPv6EchoRequest if t.family == 6 else ICMP
    return wire.ip(source or t.client, **ip) / message(id=7, seq=number) / Raw(data)


def reply_number(packet):
    if ICMPv6EchoReply in packet:
        return packet[ICMPv6EchoReply].seq
    if ICMP in packet and packet[ICMP].type == 0:
        return packet[ICMP].seq
    return None


def ignored(t, wire, *packets):
    """None of the packets, echo requests of number 1, is answered; one of number 2 behind is."""
    for packet in packets:
        wire.send(packet)
    wire.send(echo(t, wire, 2))
    first = wire.expect(lambda p: reply_number(p) is not None, 3, "the reply to a right echo")
    equal(reply_number(first), 2, "the first echo that was answered")


@test()
def ping(t):
    # One at a time: of several, ping waits for the last only twice as long as the others took.
    for size in (0, 56, 1000, 1400) * 3:
        t.tool("ping", "-c", "1", "-W", "2", "-s", str(size), t.server)


@test(families=(6,))
def all_nodes_are_pinged(t):
    """RFC 4443 section 4.2: an answer comes from an address of the scope that was asked from."""
    own = [int(byte, 16) for byte in t.lab.server_mac.split(":")]
    own[0] ^= 2
    link_local = ipaddress.ip_address(bytes([0xfe, 0x80, *[0] * 6, *own[:3], 0xff, 0xfe, *own[3:]]))
    with Wire(t) as wire:
        for source, answer in ((t.client, t.server), ("fe80::77", str(link_local))):
            wire.send(wire.ether(dst="33:33:00:00:00:01") / IPv6(src=source, dst="ff02::1")
                      / ICMPv6EchoRequest(id=7, seq=1))
            packet = wire.expect(
                lambda p: reply_number(p) == 1 and p.src == wire.server_mac, 3, "a reply")
            equal((packet[IPv6].src, packet[IPv6].dst), (answer, source), "whose, and to whom")


@test()
def the_kernel_learns_the_neighbour(t):
    t.tool("ip", f"-{t.family}", "neighbour", "flush", "dev", "eth0")
    t.tool("ping", "-c", "1", "-W", "3", t.server)
    words = t.tool("ip", "neighbour", "show", t.server, "dev", "eth0")
    true(t.lab.server_mac in words, f"expected {t.lab.server_mac}: {words}")
    true(re.search("REACHABLE|DELAY|STALE", words), words)


@test(families=(4,))
def arp_is_answered_for_our_address_only(t):
    with Wire(t) as wire:

        def ask(target, source, target_mac="ff:ff:ff:ff:ff:ff"):
            wire.send(
                wire.ether(dst=target_mac)
                / ARP(op=1, hwsrc=wire.mac, psrc=source, pdst=target, hwdst="00:00:00:00:00:00")
            )

        def answer():
            packet = wire.expect(lambda p: ARP in p and p[ARP].op == 2, 3, "an ARP reply")
            return packet[ARP].psrc, packet[ARP].hwsrc, packet[ARP].hwdst

        ours = (t.server, t.lab.server_mac, wire.mac)
        ask("10.99.0.3", t.client)
        ask(t.server, t.client)
        equal(answer(), ours, "the first reply")
        # A probe, RFC 5227: the asker has no address yet.
        ask(t.server, "0.0.0.0")
        equal(answer(), ours, "the reply to a probe")
        # A kernel that checks a known neighbour asks it alone.
        ask(t.server, t.client, t.lab.server_mac)
        equal(answer(), ours, "the reply to a unicast request")


@test(families=(4,))
def malformed_arp_is_ignored(t):
    with Wire(t) as wire:
        request = ARP(op=1, hwsrc=wire.mac, pdst=t.server)
        whole = bytes(wire.ether(dst="ff:ff:ff:ff:ff:ff") / request)
        for length in (14, 20, 30, 41):
            wire.socket.send(whole[:length])
        for position, value in ((15, 9), (18, 8), (19, 16), (21, 99)):
            wire.socket.send(whole[:position] + bytes([value]) + whole[position + 1 :])
        ignored(t, wire)


@test(families=(6,))
def solicitations_are_answered_for_our_address_only(t):
    with Wire(t) as wire:

        def ask(target, hop_limit=255, mac=None):
            group = f"ff02::1:ff00:{int(target.split('::')[1], 16):x}"
            wire.send(
                wire.ether(dst=mac or "33:33:ff:00:00:02")
                / IPv6(src=CLIENT[6], dst=group, hlim=hop_limit)
                / ICMPv6ND_NS(tgt=target)
                / ICMPv6NDOptSrcLLAddr(lladdr=wire.mac)
            )

        ask("fd99::3", mac="33:33:ff:00:00:03")
        ask("fd99::3")
        ask(t.server, hop_limit=254)  # came through a router: forged
        ask(t.server)

        def was_asked_for(packet):  # others are sent at start, to all
            return ICMPv6ND_NA in packet and packet[ICMPv6ND_NA].S

        packet = wire.expect(was_asked_for, 3, "a solicited advertisement")
        equal(packet[ICMPv6ND_NA].tgt, t.server, "its target")
        equal(packet[ICMPv6NDOptDstLLAddr].lladdr, t.lab.server_mac, "its link-layer address")
        equal(packet[IPv6].hlim, 255, "its hop limit")
        again = [p for p in map(Ether, wire.frames(0.2)) if was_asked_for(p)]
        equal(again, [], "more advertisements")


@test(own=True, families=(4,))
def addresses_are_announced_at_start(t):
    with Wire(t) as wire:
        t.start()
        wanted = {"ARP", "NA", "groups"}
        for frame in wire.frames(2):
            p = Ether(frame)
            if ARP in p and p[ARP].psrc == p[ARP].pdst == "10.99.0.2":
                equal(p.dst, "ff:ff:ff:ff:ff:ff", "where the gratuitous ARP went")
                equal(p[ARP].hwsrc, t.lab.server_mac, "the MAC address that it names")
                wanted.discard("ARP")
            if ICMPv6ND_NA in p and p[ICMPv6ND_NA].tgt == "fd99::2":
                true("groups" not in wanted, "groups are reported before anybody can ask")
                wanted.discard("NA")
            if ICMPv6MLReport2 in p:
                true("ff02::1:ff00:2" in groups(p), "the group of our address is reported")
                wanted.discard("groups")
            if not wanted:
                break
        equal(wanted, set(), "announcements that did not come")


@test(own=True)
def who_claims_our_address_is_told(t):
    """RFC 5227 section 2.4: at once, and then not for DEFEND_INTERVAL."""
    other = "02:00:00:00:00:77"
    with Wire(t) as wire:
        appliance = t.start()

        def announces(p):
            if t.family == 4:
                return ARP in p and p[ARP].psrc == p[ARP].pdst == t.server and p.src != other
            return ICMPv6ND_NA in p and p[ICMPv6ND_NA].tgt == t.server and p.src != other

        for _ in range(2):  # the last time that they are announced unasked
            wire.expect(announces, 5, "an announcement")
        if t.family == 4:
            claim = wire.ether(dst="ff:ff:ff:ff:ff:ff", src=other) / ARP(
                op=2, hwsrc=other, psrc=t.server, hwdst=other, pdst=t.server
            )
        else:
            claim = wire.ether(dst="33:33:00:00:00:01", src=other)
            claim /= IPv6(src=t.server, dst="ff02::1", hlim=255)
            claim /= ICMPv6ND_NA(tgt=t.server, R=0, S=0, O=1)
            claim /= ICMPv6NDOptDstLLAddr(lladdr=other)
        said = f"{other} on port 0 claims our {t.server}"
        for _ in range(3):
            wire.send(claim)
        wait_until(lambda: said in appliance.words(), 5, "a word about the conflict")
        packet = wire.expect(announces, 3, "our own claim")
        equal(packet.src, t.lab.server_mac, "who makes it")
        ignored(t, wire)
        equal(appliance.words(1000).count(said), 1, "times that it was said")


# RFC 3810 section 5.2.12: what a record says of its group.
MODE_IS_EXCLUDE, CHANGE_TO_EXCLUDE = 2, 4


def groups(report):
    """Those in a report, each with its record's type; scapy reads but the first record."""
    message = report[ICMPv6MLReport2]
    whole = bytes(message)[8:]
    records = [whole[20 * i:20 * (i + 1)] for i in range(message.records_number)]
    return {socket.inet_ntop(socket.AF_INET6, r[4:]): r[0] for r in records}


@test(families=(6,))
def queries_for_groups_are_answered(t):
    """By a switch that sends to a group only where somebody has reported it (RFC 4541)."""
    with Wire(t) as wire:
        alert = IPv6ExtHdrHopByHop(options=[RouterAlert()])
        header = IPv6(src="fe80::77", dst="ff02::1", hlim=1) / alert
        wire.send(wire.ether(dst="33:33:00:00:00:01") / header / ICMPv6MLQuery2(mrd=100))

        def answers(packet):
            """What is told unasked, at the start and again two seconds later, says of groups that
            they are new."""
            return (ICMPv6MLReport2 in packet and packet.src == t.lab.server_mac
                    and CHANGE_TO_EXCLUDE not in groups(packet).values())

        packet = wire.expect(answers, 3, "a report")
        equal((packet.dst, packet[IPv6].dst), ("33:33:00:00:00:16", "ff02::16"), "where it went")
        own = [int(byte, 16) for byte in t.lab.server_mac.split(":")[3:]]
        link_local = f"ff02::1:ff{own[0]:02x}:{own[1]:02x}{own[2]:02x}"
        link_local = str(ipaddress.ip_address(link_local))
        state = {group: MODE_IS_EXCLUDE for group in ("ff02::1:ff00:2", link_local)}
        equal(groups(packet), state, "groups, and their state")


def older_groups(wire, within):
    """Those in reports of version 1: RFC 2710 section 3."""
    for packet in map(Ether, wire.frames(within)):
        if ICMPv6MLReport in packet and packet.src == wire.server_mac:
            group = packet[ICMPv6MLReport].mladdr
            equal((packet[IPv6].dst, packet[IPv6].hlim), (group, 1), "where it went, and how far")
            yield group


@test(own=True, families=(6,))
def older_queries_get_older_reports(t):
    """RFC 3810 section 8.2.1: and so do later ones, while the older querier is around."""
    t.start()
    own = [int(byte, 16) for byte in t.lab.server_mac.split(":")[3:]]
    link_local = str(ipaddress.ip_address(f"ff02::1:ff{own[0]:02x}:{own[1]:02x}{own[2]:02x}"))
    alert = IPv6ExtHdrHopByHop(options=[RouterAlert()])
    header = IPv6(src="fe80::77", dst="ff02::1", hlim=1) / alert
    with Wire(t) as wire:
        for query in (ICMPv6MLQuery(mrd=100), ICMPv6MLQuery2(mrd=100)):
            wire.send(wire.ether(dst="33:33:00:00:00:01") / header / query)
            wanted = {"ff02::1:ff00:2", link_local}
            for group in older_groups(wire, 3):
                wanted.discard(group)
                if not wanted:
                    break
            equal(wanted, set(), f"groups not reported to {query.name}")


def asks_for_its_own(t, packet):
    """RFC 5227 section 2.1.1, RFC 4862 section 5.4.2: without a word of who asks."""
    if t.family == 4:
        return ARP in packet and packet[ARP].pdst == t.server and packet[ARP].psrc == "0.0.0.0"
    return (ICMPv6ND_NS in packet and packet[ICMPv6ND_NS].tgt == t.server
            and packet[IPv6].src == "::" and ICMPv6NDOptSrcLLAddr not in packet)


@test(own=True, within=90, layouts=("fused",))
def an_address_that_another_has_is_not_used(t):
    """RFC 4862 section 5.4.5, RFC 5227 section 2.1: until he has gone. Here it is the client's
    kernel, which says nothing unless it is asked."""
    # While an address is this host's own, the kernel sends nothing there: frames are made here.
    t.tool("ip", "address", "add", f"{t.server}/{PREFIX[t.family]}", "dev", "eth0",
           *["nodad"] * (t.family == 6))
    their_own = True
    try:
        with Wire(t) as wire, Peer(t) as peer:
            appliance = t.start(ready=lambda _: True)
            packet = wire.expect(lambda p: asks_for_its_own(t, p), 20, "a question for our own")
            where = packet.dst if t.family == 4 else (packet.dst, packet[IPv6].dst)
            equal(where, "ff:ff:ff:ff:ff:ff" if t.family == 4 else
                  ("33:33:ff:00:00:02", "ff02::1:ff00:2"), "where it went")
            said = f"address conflict: {wire.mac} on port 0 claims our {t.server}, "
            wait_until(lambda: said in appliance.words(), 5, "a word about the conflict")

            def answers(number, within):
                """To each kind of question."""
                if t.family == 4:
                    wire.send(wire.ether(dst="ff:ff:ff:ff:ff:ff")
                              / ARP(hwsrc=wire.mac, psrc=t.client, pdst=t.server))
                else:
                    wire.send(wire.ether(dst="33:33:ff:00:00:02")
                              / IPv6(src=t.client, dst="ff02::1:ff00:2", hlim=255)
                              / ICMPv6ND_NS(tgt=t.server)
                              / ICMPv6NDOptSrcLLAddr(lladdr=wire.mac))
                wire.send(echo(t, wire, number))
                peer.say("S")
                kinds = set()
                for p in map(Ether, wire.frames(within)):
                    if p.src != wire.server_mac:
                        continue
                    if (ARP in p and p[ARP].op == 2 or ICMPv6ND_NA in p) and p.dst == wire.mac:
                        kinds.add("neighbour")
                    elif reply_number(p) == number:
                        kinds.add("echo")
                    elif TCP in p and p[TCP].sport == 80 and p[TCP].flags == "SA":
                        kinds.add("TCP")
                    if len(kinds) == 3:
                        break
                return kinds

            # Its core learns of it a moment after it is said.
            wait_until(lambda: not answers(1, 0.3), 5, "no answers any more")
            other = 10 - t.family
            t.tool("ping", "-c", "1", "-W", "3", SERVER[other])
            wire.expect(lambda p: asks_for_its_own(t, p), 25, "the question once more")
            equal(answers(2, 1.5), set(), "answers while the other is there")
            equal(appliance.words(1000).count(said), 1, "times that it was said")
            t.tool("ip", "address", "del", f"{t.server}/{PREFIX[t.family]}", "dev", "eth0")
            their_own = False
            wait_until(lambda: f"our {t.server} on port 0 is used again" in appliance.words(), 30,
                       "a word that it is used again")
            equal(answers(3, 3), {"neighbour", "echo", "TCP"}, "answers")
            t.tool("ping", "-c", "1", "-W", "3", t.server)
            appliance.stop()
            true(re.search(r"neigh +duplicates +1 ", appliance.words(1000)), "it was not counted")
    finally:
        if their_own:
            t.tool("ip", "address", "del", f"{t.server}/{PREFIX[t.family]}", "dev", "eth0")


@test()
def a_closed_udp_port_is_unreachable(t):
    kind = socket.AF_INET6 if t.family == 6 else socket.AF_INET
    with socket.socket(kind, socket.SOCK_DGRAM) as s:
        s.settimeout(3)
        s.connect((t.server, 9999))
        s.send(b"anyone?")
        try:
            s.recv(1)
        except ConnectionRefusedError:
            return
    raise AssertionError("no ICMP port unreachable")


@test(families=(4,))
def an_unknown_protocol_is_unreachable(t):
    with Wire(t) as wire:
        wire.send(wire.ip(t.client, proto=200) / Raw(b"x" * 20))
        packet = wire.expect(lambda p: ICMP in p and p[ICMP].type == 3, 3, "ICMP unreachable")
        equal(packet[ICMP].code, 2, "its code")


@test()
def errors_are_not_answered_with_errors(t):
    """RFC 1122 section 3.2.2, RFC 4443 section 2.4: nor are broadcasts and multicasts."""
    with Wire(t) as wire:
        inside = wire.ip(t.client, dst=t.server)[1] / UDP(sport=5, dport=9999)
        if t.family == 4:
            wire.send(wire.ip(t.client) / ICMP(type=3, code=3) / inside)
            wire.send(wire.ether(dst="ff:ff:ff:ff:ff:ff") / IP(src=t.client, dst="255.255.255.255")
                      / UDP(sport=5, dport=9999))
        else:
            wire.send(wire.ip(t.client) / ICMPv6DestUnreach(code=4) / inside)
            wire.send(wire.ether(dst="33:33:00:00:00:01") / IPv6(src=t.client, dst="ff02::1")
                      / UDP(sport=5, dport=9999))
        wire.send(echo(t, wire, 2))
        first = wire.expect(
            lambda p: p.dst == wire.mac and (ICMP in p or ICMPv6DestUnreach in p
                                             or ICMPv6EchoReply in p), 3, "the reply to an echo")
        equal(reply_number(first), 2, "the first answer")


def in_pieces(t, wire, packet, size):
    """The packet's fragments of so many bytes each, as their sender would cut it."""
    if t.family == 4:
        packet[IP].id = RANDOM.randrange(1 << 16)
        return fragment(packet, fragsize=size)
    whole = bytes(packet[IPv6].payload)
    number = RANDOM.randrange(1 << 32)
    return [
        wire.ip(packet[IPv6].src)
        / IPv6ExtHdrFragment(
            nh=packet[IPv6].nh, offset=at // 8, m=int(at + size < len(whole)), id=number
        )
        / Raw(whole[at : at + size])
        for at in range(0, len(whole), size)
    ]


@test()
def long_pings(t):
    """The kernel cuts the request, and puts the reply together."""
    for size in (1473, 2000, 9000, 65000):
        words = t.tool("ping", "-c", "1", "-W", "3", "-s", str(size), t.server)
        true(f"{size + 8} bytes from" in words, words)


@test()
def fragments_in_any_order(t):
    with Wire(t) as wire:
        for number in range(1, 5):
            # What the kernel need not put together: the reply goes in one piece.
            pieces = in_pieces(t, wire, echo(t, wire, number, data=b"x" * 1000), 200)
            true(len(pieces) > 4, "nothing was cut")
            RANDOM.shuffle(pieces)
            for piece in pieces + pieces[:-1]:
                wire.send(piece)
            reply = wire.expect(lambda p: reply_number(p) is not None, 3, "a reply")
            equal(reply_number(reply), number, "which")


@test()
def fragments_that_overlap_are_dropped(t):
    """RFC 5722; over IPv4 as well, where nobody sends such but to deceive."""
    with Wire(t) as wire:
        pieces = in_pieces(t, wire, echo(t, wire, 1, data=b"x" * 1000), 200)
        wrong = pieces[2].copy()
        if t.family == 4:
            wrong[IP].frag -= 1
        else:
            wrong[IPv6ExtHdrFragment].offset -= 1
        ignored(t, wire, *pieces[:2], wrong, *pieces[2:])


@test()
def a_part_of_a_packet_is_not_answered(t):
    with Wire(t) as wire:
        pieces = in_pieces(t, wire, echo(t, wire, 1, data=b"x" * 1000), 200)
        ignored(t, wire, *pieces[1:])
        wire.send(pieces[0])
        wire.expect(lambda p: reply_number(p) == 1, 3, "the reply, now that all has come")


@test()
def a_connection_in_fragments(t):
    with Peer(t) as p:
        syn = p.packet("S")
        for piece in in_pieces(t, p, syn, 8 if t.family == 4 else 64):
            p.send(piece)
        p.seq += 1
        answer = p.expect(lambda q: p.mine(q) and q[TCP].flags == "SA", 3, "a SYN-ACK")
        p.ack = (answer[TCP].seq + 1) % (1 << 32)
        p.say("A")
        request = p.packet("PA", b"GET /bytes/100 HTTP/1.1\r\nHost: pieces\r\n\r\n")
        for piece in reversed(in_pieces(t, p, request, 32)):
            p.send(piece)
        first = p.segment(lambda s: s.data, what="an answer")
        true(first.data.startswith(b"HTTP/1.1 200 OK\r\n"), first.data)


@test(families=(6,))
def a_first_fragment_has_all_headers(t):
    """RFC 7112, RFC 8200 section 4.5: else its sender is told."""
    with Peer(t) as p:
        for piece in in_pieces(t, p, p.packet("S"), 16):
            p.send(piece)
        problem = p.expect(lambda q: ICMPv6ParamProblem in q, 3, "a Parameter Problem")
        equal((problem[ICMPv6ParamProblem].code, problem[ICMPv6ParamProblem].ptr), (3, 0),
              "its code and pointer")


@test()
def packets_that_are_wrong_are_ignored(t):
    with Wire(t) as wire:
        right = echo(t, wire, 1)
        message = ICMPv6EchoRequest if t.family == 6 else ICMP
        broken = []

        def but(layer, **fields):
            packet = right.copy()
            for name, value in fields.items():
                setattr(packet[layer], name, value)
            broken.append(packet)

        fields = {"cksum": 1} if t.family == 6 else {"chksum": 1}
        but(message, **fields)
        but(Ether, dst="02:00:00:00:00:01")
        but(Ether, type=0x1234)
        if t.family == 4:
            but(IP, chksum=1)
            but(IP, version=5)
            but(IP, ihl=4)
            but(IP, ihl=15)
            but(IP, len=2000)
            but(IP, len=10)
            but(IP, dst="10.99.0.3")
            but(IP, src="127.0.0.1")
            but(IP, src="224.0.0.1")
            but(IP, src="255.255.255.255")
            but(IP, src=t.server)
        else:
            but(IPv6, version=4)
            but(IPv6, plen=2000)
            but(IPv6, dst="fd99::3")
            but(IPv6, src="::1")
            but(IPv6, src="ff02::1")
            but(IPv6, src=t.server)
        broken.append(wire.ether() / Dot1Q(vlan=5) / right[1])
        ignored(t, wire, *broken)
        frame = bytes(right)
        for length in range(14, len(frame) - 1, 3):
            wire.socket.send(frame[:length])
        ignored(t, wire)


@test()
def options_before_the_message(t):
    """Harmless IP options are skipped, source routes and options that order it are refused."""
    with Wire(t) as wire:
        if t.family == 4:
            nops = echo(t, wire, 1, options=b"\1\1\1\0")
            hop = socket.inet_aton("10.99.0.3")
            route = echo(t, wire, 1, options=b"\x83\x07\x04" + hop + b"\0")
        else:
            head = wire.ip(t.client) / IPv6ExtHdrDestOpt(options=[PadN(optdata=b"\0" * 4)])
            nops = head / ICMPv6EchoRequest(id=7, seq=1)
            order = IPv6ExtHdrDestOpt(options=[HBHOptUnknown(otype=0x80, optdata=b"\0" * 4)])
            route = wire.ip(t.client) / order / ICMPv6EchoRequest(id=7, seq=1)
        wire.send(nops)
        wire.expect(lambda p: reply_number(p) == 1, 3, "the reply to an echo with options")
        ignored(t, wire, route)


@test(families=(4,))
def a_malformed_option_is_told(t):
    """RFC 1122 section 3.2.2.5: where it is, in the first byte behind the checksum."""
    with Wire(t) as wire:
        wire.send(echo(t, wire, 1, options=b"\x01\x07\x01\x00"))
        problem = wire.expect(lambda p: ICMP in p and p[ICMP].type == 12, 3, "Parameter Problem")
        equal((problem[ICMP].code, problem[ICMP].ptr), (0, 21), "its code and pointer")


@test(families=(6,))
def whole_in_spite_of_a_fragment_header(t):
    with Wire(t) as wire:
        head = wire.ip(t.client) / IPv6ExtHdrFragment(nh=58, id=5)
        wire.send(head / ICMPv6EchoRequest(id=7, seq=1))
        wire.expect(lambda p: reply_number(p) == 1, 3, "the reply to an echo in one piece")
    with Peer(t) as p:
        syn = p.packet("S")
        p.send(p.ip(p.source) / IPv6ExtHdrFragment(nh=6, id=9) / Raw(bytes(syn[TCP])))
        p.expect(lambda q: p.mine(q) and q[TCP].flags == "SA", 3, "a SYN-ACK")


@test()
def clients_beyond_a_router_are_answered(t):
    """Without a route to them: what came by a router goes back by it."""
    with Peer(t, source="2001:db8::7" if t.family == 6 else "192.0.2.7") as p:
        p.open()
        p.serves()


@test(families=(6,))
def connections_have_flow_labels(t):
    """RFC 6437 section 3: one each, of a million, from the first segment on."""
    labels = set()
    for _ in range(3):
        with Peer(t) as p:
            p.say("S")
            syn_ack = p.expect(p.mine, 3, "a SYN-ACK")
            p.seq += 1
            p.ack = (syn_ack[TCP].seq + 1) % (1 << 32)
            p.says(b"x\r\n\r\n")
            answer = p.expect(p.mine, 3, "an answer")
            equal(answer[IPv6].fl, syn_ack[IPv6].fl, "its label")
            labels.add(syn_ack[IPv6].fl)
    true(len(labels) > 1, f"all have label {labels}")


@test()
def padding_is_no_payload(t):
    """Ethernet fills short frames up; those bytes are not the packet's."""
    with Peer(t) as p:
        p.open()
        bare_ack = bytes(p.packet("A"))
        p.socket.send(bare_ack + b"GET / HTTP/1.1\r\nHost: padding\r\n\r\n")
        p.serves()


@test()
def too_big_makes_segments_smaller(t):
    """RFC 1191 and RFC 8201: a router's word about the path is taken when it quotes us right."""
    with Peer(t) as p:
        p.open()
        p.get("/bytes/20000")
        first = p.segment(lambda s: len(s.data) > 1300, what="a full segment")
        mtu = 1300
        quoted = p.ip(t.server, dst=p.source)[1] / TCP(
            sport=p.port, dport=p.sport, seq=first.seq, ack=first.ack, flags="A"
        )
        if t.family == 4:
            quoted[IP].flags = "DF"
            error = p.ip(new_address(4)) / ICMP(type=3, code=4, nexthopmtu=mtu) / quoted
        else:
            error = p.ip(new_address(6)) / ICMPv6PacketTooBig(mtu=mtu) / quoted
        p.send(error)
        headers = 40 if t.family == 4 else 60
        again = p.segment(lambda s: s.data and s.seq == first.seq, 8, "the segment again")
        true(len(again.data) <= mtu - headers, f"sent again with {len(again.data)} bytes")
        p.ack = again.end
        p.say("A")
        start = again.data.partition(b"\r\n\r\n")[2]
        rest = p.read(lambda data: len(start) + len(data) >= 20000, within=10)
        true(start + rest == pattern(20000), "wrong bytes")


@test()
def a_forged_too_big_is_ignored(t):
    """RFC 5927: what it quotes is not in flight."""
    with Peer(t) as p:
        p.open()
        p.serves()
        quoted = p.ip(t.server, dst=p.source)[1] / TCP(
            sport=p.port, dport=p.sport, seq=p.ack + 1_000_000, flags="A"
        )
        if t.family == 4:
            p.send(p.ip(new_address(4)) / ICMP(type=3, code=4, nexthopmtu=600) / quoted)
        else:
            p.send(p.ip(new_address(6)) / ICMPv6PacketTooBig(mtu=1280) / quoted)
        p.get("/bytes/5000")
        p.segment(lambda s: len(s.data) > 1300, what="a full segment")


@test()
def unreachable_does_not_kill_a_connection(t):
    """RFC 5461: such errors are soft for an established connection."""
    with Peer(t) as p:
        p.open()
        quoted = p.ip(t.server, dst=p.source)[1] / TCP(
            sport=p.port, dport=p.sport, seq=p.ack, flags="A"
        )
        for code in (0, 1, 3) if t.family == 4 else (0, 3, 4):
            error = ICMP(type=3, code=code) if t.family == 4 else ICMPv6DestUnreach(code=code)
            p.send(p.ip(new_address(t.family)) / error / quoted)
        p.serves()


@test(within=60)
def rubbish_harms_nobody(t):
    with Wire(t) as wire:
        seeds = [bytes(echo(t, wire, 1)), bytes(wire.ip(t.client) / UDP(dport=9) / Raw(b"x" * 9))]
        for _ in range(3000):
            frame = bytearray(RANDOM.choice(seeds))
            for _ in range(RANDOM.randrange(1, 8)):
                frame[RANDOM.randrange(12, len(frame))] = RANDOM.randrange(256)
            wire.socket.send(bytes(frame[: RANDOM.randrange(14, len(frame) + 1)]))
    # Much of it was good enough for an answer, of which there are so many a second and no more.
    ping = ("ping", "-c", "1", "-W", "1", t.server)
    wait_until(lambda: " 0% packet loss" in t.tool(*ping, ok=(0, 1)), 10, "an answer to a ping")
