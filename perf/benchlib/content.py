# SPDX-License-Identifier: BSD-2-Clause
"""The scenarios of static sites: files as fast as a built-in page, and how long they take to
load."""

import os
import re

from .scenarios import checked, in_cycles

N_FILES = 1_000_000
N_FOLDERS = 1_000
IDLE = ("--idle", "sleep")  # the core that loads is the one that polls
N_LARGE, LARGE_BYTES = 64, 32 << 20
LOADED = (
    r"loaded (\d+) files of (\d+) bytes, (\d+) of them anew, in ([\d.]+) s; they take (\d+)"
)


def write_files(folder, n, text_of):
    os.makedirs(folder)
    for number in range(n):
        with open(f"{folder}/{number}.html", "wb") as file:
            file.write(text_of(number))


def page_of_1k(number):
    return (b"page %d\n" % number).ljust(1024, b".")


def content(bench, figures, rounds):
    """Keep-alive requests a second for 1,000 distinct files of 1 KiB, asked for in random order,
    256 connections; beside it, in the same round, one of these files alone (`rps_of_one`) and the
    built-in page of 1 KiB (`rps_builtin`). `cycles_per_request` is the server's own busy time,
    which the load generator does not limit (`cycles_ratio`: the built-in page's to the files');
    `server_busy` and `load_busy` are the shares of the time that both had something to do."""
    root = os.path.join(bench.folder, "www")
    write_files(root, 1000, page_of_1k)
    every = [word for number in range(1000) for word in ("--path", f"/{number}.html")]
    for _ in figures.rounds(rounds, bench.moved):
        for whose, options, paths in (
            ("_builtin", [], ["--path", "/bytes/1024"]),
            ("", ["--root", root], every),
            ("_of_one", ["--root", root], ["--path", "/1.html"]),
        ):
            with bench.server(*options) as server:
                result = bench.load("--conns", 256, *paths)
            rps = checked(result, figures, f"rps{whose}")["rps"]
            us = server.us_per_request()
            figures.add(f"rps{whose}", rps)
            figures.add(f"cycles_per_request{whose}", in_cycles(us))
            figures.add(f"server_busy{whose}", us * rps / 1e6)
            figures.add(f"load_busy{whose}", result["busy"])
    figures.add_ratio("ratio_to_builtin", "rps", "rps_builtin")
    figures.add_ratio("ratio_of_one_to_builtin", "rps_of_one", "rps_builtin")
    figures.add_ratio("cycles_ratio", "cycles_per_request_builtin", "cycles_per_request")


def loads(server):
    """What the appliance said of its loads: files, bytes, files read, seconds, MiB held."""
    return [tuple(map(float, row)) for row in re.findall(LOADED, server.process.log())]


def load_rate(bench, root):
    """GiB a second."""
    with bench.server("--root", root, *IDLE) as server:
        _, n_bytes, _, seconds, _ = loads(server)[0]
    return n_bytes / seconds / 2**30


def content_load(bench, figures, rounds):
    """How long --root takes by what the appliance says of it: 64 files of 32 MiB that lie in the
    kernel's page cache (`load_gib_per_s`); in the first round, when that memory is new to the
    machine, too, beside as much of it that is only written to once a page
    (`first_touch_gib_per_s`, perf/micro/touch.c, which holds it while the files are loaded). Then
    a million files of 320 bytes in 1,000 folders (`files_per_s`, `load_s`), and these again by
    SIGHUP, when none has changed (`reload_s`)."""
    large, small = (os.path.join(bench.folder, name) for name in ("large", "small"))
    block = os.urandom(LARGE_BYTES - 8)
    write_files(large, N_LARGE, lambda number: number.to_bytes(8, "big") + block)
    for number in range(N_FOLDERS):
        write_files(
            f"{small}/{number}",
            N_FILES // N_FOLDERS,
            lambda file, folder=number: (b"file %d of %d\n" % (file, folder)).ljust(320, b"."),
        )
    with bench.touched(N_LARGE * LARGE_BYTES >> 20) as rate:
        first = load_rate(bench, large)
    figures.add("first_touch_gib_per_s", rate)
    figures.add("load_gib_per_s", first)
    figures.add("ratio_to_first_touch", first / rate)
    for number in figures.rounds(rounds):
        if number:
            figures.add("load_gib_per_s", load_rate(bench, large))
        with bench.server("--root", small, *IDLE) as server:
            n_files, _, _, seconds, held_mib = loads(server)[0]
            figures.add("n_files", n_files)
            figures.add("load_s", seconds)
            figures.add("files_per_s", n_files / seconds)
            figures.add("held_mib", held_mib)
            server.process.hang_up()
            server.process.wait_until(lambda: len(loads(server)) == 2)
            n_files, _, n_read, seconds, _ = loads(server)[1]
            figures.add("reload_s", seconds)
            if n_read:
                figures.note(f"the reload read {n_read:.0f} files that had not changed")


PROMISED = {
    "content": [
        *("rps", "rps_builtin", "ratio_to_builtin", "cycles_per_request"),
        "cycles_per_request_builtin",
    ],
    "content-load": ["load_gib_per_s", "files_per_s", "load_s", "reload_s", "n_files"],
}

SCENARIOS = {"content": content, "content-load": content_load}
