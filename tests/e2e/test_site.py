# SPDX-License-Identifier: BSD-2-Clause
"""Static sites: what is sent of a directory, and what never is."""

import email.parser
import email.policy
import gzip
import os
import re
import signal
import subprocess
import tempfile
import urllib.parse

import pki
from harness import equal, test, true
from http_client import Connection, request
from lab import wait_until
from tls_client import TlsConnection

MTIME = 1_700_000_000  # Tue, 14 Nov 2023 22:13:20 GMT
DATE = "Tue, 14 Nov 2023 22:13:20 GMT"
BEFORE = "Tue, 14 Nov 2023 22:13:19 GMT"
AFTER = "Tue, 14 Nov 2023 22:13:21 GMT"


def noise(n, seed=1):
    """Bytes that tell their place."""
    return bytes(((i * 2654435761 + seed) >> 13) & 0xFF for i in range(min(n, 65536))) * (
        n // 65536 + 1
    )


class Site:
    """A directory of its own, removed at the end."""

    def __init__(self):
        self.made = tempfile.TemporaryDirectory(prefix="ringside-site-")
        self.root = os.path.join(self.made.name, "root")
        os.mkdir(self.root)
        self.write("index.html", b"<h1>home</h1>\n")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.made.cleanup()

    def path(self, name):
        return os.path.join(self.root, name)

    def write(self, name, data, mtime=MTIME):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "wb") as file:
            file.write(data)
        os.utime(self.path(name), (mtime, mtime))


def ask(c, path, *fields, method="GET", host="test"):
    c.send(request(method, path, *fields, host=host))
    return c.response(method)


@test(own=True, within=60)
def files_arrive_bit_for_bit(t):
    with Site() as site:
        sizes = (0, 1, 1023, 1459, 1460, 1461, 16384, 65536, 3_000_001)
        for n in sizes:
            site.write(f"f{n}", noise(n, n)[:n])
        site.write("a b/ü%?#", b"odd\n")
        site.write("a[1]|b", b"brackets\n")
        appliance = t.start("--root", site.root, "--https", "443",
                            *pki.options(pki.pair("one.test")))
        for connect in (Connection, TlsConnection):
            with connect(t) as c:
                for n in sizes:
                    r = ask(c, f"/f{n}")
                    equal((r.status, len(r.body)), (200, n))
                    true(r.body == noise(n, n)[:n], f"{n} bytes are wrong")
                    equal(r.fields["last-modified"], DATE)
                    equal(r.fields["accept-ranges"], "bytes")
                    equal(r.fields["content-type"], "application/octet-stream")
                equal(ask(c, "/a%20b/%C3%BC%25%3F%23").body, b"odd\n")
                for path in ("/a[1]|b", "/a%5B1%5D%7Cb"):  # as browsers send it, and escaped
                    equal(ask(c, path).body, b"brackets\n")
                equal(ask(c, "/").fields["content-type"], "text/html; charset=utf-8")
        appliance.stop()


@test(own=True, families=(4,), layouts=("fused",))
def head_is_get_without_a_body(t):
    with Site() as site:
        site.write("small", b"x" * 100)
        site.write("large", noise(100_000)[:100_000])
        os.mkdir(site.path("bare"))
        appliance = t.start("--root", site.root)
        with Connection(t) as c:
            for path, fields in (("/", ()), ("/small", ()), ("/large", ()), ("/none", ()),
                                 ("/bare", ()), ("/bare/", ()),
                                 ("/small", ("If-None-Match: *",)),
                                 ("/small", ('If-Match: "x"',))):
                get, head = ask(c, path, *fields), ask(c, path, *fields, method="HEAD")
                get.fields.pop("date"), head.fields.pop("date")
                equal((head.status, head.fields), (get.status, get.fields), path)
                equal(head.body, b"")
            for path, method in (("/none", "GET"), ("/small", "PUT")):  # visitors read it
                true(b"handler" not in ask(c, path, method=method).body, f"words of ours: {path}")
            equal(ask(c, "/small", method="OPTIONS").fields["allow"], "GET, HEAD, OPTIONS")
            equal(ask(c, "/small", method="TRACE").status, 405)
            equal(ask(c, "/small", "Content-Length: 0", method="PUT").status, 405)
        appliance.stop()


@test(own=True, families=(4,), layouts=("fused",))
def conditions(t):
    with Site() as site:
        site.write("f", b"hello")
        appliance = t.start("--root", site.root, "--header", "/f Cache-Control: no-cache")
        with Connection(t) as c:
            tag = ask(c, "/f").fields["etag"]
            true(re.fullmatch(r'"[^"]+"', tag), f"no strong tag: {tag}")
            for fields, status in (
                ((f"If-None-Match: {tag}",), 304),
                ((f"If-None-Match: W/{tag}",), 304),
                (('If-None-Match: "x"',), 200),
                (("If-None-Match: *",), 304),
                ((f"If-Modified-Since: {DATE}",), 304),
                ((f"If-Modified-Since: {BEFORE}",), 200),
                ((f"If-Modified-Since: {AFTER}",), 304),
                (('If-None-Match: "x"', f"If-Modified-Since: {DATE}"), 200),
                ((f"If-Match: {tag}",), 200),
                ((f"If-Match: W/{tag}",), 412),
                (('If-Match: "x"',), 412),
                ((f"If-Unmodified-Since: {BEFORE}",), 412),
                ((f"If-Unmodified-Since: {DATE}",), 200),
                ((f"If-Match: {tag}", f"If-None-Match: {tag}"), 304),
                ((f"If-None-Match: {tag}", "Range: bytes=0-1"), 304),
            ):
                r = ask(c, "/f", *fields)
                equal(r.status, status, f"status with {fields}")
                if status == 304:
                    equal((r.fields["etag"], r.fields["cache-control"]), (tag, "no-cache"))
                    true("content-length" not in r.fields and "content-type" not in r.fields,
                         "a 304 describes a body")
        appliance.stop()


