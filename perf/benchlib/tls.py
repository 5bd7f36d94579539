# SPDX-License-Identifier: BSD-2-Clause
"""What TLS costs. The goals are set for a TLS core, which does handshakes, records and HTTP while
a net core does TCP. Two CPUs are all there is: so the TLS core has one to itself, and the net core
and the load share the other, which the net core leaves to the load when it has nothing to do. Less
passes then than the TLS core could take; what it could take follows from the time of the turns in
which it had something to do, by its own clock (`_of_tls_core`). Where
TLS runs on the net core (--tls-cores same), all that a connection needs is in that time."""

import re

from .machine import LOAD_CORE, SERVER_CORE, Unable, install
from .programs import Rival
from .scenarios import MANY, SMALL, attempt, checked, rival_rps

LCORES = ("--lcores", f"0@{LOAD_CORE},1@{SERVER_CORE}")
OWN_CORE = ("--net-cores", "0", "--tls-cores", "1", "--idle", "sleep")


def tls_server(bench, *options, own_core=False):
    if not own_core:
        return bench.server(*bench.https(), *options)
    return bench.server(*bench.https(), *options, *OWN_CORE, eal=LCORES)


def tls(bench, figures, rounds):
    """What TLS costs a core, without a network (perf/micro/tls.c): our sessions against OpenSSL's
    client over memory, of which only the server's part is timed. Handshakes of TLS 1.3 with a P-256
    certificate and X25519, against the primitives that they cannot do without; reading a request
    of 100 bytes and writing a reply of 300; records of 16 KiB against AES-128-GCM alone; the heap
    that an idle session takes. `_12`: the same with TLS 1.2, else it is 1.3. `_openssl`: with
    --tls-records openssl. `_keys_ahead`: our X25519 pair was made before, in idle time that is not
    counted. `_resumed`: from a ticket; in 1.3 with a key exchange, `_psk_ke` without (--psk-ke)."""
    for _ in figures.rounds(rounds):
        costs = bench.tls_costs(bench.seconds)
        figures.add("us_per_handshake", costs["us_full"])
        figures.add("us_per_handshake_keys_ahead", costs["us_full_keys_ahead"])
        figures.add("us_per_handshake_12", costs["us_full_12"])
        figures.add("us_of_primitives", costs["us_primitives"])
        figures.add("ratio_to_primitives", costs["us_primitives"] / costs["us_full"])
        for full, resumed in (("", ""), ("", "_psk_ke"), ("_12", "_12")):
            us = costs[f"us_resumed{resumed}"]
            figures.add(f"us_per_resumed{resumed}", us)
            figures.add(f"ratio_resumed{resumed}", costs[f"us_full{full}"] / us)
        for records in ("lean", "12", "openssl"):
            figures.add(f"ns_per_request_{records}", costs[f"ns_request_{records}"])
            figures.add(f"gbit_per_s_{records}", costs[f"gbit_{records}"])
            figures.add(f"bytes_per_session_{records}", costs[f"bytes_{records}"])
        figures.add("gbit_per_s_evp", costs["gbit_evp"])
        figures.add("ratio_to_evp", costs["gbit_lean"] / costs["gbit_evp"])


def us_per_handshake(bench, figures, mode, own_core):
    """Busy time for each, with one request: of the TLS core, or of the core that does all. And the
    load's report."""
    options = ("--psk-ke",) if mode == "psk-ke" else ()
    with tls_server(bench, *options, own_core=own_core) as server:
        result = bench.load("--tls", mode, "--conns", 64, "--clients", 8, *SMALL)
    checked(result, figures, f"{mode} handshakes")
    counters = server.counters()
    n = sum(counters.get(f"tls.handshakes_{kind}", 0) for kind in ("full", "resumed"))
    if not n:
        raise Unable(f"{mode} handshakes: the server counted none")
    return server.busy_us("tls" if own_core else "") / n, result["tls"]


