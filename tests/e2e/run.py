# SPDX-License-Identifier: BSD-2-Clause
"""Runs the tests of the real binary: tests/e2e/run.py --help. Needs root, for the network lab.

Prints one line for each test and, as its last line, `N passed, N failed`.
"""

import argparse
import importlib
import os
import signal
import sys
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

import harness  # noqa: E402
from lab import TREE, Appliance, Lab  # noqa: E402

LAYOUTS = ("fused", "split")


class Report:
    def __init__(self):
        self.counts = {"ok": 0, "FAIL": 0, "skip": 0}

    def line(self, result, name, started, words=""):
        self.counts[result] += 1
        print(f"{result:<4} {name} ({time.monotonic() - started:.2f} s)", flush=True)
        for line in words.splitlines():
            print(f"     {line}", flush=True)

    def last_line(self):
        skipped = self.counts["skip"]
        tail = f", {skipped} skipped" if skipped else ""
        return f"{self.counts['ok']} passed, {self.counts['FAIL']} failed{tail}"


def cases(tests, layouts, families):
    """Groups that share a run of the appliance: (layout, options, own, [(test, family)])."""
    for layout in layouts:
        groups = {}
        for test in tests:
            mine = [(test, family) for family in test.families if family in families]
            mine = mine if layout in test.layouts else []
            groups.setdefault((test.own, test.options), []).extend(mine)
        for (own, options), group in sorted(groups.items(), key=lambda item: item[0]):
            if group:
                yield layout, options, own, group


def why(error):
    """The place in the tests that it came from, and the words."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename.startswith(HERE)]
    places = [f"{os.path.basename(f.filename)}:{f.lineno} {f.line}" for f in frames[-3:]]
    return "\n".join(places + [f"{type(error).__name__}: {error}"])


def run_case(report, lab, binary, layout, appliance, test, family):
    name = f"{layout}/ipv{family}/{test.name}"
    context = harness.Context(lab, binary, layout, family, appliance)
    started = time.monotonic()
    result, words = "ok", ""
    try:
        with harness.Deadline(test.within):
            test.run(context)
            if appliance and not appliance.alive():
                raise AssertionError("the appliance is gone")
    except harness.Skip as reason:
        result, words = "skip", str(reason)
    except Exception as error:
        result, words = "FAIL", why(error)
        gone = [appliance] if appliance and not appliance.alive() else []
        for other in gone + context.extra:
            words += f"\nthe appliance's last words:\n{other.words()}"
    finally:
        for other in context.extra:
            other.kill()
    report.line(result, name, started, words)


class Shared:
    """The run of the appliance that a group shares, replaced when it dies."""

    def __init__(self, report, lab, binary, layout, options):
        self.report = report
        self.make = lambda: Appliance(lab, binary, layout, options)
        self.name = f"{layout}/{' '.join(options) or 'defaults'}"
        self.appliance = None

    def get(self):
        if self.appliance is None or not self.appliance.alive():
            started = time.monotonic()
            self.appliance = self.make()
            try:
                self.appliance.start()
            except Exception as error:
                self.report.line("FAIL", f"start {self.name}", started, why(error))
                self.appliance = None
        return self.appliance

    def stop(self):
        if self.appliance is None:
            return
        started = time.monotonic()
        try:
            self.appliance.stop()
            self.report.line("ok", f"clean end of {self.name}", started)
        except Exception as error:
            self.report.line("FAIL", f"clean end of {self.name}", started, why(error))


def run_group(report, lab, binary, layout, options, own, group):
    if own:
        for test, family in group:
            run_case(report, lab, binary, layout, None, test, family)
        return
    shared = Shared(report, lab, binary, layout, options)
    try:
        for test, family in group:
            appliance = shared.get()
            if appliance is None:
                return
            run_case(report, lab, binary, layout, appliance, test, family)
    finally:
        shared.stop()


def choose(arguments):
    for file in sorted(os.listdir(HERE)):
        if file.startswith("test_") and file.endswith(".py"):
            importlib.import_module(file.removesuffix(".py"))
    return [
        test
        for test in harness.ALL
        if all(part in test.name for part in arguments.only)
        and (arguments.long or not test.long)
        and (test.sanitized or not arguments.sanitized)
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("only", nargs="*", help="run tests whose name has all of these in it")
    parser.add_argument("--binary", default=os.path.join(TREE, "build", "app", "ringside"))
    parser.add_argument("--layout", choices=LAYOUTS, help="this one only")
    parser.add_argument("--family", type=int, choices=harness.BOTH, help="this IP version only")
    parser.add_argument("--long", action="store_true", help="the long tests too")
    parser.add_argument("--sanitized", action="store_true", help="the binary is slow: fewer tests")
    parser.add_argument("--list", action="store_true", help="say which tests there are")
    arguments = parser.parse_args()
    arguments.binary = os.path.abspath(arguments.binary)

    tests = choose(arguments)
    if arguments.list:
        print("\n".join(test.name for test in tests))
        return 0
    if not harness.is_root():
        parser.error("needs root")
    # A run that is told to stop still takes down its lab.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    report = Report()
    layouts = [arguments.layout] if arguments.layout else LAYOUTS
    families = [arguments.family] if arguments.family else harness.BOTH
    with Lab() as lab:
        for layout, options, own, group in cases(tests, layouts, families):
            run_group(report, lab, arguments.binary, layout, options, own, group)
    print(report.last_line())
    return 1 if report.counts["FAIL"] or not report.counts["ok"] else 0


if __name__ == "__main__":
    sys.exit(main())