@test(own=True, families=(4,), layouts=("fused",))
def no_file_is_of_the_future(t):
    """RFC 9110 section 8.8.2.1: Last-Modified is never later than Date."""
    with Site() as site:
        site.write("f", b"hello", mtime=MTIME + (1 << 30))
        site.write("ancient", b"hello", mtime=-86400)
        appliance = t.start("--root", site.root)
        with Connection(t) as c:
            r = ask(c, "/f")
            date = r.fields["last-modified"]
            equal(date, r.fields["date"])
            r = ask(c, "/f", "Range: bytes=0-1", f"If-Range: {date}")
            equal(r.status, 200, "status of a range by a date that tells nothing apart")
            future = "Sun, 14 Nov 2055 22:13:20 GMT"
            equal(ask(c, "/f", f"If-Unmodified-Since: {future}").status, 200)
            equal(ask(c, "/f", f"If-Unmodified-Since: {BEFORE}").status, 412)
            equal(ask(c, "/f", f"If-Modified-Since: {BEFORE}").status, 200)
            equal(ask(c, "/ancient").fields["last-modified"], "Thu, 01 Jan 1970 00:00:00 GMT")
        appliance.stop()


def parts_of(r):
    """(content-range, bytes) of each part, as Python's own parser reads them."""
    head = f"Content-Type: {r.fields['content-type']}\r\n\r\n".encode()
    message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + r.body)
    return [(p["content-range"], p.get_payload(decode=True)) for p in message.iter_parts()]


@test(own=True, families=(4,), within=60, layouts=("fused",))
def ranges(t):
    data = bytes(range(65, 91)) * 4000
    n = len(data)
    with Site() as site:
        site.write("f.txt", data)
        site.write("empty", b"")
        appliance = t.start("--root", site.root)
        with Connection(t) as c:
            tag = ask(c, "/f.txt").fields["etag"]
            for value, first, last in (("0-0", 0, 0), ("0-", 0, n - 1), ("-1", n - 1, n - 1),
                                       ("5-9", 5, 9), (f"{n - 5}-{n + 5}", n - 5, n - 1),
                                       (f"-{n + 1}", 0, n - 1), ("100-70000", 100, 70000)):
                r = ask(c, "/f.txt", f"Range: bytes={value}")
                equal((r.status, r.fields["content-range"]), (206, f"bytes {first}-{last}/{n}"))
                true(r.body == data[first : last + 1], f"{value}: wrong bytes")
            for value in (f"{n}-", f"{n}-{n + 1}", "-0"):
                r = ask(c, "/f.txt", f"Range: bytes={value}")
                equal((r.status, r.fields["content-range"]), (416, f"bytes */{n}"))
            equal(ask(c, "/empty", "Range: bytes=5-9").status, 416)
            for value in ("0-", "-1"):  # as nginx has it
                r = ask(c, "/empty", f"Range: bytes={value}")
                equal((r.status, r.body, "content-range" in r.fields), (200, b"", False))
            for value in ("bytes=5-2", "bytes=x", "lines=1-2", "bytes=" + "0-0," * 100):
                r = ask(c, "/f.txt", f"Range: {value}")
                equal((r.status, len(r.body)), (200, n), value)
            for value, expected in (
                ("0-0,-1", [(0, 0), (n - 1, n - 1)]),
                ("1000-1999,0-9,50000-99999", [(1000, 1999), (0, 9), (50000, 99999)]),
                (",".join(f"{i * 1000}-{i * 1000 + 499}" for i in range(64)),
                 [(i * 1000, i * 1000 + 499) for i in range(64)]),
            ):
                r = ask(c, "/f.txt", f"Range: bytes={value}")
                equal(r.status, 206)
                got = parts_of(r)
                equal([p[0] for p in got], [f"bytes {a}-{b}/{n}" for a, b in expected])
                true(all(body == data[a : b + 1] for (_, body), (a, b) in zip(got, expected)),
                     f"{value}: wrong bytes")
            for condition, status in ((tag, 206), (f"W/{tag}", 200), ('"x"', 200), (DATE, 206),
                                      (BEFORE, 200), (AFTER, 200)):
                r = ask(c, "/f.txt", "Range: bytes=0-1", f"If-Range: {condition}")
                equal(r.status, status, f"status with If-Range: {condition}")
            equal(ask(c, "/f.txt", "Range: bytes=0-1", method="HEAD").status, 200)
            # Many at once, with replies that have to wait for room.
            c.send(b"".join(request("GET", "/f.txt", f"Range: bytes={i}-{i},{n - 9}-")
                            for i in range(500)))
            for i in range(500):
                equal(parts_of(c.response()), [(f"bytes {i}-{i}/{n}", data[i : i + 1]),
                                               (f"bytes {n - 9}-{n - 1}/{n}", data[-9:])])
        appliance.stop()


@test(own=True, families=(4,), layouts=("fused",))
def no_file_contains_the_boundary_of_its_parts(t):
    """RFC 2046 section 5.1.1; who uploads a file knows how those of others are sent."""
    two = "Range: bytes=1-400,500-600"
    with Site() as site:
        site.write("plain", b"x" * 1000)
        appliance = t.start("--root", site.root)
        with Connection(t) as c:
            kind = ask(c, "/plain", two).fields["content-type"]
            boundary = re.fullmatch(r'multipart/byteranges; boundary="?([^"]{1,70})"?', kind)[1]
            forged = f"\r\n--{boundary}\r\nContent-Range: bytes 1-2/3\r\n\r\nno\r\n--{boundary}--"
            data = b"y" * 100 + forged.encode() + b"z" * 1000
            site.write("forged", data)
            appliance.process.send_signal(signal.SIGHUP)
            wait_until(lambda: ask(c, "/forged").status == 200, 5, "the new file")
            n = len(data)
            equal(parts_of(ask(c, "/forged", two)), [(f"bytes 1-400/{n}", data[1:401]),
                                                     (f"bytes 500-600/{n}", data[500:601])])
        appliance.stop()


