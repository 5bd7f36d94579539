# SPDX-License-Identifier: BSD-2-Clause
"""Double of trex.astf.api: stateful profiles and their client."""

import importlib
import ipaddress
import os
import sys

from trex import TRexError, check, get_profile

MAX_STEPS = 100_000


class ASTFProgram:
    def __init__(
        self, file=None, side="c", commands=None, stream=True, s_delay=None, udp_mtu=None
    ):
        if file or commands or side != "c" or not stream or s_delay or udp_mtu:
            raise TRexError("the double knows only programs made call by call")
        self.commands = []
        self.labels = {}
        self.variables = set()

    def _add(self, name, *arguments):
        self.commands.append((name, *arguments))

    def connect(self):
        if self.commands:
            raise TRexError("connect() comes first")
        self._add("connect")

    def send(self, buf, size=0, fill=None):
        check("buf", buf, (bytes, str))
        if size or fill:
            raise TRexError("the double does not fill buffers")
        self._add("send", buf if isinstance(buf, bytes) else buf.encode("ascii"))

    def recv(self, bytes, clear=False):  # noqa: A002 (TRex calls it so)
        check("bytes", bytes, int)
        check("clear", clear, (int, bool))
        self._add("recv", bytes, bool(clear))

    def set_var(self, var_id, val):
        check("var_id", var_id, str)
        check("val", val, int)
        self.variables.add(var_id)
        self._add("set_var", var_id, val)

    def set_label(self, label):
        if label in self.labels:
            raise TRexError(f"label {label} is there already")
        self.labels[label] = len(self.commands)

    def jmp_nz(self, var_id, label):
        check("var_id", var_id, str)
        check("label", label, str)
        if var_id not in self.variables:
            raise TRexError(f"no variable {var_id}")
        if label not in self.labels:
            raise TRexError(f"no label {label}")
        self._add("jmp_nz", var_id, label)

    def steps(self):
        """("send", bytes) and ("recv", how many more) in the order in which a client does them.

        TRex counts received bytes from the last recv that cleared the count, so a recv that does
        not clear makes the next one wait for the sum.
        """
        at, n_steps, left, waited = 0, 0, {}, 0
        while at < len(self.commands):
            name, *arguments = self.commands[at]
            at += 1
            n_steps += 1
            if n_steps > MAX_STEPS:
                raise TRexError("a program without end")
            if name == "send":
                yield "send", arguments[0]
            elif name == "recv":
                yield "recv", arguments[0]
                waited = 0 if arguments[1] else waited + arguments[0]
            elif name == "set_var":
                left[arguments[0]] = arguments[1]
            elif name == "jmp_nz":
                if waited:
                    raise TRexError("a loop round a recv() that does not clear its count")
                left[arguments[0]] -= 1
                if left[arguments[0]]:
                    at = self.labels[arguments[1]]


class ASTFIPGenDist:
    def __init__(self, ip_range, distribution="seq", per_core_distribution=None):
        self.first, self.last = (ipaddress.IPv4Address(address) for address in ip_range)
        if self.first > self.last:
            raise TRexError(f"{ip_range} ends before it begins")
        self.n_addresses = int(self.last) - int(self.first) + 1
        if distribution not in ("seq", "rand"):
            raise TRexError(f"no distribution {distribution}")
        if per_core_distribution not in (None, "seq"):
            raise TRexError(f"no distribution {per_core_distribution}")

    def overlaps(self, other):
        return self.first <= other.last and other.first <= self.last


class ASTFIPGenGlobal:
    def __init__(self, ip_offset="1.0.0.0", ip_offset_server=None):
        self.ip_offset = ipaddress.IPv4Address(ip_offset)
        self.ip_offset_server = ip_offset_server


class ASTFIPGen:
    def __init__(self, dist_client, dist_server, glob=None):
        check("glob", glob, ASTFIPGenGlobal, must=False)
        check("dist_client", dist_client, ASTFIPGenDist)
        check("dist_server", dist_server, ASTFIPGenDist)
        if dist_client.overlaps(dist_server):
            raise TRexError("clients and servers share addresses")
        self.dist_client = dist_client
        self.dist_server = dist_server


class ASTFAssociationRule:
    def __init__(self, port=80, ip_start=None, ip_end=None, l7_map=None):
        check("port", port, int)
        if ip_start or ip_end or l7_map:
            raise TRexError("the double knows only rules of a port")
        self.port = port


