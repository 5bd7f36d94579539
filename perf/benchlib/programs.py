# SPDX-License-Identifier: BSD-2-Clause
"""The programs of a measurement, each pinned to its core, started when ready and ended by pid."""

import contextlib
import glob
import json
import os
import re
import signal
import shutil
import socket
import subprocess
import tempfile
import time

from .machine import BUILD, LOAD_CORE, SERVER_CORE, Unable, install

SERVER_IP, PREFIX = "10.99.0.2", 16
FIRST_CLIENT = "10.99.1.1"
READY_SECONDS = 90  # a million files have to be read
END_SECONDS = 15
MOVED = 2  # so many times as far apart: cores that share a cache, and cores that do not
MAX_OPENING_SECONDS = 40  # to open a million connections, with room


class Process:
    """One program with its log."""

    def __init__(self, folder, name, command, core=None, env=None):
        self.name = name
        self.log_name = os.path.join(folder, f"{name}.log")
        # Before all others on this machine, which nobody has isolated cores on.
        pinned = ["nice", "-n", "-20"]
        pinned += ["taskset", "-c", str(core)] if core is not None else []
        with open(self.log_name, "wb") as log:
            self.popen = subprocess.Popen(
                [*pinned, *command], stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=env
            )

    def log(self):
        with open(self.log_name, encoding="utf-8", errors="replace") as file:
            return file.read()

    def wait_until(self, ready):
        deadline = time.monotonic() + READY_SECONDS
        try:
            while not ready():
                if self.popen.poll() is not None or time.monotonic() > deadline:
                    raise Unable(f"{self.name} did not start: {self.log()[-400:].strip()}")
                time.sleep(0.01)
        except BaseException:
            self.end()
            raise

    def wait(self, seconds):
        """Lets it end by itself, but not later than that. Returns its exit status."""
        try:
            return self.popen.wait(seconds)
        except subprocess.TimeoutExpired:
            self.end()
            raise Unable(f"{self.name} did not end within {seconds} s") from None
        except BaseException:  # the bench itself is to end: by no means without its children
            self.end()
            raise

    def hang_up(self):
        self.popen.send_signal(signal.SIGHUP)

    def ask_for_report(self):
        self.popen.send_signal(signal.SIGUSR1)

    def end(self):
        """Returns its exit status. TERM first: `timeout` passes that on to its child, not KILL."""
        if self.popen.poll() is None:
            self.popen.terminate()
            try:
                self.popen.wait(END_SECONDS)
            except subprocess.TimeoutExpired:
                self.popen.kill()
        return self.popen.wait()


def cpu_seconds(pid):
    """What a process and its children have had of any CPU so far, all threads of them."""
    total = 0
    for task in glob.glob(f"/proc/{pid}/task/*"):
        with open(f"{task}/schedstat", encoding="ascii") as file:
            total += int(file.read().split()[0]) / 1e9
        with open(f"{task}/children", encoding="ascii") as file:
            total += sum(map(cpu_seconds, file.read().split()))
    return total


