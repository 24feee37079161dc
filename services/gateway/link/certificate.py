"""How long the certificates of the line are still good: when one ends the broker closes the line, or is not believed
any more, and nothing else tells of it before."""

from __future__ import annotations

import logging
import socket
import ssl
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509
from prometheus_client import Gauge

from chassis.metrics import REGISTRY
from services.gateway.link.settings import LinkSettings

DAY = 86_400
PORT = 5671
PATIENCE = 5.0  # seconds
_EXPIRED = 10  # X509_V_ERR_CERT_HAS_EXPIRED

log = logging.getLogger(__name__)
_days = Gauge("shubbak_link_certificate_days", "Days until it ends: our own certificate, the authority's that both "
              "ends are proved by, and the broker's", ("of",), registry=REGISTRY)  # fmt: skip


def measure(link: LinkSettings, now: datetime) -> None:
    """Bring the gauges up to date by the files as they are now; below zero is over. A line without TLS has none. Raises
    OSError and ValueError for files that are none."""
    ends = link.options.get("ssl")
    if ends is None:
        return
    own = x509.load_pem_x509_certificates(Path(ends["certfile"]).read_bytes())[0]
    # Of several the one that lasts longest: an authority that is followed by another is in the file until it ends.
    authority = max(x509.load_pem_x509_certificates(Path(ends["ca_certs"]).read_bytes()), key=_end)
    for name, certificate in (("own", own), ("authority", authority)):
        _days.labels(name).set((_end(certificate) - now).total_seconds() / DAY)


def measure_broker(link: LinkSettings, now: datetime) -> None:
    """Bring the gauge of the broker's own certificate up to date by what it shows us now; 0 when it has ended. While
    the broker is away the gauge stays as it was: other alarms tell of that. A line without TLS has none."""
    ends, address = link.options.get("ssl"), urlsplit(link.url)
    if ends is None:
        return
    context = ssl.create_default_context(cafile=ends["ca_certs"])
    context.load_cert_chain(ends["certfile"], ends["keyfile"])
    try:
        with (
            socket.create_connection((address.hostname or "", address.port or PORT), PATIENCE) as plain,
            context.wrap_socket(plain, server_hostname=ends["server_hostname"]) as shown,
        ):
            certificate = x509.load_der_x509_certificate(shown.getpeercert(binary_form=True) or b"")
    except ssl.SSLCertVerificationError as error:
        if error.verify_code == _EXPIRED:
            _days.labels("broker").set(0)
        log.error("the certificate of the broker %s is not believed: %s", address.hostname, error.verify_message)
    except OSError as error:
        log.info("the broker %s cannot be asked for its certificate: %s", address.hostname, error)
    else:
        _days.labels("broker").set((_end(certificate) - now).total_seconds() / DAY)


def _end(certificate: x509.Certificate) -> datetime:
    return certificate.not_valid_after_utc
