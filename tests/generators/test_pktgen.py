# SPDX-License-Identifier: BSD-2-Clause
"""The scripts for Pktgen, against a double of its Lua API."""

import os
import tempfile
import unittest

from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.l2 import Ether
from scapy.utils import rdpcap

import doubles

QUICK = {"seconds": 2}


def same_when_rebuilt(frame):
    """Are lengths and checksums those that scapy computes?"""
    packet = Ether(frame)
    for layer in (IP, TCP, UDP, ICMP):
        if layer in packet:
            for name in ("len", "chksum"):
                if name in packet[layer].fields:
                    delattr(packet[layer], name)
    return bytes(packet) == frame


class Scripts(unittest.TestCase):
    def run_script(self, script, pcap=None, double=(), **settings):
        run = doubles.run_pktgen(script, pcap, double, **{**QUICK, **settings})
        self.assertEqual(run.status, 0, run.words)
        return run

    def check_order(self, run):
        """Nothing is drawn over the figures; each start has its stop; the end is quit()."""
        names = [call[0] for call in run.calls]
        self.assertEqual(run.calls[0], ["screen", "off"])
        self.assertEqual(names[-1], "quit")
        started = False
        for name in names:
            if name in ("start", "stop"):
                self.assertFalse(started and name == "start", "started twice")
                started = name == "start"
        self.assertFalse(started, "still sending at the end")

    def check_figures(self, run, n_steps):
        figures = run.figures()
        self.assertEqual(len(figures), n_steps, run.words)
        for line in figures:
            # The double answers every second frame.
            self.assertGreater(int(line["tx_pps"]), 0)
            self.assertAlmostEqual(int(line["rx_pps"]), int(line["tx_pps"]) / 2, delta=1)
            self.assertAlmostEqual(float(line["received_percent"]), 50, delta=0.01)
        return figures

    def test_rate(self):
        run = self.run_script("rate.lua", sizes="64,1518", rates="25,100")
        self.check_order(run)
        figures = self.check_figures(run, 4)
        steps = [(line["size"], line["rate_percent"]) for line in figures]
        self.assertEqual(steps, [("64", "25"), ("64", "100"), ("1518", "25"), ("1518", "100")])
        # A 10 Gbit/s link carries 14.88 million of the smallest frames a second.
        self.assertEqual(int(figures[1]["tx_pps"]), 14_880_952)
        self.assertEqual([len(burst) for burst in run.bursts.values()], [1] * 4)
        self.assertEqual([len(burst[0]) for burst in run.bursts.values()], [60, 60, 1514, 1514])
        frame = run.bursts[1][0]
        self.assertTrue(same_when_rebuilt(frame))
        packet = Ether(frame)
        self.assertEqual(packet.dst, "02:00:00:00:00:01")
        self.assertEqual((packet[IP].src, packet[IP].dst), ("10.99.0.100", "10.99.0.2"))
        self.assertEqual(packet[UDP].dport, 9)

    def test_destinations_with_a_prefix_and_without(self):
        for wanted in ("must", "never"):
            with self.subTest(wanted):
                double = [("DOUBLE_PREFIX", wanted)]
                run = self.run_script("rate.lua", double=double, sizes="64", rates="100")
                self.assertEqual(Ether(run.bursts[1][0])[IP].dst, "10.99.0.2")

    def test_a_link_that_takes_its_time(self):
        """A rate that is set before there is a link is none."""
        with tempfile.TemporaryDirectory() as folder:
            pcaps = doubles.make_pcaps(folder, frames=50)
            for script, pcap in (("rate.lua", None), ("syn-flood.lua", None),
                                 ("icmp.lua", pcaps["icmp"])):
                with self.subTest(script):
                    double = [("DOUBLE_LINK_MS", "9000")]
                    run = self.run_script(script, pcap, double=double, sizes="64", rates="100")
                    self.check_figures(run, 1)
        run = doubles.run_pktgen("rate.lua", double=[("DOUBLE_LINK_MS", "99000")])
        self.assertNotEqual(run.status, 0)
        self.assertIn("no link", run.words)

    def test_rate_with_tcp(self):
        run = self.run_script("rate.lua", sizes="64", rates="100", proto="tcp", dport=81)
        packet = Ether(run.bursts[1][0])
        self.assertEqual((packet[TCP].dport, str(packet[TCP].flags)), (81, "A"))

    def test_syn_flood(self):
        run = self.run_script("syn-flood.lua", clients=7, first_port=5000, last_port=5009, rates=50)
        self.check_order(run)
        self.check_figures(run, 1)
        packets = [Ether(frame) for frame in run.bursts[1]]
        self.assertTrue(all(same_when_rebuilt(frame) for frame in run.bursts[1]))
        self.assertEqual({len(frame) for frame in run.bursts[1]}, {60})
        self.assertEqual({str(packet[TCP].flags) for packet in packets}, {"S"})
        self.assertEqual({packet[TCP].dport for packet in packets}, {80})
        self.assertEqual({packet.dst for packet in packets}, {"02:00:00:00:00:01"})
        self.assertEqual({packet.src for packet in packets}, {"02:00:00:00:00:02"})
        peers = [(packet[IP].src, packet[TCP].sport) for packet in packets]
        self.assertEqual(
            {address for address, _ in peers}, {f"10.99.0.{100 + n}" for n in range(7)}
        )
        self.assertEqual({port for _, port in peers}, set(range(5000, 5010)))
        self.assertEqual(len(set(peers)), 70)

    def test_syn_flood_never_meets_the_end_of_16_bits(self):
        run = self.run_script("syn-flood.lua")
        steps = dict(call[1:] for call in run.named("range.src_port"))
        self.assertLess(steps["max"] + steps["inc"], 65536)

    def test_flags_are_set_before_it_starts(self):
        names = [call[0] for call in self.run_script("syn-flood.lua").calls]
        self.assertLess(names.index("command"), names.index("start"))
        self.assertLess(names.index("set_range"), names.index("start"))

    def test_replay(self):
        with tempfile.TemporaryDirectory() as folder:
            pcaps = doubles.make_pcaps(folder, frames=50)
            scripts = {"http-get": "http-get.lua", "syn": "syn-replay.lua", "icmp": "icmp.lua"}
            self.assertEqual(scripts.keys(), pcaps.keys())
            for name, pcap in pcaps.items():
                run = self.run_script(scripts[name], pcap, rates="1,100")
                self.check_order(run)
                self.check_figures(run, 2)
                self.assertEqual(run.bursts[1], [bytes(packet) for packet in rdpcap(pcap)])

    def test_replay_without_a_file_fails(self):
        run = doubles.run_pktgen("http-get.lua")
        self.assertNotEqual(run.status, 0)
        self.assertIn("-s 0:FILE", run.words)

    def test_a_file_that_is_not_taken_fails(self):
        """And is not mistaken for an appliance that does not answer."""
        with tempfile.TemporaryDirectory() as folder:
            pcaps = doubles.make_pcaps(folder, frames=50)
            for script, name in (("http-get", "http-get"), ("syn-replay", "syn"), ("icmp", "icmp")):
                run = doubles.run_pktgen(
                    f"{script}.lua", pcaps[name], [("DOUBLE_PCAP", "never")], **QUICK
                )
                self.assertNotEqual(run.status, 0)
                self.assertIn("Pktgen has no file from -s", run.words)

    def test_figures_go_to_a_file_too(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "figures")
            run = self.run_script("rate.lua", sizes="64", rates="100", out=path)
            with open(path, encoding="utf-8") as file:
                self.assertEqual(file.read().strip(), run.words.strip())

    def test_settings_are_checked(self):
        run = doubles.run_pktgen("rate.lua", seconds="soon")
        self.assertNotEqual(run.status, 0)
        self.assertIn("PKTGEN_SECONDS is no number: soon", run.words)
        run = doubles.run_pktgen("rate.lua", sizes="9000")
        self.assertNotEqual(run.status, 0)
        self.assertIn("pktgen.set: argument 3, 9000", run.words)