@test(own=True, families=(4,), layouts=("fused",))
def codings(t):
    text = b"body { color: red }\n" * 500
    with Site() as site:
        site.write("made.css", text)
        site.write("beside.css", text + b"/**/")
        site.write("beside.css.gz", gzip.compress(text + b"/**/"))
        site.write("noise.bin", os.urandom(10_000))
        appliance = t.start("--root", site.root, "--precompress", "gzip,br")
        with Connection(t) as c:
            plain = ask(c, "/made.css")
            equal((plain.body, plain.fields["vary"]), (text, "Accept-Encoding"))
            true("content-encoding" not in plain.fields, "coded without being asked")
            tags = {plain.fields["etag"]}
            for accepted, coding in (("gzip", "gzip"), ("gzip, deflate, br", "br"),
                                     ("br;q=0.1, gzip", "gzip"), ("deflate", None),
                                     ("gzip;q=0", None), ("*", "br")):
                r = ask(c, "/made.css", f"Accept-Encoding: {accepted}")
                equal(r.fields.get("content-encoding"), coding, f"coding for {accepted}")
                if coding == "gzip":
                    equal(gzip.decompress(r.body), text)
                tags.add(r.fields["etag"])
            equal(len(tags), 3, "number of tags")
            r = ask(c, "/beside.css", "Accept-Encoding: gzip")
            equal(gzip.decompress(r.body), text + b"/**/")
            whole = r.body
            r = ask(c, "/beside.css", "Accept-Encoding: gzip", "Range: bytes=2-9")
            equal((r.status, r.body, r.fields["content-encoding"]), (206, whole[2:10], "gzip"))
            r = ask(c, "/beside.css", "Accept-Encoding: gzip", "Range: bytes=0-1,5-6")
            equal((r.status, r.body, r.fields["content-encoding"]), (200, whole, "gzip"))
            r = ask(c, "/noise.bin", "Accept-Encoding: gzip, br")
            true("content-encoding" not in r.fields and "vary" not in r.fields, "coded noise")
        appliance.stop()


@test(own=True, families=(4,), layouts=("fused",))
def nothing_outside_is_served(t):
    with Site() as site:
        secret = b"the secret\n"
        for name in ("secret", "root-secret"):
            with open(os.path.join(site.made.name, name), "wb") as file:
                file.write(secret)
        site.write("dir/f", b"inside\n")
        site.write(".hidden", secret)
        site.write(".well-known/ok", b"known\n")
        os.symlink("../secret", site.path("out"))
        os.symlink(site.made.name, site.path("up"))
        os.symlink("dir/f", site.path("in"))
        os.symlink("dir", site.path("folder"))
        os.symlink("/etc/passwd", site.path("passwd"))
        appliance = t.start("--root", site.root)
        with Connection(t) as c:
            for path in ("/../secret", "/dir/../../secret", "/%2e%2e/secret", "/..%2fsecret",
                         "/dir/%2e%2e/%2e%2e/secret", "/..\\secret", "/.%2e/secret", "//../secret",
                         "/dir/..;/../secret", "/out", "/up/secret", "/passwd", "/.hidden",
                         "/%00/../secret", "/dir/f/../../../secret", "/../root-secret",
                         "/....//secret", "/%252e%252e/secret", "/%c0%ae%c0%ae/secret",
                         "/dir/f%00", "/dir/f/"):
                with Connection(t) as once:
                    r = ask(once, path)
                true(r.status in (400, 404) and secret not in r.body, f"{path}: {r}")
            for path, body in (("/in", b"inside\n"), ("/folder/f", b"inside\n"),
                               ("/dir/./f", b"inside\n"), ("/dir//f", b"inside\n"),
                               ("/x/../dir/f", b"inside\n"), ("/.well-known/ok", b"known\n")):
                equal(ask(c, path).body, body, path)
        appliance.stop()
        appliance = t.start("--root", site.root, "--follow-links", "--hidden")
        with Connection(t) as c:
            equal(ask(c, "/out").body, secret)
            equal(ask(c, "/.hidden").body, secret)
        appliance.stop()


@test(own=True, families=(4,), layouts=("fused",))
def names_as_clients_send_them(t):
    names = ("\u00fc.txt", "a<b>.txt", 'say "no".txt', "{c}^`.txt", "back\\slash.txt")
    with Site() as site, tempfile.TemporaryDirectory(prefix="ringside-log-") as folder:
        for name in names:
            site.write(name, name.encode())
        site.write("\u00fc/index.html", b"an index\n")
        log = os.path.join(folder, "access.log")
        appliance = t.start("--root", site.root, "--access-log", log)
        with Connection(t) as c:
            for name in names:
                raw = "/" + name.replace(" ", "%20").encode().decode("latin-1")
                equal(ask(c, raw).body, name.encode(), name)
                equal(t.curl("/any", "--request-target", raw.encode("latin-1")),
                      name.encode().decode("latin-1"), "what curl gets")
            equal(ask(c, "/\xc3\xbc").fields["location"], "/%C3%BC/")
            equal(ask(c, "/\xff").status, 404)
        appliance.stop()
        with open(log, encoding="ascii") as file:
            lines = file.read().splitlines()
        equal(len(lines), 2 * len(names) + 2)
        true('"GET /\\xc3\\xbc.txt HTTP/1.1" 200' in lines[0], lines[0])
        true('"GET /say%20\\"no\\".txt HTTP/1.1" 200' in lines[4], lines[4])


@test(own=True)
def what_has_moved(t):
    with Site() as site:
        site.write("new/page.html", b"here\n")
        appliance = t.start(
            *("--root", site.root, "--redirect", "/old/*=/new/*"),
            *("--redirect", "302 www.a.test=http://a.test"),
        )
        equal(t.curl("/old/page.html", "-L"), "here\n", "where it leads")
        equal(t.curl("/old/../old/page.html?a=b", "-L", "--path-as-is"), "here\n", "by another way")
        with Connection(t) as c:
            for _ in range(2):  # the second is known, as is the page
                equal(ask(c, "/new/page.html").body, b"here\n")
                r = ask(c, "/new/page.html?x", host="www.a.test")
                equal((r.status, r.fields["location"]), (302, "http://a.test/new/page.html?x"))
        appliance.stop()


