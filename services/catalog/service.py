"""catalog: the unified guide of services and the proposals that change it. Doors only; see README.md."""

from __future__ import annotations

from typing import Any

from chassis import watermark
from chassis.config import CENTRE, Settings
from chassis.errors import ConfigurationError
from chassis.service import Platform, Service, command, query, subscribe, timer
from chassis.tending import tended
from chassis.uow import UnitOfWork
from contracts import catalog as language
from contracts import organisation as organisation_language
from contracts.catalog_log import REACHED
from contracts.events import Event
from contracts.received import GUIDE_RECEIVED, HOLIDAYS_DECREED, ORGANISATION_RECEIVED
from services.catalog import adoptions, comparing, publishing, reading, received, review
from services.catalog import organisation_reading as organisation
from services.catalog.tables import metadata


@tended
class Catalog(Service):
    name = "catalog"
    metadata = metadata

    def configure(self, settings: Settings) -> None:
        authority = settings.env("GUIDE_AUTHORITY", publishing.OWN)
        if authority not in (publishing.OWN, publishing.CENTRE):
            raise ConfigurationError("SHUBBAK_GUIDE_AUTHORITY must be own or centre")
        if authority == publishing.CENTRE and settings.node == CENTRE:
            raise ConfigurationError("SHUBBAK_GUIDE_AUTHORITY must be own at the centre, which keeps the guide")
        if settings.env("GUIDE_OFFER", received.DECIDED) not in received.OFFERS:
            raise ConfigurationError("SHUBBAK_GUIDE_OFFER must be all or decided")

    # -- proposals

    @command("catalog.propose", language.Propose, permission="proposal.write")
    def propose(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return review.propose(work, body)

    @command("catalog.amend", language.Amend, permission="proposal.write")
    def amend(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return review.amend(work, body)

    @command("catalog.submit_proposal", language.SubmitProposal, permission="proposal.write")
    def submit_proposal(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return review.submit(work, body)

    @command("catalog.withdraw_proposal", language.WithdrawProposal, permission="proposal.write")
    def withdraw_proposal(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return review.withdraw(work, body)

    @command("catalog.decide", language.Decide, permission="proposal.decide")
    def decide(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return review.decide(work, body)

    @query("catalog.proposals", language.ListProposals, permission="proposal.read")
    def proposals(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return review.listing(work, body)

    @query("catalog.proposal", language.GetProposal, permission="proposal.read")
    def proposal(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return review.show(work, body["proposal_id"])

    @query("catalog.check", language.CheckProposal, permission="proposal.write")
    def check(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return review.check(work, body)

    # -- the guide

    @command("catalog.load_national", language.LoadNational, permission="catalog.load")
    def load_national(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return publishing.load_national(work, body["definition"], body["effective_from"], adopt=body["adopt"])

    @query("catalog.get", language.GetDefinition, permission="guide.read")
    def get(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return reading.get(work, body["code"], body["version"], body["scope"])

    @query("catalog.list", language.ListDefinitions, permission="guide.read")
    def list_(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return reading.in_force(work)

    @query("catalog.versions", language.ListVersions, permission="guide.read")
    def versions(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return reading.versions(work, body["code"], body["scope"])

    # -- the organisation

    @query("catalog.organisation", organisation_language.ListOrganisation, permission="organisation.read")
    def organisation(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return organisation.listing(work, body)

    @query("catalog.organisation_history", organisation_language.OrganisationHistory, permission="organisation.read")
    def organisation_history(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return organisation.history(work, body["kind"], body["code"])

    @query("catalog.employee", organisation_language.ReadEmployee, permission="organisation.read")
    def employee(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return organisation.employee(work, body["code"], body["proposal_id"])

    @query("catalog.calendar", organisation_language.ShowCalendar, permission="guide.read")
    def calendar(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return organisation.year(work, body["year"], body["unit"])

    @query("catalog.compare", language.CompareVersions, permission="guide.read")
    def compare(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return comparing.compare(work, body)

    @query("catalog.effect", language.CompareVersions, permission="guide.read")
    def effect(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return comparing.effect(work, body)

    @query("catalog.graph", language.DrawGraph, permission="guide.read")
    def graph(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return comparing.graph(work, body)

    @query("catalog.adoptions", language.ListAdoptions, permission="proposal.read")
    def adoptions(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return adoptions.listing(work, body)

    @query("catalog.differences", language.ListDifferences, permission="proposal.read")
    def differences(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return comparing.between_governorates(work, body["code"])

    @timer(seconds=watermark.EVERY, name="tell-how-far")
    def tell_how_far(self, platform: Platform) -> None:
        platform.attempt(lambda work: watermark.tell(work, REACHED))

    # -- what the centre tells

    @subscribe(GUIDE_RECEIVED, way="each")
    def take_guide(self, work: UnitOfWork, event: Event) -> None:
        received.take_guide(work, event)

    @subscribe(ORGANISATION_RECEIVED, HOLIDAYS_DECREED, way="each")
    def take_entity(self, work: UnitOfWork, event: Event) -> None:
        received.take_entity(work, event)

    # -- what other governorates tell

    @subscribe(language.ADOPTION_CHANGED, way="latest")
    def take_adoption(self, work: UnitOfWork, event: Event) -> None:
        adoptions.take(work, event)
