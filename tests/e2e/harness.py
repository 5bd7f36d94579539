# SPDX-License-Identifier: BSD-2-Clause
"""How a test of the real binary is written down, and what it gets to work with.

A test is a function with @test before it. It raises to fail. Unless it says otherwise, it runs
under both layouts, over IPv4 and over IPv6. Tests that ask for the same options share one run of
the appliance; one that says own=True starts its own.
"""

import contextlib
import os
import signal
import subprocess
from dataclasses import dataclass, field

from lab import CLIENT, PORT, PREFIX, SERVER, Appliance

BOTH = (4, 6)
ALL = []


class Skip(Exception):
    """This test cannot say anything here; the message says why."""


class TooLong(Exception):
    """A test has not ended within its time."""


@dataclass
class Test:
    run: object
    families: tuple = BOTH
    layouts: tuple = ("fused", "split")
    options: tuple = ()
    own: bool = False
    busy: bool = False
    long: bool = False
    sanitized: bool = True
    within: float = 30

    @property
    def name(self):
        return f"{self.run.__module__.removeprefix('test_')}.{self.run.__name__}"


def test(**wishes):
    """families: which IP versions. layouts: one, for what has nothing to do with them. options: of
    the appliance. own: the test starts it itself. busy: it has a core that spins, and runs
    beside no other such. long: only with --long. sanitized: also against the sanitizers' build.
    within: seconds."""

    def register(function):
        ALL.append(Test(function, **wishes))
        return function

    return register


@dataclass
class Context:
    """What a test may use: where the appliance is, and how to ask it."""

    lab: object
    binary: str
    layout: str
    family: int
    appliance: object = None
    extra: list = field(default_factory=list)

    @property
    def server(self):
        return SERVER[self.family]

    @property
    def client(self):
        return CLIENT[self.family]

    @property
    def host(self):
        return f"[{self.server}]" if self.family == 6 else self.server

    def url(self, path="/", port=PORT):
        return f"http://{self.host}:{port}{path}"

    def start(self, *options, ready=None, **how):
        """A run of the appliance for a test with own=True; see Appliance. Ends with the test."""
        appliance = Appliance(self.lab, self.binary, self.layout, options, **how)
        self.extra.append(appliance)
        return appliance.start(ready)

    def tool(self, *command, ok=(0,), within=25, data=None):
        """Runs a program as the client; returns what it printed, both channels."""
        done = subprocess.run(
            command,
            input=data,
            stdin=subprocess.DEVNULL if data is None else None,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=within,
            check=False,
        )
        words = done.stdout.decode("latin-1")
        if ok is not None and done.returncode not in ok:
            raise AssertionError(f"{' '.join(command)}: status {done.returncode}: {words[-2000:]}")
        return words

    def curl(self, path, *options, **how):
        """The body, as bytes in latin-1; fails when curl does."""
        return self.tool("curl", "-sS", "-g", "--max-time", "20", *options, self.url(path), **how)

    @contextlib.contextmanager
    def addresses_on(self, device):
        """Moves the client's addresses to another interface of its; deletes that at the end."""
        addresses = [(family, f"{CLIENT[family]}/{PREFIX[family]}") for family in BOTH]
        for family, address in addresses:
            self.tool("ip", "address", "delete", address, "dev", "eth0")
            self.tool("ip", "address", "add", address, "dev", device, *["nodad"] * (family == 6))
        try:
            yield
        finally:
            self.tool("ip", "link", "delete", "dev", device, ok=None)
            for _, address in addresses:
                self.tool("ip", "address", "replace", address, "dev", "eth0")


class Deadline:
    """Ends what runs inside it by an exception when its time is over."""

    def __init__(self, seconds):
        self.seconds = seconds

    def __enter__(self):
        def ring(*_):
            raise TooLong(f"not done within {self.seconds} s")

        self.before = signal.signal(signal.SIGALRM, ring)
        signal.setitimer(signal.ITIMER_REAL, self.seconds)

    def __exit__(self, *_):
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, self.before)


def equal(got, expected, what="result"):
    if got != expected:
        raise AssertionError(f"{what} is {short(got)}, expected {short(expected)}")


def true(condition, what):
    if not condition:
        raise AssertionError(what)


def short(value, limit=300):
    text = repr(value)
    return text if len(text) <= limit else f"{text[:limit]}… ({len(value)} long)"


def pattern(n, start=0):
    """What /bytes/N serves: byte i is i mod 251."""
    cycle = bytes(range(251))
    shift = start % 251
    return (cycle * ((n + shift) // 251 + 1))[shift : shift + n]


def is_root():
    return os.geteuid() == 0