@test(own=True, families=(4,), layouts=("fused",))
def directories(t):
    with Site() as site:
        site.write("a/index.html", b"index of a\n")
        site.write("b/first.txt", b"1\n")
        site.write("b/<second>.txt", b"2\n")
        deep = "/".join("d" * 100 for _ in range(6))
        site.write(f"{deep}/index.html", b"deep\n")
        wide = "/".join(["\u76ee" * 60] * 4 + ["a:b"])
        site.write(f"{wide}/index.html", b"wide\n")
        appliance = t.start("--root", site.root)
        with Connection(t) as c:
            r = ask(c, "/a?x=1")
            equal((r.status, r.fields["location"]), (301, "/a/?x=1"))
            equal(ask(c, "/a?off=50%").fields["location"], "/a/?off=50%")
            equal(ask(c, '/a?"<\xc3\xbc>"&{b}').fields["location"],
                  "/a/?%22%3C%C3%BC%3E%22&%7Bb%7D")
            r = ask(c, f"/{deep}?x")
            equal((r.status, r.fields.get("location")), (301, f"/{deep}/?x"))
            equal(ask(c, f"/{deep}?" + "x" * 1200).status, 414)
            escaped = urllib.parse.quote(f"/{wide}")
            r = ask(c, f"{escaped}?x")
            equal((r.status, r.fields.get("location")), (301, "./a:b/?x"))
            followed = t.curl("/" + escaped.replace("/", "/./", 1), "-L", "--path-as-is")
            equal(followed, "wide\n", "where the redirect leads")
            equal(ask(c, "/a/").body, b"index of a\n")
            equal(ask(c, "/b/").status, 403)
            equal(ask(c, "//evil.test/..//a").fields["location"], "/a/")
        appliance.stop()
        appliance = t.start("--root", site.root, "--listing", "--index", "first.txt")
        with Connection(t) as c:
            equal(ask(c, "/b/").body, b"1\n")
            listing = ask(c, "/a/").body
            true(b"index.html" in listing, f"no listing: {listing!r}")
        appliance.stop()
        appliance = t.start("--root", site.root, "--listing")
        with Connection(t) as c:
            listing = ask(c, "/b/").body
            true(b"&#60;second&#62;.txt" in listing and b"<second>" not in listing, "not escaped")
        appliance.stop()


@test(own=True, families=(4,), layouts=("fused",))
def hosts_and_fields(t):
    with Site() as site, Site() as other:
        other.write("index.html", b"other\n")
        site.write("404.html", b"<p>lost</p>\n")
        site.write("assets/x.js", b"1;\n")
        site.write("feed", b"<rss/>\n")
        site.write("feed.bak", b"secret\n")
        site.write("app/index.html", b"app\n")
        appliance = t.start("--root", site.root, "--site", f"Other.test={other.root}",
                            "--error-page", "404=/404.html", "--cors", "*",
                            "--header", "/feed Content-Type: application/rss+xml",
                            "--exclude", "*.bak", "--try", "/app/*=/app/index.html",
                            "--header", "* X-All: yes",
                            "--header", "/assets/* Cache-Control: max-age=31536000, immutable")
        with Connection(t) as c:
            for host, body in (("other.test", b"other\n"), ("OTHER.test:80", b"other\n"),
                               ("other.test.", b"other\n"), ("else.test", b"<h1>home</h1>\n")):
                equal(ask(c, "/", host=host).body, body, host)
            r = ask(c, "/assets/x.js")
            equal((r.fields["cache-control"], r.fields["x-all"],
                   r.fields["access-control-allow-origin"]),
                  ("max-age=31536000, immutable", "yes", "*"))
            r = ask(c, "/assets")
            equal((r.status, r.fields.get("x-all"), r.fields.get("cache-control")),
                  (301, "yes", None))
            for path in ("/lost", "/feed.bak"):
                r = ask(c, path)
                equal((r.status, r.body, r.fields["content-type"]),
                      (404, b"<p>lost</p>\n", "text/html; charset=utf-8"), path)
            r = ask(c, "/feed")
            equal((r.status, r.fields["content-type"]), (200, "application/rss+xml"))
            equal(ask(c, "/app/users/17").body, b"app\n")
            equal(ask(c, "/lost", host="other.test").status, 404)
            r = ask(c, "/", "Origin: https://a.test", "Access-Control-Request-Method: GET",
                    method="OPTIONS")
            equal((r.status, r.fields["access-control-allow-methods"]),
                  (204, "GET, HEAD, OPTIONS"))
        appliance.stop()
        appliance = t.start("--site", f"other.test={other.root}", "--strict-site")
        with Connection(t) as c:
            equal(ask(c, "/", host="other.test").body, b"other\n")
            for fields, status in (("", 421), ("Host: other.test\r\n", 200),
                                   ("Host:\r\n", 400)):
                with Connection(t) as once:
                    once.send(f"GET / HTTP/1.0\r\n{fields}\r\n".encode())
                    equal(once.response().status, status, fields)
            for method in ("GET", "HEAD", "POST", "DELETE", "TRACE", "OPTIONS"):
                r = ask(c, "/", host="else.test", method=method)
                equal((r.status, r.fields.get("allow")), (421, None), method)
            equal(ask(c, "*", host="else.test", method="OPTIONS").status, 421)
            equal(ask(c, "http://else.test/", host="other.test", method="OPTIONS").status, 421)
            equal(ask(c, "*", host="other.test", method="OPTIONS").status, 204)
            equal(ask(c, "/", host="other.test", method="POST").status, 405)
        appliance.stop()


def multipart_of(r, length, starts):
    """The body of a 206 with ranges of ten bytes from each of starts, as text."""
    boundary = r.fields["content-type"].partition("boundary=")[2]
    parts = r.body.decode("latin-1").split(f"\r\n--{boundary}")[1:-1]
    equal([re.search(r"Content-Range: (.*)", part)[1].strip() for part in parts],
          [f"bytes {n}-{n + 9}/{length}" for n in starts])
    return "".join(part.split("\r\n\r\n")[1] for part in parts)


