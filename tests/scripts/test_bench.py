# SPDX-License-Identifier: BSD-2-Clause
"""perf/bench without measuring: figures, charts, what it says to bad arguments."""

import contextlib
import importlib.machinery
import importlib.util
import io
import json
import os
import subprocess
import sys
import tempfile
import unittest
import unittest.mock
import xml.etree.ElementTree

TREE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
sys.path.insert(0, os.path.join(TREE, "perf"))

from benchlib import charts, machine, programs  # noqa: E402
from benchlib.figures import Figures, save, show  # noqa: E402
from benchlib.catalog import PROMISED, SCENARIOS  # noqa: E402


class Here:
    """A machine of no importance."""

    commit, date, cpu = "0123456789ab", "2026-11-23", "a CPU, 2 cores"


def result(scenario, **values):
    figures = Figures(scenario, "about it")
    for name, rounds in values.items():
        for number in figures.rounds(len(rounds)):
            figures.add(name, rounds[number])
    return figures.as_json(Here, 3)


class FiguresTest(unittest.TestCase):
    def test_median_and_spread(self):
        r = result("x", rps=[3.0, 1.0, 2.0])
        self.assertEqual(r["figures"]["rps"], {"median": 2.0, "min": 1.0, "max": 3.0})
        self.assertEqual(
            {"scenario", "commit", "cpu", "rounds", "figures"} - set(r), set(), "the layout"
        )

    def test_ratios_are_of_the_same_round(self):
        figures = Figures("x", "")
        pairs = ((1, 2), (3, None), (5, 8))
        for number in figures.rounds(len(pairs)):
            figures.add("above", pairs[number][0])
            figures.add("below", pairs[number][1])
        figures.add_ratio("ratio", "above", "below")
        self.assertEqual(
            figures.summary()["ratio"], {"median": 0.5625, "min": 0.5, "max": 0.625}
        )

    def test_what_one_round_lacks_is_not_absent(self):
        figures = Figures("x", "")
        for number in figures.rounds(2):
            if number == 0:
                figures.missing("limit", "no testpmd")
            else:
                figures.add("limit", 7)
        r = figures.as_json(Here, 2)
        self.assertEqual(r["figures"]["limit"]["median"], 7)
        self.assertEqual(r["absent"], {})
        self.assertEqual(r["notes"], ["limit is of 1 of 2 rounds: no testpmd"])

    def test_what_is_absent_says_why(self):
        figures = Figures("x", "")
        figures.missing("limit", "no testpmd")
        figures.add("rps", 1)
        figures.add_ratio("ratio", "rps", "limit")
        r = figures.as_json(Here, 1)
        self.assertEqual(list(r["figures"]), ["rps"])
        self.assertIn("no testpmd", r["absent"]["limit"])
        self.assertIn("ratio", r["absent"])
        self.assertTrue(any("absent" in line for line in figures.table()))

    def test_a_circumstance_is_seen_more_than_once_a_round(self):
        figures = Figures("x", "")
        for number in figures.rounds(2):
            figures.observe("ns", 30)
            figures.observe("ns", 30 + 100 * number)
        self.assertEqual(figures.summary()["ns"], {"median": 30, "min": 30, "max": 130})
        self.assertEqual(figures.all_notes(), [])

    def test_a_spoilt_round_is_begun_anew(self):
        reasons = ["moved", None, None]
        figures = Figures("x", "")
        for n, number in enumerate(figures.rounds(2, lambda: reasons.pop(0))):
            figures.add("rps", n)
            figures.observe("ns", 10 * n)
            if n == 0:
                figures.add("more", number)
        self.assertEqual(reasons, [])
        self.assertEqual(figures.summary()["rps"], {"median": 1.5, "min": 1, "max": 2})
        self.assertEqual(figures.summary()["ns"], {"median": 15, "min": 10, "max": 20})
        self.assertNotIn("more", figures.summary())
        self.assertEqual(figures.all_notes(), ["rounds begun anew: 1"])

    def test_in_the_end_spoilt_rounds_count(self):
        figures = Figures("x", "")
        n_begun = len([figures.add("rps", 7) for _ in figures.rounds(2, lambda: "moved")])
        self.assertEqual(n_begun, 2 + 2 * 2)
        self.assertEqual(len(figures.values["rps"]), 2)
        self.assertEqual(
            figures.all_notes(),
            [
                *("round 1 counts all the same: moved", "round 2 counts all the same: moved"),
                "rounds begun anew: 4",
            ],
        )

    def test_numbers_are_readable(self):
        self.assertEqual(show(1234567.8), "1,234,568")
        self.assertEqual(show(0.12345), "0.123")
        self.assertEqual(show(451.04), "451.0")


