"""What the API says of agencies, agreements and subscriptions, and what it takes of them."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from contracts.agencies import OPINIONS
from rules import register
from services.gateway.agencies import dead_letters, pulling, subscriptions, watching
from services.gateway.web.api.answers import Shown
from services.gateway.web.api.keys import KeyShown
from services.gateway.web.api.shapes import day_or_none, named, text, text_or_none

_TEXT = validate.Length(1, 120)
REASON = validate.Length(1, 500)
_STATES = validate.OneOf((subscriptions.ACTIVE, subscriptions.PAUSED, subscriptions.ENDED))


def _codes(described: str = "", *, of: int = 60, most: int = 200) -> fields.List:
    return fields.List(fields.String(validate=validate.Length(1, of)), load_default=None, allow_none=True,
                       validate=validate.Length(max=most), metadata={"description": described} if described else {})


def _moment(described: str = "") -> fields.AwareDateTime:
    return fields.AwareDateTime(required=True, allow_none=True,
                                metadata={"description": described} if described else {})


def _number(described: str = "") -> fields.Integer:
    return fields.Integer(required=True, metadata={"description": described} if described else {})


def _listed() -> fields.List:
    return fields.List(fields.String(), required=True, allow_none=True)


# -- taken -----------------------------------------------------------------------------------------------------------


class BothNames(Schema):
    ar = fields.String(required=True, validate=_TEXT)
    en = fields.String(required=True, validate=_TEXT)


class AgencyChange(Schema):
    name = fields.Nested(BothNames, required=True)
    bodies = _codes("Codes of the guide's outside bodies whose letters it answers")


class NewAgency(AgencyChange):
    code = fields.String(required=True, validate=validate.Length(1, 40))


class AgencyReason(Schema):
    reason = fields.String(required=True, validate=REASON)


class NewAgencyKey(Schema):
    scopes = fields.List(fields.String(validate=validate.Length(1, 40)), required=True, validate=validate.Length(1, 20))
    days = fields.Integer(load_default=365, validate=validate.Range(1, 730))
    per_minute = fields.Integer(load_default=300, validate=validate.Range(1, 6000))


class NewAgreement(Schema):
    reference = fields.String(required=True, validate=_TEXT)
    events = fields.List(fields.String(validate=validate.Length(1, 80)), required=True,
                         validate=validate.Length(1, 200))
    services = _codes("None: every service, and what is of none")
    governorates = _codes("None: all of them", of=6, most=27)
    fields_ = fields.Dict(
        keys=fields.String(validate=validate.Length(1, 80)),
        values=fields.List(fields.String(validate=validate.Length(1, 100)), validate=validate.Length(1, 200)),
        load_default=None, allow_none=True, data_key="fields", attribute="fields",
        metadata={"description": "By event type, dotted. Of a type that is not here: all that travels"})
    valid_from = fields.Date(required=True)
    valid_until = fields.Date(required=True, metadata={"description": "The last day, in Cairo"})


class AgreementExtension(Schema):
    valid_until = fields.Date(required=True)


class _Filter(Schema):
    events = _codes("None: all of the agreement, so the next two", of=80)
    services = _codes()
    governorates = _codes(of=6, most=27)
    endpoint = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=500))
    mode = fields.String(load_default=None, allow_none=True, validate=validate.OneOf(subscriptions.MODES))
    at_once = fields.Integer(load_default=None, allow_none=True,
                             validate=validate.Range(1, subscriptions.MOST_AT_ONCE))


class NewSubscription(_Filter):
    agreement_id = fields.UUID(required=True)
    name = fields.String(required=True, validate=_TEXT)
    way = fields.String(required=True, validate=validate.OneOf(subscriptions.WAYS))
    signing = fields.String(load_default=None, allow_none=True, validate=validate.OneOf(subscriptions.SIGNINGS))
    since = fields.AwareDateTime(load_default=None, allow_none=True, metadata={
        "description": "Begin with what arrived from then on; otherwise with what arrives from now on"})


class SubscriptionChange(Schema):
    agreement_id = fields.UUID()
    name = fields.String(validate=_TEXT)
    events = fields.List(fields.String(validate=validate.Length(1, 80)), allow_none=True,
                         validate=validate.Length(max=200))
    services = fields.List(fields.String(validate=validate.Length(1, 60)), allow_none=True,
                           validate=validate.Length(max=200))
    governorates = fields.List(fields.String(validate=validate.Length(1, 6)), allow_none=True,
                               validate=validate.Length(max=27))
    endpoint = fields.String(validate=validate.Length(1, 500))
    mode = fields.String(validate=validate.OneOf(subscriptions.MODES))
    at_once = fields.Integer(validate=validate.Range(1, subscriptions.MOST_AT_ONCE))


class Rotation(Schema):
    overlap_hours = fields.Integer(load_default=24, validate=validate.Range(0, subscriptions.MOST_OVERLAP_HOURS),
                                   metadata={"description": "How long the former one signs beside the new one"})
    signing = fields.String(load_default=None, allow_none=True, validate=validate.OneOf(subscriptions.SIGNINGS))


class ReplaySince(Schema):
    since = fields.AwareDateTime(required=True)


class SampleWish(Schema):
    type = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=80))


class DeadLetterWish(Schema):
    event_id = fields.UUID(load_default=None, allow_none=True, metadata={"description": "None: all of them"})


class DeadLetterQuery(Schema):
    after = fields.Integer(load_default=0, validate=validate.Range(0))
    limit = fields.Integer(load_default=50, validate=validate.Range(1, dead_letters.MOST))


class SubscriptionQuery(Schema):
    agency_id = fields.UUID(load_default=None)


class FeedQuery(Schema):
    subscription_id = fields.UUID(required=True)
    after = fields.String(load_default=None, validate=validate.Length(max=64), metadata={
        "description": "`next` of the page before; it is opaque"})
    since = fields.AwareDateTime(load_default=None, metadata={"description": "Instead of `after`: replay from then on"})
    limit = fields.Integer(load_default=100, validate=validate.Range(1, pulling.MOST))
    wait = fields.Integer(load_default=0, validate=validate.Range(0, pulling.LONGEST_WAIT), metadata={
        "description": "Seconds to wait where nothing is there yet"})


class LetterQuery(Schema):
    open = fields.Boolean(load_default=True, metadata={"description": "Only those without an answer"})
    after = fields.String(load_default="", validate=validate.Length(max=60))
    limit = fields.Integer(load_default=50, validate=validate.Range(1, 200))


class LetterReply(Schema):
    opinion = fields.String(required=True, validate=validate.OneOf(OPINIONS))
    answered_on = fields.Date(required=True)
    reference = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=100))
    note = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=2000))


# -- shown -----------------------------------------------------------------------------------------------------------


class AgencyShown(Shown):
    agency_id = fields.UUID(required=True)
    code = text()
    name = named()
    bodies = fields.List(fields.String(), required=True)
    made_at = fields.AwareDateTime(required=True)
    made_by = text()
    closed_at = _moment()
    closed_because = text_or_none()
    version = _number()


class AgencyListed(AgencyShown):
    agreements = _number("That stand")
    subscriptions = _number("That stand")


class AgencyList(Shown):
    agencies = fields.List(fields.Nested(AgencyListed), required=True)


class AgencyWhole(AgencyShown):
    keys = fields.List(fields.Nested(KeyShown), required=True)


class AgencyKeyMade(KeyShown):
    agency_id = fields.UUID(required=True)
    key = text_or_none(metadata={"description": "Shown this once; none where the same wish comes again"})


class AgencyOffer(Shown):
    events = fields.Dict(keys=fields.String(), values=fields.List(fields.String()), required=True,
                         metadata={"description": "By event type, the fields that an agreement may name"})
    bodies = fields.List(fields.String(), required=True, metadata={"description": "Outside bodies of the guide"})


class AgreementShown(Shown):
    agreement_id = fields.UUID(required=True)
    agency_id = fields.UUID(required=True)
    reference = text()
    events = fields.List(fields.String(), required=True)
    no_longer_offered = fields.List(fields.String(), required=True, metadata={
        "description": "Of the events those that are offered no more: nothing of them is handed over"})
    services = _listed()
    governorates = _listed()
    fields_ = fields.Dict(keys=fields.String(), values=fields.List(fields.String()), required=True, data_key="fields")
    valid_from = fields.Date(required=True)
    valid_until = fields.Date(required=True)
    made_at = fields.AwareDateTime(required=True)
    made_by = text()
    ended_at = _moment()
    ended_because = text_or_none()
    version = _number()


class AgreementList(Shown):
    agreements = fields.List(fields.Nested(AgreementShown), required=True)


class SubscriptionMoved(Shown):
    subscription_id = fields.UUID(required=True)
    state = text(validate=_STATES)
    version = _number()


class SubscriptionMade(SubscriptionMoved):
    agency_id = fields.UUID(required=True)
    agreement_id = fields.UUID(required=True)
    name = text()
    way = text(validate=validate.OneOf(subscriptions.WAYS))
    public_key = text_or_none(metadata={"description": "`whpk_…`: by which its deliveries are checked (ed25519)"})
    secret = text_or_none(metadata={"description": "`whsec_…` (hmac): shown this once"})
    secret_mark = text_or_none(metadata={"description": "The beginning of its SHA-256, to tell it from another"})


class SubscriptionWatched(Shown):
    subscription_id = fields.UUID(required=True)
    agency_id = fields.UUID(required=True)
    agency = text()
    agreement_id = fields.UUID(required=True)
    agreement = text()
    agreement_until = fields.Date(required=True)
    name = text()
    way = text(validate=validate.OneOf(subscriptions.WAYS))
    events = _listed()
    services = _listed()
    governorates = _listed()
    endpoint = text_or_none()
    mode = text_or_none()
    signing = text_or_none()
    public_key = text_or_none()
    former_until = _moment("Until then the former secret signs too")
    at_once = _number("Deliveries under way at a time, at most")
    state = text(validate=_STATES)
    state_at = fields.AwareDateTime(required=True)
    state_by = text()
    state_because = text_or_none()
    made_at = fields.AwareDateTime(required=True)
    made_by = text()
    tested_at = _moment()
    tested = text_or_none(metadata={"description": "What became of the last sample"})
    condition = text(validate=validate.OneOf(watching.CONDITIONS))
    lag = _number("Entries of the feed that were not looked at yet")
    oldest_seconds = fields.Float(required=True, metadata={"description": "Age of the oldest that is not delivered"})
    waiting = _number("For their next attempt")
    behind = _number("Behind an earlier one of the same request")
    dead = _number("Given up after 72 hours")
    delivered = _number()
    failed = _number("Attempts")
    failures = _number("Attempts in a row")
    open_until = _moment("The receiver is left alone until then")
    last_success_at = _moment()
    last_failure_at = _moment()
    last_failure = text_or_none()
    seen_at = _moment("When it was last worked on or, of a feed, read")
    as_of = fields.AwareDateTime(required=True)
    version = _number()


class SubscriptionList(Shown):
    subscriptions = fields.List(fields.Nested(SubscriptionWatched), required=True)


class Rotated(Shown):
    subscription_id = fields.UUID(required=True)
    signing = text(validate=validate.OneOf(subscriptions.SIGNINGS))
    secret = text_or_none(metadata={"description": "Shown this once"})
    secret_mark = text()
    public_key = text_or_none()
    former_until = fields.AwareDateTime(required=True)


class Replayed(Shown):
    subscription_id = fields.UUID(required=True)
    since = fields.AwareDateTime(required=True)


class SampleSent(Shown):
    subscription_id = fields.UUID(required=True)
    event = fields.Dict(required=True, metadata={"description": "The sample, as the agency gets it"})
    status = fields.Integer(required=True, allow_none=True, metadata={"description": "None: no answer, or no webhook"})
    error = text_or_none()
    seconds = fields.Float(required=True, allow_none=True)
    answer = text_or_none(metadata={"description": "How the receiver's answer begins"})


class DeadLetter(Shown):
    event_id = fields.UUID(required=True)
    node = text()
    type = text()
    received_at = fields.AwareDateTime(required=True)
    attempts = _number()
    first_at = _moment()
    last_status = fields.Integer(required=True, allow_none=True)
    last_error = text_or_none()
    behind = _number("Later events of the same request that wait")


class DeadLetters(Shown):
    rows = fields.List(fields.Nested(DeadLetter), required=True)
    next = fields.Integer(required=True, allow_none=True)


class DeadLetterSettled(Shown):
    subscription_id = fields.UUID(required=True)
    event_id = fields.UUID(required=True, allow_none=True)


class FeedPage(Shown):
    events = fields.List(fields.Dict(), required=True, metadata={"description": "CloudEvents 1.0, in their order"})
    next = text(metadata={"description": "What `after` goes on with"})
    more = fields.Boolean(required=True, metadata={"description": "There is more at once"})


class LetterListed(Shown):
    number = text()
    governorate = text()
    body = text()
    status = text()
    sent_on = day_or_none()
    answered_on = day_or_none()
    given_at = _moment("When an answer was given here")
    opinion = text_or_none()
    as_of = fields.AwareDateTime(required=True)


class LetterList(Shown):
    letters = fields.List(fields.Nested(LetterListed), required=True)
    next = text_or_none()


class LetterReplied(Shown):
    answer_id = fields.UUID(required=True)
    number = text()
    node = text()
    opinion = text(validate=validate.OneOf(OPINIONS))
    given_at = fields.AwareDateTime(required=True)


class LicenceValidity(Shown):
    serial = text()
    status = text(validate=validate.OneOf(register.STATUSES))
    service_code = text()
    unit = text()
    governorate = text()
    valid_from = fields.Date(required=True)
    valid_until = day_or_none()
    successor = text_or_none()
    as_of = fields.AwareDateTime(required=True, metadata={"description": "The newest fact that had arrived of it"})
