"""The authority of the line: what it issues, what it refuses, and that others read it as it is meant."""

from __future__ import annotations

import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from infra.ca.__main__ import ca as command
from infra.ca.authority import Authority, CertificateRefused, make_request, name_hash


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority.create(tmp_path / "ca")


def read(certificate: bytes) -> x509.Certificate:
    return x509.load_pem_x509_certificate(certificate)


def common_name(certificate: bytes) -> str:
    return str(read(certificate).subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)


def purposes(certificate: bytes) -> list[x509.ObjectIdentifier]:
    return list(read(certificate).extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)


def test_a_client_is_named_as_the_brokers_user_and_may_not_serve(authority: Authority) -> None:
    made = authority.client("node.EG-SUZ")
    read(made.certificate).verify_directly_issued_by(authority.root)
    assert common_name(made.certificate) == "node.EG-SUZ"
    assert purposes(made.certificate) == [ExtendedKeyUsageOID.CLIENT_AUTH]


def test_a_server_answers_to_its_names_and_is_no_client(authority: Authority) -> None:
    made = authority.server(["centre.example", "192.0.2.7"])
    names = read(made.certificate).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["centre.example"]
    assert [str(address) for address in names.get_values_for_type(x509.IPAddress)] == ["192.0.2.7"]
    assert purposes(made.certificate) == [ExtendedKeyUsageOID.SERVER_AUTH]


@pytest.mark.parametrize("user", ["gateway", "operator", "node.EG", "node.EG-C.", "node.eg-c", "agency.", "centre2"])
def test_nobody_but_nodes_the_centre_and_agencies_is_issued_a_clients_certificate(
    authority: Authority, user: str
) -> None:
    with pytest.raises(CertificateRefused):
        authority.client(user)
    assert authority.entries() == []


def test_a_server_without_a_name_is_refused(authority: Authority) -> None:
    for hosts in ([], ["not a host"], ["-x"]):
        with pytest.raises(CertificateRefused):
            authority.server(hosts)


def test_a_second_root_is_not_made_over_the_first(authority: Authority) -> None:
    before = authority.root_file.read_bytes()
    with pytest.raises(CertificateRefused):
        Authority.create(authority.folder)
    assert authority.root_file.read_bytes() == before


def test_the_roots_key_can_be_sealed_and_is_its_owners_alone(tmp_path: Path) -> None:
    sealed = Authority.create(tmp_path / "ca", passphrase=b"a long passphrase")
    assert (sealed.folder / "root.key").stat().st_mode & 0o077 == 0
    for passphrase in (None, b"another"):
        with pytest.raises(CertificateRefused):
            Authority(sealed.folder, passphrase).client("centre")
    assert Authority(sealed.folder, b"a long passphrase").client("centre").key is not None


def test_who_asks_with_a_request_keeps_the_own_key(authority: Authority) -> None:
    request, _ = make_request("node.EG-C")
    made = authority.client("node.EG-C", request=request)
    assert made.key is None
    assert read(made.certificate).public_key() == x509.load_pem_x509_csr(request).public_key()


def test_the_name_in_a_request_counts_for_nothing(authority: Authority) -> None:
    request, _ = make_request("centre")
    assert common_name(authority.client("node.EG-C", request=request).certificate) == "node.EG-C"


def test_a_request_that_is_none_is_refused(authority: Authority) -> None:
    with pytest.raises(CertificateRefused):
        authority.client("node.EG-C", request=b"nonsense")


def test_renewing_makes_a_new_key_and_leaves_the_old_one_standing(authority: Authority) -> None:
    first = authority.server(["centre.example", "127.0.0.1"])
    second = authority.renew(first.serial)
    assert second.key != first.key
    assert [entry.hosts for entry in authority.standing("centre.example")] == [("centre.example", "127.0.0.1")] * 2