class ChartsTest(unittest.TestCase):
    RESULTS = {
        "keepalive": result(
            "keepalive", rps=[5e6], nginx_rps=[1e5], rps_at_1=[6e5], rps_at_10000=[4e6]
        ),
        "latency": result(
            "latency", **{f"{p}_us_at_{n}": [n] for p in ("p50", "p99") for n in (10, 50, 90)}
        ),
        "stages": result("stages", cycles_rx=[40], cycles_http=[120]),
    }

    def test_charts_are_pictures(self):
        drawn = charts.draw_all(self.RESULTS)
        self.assertEqual(
            set(drawn), {"rivals.svg", "connections.svg", "latency.svg", "stages.svg"}
        )
        for svg in drawn.values():
            root = xml.etree.ElementTree.fromstring(svg)
            self.assertTrue(root.tag.endswith("svg"))

    def test_no_figures_no_charts(self):
        self.assertEqual(charts.draw_all({"keepalive": result("keepalive")}), {})

    def test_a_curve_lacks_no_point(self):
        partly = result("latency", p50_us_at_10=[1], p50_us_at_90=[3], p99_us_at_90=[9])
        self.assertEqual(charts.draw_all({"latency": partly}), {})

    def test_tables_go_between_their_marks(self):
        page = "a\n<!-- keepalive -->\nold\n<!-- /keepalive -->\nb\n"
        once = charts.fill(page, self.RESULTS)
        self.assertNotIn("old", once)
        self.assertIn("| rps | 5,000,000 |", once)
        self.assertEqual(charts.fill(once, self.RESULTS), once)

    def test_redraw(self):
        with tempfile.TemporaryDirectory() as folder:
            results, docs = os.path.join(folder, "results"), os.path.join(folder, "docs")
            os.mkdir(results)
            os.mkdir(docs)
            for name, content in self.RESULTS.items():
                save(os.path.join(results, f"{name}.json"), content)
            with open(os.path.join(docs, "performance.md"), "w", encoding="utf-8") as file:
                file.write("<!-- stages -->\n<!-- /stages -->\n")
            charts.redraw(results, docs)
            self.assertEqual(len(os.listdir(os.path.join(docs, "charts"))), 4)
            with open(os.path.join(docs, "performance.md"), encoding="utf-8") as file:
                self.assertIn("cycles_http", file.read())