@test(own=True, within=60)
def long_fields_are_on_every_reply(t):
    """A Content-Security-Policy as large sites have it, which no buffer has room for."""
    policy = "default-src 'self'; script-src " + " ".join(
        f"https://cdn-{n}.example.com" for n in range(115))
    link = "</" + "s" * 450 + ".css>; rel=preload; as=style"
    true(3000 < len(policy) < 4000, f"{len(policy)} bytes")
    large = noise(300000, 7)
    with Site() as site:
        site.write("large.bin", large)
        site.write("small.txt", b"small\n")
        site.write("empty.txt", b"")
        site.write("404.html", b"<p>lost</p>\n")
        site.write("folder/index.html", b"<p>folder</p>\n")
        appliance = t.start("--root", site.root, "--error-page", "404=/404.html", "--early-hints",
                            "--header", f"* Content-Security-Policy: {policy}",
                            "--header", f"*.html Link: {link}", "--https", "443",
                            *pki.options(pki.pair("one.test")))

        def check(r, status, body):
            equal((r.status, r.body), (status, body))
            equal((r.fields.get("content-security-policy"),
                   r.times["content-security-policy"]), (policy, 1), f"what is on a {status}")

        for connect in (Connection, TlsConnection):
            with connect(t) as c:
                for path, body in (("/small.txt", b"small\n"), ("/empty.txt", b""),
                                   ("/large.bin", large), ("/folder/", b"<p>folder</p>\n")):
                    r = ask(c, path)
                    check(r, 200, body)
                    check(ask(c, path, method="HEAD"), 200, b"")
                    check(ask(c, path, f"If-None-Match: {r.fields['etag']}"), 304, b"")
                check(ask(c, "/folder"), 301, b"")
                check(ask(c, "/large.bin", "Range: bytes=5-99999"), 206, large[5:100000])
                r = ask(c, "/large.bin", "Range: bytes=0-9,50-59,100-109")
                check(r, 206, r.body)
                equal(multipart_of(r, len(large), (0, 50, 100)).encode("latin-1"),
                      large[:10] + large[50:60] + large[100:110])
                r = ask(c, "/lost")
                equal((r.status, r.body), (404, b"<p>lost</p>\n"))
                c.send(request("GET", "/folder/", "Sec-Fetch-Mode: navigate"))
                r = c.response()
                equal((r.status, r.fields["link"]), (103, link))
                check(c.response(), 200, b"<p>folder</p>\n")
                c.send(b"".join(request("GET", "/small.txt") for _ in range(20)))
                for _ in range(20):
                    check(c.response(), 200, b"small\n")
        appliance.process.send_signal(signal.SIGHUP)
        wait_until(lambda: "loaded" in appliance.words(3), 5, "the reload")
        with Connection(t) as c:
            check(ask(c, "/small.txt"), 200, b"small\n")
        appliance.stop()


@test(own=True, families=(4,))
def without_tls_nobody_is_told_to_come_by_tls(t):
    """RFC 6797 section 7.2: Strict-Transport-Security is said over TLS, and nowhere else."""
    hsts = "max-age=31536000; includeSubDomains"
    policy = "script-src " + " ".join(f"https://cdn-{n}.example" for n in range(80))
    large = noise(5000, 3)[:5000]
    with Site() as site:
        site.write("a/f", b"hello")
        site.write("a/large", large)
        site.write("b/f", b"long")
        appliance = t.start("--root", site.root, "--header", "* X-First: 1",
                            "--redirect", "www.one.test=https://one.test",
                            "--header", f"* Strict-Transport-Security: {hsts}",
                            "--header", f"/b/* Content-Security-Policy: {policy}",
                            "--https", "443", *pki.options(pki.pair("one.test")))
        for connect, said in ((Connection, None), (TlsConnection, hsts), (Connection, None)):
            with connect(t) as c:
                tag = ask(c, "/a/f").fields["etag"]
                for path, fields, status, body in (
                    ("/a/f", (), 200, b"hello"),
                    ("/a/f", (), 200, b"hello"),
                    ("/a/f", (f"If-None-Match: {tag}",), 304, b""),
                    ("/a/f", ("Range: bytes=1-2",), 206, b"el"),
                    ("/a/large", (), 200, large),
                    ("/a", (), 301, b""),
                    ("/b/f", (), 200, b"long"),
                ):
                    r = ask(c, path, *fields)
                    equal((r.status, r.body), (status, body), path)
                    equal((r.fields.get("strict-transport-security"), r.fields.get("x-first")),
                          (said, "1"), f"fields of {path}, {status}")
                    equal(r.fields.get("content-security-policy"),
                          policy if path == "/b/f" else None)
                r = ask(c, "/a/f", host="www.one.test")
                equal((r.status, r.fields["location"]), (301, "https://one.test/a/f"))
                equal(r.fields.get("strict-transport-security"), said, "of a host that moved")
        appliance.stop()
        # Behind who does TLS for us.
        appliance = t.start("--root", site.root, "--header", f"* Strict-Transport-Security: {hsts}")
        with Connection(t) as c:
            equal(ask(c, "/a/f").fields["strict-transport-security"], hsts)
        appliance.stop()


@test(own=True, families=(4,), layouts=("fused",))
def text_has_the_charset_that_is_asked_for(t):
    with Site() as site:
        site.write("folder/a.txt", b"caf\xe9\n")
        site.write("folder/a.png", b"\x89PNG")
        for name, mark in (("windows-1252", "; charset=windows-1252"), ("none", ""),
                           (None, "; charset=utf-8")):
            appliance = t.start("--root", site.root, "--listing",
                                *(("--charset", name) if name else ()))
            with Connection(t) as c:
                types = [ask(c, f"/folder/{file}").fields["content-type"]
                         for file in ("a.txt", "a.png", "")]
            equal(types, [f"text/plain{mark}", "image/png", "text/html; charset=utf-8"])
            appliance.stop()


@test(own=True, families=(4,), layouts=("fused",))
def parts_have_all_of_the_longest_type(t):
    longest = f"text/{'x' * 127}"
    with Site() as site:
        site.write("f.odd", b"0123456789")
        site.write("../types", f"{longest} odd\n".encode())
        appliance = t.start("--root", site.root, "--mime-types", site.path("../types"),
                            "--charset", "y" * 40)
        with Connection(t) as c:
            kind = ask(c, "/f.odd").fields["content-type"]
            equal(kind, f"{longest}; charset={'y' * 40}")
            r = ask(c, "/f.odd", "Range: bytes=0-0,5-5")
            equal((r.status, r.body.count(f"Content-Type: {kind}\r\n".encode())), (206, 2))
        appliance.stop()


