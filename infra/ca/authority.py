"""A certificate authority in a folder: one root, certificates of servers and of broker users, and its revocation list.

ECDSA on P-256 with SHA-256 throughout, which every TLS of RabbitMQ 3.10 to 4.x takes. The common name of a client's
certificate is the broker's user name. The folder holds

    root.pem root.key          the root; its key may be sealed by a passphrase, and belongs on no server
    register.jsonl             what was issued and what was revoked, one line an act, never changed
    crl/<hash>.r0              the revocation list, under the name by which OpenSSL and Erlang look it up
"""

from __future__ import annotations

import hashlib
import ipaddress
import json
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

ROOT_DAYS = 20 * 365
DAYS = 730  # of a certificate, unless told otherwise
# A node's clock may be behind: what is issued now is valid there too.
BEHIND = timedelta(days=1)
USER = re.compile(r"node\.EG-[A-Z]{1,3}|centre|agency\.[a-z0-9][a-z0-9-]{0,39}")
HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")


class CertificateRefused(Exception):
    """What was asked cannot be issued, renewed or revoked; the message says why."""


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate as PEM and, where it was made here and not at its owner's, its private key."""

    serial: str
    certificate: bytes
    key: bytes | None

    def write(self, folder: Path, name: str) -> tuple[Path, Path]:
        """Write `<name>.pem` and `<name>.key` (readable by its owner alone); answers both paths. Without a key of its
        own the second is only where the owner's key is expected."""
        folder.mkdir(parents=True, exist_ok=True)
        certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
        _replace(certificate, self.certificate, 0o644)
        if self.key is not None:
            _replace(key, self.key, 0o600)
        return certificate, key


@dataclass(frozen=True, slots=True)
class Entry:
    """A certificate as the register knows it."""

    serial: str  # hexadecimal
    kind: str  # server or client
    name: str  # first host name, or the broker's user
    hosts: tuple[str, ...]
    until: datetime
    revoked_at: datetime | None