class MachineTest(unittest.TestCase):
    """With a hugepages script during which Ctrl-C is typed."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.state = os.path.join(folder.name, "state")
        self.pages = os.path.join(folder.name, "nr_hugepages")
        self.asked = []
        for name, value in (
            ("HUGEPAGES_STATE", self.state), ("N_HUGEPAGES", self.pages), ("SERVER_CORE", 0),
            ("LOAD_CORE", 0), ("hugepages", self.interrupted),
        ):
            patch = unittest.mock.patch.object(machine, name, value)
            patch.start()
            self.addCleanup(patch.stop)
        for name, value in (("sched_getaffinity", {0}), ("geteuid", 0)):
            patch = unittest.mock.patch.object(os, name, return_value=value)
            patch.start()
            self.addCleanup(patch.stop)

    def interrupted(self, action, *_):
        self.asked.append(action)
        if action == "up":
            self.write(self.pages, "3072")
            raise KeyboardInterrupt

    @staticmethod
    def write(path, text):
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)

    def enter(self):
        with self.assertRaises(KeyboardInterrupt):
            with machine.Machine():
                self.fail("it came up")

    def test_what_was_taken_until_ctrl_c_goes_back(self):
        self.enter()
        self.assertEqual(self.asked, ["up", "down"])

    def test_pages_of_others_stay(self):
        self.write(self.state, "pages=0")
        self.write(self.pages, "7")
        self.enter()
        self.assertEqual(self.asked, ["up"])
        with open(self.pages, encoding="utf-8") as file:
            self.assertEqual(file.read(), "7")


def load_bench():
    """perf/bench as a module."""
    with unittest.mock.patch.object(sys, "dont_write_bytecode", True):
        loader = importlib.machinery.SourceFileLoader(
            "perf_bench", os.path.join(TREE, "perf", "bench")
        )
        module = importlib.util.module_from_spec(importlib.util.spec_from_loader(
            "perf_bench", loader
        ))
        loader.exec_module(module)
    return module


class AllTest(unittest.TestCase):
    """`perf/bench all` with scenarios of its own, one of which goes wrong."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.results = os.path.join(folder.name, "results")
        os.mkdir(self.results)
        os.mkdir(os.path.join(folder.name, "docs"))
        self.page = os.path.join(folder.name, "docs", "performance.md")
        with open(self.page, "w", encoding="utf-8") as file:
            file.write("".join(f"<!-- {n} -->\n<!-- /{n} -->\n" for n in ("good", "bad", "late")))
        self.bench = load_bench()

    def run_all(self, bad, rounds=1):
        def good(_, figures, n):
            "Goes well."
            for _ in figures.rounds(n):
                figures.add("rps", 7)

        def going_wrong(_, figures, n):
            "Goes wrong in the last round."
            for number in figures.rounds(n):
                if number == n - 1:
                    raise bad
                figures.add("rps", 7)

        scenarios = {"good": good, "bad": going_wrong, "late": good}
        entered = unittest.mock.MagicMock()
        entered.return_value.__enter__.return_value = Here
        entered.return_value.__exit__.return_value = False
        docs = os.path.dirname(self.page)
        with (
            unittest.mock.patch.multiple(
                self.bench, SCENARIOS=scenarios, PROMISED=dict.fromkeys(scenarios, ["rps"]),
                Machine=entered, build=lambda: None, RESULTS=self.results, DOCS=docs,
            ),
            unittest.mock.patch.object(sys, "argv", ["bench", "all", "--rounds", str(rounds)]),
            unittest.mock.patch.object(self.bench.signal, "signal"),
            contextlib.redirect_stdout(io.StringIO()),
            contextlib.redirect_stderr(io.StringIO()),
        ):
            return self.bench.main()

    def saved(self, name):
        with open(os.path.join(self.results, f"{name}.json"), encoding="utf-8") as file:
            return json.load(file)

    def test_nothing_stops_the_scenarios_after_it(self):
        for bad, said in (
            (machine.Unable("no cores"), "ended early: no cores"),
            (KeyError("latency_us"), "ended early: KeyError: 'latency_us'"),
            (ZeroDivisionError("by n"), "ended early: ZeroDivisionError: by n"),
        ):
            with self.subTest(said):
                self.assertEqual(self.run_all(bad), 1)
                self.assertEqual(self.saved("bad")["notes"], [said])
                self.assertEqual(self.saved("bad")["absent"], {"rps": "the scenario ended early"})
                for name in ("good", "late"):
                    self.assertEqual(self.saved(name)["figures"]["rps"]["median"], 7)

    def test_what_came_before_the_end_stays_and_the_status_tells(self):
        self.assertEqual(self.run_all(OSError("gone"), rounds=2), 1)
        self.assertEqual(self.saved("bad")["figures"]["rps"]["median"], 7)
        self.assertIn("rps is of 1 of 2 rounds: the scenario ended early",
                      self.saved("bad")["notes"])

    def test_ctrl_c_ends_all_and_what_was_measured_stays(self):
        for bad in (KeyboardInterrupt(), SystemExit(143)):
            with self.assertRaises(type(bad)):
                self.run_all(bad)
            self.assertEqual(os.listdir(self.results), ["good.json"])
            with open(self.page, encoding="utf-8") as file:
                self.assertIn("| rps | 7 |", file.read())