REFUSALS = [
    (request("GET", "/%00"), 400), (b"NONSENSE\r\n\r\n", 400), (b"GET /\n", 400),
    (request("GET", "/bare/"), 403),
    (request("GET", "/none"), 404), (request("HEAD", "/none"), 404),
    (request("DELETE", "/"), 405), (request("POST", "/", "Content-Length: 3", body=b"abc"), 405),
    (request("POST", "/", "Content-Length: 3", "Expect: 100-continue"), 405),
    (b"GET / HTTP/1.1\r\nHo", 408),
    (b"POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 9\r\n\r\nab", 408),
    (request("GET", "/", "If-Match: \"x\""), 412),
    (request("POST", "/", "Content-Length: 3000000"), 413),
    (request("GET", "/" + 9000 * "a"), 414), (request("GET", "/", "Range: bytes=100-"), 416),
    (request("GET", "/", "Expect: tea"), 417), (request("GET", "ftp://test/"), 421),
    (request("GET", "/", "X: " + 20000 * "a"), 431), (request("BREW", "/"), 501),
    (request("CONNECT", "test:80"), 501), (b"GET / HTTP/3.0\r\n\r\n", 505),
]


@test(own=True, layouts=("fused",), within=60)
def every_refusal_has_its_page(t):
    with Site() as site, Site() as other:
        pages = {status: b"<p>%d</p>\n" % status for status in {status for _, status in REFUSALS}}
        pages[400], pages[408] = noise(300000, 3), noise(200000, 4)
        for status, page in pages.items():
            site.write(f"errors/{status}.html", page)
        site.write("bare/file", b"1\n")
        other.write("errors/405.html", b"other\n")
        options = [option for status in pages
                   for option in ("--error-page", f"{status}=/errors/{status}.html")]
        t.start("--root", site.root, "--site", f"other.test={other.root}", "--header-timeout", "1",
                "--body-timeout", "1", "--https", "443", *pki.options(pki.pair("one.test")),
                *options)
        for connect in (Connection, TlsConnection):
            for data, status in REFUSALS:
                with connect(t) as c:
                    c.send(data)
                    r = c.response("HEAD" if data.startswith(b"HEAD") else "GET")
                    page = pages[status]
                    equal((r.status, r.body, r.fields["content-length"]),
                          (status, b"" if data.startswith(b"HEAD") else page, str(len(page))),
                          data[:40])
                    if r.fields.get("connection") == "close":
                        true(c.ends(), f"{data[:40]}: not closed")
            with connect(t) as c:
                r = ask(c, "/", method="DELETE", host="other.test")
                equal((r.body, r.fields["allow"]), (b"other\n", "GET, HEAD, OPTIONS"))
                r = ask(c, "/none", host="other.test")
                true(r.status == 404 and b"<p>" not in r.body, f"another site's page: {r}")
                equal(ask(c, "/none").body, pages[404])
        t.extra[-1].stop()
        appliance = t.start("--site", f"a.test={site.root}", "--strict-site", "--error-page",
                            "421=/errors/421.html")
        with Connection(t) as c:
            r = ask(c, "/", host="b.test")
            equal((r.status, r.body), (421, pages[421]))
        appliance.stop()


@test(own=True, families=(4,), layouts=("fused",))
def a_single_page_application(t):
    """As of nginx's `try_files $uri $uri.html /index.html`, and of a reload of its page."""
    with Site() as site:
        site.write("about.html", b"about\n")
        site.write("large.html", noise(300000, 5))
        appliance = t.start("--root", site.root, "--try", ".html", "--try", "/index.html")
        with Connection(t) as c:
            for path, body in (("/about", b"about\n"), ("/users/17?tab=2", b"<h1>home</h1>\n"),
                               ("/large", noise(300000, 5)), ("/about/", b"<h1>home</h1>\n")):
                for _ in range(3):
                    r = ask(c, path)
                    equal((r.status, r.body), (200, body), path)
            site.write("index.html", b"<h1>new</h1>\n")
            site.write("users/17", b"it is there now\n")
            appliance.process.send_signal(signal.SIGHUP)
            wait_until(lambda: ask(c, "/users/17").body == b"it is there now\n", 5, "the reload")
            equal(ask(c, "/users/18").body, b"<h1>new</h1>\n")
        appliance.stop()


@test(own=True, families=(4,), layouts=("fused",))
def refusals_may_be_read_by_other_origins(t):
    """Without Access-Control-Allow-Origin a script sees a failure, and no status."""
    with Site() as site:
        site.write("404.html", b"<p>lost</p>\n")
        site.write("bare/file", b"1\n")
        for origin, vary in (("*", None), ("https://a.test", "Origin")):
            appliance = t.start("--root", site.root, "--error-page", "404=/404.html",
                                "--cors", origin)
            for data, status in (
                (request("GET", "/lost"), 404),
                (request("HEAD", "/lost"), 404),
                (request("GET", "/bare/"), 403),
                (request("GET", "/bare"), 301),
                (request("GET", "/", "If-Match: \"x\""), 412),
                (request("GET", "/", "Range: bytes=100-"), 416),
                (request("DELETE", "/"), 405),
                (request("POST", "/", "Content-Length: 3", body=b"abc"), 405),
                (request("POST", "/", "Content-Length: 3", "Expect: 100-continue"), 405),
                (request("POST", "/", "Content-Length: 3000000"), 413),
                (request("BREW", "/"), 501),
                (request("GET", "/", "Expect: tea"), 417),
                (request("GET", "/%00"), 400),
                (request("GET", "/%"), 400),
                (request("GET", "/" + 9000 * "a"), 414),
                (request("GET", "/", "X: " + 20000 * "a"), 431),
                (request("GET", "https://test/"), 421),
            ):
                with Connection(t) as c:
                    c.send(data)
                    r = c.response("HEAD" if data.startswith(b"HEAD") else "GET")
                    equal((r.status, r.fields.get("access-control-allow-origin"),
                           r.fields.get("vary")), (status, origin, vary), data[:60])
                    # Browsers take no list of them.
                    equal(r.times["access-control-allow-origin"], 1, data[:60])
            appliance.stop()