def test_what_is_revoked_stands_in_the_list_and_is_not_renewed(authority: Authority) -> None:
    lost, kept = authority.client("node.EG-C"), authority.client("node.EG-SUZ")
    authority.revoke(lost.serial)
    authority.revoke(lost.serial)
    listed = x509.load_pem_x509_crl(authority.publish_revocations().read_bytes())
    assert listed.is_signature_valid(authority.root.public_key())  # type: ignore[arg-type]
    assert [f"{row.serial_number:x}" for row in listed] == [lost.serial]
    assert [entry.serial for entry in authority.standing("node.EG-SUZ")] == [kept.serial]
    with pytest.raises(CertificateRefused):
        authority.renew(lost.serial)
    with pytest.raises(CertificateRefused):
        authority.revoke("abc")


def test_what_ends_soon_and_has_no_successor_is_told(authority: Authority) -> None:
    soon, renewed, given_up = (authority.client(user, days=20) for user in ("node.EG-C", "centre", "node.EG-SUZ"))
    authority.client("node.EG-ALX")
    authority.renew(renewed.serial)
    authority.revoke(given_up.serial)
    assert [entry.serial for entry in authority.ending(timedelta(days=30))] == [soon.serial]
    assert authority.ending(timedelta(days=19)) == []
    ended = datetime.now(UTC) + timedelta(days=25)
    assert [entry.serial for entry in authority.ending(timedelta(days=1), ended)] == [soon.serial]
    command_line = ["list", "--ends-within", "30", "--folder", str(authority.folder)]
    assert CliRunner().invoke(command, command_line).exit_code == 1


def test_the_list_does_not_end_before_the_root(authority: Authority) -> None:
    """A broker refuses everybody once its list has ended."""
    listed = x509.load_pem_x509_crl(authority.publish_revocations().read_bytes())
    assert listed.next_update_utc == authority.root.not_valid_after_utc


def test_a_node_whose_clock_is_behind_takes_a_fresh_certificate(authority: Authority) -> None:
    made = read(authority.client("node.EG-C").certificate)
    assert made.not_valid_before_utc <= datetime.now(UTC) - timedelta(hours=23)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")
def test_openssl_reads_it_the_same_way(authority: Authority) -> None:
    made = authority.client("node.EG-C")
    certificate, _ = made.write(authority.folder / "issued", "node.EG-C")

    def verified() -> bool:
        return subprocess.run(
            ["openssl", "verify", "-crl_check", "-CAfile", str(authority.root_file), "-CRLfile",
             str(authority.publish_revocations()), str(certificate)], capture_output=True,
        ).returncode == 0

    hashed = subprocess.run(["openssl", "x509", "-in", str(authority.root_file), "-noout", "-subject_hash"],
                            capture_output=True, text=True, check=True).stdout.strip()
    assert hashed == name_hash(authority.root.subject)
    assert verified()
    authority.revoke(made.serial)
    assert not verified()


def test_the_command_issues_renews_revokes_and_lists(tmp_path: Path) -> None:
    folder = ["--folder", str(tmp_path / "ca")]

    def told(*arguments: str) -> str:
        done = CliRunner().invoke(command, arguments)
        assert done.exit_code == 0, done.output
        return done.output

    told("init", *folder)
    told("request", "node.EG-C", "--into", str(tmp_path / "node"))
    told("client", "node.EG-C", "--request", str(tmp_path / "node/node.EG-C.csr"), *folder)
    assert not (tmp_path / "ca/issued/node.EG-C.key").exists()
    told("server", "localhost", *folder)
    told("renew", "localhost", *folder)
    told("revoke", "node.EG-C", *folder)
    lines = told("list", *folder).splitlines()
    assert [("revoked" in line, line.split()[2]) for line in lines] == [
        (True, "node.EG-C"), (False, "localhost"), (False, "localhost"),
    ]
    refused = CliRunner().invoke(command, ["client", "gateway", *folder])
    assert refused.exit_code == 1
    assert "no user of the line" in refused.output
