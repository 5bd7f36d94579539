# SPDX-License-Identifier: BSD-2-Clause
"""perf/instructions without counting: what is left when it is ended, or who has called it."""

import os
import signal
import subprocess
import tempfile
import time
import unittest

TREE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
DEADLINE_SECONDS = 30
# Says who it is, and takes longer than anybody waits here.
VALGRIND = '#!/bin/sh\nprintf "%s\\n" $$ >>"$PIDS"\nexec sleep 60\n'


def wait_until(condition):
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError
        time.sleep(0.01)


class Instructions(unittest.TestCase):
    def setUp(self):
        self.made = tempfile.TemporaryDirectory()
        self.addCleanup(self.made.cleanup)
        self.temporary = self.path("temporary")
        os.mkdir(self.temporary)
        os.mkdir(self.path("bin"))
        for name, text in (("meson", "#!/bin/sh\n"), ("ninja", "#!/bin/sh\n"),
                           ("valgrind", VALGRIND)):
            with open(self.path("bin", name), "w", encoding="utf-8") as file:
                file.write(text)
            os.chmod(file.name, 0o755)

    def path(self, *names):
        return os.path.join(self.made.name, *names)

    def pids(self):
        try:
            with open(self.path("pids"), encoding="utf-8") as file:
                return [int(line) for line in file if line.endswith("\n")]
        except FileNotFoundError:
            return []

    def leaves_nothing(self, *command):
        environment = {
            **os.environ, "PATH": f"{self.path('bin')}:{os.environ['PATH']}",
            "TMPDIR": self.temporary, "PIDS": self.path("pids"),
        }
        with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as process:
            wait_until(lambda: len(self.pids()) == os.cpu_count())
            self.assertEqual(len(os.listdir(self.temporary)), 1)
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(DEADLINE_SECONDS), 143)
        self.assertEqual(os.listdir(self.temporary), [])
        for pid in self.pids():
            wait_until(lambda pid=pid: not os.path.exists(f"/proc/{pid}/exe"))

    def test_by_itself(self):
        self.leaves_nothing(os.path.join(TREE, "perf", "instructions"))

    def test_as_one_of_the_suites(self):
        self.leaves_nothing("/usr/bin/python3", os.path.join(TREE, "tests", "run.py"),
                            "instructions")


if __name__ == "__main__":
    unittest.main()