@test(own=True, families=(4,), within=60, layouts=("fused",))
def early_hints_come_before_the_page(t):
    link, navigate = "</style.css>; rel=preload; as=style", "Sec-Fetch-Mode: navigate"
    with Site() as site:
        site.write("page.html", b"<p>page</p>\n")
        site.write("large.html", noise(100_000)[:100_000])
        options = ("--root", site.root, "--header", f"*.html Link: {link}", "--https", "443",
                   *pki.options(pki.pair("one.test")))
        appliance = t.start(*options, "--early-hints")
        for connect in (Connection, TlsConnection):
            with connect(t) as c:
                for path in ("/page.html", "/large.html", "/page.html", "/"):
                    hints = ask(c, path, navigate)
                    equal((hints.status, hints.fields), (103, {"link": link}), path)
                    final = c.response()
                    equal((final.status, final.fields["link"]), (200, link), path)
                c.send(2 * request("GET", "/page.html", navigate))
                equal([c.response().status for _ in range(4)], [103, 200] * 2)
                tag = final.fields["etag"]
                for method, path, fields, status in (
                    ("GET", "/page.html", (), 200),
                    ("GET", "/page.html", ("Sec-Fetch-Mode: no-cors",), 200),
                    ("HEAD", "/page.html", (navigate,), 200),
                    ("GET", "/", (navigate, f"If-None-Match: {tag}"), 304),
                    ("GET", "/large.html", (navigate, "Range: bytes=0-1"), 206),
                    ("GET", "/large.html", (navigate, "Range: bytes=200000-"), 416),
                    ("GET", "/none.html", (navigate,), 404),
                ):
                    r = ask(c, path, *fields, method=method)
                    equal(r.status, status, f"{method} {path} {fields}")
                c.send(b"GET /page.html HTTP/1.0\r\nHost: test\r\n" + navigate.encode() +
                       b"\r\n\r\n")
                equal(c.response().status, 200)
        words = t.tool("curl", "-sv", "-o", "/dev/null", "--http1.1", "-H", navigate,
                       t.url("/page.html"))
        statuses = re.findall(r"< HTTP/1.1 (\d+)", words)
        equal(statuses, ["103", "200"], words)
        site.write("page.html", b"<p>new</p>\n", MTIME + 1)
        appliance.process.send_signal(signal.SIGHUP)

        def is_new():
            with Connection(t) as c:
                equal(ask(c, "/page.html", navigate).status, 103)
                return c.response().body == b"<p>new</p>\n"
        wait_until(is_new, 10, "the new page")
        appliance.stop()
        appliance = t.start(*options)
        with Connection(t) as c:
            equal(ask(c, "/page.html", navigate).status, 200)
        appliance.stop()


@test(own=True, families=(4,), within=60)
def a_reload_loses_nothing(t):
    old, new = noise(4_000_000, 1)[:4_000_000], noise(4_000_000, 2)[:4_000_000]
    with Site() as site:
        site.write("big", old)
        site.write("small", b"old\n")
        appliance = t.start("--root", site.root, "--https", "443",
                            *pki.options(pki.pair("one.test")))
        with Connection(t, receive_buffer=16384) as slow, Connection(t) as c, \
                TlsConnection(t, receive_buffer=16384) as secure:
            for other in (slow, secure):
                other.send(request("GET", "/big"))
                while b"\r\n\r\n" not in other.unread:
                    other.more()
            equal(ask(c, "/small").body, b"old\n")
            load = subprocess.Popen(
                ["h2load", "--h1", "-D", "3", "-c", "20", t.url("/small")],
                stdout=subprocess.PIPE, text=True)
            for n in range(4):
                site.write("big", new if n % 2 else old[::-1], MTIME + 1 + n)
                site.write("small", b"new%d\n" % n, MTIME + 1 + n)
                appliance.process.send_signal(signal.SIGHUP)
                wait_until(lambda n=n: ask(c, "/small").body == b"new%d\n" % n, 5, "the new file")
            words = load.communicate(timeout=20)[0]
            true(" 0 failed, 0 errored, 0 timeout" in words, words)
            true(slow.response().body == old, "a reply is of two versions")
            true(secure.response().body == old, "a reply over TLS is of two versions")
            true(ask(c, "/big").body == new, "not the new file")
            os.unlink(site.path("small"))
            appliance.process.send_signal(signal.SIGHUP)
            wait_until(lambda: ask(c, "/small").status == 404, 5, "the end of a file")
        appliance.stop()


class SlowSite(Site):
    """Loading what slow_down() puts there takes many seconds."""

    BYTES = 8 << 20  # that are read of it before

    def slow_down(self, to_read):
        if to_read:
            with open(self.path("huge"), "wb") as file:
                file.truncate(8 << 30)
        else:
            letters = bytes(b"acgt"[i & 3] for i in range(256))
            self.write("noise.txt", os.urandom(self.BYTES).translate(letters))


@test(own=True, families=(4,), within=60, layouts=("fused",))
def a_first_load_can_be_ended(t):
    for to_read, number in ((True, signal.SIGTERM), (False, signal.SIGINT)):
        with SlowSite() as site:
            site.slow_down(to_read)
            appliance = t.start("--root", site.root, "--precompress", "zstd",
                                ready=lambda a: a.bytes_read() > SlowSite.BYTES)
            appliance.process.send_signal(number)
            appliance.wait(within=2)
            true("was interrupted" in appliance.words(), appliance.words())


@test(own=True, families=(4,), within=60, layouts=("fused",))
def a_reload_does_not_hold_up_the_end(t):
    for to_read in (True, False):
        with SlowSite() as site:
            appliance = t.start("--root", site.root, "--precompress", "zstd")
            site.slow_down(to_read)
            before = appliance.bytes_read()
            appliance.process.send_signal(signal.SIGHUP)
            wait_until(lambda: appliance.bytes_read() > before + SlowSite.BYTES, 10, "a reload")
            appliance.terminate()
            appliance.terminate()
            appliance.wait(within=2)


