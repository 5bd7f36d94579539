# SPDX-License-Identifier: BSD-2-Clause
"""The profiles for TRex, against doubles of its Python API."""

import contextlib
import importlib.util
import io
import json
import os
import re
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.l2 import Ether

import doubles
from trex import TRexError
from trex.astf import api as astf
from trex.stl import api as stl

REQUEST = re.compile(rb"GET (/\S*) HTTP/1\.1\r\nHost: 10\.99\.0\.2\r\n(?:[\w-]+: [^\r]+\r\n)*\r\n")


class Stateful(unittest.TestCase):
    PROFILES = ("keepalive", "connection_per_request", "large_objects")

    def test_all_ask_the_appliance(self):
        for name in self.PROFILES:
            with self.subTest(name):
                profile = doubles.stateful(name)
                servers = profile.client.ip_gen.dist_server
                self.assertEqual((str(servers.first), str(servers.last)), ("10.99.0.2",) * 2)
                self.assertEqual((profile.client.port, profile.server.assoc.port), (80, 80))
                self.assertEqual(profile.client.program.commands[0], ("connect",))

    def test_all_send_requests_and_wait_for_all_of_the_answer(self):
        for name in self.PROFILES:
            with self.subTest(name):
                profile = doubles.stateful(name, path="/hello/x", response_bytes=141)
                steps = list(profile.client.program.steps())
                for (send, request), (recv, n) in zip(steps[::2], steps[1::2], strict=True):
                    self.assertEqual((send, recv, n), ("send", "recv", 141))
                    self.assertEqual(REQUEST.fullmatch(request)[1], b"/hello/x")

    def test_several_addresses_of_the_appliance(self):
        for name in self.PROFILES:
            with self.subTest(name):
                profile = doubles.stateful(name, server="10.99.0.2-10.99.0.5")
                servers = profile.client.ip_gen.dist_server
                self.assertEqual(str(servers.first), "10.99.0.2")
                self.assertEqual(str(servers.last), "10.99.0.5")
                send, request = next(profile.client.program.steps())
                self.assertEqual(send, "send")
                self.assertIsNotNone(REQUEST.fullmatch(request), request)

    def test_requests_on_a_connection(self):
        for name, default in (("keepalive", 10000), ("large_objects", 100)):
            for tunables, expected in (({}, default), ({"requests": 1}, 1), ({"requests": 7}, 7)):
                with self.subTest(name, **tunables):
                    steps = list(doubles.stateful(name, **tunables).client.program.steps())
                    self.assertEqual(len(steps), 2 * expected)

    def test_one_request_and_close(self):
        steps = list(doubles.stateful("connection_per_request").client.program.steps())
        self.assertEqual(len(steps), 2)
        self.assertIn(b"\r\nConnection: close\r\n", steps[0][1])

    def test_rates_and_numbers(self):
        client = doubles.stateful("keepalive", connections=5, cps=7, port=8080).client
        self.assertEqual((client.limit, client.cont, client.cps), (5, True, 7))
        self.assertEqual(client.port, 8080)
        self.assertIsNone(doubles.stateful("keepalive", connections=0).client.limit)
        clients = doubles.stateful("keepalive", clients="10.1.0.1-10.1.0.9").client.ip_gen
        self.assertEqual(str(clients.dist_client.last), "10.1.0.9")

    def test_more_connections_do_not_take_longer_to_come(self):
        for name, least in (("keepalive", 1000), ("large_objects", 64)):
            for connections in (1, 1000, 100_000):
                with self.subTest(name, connections=connections):
                    client = doubles.stateful(name, connections=connections).client
                    self.assertEqual(client.cps, max(least, connections / 2))
        self.assertEqual(doubles.stateful("keepalive", connections=0).client.cps, 1000)
        self.assertEqual(doubles.stateful("keepalive", connections=9000, cps=10).client.cps, 10)

    def test_window(self):
        profile = doubles.stateful("large_objects", window_bytes=65536)
        self.assertEqual(profile.c_glob_info.tcp.rxbufsize, 65536)

    def test_unknown_tunables_are_refused(self):
        for name in self.PROFILES:
            with self.subTest(name), contextlib.redirect_stderr(io.StringIO()) as words:
                with self.assertRaises(SystemExit):
                    doubles.stateful(name, respnse_bytes=1)
                self.assertIn("respnse_bytes", words.getvalue())