class ProgramsTest(unittest.TestCase):
    """Programs that fail."""

    def setUp(self):
        self.bench = programs.Bench(Here, 1)
        self.addCleanup(self.bench.close)

    def test_jitter_that_fails_says_why(self):
        with unittest.mock.patch.object(programs, "Process") as process:
            process.return_value.wait.return_value = 1
            process.return_value.log.return_value = "no such core"
            with self.assertRaisesRegex(machine.Unable, "jitter: no such core"):
                self.bench.jitter(0)


class BeforeMeasuringTest(unittest.TestCase):
    """What is told before minutes have gone by."""

    def run_main(self, path):
        """What it says; a build is the next that would come."""
        bench = load_bench()
        said = io.StringIO()
        with (
            unittest.mock.patch.object(bench, "build", side_effect=machine.Unable("built")),
            unittest.mock.patch.object(bench.signal, "signal"),
            unittest.mock.patch.object(sys, "argv", ["bench", "keepalive", "--json", path]),
            contextlib.redirect_stderr(said),
        ):
            self.assertEqual(bench.main(), 1)
        return said.getvalue()

    def test_a_file_of_json_that_cannot_be_written(self):
        with tempfile.TemporaryDirectory() as folder:
            for path, why in (
                (os.path.join(folder, "none", "x.json"), "No such file or directory"),
                (folder, "Is a directory"),
            ):
                self.assertEqual(self.run_main(path), f"perf/bench: {path}: {why}\n")

    def test_a_file_of_json_is_left_as_it_is_until_there_are_figures(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "x.json")
            self.assertEqual(self.run_main(path), "perf/bench: built\n")
            self.assertEqual(os.listdir(folder), [])
            with open(path, "w", encoding="utf-8") as file:
                file.write("older")
            self.assertEqual(self.run_main(path), "perf/bench: built\n")
            with open(path, encoding="utf-8") as file:
                self.assertEqual(file.read(), "older")

    def test_packages_that_cannot_be_installed(self):
        failed = subprocess.CompletedProcess((), 1)
        with unittest.mock.patch.object(machine.subprocess, "run", return_value=failed):
            with self.assertRaisesRegex(machine.Unable, "scripts/setup failed"):
                machine.build()


class CommandLineTest(unittest.TestCase):
    def run_it(self, *arguments):
        return subprocess.run(
            ["/usr/bin/python3", os.path.join(TREE, "perf", "bench"), *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=20,
        )

    def test_list(self):
        done = self.run_it("list")
        self.assertEqual(done.returncode, 0)
        for name in SCENARIOS:
            self.assertIn(f"\n{name}\n", "\n" + done.stdout)

    def test_every_scenario_says_what_it_owes(self):
        self.assertEqual(set(PROMISED), set(SCENARIOS))

    def test_bad_arguments(self):
        for arguments in ((), ("nonsense",), ("keepalive", "--seconds", "0"),
                          ("keepalive", "--rounds", "x"), ("all", "--json", "x")):
            done = self.run_it(*arguments)
            self.assertEqual(done.returncode, 2, arguments)
            self.assertEqual(done.stdout, "")
            self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)


if __name__ == "__main__":
    unittest.main()