@test(own=True, families=(4,), within=60, layouts=("fused",))
def changes_are_watched(t):
    with Site() as site:
        appliance = t.start("--root", site.root, "--watch")
        with Connection(t) as c:
            site.write("new", b"new\n")
            wait_until(lambda: ask(c, "/new").status == 200, 5, "a new file")
            site.write("deep/er/file", b"deep\n")
            wait_until(lambda: ask(c, "/deep/er/file").status == 200, 5, "a file in a new folder")
            site.write("deep/er/file2", b"deep\n")
            wait_until(lambda: ask(c, "/deep/er/file2").status == 200, 5, "a file beside it")
            os.unlink(site.path("new"))
            wait_until(lambda: ask(c, "/new").status == 404, 5, "the end of a file")
        appliance.stop()


@test(own=True, families=(4,), within=60, layouts=("fused",))
def releases_are_watched(t):
    """A symbolic link behind another is turned, and a root is put in the other's place."""
    with Site() as site:
        releases = os.path.join(site.made.name, "releases")
        for number in "123":
            site.write(f"{releases}/{number}/public/which", number.encode())
        link, spare = os.path.join(releases, "current"), os.path.join(releases, "next")
        os.symlink("1", link)
        www = os.path.join(site.made.name, "www")
        os.symlink("releases/current/public", www)
        appliance = t.start("--root", www, "--watch")
        with Connection(t) as c:
            def becomes(number):
                wait_until(lambda: ask(c, "/which").body == number, 5, f"release {number}")
            becomes(b"1")
            os.symlink("2", spare)
            os.rename(spare, link)
            becomes(b"2")
            os.rename(os.path.join(releases, "2", "public"), spare)
            os.rename(os.path.join(releases, "3", "public"),
                      os.path.join(releases, "2", "public"))
            becomes(b"3")
            site.write(f"{releases}/2/public/which", b"4", MTIME + 1)
            becomes(b"4")
            # To what is not there yet; and that is not complete at once.
            os.symlink("5", spare + "2")
            os.rename(spare + "2", link)
            wait_until(lambda: "content stays as it was" in appliance.words(), 5, "a failed load")
            equal(ask(c, "/which").body, b"4")
            os.mkdir(os.path.join(releases, "5"))
            site.write(f"{releases}/5/public/which", b"5")
            becomes(b"5")
            site.write(f"{releases}/5/public/which", b"6", MTIME + 1)
            becomes(b"6")
        appliance.stop()


@test(own=True, families=(4,), within=60, layouts=("fused",))
def who_never_stops_writing_is_not_waited_for(t):
    with Site() as site:
        appliance = t.start("--root", site.root, "--watch")
        with Connection(t) as c:
            site.write("new", b"new\n")

            def is_new():
                site.write("noise", os.urandom(8))
                return ask(c, "/new").status == 200
            wait_until(is_new, 15, "a new file beside one that changes all the time")
        appliance.stop()


@test(own=True, families=(4,), within=60, layouts=("fused",))
def clients_that_read_one_byte_cost_little(t):
    with Site() as site:
        site.write("big", noise(20_000_000)[:20_000_000])
        appliance = t.start("--root", site.root, "--idle-timeout", "1")
        slow = [Connection(t, receive_buffer=4096) for _ in range(50)]
        for c in slow:
            c.send(request("GET", "/big"))
        with Connection(t) as c:
            for _ in range(20):
                equal(ask(c, "/").status, 200)
        for c in slow:
            c.socket.close()
        appliance.stop()


@test(families=(4,), layouts=("fused",))
def bad_directories_are_named(t):
    with Site() as site:
        for options, word in (
            (("--site", "nothing"), "HOST=DIR"),
            (("--watch",), "--root"),
            (("--root", site.root, "--header", "nothing"), "PATTERN"),
            (("--root", site.root, "--exclude", "nothing"), "PATTERN"),
            (("--root", site.root, "--error-page", "200=/x"), "STATUS"),
            (("--root", site.root, "--early-hints"), "--header"),
            (("--root", site.root, "--precompress", "lzma"), "gzip"),
            (("--root", site.root, "--cors", "a b"), "origin"),
        ):
            words = t.tool(t.binary, "--", "--ip", "10.9.9.9/24", "--check", *options, ok=(2,))
            true(word in words and len(words.splitlines()) == 1, f"{options}: {words}")


@test(own=True, families=(4,), within=60, layouts=("fused",))
def what_cannot_be_loaded_is_said(t):
    with Site() as site, Site() as other:
        site.write("big", bytes(5_000_000))
        other.write("big", noise(5_000_000)[:5_000_000])
        os.mkdir(site.path("../huge"))
        with open(site.path("../huge/sparse"), "wb") as file:
            file.truncate(2 * os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
        for options, word in ((("--root", site.path("none")), site.path("none")),
                              (("--root", site.path("../huge")), "the machine has"),
                              (("--root", site.root, "--content-memory", "2M"), "is 2097152"),
                              (("--root", site.root, "--site", f"b={other.root}",
                                "--content-memory", "12M"), "needs up to"),
                              (("--root", site.root, "--error-page", "404=/none"), "/none"),
                              (("--root", site.root, "--try", "/none"), "/none"),
                              (("--root", site.root, "--site", f"b={site.root}",
                                "--error-page", "404=/none"), "/none")):
            try:
                t.start(*options)
                raise AssertionError(f"it started with {options}")
            except AssertionError as error:
                true(word in str(error), f"{options}: {error}")


@test(own=True, families=(4,), layouts=("fused",))
def types_that_cannot_be_read_are_said(t):
    with Site() as site:
        site.write("../types", b"#" * (1 << 20) + b"\n")

        def check(script, *options):
            return t.tool("unshare", "--mount", "sh", "-ec", f'{script}; shift; exec "$@"', "sh",
                          site.path("../types"), t.binary, "--", "--ip", "10.9.9.9/24",
                          "--root", site.root, "--check", *options)

        put = 'mount --bind "$1" /etc/mime.types'
        words = [line for line in check(put).splitlines() if "mime.types" in line]
        equal(words, ["ringside: /etc/mime.types: cannot be read: File too large; "
                      "types come from a table of our own"])
        true("cannot be read" not in check(f'echo "text/plain txt" > "$1"; {put}'), "said")
        hide = 'mount -t tmpfs none /etc'
        true("mime.types" not in check(hide), "there is none, as there may be")


