#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""perf/trex/run.py PROFILE [--set NAME=VALUE ...]: runs a profile on a TRex server.

Prints what came of it as JSON. The server must have been started to suit the profile: with
`t-rex-64 -i --astf` for keepalive, connection_per_request and large_objects, with `t-rex-64 -i`
for syn_flood and rx_limit. Its Python client is looked for in --trex, where TRex was unpacked.
"""

import argparse
import importlib
import json
import os
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
STATELESS = ("syn_flood", "rx_limit")
PORT = 0
# Client counters of TRex that must not have moved.
TROUBLES = (
    "tcps_conndrops",
    "tcps_drops",
    "tcps_keepdrops",
    "tcps_rexmttimeo",
    "tcps_rexmttimeo_syn",  # TRex counts these apart
    "tcps_sndrexmitpack",
    "tcps_timeoutdrop",
)
NO_TROUBLES = ("err_no_tcp_udp", "err_rx_throttled")  # TRex does not call these errors, either
STANDING = 0.99  # of the connections asked for: some are being replaced at any time


def measured(client, seconds):
    """(statistics, seconds) of that long, beginning now."""
    client.clear_stats()
    started = time.monotonic()
    time.sleep(seconds)
    statistics = client.get_stats()
    return statistics, time.monotonic() - started


def stateful(options, profile, tunables):
    from trex.astf.api import ASTFClient

    asked = profile.options(as_list(tunables))
    client = ASTFClient(server=options.server)
    client.connect()
    try:
        client.reset()
        client.load_profile(os.path.join(HERE, f"{options.profile}.py"), tunables=tunables)
        duration = options.warmup + options.seconds + 5  # an end, should we come to none
        client.start(mult=float(options.mult), duration=duration, nc=True)
        time.sleep(options.warmup)
        statistics, seconds = measured(client, options.seconds)
        client.stop()
    finally:
        client.disconnect()
    return stateful_figures(statistics, seconds, asked)


def stateful_figures(statistics, seconds, asked):
    ours = statistics["traffic"]["client"]
    # Counters that are zero may be left out.
    received = ours.get("tcps_rcvbyte", 0)
    troubles = {name: ours[name] for name in TROUBLES if ours.get(name)}
    for name, n in ours.items():
        if n and name.startswith("err_") and name not in NO_TROUBLES:
            troubles[name] = n
    # m_active_flows, and active_flows of all, count those too whose SYN has no answer yet. These
    # are established less failed ones.
    standing = ours.get("m_est_flows", 0)
    if standing < STANDING * asked.connections:
        troubles["connections_missing"] = asked.connections - standing
    return {
        "requests_per_s": received / asked.response_bytes / seconds,
        "connections_per_s": ours.get("tcps_connects", 0) / seconds,
        "received_gbit_per_s": received * 8 / 1e9 / seconds,
        "connections": standing,
        "trex_cpu_percent": statistics["global"].get("cpu_util", 0),
        "troubles": troubles,
    }


def stateless(options, profile, tunables):
    from trex.stl.api import STLClient

    client = STLClient(server=options.server)
    client.connect()
    try:
        client.reset(ports=[PORT])
        client.add_streams(profile.get_streams(tunables=as_list(tunables)), ports=[PORT])
        duration = options.warmup + options.seconds + 5
        client.start(ports=[PORT], mult=options.mult, duration=duration, force=True)
        time.sleep(options.warmup)
        statistics, seconds = measured(client, options.seconds)
        client.stop(ports=[PORT])
    finally:
        client.disconnect()
    return {
        "sent_per_s": statistics[PORT]["opackets"] / seconds,
        "received_per_s": statistics[PORT]["ipackets"] / seconds,
        "trex_cpu_percent": statistics["global"].get("cpu_util", 0),
    }


def as_list(tunables):
    return [word for name, value in tunables.items() for word in (f"--{name}", value)]


def setting(text):
    name, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{text} is not NAME=VALUE")
    return name, value


def main(arguments=None):
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    profiles = ("keepalive", "connection_per_request", "large_objects", *STATELESS)
    parser.add_argument("profile", choices=profiles)
    parser.add_argument("--server", default="127.0.0.1", help="where t-rex-64 runs")
    parser.add_argument("--trex", help="the folder that TRex was unpacked to")
    parser.add_argument("--seconds", type=float, default=10, help="how long it is measured")
    parser.add_argument("--warmup", type=float, default=5, help="seconds before that")
    parser.add_argument("--mult", default="1", help="of the profile's rate")
    parser.add_argument(
        "--set", type=setting, action="append", default=[], help="a tunable, NAME=VALUE"
    )
    options = parser.parse_args(arguments)
    if options.trex:
        client = os.path.join(options.trex, "automation", "trex_control_plane", "interactive")
        sys.path.insert(0, client)
    sys.path.insert(0, HERE)
    tunables = dict(options.set)
    try:
        profile = importlib.import_module(options.profile).register()
    except ImportError as error:
        parser.exit(1, f"{parser.prog}: TRex's client: {error}; --trex names TRex's folder\n")
    run = stateless if options.profile in STATELESS else stateful
    figures = run(options, profile, tunables)
    result = {"profile": options.profile, "tunables": tunables, "seconds": options.seconds}
    print(json.dumps({**result, "figures": figures}, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
