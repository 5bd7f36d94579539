# SPDX-License-Identifier: BSD-2-Clause
"""The scenarios. Each is a function of the bench, the figures and the number of rounds; what its
docstring says is what is measured. Rounds alternate: ours, the limit, the rival, ours again, …

`core_to_core_ns` is not a figure of ours: it is what a cache line takes from the server's core to
the load's (perf/micro/handover.c), before each measurement. A host that moves virtual cores about
changes it, and with it every figure over memif. So where a figure is compared with another of the
same round, a round in which the cores were moved is begun anew (Bench.moved())."""

import os
import statistics

from .machine import LOAD_CORE, SERVER_CORE, Unable, install, tsc_hz
from .programs import Rival

SWEEP = [1, 16, 64, 256, 1024, 10000, 100000]
MANY = ("--max-conns", "200000")
SMALL = ("--path", "/bytes/64")
TO_WRK = {"nginx": "nginx-light", "haproxy": "haproxy", "h2o": "h2o"}


# Errors that leave no figure: what was answered is not what was asked for.
WRONG = ("status", "length", "body", "malformed", "tls", "bad_checksums")
# What a report counts beside its errors, and should be none.
LOSSES = (
    *("bad_checksums", "retransmissions", "out_of_order", "strays", "not_sent", "idle_lost"),
    *("lost_frames", "discarded_frames"),
)
FULL_TURN = 2 * 64  # frames in and out, in a turn of the load generator's with a whole burst


def checked(result, figures, what, by_design=()):
    """The load's report. A figure counts only if every answer was right and every connection that
    was asked for stood; whatever else went wrong is told, but for what the scenario is to bring
    about (by_design)."""
    figures.observe("core_to_core_ns", result["core_to_core_ns"])
    counts = {**result["errors"], **{name: result[name] for name in LOSSES}}
    seen = {name: n for name, n in counts.items() if n and name not in by_design}
    words = ", ".join(f"{name} {n:,}" for name, n in seen.items())
    if any(name in seen for name in WRONG):
        raise Unable(f"{what}: wrong answers: {words}")
    missing = n_missing(result)
    if missing:
        raise Unable(f"{what}: {missing:,} of {result['conns']:,} connections did not stand")
    if not result["responses"]:
        raise Unable(f"{what}: nothing was answered")
    if words:
        figures.note(f"{what}: {words}")
    if at_its_limit(result) and "limit" not in by_design:
        figures.note(f"{what}: the load generator was at its limit")
    return result


def n_missing(result):
    """Of the busy connections; how many idle ones there are is a figure. Those missing at the
    beginning are counted together, and the busy ones are opened first."""
    at_first = result["n_missing"] - (result["n_wanted"] - result["conns"])
    standing = result["n_established"] - result["n_idle"]
    at_last = 0 if result["per_conn"] else result["conns"] - standing  # else they come and go
    return max(at_first, at_last, 0)


def at_its_limit(result):
    """Never idle, and with so much to do in a turn that larger bursts would not help, or cannot be:
    with few connections. A generator that is merely never idle may have little to do in a turn; but
    with TLS a turn costs little beside a frame."""
    full_turn = min(FULL_TURN, 2 * result["conns"])
    is_full = "tls" in result or result["frames_per_busy_turn"] > full_turn / 2
    return result["busy"] > 0.95 and is_full


def attempt(figures, name, function, *arguments, **more):
    """A figure that cannot be had is absent, and says why."""
    try:
        value = function(*arguments, **more)
    except Unable as error:
        figures.missing(name, str(error).splitlines()[0])
        return None
    figures.add(name, value)
    return value


def in_cycles(us):
    """Of the TSC; None where its rate is not known."""
    hz = tsc_hz()
    return us * hz / 1e6 if hz else None


def rival_rps(bench, name, *headers, tls=False):
    if not install(TO_WRK[name], "wrk"):
        raise Unable(f"{TO_WRK[name]} or wrk cannot be installed")
    with Rival(bench, name, tls) as rival:
        return max(rival.rps(bench, connections, *headers) for connections in (64, 256))


