# SPDX-License-Identifier: BSD-2-Clause
"""The same directory served by nginx and by us: thousands of generated requests, several at once to
us and one by one to nginx, and every answer compared. nginx is asked what a request means by RFC
9110 (see meaning()), where it takes it otherwise; and EXCUSES says where else we mean to
differ."""

import gzip
import os
import random
import re
import shutil
import socket
import subprocess
import urllib.parse
from dataclasses import dataclass

from harness import Skip, test, true
from http_client import Connection, request
from lab import wait_until
from test_site import Site, noise

SEED = int(os.environ.get("E2E_SEED", "1"))
N_REQUESTS = 3000
OLD, NEW = "Tue, 14 Nov 2000 22:13:20 GMT", "Tue, 14 Nov 2034 22:13:20 GMT"
SAME = "Tue, 14 Nov 2023 22:13:20 GMT"  # as test_site's files have it
# The same in the obsolete formats of RFC 9110 section 5.6.7, and times near it in all three.
DATES = (
    "Tuesday, 14-Nov-23 22:13:20 GMT", "Tue Nov 14 22:13:20 2023", "Tue, 14 Nov 2023 22:13:19 GMT",
    "Tue, 14 Nov 2023 22:13:21 GMT", "Tuesday, 14-Nov-23 22:13:19 GMT", "Tue Nov 14 22:13:21 2023",
    "Sat Nov  4 22:13:20 2023", "Friday, 31-Dec-99 23:59:59 GMT", "Thu, 01 Jan 1970 00:00:00 GMT",
)

CONFIG = """daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/errors crit;
user root; events {{ worker_connections 1024; }}
http {{ include /etc/nginx/mime.types; default_type application/octet-stream; access_log off;
if_modified_since before; charset utf-8; charset_types text/html text/css text/plain;
gzip_static on; gzip_vary on; absolute_redirect off; keepalive_requests 100000;
client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
uwsgi_temp_path {folder}; scgi_temp_path {folder}; lingering_close off;
server {{ listen unix:{folder}/socket; root {root}; index index.html; }} }}
"""

SIZES = (0, 1, 2, 1459, 1460, 1461, 65535, 65536, 65537)
ODD_NAMES = (
    "a b.txt", "ü.txt", "plus+.txt", "til~de.txt", "per%cent.txt", "semi;colon.txt", "a.b.bin",
)


@dataclass
class Asked:
    method: str
    path: str
    fields: tuple  # "{etag}" stands for the server's own
    body: bytes = b""


class Nginx:
    """A run of it on a UNIX socket; use it with `with`."""

    def __init__(self, root, folder):
        self.socket_name = os.path.join(folder, "socket")
        config = os.path.join(folder, "nginx.conf")
        with open(config, "w", encoding="utf-8") as file:
            file.write(CONFIG.format(folder=folder, root=root))
        self.process = subprocess.Popen(
            ["nginx", "-c", config, "-e", os.path.join(folder, "errors")],
            stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )

    def __enter__(self):
        wait_until(lambda: os.path.exists(self.socket_name), 10, "nginx listens")
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(10)


class NginxConnection(Connection):
    def __init__(self, nginx):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(10)
        self.socket.connect(nginx.socket_name)
        self.unread = b""


