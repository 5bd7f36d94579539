# SPDX-License-Identifier: BSD-2-Clause
"""What perf/bench makes of the reports of a server and a load generator: doubles of both."""

import contextlib
import os
import sys
import tempfile
import types
import unittest
from unittest import mock

TREE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
sys.path.insert(0, os.path.join(TREE, "perf"))

from benchlib import content, programs, scenarios, tls  # noqa: E402
from benchlib.figures import Figures  # noqa: E402
from benchlib.machine import Unable  # noqa: E402

ERRORS = (
    *("status", "length", "body", "malformed", "resets", "timeouts", "connect_timeouts"),
    *("refused", "closed_early", "tls"),
)
LOG = """http     requests             {requests}  requests whose head was well-formed
lcore 0  busy {busy_us} us, idle 5 us (50.0 % busy)  runs: net
"""


def report(conns=256, errors=None, **others):
    """As ringside-load --json has it, of a run in which all went well."""
    return {
        **{"conns": conns, "per_conn": 0, "n_established": conns, "n_idle": 0, "rps": 1e6},
        **{"n_wanted": conns, "n_missing": 0},
        **{"responses": 1_000_000, "busy": 0.5, "frames_per_busy_turn": 20, "core_to_core_ns": 60},
        **dict.fromkeys(("bad_checksums", "retransmissions", "out_of_order", "strays"), 0),
        **dict.fromkeys(("not_sent", "idle_lost", "lost_frames", "discarded_frames"), 0),
        "latency_us": {"p50": 1, "p90": 2, "p99": 3, "p999": 4},
        "errors": {**dict.fromkeys(ERRORS, 0), **(errors or {})},
        **others,
    }


class Bench:
    """answer(options of ringside-load) tells in what its report differs from one of a good run."""

    def __init__(self, answer=lambda asked: {}, log="", seconds=2):
        self.answer, self.log, self.seconds = answer, log, seconds
        self.asked = []  # options of all loads so far

    def server(self, *_, **__):
        server = programs.Ringside.__new__(programs.Ringside)
        server.process = types.SimpleNamespace(log=lambda: self.log, end=lambda: 0)
        return server

    def responder(self, *_):
        other = {"busy": 0.6, "frames_per_busy_turn": 30}
        return contextlib.nullcontext(types.SimpleNamespace(report=lambda: other))

    def load(self, *words, seconds=None, warmup=1):
        asked = dict(zip(words[::2], words[1::2]), seconds=seconds or self.seconds)
        self.asked.append(asked)
        return report(**{
            "conns": asked["--conns"], "per_conn": asked.get("--per-conn", 0), **self.answer(asked)
        })

    def jitter(self, _):
        return 0.1, 50.0

    def moved(self):
        return None

    def forwarded_pps(self, _):
        return 1e7


class MarkTest(unittest.TestCase):
    """A server that says how far it is when it is asked, and at its end."""

    REPORT = LOG + "port 0   received 5 frames, missed 0\n"

    def setUp(self):
        self.log = "serving\n"
        self.server = programs.Ringside.__new__(programs.Ringside)
        self.server.process = types.SimpleNamespace(
            log=lambda: self.log,
            ask_for_report=lambda: self.report(1000, 300),
            wait_until=lambda ready: self.assertTrue(ready()),
        )

    def report(self, requests, busy_us):
        self.log += self.REPORT.format(requests=requests, busy_us=busy_us)

    def test_what_was_before_the_mark_does_not_count(self):
        self.server.mark()
        self.report(5000, 2300)
        self.assertEqual(self.server.per_busy_second("http.requests", "net"), 2e6)
        self.assertEqual(self.server.counters()["http.requests"], 5000)
        self.assertEqual(self.server.busy_us(), 2300)

    def test_without_a_mark_everything_counts(self):
        self.report(5000, 2500)
        self.assertEqual(self.server.per_busy_second("http.requests", "net"), 2e6)

    def test_nothing_counted_since(self):
        self.server.mark()
        self.report(1000, 300)
        with self.assertRaisesRegex(Unable, "no http.requests of net"):
            self.server.per_busy_second("http.requests", "net")

    def test_no_core_runs_the_stage(self):
        self.report(5000, 2500)
        with self.assertRaisesRegex(Unable, "no http.requests of tls"):
            self.server.per_busy_second("http.requests", "tls")


class MovedTest(unittest.TestCase):
    def moved(self, *distances):
        bench = programs.Bench.__new__(programs.Bench)
        bench.distances = []
        measured = list(distances)
        bench.handover = lambda: measured.pop(0)
        for _ in distances[1:]:
            bench.look()
        return bench.moved(), bench.distances

    def test_cores_that_stay(self):
        self.assertEqual(self.moved(43, 65, 50), (None, []))
        self.assertEqual(self.moved(240, 205), (None, []))

    def test_cores_that_move(self):
        words = "the cores were 43 to 240 ns apart"
        self.assertEqual(self.moved(43, 240, 50), (words, []))
        self.assertEqual(self.moved(43, 50, 240), (words, []))