def swept_rps(bench, figures, n, costs):
    """Requests a second; costs[n]: the server's busy time for one, in us."""
    with bench.server(*MANY) as server:
        result = bench.load("--conns", n, "--clients", 8, *SMALL)
    checked(result, figures, f"{n} connections")
    costs[n] = server.us_per_request()
    return result["rps"]


def keepalive(bench, figures, rounds):
    """Requests a second on one core: fused, memif, checksums in software, 64-byte bodies, one
    request a packet, closed loop. Swept over connections; `rps` is the best of the sweep. Beside it
    testpmd's macswap over the same memif with frames of 60 bytes (`limit_pps`), and nginx, haproxy
    and h2o, one worker each, on the kernel's loopback with wrk on the other core.
    `cycles_per_request`: TSC cycles of the turns in which the server had something to do, by its
    own clock, divided by its requests, in that best run; `server_busy`: the share of the time that
    this is."""
    for number in figures.rounds(rounds, bench.moved):
        for rival in TO_WRK if number == 0 else ["nginx"]:
            attempt(figures, f"{rival}_rps", rival_rps, bench, rival)
        rates, costs = {}, {}
        for n in SWEEP if number == 0 else [64, 256, 1024, 10000, 100000]:
            rates[n] = attempt(figures, f"rps_at_{n}", swept_rps, bench, figures, n, costs) or 0
        best = max(rates, key=rates.get)
        if not rates[best]:
            raise Unable("no number of connections could be measured")
        figures.add("rps", rates[best])
        figures.add("cycles_per_request", in_cycles(costs[best]))
        figures.add("server_busy", costs[best] * rates[best] / 1e6)
        attempt(figures, "limit_pps", bench.forwarded_pps, 60)
    figures.add_ratio("ratio_to_limit", "rps", "limit_pps")
    figures.add_ratio("ratio_to_nginx", "rps", "nginx_rps")


def cps_of(bench, figures, n):
    """Connections a second with a request each, n at a time."""
    with bench.server(*MANY):
        result = bench.load("--conns", n, "--per-conn", 1, "--clients", 64, *SMALL)
    return checked(result, figures, f"{n} connections at a time")["rps"]


def connections(bench, figures, rounds):
    """Connections a second: connect, one request for 64 bytes with Connection: close, the server
    closes; 1,024 at a time. Beside it nginx with the same header under wrk."""
    for _ in figures.rounds(rounds):
        figures.add("cps", cps_of(bench, figures, 1024))
        attempt(figures, "nginx_cps", rival_rps, bench, "nginx", "Connection: close")
    figures.add_ratio("ratio_to_nginx", "cps", "nginx_cps")


def bulk(bench, figures, rounds):
    """Large bodies: 1 MiB and 100 MiB, 8 connections, bits of bodies a second. Beside it testpmd's
    macswap with frames of 1,514 bytes, counted as the TCP payload that they could carry."""
    for _ in figures.rounds(rounds, bench.moved):
        for name, size in (("1m", 1 << 20), ("100m", 100 << 20)):
            with bench.server():
                result = bench.load(
                    *("--conns", 8, "--path", f"/bytes/{size}", "--timeout", 10000),
                    seconds=max(bench.seconds, 3),  # 8 times 100 MiB have to arrive in less
                )
            checked(result, figures, f"{size} bytes")
            figures.add(f"gbit_per_s_{name}", result["gbit_per_s"])
            if name == "1m":
                figures.add("gbit_per_s", result["gbit_per_s"])
        pps = attempt(figures, "forwarder_pps", bench.forwarded_pps, 1514)
        if pps:
            figures.add("forwarder_gbit_per_s", pps * 1460 * 8 / 1e9)
    figures.add_ratio("ratio_to_forwarder", "gbit_per_s", "forwarder_gbit_per_s")


