# SPDX-License-Identifier: BSD-2-Clause
"""Where answers to far hosts are sent: back, or as the routes say."""

from scapy.layers.l2 import Ether

from harness import equal, test
from lab import CLIENT, wait_until
from peer import Peer

FAR = {4: "10.5.0.9", 6: "2001:db8:5::9"}
ROUTER = "02:00:00:00:00:77"  # by way of which the far host's segments come
ABSENT = {4: "10.99.0.77", 6: "fd99::77"}


def goes_to(t):
    """The MAC address that a far host's SYN-ACK is sent to, and that of the client's kernel."""
    with Peer(t, source=FAR[t.family]) as far:
        client = far.mac
        far.mac = ROUTER
        far.say("S")
        answer = far.expect(far.mine, 3, "a SYN-ACK")
        far.seq = far.iss + 1
        return answer[Ether].dst, client


@test(own=True)
def back_unless_told_otherwise(t):
    appliance = t.start("--gateway", CLIENT[t.family])
    wait_until(lambda: "gateway" in appliance.words(), 5, "the gateway is found")
    equal(goes_to(t)[0], ROUTER, "where the answer goes")
    appliance.stop()


@test(own=True)
def by_the_route_when_told(t):
    appliance = t.start("--gateway", CLIENT[t.family], "--next-hop", "route")
    wait_until(lambda: "gateway" in appliance.words(), 5, "the gateway is found")
    went, client = goes_to(t)
    equal(went, client, "where the answer goes")
    appliance.stop()


@test(own=True)
def back_while_the_gateway_is_silent(t):
    appliance = t.start("--gateway", ABSENT[t.family], "--next-hop", "route")
    equal(goes_to(t)[0], ROUTER, "where the answer goes")
    appliance.stop()