class CheckedTest(unittest.TestCase):
    def notes(self, by_design=(), **others):
        figures = Figures("x", "")
        scenarios.checked(report(**others), figures, "it", by_design)
        return figures.all_notes()

    def test_a_good_run_has_nothing_to_tell(self):
        self.assertEqual(self.notes(), [])

    def test_wrong_answers_leave_no_figure(self):
        for name in ("status", "length", "body", "malformed", "tls"):
            with self.subTest(name), self.assertRaisesRegex(Unable, f"wrong answers: {name} 3"):
                self.notes(errors={name: 3})
        with self.assertRaisesRegex(Unable, "bad_checksums 3"):
            self.notes(bad_checksums=3)

    def test_connections_that_did_not_stand_leave_no_figure(self):
        with self.assertRaisesRegex(Unable, "it: 1 of 100,000 connections did not stand"):
            self.notes(conns=100_000, n_established=99_999)
        with self.assertRaisesRegex(Unable, "it: 4 of 256 connections did not stand"):
            self.notes(n_missing=4)
        with self.assertRaisesRegex(Unable, "it: 4 of 256 connections did not stand"):
            self.notes(n_missing=4, n_established=7, per_conn=1)
        idle = {"n_wanted": 1256, "n_idle": 900}
        with self.assertRaisesRegex(Unable, "it: 56 of 256 connections did not stand"):
            self.notes(n_established=1100, n_missing=100, **idle)
        self.assertEqual(self.notes(n_established=1156, n_missing=100, **idle), [])
        self.assertEqual(self.notes(n_established=7, per_conn=1), [])  # they come and go

    def test_no_answers_leave_no_figure(self):
        with self.assertRaisesRegex(Unable, "nothing was answered"):
            self.notes(responses=0)

    def test_losses_are_told(self):
        for name in ("resets", "timeouts", "connect_timeouts", "refused", "closed_early"):
            with self.subTest(name):
                self.assertEqual(self.notes(errors={name: 1234}), [f"it: {name} 1,234"])
        for name in ("retransmissions", "out_of_order", "strays", "not_sent", "idle_lost",
                     "lost_frames", "discarded_frames"):
            with self.subTest(name):
                self.assertEqual(self.notes(**{name: 5}), [f"it: {name} 5"])

    def test_what_a_scenario_is_to_bring_about_is_not(self):
        self.assertEqual(
            self.notes(("timeouts", "strays"), errors={"timeouts": 9, "resets": 2}, strays=7),
            ["it: resets 2"],
        )

    def test_who_is_never_idle_with_little_to_do_is_not_at_the_limit(self):
        self.assertEqual(self.notes(busy=0.99, frames_per_busy_turn=4), [])
        self.assertEqual(self.notes(busy=0.5, frames_per_busy_turn=110), [])
        told = ["it: the load generator was at its limit"]
        self.assertEqual(self.notes(busy=0.99, frames_per_busy_turn=110), told)
        self.assertEqual(self.notes(conns=32, busy=0.99, frames_per_busy_turn=60), told)
        self.assertEqual(self.notes(conns=32, busy=0.99, frames_per_busy_turn=4), [])
        self.assertEqual(self.notes(busy=0.99, frames_per_busy_turn=4, tls={}), told)
        self.assertEqual(self.notes(("limit",), busy=0.99, frames_per_busy_turn=110), [])


