"""e-finance: the government's payment centre. UNVERIFIED: there is no public specification; EFINANCE.md beside this
file lists what is known and every guess. The simulator proves only that our reading agrees with itself.

Settings: EFINANCE_URL, EFINANCE_SENDER (our SenderID), EFINANCE_CENTRE (the centre's), EFINANCE_SERVICE (ServiceCode),
EFINANCE_ACCOUNTS (`accounting code=SettlementAccountCode`, comma between; `*=code` for all others),
EFINANCE_PRIVATE_KEY (ours, secret) and EFINANCE_CENTRE_KEY (the centre's public key), both base64 of DER,
EFINANCE_CALLBACK_URL; may be set: EFINANCE_TIMEOUT, EFINANCE_HOURS (72), EFINANCE_LEAST, EFINANCE_MOST,
EFINANCE_PAY_PAGE (practice only).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, quote
from xml.etree import ElementTree as Xml
from zoneinfo import ZoneInfo

from chassis.config import SAMPLE_PREFIX, Mode, Settings
from chassis.errors import ConfigurationError
from rules import rail_signatures
from rules.refusal import Refusal, refuse
from services.payments.rails import base, wire
from services.payments.rails.base import Order, RefundOrder, RefundReport, Reply, Report, Traits
from services.payments.rails.efinance_envelope import (
    NotAnEnvelope,
    Seals,
    WrongSeal,
    element,
    private_key,
    public_key,
)
from services.payments.rails.registry import RAILS, RailSettings

NAME = "efinance"
CAIRO = ZoneInfo("Africa/Cairo")
DONE, NOT_FOUND = "000", "004"
XML = "application/xml"
FORM_FIELD = "request"  # a confirmation posted as a form carries the envelope here
USUAL = Traits(
    name=NAME, label={"ar": "إي فاينانس: الدفع الحكومي الإلكتروني", "en": "e-finance government payment"},
    way=base.REFERENCE_CODE, refund=base.PARTIAL_REFUND, asks=True, calls_back=True, statement="efinance",
    verified=False, least=100, most=10_000_000_00, lives=timedelta(hours=72))
_STATUSES = {"NEW": base.NEW, "PAID": base.PAID, "FAILED": base.FAILED, "EXPIRED": base.EXPIRED,
             "CANCELLED": base.CANCELLED, "REFUNDED": base.REFUNDED, "PARTIALLY_REFUNDED": base.PARTLY_REFUNDED}


class EFinance:
    """Speaks for payments; holds the node's private key and the centre's public one."""

    def __init__(self, url: str, seals: Seals, service: str, accounts: Mapping[str, str], callback_url: str,
                 timeout: float, traits: Traits = USUAL, pay_page: str | None = None) -> None:
        self._url, self._seals, self._service, self._accounts = url.rstrip("/"), seals, service, accounts
        self._callback_url, self._timeout, self._pay_page = callback_url, timeout, pay_page
        self.traits = traits

    def charge(self, order: Order) -> Report:
        """Ask for a payment number. The money is named for each settlement account: a share whose accounting code has
        none on this node is refused here, it is never sent to another."""
        content = element("PaymentOrder", SenderRequestNumber=order.merchant_reference, ServiceCode=self._service,
                          Currency=self.traits.currency_number)
        amounts = Xml.SubElement(content, "SettlementAmounts")
        for share in order.shares or (base.Share("*", order.amount),):
            code = self._accounts.get(share.account, self._accounts.get("*"))
            if code is None:
                raise base.RailRefused(f"no settlement account is set for accounting code {share.account}")
            amounts.append(element("SettlementAmount", SettlementAccountCode=code,
                                   Amount=rail_signatures.two_decimals(share.amount)))
        for name, text in (("TotalAmount", rail_signatures.two_decimals(order.amount)),
                           ("Description", order.description), ("ConfirmationUrl", self._callback_url)):
            Xml.SubElement(content, name).text = text
        if order.expires_at:
            Xml.SubElement(content, "ExpiryDate").text = _cairo(order.expires_at)
        return self._report(self._call("/payments", content))

    def ask(self, merchant_reference: str) -> Report:
        return self._report(self._call("/inquiries", element("Inquiry", SenderRequestNumber=merchant_reference)))

    def refund(self, order: RefundOrder) -> RefundReport:
        """Give back the whole or a part. What the centre has given back in all is asked first, so a repeated order
        does no harm."""
        refunded = self.ask(order.merchant_reference).refunded
        if refunded is None:
            raise base.RefundUncertain("the centre does not say what it has given back")
        done = base.found_refund(order, refunded)
        if done is not None:
            return done
        order.check_sending()
        answer = self._call("/refunds", element(
            "RefundOrder", SenderRequestNumber=order.merchant_reference, RefundRequestNumber=order.refund_reference,
            Amount=rail_signatures.two_decimals(order.amount), Currency=self.traits.currency_number,
            Reason=order.reason))
        return RefundReport(order.refund_reference, base.DONE, order.amount, answer.findtext("RefundReference"))

    def read_callback(self, body: str, query: Mapping[str, str], media_type: str = "") -> Report:
        """A confirmation: the envelope as the body, or as a field of a form. Believed when the centre signed it."""
        if len(body) > wire.LARGEST_BODY:
            raise refuse("callback_malformed")
        if media_type.startswith("application/x-www-form-urlencoded"):
            body = (parse_qs(body, max_num_fields=20).get(FORM_FIELD) or [""])[0]
        try:
            return self._read(self._seals.open("PaymentConfirmation", body))
        except WrongSeal as error:
            raise refuse("callback_forged") from error
        except (NotAnEnvelope, ValueError) as error:
            raise refuse("callback_malformed") from error

    def reply(self, report: Report) -> Reply:
        """Response_Code 000: the centre does not send it again."""
        return Reply(XML, Xml.tostring(element("PaymentConfirmationResult", Response_Code=DONE,
                                               SenderRequestNumber=report.merchant_reference), "unicode"))

    def _report(self, content: Xml.Element) -> Report:
        try:
            return self._read(content)
        except Refusal as error:
            raise base.RailUnreachable("an answer that is none") from error

    def _read(self, content: Xml.Element) -> Report:
        """What a confirmation or an answer says. Refuses callback_malformed; an amount is never rounded."""
        ours, theirs = content.findtext("SenderRequestNumber"), content.findtext("PaymentReference")
        status = _STATUSES.get(content.findtext("Status") or "")
        if not ours or status is None:
            raise refuse("callback_malformed", "Status")
        amount = None
        if status == base.PAID:
            amount = rail_signatures.piastres(content.findtext("PaidAmount"), "PaidAmount")
            if content.findtext("Currency") != self.traits.currency_number:
                amount = None
        refunded = content.findtext("RefundedAmount")
        return Report(
            ours, status, theirs or None, amount,
            _moment(content.findtext("PaymentDate")) if status == base.PAID else None,
            f"{self._pay_page}/{quote(theirs, safe='')}" if self._pay_page and theirs else None,
            rail_signatures.piastres(refunded, "RefundedAmount") if refunded else None)

    def _call(self, path: str, content: Xml.Element) -> Xml.Element:
        _, answer = wire.call("POST", self._url + path, self._timeout, headers={"Content-Type": XML},
                              data=self._seals.seal("PaymentRequest", content))
        try:
            opened = self._seals.open("PaymentResponse", answer)
        except (NotAnEnvelope, WrongSeal) as error:
            raise base.RailUnreachable("an answer that is none") from error
        code = opened.findtext("Response_Code")
        if code != DONE:
            raise base.RailRefused(f"Response_Code {code}")
        return opened


def _cairo(moment: datetime) -> str:
    return moment.astimezone(CAIRO).isoformat(timespec="seconds")


def _moment(text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise refuse("callback_malformed", "PaymentDate") from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=CAIRO)).astimezone(UTC)


def _accounts(text: str) -> dict[str, str]:
    pairs = [item.strip().partition("=") for item in text.split(",")]
    if not all(account and code for account, _, code in pairs):
        raise ConfigurationError("SHUBBAK_EFINANCE_ACCOUNTS is accounting code=settlement account code, comma between")
    return {account.strip(): code.strip() for account, _, code in pairs}


@RAILS.register(NAME)
def make(settings: Settings) -> EFinance:
    """The adapter from the environment; a missing setting is named at once."""
    own = RailSettings(settings, "EFINANCE")
    values = own.all_of("URL", "SENDER", "CENTRE", "SERVICE", "ACCOUNTS", "PRIVATE_KEY", "CENTRE_KEY", "CALLBACK_URL")
    try:
        seals = Seals(values["SENDER"], values["CENTRE"],
                      private_key(values["PRIVATE_KEY"].removeprefix(SAMPLE_PREFIX)),
                      public_key(values["CENTRE_KEY"].removeprefix(SAMPLE_PREFIX)))
    except (ValueError, TypeError) as error:
        raise ConfigurationError("SHUBBAK_EFINANCE_PRIVATE_KEY and _CENTRE_KEY must be RSA keys of 2048 bits or more, "
                                 "base64 of DER") from error
    page = own.optional("PAY_PAGE") if settings.mode is not Mode.PRODUCTION else None
    return EFinance(own.address("URL", values["URL"]), seals, values["SERVICE"], _accounts(values["ACCOUNTS"]),
                    own.address("CALLBACK_URL", values["CALLBACK_URL"]), own.timeout, own.traits(USUAL),
                    wire.web_address((page or "").rstrip("/")))
