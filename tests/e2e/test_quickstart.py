# SPDX-License-Identifier: BSD-2-Clause
"""scripts/quickstart, as a newcomer calls it; what it builds has been built before."""

import contextlib
import os
import re
import signal
import subprocess
import tempfile

from harness import equal, test, true
from lab import TREE, wait_until

UP = "It stays up"


class Quickstart:
    """A run of it. Its lab is named after its process, as those are that later runs sweep."""

    def __init__(self, t, words, *options):
        self.words = words
        self.process = subprocess.Popen(
            ["bash", "-c", 'LAB_NAME=e2e-$$ exec scripts/quickstart "$@"', "bash", *options],
            cwd=TREE, env={**os.environ, "RINGSIDE": t.binary}, preexec_fn=t.lab.go_home,
            stdin=subprocess.DEVNULL, stdout=words, stderr=subprocess.STDOUT,
        )

    def said(self):
        with open(self.words.name, encoding="utf-8") as file:
            return file.read()

    def is_over(self):
        return self.process.poll() is not None

    def ends_with(self, status):
        equal(self.process.wait(30), status, f"status, after {self.said()}:")
        true("HTTP/1.1 200 OK" in self.said() and "<h1>Ringside</h1>" in self.said(), self.said())
        for left in ("/run/netns/e2e-", "/run/ringside-lab-e2e-"):
            true(not os.path.exists(f"{left}{self.process.pid}"), f"{left}… is left")


@contextlib.contextmanager
def quickstart(t, *options):
    with tempfile.NamedTemporaryFile() as words:
        run = Quickstart(t, words, *options)
        try:
            yield run
        finally:
            if not run.is_over():
                run.process.terminate()
                run.process.wait(30)


@test(own=True, families=(4,), layouts=("fused",), within=120)
def once(t):
    with quickstart(t, "--once") as run:
        wait_until(run.is_over, 80, "its end")
        run.ends_with(0)


@test(own=True, families=(4,), layouts=("fused",), within=120)
def until_interrupted(t):
    with quickstart(t) as run:
        wait_until(lambda: UP in run.said() or run.is_over(), 80, UP)
        run.process.send_signal(signal.SIGINT)
        run.ends_with(130)


@test(own=True, families=(4,), layouts=("fused",), within=120)
def a_tree_that_cannot_be_written_is_told_of(t):
    """Instead of the words of whatever ran before."""
    read_only = 'mount --bind . . && mount -o remount,bind,ro . && cd "$PWD" && '
    command = ["unshare", "--mount", "sh", "-c", read_only + "exec scripts/quickstart --once"]
    env = {**os.environ, "RINGSIDE": t.binary, "LAB_NAME": f"e2e-{os.getpid()}"}
    done = subprocess.run(
        command, cwd=TREE, env=env, capture_output=True, text=True, check=False, timeout=60)
    equal(done.returncode, 1, "status")
    one_line = r"quickstart: cannot write [^\n]*read-only[^\n]*\n"
    true(re.fullmatch(one_line, done.stderr), done.stderr)


@test(own=True, families=(4,), layouts=("fused",), within=120)
def interrupted_before_it_has_made_anything(t):
    with quickstart(t, "--once") as run:
        wait_until(lambda: "Packages" in run.said(), 80, "the first step")
        os.kill(run.process.pid, signal.SIGINT)
        equal(run.process.wait(60), 130, f"status, after {run.said()}:")
        true("HTTP/1.1" not in run.said(), "it went on")
        true(not os.path.exists(f"/run/ringside-lab-e2e-{run.process.pid}"), "its lab is left")