class Server:
    """Asks one of the two, on a new connection after each one that has ended."""

    def __init__(self, connect):
        self.connect = connect
        self.connection = None
        self.etags = {}

    def ask(self, asked):
        return self.ask_all([asked])[0]

    def ask_all(self, asks):
        """Sends all of them at once; behind an answer that ends the connection, the rest anew."""
        data = [self.data(asked) for asked in asks]
        answers = []
        while len(answers) < len(asks):
            if self.connection is None:
                self.connection = self.connect()
            self.connection.send(b"".join(data[len(answers):]))
            while len(answers) < len(asks) and self.connection:
                answers.append(self.response(asks[len(answers)]))
        return answers

    def data(self, asked):
        fields = [field.replace("{etag}", self.etag(asked.path)) for field in asked.fields]
        return request(asked.method, asked.path, *fields, body=asked.body)

    def response(self, asked):
        answer = self.connection.response(asked.method)
        # nginx does not know the method of what it could not parse, and sends a body to HEAD, too;
        # and it closes after 412 without saying so.
        if answer.fields.get("connection") == "close" or answer.status in (400, 412):
            self.connection.socket.close()
            self.connection = None
        return answer

    def close(self):
        if self.connection:
            self.connection.socket.close()

    def etag(self, path):
        if path not in self.etags:
            self.etags[path] = self.ask(Asked("HEAD", path, ())).fields.get("etag", '"none"')
        return self.etags[path]


# ---- what is asked ----


def fill(site):
    for n in SIZES:
        site.write(f"f{n}.bin", noise(n, n)[:n])
        site.write(f"t{n}.txt", noise(n, n + 7)[:n])
    for name in ODD_NAMES:
        site.write(name, name.encode() * 10)
    for name in ("page.html", "style.css", "deep/er/page.html"):
        text = f"<p>{name}\n".encode() * 400
        site.write(name, text)
        site.write(name + ".gz", gzip.compress(text, mtime=0))
    for byte in set(range(1, 256)) - {ord("/")}:
        site.write(os.fsdecode(b"byte" + bytes([byte]) + b"z"), b"byte %d\n" % byte)
    site.write("d[1]/a b/file", b"deep\n")
    site.write("dots../a..", b"dots\n")
    site.write("with/index.html", b"an index\n")
    site.write("without/file.txt", b"no index\n")
    site.write(".hidden", b"never\n")


def escape(name):
    return urllib.parse.quote(name, safe="/")


CHANGING = ("POST", "PUT", "DELETE", "PATCH")
SEGMENTS = (
    ".", "..", "...", "", "", "deep", "er", "page.html", "without", "with", "%2e", "%2E%2e", ".%2e",
    "%5c", "%00", "%c0%ae", "%252e", "%252e%252e", "%2500", "byte%01z", "file.txt", "d%5b1%5d",
    "a%20b", "a+b", "dots..", "dots..%2f", "page.html%20", "page.html.", "%c3%bc.txt", ";", "x;y",
    "\xc3\xbc.txt", "d[1]", "<p>", '"', "\\..", "{}", "^`|",
    "with%3f", "%3fx", "%23", "~", "*", ":", "@", "index.html", "PAGE.HTML", "%70age.html",
)


def an_odd_path(draw):
    kind = draw.random()
    if kind < 0.15:  # as it is: but for line ends, and "#", where we are strict
        return "/byte" + chr(draw.choice([c for c in range(256) if c not in b"\r\n#"])) + "z"
    if kind < 0.3:
        return "/byte%" + draw.choice(("{:02x}", "{:02X}")).format(draw.randrange(256)) + "z"
    path = "/" + "/".join(draw.choice(SEGMENTS) for _ in range(draw.randrange(1, 6)))
    path += draw.choice(("", "", "/", "?a=b", "?/../x", "?%", "?a?b", '?"<\xc3\xbc>"', "?{}"))
    if kind < 0.45:  # RFC 9112 section 3.2.2
        return draw.choice(("http://test", "HTTP://TEST:80", "http://[::1]:8080")) + path
    return path


