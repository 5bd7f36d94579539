# SPDX-License-Identifier: BSD-2-Clause
"""Builds Ringside and runs its test suites; see scripts/test.

The suites of meson (unit, tcp, netsim, fuzz) run twice: as built for release with gcc, and again
under the sanitizers with clang. Then lint, generators (what perf/ has for real ones, against
doubles), and e2e: the real binaries of both on a veth pair. The last line printed is the sum:
`N passed, N failed`.
"""

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import time

TREE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PYTHON = "/usr/bin/python3"
MESON_SUITES = ["unit", "tcp", "netsim", "fuzz"]
SUITES = MESON_SUITES + ["lint", "generators", "instructions", "e2e"]
JOBS = str(min(2, os.cpu_count() or 1))
E2E_JOBS = "3"  # most tests wait for a clock most of the time

RELEASE = ("build", "gcc", [])
SANITIZED = (
    "build-asan",
    "clang",
    [
        "-Dbuildtype=debugoptimized",
        "-Db_sanitize=address,undefined",
        "-Db_lto=false",
        "-Db_lundef=false",
    ],
)
SANITIZER_ENVIRONMENT = {
    "ASAN_OPTIONS": "abort_on_error=0:exitcode=99:strict_string_checks=1",
    "LSAN_OPTIONS": f"suppressions={TREE}/tests/e2e/lsan.supp:print_suppressions=0",
    "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
}


class Score:
    """What each suite came to."""

    def __init__(self):
        self.rows = []

    def add(self, suite, passed, failed, skipped=0, seconds=0.0):
        self.rows.append((suite, passed, failed, skipped, seconds))

    def failed(self):
        return sum(row[2] for row in self.rows)

    def print(self):
        print(f"\n{'suite':<24}{'passed':>8}{'failed':>8}{'skipped':>9}{'seconds':>9}")
        for suite, passed, failed, skipped, seconds in self.rows:
            print(f"{suite:<24}{passed:>8}{failed:>8}{skipped:>9}{seconds:>9.1f}")
        passed, failed, skipped = (sum(row[n] for row in self.rows) for n in (1, 2, 3))
        print(sum_line(passed, failed, skipped), flush=True)


def sum_line(passed, failed, skipped):
    return f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else "")


def say(text):
    print(f"\n== {text}", flush=True)


def build(score, folder, compiler, options):
    """True when everything is built. A build that fails counts as one failed test."""
    started = time.monotonic()
    path = os.path.join(TREE, folder)
    say(f"build with {compiler} in {folder}/")
    commands = [["ninja", "-C", path, "-j", JOBS]]
    if not os.path.exists(os.path.join(path, "build.ninja")):
        commands.insert(0, ["meson", "setup", path, TREE, *options])
    for command in commands:
        done = subprocess.run(
            command,
            env={**os.environ, "CC": compiler},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            print("\n".join(done.stdout.splitlines()[-60:]))
            score.add(f"build ({folder})", 0, 1, 0, time.monotonic() - started)
            return False
    warnings = len(re.findall(r"warning:", done.stdout))
    if warnings:
        print(done.stdout)
    score.add(f"build ({folder})", int(not warnings), int(bool(warnings)), 0,
              time.monotonic() - started)
    return True


def run_meson(score, folder, suites):
    for suite in suites:
        started = time.monotonic()
        say(f"{suite} ({folder})")
        log = os.path.join(TREE, folder, "meson-logs", "testlog.json")
        if os.path.exists(log):
            os.remove(log)
        subprocess.run(
            ["meson", "test", "-C", os.path.join(TREE, folder), "--no-rebuild", "--suite", suite]
            + ["--num-processes", JOBS],
            env={**os.environ, **SANITIZER_ENVIRONMENT},
            stdout=subprocess.DEVNULL,
            check=False,
        )
        passed, failed, skipped = read_meson_log(log)
        if passed + failed + skipped == 0:
            print(f"suite {suite} has no test")
            failed = 1
        score.add(f"{suite} ({folder})", passed, failed, skipped, time.monotonic() - started)


def read_meson_log(log):
    """Adds up the tests in each test program, not the programs."""
    totals = [0, 0, 0]
    if os.path.exists(log):
        with open(log, encoding="utf-8") as file:
            for entry in map(json.loads, file):
                output = entry.get("stdout", "") + "\n" + entry.get("stderr", "")
                counts = count(output, entry["returncode"], entry["result"])
                name = entry["name"].split(" / ")[-1]
                print(f"{'FAIL' if counts[1] else 'ok  '} {name}: {sum_line(*counts)}")
                if counts[1]:
                    print("\n".join("    " + line for line in output.splitlines()[-60:]))
                totals = [a + b for a, b in zip(totals, counts)]
    return totals


def count(output, status, result):
    """What one test program came to, from its own words: cmocka's, or a line like our last one."""
    if result == "SKIP":
        return 0, 0, 1
    lines = re.findall(r"^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$", output, re.MULTILINE)
    if lines:
        passed, failed, skipped = (int(n or 0) for n in lines[-1])
    else:
        passed, failed, skipped = (
            sum(int(n) for n in re.findall(rf"\[  {word} *\] (\d+) test\(s\)", output))
            for word in ("PASSED", "FAILED", "SKIPPED")
        )
    if status != 0 or result not in ("OK", "EXPECTEDFAIL"):
        failed = max(failed, 1)
    elif passed + failed + skipped == 0:
        passed = 1
    return passed, failed, skipped


def run_lint(score):
    started = time.monotonic()
    say("lint")
    done = subprocess.run([os.path.join(TREE, "scripts", "lint")], check=False)
    bad = int(done.returncode != 0)
    score.add("lint", 1 - bad, bad, 0, time.monotonic() - started)
    run_unittests(score, "lint of lint", "scripts")


def run_unittests(score, suite, folder):
    """The tests in tests/FOLDER/test_*.py."""
    started = time.monotonic()
    say(suite)
    command = [PYTHON, "-m", "unittest", "discover", "-s", os.path.join(TREE, "tests", folder)]
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False)
    ran = int((re.search(r"^Ran (\d+) test", done.stderr, re.MULTILINE) or [0, 0])[1])
    bad = sum(int(n) for n in re.findall(r"(?:failures|errors)=(\d+)", done.stderr))
    if done.returncode != 0:
        print(done.stderr)
        bad = max(bad, 1)
    score.add(suite, max(ran - bad, 0), bad, 0, time.monotonic() - started)


