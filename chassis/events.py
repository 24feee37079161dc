"""The envelope: CloudEvents 1.0, structured mode, built once where the event happens and never rebuilt.

Extensions: `sequence` (the aggregate's version, as the CloudEvents sequence extension wants it: a string) and
`correlationid`. The bytes made here are the bytes that are stored, sent, signed and hashed.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import orjson

from contracts.events import Event, EventType

MEDIA_TYPE = "application/cloudevents+json"
_LARGEST_SEQUENCE = 2**63 - 1
LARGEST = 1_048_576  # bytes; a larger envelope is a fault of the publisher


def encode(
    event_type: EventType,
    *,
    event_id: UUID,
    source: str,
    subject: UUID,
    sequence: int,
    occurred: datetime,
    correlation_id: str,
    data: object,
) -> bytes:
    """The envelope's bytes."""
    body = orjson.dumps(
        {
            "specversion": "1.0",
            "id": event_id,
            "source": source,
            "type": event_type.name,
            "subject": subject,
            "time": occurred,
            "datacontenttype": "application/json",
            "sequence": str(sequence),
            "correlationid": correlation_id,
            "data": data,
        }
    )
    if len(body) > LARGEST:
        raise ValueError(f"event {event_type.name} is {len(body)} bytes, more than {LARGEST}")
    return body


class Malformed(Exception):
    """Bytes that are not an envelope of ours."""


def decode(body: bytes) -> Event:
    """The event inside an envelope, or Malformed."""
    try:
        envelope = orjson.loads(body)
        event = Event(
            id=UUID(envelope["id"]),
            type=envelope["type"],
            source=envelope["source"],
            subject=UUID(envelope["subject"]),
            sequence=int(envelope["sequence"]),
            time=datetime.fromisoformat(envelope["time"]),
            correlation_id=envelope["correlationid"],
            data=envelope["data"],
        )
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as error:
        raise Malformed(str(error)) from error
    if not 1 <= event.sequence <= _LARGEST_SEQUENCE:
        raise Malformed("a sequence counts from 1 and fits into 64 bits")
    if event.time.tzinfo is None:
        raise Malformed("a time without its zone")
    if not 1 < event.time.year < 9999:
        raise Malformed("a time that has no date in another zone")
    if not isinstance(event.correlation_id, str) or not isinstance(event.data, dict):
        raise Malformed("correlationid is text and data an object")
    return event