class Authority:
    """The authority in a folder. Raises FileNotFoundError where `create` has not been."""

    def __init__(self, folder: Path, passphrase: bytes | None = None) -> None:
        self.folder = folder
        self.root = x509.load_pem_x509_certificate((folder / "root.pem").read_bytes())
        self._passphrase = passphrase

    @classmethod
    def create(cls, folder: Path, name: str = "Shubbak line", passphrase: bytes | None = None) -> Authority:
        """Make the root. Refuses to make one where one stands: every certificate hangs on it."""
        if (folder / "root.pem").exists() or (folder / "root.key").exists():
            raise CertificateRefused(f"a root stands in {folder} already")
        folder.mkdir(parents=True, exist_ok=True)
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        now = datetime.now(UTC)
        root = (
            x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
            .not_valid_before(now - BEHIND)
            .not_valid_after(now + timedelta(days=ROOT_DAYS))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(signs_certificates=True), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .sign(key, hashes.SHA256())
        )
        sealing: serialization.KeySerializationEncryption = (
            serialization.BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
        )
        _replace(folder / "root.key", key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, sealing), 0o600)
        _replace(folder / "root.pem", root.public_bytes(Encoding.PEM), 0o644)
        made = cls(folder, passphrase)
        made.publish_revocations()
        return made

    # -- issuing -----------------------------------------------------------------------------------------------------

    def server(self, hosts: Iterable[str], days: int = DAYS, request: bytes | None = None) -> Issued:
        """A certificate for a server of these names and addresses."""
        named = tuple(hosts)
        if not named or not all(HOST.fullmatch(host) or _address(host) for host in named):
            raise CertificateRefused("a server has at least one host name or address")
        return self._issue("server", named[0], named, days, request)

    def client(self, user: str, days: int = DAYS, request: bytes | None = None) -> Issued:
        """A certificate for a user of the broker: `node.EG-C`, `centre` or `agency.<code>`. With a signing request
        (PEM) the private key stays with who asked."""
        if not USER.fullmatch(user):
            raise CertificateRefused(f"{user!r} is no user of the line: node.EG-C, centre or agency.<code>")
        return self._issue("client", user, (), days, request)

    def renew(self, serial: str, days: int = DAYS, request: bytes | None = None) -> Issued:
        """A successor with a new key. The old one stays valid until it ends or is revoked, so that both sides can
        change over without a gap; a revoked one is not renewed."""
        entry = self.entry(serial)
        if entry.revoked_at is not None:
            raise CertificateRefused(f"{serial} is revoked; issue a new one")
        return self._issue(entry.kind, entry.name, entry.hosts, days, request)

    def revoke(self, serial: str) -> None:
        """From now on no server that holds the published list lets it in. May be repeated."""
        if self.entry(serial).revoked_at is None:
            self._note(act="revoked", serial=serial, at=datetime.now(UTC).isoformat(timespec="seconds"))
        self.publish_revocations()

    def publish_revocations(self) -> Path:
        """Write the revocation list anew and answer its path.

        It ends with the root: a server reads it from its own disk and refuses everybody once it has ended, so a short
        life would cut every line on a day when nobody looked, and would prove nothing.
        """
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.root.subject)
            .last_update(datetime.now(UTC) - BEHIND)
            .next_update(self.root.not_valid_after_utc)
        )
        for entry in self.entries():
            if entry.revoked_at is not None:
                builder = builder.add_revoked_certificate(
                    x509.RevokedCertificateBuilder(int(entry.serial, 16), entry.revoked_at).build()
                )
        listed = builder.sign(self._key(), hashes.SHA256())
        self.crl_folder.mkdir(exist_ok=True)
        target = self.crl_folder / f"{name_hash(self.root.subject)}.r0"
        _replace(target, listed.public_bytes(Encoding.PEM), 0o644)
        return target

    # -- looking -----------------------------------------------------------------------------------------------------

    @property
    def root_file(self) -> Path:
        """The root's certificate, which everybody on the line is given."""
        return self.folder / "root.pem"

    @property
    def crl_folder(self) -> Path:
        """The folder that a server looks revocations up in."""
        return self.folder / "crl"

    def entries(self) -> list[Entry]:
        """Everything issued, oldest first."""
        found: dict[str, Entry] = {}
        for line in self._register():
            if line["act"] == "issued":
                found[line["serial"]] = Entry(
                    line["serial"],
                    line["kind"],
                    line["name"],
                    tuple(line["hosts"]),
                    datetime.fromisoformat(line["until"]),
                    None,
                )
            else:
                old = found[line["serial"]]
                revoked_at = datetime.fromisoformat(line["at"])
                found[line["serial"]] = Entry(old.serial, old.kind, old.name, old.hosts, old.until, revoked_at)
        return list(found.values())

    def entry(self, serial: str) -> Entry:
        """One certificate by its serial; CertificateRefused where it was not issued here."""
        for entry in self.entries():
            if entry.serial == serial:
                return entry
        raise CertificateRefused(f"{serial} was not issued here")

    def standing(self, name: str, at: datetime | None = None) -> list[Entry]:
        """What is valid of a name now, the newest last."""
        moment = at or datetime.now(UTC)
        return [
            entry for entry in self.entries() if entry.name == name and not entry.revoked_at and entry.until > moment
        ]

    def ending(self, within: timedelta, at: datetime | None = None) -> list[Entry]:
        """The newest standing certificate of each name that ends so soon, and of what has ended already unless somebody
        revoked it: a line is cut by nobody's deed when its certificate ends."""
        moment = at or datetime.now(UTC)
        newest: dict[tuple[str, str], Entry] = {}
        for entry in self.entries():
            kept = newest.get((entry.kind, entry.name))
            if entry.revoked_at is None and (kept is None or entry.until >= kept.until):
                newest[entry.kind, entry.name] = entry
        return [entry for entry in newest.values() if entry.until <= moment + within]

    # -- inside ------------------------------------------------------------------------------------------------------

    def _issue(self, kind: str, name: str, hosts: tuple[str, ...], days: int, request: bytes | None) -> Issued:
        now = datetime.now(UTC)
        until = now + timedelta(days=days)
        if until > self.root.not_valid_after_utc:
            raise CertificateRefused("the root ends before that")
        private: ec.EllipticCurvePrivateKey | None = None
        if request is None:
            private = ec.generate_private_key(ec.SECP256R1())
            public = private.public_key()
        else:
            public = _public_key_of(request)
        serial = x509.random_serial_number()
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        purpose = ExtendedKeyUsageOID.SERVER_AUTH if kind == "server" else ExtendedKeyUsageOID.CLIENT_AUTH
        signer = self._key()
        builder = (
            x509.CertificateBuilder(self.root.subject, subject, public, serial)
            .not_valid_before(now - BEHIND)
            .not_valid_after(until)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(), critical=True)
            .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
        )
        if hosts:
            names = [_address(host) or x509.DNSName(host) for host in hosts]
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        certificate = builder.sign(signer, hashes.SHA256()).public_bytes(Encoding.PEM)
        hexadecimal = f"{serial:x}"
        self._note(act="issued", serial=hexadecimal, kind=kind, name=name, hosts=list(hosts),
                   at=now.isoformat(timespec="seconds"), until=until.isoformat(timespec="seconds"))
        raw = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) if private else None
        return Issued(hexadecimal, certificate, raw)

    def _key(self) -> ec.EllipticCurvePrivateKey:
        try:
            key = serialization.load_pem_private_key((self.folder / "root.key").read_bytes(), self._passphrase)
        except (TypeError, ValueError) as error:
            raise CertificateRefused("the passphrase of the root's key is wrong or missing") from error
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise CertificateRefused("root.key is no key of this authority")
        return key

    def _register(self) -> Iterator[dict[str, Any]]:
        path = self.folder / "register.jsonl"
        if path.exists():
            for line in path.read_text(encoding="utf-8").splitlines():
                yield json.loads(line)

    def _note(self, **act: Any) -> None:
        descriptor = os.open(self.folder / "register.jsonl", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "a", encoding="utf-8") as file:
            file.write(json.dumps(act) + "\n")
            file.flush()
            os.fsync(file.fileno())