def latency(bench, figures, rounds):
    """Open loop at 10, 50 and 90 % of the peak of the same round, with the same 1,024 connections
    as that peak, which is of a closed loop. Latency counts from the time at which a request was
    due, to the burst that its answer came in. Before it, the share of the time that each of the two
    cores misses when nothing runs on it (gaps of more than 20 µs, perf/micro/jitter.c): no tail can
    be better than that."""
    for _ in figures.rounds(rounds, bench.moved):
        for core in (SERVER_CORE, LOAD_CORE):
            lost, longest = bench.jitter(core)
            figures.add(f"core_{core}_missing_percent", lost)
            figures.add(f"core_{core}_longest_gap_us", longest)
        with bench.server():
            result = bench.load("--conns", 1024, *SMALL)
        peak = checked(result, figures, "peak")["rps"]
        figures.add("peak_rps", peak)
        for percent in (10, 50, 90):
            with bench.server():
                result = bench.load(
                    "--conns", 1024, "--rate", int(peak * percent / 100), *SMALL
                )
            checked(result, figures, f"{percent} % of the peak")
            for point in ("p50", "p90", "p99", "p999"):
                figures.add(f"{point}_us_at_{percent}", result["latency_us"][point])


def idle(bench, figures, rounds):
    """Idle connections, a million of them, each after one request; memory of the whole process
    (hugepages and private pages) beyond that of one with room for a thousand, divided by them. And
    256 busy connections beside them."""
    wanted = 1_000_000
    options = ("--idle-timeout", "3600")
    for _ in figures.rounds(rounds):
        with bench.server("--max-conns", 1024, *options) as server:
            base = server.memory_bytes()
        with bench.server("--max-conns", wanted + 2048, *options) as server:
            result = bench.load(
                *("--conns", 256, "--idle", wanted, "--clients", 32, *SMALL),
                *("--connect-rate", 400000),
            )
            used = server.memory_bytes() - base
        checked(result, figures, "idle")
        figures.add("n_idle", result["n_idle"])
        figures.add("bytes_per_connection", used / max(result["n_idle"], 1))
        figures.add("rps_beside_idle", result["rps"])


# Where clients give up.
GIVEN_UP = ("timeouts", "connect_timeouts", "retransmissions", "strays", "not_sent", "limit")


def flooded(bench, figures):
    """Answers in each 100 ms of a SYN flood, and of five seconds after it."""
    with bench.server(*MANY):
        result = bench.load(
            *("--conns", 256, *SMALL, "--syn-flood", 1000000, "--flood-from", "10.99.128.0/17"),
            *("--flood-for", bench.seconds),
            seconds=bench.seconds + 5,
        )
    answers = checked(result, figures, "beside a SYN flood")["answers_per_100ms"]
    return answers[: bench.seconds * 10], answers[bench.seconds * 10 :]


def recovery_s(answers, rps, n_kept=5):
    """Until so many requests a second are answered, and n_kept times 100 ms in a row."""
    enough = [n >= rps / 10 for n in answers]
    for i in range(len(enough) - n_kept + 1):
        if all(enough[i : i + n_kept]):
            return i / 10
    raise Unable(f"not within {len(answers) / 10:.0f} seconds")


def overload(bench, figures, rounds):
    """More than can be served. Connection per request, arriving at 2 and 10 times the peak of the
    same round whether answered or not, given up after a second: answers a second against that
    peak, the best of a closed loop with 256, 1,024 and 4,096 connections at a time. memif loses
    nothing: it takes no more frames than the server does, and the rest waits in the generator until
    its time is over. So these two tell that goodput holds with the rings full, up to 100,000
    connections begun and clients that give up, not what a NIC would do that drops frames. Then 256
    keep-alive connections, and beside them, in a second run, a flood of 1 M SYNs/s from 32,768
    addresses, which ends after `--seconds`; the run goes on for five more. Their rate during the
    flood is told against that without one, as is the median rate after it
    (`rps_ratio_after_syn_flood`); `recovery_s` is the time from its end until 0.9 of that median is
    there and stays for half a second, to 0.1 s."""
    slots = ("--conns", 100000, "--per-conn", 1, "--clients", 64, "--timeout", 1000)
    for _ in figures.rounds(rounds, bench.moved):
        peak = max(cps_of(bench, figures, n) for n in (256, 1024, 4096))
        figures.add("peak_cps", peak)
        for times in (2, 10):
            with bench.server(*MANY):
                result = bench.load(*slots, "--rate", int(peak * times), *SMALL)
            checked(result, figures, f"{times} times the peak", by_design=GIVEN_UP)
            figures.add(f"goodput_ratio_at_{times}x", result["rps"] / peak)
        with bench.server(*MANY):
            calm = checked(bench.load("--conns", 256, *SMALL), figures, "before a SYN flood")["rps"]
        during, after = flooded(bench, figures)
        figures.add("goodput_ratio_beside_syn_flood", sum(during) / len(during) * 10 / calm)
        settled = statistics.median(after) * 10
        figures.add("rps_ratio_after_syn_flood", settled / calm)
        attempt(figures, "recovery_s", recovery_s, after, 0.9 * settled)
    figures.missing("admin_answer_ms", "there is no admin socket yet")