class Bench:
    """Where programs run and meet: a folder for their sockets and logs."""

    def __init__(self, machine, seconds):
        self.machine = machine
        self.seconds = seconds
        self.folder = tempfile.mkdtemp(prefix="ringside-bench-")
        self.core_to_core_ns = None
        self.distances = []  # all that were measured since moved() was asked

    def close(self):
        """EAL leaves a folder and, in single files, pages; nobody comes back to them."""
        shutil.rmtree(self.folder, ignore_errors=True)
        for folder in glob.glob(f"/var/run/dpdk/bench-{os.getpid()}-*"):
            shutil.rmtree(folder, ignore_errors=True)
        for pages in glob.glob(f"/dev/hugepages*/bench-{os.getpid()}-*"):
            os.remove(pages)

    def socket(self):
        return os.path.join(self.folder, "memif.sock")

    def memif(self, role, **options):
        text = f"net_memif0,role={role},socket={self.socket()},socket-abstract=no"
        return ["--vdev", text + "".join(f",{k}={v}".replace("_", "-") for k, v in options.items())]

    def eal(self, name, core, mb, *more):
        files = ["--file-prefix", f"bench-{os.getpid()}-{name}"]
        if self.machine.hugepages and "--single-file-segments" not in more:
            files.append("--huge-unlink")
        lcores = [] if "--lcores" in more else ["-l", str(core)]
        memory = self.machine.memory(mb)
        return ["--no-pci", "--no-telemetry", *lcores, *files, *memory, *more]

    def server(self, *options, eal=(), core=SERVER_CORE):
        self.look()
        return Ringside(self, core, eal, options)

    def responder(self, *options):
        self.look()
        return Responder(self, options)

    def certificate(self):
        """(certificate, key), P-256, that nobody has signed."""
        names = [os.path.join(self.folder, name) for name in ("cert.pem", "key.pem")]
        if not os.path.exists(names[0]):
            curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
            self.output(
                *("openssl", "req", "-x509", "-nodes", *curve, "-days", "9", "-subj", "/CN=bench"),
                *("-out", names[0], "-keyout", names[1]),
            )
        return names

    def https(self):
        certificate, key = self.certificate()
        return ["--https", "443", "--cert", certificate, "--key", key]

    def output(self, *command, core=LOAD_CORE, within=60):
        """What a program prints that must not fail."""
        process = Process(self.folder, command[0], command, core)
        status = process.wait(within)
        if status:
            raise Unable(f"{command[0]} ended with {status}: {process.log()[-300:].strip()}")
        return process.log()

    def openssl_speed(self, *algorithms):
        """The words of `openssl speed` for machines, on the server's core."""
        command = ("openssl", "speed", "-mr", "-seconds", str(self.seconds), *algorithms)
        return self.output(*command, core=SERVER_CORE)

    def handover(self):
        """How far apart the two cores are now, in ns; only while nothing runs on them."""
        program = f"{BUILD}/perf/micro/handover"
        process = Process(self.folder, "handover", [program, str(SERVER_CORE), str(LOAD_CORE)])
        status = process.wait(10)
        if status != 0:
            raise Unable(f"handover ended with {status}: {process.log().strip()}")
        return float(process.log())

    def look(self):
        """How far apart are the cores? Before each program that the figures are of."""
        self.core_to_core_ns = self.handover()
        self.distances.append(self.core_to_core_ns)

    def moved(self):
        """Since this was last asked: how far apart the cores have been, if that has changed so much
        that what was measured cannot be compared; else None."""
        self.look()
        nearest, farthest = min(self.distances), max(self.distances)
        self.distances = []
        if farthest < MOVED * nearest:
            return None
        return f"the cores were {nearest:.0f} to {farthest:.0f} ns apart"

    def tls_costs(self, seconds):
        """What perf/micro/tls says, on the server's core with nothing else running."""
        command = [f"{BUILD}/perf/micro/tls", str(seconds * 1000 // 8)]
        process = Process(self.folder, "tls", command, SERVER_CORE)
        if process.wait(seconds * 4 + 20):
            raise Unable(f"perf/micro/tls: {process.log().strip()}")
        return json.loads(process.log())

    def jitter(self, core):
        """Percent of the time that the core misses, and the longest gap in µs."""
        process = Process(self.folder, "jitter", [f"{BUILD}/perf/micro/jitter", "2"], core)
        if process.wait(10):
            raise Unable(f"perf/micro/jitter: {process.log().strip()}")
        lost, longest = process.log().split()
        return float(lost), float(longest)

    @contextlib.contextmanager
    def touched(self, mib):
        """How many GiB a second of fresh memory can be had; mib of it are held meanwhile."""
        command = ["taskset", "-c", str(SERVER_CORE), f"{BUILD}/perf/micro/touch", str(mib)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as program:
            rate = program.stdout.readline()
            if not rate:
                raise Unable("perf/micro/touch: no memory")
            yield float(rate)
            program.stdin.close()

    def client_vdev(self):
        more = {"zero_copy": "yes"} if self.machine.hugepages else {}
        vdev = self.memif("client", rsize=11, **more)
        return vdev + (["--single-file-segments"] if self.machine.hugepages else [])

    def load(self, *options, seconds=None, warmup=1, when_open=None):
        """Runs the load generator against what listens; returns its JSON, and how far apart the
        cores were just before (`core_to_core_ns`). when_open is called in the first second after
        the warm-up."""
        report = os.path.join(self.folder, "load.json")
        if os.path.exists(report):
            os.remove(report)
        command = [
            f"{BUILD}/perf/load/ringside-load",
            *self.eal("load", LOAD_CORE, 1024, *self.client_vdev()),
            *("--", "--target", SERVER_IP, "--ip", f"{FIRST_CLIENT}/{PREFIX}"),
            *([] if when_open else ["--quiet"]),
            *("--seconds", str(seconds or self.seconds), "--warmup", str(warmup)),
            *("--json", report, *map(str, options)),
        ]
        process = Process(self.folder, "load", command, LOAD_CORE)
        if when_open:
            process.wait_until(lambda: "measuring" in process.log())
            when_open()
        status = process.wait((seconds or self.seconds) + warmup + MAX_OPENING_SECONDS)
        if status != 0 or not os.path.exists(report):
            raise Unable(f"ringside-load ended with {status}: {process.log()[-400:].strip()}")
        with open(report, encoding="utf-8") as file:
            return {**json.load(file), "core_to_core_ns": self.core_to_core_ns}

    def forwarded_pps(self, frame_bytes):
        """testpmd's macswap on the server's core, flowgen on the load's: frames a second there and
        back. The limit of the wire: one packet in, one out."""
        if not install("dpdk-dev"):
            raise Unable("dpdk-dev, which has testpmd, cannot be installed")
        self.look()
        seconds = self.seconds + 3
        there = ["--nb-cores=1", "--rxd=2048", "--txd=2048", "--burst=64"]
        near = Process(
            self.folder,
            "macswap",
            [
                *("timeout", "-k", "5", str(seconds + 20), "dpdk-testpmd"),
                *self.eal("macswap", 0, 512, "--lcores", f"0@{SERVER_CORE},1@{SERVER_CORE}"),
                *self.memif("server"),
                *("--", "--forward-mode=macswap", "--no-lsc-interrupt", "--stats-period", "60"),
                *("--total-num-mbufs=16384", *there),
            ],
        )
        try:
            near.wait_until(lambda: os.path.exists(self.socket()))
            far = Process(
                self.folder,
                "flowgen",
                [
                    *("timeout", "-k", "5", str(seconds + 3), "dpdk-testpmd"),
                    *self.eal(
                        *("flowgen", 0, 1024, "--lcores", f"0@{LOAD_CORE},1@{LOAD_CORE}"),
                        *self.client_vdev(),
                    ),
                    *("--", "--forward-mode=flowgen", f"--txpkts={frame_bytes}"),
                    *("--stats-period", "1", "--total-num-mbufs=32768", *there),
                ],
            )
            far.wait(seconds + 10)
            rates = [int(n) for n in re.findall(r"Rx-pps:\s+(\d+)", far.log())]
        finally:
            near.end()
        rates = [rate for rate in rates if rate]
        rates = rates[1:-1] if len(rates) > 2 else rates  # whole seconds
        if not rates:
            raise Unable(f"testpmd forwarded nothing: {far.log()[-300:].strip()}")
        return sorted(rates)[len(rates) // 2]


def counters_of(report):
    rows = re.findall(r"^(\w+) +(\w+) +([\d.]+)  ", report, re.M)
    return {f"{module}.{name}": float(value) for module, name, value in rows}


def busy_us_of(report, stage):
    lines = re.findall(r"^lcore \d+  busy (\d+) us.*  runs:(.*)$", report, re.M)
    return sum(int(us) for us, stages in lines if not stage or stage in stages.split())


class Ringside:
    """The appliance; use it with `with`. At its end every pool must be full again."""

    n_marked = 0

    def __init__(self, bench, core, eal, options):
        command = [
            f"{BUILD}/app/ringside",
            *bench.eal("server", core, 1024, *eal),
            *bench.memif("server", mac="02:00:00:00:00:01"),
            *("--", "--ip", f"{SERVER_IP}/{PREFIX}", "--http", "80"),
            *([] if "--idle" in options else ["--idle", "spin"]),
            *map(str, options),
        ]
        self.process = Process(bench.folder, "ringside", command)
        self.process.wait_until(
            lambda: os.path.exists(bench.socket()) and "serving" in self.process.log()
        )

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        status = self.process.end()
        if status != 0 and kind is None:
            raise Unable(f"ringside ended with {status}: {self.process.log()[-400:].strip()}")

    def memory_bytes(self):
        """What it holds: hugepages that it has mapped, and ordinary pages of its own. To be asked
        while no peer is there, whose memory would count as well."""
        with open(f"/proc/{self.process.popen.pid}/smaps_rollup", encoding="utf-8") as file:
            fields = dict(re.findall(r"^(\w+): +(\d+) kB", file.read(), re.M))
        kinds = ("Private_Clean", "Private_Dirty", "Private_Hugetlb", "Shared_Hugetlb")
        return 1024 * sum(int(fields[kind]) for kind in kinds)

    def mark(self):
        """Has it report how far it is: per_busy_second() leaves out what was before."""
        n = len(self.process.log())
        self.process.ask_for_report()
        self.process.wait_until(
            lambda: re.search(r"^port .* received .*\n", self.process.log()[n:], re.M)
        )
        self.n_marked = len(self.process.log())

    def reports(self):
        """After its end: what it has said before it was marked, and after that."""
        log = self.process.log()
        return log[: self.n_marked], log[self.n_marked :]

    def counters(self):
        """After its end: what it has counted, by name."""
        return counters_of(self.reports()[1])

    def busy_us(self, stage=""):
        """After its end: how long its cores had something to do, by their own clocks; only those
        that run stage, where one is named."""
        return busy_us_of(self.reports()[1], stage)

    def per_busy_second(self, counter, stage):
        """After its end: what a core that runs stage would count in a second without a pause."""
        n_before, n = (counters_of(report).get(counter, 0) for report in self.reports())
        us_before, us = (busy_us_of(report, stage) for report in self.reports())
        if n <= n_before or us <= us_before:
            raise Unable(f"ringside counted no {counter} of {stage}")
        return (n - n_before) * 1e6 / (us - us_before)

    def us_per_request(self):
        """After its end: busy time, whatever it went to, for each request."""
        n = self.counters().get("http.requests", 0)
        if not n:
            raise Unable("ringside counted no requests")
        return self.busy_us() / n


class Responder:
    """ringside-load --respond on the server's core; use it with `with`."""

    def __init__(self, bench, options):
        self.report_name = os.path.join(bench.folder, "responder.json")
        command = [
            f"{BUILD}/perf/load/ringside-load",
            *bench.eal("responder", SERVER_CORE, 512),
            *bench.memif("server", mac="02:00:00:00:00:01"),
            *("--", "--respond", "--ip", f"{SERVER_IP}/{PREFIX}", "--json", self.report_name),
            *map(str, options),
        ]
        self.process = Process(bench.folder, "responder", command, SERVER_CORE)
        self.process.wait_until(lambda: os.path.exists(bench.socket()))

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        status = self.process.end()
        if status != 0 and kind is None:
            raise Unable(f"the responder ended with {status}: {self.process.log()[-400:].strip()}")

    def report(self):
        """After its end: its JSON."""
        with open(self.report_name, encoding="utf-8") as file:
            return json.load(file)


# ---- rivals, on the kernel's loopback ----


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def answers(port):
    with socket.socket() as s:
        s.settimeout(1)
        return s.connect_ex(("127.0.0.1", port)) == 0


BODY_64 = "x" * 63 + "\n"

NGINX = """daemon off; worker_processes 1;
pid {folder}/nginx.pid; error_log {folder}/nginx-errors.log;
events {{ worker_connections 20000; }}
http {{ access_log off; keepalive_requests 100000000; client_body_temp_path {folder};
proxy_temp_path {folder}; fastcgi_temp_path {folder}; uwsgi_temp_path {folder};
scgi_temp_path {folder};
server {{ listen 127.0.0.1:{port} {tls} reuseport backlog=4096; {certificate}
location / {{ return 200 "{body}"; }} }} }}
"""

NGINX_TLS = """ssl_certificate {cert}; ssl_certificate_key {key}; ssl_protocols TLSv1.3;
ssl_conf_command Ciphersuites TLS_AES_128_GCM_SHA256; ssl_ecdh_curve X25519;
ssl_session_cache shared:s:10m;
"""

HAPROXY = """global
  nbthread 1
  maxconn 4000
defaults
  mode http
  timeout client 30s
  timeout server 30s
  timeout connect 5s
frontend f
  bind 127.0.0.1:{port}
  http-request return status 200 content-type text/plain lf-string "{body}"
"""

H2O = """num-threads: 1
pid-file: {folder}/h2o.pid
listen: {{ host: 127.0.0.1, port: {port} }}
user: root
hosts:
  default:
    paths:
      /:
        file.dir: {folder}/www
"""


class Rival:
    """A server on the kernel's TCP with one worker, pinned; use it with `with`. tls: nginx only."""

    def __init__(self, bench, name, tls=False):
        self.port = free_port()
        self.scheme = "https" if tls else "http"
        folder = bench.folder
        body = BODY_64.strip()
        os.makedirs(f"{folder}/www", exist_ok=True)
        with open(f"{folder}/www/index.html", "w", encoding="utf-8") as file:
            file.write(BODY_64)
        config = os.path.join(folder, f"{name}.conf")
        text = {"nginx": NGINX, "haproxy": HAPROXY, "h2o": H2O}[name]
        with open(config, "w", encoding="utf-8") as file:
            fields = {"folder": folder, "port": self.port, "body": body}
            fields |= {"tls": "", "certificate": ""}
            if tls:
                cert, key = bench.certificate()
                fields |= {"tls": "ssl", "certificate": NGINX_TLS.format(cert=cert, key=key)}
            file.write(text.format(**fields))
        command = {
            "nginx": ["nginx", "-c", config, "-e", f"{folder}/nginx-errors.log"],
            "haproxy": ["haproxy", "-db", "-f", config],
            "h2o": ["h2o", "-m", "worker", "-c", config],
        }[name]
        self.process = Process(folder, name, command, SERVER_CORE)
        self.process.wait_until(lambda: answers(self.port))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.end()

    def rps(self, bench, connections, *headers):
        """wrk with one thread on the load's core."""
        more = [word for header in headers for word in ("-H", header)]
        wrk = Process(
            bench.folder,
            "wrk",
            [
                *("wrk", "-t1", f"-c{connections}", f"-d{bench.seconds}", *more),
                f"{self.scheme}://127.0.0.1:{self.port}/",
            ],
            LOAD_CORE,
        )
        wrk.wait(bench.seconds + 10)
        found = re.search(r"Requests/sec:\s+([\d.]+)", wrk.log())
        if not found:
            raise Unable(f"wrk failed: {wrk.log()[-300:].strip()}")
        return float(found[1])

    def us_per_handshake(self, bench, how):
        """CPU time of the server for a connection with one request, under `openssl s_time` with
        -new or -reuse on the load's core: µs, and connections a second."""
        before = cpu_seconds(self.process.popen.pid)
        words = bench.output(
            *("openssl", "s_time", "-connect", f"127.0.0.1:{self.port}", how, "-tls1_3"),
            *("-time", str(bench.seconds), "-www", "/"),
        )
        spent = cpu_seconds(self.process.popen.pid) - before
        found = re.search(r"(\d+) connections in (\d+) real seconds", words)
        if not found or not int(found[1]):
            raise Unable(f"openssl s_time failed: {words[-300:].strip()}")
        return spent / int(found[1]) * 1e6