class Stateless(unittest.TestCase):
    def frames(self, name, n, **tunables):
        (stream,) = doubles.stateless(name, **tunables)
        frames = stream.frames(n)
        for frame in frames:
            packet = Ether(frame)
            for layer in packet.layers()[1:]:
                if "chksum" in packet[layer].fields:
                    del packet[layer].chksum
            self.assertEqual(bytes(packet), frame, "a wrong checksum")
        return stream, [Ether(frame) for frame in frames]

    def test_syn_flood(self):
        stream, packets = self.frames(
            "syn_flood", 200, clients="10.1.0.1-10.1.0.9", port=8080, pps=5e5
        )
        self.assertEqual(stream.mode.pps, 5e5)
        self.assertEqual({str(packet[TCP].flags) for packet in packets}, {"S"})
        self.assertEqual({(packet[IP].dst, packet[TCP].dport) for packet in packets},
                         {("10.99.0.2", 8080)})
        self.assertEqual({packet[IP].src for packet in packets},
                         {f"10.1.0.{n}" for n in range(1, 10)})
        self.assertGreater(len({packet[TCP].sport for packet in packets}), 150)

    def test_rx_limit(self):
        for size in (64, 128, 1518):
            _, packets = self.frames("rx_limit", 1, size=size)
            self.assertEqual(len(packets[0]), size - 4)
            self.assertEqual((packets[0][IP].dst, packets[0][UDP].dport), ("10.99.0.2", 9))

    def test_frames_smaller_than_ethernets_are_refused(self):
        with contextlib.redirect_stderr(io.StringIO()), self.assertRaises(SystemExit):
            doubles.stateless("rx_limit", size=63)


class Double(unittest.TestCase):
    """Do the doubles refuse what TRex would refuse, or would hang on?"""

    def test_arguments(self):
        for make in (
            lambda: astf.ASTFProgram(loops=1),
            lambda: astf.ASTFTCPClientTemplate(prog=astf.ASTFProgram()),
            lambda: stl.STLTXCont(rate=1),
        ):
            with self.assertRaises(TypeError):
                make()
        for make in (
            lambda: astf.ASTFProgram().recv("198"),
            lambda: astf.ASTFProgram().jmp_nz("left", "again:"),
            lambda: stl.STLVmWrFlowVar("port", "TCP.source"),
            lambda: stl.STLVmFlowVar("port", max_value=65536, size=2),
        ):
            with self.assertRaises(TRexError):
                make()

    def test_a_loop_must_clear_what_it_has_received(self):
        program = astf.ASTFProgram()
        program.set_var("left", 2)
        program.set_label("again:")
        program.recv(10)
        program.jmp_nz("left", "again:")
        with self.assertRaises(TRexError):
            list(program.steps())


def flows(standing, begun):
    """Statistics of so many connections: those that SYNs have been sent for, TRex counts apart."""
    client = {"m_est_flows": standing, "m_active_flows": begun}
    return {"traffic": {"client": client}, "global": {"active_flows": begun}}


