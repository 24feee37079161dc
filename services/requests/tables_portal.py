"""The tables of applications that were taken at the national portal; part of the metadata of tables.py."""

from __future__ import annotations

from sqlalchemy import ARRAY, BigInteger, Column, Index, Integer, Table, Text, Uuid, text

from services.requests.tables import metadata, moment

# An application of the national portal, until it is lodged and afterwards. `sealed` is the box as it came, which this
# node's key opens; it goes when the application is lodged.
portal_application = Table(
    "portal_application",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("tracking_number", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("service_code", Text, nullable=False),
    Column("state", Text, nullable=False),  # contracts.requests_portal.STATES
    Column("sealed", Text),
    Column("parts", Integer, nullable=False),  # pieces of documents that belong to it
    Column("lodged_at", moment, nullable=False),  # at the centre: from then on the period counts
    Column("arrived_at", moment, nullable=False),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("told", Integer, nullable=False, server_default="0"),  # how often the centre was told of it
    Column("codes", ARRAY(Text), nullable=False),  # of the faults that keep it from being lodged
    Column("faults", Text),  # sealed: with their values
    Column("request_id", Uuid),
    Column("settled_at", moment),
    Column("settled_by", Text),
    Column("reason", Text),  # sealed: how a person dealt with it otherwise
    Index("portal_application_open", "id", postgresql_where=text("state IN ('waiting', 'ready', 'review')")),
    Index("portal_application_listed", "unit", "state", "id"),
)

# Which pieces of an application's documents have come; the pieces themselves are rows of document_piece.
portal_part = Table(
    "portal_part",
    metadata,
    Column("document_id", Uuid, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("application_id", Uuid, nullable=False),
    Index("portal_part_application", "application_id"),
)
