# SPDX-License-Identifier: BSD-2-Clause
"""Double of trex.stl.api: stateless streams and their client. Packets are scapy's, as in TRex."""

import ipaddress
import random

from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.l2 import Ether
from scapy.packet import Packet

from trex import TRexError, check

LAYERS = {"IP": IP, "TCP": TCP, "UDP": UDP}


def layer_and_field(place):
    """IP.src as (IP, "src"), when there is such a field."""
    layer, _, field = place.partition(".")
    if layer not in LAYERS or field not in [f.name for f in LAYERS[layer].fields_desc]:
        raise TRexError(f"there is no {place}")
    return LAYERS[layer], field


def number_of(value):
    return int(ipaddress.IPv4Address(value)) if isinstance(value, str) else value


class CTRexVmInsFixHwCs:
    L4_TYPE_UDP = 11
    L4_TYPE_TCP = 13


class STLVmFlowVar:
    def __init__(
        self, name, init_value=None, min_value=0, max_value=255, size=4, step=1, op="inc"
    ):
        check("name", name, str)
        if op not in ("inc", "dec", "random") or size not in (1, 2, 4, 8):
            raise TRexError(f"flow variable {name}: op {op}, size {size}")
        self.name, self.op, self.step = name, op, step
        self.min, self.max = number_of(min_value), number_of(max_value)
        self.start = self.min if init_value is None else number_of(init_value)
        if not self.min <= self.start <= self.max < 1 << 8 * size:
            raise TRexError(f"flow variable {name} does not fit {size} bytes")

    def value(self, n, chance):
        if self.op == "random":
            return chance.randint(self.min, self.max)
        step = self.step if self.op == "inc" else -self.step
        return self.min + (self.start - self.min + n * step) % (self.max - self.min + 1)


class STLVmWrFlowVar:
    def __init__(self, fv_name, pkt_offset, offset_fixup=0, add_val=0, is_big=True):
        if offset_fixup or add_val or not is_big:
            raise TRexError("the double writes whole fields only")
        self.name = fv_name
        self.layer, self.field = layer_and_field(pkt_offset)


class STLVmFixChecksumHw:
    def __init__(self, l3_offset, l4_offset, l4_type):
        types = {"TCP": CTRexVmInsFixHwCs.L4_TYPE_TCP, "UDP": CTRexVmInsFixHwCs.L4_TYPE_UDP}
        if l3_offset != "IP" or types.get(l4_offset) != l4_type:
            raise TRexError(f"no checksum of {l4_offset}, {l4_type} in {l3_offset}")
        self.layer = LAYERS[l4_offset]


class STLScVmRaw:
    def __init__(self, list_of_commands=None, split_by_field=None, cache_size=None):
        self.variables, self.writes, self.fixed = {}, [], None
        for command in list_of_commands or []:
            if self.fixed:
                raise TRexError("checksums come last")
            if isinstance(command, STLVmFlowVar):
                self.variables[command.name] = command
            elif isinstance(command, STLVmWrFlowVar):
                if command.name not in self.variables:
                    raise TRexError(f"no flow variable {command.name}")
                self.writes.append(command)
            elif isinstance(command, STLVmFixChecksumHw):
                self.fixed = command
            else:
                raise TRexError(f"{command!r} is no command")

    def apply(self, packet, n, chance):
        """As TRex does: what was not asked to be mended stays wrong."""
        values = {name: v.value(n, chance) for name, v in self.variables.items()}
        packet = Ether(bytes(packet))
        for write in self.writes:
            value = values[write.name]
            is_address = write.layer is IP and write.field in ("src", "dst")
            value = str(ipaddress.IPv4Address(value)) if is_address else value
            setattr(packet[write.layer], write.field, value)
        if self.fixed:
            for layer in (IP, self.fixed.layer):
                del packet[layer].chksum
        return bytes(packet)


class STLPktBuilder:
    def __init__(self, pkt=None, pkt_buffer=None, vm=None):
        check("pkt", pkt, Packet)
        check("vm", vm, STLScVmRaw, must=False)
        if pkt_buffer:
            raise TRexError("the double takes packets only")
        self.pkt, self.vm = pkt, vm


class STLTXCont:
    def __init__(self, pps=None, bps_L1=None, bps_L2=None, percentage=None):  # noqa: N803
        given = [rate for rate in (pps, bps_L1, bps_L2, percentage) if rate is not None]
        if len(given) > 1:
            raise TRexError("more than one rate")
        check("rate", given[0] if given else 1, (int, float))
        self.pps = pps


class STLStream:
    def __init__(self, name=None, packet=None, mode=None, random_seed=0):
        check("packet", packet, STLPktBuilder)
        check("mode", mode, STLTXCont)
        self.packet, self.mode, self.seed = packet, mode, random_seed

    def frames(self, n):
        """The first n of them. TRex fills in MAC addresses that were not set."""
        chance = random.Random(self.seed)
        packet = self.packet.pkt
        packet.src, packet.dst = "02:00:00:00:00:02", "02:00:00:00:00:01"
        vm = self.packet.vm or STLScVmRaw()
        return [vm.apply(packet, i, chance) for i in range(n)]


class STLClient:
    """Its statistics are those that a test has put into STATISTICS."""

    STATISTICS = {}
    calls = []

    def __init__(self, username="someone", server="localhost"):
        self.server = server
        STLClient.calls = []

    def _note(self, name, needs=None):
        if needs and needs not in STLClient.calls:
            raise TRexError(f"{name}() without {needs}()")
        STLClient.calls.append(name)

    def connect(self):
        self._note("connect")

    def reset(self, ports=None, restart=False):
        self._note("reset", "connect")

    def add_streams(self, streams, ports=None):
        for stream in streams:
            check("stream", stream, STLStream)
        self._note("add_streams", "reset")

    def clear_stats(self, ports=None):
        self._note("clear_stats", "reset")

    def start(self, ports=None, mult="1", force=False, duration=-1):
        check("mult", mult, str)
        self._note("start", "add_streams")

    def get_stats(self, ports=None):
        self._note("get_stats", "start")
        return STLClient.STATISTICS

    def stop(self, ports=None):
        self._note("stop", "start")

    def disconnect(self, stop_traffic=True, release_ports=True):
        self._note("disconnect", "connect")