def a_path(draw):
    kind = draw.random()
    if kind > 0.85:
        return an_odd_path(draw)
    files = [f"/f{n}.bin" for n in SIZES] + [f"/t{n}.txt" for n in SIZES]
    files += ["/page.html", "/style.css", "/deep/er/page.html", "/", "/with/"]
    files += ["/" + escape(name) for name in ODD_NAMES]
    if kind < 0.7:
        return draw.choice(files)
    if kind < 0.8:
        return draw.choice(files) + draw.choice(("?", "?a=b", "?x/../y", "?%00", "?a?b"))
    return draw.choice((
        "/with", "/without", "/without/", "/deep", "/deep/er", "/deep/er/", "/nothing",
        "/with/nothing",
        "//page.html", "/./page.html", "/deep/../page.html", "/deep/er/../../page.html", "/with//",
        "/deep/./er/page.html", "/deep//er//page.html", "/..", "/../page.html",
        "/deep/../../etc/passwd",
        "/%2e%2e/page.html", "/deep/%2e%2e/page.html", "/%70age.html", "/page%2ehtml",
        "/page.html/",
        "/page.html%00", "/%", "/%zz", "/%f", "/page.html%2f", "/deep%2fer/page.html",
        "/%2e/page.html",
        "/PAGE.HTML", "/page.htm", "/.", "/deep/er/.", "/deep/er/..", "/t1.txt;v=1",
        "/semi;colon.txt",
        "/plus+.txt", "/a+b.txt", "/...", "/without/.../file.txt", "/%c3%bc.txt", "/%C3%BC.txt",
        "/with?x", "/.hidden", "/\xc3\xbc.txt", "/with?\xc3\xbc={}",
    ))


def a_range(draw):
    size = draw.choice((0, 1, 10, 1460, 65536, 70000))
    one = draw.choice((
        "0-0", "0-", "-1", "-0", "1-", f"{size}-", f"-{size}", f"{size}-{size + 5}",
        "0-99999999999",
        "5-2", "10-20", f"{draw.randrange(2000)}-{draw.randrange(2000)}",
        f"{draw.randrange(70000)}-", f"-{draw.randrange(70000)}",
    ))
    kind = draw.random()
    if kind < 0.75:
        return f"bytes={one}"
    if kind < 0.9:
        starts = draw.sample(range(0, 1400, 100), draw.randrange(2, 5))
        ranges = [f"{a}-{a + 9}" for a in starts]
        ranges += draw.choice(((), (f"{10 ** 30}-",), ("-0",), ("70000-70001",)))
        return "bytes=" + draw.choice((",", ", ", " , ", ",  ")).join(ranges)
    return draw.choice((
        "bytes=", "bytes", "bytes=a-b", "bytes=1", "items=0-1", "bytes=-", "bytes=--1",
        "bytes=0-1-2", "bytes 0-1", "bytes=1 -2", "bytes=18446744073709551616-",
    ))


def a_condition(draw):
    tag = draw.choice((
        "{etag}", "{etag}", '"other"', "*", 'W/{etag}', '"a", {etag}', '"a", "b"',
        '"a" , {etag}', '"a,b",{etag}', '{etag},"a"', 'W/"a", W/{etag}', '"*"', '""', "x", '"a',
        "w/{etag}", '"a" "b"',
    ))
    date = draw.choice((OLD, SAME, NEW, *DATES, "no date", "0", ""))
    return draw.choice((
        (f"If-None-Match: {tag}", 'If-None-Match: "c"'),
        (f"If-None-Match: {tag}", f"If-Match: {tag}"),
        (f"If-Modified-Since: {date}", f"If-Unmodified-Since: {date}"),
        (f"If-None-Match: {tag}",), (f"If-Match: {tag}",), (f"If-Modified-Since: {date}",),
        (f"If-Unmodified-Since: {date}",), (f"If-None-Match: {tag}", f"If-Modified-Since: {date}"),
        (f"If-Match: {tag}", f"If-Unmodified-Since: {date}"),
    ))


def a_coding(draw):
    return "Accept-Encoding: " + draw.choice((
        "gzip", "gzip;q=0", "gzip;q=0.5", "identity", "br", "gzip, br", "deflate, gzip;q=1.0",
        "GZIP",
        "*", "*;q=0", "gzip;q=0, *", "identity;q=0, gzip", "x-gzip", "gzip;q=0.000",
        "gzip; q=0.001", "",
    ))