def make_request(user: str) -> tuple[bytes, bytes]:
    """(signing request, private key), both PEM: for who keeps the own key and has the authority sign."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, user)])
    request = x509.CertificateSigningRequestBuilder(subject).sign(key, hashes.SHA256())
    return (
        request.public_bytes(Encoding.PEM),
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
    )


def name_hash(name: x509.Name) -> str:
    """The eight hexadecimal digits under which OpenSSL (X509_NAME_hash) and Erlang's `ssl_crl_hash_dir` look a name up:
    SHA-1 over the canonical encoding, lower case and single spaces, its first four bytes read from the right."""
    canonical = x509.Name(
        [x509.NameAttribute(part.oid, " ".join(str(part.value).lower().split())) for part in name]
    ).public_bytes()
    header = 2 if canonical[1] < 0x80 else 2 + (canonical[1] & 0x7F)
    return hashlib.sha1(canonical[header:]).digest()[3::-1].hex()  # noqa: S324 (a name for a file, no protection)


def _public_key_of(request: bytes) -> ec.EllipticCurvePublicKey:
    try:
        asked = x509.load_pem_x509_csr(request)
    except ValueError as error:
        raise CertificateRefused("this is no signing request") from error
    public = asked.public_key()
    if not asked.is_signature_valid:
        raise CertificateRefused("the signing request is not signed by its own key")
    if not isinstance(public, ec.EllipticCurvePublicKey) or not isinstance(public.curve, ec.SECP256R1):
        raise CertificateRefused("keys are ECDSA on P-256")
    return public


def _usage(*, signs_certificates: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _address(host: str) -> x509.IPAddress | None:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return None


def _replace(path: Path, content: bytes, mode: int) -> None:
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    fresh.chmod(mode)
    fresh.replace(path)
