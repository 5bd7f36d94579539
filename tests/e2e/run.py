# SPDX-License-Identifier: BSD-2-Clause
"""Runs the tests of the real binary: tests/e2e/run.py --help. Needs root, for the network lab.

Prints one line for each test and, as its last line, `N passed, N failed`.
"""

import argparse
import importlib
import itertools
import multiprocessing
import os
import resource
import signal
import sys
import time
import traceback
import zlib
from multiprocessing.connection import wait

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

import harness  # noqa: E402
import peer  # noqa: E402
from lab import TREE, Appliance, Lab  # noqa: E402

LAYOUTS = ("fused", "split")
MOST_FILES = 20_000  # that a test, or a client it starts, has open


class Report:
    """What came of the tests: told line by line, and summed up."""

    def __init__(self):
        self.counts = {"ok": 0, "FAIL": 0, "skip": 0}
        self.times = []

    def line(self, result, name, seconds, words=""):
        self.counts[result] += 1
        self.times.append((seconds, name))
        lines = [f"{result:<4} {name} ({seconds:.2f} s)"]
        lines += [f"     {line}" for line in words.splitlines()]
        print("\n".join(lines), flush=True)

    def slowest(self, n):
        slowest = sorted(self.times, reverse=True)[:n]
        return "\n".join(f"{seconds:8.2f} s {name}" for seconds, name in slowest)

    def last_line(self):
        skipped = self.counts["skip"]
        tail = f", {skipped} skipped" if skipped else ""
        return f"{self.counts['ok']} passed, {self.counts['FAIL']} failed{tail}"


def pairs(layouts, families, every):
    """Of layouts and families: every pair, or so many that each of them is in one."""
    if every:
        return list(itertools.product(layouts, families))
    longest = max(len(layouts), len(families)) if layouts and families else 0
    return [(layouts[n % len(layouts)], families[n % len(families)]) for n in range(longest)]


def pairs_of(arguments, test):
    """Those to run a test in. What shares a run of the appliance is cheap; what starts its own is
    not: of two pairs the sanitized build takes the one and the other build the other, or both where
    the sanitized one does not run it."""
    layouts = [x for x in LAYOUTS if x in test.layouts and arguments.layout in (None, x)]
    families = [x for x in harness.BOTH if x in test.families and arguments.family in (None, x)]
    every = arguments.long or not (test.own or arguments.sanitized)
    found = pairs(layouts, families, every)
    if found and test.own and test.sanitized and not arguments.long:
        one = zlib.crc32(test.name.encode())  # which, must not depend on what other tests there are
        return [found[(one + arguments.sanitized) % len(found)]]
    return found


def cases(arguments, tests):
    """Groups that share a run of the appliance: (layout, family, options, tests), tests that start
    their own each alone. Large groups first, so that jobs end at about the same time."""
    groups = {}
    for test in tests:
        shared = test.options if not test.own else test.name
        for layout, family in pairs_of(arguments, test):
            groups.setdefault((layout, family, shared), []).append(test)
    for (layout, family, _), group in sorted(groups.items(), key=lambda item: -len(item[1])):
        yield layout, family, group


