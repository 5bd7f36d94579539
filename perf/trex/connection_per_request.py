# SPDX-License-Identifier: BSD-2-Clause
"""ASTF profile: connect, one request, close. The appliance closes first: it is asked to."""

from http_flows import profile_of, request_of, tunables_of
from trex.astf.api import ASTFProgram


class ConnectionPerRequest:
    def options(self, tunables):
        parser = tunables_of(
            __doc__, path="/bytes/64", response_bytes=217, cps=100000, connections=0
        )
        return parser.parse_args(tunables)

    def get_profile(self, tunables, **_):
        options = self.options(tunables)
        program = ASTFProgram()
        program.connect()
        program.send(request_of(options, "Connection: close"))
        program.recv(options.response_bytes)
        return profile_of(options, program)


def register():
    return ConnectionPerRequest()
