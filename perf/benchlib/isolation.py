# SPDX-License-Identifier: BSD-2-Clause
"""What a flood of TLS handshakes costs those who ask without TLS."""

import os

from .machine import BUILD, LOAD_CORE, SERVER_CORE, Unable
from .programs import SERVER_IP, Process
from .scenarios import SMALL, checked

FLOOD_IP = "10.99.0.200/24"
# The net core has a CPU to itself. The TLS core polls on the other one, as the generators do.
LCORES = ("--lcores", f"0@{SERVER_CORE},1@{LOAD_CORE}")
CORES = ("--net-cores", "0", "--tls-cores", "1")


def second_socket(bench):
    return os.path.join(bench.folder, "memif-flood.sock")


def second_port(bench):
    text = f"net_memif1,role=server,socket={second_socket(bench)},socket-abstract=no"
    return ["--vdev", text + ",mac=02:00:00:00:00:03"]


class Flood:
    """Clients with a full handshake for each request, as many as they can; use it with `with`."""

    def __init__(self, bench):
        text = f"net_memif1,role=client,socket={second_socket(bench)},socket-abstract=no,rsize=11"
        command = [
            f"{BUILD}/perf/load/ringside-load",
            *bench.eal("flood", LOAD_CORE, 512, "--vdev", text),
            *("--", "--target", SERVER_IP, "--ip", FLOOD_IP, "--quiet", "--warmup", "0"),
            *("--tls", "full", "--conns", "64", "--seconds", "3600", "--path", "/bytes/64"),
        ]
        self.process = Process(bench.folder, "flood", command, LOAD_CORE)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.end()


class Burner(Flood):
    """Takes as much of the CPU as a flood's generator does, and asks nothing."""

    def __init__(self, bench):
        command = ["sh", "-c", "while :; do :; done"]
        self.process = Process(bench.folder, "burner", command, LOAD_CORE)


def beside(bench, figures, other):
    """(requests a second, the net core's cycles a frame, handshakes) while the other one runs."""
    options = (*bench.https(), *CORES)
    with bench.server(*options, eal=(*LCORES, *second_port(bench))) as server:
        with other(bench):
            result = bench.load("--conns", 1024, *SMALL)
    counters = server.counters()
    handshakes = counters.get("tls.handshakes_full", 0)
    if other is Flood and not handshakes:
        raise Unable("the flood did not reach the TLS core")
    cycles = sum(value for name, value in counters.items() if name.startswith("cycles."))
    return checked(result, figures, other.__name__)["rps"], cycles, handshakes


def tls_isolation(bench, figures, rounds):
    """Keep-alive requests a second without TLS, 1,024 connections, beside a flood of full
    handshakes (64 clients, a connection and a handshake for each request) that comes by a port
    of its own, and beside a program that takes as much CPU as the flood's generator. Two CPUs
    are all there is: one belongs to the net core alone; on the other, a TLS core, which polls
    in both cases, the plaintext's generator and the flood's or that program share evenly. So
    the plaintext's generator, with a third of a CPU, is the limit in both, and the ratio tells
    what the flood adds to that. What does not depend on sharing are the net core's own cycles a
    frame, as it samples them itself (see stages), the flood's frames among them; their ratio is of
    those without the flood to those with it."""
    for _ in figures.rounds(rounds, bench.moved):
        calm, calm_cycles, _ = beside(bench, figures, Burner)
        flooded, flooded_cycles, handshakes = beside(bench, figures, Flood)
        figures.add("plaintext_rps", calm)
        figures.add("plaintext_rps_beside_flood", flooded)
        figures.add("handshakes_beside", handshakes)
        figures.add("net_cycles_per_frame", calm_cycles)
        figures.add("net_cycles_per_frame_beside_flood", flooded_cycles)
    figures.add_ratio(
        "plaintext_rps_beside_flood_ratio", "plaintext_rps_beside_flood", "plaintext_rps"
    )
    figures.add_ratio(
        "net_cycles_ratio", "net_cycles_per_frame", "net_cycles_per_frame_beside_flood"
    )


PROMISED = {
    "tls-isolation": [
        *("plaintext_rps", "plaintext_rps_beside_flood_ratio", "net_cycles_ratio"),
    ]
}
SCENARIOS = {"tls-isolation": tls_isolation}