def why(error):
    """The place in the tests that it came from, and the words."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename.startswith(HERE)]
    places = [f"{os.path.basename(f.filename)}:{f.lineno} {f.line}" for f in frames[-3:]]
    return "\n".join(places + [f"{type(error).__name__}: {error}"])


def run_case(tell, lab, binary, layout, family, test, appliance=None):
    name = f"{layout}/ipv{family}/{test.name}"
    context = harness.Context(lab, binary, layout, family, appliance)
    peer.RANDOM.seed(f"{peer.SEED} {name}")  # whatever has run before
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
    tell(result, name, time.monotonic() - started, words)


class Shared:
    """The run of the appliance that a group shares, replaced when it dies."""

    def __init__(self, tell, lab, binary, layout, family, options):
        self.tell = tell
        self.make = lambda: Appliance(lab, binary, layout, options)
        self.name = f"{layout}/ipv{family}/{' '.join(options) or 'defaults'}"
        self.appliance = None

    def get(self):
        if self.appliance is None or not self.appliance.alive():
            started = time.monotonic()
            self.appliance = self.make()
            try:
                self.appliance.start()
            except Exception as error:
                seconds = time.monotonic() - started
                self.tell("FAIL", f"start {self.name}", seconds, why(error))
                self.appliance = None
        return self.appliance

    def stop(self):
        if self.appliance is None:
            return
        started = time.monotonic()
        result, words = "ok", ""
        try:
            self.appliance.stop()
        except Exception as error:
            result, words = "FAIL", why(error)
        self.tell(result, f"clean end of {self.name}", time.monotonic() - started, words)


def run_group(tell, lab, binary, layout, family, group):
    if group[0].own:
        run_case(tell, lab, binary, layout, family, group[0])
        return
    shared = Shared(tell, lab, binary, layout, family, group[0].options)
    try:
        for test in group:
            appliance = shared.get()
            if appliance is None:
                return
            run_case(tell, lab, binary, layout, family, test, appliance)
    finally:
        shared.stop()


def job(writer, binary, mine, groups, todo):
    """Runs what is its own, then what is next for all; while there is a parent to tell."""
    parent = os.getppid()
    with Lab() as lab:
        for group in itertools.chain(mine, (groups[i] for i in iter(todo.get, None))):
            if os.getppid() != parent:
                break
            run_group(lambda *line: writer.send(line), lab, binary, *group)


def run_groups(report, binary, groups, n_jobs):
    busy = [group for group in groups if group[-1][0].busy]
    rest = [group for group in groups if not group[-1][0].busy]
    todo = multiprocessing.SimpleQueue()
    for i in [*range(len(rest)), *[None] * n_jobs]:
        todo.put(i)
    jobs, readers = [], []
    try:
        for n in range(n_jobs):
            reader, writer = multiprocessing.Pipe(duplex=False)
            work = (writer, binary, busy if n == 0 else [], rest, todo)
            jobs.append(multiprocessing.Process(target=job, args=work))
            jobs[-1].start()
            writer.close()
            readers.append(reader)
        while readers:
            for reader in wait(readers):
                try:
                    report.line(*reader.recv())
                except EOFError:
                    readers.remove(reader)
    finally:
        # A run that is told to stop still takes down its labs.
        for process in jobs:
            if readers:
                process.terminate()
            process.join()
    for process in jobs:
        if process.exitcode != 0:
            report.line("FAIL", f"a job ended with status {process.exitcode}", 0)


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


def allow_files():
    """For all tests at once: who lowers it for one lowers it for those that come after."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = MOST_FILES if most == resource.RLIM_INFINITY else min(most, MOST_FILES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, most))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("only", nargs="*", help="run tests whose name has all of these in it")
    parser.add_argument("--binary", default=os.path.join(TREE, "build", "app", "ringside"))
    parser.add_argument("--layout", choices=LAYOUTS, help="this one only")
    parser.add_argument("--family", type=int, choices=harness.BOTH, help="this IP version only")
    parser.add_argument(
        "--long", action="store_true", help="the long tests too, and all in every pair"
    )
    parser.add_argument(
        "--sanitized", action="store_true", help="the binary is slow: fewer tests, in fewer pairs"
    )
    parser.add_argument("--jobs", type=int, default=1, help="so many tests at once")
    parser.add_argument("--slowest", type=int, default=0, help="say at the end which took longest")
    parser.add_argument("--list", action="store_true", help="say which tests there are")
    arguments = parser.parse_args()
    arguments.binary = os.path.abspath(arguments.binary)

    tests = choose(arguments)
    if arguments.list:
        print("\n".join(test.name for test in tests))
        return 0
    if not harness.is_root():
        parser.error("needs root")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    # A shell in the background has it ignored, and so would have all that is started here.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    allow_files()
    report = Report()
    groups = list(cases(arguments, tests))
    run_groups(report, arguments.binary, groups, max(1, min(arguments.jobs, len(groups))))
    if arguments.slowest:
        print(report.slowest(arguments.slowest))
    print(report.last_line())
    return 1 if report.counts["FAIL"] or not report.counts["ok"] else 0


if __name__ == "__main__":
    sys.exit(main())