class Double(unittest.TestCase):
    """Does the double refuse what Pktgen would not do?"""

    def refuses(self, line, expected):
        with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
            script.write(line)
            script.flush()
            run = doubles.run_pktgen(script.name)
        self.assertNotEqual(run.status, 0, line)
        self.assertIn(expected, run.words)

    def test_refusals(self):
        for line, expected in (
            ("pktgen.set_tcp_flags(0)", "there is no pktgen.set_tcp_flags"),
            ("pktgen.range.dst_addr(0)", "there is no pktgen.range.dst_addr"),
            ("pktgen.set(0, 'speed', 1)", "nothing that can be set"),
            ("pktgen.set(0, 'rate', 101)", "no number from"),
            ("pktgen.start()", "takes 1 arguments, not 0"),
            ("pktgen.set_proto(0, 'icmp')", "none of tcp, udp"),
            ("pktgen.set_ipaddr(0, 'src', '10.0.0.1')", "lacks its prefix length"),
            ("pktgen.set_mac(0, 'dst', '02:00')", "no MAC address"),
            ("pktgen.start(0)", "no destination MAC is set"),
            ("pktgen.linkState()", "takes 1 arguments, not 0"),
            ("pktgen.screen('off')", "ended without pktgen.quit()"),
        ):
            with self.subTest(line):
                self.refuses(line, expected)


class Pcaps(unittest.TestCase):
    def packets(self, name, **options):
        with tempfile.TemporaryDirectory() as folder:
            return list(rdpcap(doubles.make_pcaps(folder, **options)[name]))

    def test_every_request_is_another_connections(self):
        packets = self.packets("http-get", frames=300, clients=7, path="/hello/you")
        peers = {(packet[IP].src, packet[TCP].sport) for packet in packets}
        self.assertEqual(len(peers), 300)
        for packet in packets:
            self.assertTrue(same_when_rebuilt(bytes(packet)))
            request = bytes(packet[TCP].payload)
            self.assertTrue(request.startswith(b"GET /hello/you HTTP/1.1\r\n"))
            self.assertTrue(request.endswith(b"\r\n\r\n"))

    def test_every_syn_is_another_connections(self):
        packets = self.packets("syn", frames=300, clients=7)
        peers = {(packet[IP].src, packet[TCP].sport) for packet in packets}
        self.assertEqual(len(peers), 300)
        for packet in packets:
            self.assertTrue(same_when_rebuilt(bytes(packet)))
            self.assertEqual((str(packet[TCP].flags), packet[TCP].dport), ("S", 80))
            self.assertEqual(packet[TCP].options, [("MSS", 1460)])

    def test_echo_requests(self):
        packets = self.packets("icmp", frames=30)
        self.assertEqual({packet[ICMP].type for packet in packets}, {8})
        self.assertTrue(all(same_when_rebuilt(bytes(packet)) for packet in packets))

    def test_the_same_each_time(self):
        self.assertEqual(
            *([bytes(p) for p in self.packets("http-get", frames=20)] for _ in range(2))
        )


if __name__ == "__main__":
    unittest.main()
