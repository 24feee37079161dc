"""By which words a request is found; part of the metadata of tables.py."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Table, Text, Uuid

from services.requests.tables import metadata

# One row a word of a request's names, of its property's address, and one for a passport: keyed hashes, no word. In this
# order the key answers "the newest requests of a unit with this word" from the index alone.
found_by = Table(
    "found_by",
    metadata,
    Column("key", BigInteger, primary_key=True, autoincrement=False),  # the first 64 bits of the keyed hash
    Column("unit", Text, primary_key=True),
    Column("request_id", Uuid, primary_key=True),
    Index("found_by_request", "request_id"),  # retention, and a new look-up key, come from the request
)