def primitives_us(bench):
    """One P-256 signature and two operations of X25519 (a key pair, an agreement)."""
    words = bench.openssl_speed("ecdsap256", "ecdhx25519")
    sign = re.search(r"^\+F4:\d+:256:([\d.]+):", words, re.M)
    x25519 = re.search(r"^\+F5:\d+:253:([\d.]+):", words, re.M)
    if not sign or not x25519:
        raise Unable("openssl speed says nothing of P-256 or X25519")
    return 1e6 / float(sign[1]) + 2e6 / float(x25519[1])


def nginx_us(bench, how):
    if not install("nginx-light"):
        raise Unable("nginx-light cannot be installed")
    with Rival(bench, "nginx", tls=True) as rival:
        return rival.us_per_handshake(bench, how)


def tls_handshake(bench, figures, rounds):
    """TLS 1.3 handshakes, P-256 certificate, X25519: a connection for each, with one request for
    64 bytes. us_per_handshake (full) and us_per_resumed (from a ticket, with a key exchange;
    `_psk_ke`: without, by --psk-ke) are the TLS core's busy time, key pairs made ahead included,
    divided by its count of handshakes; handshakes_per_s and resumed_per_s what it would do if it
    were never idle. ratio_resumed: how many from tickets take as long as a full one.
    `_connection`: TLS on the net core, and so TCP included; `_seen`: what there were then, with
    the load generator as the limit, since a client's part costs more. The primitives are of
    `openssl speed` on the same core: a P-256 signature, two agreements by X25519. nginx, one
    worker, by its CPU time from /proc, under `openssl s_time`; its ratio is to
    us_per_connection."""
    for _ in figures.rounds(rounds):
        full, _ = us_per_handshake(bench, figures, "full", own_core=True)
        figures.add("us_per_handshake", full)
        figures.add("handshakes_per_s", 1e6 / full)
        for mode, suffix in (("resumed", ""), ("psk-ke", "_psk_ke")):
            resumed, _ = us_per_handshake(bench, figures, mode, own_core=True)
            figures.add(f"us_per_resumed{suffix}", resumed)
            figures.add(f"resumed_per_s{suffix}", 1e6 / resumed)
            figures.add(f"ratio_resumed{suffix}", full / resumed)
        full, seen = us_per_handshake(bench, figures, "full", own_core=False)
        figures.add("us_per_connection", full)
        figures.add("handshakes_per_s_seen", seen["handshakes_per_s"])
        resumed, seen = us_per_handshake(bench, figures, "resumed", own_core=False)
        figures.add("us_per_connection_resumed", resumed)
        figures.add("resumed_per_s_seen", seen["handshakes_per_s"])
        attempt(figures, "primitives_us", primitives_us, bench)
        attempt(figures, "nginx_us_per_connection", nginx_us, bench, "-new")
        attempt(figures, "nginx_us_per_connection_resumed", nginx_us, bench, "-reuse")
    figures.add_ratio("ratio_to_primitives", "primitives_us", "us_per_handshake")
    figures.add_ratio("ratio_to_nginx", "nginx_us_per_connection", "us_per_connection")


def keepalive_rps(bench, figures, records, n, own_core=False):
    """Requests a second with n connections: that there were, or of the TLS core if never idle."""
    options = (*MANY, "--tls-records", records)
    with tls_server(bench, *options, own_core=own_core) as server:
        when_open = server.mark if own_core else None
        options = ("--tls", "keepalive", "--conns", n, "--clients", 8, *SMALL)
        result = bench.load(*options, when_open=when_open)
    checked(result, figures, f"{records}, {n} connections")
    return server.per_busy_second("http.requests", "tls") if own_core else result["rps"]


