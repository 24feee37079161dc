"""The gateway: the one door to the outside. It owns staff accounts and sessions, a copy of the guide and an index of
bills; everything else it asks of the services."""

from __future__ import annotations

from chassis import boxes, country_keys
from chassis.config import Role, Settings
from chassis.errors import ConfigurationError
from chassis.service import Platform, Service, subscribe, timer
from chassis.uow import UnitOfWork
from chassis.web import FlaskServer
from contracts import catalog, payments
from contracts.events import Event
from contracts.organisation import CHANGED as ORGANISATION_CHANGED
from rules import licence
from services.gateway import accounts, bills, citizens, denials, guide, link_gauges, organisation, telling, throttle
from services.gateway.national import drafts as portal_drafts
from services.gateway.national import lodging, money
from services.gateway.national import papers as portal_papers
from services.gateway.tables import metadata
from services.gateway.web import limits, nationwide, oidc


class Gateway(Service):
    """The doors of the gateway."""

    name = "gateway"
    metadata = metadata

    def configure(self, settings: Settings) -> None:
        settings.number("WEB_PROXIES", 0, most=10)
        limits.read(settings)
        oidc.of(settings)
        nationwide.check(settings)
        boxes.public_keys(settings)
        country_keys.inquiry_keys(settings)
        settings.number("HTTP_PORT", 8000, least=1, most=65535)
        try:
            licence.public_keyring(settings.env("LICENCE_PUBLIC_KEYS", "") or "")
        except ValueError as error:
            raise ConfigurationError("SHUBBAK_LICENCE_PUBLIC_KEYS must be id:base64, comma between") from error

    web = FlaskServer("services.gateway.web.app:create_app")

    # Each version is a fact of its own, so none may be passed over for a newer one that is not in force yet.
    @subscribe(catalog.PUBLISHED, way="each")
    def take_definition(self, work: UnitOfWork, event: Event) -> None:
        guide.take(work, event)

    @subscribe(catalog.RETIRED, way="each")
    def take_retirement(self, work: UnitOfWork, event: Event) -> None:
        guide.take_retirement(work, event)

    @subscribe(ORGANISATION_CHANGED, way="latest")
    def take_organisation(self, work: UnitOfWork, event: Event) -> None:
        organisation.take(work, event)

    @subscribe(payments.ISSUED, payments.PENDING, payments.PAID, payments.CHANGED, way="latest")
    def take_bill(self, work: UnitOfWork, event: Event) -> None:
        bills.take(work, event)

    @timer(seconds=600, name="forget")
    def forget(self, platform: Platform) -> None:
        """Drop sessions and counted failures whose time is over."""

        def run(work: UnitOfWork) -> None:
            accounts.forget_sessions(work)
            citizens.forget(work)
            throttle.forget(work)

        platform.attempt(run)

    @timer(seconds=5, name="tell-denials")
    def tell_denials(self, platform: Platform) -> bool:
        return bool(platform.attempt(denials.tell))

    @timer(seconds=5, name="measure-links")
    def measure_links(self, platform: Platform) -> None:
        link_gauges.measure(platform)

    @timer(seconds=2, name="tell-unbound")
    def tell_unbound(self, platform: Platform) -> bool:
        return telling.tell_unbound(platform)

    @timer(seconds=1, name="fold-national-money")
    def fold_national_money(self, platform: Platform) -> bool:
        """Of the centre: what came in of money, folded into the totals."""
        return platform.settings.role is Role.CENTRE and bool(platform.attempt(money.fold))

    @timer(seconds=600, name="purge-portal")
    def purge_portal(self, platform: Platform) -> None:
        """Of the centre: drafts and documents of the national portal whose time is over."""
        if platform.settings.role is Role.CENTRE:
            platform.attempt(portal_drafts.purge)
            platform.attempt(portal_papers.purge)

    @timer(seconds=15, name="count-portal-numbers")
    def count_portal_numbers(self, platform: Platform) -> None:
        """Of the centre: how many numbers each governorate has left, for the alarm."""
        if platform.settings.role is Role.CENTRE:
            platform.attempt(lodging.count)
