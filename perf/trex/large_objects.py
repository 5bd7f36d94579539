# SPDX-License-Identifier: BSD-2-Clause
"""ASTF profile: objects of a mebibyte, several on each connection, with a window to match."""

from http_flows import profile_of, requests_in_turn, tunables_of


class LargeObjects:
    def options(self, tunables):
        parser = tunables_of(
            __doc__, path="/bytes/1048576", response_bytes=1048715, cps=64, connections=64
        )
        parser.add_argument("--requests", type=int, default=100, help="on each connection")
        parser.add_argument(
            "--window_bytes", type=int, default=262144, help="receive buffer of each client"
        )
        return parser.parse_args(tunables)

    def get_profile(self, tunables, **_):
        options = self.options(tunables)
        return profile_of(options, requests_in_turn(options), options.window_bytes)


def register():
    return LargeObjects()
