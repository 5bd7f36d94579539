# SPDX-License-Identifier: BSD-2-Clause
"""The network that the tests run on, and the appliance on it.

A Lab is a veth pair made by scripts/lab under a name of its own. While it stands, this whole
process lives in the client's namespace: sockets, and programs that it starts, are the client's.
An Appliance is one run of the binary at the other end.
"""

import contextlib
import ctypes
import errno
import glob
import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time

TREE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CLONE_NEWNET = 0x40000000
RUNTIME = "/run/dpdk"  # where EAL keeps files, a folder for each of its prefixes

CLIENT = {4: "10.99.0.1", 6: "fd99::1"}
SERVER = {4: "10.99.0.2", 6: "fd99::2"}
PREFIX = {4: 24, 6: 64}
PORT = 80

READY_WITHIN_S = 30
STOP_WITHIN_S = 20


def enter_namespace(fd):
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(fd, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


def wait_until(condition, within, what):
    """Polls until condition() is true and returns what it gave."""
    deadline = time.monotonic() + within
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= deadline:
            raise AssertionError(f"not within {within} s: {what}")
        time.sleep(0.02)


def open_for_reader(fifo):
    """To write to a FIFO that somebody waits to read; None: nobody does yet."""
    try:
        fd = os.open(fifo, os.O_WRONLY | os.O_NONBLOCK)
    except OSError as error:
        if error.errno != errno.ENXIO:
            raise
        return None
    os.set_blocking(fd, True)
    return os.fdopen(fd, "wb")


class Lab:
    PREFIX = "e2e-"

    def __init__(self, owner=None):
        self.name = f"{self.PREFIX}{owner or os.getpid()}"
        self.near = self.name + "0"
        self.home = os.open("/proc/self/ns/net", os.O_RDONLY)

    def script(self, *arguments):
        return subprocess.run(
            [os.path.join(TREE, "scripts", "lab"), *arguments],
            env={**os.environ, "LAB_NAME": self.name},
            preexec_fn=self.go_home,
            check=True,
            capture_output=True,
            text=True,
            timeout=30,
        ).stdout

    def go_home(self):
        enter_namespace(self.home)

    def near_mtu(self, mtu):
        subprocess.run(
            ["ip", "link", "set", "dev", self.near, "mtu", str(mtu)],
            preexec_fn=self.go_home, check=True, timeout=10,
        )

    @classmethod
    def sweep(cls):
        """Takes down what runs that were killed have left."""
        for _, owner in cls.left_behind("/run/ringside-lab-", ""):
            cls(owner).script("down")
        for path, _ in cls.left_behind(f"{RUNTIME}/", "-.*"):
            shutil.rmtree(path, ignore_errors=True)
        for path, _ in cls.left_behind("/run/lock/ringside-", "0"):
            with contextlib.suppress(FileNotFoundError):  # another run sweeps, too
                os.remove(path)

    @classmethod
    def left_behind(cls, before, after):
        """What is called after a lab whose process is gone: (path, process)."""
        for path in glob.glob(f"{before}{cls.PREFIX}*"):
            owner = re.fullmatch(rf"{before}{cls.PREFIX}(\d+){after}", path)
            if owner and not os.path.exists(f"/proc/{owner[1]}"):
                yield path, owner[1]

    def __enter__(self):
        self.sweep()
        self.script("up")
        link = subprocess.run(
            ["ip", "-j", "link", "show", "dev", self.near],
            check=True, capture_output=True, text=True,
        )
        self.server_mac = json.loads(link.stdout)[0]["address"]
        fd = os.open(f"/run/netns/{self.name}", os.O_RDONLY)
        enter_namespace(fd)
        os.close(fd)
        return self

    def __exit__(self, *_):
        self.go_home()
        self.script("down")


# The kernel frees an interface's queue a moment after the program that had it has ended. A second
# try helps.
PASSING_FAULT = "Failed to create xsk socket"


class Appliance:
    """One run of the binary. stop() says whether it ended as it should."""

    def __init__(
        self,
        lab,
        binary,
        layout,
        options=(),
        vdev=None,
        eal=(),
        memory_mb=512,
        beside_client=False,
        in_child=None,
        ready_within_s=READY_WITHIN_S,
    ):
        self.lab = lab
        self.binary = binary
        self.layout = layout
        self.options = list(options)
        self.vdev = vdev or f"net_af_xdp0,iface={lab.near}"
        self.eal = eal  # options for EAL beside those of every run
        self.memory_mb = memory_mb
        self.beside_client = beside_client  # in the client's namespace
        self.in_child = in_child  # what its process does before it becomes the binary
        self.ready_within_s = ready_within_s
        self.process = None
        self.log = None
        self.folder = None  # EAL's

    def command(self):
        # One name a run: nothing of a run that was killed can be in the way of the next one.
        Appliance.runs = getattr(Appliance, "runs", 0) + 1
        prefix = f"{self.lab.name}-{Appliance.runs}"
        self.folder = os.path.join(RUNTIME, prefix)
        eal = ["-l", ",".join(str(cpu) for cpu in sorted(os.sched_getaffinity(0))[:2])]
        eal += ["--no-pci", "--no-telemetry", "--file-prefix", prefix]
        eal += [*self.eal, "--vdev", self.vdev, "--no-huge", "-m", str(self.memory_mb)]
        own = ["--layout", self.layout]
        if "off" not in self.options:
            own += ["--http", str(PORT)]
        for family in (4, 6):
            own += ["--ip", f"{SERVER[family]}/{PREFIX[family]}"]
        # Two cores for all; and the hostile tests leave connections that nobody will ever end.
        for option, value in (("--idle", "sleep"), ("--drain-timeout", "3")):
            if option not in self.options:
                own += [option, value]
        return [self.binary, *eal, "--", *own, *self.options]

    def start(self, ready=None):
        """Starts it and waits until ready(self); unless told, until it accepts connections."""
        ready = ready or Appliance.answers

        def is_ready():
            if not self.alive() and PASSING_FAULT in self.words():
                self.spawn()
            if not self.alive():
                raise AssertionError(f"the appliance ended at start: {self.words()}")
            return ready(self)

        self.spawn()
        try:
            wait_until(is_ready, self.ready_within_s, "the appliance is ready")
        except BaseException:
            self.kill()
            raise
        return self

    def spawn(self):
        # The program adds to it, wherever it is being read at that moment.
        self.log = tempfile.TemporaryFile("a+b", prefix="ringside-e2e-")
        self.process = subprocess.Popen(
            self.command(),
            stdin=subprocess.DEVNULL,
            stdout=self.log,
            stderr=subprocess.STDOUT,
            preexec_fn=self.prepare,
            close_fds=False,  # none is inherited unless in_child says so
        )

    def prepare(self):
        if not self.beside_client:
            self.lab.go_home()
        if self.in_child:
            self.in_child()

    def answers(self, port=PORT):
        try:
            for family in (4, 6):
                socket.create_connection((SERVER[family], port), timeout=0.5).close()
            return True
        except OSError:
            return False

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def resident_bytes(self):
        return int(self.told_by_kernel("status", r"VmRSS:\s+(\d+) kB")) << 10

    def bytes_read(self):
        return int(self.told_by_kernel("io", r"rchar: (\d+)"))

    def told_by_kernel(self, name, pattern):
        with open(f"/proc/{self.process.pid}/{name}", encoding="ascii") as file:
            return re.search(pattern, file.read())[1]

    def words(self, lines=40):
        log = self.log.fileno()
        # Not from where the file stands: the program, which shares that, moves it as it writes.
        text = os.pread(log, os.fstat(log).st_size, 0)
        # Names of files in it may be in no encoding.
        return "\n".join(text.decode(errors="backslashreplace").splitlines()[-lines:])

    def terminate(self):
        self.process.terminate()

    def wait(self, within=STOP_WITHIN_S):
        """Waits for the end; raises unless it is a clean one."""
        try:
            status = self.process.wait(within)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the appliance did not end within {within} s") from None
        words = self.words(200)
        if status != 0:
            raise AssertionError(f"the appliance ended with status {status}: {words}")
        bad = re.search(r".*(leak: |Sanitizer|runtime error).*", words)
        if bad:
            raise AssertionError(f"the appliance complains: {bad[0]}")
        if os.path.exists(self.folder):
            raise AssertionError(f"the appliance left {self.folder} behind")

    def stop(self):
        try:
            if self.alive():
                self.terminate()
            self.wait()
        finally:
            self.kill()

    def kill(self):
        if self.process:
            if self.alive():
                self.process.kill()
            self.process.wait()
            shutil.rmtree(self.folder, ignore_errors=True)
