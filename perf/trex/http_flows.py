# SPDX-License-Identifier: BSD-2-Clause
"""What the ASTF profiles here share: their tunables, the request, and the profile round a program.

TRex does not parse HTTP: it counts bytes. A response must therefore have exactly response_bytes,
head and body, or the flow hangs (too many) or is closed early (too few). docs/benchmarking.md says
how to find out.
"""

import argparse

from trex.astf.api import (
    ASTFAssociationRule,
    ASTFGlobalInfo,
    ASTFIPGen,
    ASTFIPGenDist,
    ASTFIPGenGlobal,
    ASTFProfile,
    ASTFProgram,
    ASTFTCPClientTemplate,
    ASTFTCPServerTemplate,
    ASTFTemplate,
)

FILL_SECONDS = 2  # less than run.py's warm-up


class Tunables(argparse.ArgumentParser):
    """Knows which rate of new connections suits their number. A fixed one is a plateau: TRex would
    take longer to come to many connections than anybody measures."""

    def parse_args(self, args=None, namespace=None):
        options = super().parse_args(args, namespace)
        if "cps" not in options:
            options.cps = max(self.least_cps, options.connections / FILL_SECONDS)
        return options


def tunables_of(description, path, response_bytes, cps, connections):
    """A parser with those tunables that every profile has, and these defaults."""
    parser = Tunables(
        description=description, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument(
        "--server",
        default="10.99.0.2",
        help="the appliance's address; or first-last, at least one for each of TRex's cores",
    )
    parser.add_argument("--port", type=int, default=80, help="its HTTP port")
    parser.add_argument(
        "--clients", default="10.99.0.100-10.99.0.199", help="client addresses, first-last"
    )
    parser.add_argument("--path", default=path, help="what is asked for")
    parser.add_argument(
        "--response_bytes", type=int, default=response_bytes, help="of a response, with its head"
    )
    parser.add_argument(
        "--cps",
        type=float,
        default=argparse.SUPPRESS,
        help=f"new connections a second (default: {cps}, or all connections in {FILL_SECONDS} s)",
    )
    parser.least_cps = cps
    parser.add_argument(
        "--connections",
        type=int,
        default=connections,
        help="at once, replaced as they end; 0: as many as come of cps",
    )
    return parser


def first_and_last(text):
    """Of addresses: 10.99.0.2-10.99.0.5, or one alone."""
    first, _, last = text.partition("-")
    return first, last or first


def request_of(options, *fields):
    host, _ = first_and_last(options.server)
    lines = [f"GET {options.path} HTTP/1.1", f"Host: {host}", *fields, "", ""]
    return "\r\n".join(lines).encode("ascii")


def requests_in_turn(options):
    """A program of options.requests requests on one connection, each after the last response."""
    program = ASTFProgram()
    program.connect()
    program.set_var("left", options.requests)
    program.set_label("again:")
    program.send(request_of(options))
    program.recv(options.response_bytes, True)
    program.jmp_nz("left", "again:")
    return program


def addresses(text):
    """TRex deals them out among its cores, and starts nothing where one gets none."""
    return ASTFIPGenDist(ip_range=list(first_and_last(text)), distribution="seq")


def profile_of(options, program, window_bytes=None):
    """A profile whose clients run the program. window_bytes: of the clients' receive buffers."""
    generator = ASTFIPGen(
        glob=ASTFIPGenGlobal(ip_offset="1.0.0.0"),
        dist_client=addresses(options.clients),
        dist_server=addresses(options.server),
    )
    flows = {"limit": options.connections, "cont": True} if options.connections else {}
    client = ASTFTCPClientTemplate(
        program=program, ip_gen=generator, port=options.port, cps=options.cps, **flows
    )
    # The server is the appliance, but TRex wants a program for its own other side too.
    nobody = ASTFProgram()
    nobody.recv(1)
    nobody.send(b"-")
    server = ASTFTCPServerTemplate(program=nobody, assoc=ASTFAssociationRule(port=options.port))
    more = {}
    if window_bytes:
        more["default_c_glob_info"] = ASTFGlobalInfo()
        more["default_c_glob_info"].tcp.rxbufsize = window_bytes
    return ASTFProfile(
        default_ip_gen=generator,
        templates=ASTFTemplate(client_template=client, server_template=server),
        **more,
    )
