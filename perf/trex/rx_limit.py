# SPDX-License-Identifier: BSD-2-Clause
"""STL profile: UDP frames of one size to a port that nobody listens on: how many are taken in?"""

import argparse

from trex.stl.api import IP, UDP, Ether, STLPktBuilder, STLStream, STLTXCont

# Counted, not measured: to build a packet, scapy looks for MAC addresses.
HEADS_BYTES = 14 + 20 + 8
FCS_BYTES = 4
SMALLEST = 64


class RxLimit:
    def options(self, tunables):
        parser = argparse.ArgumentParser(
            description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter
        )
        parser.add_argument("--server", default="10.99.0.2", help="the appliance's address")
        parser.add_argument("--client", default="10.99.0.100", help="the sender's address")
        parser.add_argument("--dport", type=int, default=9, help="where nobody listens")
        parser.add_argument(
            "--size", type=int, default=SMALLEST, help="of a frame, with its 4 bytes of FCS"
        )
        parser.add_argument("--pps", type=float, default=1e6, help="frames a second")
        options = parser.parse_args(tunables)
        if options.size < SMALLEST:
            parser.error(f"the smallest frame has {SMALLEST} bytes")
        return options

    def get_streams(self, tunables, **_):
        options = self.options(tunables)
        frame = Ether() / IP(src=options.client, dst=options.server)
        frame /= UDP(sport=1234, dport=options.dport)
        frame /= b"x" * (options.size - FCS_BYTES - HEADS_BYTES)
        return [STLStream(packet=STLPktBuilder(pkt=frame), mode=STLTXCont(pps=options.pps))]


def register():
    return RxLimit()