def run_e2e(score, folder, options):
    command = [PYTHON, os.path.join(TREE, "tests", "e2e", "run.py"), "--slowest", "10"]
    command += ["--binary", os.path.join(TREE, folder, "app", "ringside"), *options]
    run_program(score, f"e2e ({folder})", [*command, "--jobs", E2E_JOBS])


def run_program(score, suite, command):
    """A program that says at its end, in a line like our last one, what it came to."""
    started = time.monotonic()
    say(suite)
    last = ""
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, env={**os.environ, **SANITIZER_ENVIRONMENT}, text=True
    ) as process:
        try:
            for line in process.stdout:
                last = line.rstrip("\n")
                print(last, flush=True)
        except SystemExit:  # it removes what it has made, and is waited for
            process.terminate()
            raise
    found = re.fullmatch(r"(\d+) passed, (\d+) failed(?:, (\d+) skipped)?", last)
    passed, failed, skipped = (int(n or 0) for n in found.groups()) if found else (0, 1, 0)
    if process.returncode != 0:
        failed = max(failed, 1)
    score.add(suite, passed, failed, skipped, time.monotonic() - started)


def main():
    parser = argparse.ArgumentParser(prog="scripts/test", description=__doc__.split("\n\n")[0])
    parser.add_argument("suites", nargs="*", metavar="SUITE", help="of: " + ", ".join(SUITES))
    parser.add_argument("--fast", action="store_true", help="without the sanitizers' build")
    parser.add_argument("--long", action="store_true", help="e2e: all tests, in every pair")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    unknown = [suite for suite in arguments.suites if suite not in SUITES]
    if unknown:
        parser.error(f"no suite {unknown[0]}; there are: {', '.join(SUITES)}")
    suites = arguments.suites or SUITES
    from_meson = [suite for suite in MESON_SUITES if suite in suites]
    score = Score()

    if from_meson or "e2e" in suites:
        release = build(score, *RELEASE)
        if release:
            run_meson(score, RELEASE[0], from_meson)
        sanitized = not arguments.fast and build(score, *SANITIZED)
        if sanitized:
            run_meson(score, SANITIZED[0], from_meson)
    if "lint" in suites:
        run_lint(score)
    if "generators" in suites:
        run_unittests(score, "generators", "generators")
    if "instructions" in suites:
        run_program(score, "instructions", [PYTHON, os.path.join(TREE, "perf", "instructions")])
    if "e2e" in suites and release:
        run_e2e(score, RELEASE[0], ["--long"] if arguments.long else [])
    if "e2e" in suites and sanitized:
        run_e2e(score, SANITIZED[0], ["--sanitized"])
    score.print()
    return 1 if score.failed() else 0


if __name__ == "__main__":
    sys.exit(main())