class Run(unittest.TestCase):
    def run_profile(self, *arguments):
        path = os.path.join(doubles.TREX, "run.py")
        spec = importlib.util.spec_from_file_location("perf_trex_run", path)
        run = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(run)
        clock = iter((100.0, 102.0))
        with (
            mock.patch.object(run.time, "sleep"),
            mock.patch.object(run.time, "monotonic", lambda: next(clock)),
            contextlib.redirect_stdout(io.StringIO()) as words,
        ):
            self.assertEqual(run.main(list(arguments)), 0)
        return json.loads(words.getvalue())

    def test_stateful(self):
        client = {"tcps_rcvbyte": 198_000, "tcps_connects": 10, "err_no_syn": 1}
        client |= {"tcps_drops": 3, "tcps_rexmttimeo_syn": 2, "err_no_tcp_udp": 1}
        client |= {"m_active_flows": 9, "m_est_flows": 7}
        statistics = {"traffic": {"client": client}, "global": {"active_flows": 9}}
        with mock.patch.object(astf.ASTFClient, "STATISTICS", statistics):
            result = self.run_profile(
                *("keepalive", "--mult", "2", "--set", "requests=5", "--set", "connections=7")
            )
        figures = result["figures"]
        # In two seconds of the clock above.
        self.assertEqual(figures["requests_per_s"], 500)
        self.assertEqual(figures["connections_per_s"], 5)
        self.assertEqual(figures["connections"], 7)
        self.assertEqual(
            figures["troubles"], {"tcps_drops": 3, "tcps_rexmttimeo_syn": 2, "err_no_syn": 1}
        )
        self.assertEqual(result["tunables"], {"requests": "5", "connections": "7"})
        self.assertEqual(
            astf.ASTFClient.calls,
            "connect reset load_profile start clear_stats get_stats stop disconnect".split(),
        )

    def test_connections_that_do_not_stand_are_missed(self):
        for asked, standing, missing in ((1000, 1000, 0), (1000, 995, 0), (1000, 700, 300),
                                         (0, 5, 0)):
            statistics = flows(standing, asked)
            with self.subTest(asked=asked, standing=standing):
                with mock.patch.object(astf.ASTFClient, "STATISTICS", statistics):
                    result = self.run_profile("keepalive", "--set", f"connections={asked}")
                expected = {"connections_missing": missing} if missing else {}
                self.assertEqual(result["figures"]["troubles"], expected)

    def test_each_core_of_trex_needs_an_address(self):
        statistics = flows(1000, 1000)
        with (
            mock.patch.object(astf.ASTFClient, "STATISTICS", statistics),
            mock.patch.object(astf.ASTFClient, "N_CORES", 4),
        ):
            with self.assertRaisesRegex(TRexError, "1 addresses for 4 cores"):
                self.run_profile("keepalive")
            result = self.run_profile("keepalive", "--set", "server=10.99.0.2-10.99.0.5")
        self.assertEqual(result["figures"]["troubles"], {})

    def test_the_length_that_was_set_counts(self):
        statistics = {"traffic": {"client": {"tcps_rcvbyte": 1000}}, "global": {}}
        with mock.patch.object(astf.ASTFClient, "STATISTICS", statistics):
            result = self.run_profile("keepalive", "--set", "response_bytes=100")
        self.assertEqual(result["figures"]["requests_per_s"], 5)

    def test_stateless(self):
        statistics = {0: {"opackets": 2000, "ipackets": 1000}, "global": {"cpu_util": 40}}
        with mock.patch.object(stl.STLClient, "STATISTICS", statistics):
            result = self.run_profile("rx_limit", "--set", "size=128", "--mult", "1mpps")
        self.assertEqual(
            result["figures"],
            {"sent_per_s": 1000, "received_per_s": 500, "trex_cpu_percent": 40},
        )
        self.assertEqual(stl.STLClient.calls[-1], "disconnect")

    def test_without_trex_it_says_what_is_missing(self):
        with tempfile.TemporaryDirectory() as nothing:
            done = subprocess.run(
                [sys.executable, "-B", os.path.join(doubles.TREX, "run.py"), "keepalive"],
                capture_output=True, text=True, check=False, timeout=20, cwd=nothing,
                env={**os.environ, "PYTHONPATH": nothing},
            )
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertEqual(
            done.stderr,
            "run.py: TRex's client: No module named 'trex'; --trex names TRex's folder\n",
        )


if __name__ == "__main__":
    unittest.main()
