# SPDX-License-Identifier: BSD-2-Clause
"""Certificates for the tests, made anew in each run by openssl, and removed with it."""

import datetime
import functools
import multiprocessing.util
import os
import re
import secrets
import subprocess
import tempfile

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

KEYS = {
    "p256": ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
    "p384": ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384"],
    "ed25519": ["-newkey", "ed25519"],
    "rsa": ["-newkey", "rsa:2048"],
}


def openssl(*arguments):
    subprocess.run(["openssl", *arguments], check=True, capture_output=True, timeout=60)


@functools.cache
def folder():
    made = tempfile.TemporaryDirectory(prefix="ringside-pki-")
    # The jobs of run.py end without atexit.
    multiprocessing.util.Finalize(None, made.cleanup, exitpriority=0)
    return made.name


def path(name):
    return os.path.join(folder(), name)


def once(make):
    """Makes what has a name when that is first asked for. Who asks for more than the name asks for
    the same as whoever was first: else it would depend on the order of tests."""
    made = {}

    @functools.wraps(make)
    def get(name, *arguments, **more):
        if name not in made:
            made[name] = make(name, *arguments, **more), (arguments, more)
        thing, how = made[name]
        assert not (arguments or more) or how == (arguments, more), f"{name} was made by {how}"
        return thing

    return get


@once
def make_authority(name):
    openssl("req", "-x509", "-nodes", *KEYS["p256"], "-days", "2", "-subj", f"/CN={name}",
            "-keyout", path(f"{name}.key"), "-out", path(f"{name}.pem"),
            "-addext", "keyUsage=critical,keyCertSign,cRLSign")
    return path(f"{name}.pem")


def authority(name="ca"):
    """A certificate authority; its certificate's path."""
    return make_authority(name)


@once
def pair(name, kind="p256", hosts=None, ca="ca", days=2):
    """(certificate, key) of a host, signed by the authority."""
    authority(ca)
    names = ",".join(f"DNS:{host}" for host in hosts or (name,))
    extensions = path(f"{name}.ext")
    with open(extensions, "w", encoding="ascii") as file:
        file.write(f"subjectAltName={names}\n")
    openssl("req", "-nodes", *KEYS[kind], "-subj", f"/CN={name}",
            "-keyout", path(f"{name}.key"), "-out", path(f"{name}.csr"))
    openssl("x509", "-req", "-in", path(f"{name}.csr"), "-CA", path(f"{ca}.pem"),
            "-CAkey", path(f"{ca}.key"), "-set_serial", str(secrets.randbits(63)), "-days",
            str(days), "-extfile", extensions, "-out", path(f"{name}.pem"))
    return path(f"{name}.pem"), path(f"{name}.key")


@once
def ocsp(name):
    """A response of the authority that says that the host's certificate is good."""
    certificate, _ = pair(name)
    serial = subprocess.run(["openssl", "x509", "-in", certificate, "-noout", "-serial"],
                            check=True, capture_output=True, text=True).stdout
    serial = serial.strip().split("=")[1]
    with open(path("index.txt"), "w", encoding="ascii") as file:
        file.write(f"V\t400101000000Z\t\t{serial}\tunknown\t/CN={name}\n")
    openssl("ocsp", "-index", path("index.txt"), "-rsigner", authority(), "-rkey", path("ca.key"),
            "-CA", authority(), "-issuer", authority(), "-cert", certificate, "-ndays", "1",
            "-respout", path(f"{name}.ocsp"), "-noverify")
    return path(f"{name}.ocsp")


@once
def old_ocsp(name):
    """The same of long ago; openssl makes none, so that its signature does not fit any more."""
    with open(ocsp(name), "rb") as file:
        response = file.read()
    next_update = rb"(\xa0\x11\x18\x0f)2...(.{10}Z)"
    response, n = re.subn(next_update, rb"\g<1>2001\2", response)
    assert n == 1
    with open(path(f"{name}.old.ocsp"), "wb") as file:
        file.write(response)
    return path(f"{name}.old.ocsp")


def many(hosts, ca="ca"):
    """Pairs of P-256, a host each, made here: openssl takes a hundred times as long."""
    with open(authority(ca), "rb") as file:
        issuer = x509.load_pem_x509_certificate(file.read()).subject
    with open(path(f"{ca}.key"), "rb") as file:
        signer = serialization.load_pem_private_key(file.read(), None)
    now = datetime.datetime.utcnow()
    for host in hosts:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, host)])
        certificate = x509.CertificateBuilder(
            issuer, subject, key.public_key(), x509.random_serial_number(),
            now - datetime.timedelta(hours=1), now + datetime.timedelta(days=2),
        ).add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), False)
        files = path(f"{host}.pem"), path(f"{host}.key")
        with open(files[0], "wb") as file:
            signed = certificate.sign(signer, hashes.SHA256())
            file.write(signed.public_bytes(serialization.Encoding.PEM))
        with open(files[1], "wb") as file:
            file.write(key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption()))
        yield files


def ticket_keys(n=1):
    name = path(f"tickets-{secrets.token_hex(4)}")
    with open(name, "wb") as file:
        file.write(secrets.token_bytes(80 * n))
    return name


def options(*pairs):
    """The appliance's options for certificates."""
    words = []
    for certificate, key in pairs:
        words += ["--cert", certificate, "--key", key]
    return tuple(words)