class ASTFTCPClientTemplate:
    def __init__(
        self,
        ip_gen,
        cluster=None,
        program=None,
        port=80,
        cps=1,
        glob_info=None,
        limit=None,
        cont=None,
    ):
        check("ip_gen", ip_gen, ASTFIPGen)
        check("program", program, ASTFProgram)
        check("port", port, int)
        check("cps", cps, (int, float))
        check("limit", limit, int, must=False)
        check("cont", cont, bool, must=False)
        if cluster or glob_info:
            raise TRexError("the double knows no cluster and no glob_info of a template")
        if cps < 0.5:
            raise TRexError(f"cps is {cps}, the least is 0.5")
        self.ip_gen, self.program, self.port = ip_gen, program, port
        self.cps, self.limit, self.cont = cps, limit, cont


class ASTFTCPServerTemplate:
    def __init__(self, program=None, assoc=None, glob_info=None):
        check("program", program, ASTFProgram)
        check("assoc", assoc, ASTFAssociationRule, must=False)
        if glob_info:
            raise TRexError("the double knows no glob_info of a template")
        self.program, self.assoc = program, assoc or ASTFAssociationRule()


class ASTFTemplate:
    def __init__(self, client_template=None, server_template=None, tg_name=None):
        check("client_template", client_template, ASTFTCPClientTemplate)
        check("server_template", server_template, ASTFTCPServerTemplate)
        check("tg_name", tg_name, str, must=False)
        self.client_template = client_template
        self.server_template = server_template


class TcpInfo:
    RXBUFSIZE = range(1024, (1 << 30) + 1)

    def __setattr__(self, name, value):
        if name != "rxbufsize":
            raise TRexError(f"the double knows no tcp.{name}")
        if value not in self.RXBUFSIZE:
            raise TRexError(f"tcp.rxbufsize is {value}")
        super().__setattr__(name, value)


class ASTFGlobalInfo:
    def __init__(self):
        self.tcp = TcpInfo()


class ASTFProfile:
    def __init__(
        self,
        default_ip_gen,
        default_c_glob_info=None,
        default_s_glob_info=None,
        templates=None,
        cap_list=None,
        s_delay=None,
        udp_mtu=None,
    ):
        check("default_ip_gen", default_ip_gen, ASTFIPGen)
        check("default_c_glob_info", default_c_glob_info, ASTFGlobalInfo, must=False)
        check("templates", templates, ASTFTemplate)
        if default_s_glob_info or cap_list or s_delay or udp_mtu:
            raise TRexError("the double knows only a profile of one template")
        self.c_glob_info = default_c_glob_info
        self.client = templates.client_template
        self.server = templates.server_template

    @classmethod
    def load(cls, filename, **tunables):
        """The file's folder is on the path while it is loaded; tunables come as words, too."""
        base, dot, suffix = os.path.basename(filename).partition(".")
        if (dot, suffix) != (".", "py"):
            raise TRexError(f"{filename} is no Python profile")
        words = [word for name, value in tunables.items() for word in (f"--{name}", str(value))]
        folder = os.path.dirname(filename)
        sys.path.insert(0, folder)
        try:
            module = importlib.reload(importlib.import_module(base))
            function = module.register().get_profile
            return get_profile(function, **{"tunables": words, **tunables})
        finally:
            sys.path.remove(folder)


class ASTFClient:
    """Its statistics are those that a test has put into STATISTICS; its server has N_CORES (-c)."""

    STATISTICS = {}
    N_CORES = 1
    calls = []

    def __init__(self, username="someone", server="localhost"):
        self.server = server
        ASTFClient.calls = []
        self.profile = None

    def _note(self, name, needs=None):
        if needs and needs not in ASTFClient.calls:
            raise TRexError(f"{name}() without {needs}()")
        ASTFClient.calls.append(name)

    def connect(self):
        self._note("connect")

    def reset(self, restart=False):
        self._note("reset", "connect")

    def load_profile(self, profile, tunables={}, pid_input="_"):  # noqa: B006 (as TRex has it)
        self._note("load_profile", "reset")
        self.profile = ASTFProfile.load(profile, **tunables)

    def clear_stats(self):
        self._note("clear_stats", "reset")

    def start(self, mult=1, duration=-1, nc=False, block=True):
        check("mult", mult, (int, float))
        check("duration", duration, (int, float))
        addresses = self.profile.client.ip_gen
        for pool in (addresses.dist_client, addresses.dist_server):
            if pool.n_addresses < ASTFClient.N_CORES:
                raise TRexError(f"{pool.n_addresses} addresses for {ASTFClient.N_CORES} cores")
        self._note("start", "load_profile")

    def get_stats(self):
        self._note("get_stats", "start")
        return ASTFClient.STATISTICS

    def stop(self, block=True):
        self._note("stop", "start")

    def disconnect(self):
        self._note("disconnect", "connect")