def an_ask(draw):
    fields = ()
    if draw.random() < 0.4:
        fields += (f"Range: {a_range(draw)}",)
        if draw.random() < 0.3:
            value = draw.choice(("{etag}", '"x"', SAME, OLD, NEW, "W/{etag}", *DATES, "*", "x"))
            fields += (f"If-Range: {value}",)
    if draw.random() < 0.3:
        fields += a_condition(draw)
    if draw.random() < 0.3:
        fields += (a_coding(draw),)
    if draw.random() < 0.02:
        framing, body = draw.choice((
            ("Content-Length: 0", b""), ("Content-Length: 4", b"\r\n\r\n"),
            ("Transfer-Encoding: chunked", b"0\r\n\r\n"),
            ("Transfer-Encoding: chunked", b"3;a=b\r\nGET\r\n00\r\nX: y\r\n\r\n"),
        ))
        return Asked(draw.choice(CHANGING), a_path(draw), (framing,), body)
    return Asked(draw.choice(("GET", "GET", "GET", "HEAD")), a_path(draw), fields)


# ---- what is compared ----


def parts_of(answer):
    """Of multipart/byteranges: {Content-Range: bytes}, and whether it is well-formed."""
    boundary = re.search(r"boundary=\"?([^\";]+)", answer.fields["content-type"])[1].encode()
    pieces = (b"\r\n" + answer.body).split(b"\r\n--" + boundary)
    true(pieces[-1].startswith(b"--"), "multipart without an end")
    parts = {}
    for piece in pieces[1:-1]:
        head, _, body = piece.partition(b"\r\n\r\n")
        parts[re.search(rb"(?i)content-range: *(.*)", head)[1].strip()] = body
    return parts


def essence(asked, answer):
    """What has to be the same."""
    names = ["content-encoding"]
    if answer.status in (200, 206):
        names += ["content-range", "content-type", "content-length", "last-modified"]
    fields = {name: answer.fields[name] for name in names if name in answer.fields}
    body = answer.body
    if "multipart" in fields.get("content-type", ""):
        fields = {}
        body = parts_of(answer) if asked.method == "GET" else b""
    if answer.status >= 300:
        body = b""
    if answer.status == 301:
        # nginx does not escape what RFC 3986 section 3.3 has escaped.
        fields["location"] = urllib.parse.unquote(answer.fields["location"], "latin-1")
    if answer.status == 416:
        fields["content-range"] = answer.fields.get("content-range")
    return answer.status, fields, body


def is_range(value):
    """Well-formed by RFC 9110 section 14.1.1, in bytes?"""
    unit, equals, text = value.partition("=")
    for one in re.split(r"[ \t]*,[ \t]*", text):
        found = re.fullmatch(r"(\d*)-(\d*)", one)
        if not found or found[0] == "-":
            return False
        if found[1] and found[2] and int(found[1]) > int(found[2]):
            return False
    return unit == "bytes" and equals == "="


def plain_coding(value):
    """With gzip by its name where it is meant (sections 8.4.1.3 and 12.5.3)."""
    value = value.replace("x-gzip", "gzip")
    words = [word.strip() for word in value.lower().split(",")]
    if any(word.startswith("gzip") for word in words):
        return value
    return re.sub(r"\*", "gzip", value)


