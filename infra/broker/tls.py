"""How a broker takes clients with certificates: the settings that rabbitmq.conf has no words for (revocation)."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

# Where docker-compose.yml puts what the centre's broker needs; `write` makes centre.config and country.config.
IN_CONTAINER = PurePosixPath("/certificates")
IN_COUNTRY = PurePosixPath("/papers/EG")
COMMITTED = {
    Path(__file__).with_name("centre.config"): IN_CONTAINER,
    Path(__file__).with_name("country.config"): IN_COUNTRY,
}
PORT = 5671
LARGEST = 4 * 1024 * 1024
"""Bytes of the largest message that a broker with strangers at its doors takes. On the line none of more than 1 MiB
takes effect, and facts that are given back come in messages of less than 2.5 MiB; on the bus there is nothing larger.
RabbitMQ's own limit is 16 to 128 MiB: one node could fill the memory of whoever receives from all of them."""


def advanced_config(listener: str, port: int, certificate: object, key: object, root: object, revoked: object) -> str:
    """RabbitMQ's advanced.config: a TLS listener that takes nobody without a certificate of the root that is not in
    the revocation list of the folder `revoked`, and whose common name is the user.

    The list is read at each connection, so that a revocation counts from the next one on. Resumed sessions would pass
    it by and are not offered. A missing or ended list lets nobody in. A message of more than LARGEST bytes closes the
    channel that it came by.
    """
    return f"""[{{rabbit, [
  {{ssl_listeners, [{{"{listener}", {port}}}]}},
  {{max_message_size, {LARGEST}}},
  {{auth_mechanisms, ['EXTERNAL', 'PLAIN']}},
  {{ssl_cert_login_from, common_name}},
  {{ssl_options, [
    {{cacertfile, "{root}"}},
    {{certfile, "{certificate}"}},
    {{keyfile, "{key}"}},
    {{verify, verify_peer}},
    {{fail_if_no_peer_cert, true}},
    {{versions, ['tlsv1.3', 'tlsv1.2']}},
    {{reuse_sessions, false}},
    {{crl_check, peer}},
    {{crl_cache, {{ssl_crl_hash_dir, {{internal, [{{dir, "{revoked}"}}]}}}}}}
  ]}}
]}}].
"""


def committed() -> dict[Path, str]:
    """The files that containers mount, and what stands in them."""
    return {
        path: advanced_config("0.0.0.0", PORT, at / "broker.pem", at / "broker.key", at / "root.pem", at / "crl")  # noqa: S104
        for path, at in COMMITTED.items()
    }
