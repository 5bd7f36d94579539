# SPDX-License-Identifier: BSD-2-Clause
"""ASTF profile: many requests on each connection, one after the other."""

from http_flows import profile_of, requests_in_turn, tunables_of


class Keepalive:
    def options(self, tunables):
        parser = tunables_of(
            __doc__, path="/bytes/64", response_bytes=198, cps=1000, connections=1000
        )
        parser.add_argument("--requests", type=int, default=10000, help="on each connection")
        return parser.parse_args(tunables)

    def get_profile(self, tunables, **_):
        options = self.options(tunables)
        return profile_of(options, requests_in_turn(options))


def register():
    return Keepalive()
