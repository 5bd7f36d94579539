# SPDX-License-Identifier: BSD-2-Clause
"""STL profile: SYNs to the HTTP port from random addresses and ports, never followed by more."""

import argparse

from trex.stl.api import (
    IP,
    TCP,
    CTRexVmInsFixHwCs,
    Ether,
    STLPktBuilder,
    STLScVmRaw,
    STLStream,
    STLTXCont,
    STLVmFixChecksumHw,
    STLVmFlowVar,
    STLVmWrFlowVar,
)


class SynFlood:
    def options(self, tunables):
        parser = argparse.ArgumentParser(
            description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter
        )
        parser.add_argument("--server", default="10.99.0.2", help="the appliance's address")
        parser.add_argument("--port", type=int, default=80, help="its HTTP port")
        parser.add_argument(
            "--clients", default="10.99.0.100-10.99.0.199", help="sources, first-last"
        )
        parser.add_argument("--pps", type=float, default=1e6, help="SYNs a second")
        return parser.parse_args(tunables)

    def get_streams(self, tunables, **_):
        options = self.options(tunables)
        first, _, last = options.clients.partition("-")
        syn = TCP(dport=options.port, flags="S", seq=1, options=[("MSS", 1460)])
        changes = STLScVmRaw(
            [
                STLVmFlowVar(name="ip", min_value=first, max_value=last, size=4, op="random"),
                STLVmFlowVar(name="port", min_value=1024, max_value=65535, size=2, op="random"),
                STLVmWrFlowVar(fv_name="ip", pkt_offset="IP.src"),
                STLVmWrFlowVar(fv_name="port", pkt_offset="TCP.sport"),
                STLVmFixChecksumHw(
                    l3_offset="IP", l4_offset="TCP", l4_type=CTRexVmInsFixHwCs.L4_TYPE_TCP
                ),
            ]
        )
        frame = STLPktBuilder(pkt=Ether() / IP(dst=options.server) / syn, vm=changes)
        return [STLStream(packet=frame, mode=STLTXCont(pps=options.pps))]


def register():
    return SynFlood()