def tls_keepalive(bench, figures, rounds):
    """HTTPS requests a second on one core, TLS on the net core: 64-byte bodies, one request a
    record, AES-128-GCM, closed loop; the best of 64, 256 and 1,024 connections. `_openssl`: with
    the server's --tls-records openssl; the load generator has its records from lib/tls in both.
    `_of_tls_core`: what a TLS core of its own would do if it were never idle, the better of 64 and
    256 connections, once they are open. Beside it nginx, one worker, on the kernel's loopback with
    wrk."""
    for _ in figures.rounds(rounds):
        for name, records in (("rps", "lean"), ("rps_openssl", "openssl")):
            rates = [keepalive_rps(bench, figures, records, n) for n in (64, 256, 1024)]
            figures.add(name, max(rates))
            own = [keepalive_rps(bench, figures, records, n, own_core=True) for n in (64, 256)]
            figures.add(f"{name}_of_tls_core", max(own))
        attempt(figures, "nginx_rps", rival_rps, bench, "nginx", tls=True)
    figures.add_ratio("ratio_to_nginx", "rps", "nginx_rps")


def speed_gbit_per_s(bench):
    words = bench.openssl_speed("-bytes", "16384", "-evp", "aes-128-gcm")
    found = re.search(r"^\+F:\d+:AES-128-GCM:([\d.]+)", words, re.M)
    if not found:
        raise Unable("openssl speed says nothing of AES-128-GCM")
    return float(found[1]) * 8 / 1e9


def bulk_gbit_per_s(bench, figures, size, own_core=False):
    """Bits of bodies a second that there were, or of records of the TLS core if never idle."""
    path = ("--path", f"/bytes/{size}", "--timeout", 10000)
    seconds = max(bench.seconds, 3)  # 8 times 100 MiB have to arrive in less
    with tls_server(bench, own_core=own_core) as server:
        result = bench.load("--tls", "keepalive", "--conns", 8, *path, seconds=seconds)
    checked(result, figures, f"{size} bytes")
    if own_core:
        return server.per_busy_second("tls.bytes_out", "tls") * 8 / 1e9
    return result["gbit_per_s"]


def tls_bulk(bench, figures, rounds):
    """Large bodies by HTTPS with AES-128-GCM, 1 MiB and 100 MiB, 8 connections: bits of bodies a
    second with TLS on the net core, and what a TLS core of its own would do if it were never idle
    (`_of_tls_core`). Beside it `openssl speed` on the same core with blocks of 16 KiB."""
    for _ in figures.rounds(rounds):
        for name, size in (("gbit_per_s", 1 << 20), ("gbit_per_s_100m", 100 << 20)):
            figures.add(name, bulk_gbit_per_s(bench, figures, size))
        alone = bulk_gbit_per_s(bench, figures, 1 << 20, own_core=True)
        figures.add("gbit_per_s_of_tls_core", alone)
        attempt(figures, "speed_gbit_per_s", speed_gbit_per_s, bench)
    figures.add_ratio("ratio_to_openssl_speed", "gbit_per_s", "speed_gbit_per_s")
    figures.add_ratio("ratio_of_tls_core", "gbit_per_s_of_tls_core", "speed_gbit_per_s")


# What each one owes; where it ends early, these are absent.
PROMISED = {
    "tls": [
        *("us_per_handshake", "us_per_resumed", "ratio_to_primitives", "ratio_to_evp"),
        *("ns_per_request_lean", "gbit_per_s_lean", "bytes_per_session_lean"),
        *("ns_per_request_12", "gbit_per_s_12", "bytes_per_session_12"),
    ],
    "tls-handshake": [
        *("us_per_handshake", "handshakes_per_s", "resumed_per_s", "ratio_to_primitives"),
        *("ratio_resumed", "ratio_resumed_psk_ke", "ratio_to_nginx"),
    ],
    "tls-keepalive": ["rps", "rps_of_tls_core", "rps_openssl_of_tls_core", "nginx_rps"],
    "tls-bulk": ["gbit_per_s", "ratio_to_openssl_speed", "ratio_of_tls_core"],
}

SCENARIOS = {
    f.__name__.replace("_", "-"): f for f in (tls, tls_handshake, tls_keepalive, tls_bulk)
}