def meaning(asked):
    """The same request without what has to be ignored, by RFC 9110."""
    fields = {}
    for field in asked.fields:
        name, _, value = field.partition(":")
        # Section 5.3: several lines are one list. nginx refuses them.
        fields[name] = ", ".join(filter(None, (fields.get(name), value.strip())))
    if asked.method == "HEAD":  # section 14.2: ranges are for GET
        fields.pop("Range", None)
    if not is_range(fields.get("Range", "bytes=0-0")):  # section 14.2: one may ignore it
        fields.pop("Range")
    if "Range" in fields:  # nginx refuses numbers of more than 64 bits
        fields["Range"] = re.sub(r"\d{19,}", str(10 ** 17), fields["Range"])
    if "Range" not in fields:  # section 13.1.5
        fields.pop("If-Range", None)
    if "If-None-Match" in fields:  # section 13.1.3
        fields.pop("If-Modified-Since", None)
    if "If-Match" in fields:  # section 13.1.4
        fields.pop("If-Unmodified-Since", None)
    for name in ("If-Modified-Since", "If-Unmodified-Since"):  # the same sections
        if fields.get(name) in ("no date", "0", ""):
            fields.pop(name)
    if "Accept-Encoding" in fields:
        fields["Accept-Encoding"] = plain_coding(fields["Accept-Encoding"])
    fields = tuple(f"{k}: {v}" for k, v in fields.items())
    return Asked(asked.method, asked.path, fields, asked.body)


def is_range_of(ours, theirs):
    """Is ours that part of the other answer that it says it is, or none because there is none?"""
    length = len(theirs.body)
    if ours.status not in (206, 416):
        return False
    if ours.status == 416:
        return ours.fields["content-range"] == f"bytes */{length}"
    if "multipart" in ours.fields["content-type"]:
        parts = {span.decode(): body for span, body in parts_of(ours).items()}
    else:
        parts = {ours.fields["content-range"]: ours.body}
    for span, body in parts.items():
        first, last, total = map(int, re.fullmatch(r"bytes (\d+)-(\d+)/(\d+)", span).groups())
        if total != length or body != theirs.body[first : last + 1]:
            return False
    return True


EXCUSES = {
    "ranges are of what is sent, compressed or not (RFC 9110 section 14.2)":
        lambda asked, ours, theirs: theirs.status == 200 and is_range_of(ours, theirs)
        and "content-encoding" in theirs.fields and asked.method == "GET",
    "an escaped slash separates no segments (RFC 3986 section 2.2)":
        lambda asked, ours, theirs: "%2f" in asked.path and ours.status == 404,
    "hidden files are left out unless --hidden is given":
        lambda asked, ours, theirs: asked.path == "/.hidden" and ours.status == 404,
    "methods are refused before the path is looked at":
        lambda asked, ours, theirs: asked.method in CHANGING and ours.status == 405,
}


def compare(asked, ours, theirs):
    if essence(asked, ours) == essence(asked, theirs):
        return None
    if any(applies(asked, ours, theirs) for applies in EXCUSES.values()):
        return None
    return (f"{asked.method} {asked.path} {asked.fields}: we say {short(asked, ours)}, "
            f"nginx says {short(asked, theirs)}")


def short(asked, answer):
    status, fields, body = essence(asked, answer)
    return f"{status} {fields} and {len(body)} bytes or parts"


@test(own=True, families=(4,), layouts=("fused",), within=60)
def the_same_as_nginx(t):
    if not shutil.which("nginx"):
        raise Skip("nginx is not installed")
    draw = random.Random(SEED)
    with Site() as site:
        fill(site)
        os.chmod(site.made.name, 0o755)
        t.start("--root", site.root)
        with Nginx(site.root, site.made.name) as nginx:
            we, they = Server(lambda: Connection(t)), Server(lambda: NginxConnection(nginx))
            wrong, n_left = [], N_REQUESTS
            while n_left:
                asks = [an_ask(draw) for _ in range(min(n_left, draw.randrange(1, 9)))]
                n_left -= len(asks)
                for asked, ours in zip(asks, we.ask_all(asks)):
                    wrong.append(compare(asked, ours, they.ask(meaning(asked))))
            wrong = list(filter(None, wrong))
            we.close(), they.close()
        t.extra[-1].stop()
    words = f"E2E_SEED={SEED}: {len(wrong)} of {N_REQUESTS} differ:\n"
    true(not wrong, words + "\n".join(wrong[:200]))
