# SPDX-License-Identifier: BSD-2-Clause
"""Runs what perf/ has for the real generators against doubles of them."""

import importlib
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass

HERE = os.path.dirname(os.path.abspath(__file__))
TREE = os.path.dirname(os.path.dirname(HERE))
PKTGEN = os.path.join(TREE, "perf", "pktgen")
TREX = os.path.join(TREE, "perf", "trex")

# `import trex.astf.api`, in a profile or here, finds the double.
sys.path.insert(0, HERE)

from trex import get_profile  # noqa: E402
from trex.astf.api import ASTFProfile  # noqa: E402


@dataclass
class PktgenRun:
    status: int
    words: str
    calls: list  # each as [name, argument...]
    bursts: dict  # number of the start() -> the frames that it would send

    def named(self, name):
        return [call[1:] for call in self.calls if call[0] == name]

    def figures(self):
        """The lines of figures, each as a dictionary of texts."""
        lines = [line for line in self.words.splitlines() if "tx_pps=" in line]
        return [dict(word.split("=") for word in line.split()) for line in lines]


def run_pktgen(script, pcap=None, double=(), **settings):
    """perf/pktgen/SCRIPT under the double; pcap: what `-s 0:FILE` would load. double: what its
    environment says, as (name, value); settings are the script's own."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["lua5.4", os.path.join(HERE, "pktgen_double.lua"), folder]
        command += [os.path.join(PKTGEN, script)] + ([pcap] if pcap else [])
        own = {f"PKTGEN_{name.upper()}": str(value) for name, value in settings.items()}
        done = subprocess.run(
            command,
            env={**os.environ, **own, **dict(double)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=30,
        )
        return PktgenRun(done.returncode, done.stdout, read_calls(folder), read_frames(folder))


def read_calls(folder):
    with open(os.path.join(folder, "calls"), encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def read_frames(folder):
    bursts = {}
    with open(os.path.join(folder, "frames"), encoding="ascii") as file:
        for line in file:
            start, frame = line.split()
            bursts.setdefault(int(start), []).append(bytes.fromhex(frame))
    return bursts


def make_pcaps(folder, **options):
    """Runs perf/pktgen/make-pcaps; where its files lie."""
    command = ["/usr/bin/python3", os.path.join(PKTGEN, "make-pcaps"), "--out", folder]
    for name, value in options.items():
        command += [f"--{name.replace('_', '-')}", str(value)]
    subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
    return {name: os.path.join(folder, f"{name}.pcap") for name in ("http-get", "syn", "icmp")}


def stateful(profile, **tunables):
    """perf/trex/PROFILE.py, loaded as TRex's client loads it."""
    return ASTFProfile.load(os.path.join(TREX, f"{profile}.py"), **tunables)


def stateless(profile, **tunables):
    """The streams of perf/trex/PROFILE.py."""
    words = [word for name, value in tunables.items() for word in (f"--{name}", str(value))]
    sys.path.insert(0, TREX)
    try:
        module = importlib.import_module(profile)
    finally:
        sys.path.remove(TREX)
    return get_profile(module.register().get_streams, tunables=words, direction=0, port_id=0)