class ScenariosTest(unittest.TestCase):
    def setUp(self):
        for where, name, value in (
            (scenarios, "rival_rps", lambda *_, **__: 1e5),
            (scenarios, "tsc_hz", lambda: 2e9),
        ):
            patch = mock.patch.object(where, name, value)
            patch.start()
            self.addCleanup(patch.stop)

    def run_one(self, scenario, bench, rounds=1):
        figures = Figures("x", "")
        scenario(bench, figures, rounds)
        return figures

    def values(self, figures):
        return {name: s["median"] for name, s in figures.summary().items()}

    def test_keepalive_without_all_connections(self):
        def answer(asked):
            n = asked["--conns"]
            return {"n_established": n - 1 if n == 100_000 else n}

        bench = Bench(answer, LOG.format(requests=1, busy_us=1))
        figures = self.run_one(scenarios.keepalive, bench)
        self.assertIn("1 of 100,000 connections", figures.absent()["rps_at_100000"])
        self.assertEqual(figures.median("rps_at_10000"), 1e6)

    def test_cycles_are_of_the_servers_busy_time(self):
        def answer(asked):
            bench.log = LOG.format(requests=1000, busy_us=250 if asked["--conns"] == 1024 else 900)
            return {"rps": 3e6 if asked["--conns"] == 1024 else 1e6}

        bench = Bench(answer)
        values = self.values(self.run_one(scenarios.keepalive, bench))
        self.assertEqual(values["cycles_per_request"], 500)  # a quarter of a us, at 2 GHz
        self.assertEqual(values["server_busy"], 0.75)

    def test_a_server_that_counted_no_requests(self):
        with self.assertRaisesRegex(Unable, "counted no requests"):
            Bench().server().us_per_request()

    def test_shares_of_the_peak_are_of_the_same_connections(self):
        bench = Bench(lambda asked: {"rps": 1e6 if asked["--conns"] == 1024 else 3e6})
        figures = self.run_one(scenarios.latency, bench)
        self.assertEqual({asked["--conns"] for asked in bench.asked}, {1024})
        self.assertEqual([a["--rate"] for a in bench.asked[1:]], [100_000, 500_000, 900_000])
        self.assertEqual(figures.median("peak_rps"), 1e6)

    def test_generator_is_the_better_of_two(self):
        bench = Bench(lambda asked: {
            "rps": asked["--conns"], "busy": 0.99, "frames_per_busy_turn": asked["--conns"] / 20
        })
        figures = self.run_one(scenarios.generator, bench)
        self.assertEqual(
            self.values(figures),
            {
                **{"rps": 1024, "busy": 0.99, "frames_per_busy_turn": 51.2, "core_to_core_ns": 60},
                **{"responder_busy": 0.6, "responder_frames_per_busy_turn": 30},
            },
        )
        self.assertEqual(figures.all_notes(), [])
        with self.assertRaises(Unable):
            self.run_one(scenarios.generator, Bench(lambda _: {"errors": {"malformed": 1}}))

    def overload(self, calm=1e6, during=60_000, after=(), **bad):
        def answer(asked):
            if "--syn-flood" in asked:
                n_flood = asked["--flood-for"] * 10
                rest = [*after, *[100_000] * (asked["seconds"] * 10 - n_flood - len(after))]
                return {"answers_per_100ms": [during] * n_flood + rest, **bad}
            if "--rate" in asked:
                return {"rps": 6e5, "n_established": 0,
                        "errors": {"timeouts": 7, "connect_timeouts": 8}, "retransmissions": 9}
            if "--per-conn" in asked:
                return {"rps": {256: 7e5, 1024: 6e5, 4096: 8e5}[asked["--conns"]]}
            return {"rps": calm}

        return self.run_one(scenarios.overload, Bench(answer))

    def test_overload_is_told_against_the_best_of_several(self):
        figures = self.overload()
        values = self.values(figures)
        self.assertEqual((values["peak_cps"], values["goodput_ratio_at_10x"]), (8e5, 0.75))
        self.assertEqual(figures.all_notes(), [])  # those who are to give up

    def test_goodput_beside_a_flood_is_that_of_its_time(self):
        self.assertAlmostEqual(self.overload().median("goodput_ratio_beside_syn_flood"), 0.6)

    def test_recovery_counts_from_the_end_of_the_flood(self):
        for after, expected in (
            ((), 0),
            ((10,), 0.1),
            ((10, 89_000, 90_000), 0.2),
            ((95_000, 95_000, 10, 10), 0.4),  # it has to stay
        ):
            with self.subTest(after):
                self.assertEqual(self.overload(after=after).median("recovery_s"), expected)

    def test_what_the_rate_settles_at_is_told(self):
        figures = self.overload(after=[80_000] * 50)
        self.assertEqual(figures.median("rps_ratio_after_syn_flood"), 0.8)
        self.assertEqual(figures.median("recovery_s"), 0)

    def test_no_recovery_is_told(self):
        figures = self.overload(after=[80_000, 10] * 25)
        self.assertEqual(figures.absent()["recovery_s"], "not within 5 seconds")

    def test_losses_beside_a_flood_are_told(self):
        self.assertIn("beside a SYN flood: resets 3", self.overload(errors={"resets": 3}).notes)

    def test_content_is_told_by_the_servers_cycles_too(self):
        def answer(asked):
            builtin = asked["--path"] == "/bytes/1024"
            bench.log = LOG.format(requests=1000, busy_us=300 if builtin else 400)
            return {"rps": 2e6, "busy": 0.99, "frames_per_busy_turn": 100}

        bench = Bench(answer)
        with tempfile.TemporaryDirectory() as bench.folder:
            figures = self.run_one(content.content, bench)
        values = self.values(figures)
        self.assertEqual(values["ratio_to_builtin"], 1)
        self.assertEqual(values["cycles_per_request_builtin"], 600)
        self.assertEqual(values["cycles_per_request"], 800)
        self.assertEqual(values["cycles_ratio"], 0.75)
        self.assertEqual((values["server_busy"], values["load_busy"]), (0.8, 0.99))
        self.assertIn("rps: the load generator was at its limit", figures.notes)

    def test_handshakes_that_nobody_counted(self):
        bench = Bench(log="lcore 1  busy 7 us, idle 5 us (50.0 % busy)  runs: tls\n")
        bench.https = lambda: []
        with self.assertRaisesRegex(Unable, "counted none"):
            tls.us_per_handshake(bench, Figures("x", ""), "full", True)


if __name__ == "__main__":
    unittest.main()
