"""Tables of agencies: bodies of the state that consume events and answer (services/gateway/agencies/README.md).

`agency`                 who they are, and for which outside bodies of the guide they answer letters
`agreement`              what an agency may have: which events of which services and governorates, which fields, until
                         when
`subscription`           one stream that an agency takes: its way, its filter inside the agreement, where it goes, and
                         what signs it. The secrets are sealed
`subscription_progress`  how far the stream is dealt with, and how its receiver does. `run` is whose word counts: who
                         takes the deliveries over writes its own, and a former one's writes then touch no row
`delivery`               what could not be delivered at the first attempt: it waits for its next one, or behind an
                         earlier one of the same request, or is a dead letter. What was delivered has no row
`agency_letter`          letters to outside bodies as the feed tells them, so that an agency sees its own
`agency_licence`         the register of licences as the feed tells it: serial, state and dates, nobody's name
`agency_answer`          what agencies answered to letters
`agency_reader`          how far readers of the feed that are our own have come

A position is that of the feed (services/gateway/agencies/feed.py).
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Date, DateTime, ForeignKey, Index, Integer, Table, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

from services.gateway.tables import metadata

_MOMENT = DateTime(timezone=True)

agency = Table(
    "agency",
    metadata,
    Column("id", UUID(as_uuid=True), primary_key=True),
    Column("code", Text, nullable=False, unique=True),
    Column("name_ar", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("bodies", ARRAY(Text), nullable=False),
    Column("made_at", _MOMENT, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("closed_at", _MOMENT),
    Column("closed_by", Text),
    Column("closed_because", Text),
    Column("version", Integer, nullable=False),
)

agreement = Table(
    "agreement",
    metadata,
    Column("id", UUID(as_uuid=True), primary_key=True),
    Column("agency_id", UUID(as_uuid=True), ForeignKey("agency.id"), nullable=False),
    Column("reference", Text, nullable=False),  # of the paper that was signed
    Column("events", ARRAY(Text), nullable=False),
    Column("services", ARRAY(Text)),  # none: of every service, and what is of none
    Column("governorates", ARRAY(Text)),  # none: of all
    Column("fields", JSONB, nullable=False),  # by event type, dotted; a type that is not there: all that travels of it
    Column("valid_from", Date, nullable=False),
    Column("valid_until", Date, nullable=False),  # the last day, in Cairo
    Column("made_at", _MOMENT, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("ended_at", _MOMENT),
    Column("ended_by", Text),
    Column("ended_because", Text),
    Column("version", Integer, nullable=False),
    Index("agreement_agency", "agency_id"),
)

subscription = Table(
    "subscription",
    metadata,
    Column("id", UUID(as_uuid=True), primary_key=True),
    Column("agency_id", UUID(as_uuid=True), ForeignKey("agency.id"), nullable=False),
    Column("agreement_id", UUID(as_uuid=True), ForeignKey("agreement.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("way", Text, nullable=False),  # webhook | amqp | feed
    Column("events", ARRAY(Text)),  # the filter; none: all of the agreement, so the next two
    Column("services", ARRAY(Text)),
    Column("governorates", ARRAY(Text)),
    Column("endpoint", Text),  # of a webhook, as are the next seven
    Column("mode", Text),  # structured | binary
    Column("signing", Text),  # hmac | ed25519
    Column("secret", Text),  # sealed: the shared secret, or the private key
    Column("public_key", Text),  # of ed25519, as receivers take it
    Column("former_secret", Text),  # sealed: signs too, until the overlap ends
    Column("former_until", _MOMENT),
    Column("at_once", Integer, nullable=False),  # deliveries in flight, at most
    Column("state", Text, nullable=False),  # active | paused | ended
    Column("state_at", _MOMENT, nullable=False),
    Column("state_by", Text, nullable=False),
    Column("state_because", Text),
    Column("made_at", _MOMENT, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("tested_at", _MOMENT),
    Column("tested", Text),  # what became of the last sample
    Index("subscription_agency", "agency_id"),
    Index("subscription_amqp", "agency_id", unique=True,
          postgresql_where=text("way = 'amqp' AND state <> 'ended'")),
)

subscription_progress = Table(
    "subscription_progress",
    metadata,
    Column("subscription_id", UUID(as_uuid=True), ForeignKey("subscription.id"), primary_key=True),
    Column("position", BigInteger, nullable=False),  # everything up to it is delivered, passed over or in `delivery`
    Column("run", UUID(as_uuid=True)),
    Column("moves", Integer, nullable=False),  # how often somebody set the position; a run that knows fewer reads anew
    Column("delivered", BigInteger, nullable=False),
    Column("failed", BigInteger, nullable=False),  # attempts
    Column("failures", Integer, nullable=False),  # attempts in a row, of the receiver as a whole
    Column("open_until", _MOMENT),  # the circuit is open: nobody is asked before
    Column("last_success_at", _MOMENT),
    Column("last_failure_at", _MOMENT),
    Column("last_failure", Text),
    Column("seen_at", _MOMENT),  # when it was last worked on or, of a feed, read
)

delivery = Table(
    "delivery",
    metadata,
    Column("subscription_id", UUID(as_uuid=True), ForeignKey("subscription.id"), primary_key=True),
    Column("position", BigInteger, primary_key=True),
    Column("event_id", UUID(as_uuid=True), nullable=False),
    Column("node", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("lane", UUID(as_uuid=True), nullable=False),  # the request; of what has none, the subject
    Column("received_at", _MOMENT, nullable=False),
    Column("state", Text, nullable=False),  # waiting | behind | dead
    Column("attempts", Integer, nullable=False),
    Column("first_at", _MOMENT),
    Column("next_at", _MOMENT),
    Column("last_status", Integer),
    Column("last_error", Text),
    Index("delivery_due", "subscription_id", "next_at", postgresql_where=text("state = 'waiting'")),
    Index("delivery_lane", "subscription_id", "lane", "position"),
    Index("delivery_dead", "subscription_id", "position", postgresql_where=text("state = 'dead'")),
)

agency_letter = Table(
    "agency_letter",
    metadata,
    Column("number", Text, primary_key=True),
    Column("letter_id", UUID(as_uuid=True), nullable=False),
    Column("node", Text, nullable=False),
    Column("body", Text, nullable=False),  # the outside body's code in the guide
    Column("status", Text, nullable=False),
    Column("sent_on", Date),
    Column("answered_on", Date),
    Column("sequence", BigInteger, nullable=False),  # of the letter: a lower one changes nothing
    Column("as_of", _MOMENT, nullable=False),
    Index("agency_letter_body", "body", "number"),
)

agency_licence = Table(
    "agency_licence",
    metadata,
    Column("serial", Text, primary_key=True),
    Column("node", Text, nullable=False),
    Column("service_code", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("valid_from", Date, nullable=False),
    Column("valid_until", Date),
    Column("successor", Text),
    Column("sequence", BigInteger, nullable=False),  # of the licence: a lower one changes nothing
    Column("as_of", _MOMENT, nullable=False),
)

agency_answer = Table(
    "agency_answer",
    metadata,
    Column("id", UUID(as_uuid=True), primary_key=True),
    Column("agency_id", UUID(as_uuid=True), ForeignKey("agency.id"), nullable=False),
    Column("number", Text, nullable=False, unique=True),  # of the letter: answered once
    Column("node", Text, nullable=False),
    Column("given_at", _MOMENT, nullable=False),
    Column("given_by", Text, nullable=False),  # the key
    Column("opinion", Text, nullable=False),
    Index("agency_answer_agency", "agency_id", "given_at"),
)

agency_reader = Table(
    "agency_reader",
    metadata,
    Column("name", Text, primary_key=True),
    Column("position", BigInteger, nullable=False),
)