def split(bench, figures, rounds):
    """keepalive in the split layout: receive, net and transmit on threads of their own, all three
    on one CPU, which the kernel shares out among them (two CPUs are all there is here, and the load
    needs one), sleeping when idle. So this shows that the layout works and what the rings and the
    switching between threads cost, not what three cores could do."""
    lcores = ("--lcores", "0@0,1@0,2@0,3@0")
    options = ("--layout", "split", "--rx-cores", "1", "--net-cores", "2", "--tx-cores", "3")
    cores = os.cpu_count()
    for _ in figures.rounds(rounds):
        with bench.server(*options, "--idle", "sleep", eal=lcores):
            result = bench.load("--conns", 256, *SMALL)
        checked(result, figures, "split")
        figures.add("rps", result["rps"])
        figures.add("rps_per_total_core", result["rps"])
    figures.note(f"{cores} CPUs: all stages shared one, the load had the other")


def stages(bench, figures, rounds):
    """Cycles a frame by kind of work, as the net core samples them itself (one turn in 128), under
    the load of keepalive with 256 connections."""
    for _ in figures.rounds(rounds):
        with bench.server() as server:
            checked(bench.load("--conns", 256, *SMALL), figures, "stages")
        for name, value in server.counters().items():
            if name.startswith("cycles."):
                figures.add("cycles_" + name.removeprefix("cycles."), value)
    # Parsing a segment is `parse`; rx and tx are the driver's, the copies of memif included.


def generator(bench, figures, rounds):
    """The load generator itself, against a responder that parses nothing and keeps nothing, and
    answers each frame with data by the same bytes (ringside-load --respond): what it can do before
    it is the limit. 64-byte bodies; the better of 256 and 1,024 connections. Who is never idle
    (`busy`) may have little to do in a turn: who was the limit is told by that together with
    `frames_per_busy_turn`, in and out, of which 128 are two of the largest bursts."""
    for _ in figures.rounds(rounds):
        results = []
        for n in (256, 1024):
            with bench.responder("--length", 64) as responder:
                result = bench.load("--conns", n, "--path", "/")
            checked(result, figures, f"{n} connections", by_design=("limit",))
            results.append((result["rps"], result, responder.report()))
        rps, ours, other = max(results, key=lambda found: found[0])
        figures.add("rps", rps)
        for name in ("busy", "frames_per_busy_turn"):
            figures.add(name, ours[name])
            figures.add(f"responder_{name}", other[name])


# What each one owes; where it ends early, these are absent.
PROMISED = {
    "keepalive": [
        *("rps", "rps_at_10000", "rps_at_100000", "limit_pps", "ratio_to_limit"),
        *("nginx_rps", "ratio_to_nginx", "cycles_per_request"),
    ],
    "connections": ["cps", "nginx_cps"],
    "bulk": ["gbit_per_s", "ratio_to_forwarder"],
    "latency": [f"{p}_us_at_{at}" for at in (10, 50, 90) for p in ("p50", "p90", "p99", "p999")],
    "idle": ["n_idle", "bytes_per_connection", "rps_beside_idle"],
    "overload": [
        *("goodput_ratio_at_2x", "goodput_ratio_at_10x", "goodput_ratio_beside_syn_flood"),
        *("rps_ratio_after_syn_flood", "recovery_s", "admin_answer_ms"),
    ],
    "split": ["rps", "rps_per_total_core"],
    "stages": [
        f"cycles_{name}" for name in ("rx", "parse", "lookup", "tcp", "http", "render", "tx")
    ],
    "generator": ["rps", "busy", "frames_per_busy_turn"],
}

SCENARIOS = {
    f.__name__.replace("_", "-"): f
    for f in (
        *(keepalive, connections, bulk, latency, idle, overload, split, stages, generator),
    )
}

